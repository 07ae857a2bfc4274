#include "base/exact_cascade.h"
#include "base/exact_environment.h"

/* The anchor 1.5 * 2^k; lower levels than that of denormal numbers lose
 * nothing. */
static double anchor_of(int k)
{
    k = k < -1022 ? -1022 : k;
    return pld_bits_double((uint64_t)(k + 1023) << 52 | UINT64_C(1) << 51);
}

static int nrests(const struct pld_cascade *cascade, int nparts)
{
    return cascade->nlevels == 0 ? 2 : nparts;
}

void pld_cascade_open(struct pld_cascade *cascade, int nlevels, int nparts,
                      int top, int step)
{
    cascade->nlevels = nlevels;
    cascade->top = top;
    cascade->nblocks = 0;
    for (int part = 0; part < nparts; part++)
        for (int j = 0; j < nlevels; j++) {
            double anchor = anchor_of(top - 53 * part - step * j);
            cascade->anchor[part][j] = anchor;
            for (int i = 0; i < cascade->nlanes; i++)
                cascade->level[part][j][i] = anchor;
        }
    for (int part = 0; part < nrests(cascade, nparts); part++)
        for (int i = 0; i < cascade->nlanes; i++)
            cascade->rest[part][i] = 0;
}

/* Where scaled products were small, levels count in units below the lowest that
 * products have: the bits in between are 0. */
static void deposit(pld_exact *sum, int64_t value, int exponent)
{
    int below = PLD_EXACT_BASE - exponent;
    if (value == 0 || below > 62)
        return;
    if (below <= 0)
        pld_exact_deposit(sum, value, exponent);
    else
        pld_exact_deposit(sum, value >> below, PLD_EXACT_BASE);
}

/* Add a double times 2^exponent. */
static void deposit_scaled(pld_exact *sum, double x, int exponent)
{
    uint64_t bits = pld_double_bits(x);
    int field = (int)(bits >> 52 & 0x7ff);
    int64_t m = (int64_t)(bits & UINT64_C(0x000fffffffffffff));
    if (field > 0)
        m |= INT64_C(1) << 52;
    else
        field = 1;
    deposit(sum, bits >> 63 != 0 ? -m : m, field - PLD_EXACT_SCALE + exponent);
}

/* Within a binade the bits of doubles count multiples of the last one. */
static bool sum_within(const double *level, int nlanes, int64_t start,
                       int64_t *total)
{
    uint64_t differ = 0;
    uint64_t t = 0;
    for (int i = 0; i < nlanes; i++) {
        uint64_t bits = pld_double_bits(level[i]);
        t += bits - (uint64_t)start;
        differ |= bits ^ (uint64_t)start;
    }
    *total = (int64_t)t;
    return differ >> 52 == 0;
}

/* In the next few binades above they count 2, 4, ... times as much, in those
 * below a half, a quarter, ... In units of the lowest of these. */
enum { MOST_ABOVE = 4, MOST_BELOW = 4 };

static bool sum_near(const double *level, int nlanes, int64_t start,
                     pld_exact_wide *total)
{
    const int64_t leading = INT64_C(1) << 52;
    const int lowest = (int)(start >> 52) - MOST_BELOW;
    *total = 0;
    for (int i = 0; i < nlanes; i++) {
        int64_t bits = (int64_t)pld_double_bits(level[i]);
        int field = (int)(bits >> 52);
        if (field < lowest || field < 1 ||
            field > lowest + MOST_BELOW + MOST_ABOVE)
            return false;
        *total += (pld_exact_wide)((bits & (leading - 1)) | leading)
                  << (field - lowest);
    }
    *total -= (pld_exact_wide)((start & (leading - 1)) | leading) * nlanes
              << MOST_BELOW;
    return true;
}

static void deposit_wide(pld_exact *sum, pld_exact_wide value, int exponent)
{
    enum { BITS = 40 };
    const int64_t mask = (INT64_C(1) << BITS) - 1;
    deposit(sum, (int64_t)value & mask, exponent);
    deposit(sum, (int64_t)(value >> BITS), exponent + BITS);
}

static void empty_level(const double *level, int nlanes, double anchor,
                        int exponent, pld_exact *sum)
{
    int64_t start = (int64_t)pld_double_bits(anchor);
    int unit = (int)(start >> 52) - PLD_EXACT_SCALE + exponent;
    int64_t total;
    pld_exact_wide wide;
    if (sum_within(level, nlanes, start, &total)) {
        deposit(sum, total, unit);
        return;
    }
    if (sum_near(level, nlanes, start, &wide)) {
        deposit_wide(sum, wide, unit - MOST_BELOW);
        return;
    }
    for (int i = 0; i < nlanes; i++) {
        deposit_scaled(sum, level[i], exponent);
        deposit_scaled(sum, -anchor, exponent);
    }
}

/* Not inlined: see exact_environment.h. */
static __attribute__((noinline)) double sum_of_lanes(const double *rest,
                                                     int nlanes)
{
    double sums[4] = {0};
    for (int i = 0; i < nlanes; i += 4)
        for (int k = 0; k < 4; k++)
            sums[k] += rest[i + k];
    return (sums[0] + sums[2]) + (sums[1] + sums[3]);
}

bool pld_exact_sum_rest(const double *rest, int nlanes, double *sum)
{
    *sum = sum_of_lanes(rest, nlanes);
    if (!pld_flags_raised())
        return true;
    pld_flags_clear();
    return false;
}

static void empty_rest(const double *rest, int nlanes, int exponent,
                       const struct pld_exact_tier *tier, pld_exact *sum)
{
    double total;
    if (tier->sum_rest == NULL)
        return;
    if (tier->sum_rest(rest, nlanes, &total)) {
        deposit_scaled(sum, total, exponent);
        return;
    }
    for (int i = 0; i < nlanes; i++)
        deposit_scaled(sum, rest[i], exponent);
}

void pld_cascade_empty(struct pld_cascade *cascade, int nparts,
                       const struct pld_exact_tier *tier, pld_exact *sum)
{
    for (int part = 0; part < nparts; part++)
        for (int j = 0; j < cascade->nlevels; j++)
            empty_level(cascade->level[part][j], cascade->nlanes,
                        cascade->anchor[part][j], cascade->exponent, sum);
    for (int part = 0; part < nrests(cascade, nparts); part++)
        empty_rest(cascade->rest[part], cascade->nlanes, cascade->exponent,
                   tier, sum);
}
