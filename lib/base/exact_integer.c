#include "base/exact.h"

__extension__ typedef __int128 wide;

static inline wide term_of(pld_exact_term term, int64_t x, int64_t y)
{
    switch (term) {
    case PLD_EXACT_ABSOLUTE:
        return x < 0 ? -(wide)x : x;
    case PLD_EXACT_SQUARE:
        return (wide)x * x;
    case PLD_EXACT_PRODUCT:
        return (wide)x * y;
    default:
        return x;
    }
}

/* `value` is below 2^126 in magnitude. */
static void deposit_wide(pld_exact *sum, wide value, int exponent)
{
    const uint64_t mask = (UINT64_C(1) << 63) - 1;
    pld_exact_deposit(sum, (int64_t)((uint64_t)value & mask), exponent);
    pld_exact_deposit(sum, (int64_t)(value >> 63), exponent + 63);
}

static inline int64_t load(pld_type type, const void *x, int64_t i)
{
    return type == PLD_I64 ? ((const int64_t *)x)[i] : ((const int32_t *)x)[i];
}

/* The low 64 bits of terms and what is above are summed apart, so that terms
 * of 127 bits have room. */
static inline void add_terms(pld_exact *sum, pld_exact_term term, pld_type type,
                             int64_t n, const void *x, int64_t xstride,
                             const void *y, int64_t ystride)
{
    wide low = 0;
    wide high = 0;
    for (int64_t i = 0; i < n; i++) {
        wide value =
            term_of(term, load(type, x, i * xstride),
                    term == PLD_EXACT_PRODUCT ? load(type, y, i * ystride) : 0);
        low += (uint64_t)value;
        high += value >> 64;
    }
    deposit_wide(sum, low, 0);
    deposit_wide(sum, high, 64);
}

void pld_exact_add_integers(pld_exact *sum, pld_exact_term term, pld_type type,
                            int64_t n, const void *x, int64_t xstride,
                            const void *y, int64_t ystride)
{
    /* Constants, so that each type and term has a loop of its own. */
    switch (term) {
#define CASE(name)                                                             \
    case PLD_EXACT_##name:                                                     \
        if (type == PLD_I64)                                                   \
            add_terms(sum, PLD_EXACT_##name, PLD_I64, n, x, xstride, y,        \
                      ystride);                                                \
        else                                                                   \
            add_terms(sum, PLD_EXACT_##name, PLD_I32, n, x, xstride, y,        \
                      ystride);                                                \
        break;
        CASE(VALUE)
        CASE(ABSOLUTE)
        CASE(SQUARE)
        CASE(PRODUCT)
#undef CASE
    }
}
