#ifndef PLD_PAR_REDUCE_H
#define PLD_PAR_REDUCE_H

#include <math.h>

#include "polder/reduce.h"

/* A reduction to one element in the making: start, add any number of pieces
 * in a fixed order, then combine the ranks. f32 is held as double and i32 as
 * int64_t, so that only the result is rounded. */
struct pld_accumulator {
    pld_op op;
    pld_type type;
    double f64[2];
    int64_t i64;
};

/* Errors: PLD_ERR_ARG for the op, PLD_ERR_TYPE for the type. */
pld_status pld_accumulator_start(struct pld_accumulator *acc, pld_op op,
                                 pld_type type);

/* Add `count` elements that lie `stride` bytes apart. */
void pld_accumulator_add(struct pld_accumulator *acc, const void *in,
                         int64_t count, int64_t stride);

/* Combine the ranks into one element of the accumulator's type. *Collective*,
 * and timed as "reduce". */
pld_status pld_accumulator_finish(pld_ctx *ctx, struct pld_accumulator *acc,
                                  void *out);

/* Whether `op` and `type` are known and go together. */
pld_status pld_reduce_check_kind(pld_op op, pld_type type);

/* The context's own operations. */
pld_status pld_reduce_make_ops(pld_ctx *ctx);
void pld_reduce_free_ops(pld_ctx *ctx);

/* The smaller of two: NaN if either is, -0 below +0. Associative and
 * commutative to the last bit, as every NaN comes out as the same. */
static inline double pld_least(double a, double b)
{
    if (isnan(a) || isnan(b))
        return NAN;
    if (a == b)
        return signbit(a) ? a : b;
    return a < b ? a : b;
}

/* The larger of two, likewise. */
static inline double pld_greatest(double a, double b)
{
    if (isnan(a) || isnan(b))
        return NAN;
    if (a == b)
        return signbit(a) ? b : a;
    return a > b ? a : b;
}

#endif
