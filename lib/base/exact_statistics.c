#include "polder/exact.h"
#include "base/exact.h"

/* Integers of up to NWORDS words times 2^exponent, the exponent a multiple of
 * 64 so that numbers are aligned by whole words. Long enough for the product
 * of two accumulators and a count. */

__extension__ typedef unsigned __int128 wide;

enum { BITS = 64, NWORDS = 160 };

struct big {
    bool negative;
    int n;        /* words in use: the highest one is not 0 */
    int exponent; /* of word[0] */
    uint64_t word[NWORDS];
};

static void trim(struct big *a)
{
    while (a->n > 0 && a->word[a->n - 1] == 0)
        a->n--;
    if (a->n == 0)
        a->negative = false;
}

static void from_exact(const pld_exact *sum, struct big *out)
{
    /* Limb 0 starts 22 bits into the word of 2^-2176. */
    const int base = -34 * BITS;
    const int shift = PLD_EXACT_BASE - base;
    int64_t digits[PLD_EXACT_DIGITS];
    int first;
    *out = (struct big){.exponent = base};
    int n = pld_exact_digits(sum, digits, &first, &out->negative);
    if (n == 0)
        return;
    int start = (PLD_EXACT_RADIX * first + shift) / BITS;
    out->exponent += start * BITS;
    for (int i = 0; i < n; i++) {
        int at = PLD_EXACT_RADIX * (first + i) + shift - start * BITS;
        wide digit = (wide)digits[i] << at % BITS;
        out->word[at / BITS] |= (uint64_t)digit;
        out->word[at / BITS + 1] |= (uint64_t)(digit >> BITS);
    }
    out->n = (PLD_EXACT_RADIX * (first + n) + shift) / BITS - start + 1;
    trim(out);
}

static void multiply(const struct big *a, const struct big *b, struct big *out)
{
    *out = (struct big){.negative = a->negative != b->negative,
                        .n = a->n + b->n,
                        .exponent = a->exponent + b->exponent};
    for (int i = 0; i < a->n; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < b->n; j++) {
            wide v = (wide)a->word[i] * b->word[j] + out->word[i + j] + carry;
            out->word[i + j] = (uint64_t)v;
            carry = (uint64_t)(v >> BITS);
        }
        out->word[i + b->n] = carry;
    }
    trim(out);
}

static void multiply_count(struct big *a, uint64_t count)
{
    uint64_t carry = 0;
    for (int i = 0; i < a->n; i++) {
        wide v = (wide)a->word[i] * count + carry;
        a->word[i] = (uint64_t)v;
        carry = (uint64_t)(v >> BITS);
    }
    a->word[a->n++] = carry;
    trim(a);
}

static uint64_t word_at(const struct big *a, int exponent)
{
    int i = (exponent - a->exponent) / BITS;
    return exponent >= a->exponent && i < a->n ? a->word[i] : 0;
}

static void negate(struct big *a)
{
    uint64_t carry = 1;
    for (int i = 0; i < a->n; i++) {
        wide v = (wide)~a->word[i] + carry;
        a->word[i] = (uint64_t)v;
        carry = (uint64_t)(v >> BITS);
    }
}

/* Of numbers of either sign, by their two's complements. */
static void subtract(const struct big *a, const struct big *b, struct big *out)
{
    int low = a->exponent < b->exponent ? a->exponent : b->exponent;
    int a_end = a->exponent + a->n * BITS;
    int b_end = b->exponent + b->n * BITS;
    int high = a_end > b_end ? a_end : b_end;
    *out = (struct big){.exponent = low, .n = (high - low) / BITS + 1};
    bool add = a->negative != b->negative;
    uint64_t carry = !add;
    for (int i = 0; i < out->n; i++) {
        uint64_t right = word_at(b, low + i * BITS);
        wide v =
            (wide)word_at(a, low + i * BITS) + (add ? right : ~right) + carry;
        out->word[i] = (uint64_t)v;
        carry = (uint64_t)(v >> BITS);
    }
    out->negative = a->negative;
    if (!add && out->word[out->n - 1] >> (BITS - 1) != 0) {
        negate(out);
        out->negative = !a->negative;
    }
    trim(out);
}

/* Returns whether there is a remainder. */
static bool divide(struct big *a, uint64_t divisor)
{
    uint64_t rest = 0;
    for (int i = a->n - 1; i >= 0; i--) {
        wide v = (wide)rest << BITS | a->word[i];
        a->word[i] = (uint64_t)(v / divisor);
        rest = (uint64_t)(v % divisor);
    }
    trim(a);
    return rest != 0;
}

/* Let quotients have enough digits. */
static void lengthen(struct big *a, int nwords)
{
    memmove(a->word + nwords, a->word, (size_t)a->n * sizeof *a->word);
    memset(a->word, 0, (size_t)nwords * sizeof *a->word);
    a->n += nwords;
    a->exponent -= nwords * BITS;
}

