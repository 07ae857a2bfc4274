#include "base/exact.h"

/* The first word says what follows: one double, or so many limbs. */
enum {
    NLIMBS = 0, /* places of its fields */
    FIRST = 8,
    DOUBLE = 16,
    NANS = 17,
    PLUS = 18,
    MINUS = 19,
    FIELD_MASK = 0xff
};

void pld_exact_wipe(pld_exact *sum)
{
    for (int i = sum->first; i <= sum->last; i++)
        sum->limb[i] = 0;
    sum->nans = sum->plus = sum->minus = 0;
    sum->first = PLD_EXACT_LIMBS;
    sum->last = -1;
    sum->nadded = 0;
}

int pld_exact_write(pld_exact *sum, int64_t *words)
{
    pld_exact_normalise(sum);
    int n = sum->first <= sum->last ? sum->last - sum->first + 1 : 0;
    words[0] = (int64_t)n << NLIMBS | (int64_t)sum->first << FIRST |
               (int64_t)(sum->nans != 0) << NANS |
               (int64_t)(sum->plus != 0) << PLUS |
               (int64_t)(sum->minus != 0) << MINUS;
    for (int i = 0; i < n; i++)
        words[1 + i] = sum->limb[sum->first + i];
    return 1 + n;
}

int pld_exact_write_double(double x, int64_t *words)
{
    words[0] = INT64_C(1) << DOUBLE;
    memcpy(&words[1], &x, sizeof x);
    return 2;
}

bool pld_exact_is_double(const int64_t *words, double *out)
{
    if ((words[0] >> DOUBLE & 1) == 0)
        return false;
    memcpy(out, &words[1], sizeof *out);
    return true;
}

int pld_exact_read(pld_exact *sum, const int64_t *words)
{
    double x;
    if (pld_exact_is_double(words, &x)) {
        pld_exact_deposit_double(sum, x);
        return 2;
    }
    int n = (int)(words[0] >> NLIMBS & FIELD_MASK);
    int first = (int)(words[0] >> FIRST & FIELD_MASK);
    for (int i = 0; i < n; i++)
        sum->limb[first + i] += words[1 + i];
    if (n > 0 && first < sum->first)
        sum->first = first;
    if (n > 0 && first + n - 1 > sum->last)
        sum->last = first + n - 1;
    sum->nans += words[0] >> NANS & 1;
    sum->plus += words[0] >> PLUS & 1;
    sum->minus += words[0] >> MINUS & 1;
    if (++sum->nadded >= PLD_EXACT_MOST_ADDED)
        pld_exact_normalise(sum);
    return 1 + n;
}
