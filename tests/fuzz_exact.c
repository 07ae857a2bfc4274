/* A target for libFuzzer: every kernel against the scalar one, which adds one
 * element after the other in integers. The input is a few bytes that say how
 * to read the rest, and doubles: plain, or stretched into long arrays with
 * scales and outliers of their own. `make fuzz` runs it. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exact.h"

enum { MAX_N = 20000, HEADER = 8 };

static double x[MAX_N];
static double y[MAX_N];

/* What the header of an input says. */
struct plan {
    pld_exact_term term;
    int64_t n;      /* elements, the input's repeated as needed */
    int64_t row;    /* elements of a row */
    int64_t stride; /* from element to element */
    int shift;      /* of exponents, from one repetition to the next */
    int mask;       /* of exponents: narrows their range */
};

static struct plan plan_of(const uint8_t header[HEADER])
{
    struct plan plan = {.term = (pld_exact_term)(header[0] % 4),
                        .n = 1 + (header[1] | header[2] << 8) % MAX_N,
                        .stride = header[3] % 8 == 0 ? 1 + header[3] / 64 : 1,
                        .shift = (int8_t)header[4] / 4,
                        .mask = header[5] % 11};
    plan.n = header[6] % 4 == 0 ? plan.n : 1 + plan.n % 300;
    plan.row = header[7] % 2 == 0 ? plan.n : 1 + header[7];
    return plan;
}

/* Keep the low bits of the exponent field, about that of 1. */
static uint64_t narrow(uint64_t bits, int mask)
{
    uint64_t field = bits >> 52 & 0x7ff;
    uint64_t kept = field & ((UINT64_C(1) << mask) - 1);
    uint64_t others = mask == 10 ? field & ~UINT64_C(0x3ff) : 0x3c0;
    return (bits & ~(UINT64_C(0x7ff) << 52)) | ((kept + others) & 0x7ff) << 52;
}

static void fill(const struct plan *plan, const uint8_t *data, size_t n,
                 int64_t from, double *out)
{
    for (int64_t i = 0; i < plan->n; i++) {
        uint64_t bits;
        int64_t repetition = (i + from) / (int64_t)n;
        memcpy(&bits, data + 8 * ((size_t)(i + from) % n), sizeof bits);
        bits = narrow(bits, plan->mask);
        bits += (uint64_t)(plan->shift * repetition) << 52;
        bits ^= (uint64_t)repetition * UINT64_C(0x00037b1de6ca5) >> 12;
        out[i] = pld_bits_double(bits);
    }
}

static pld_exact sum_by(const char *tier, const struct plan *plan)
{
    pld_exact sum;
    pld_exact_clear(&sum);
    if (!pld_exact_use(tier))
        return sum;
    int64_t n = plan->n / plan->stride;
    int64_t row = plan->row / plan->stride > 0 ? plan->row / plan->stride : 1;
    const int64_t count[3] = {1, n / row, row < n ? row : n};
    pld_exact_array xs = {x, {0, row * plan->stride, plan->stride}};
    pld_exact_array ys = {y, {0, row * plan->stride, plan->stride}};
    if (n > 0 &&
        pld_exact_add_box(&sum, plan->term, PLD_F64, count, xs, ys) != PLD_OK)
        abort();
    return sum;
}

static void compare(const char *tier, const struct plan *plan,
                    const int64_t wanted[PLD_EXACT_PRODUCT_WORDS])
{
    int64_t words[PLD_EXACT_PRODUCT_WORDS];
    if (!pld_exact_use(tier))
        return;
    pld_exact sum = sum_by(tier, plan);
    if (pld_exact_pack(&sum, PLD_EXACT_PRODUCTS, words) != PLD_OK ||
        memcmp(words, wanted, sizeof words) != 0) {
        fprintf(stderr, "%s differs: term %d, %lld elements in rows of %lld\n",
                tier, (int)plan->term, (long long)plan->n,
                (long long)plan->row);
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const tiers[] = {"avx512", "flag", "c11",
                                        "flag-baseline", "c11-baseline"};
    if (size < HEADER + 8)
        return 0;
    struct plan plan = plan_of(data);
    size_t n = (size - HEADER) / 8;
    fill(&plan, data + HEADER, n, 0, x);
    fill(&plan, data + HEADER, n, 1 + data[3], y);
    pld_exact sum = sum_by("scalar", &plan);
    int64_t wanted[PLD_EXACT_PRODUCT_WORDS];
    if (pld_exact_pack(&sum, PLD_EXACT_PRODUCTS, wanted) != PLD_OK)
        abort();
    for (int i = 0; i < 5; i++)
        compare(tiers[i], &plan, wanted);
    return 0;
}