/* The highest 128 bits of a number, aligned to the left, and whether anything
 * lies below them. */
struct top {
    wide bits;
    int exponent;
    bool negative;
    bool sticky;
};

static struct top top_of(const struct big *a, bool sticky)
{
    struct top top = {.negative = a->negative, .sticky = sticky};
    int shift = __builtin_clzll(a->word[a->n - 1]);
    int high = a->exponent + (a->n - 1) * BITS;
    uint64_t third = word_at(a, high - 2 * BITS);
    top.bits = (wide)a->word[a->n - 1] << BITS | word_at(a, high - BITS);
    if (shift > 0)
        top.bits = top.bits << shift | third >> (BITS - shift);
    top.exponent = high - BITS - shift;
    top.sticky = top.sticky || third << shift != 0;
    for (int i = 0; i < a->n - 3 && !top.sticky; i++)
        top.sticky = a->word[i] != 0;
    return top;
}

static double nearest(struct top top)
{
    return pld_exact_nearest(top.negative, (uint64_t)(top.bits >> BITS),
                             top.exponent + BITS,
                             top.sticky || (uint64_t)top.bits != 0);
}

/* The largest integer whose square is not above `square`, which is at least
 * 2^126. One bit after the other, from the top. */
static uint64_t root_of(wide square)
{
    uint64_t root = 0;
    for (int bit = BITS - 1; bit >= 0; bit--) {
        uint64_t next = root | UINT64_C(1) << bit;
        if ((wide)next * next <= square)
            root = next;
    }
    return root;
}

static double nearest_root(struct top top)
{
    if (top.exponent % 2 != 0) {
        top.sticky = top.sticky || (top.bits & 1) != 0;
        top.bits >>= 1;
        top.exponent++;
    }
    uint64_t root = root_of(top.bits);
    bool sticky = top.sticky || (wide)root * root != top.bits;
    return pld_exact_nearest(false, root, top.exponent / 2, sticky);
}

static double not_a_number(void)
{
    return pld_bits_double(UINT64_C(0x7ff8) << 48);
}

/* a / (d1 d2), or its root. */
static double quotient(struct big *a, uint64_t d1, uint64_t d2, bool root)
{
    if (a->n == 0)
        return 0.0;
    if (root && a->negative)
        return not_a_number();
    bool sticky = false;
    if (d1 != 1 || d2 != 1) {
        lengthen(a, 4); /* 128 bits at least, whatever the divisors */
        sticky = divide(a, d1);
        sticky = divide(a, d2) || sticky;
    }
    struct top top = top_of(a, sticky);
    return root ? nearest_root(top) : nearest(top);
}

static double moment(const pld_exact *x, const pld_exact *y,
                     const pld_exact *products, int64_t n, int64_t ddof,
                     bool root)
{
    double special;
    if (n < 1 || n <= ddof || pld_exact_special(x, &special) ||
        pld_exact_special(y, &special) || pld_exact_special(products, &special))
        return not_a_number();
    struct big a;
    struct big b;
    struct big square;
    struct big difference;
    from_exact(x, &a);
    from_exact(y, &b);
    multiply(&a, &b, &square);
    from_exact(products, &a);
    multiply_count(&a, (uint64_t)n);
    subtract(&a, &square, &difference);
    return quotient(&difference, (uint64_t)n, (uint64_t)n - (uint64_t)ddof,
                    root);
}

/* --- Public ------------------------------------------------------------------
 */

double pld_exact_sqrt(const pld_exact *sum)
{
    double special;
    if (pld_exact_special(sum, &special))
        return sum->minus != 0 ? not_a_number() : special;
    struct big a;
    from_exact(sum, &a);
    return quotient(&a, 1, 1, true);
}

double pld_exact_mean(const pld_exact *sum, int64_t n)
{
    double special;
    if (n < 1)
        return not_a_number();
    if (pld_exact_special(sum, &special))
        return special;
    struct big a;
    from_exact(sum, &a);
    return quotient(&a, (uint64_t)n, 1, false);
}

double pld_exact_variance(const pld_exact *sum, const pld_exact *squares,
                          int64_t n, int64_t ddof)
{
    return moment(sum, sum, squares, n, ddof, false);
}

double pld_exact_deviation(const pld_exact *sum, const pld_exact *squares,
                           int64_t n, int64_t ddof)
{
    return moment(sum, sum, squares, n, ddof, true);
}

double pld_exact_covariance(const pld_exact *x, const pld_exact *y,
                            const pld_exact *products, int64_t n, int64_t ddof)
{
    return moment(x, y, products, n, ddof, false);
}
