#include "base/crc32c_fold.h"

/* V. Gopal and others: "Fast CRC computation for generic polynomials using
 * PCLMULQDQ instruction", Intel, 2009. Sixteen bytes with others 256 bytes
 * behind them leave the same remainder as their product with x^2048 does, added
 * to those; and only its remainder is needed as a factor. */

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

/* Remainders: bit 31 is the coefficient of x^0. */
#define X_TO_2111 UINT64_C(0xe9a5d8be)
#define X_TO_2047 UINT64_C(0x1426a815)

#define TARGET __attribute__((target("avx512f,vpclmulqdq")))

bool pld_crc32c_can_fold(void)
{
    return __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("vpclmulqdq");
}

/* In each 16 bytes bit i is the coefficient of x^(127 - i), in each 8 that of
 * x^(63 - i). A product of two times 8 bytes comes out as if multiplied by x,
 * so factors are of one power less; the first 8 bytes are 64 powers higher. */
TARGET static inline __attribute__((always_inline)) __m512i
fold(__m512i part, __m512i factors, __m512i next)
{
    __m512i low = _mm512_clmulepi64_epi128(part, factors, 0x00);
    __m512i high = _mm512_clmulepi64_epi128(part, factors, 0x11);
    return _mm512_ternarylogic_epi64(low, high, next, 0x96);
}

TARGET void pld_crc32c_fold(uint32_t crc, const unsigned char *p, size_t n,
                            unsigned char out[PLD_CRC32C_FOLDED])
{
    __m512i factors = _mm512_broadcast_i32x4(_mm_set_epi64x(
        (long long)(X_TO_2047 << 32), (long long)(X_TO_2111 << 32)));
    __m512i before = _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)crc));
    __m512i a = _mm512_xor_si512(before, _mm512_loadu_si512(p));
    __m512i b = _mm512_loadu_si512(p + 64);
    __m512i c = _mm512_loadu_si512(p + 128);
    __m512i d = _mm512_loadu_si512(p + 192);
    for (n -= PLD_CRC32C_FOLDED; n > 0; n -= PLD_CRC32C_FOLDED) {
        p += PLD_CRC32C_FOLDED;
        a = fold(a, factors, _mm512_loadu_si512(p));
        b = fold(b, factors, _mm512_loadu_si512(p + 64));
        c = fold(c, factors, _mm512_loadu_si512(p + 128));
        d = fold(d, factors, _mm512_loadu_si512(p + 192));
    }
    _mm512_storeu_si512(out, a);
    _mm512_storeu_si512(out + 64, b);
    _mm512_storeu_si512(out + 128, c);
    _mm512_storeu_si512(out + 192, d);
}
#else
bool pld_crc32c_can_fold(void)
{
    return false;
}

void pld_crc32c_fold(uint32_t crc, const unsigned char *p, size_t n,
                     unsigned char out[PLD_CRC32C_FOLDED])
{
    (void)crc;
    (void)p;
    (void)n;
    (void)out;
}
#endif
