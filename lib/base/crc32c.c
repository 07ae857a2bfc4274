#include "base/crc32c.h"
#include "base/crc32c_fold.h"

#include <stdbool.h>
#include <string.h>

#if defined __x86_64__ && defined __GNUC__
#include <nmmintrin.h>
#define HAVE_INSTRUCTION 1
#endif

/* Bits are reversed: the highest one is the coefficient of x^0. */
#define POLYNOMIAL UINT32_C(0x82f63b78)
#define ONE UINT32_C(0x80000000)

static enum pld_crc32c_way way;

void pld_crc32c_set_way(enum pld_crc32c_way wanted)
{
    way = wanted;
}

/* --- Moving ------------------------------------------------------------------
 */

/* Product of two polynomials, modulo the polynomial. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
    uint32_t product = 0;
    for (uint32_t bit = ONE; bit != 0; bit >>= 1) {
        product ^= (a & bit) != 0 ? b : 0;
        b = (b >> 1) ^ ((b & 1) != 0 ? POLYNOMIAL : 0);
    }
    return product;
}

/* x to the power 8 n, by squaring. */
static uint32_t power(int64_t n)
{
    uint32_t result = ONE;
    for (uint32_t square = ONE >> 8; n > 0; n >>= 1) {
        if ((n & 1) != 0)
            result = multiply(result, square);
        square = multiply(square, square);
    }
    return result;
}

uint32_t pld_crc32c_move(uint32_t part, int64_t bytes)
{
    return bytes == 0 ? part : multiply(part, power(bytes));
}

uint32_t pld_crc32c_whole(uint32_t part, int64_t bytes)
{
    return ~(part ^ pld_crc32c_move(UINT32_MAX, bytes));
}

/* --- Without the instruction
 * --------------------------------------------------
 */

struct table {
    bool made;
    uint32_t of[8][256];
};

static void make_table(struct table *table)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? POLYNOMIAL : 0);
        table->of[0][i] = crc;
    }
    for (int k = 1; k < 8; k++)
        for (int i = 0; i < 256; i++) {
            uint32_t crc = table->of[k - 1][i];
            table->of[k][i] = (crc >> 8) ^ table->of[0][crc & 255];
        }
    table->made = true;
}

/* Eight bytes at a time. M. E. Kounavis, F. L. Berry: "Novel table
 * lookup-based algorithms for high-performance CRC generation", IEEE
 * Transactions on Computers 57, 2008, doi:10.1109/TC.2008.85. */
static uint32_t update_portable(uint32_t crc, const unsigned char *p, size_t n)
{
    static struct table table;
    if (!table.made)
        make_table(&table);
    for (; n >= 8; n -= 8, p += 8) {
        uint32_t next = 0;
        for (int k = 0; k < 4; k++)
            next ^= table.of[7 - k][((crc >> 8 * k) ^ p[k]) & 255] ^
                    table.of[3 - k][p[4 + k]];
        crc = next;
    }
    for (; n > 0; n--, p++)
        crc = (crc >> 8) ^ table.of[0][(crc ^ *p) & 255];
    return crc;
}

/* --- With it -----------------------------------------------------------------
 */

#ifdef HAVE_INSTRUCTION
#define INSTRUCTION __attribute__((target("sse4.2")))

/* Bytes of each of three streams: long enough that joining them does not
 * count. */
enum { STREAM = 16 << 10 };

static inline uint64_t load(const unsigned char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

INSTRUCTION static uint32_t update_one(uint32_t crc, const unsigned char *p,
                                       size_t n)
{
    uint64_t wide = crc;
    for (; n >= 8; n -= 8, p += 8)
        wide = _mm_crc32_u64(wide, load(p));
    crc = (uint32_t)wide;
    for (; n > 0; n--, p++)
        crc = _mm_crc32_u8(crc, *p);
    return crc;
}

/* An instruction takes three cycles, and one may begin in each. */
INSTRUCTION static uint32_t update_three(uint32_t crc, const unsigned char *p,
                                         uint32_t once, uint32_t twice)
{
    uint64_t a = crc;
    uint64_t b = 0;
    uint64_t c = 0;
    for (int i = 0; i < STREAM; i += 8) {
        a = _mm_crc32_u64(a, load(p + i));
        b = _mm_crc32_u64(b, load(p + STREAM + i));
        c = _mm_crc32_u64(c, load(p + 2 * STREAM + i));
    }
    return multiply((uint32_t)a, twice) ^ multiply((uint32_t)b, once) ^
           (uint32_t)c;
}

static uint32_t update_fast(uint32_t crc, const unsigned char *p, size_t n)
{
    if (n >= 3 * STREAM) {
        uint32_t once = power(STREAM);
        uint32_t twice = power(2 * STREAM);
        for (; n >= 3 * STREAM; n -= 3 * STREAM, p += 3 * STREAM)
            crc = update_three(crc, p, once, twice);
    }
    return update_one(crc, p, n);
}

/* By products: what is left of a long run takes its place. */
static uint32_t update_folding(uint32_t crc, const unsigned char *p, size_t n)
{
    unsigned char rest[PLD_CRC32C_FOLDED];
    size_t whole = n / PLD_CRC32C_FOLDED * PLD_CRC32C_FOLDED;
    pld_crc32c_fold(crc, p, whole, rest);
    crc = update_one(0, rest, PLD_CRC32C_FOLDED);
    return update_one(crc, p + whole, n - whole);
}

/* So short runs are not worth it. */
enum { LEAST_FOLDED = 1 << 10 };

static uint32_t update(uint32_t crc, const unsigned char *p, size_t n)
{
    if (way == PLD_CRC32C_PORTABLE || !__builtin_cpu_supports("sse4.2"))
        return update_portable(crc, p, n);
    if (n >= LEAST_FOLDED && way == PLD_CRC32C_BEST && pld_crc32c_can_fold())
        return update_folding(crc, p, n);
    return update_fast(crc, p, n);
}
#else
static uint32_t update(uint32_t crc, const unsigned char *p, size_t n)
{
    return update_portable(crc, p, n);
}
#endif

uint32_t pld_crc32c(uint32_t crc, const void *data, size_t bytes)
{
    return ~update(~crc, data, bytes);
}

uint32_t pld_crc32c_part(const void *data, size_t bytes)
{
    return update(0, data, bytes);
}
