#ifndef PLD_PAR_REDUCE_H
#define PLD_PAR_REDUCE_H

#include <math.h>

#include "polder/reduce.h"
#include "polder/reduction.h"

/* Whether `op` and `type` are known and go together. */
pld_status pld_reduce_check_kind(pld_op op, pld_type type);

/* One term for all elements of a box: `out` is an element. The op and the type
 * have been checked. */
pld_term pld_reduce_term(pld_op op, pld_type type, pld_box box, pld_operand x,
                         void *out);

/* Elementwise sums over the ranks, exact and rounded once; floating-point types
 * only. Collective. */
pld_status pld_reduce_exactly(pld_ctx *ctx, pld_type type, const void *in,
                              int64_t count, void *out);

/* The elements of each rank, side by side. */
struct pld_columns {
    pld_type type; /* f64 or f32 */
    int nranks;
    int64_t n;               /* elements */
    const char *data;        /* rank by rank; or ... */
    const char *const *rows; /* ... where those of each rank are */
};

/* Elementwise sums of them, exact and rounded once; `out` is none of them.
 * Local. */
void pld_sum_columns(const struct pld_columns *columns, void *out);

/* What it is that ranks call for, in a number. */
uint64_t pld_reduce_call(pld_op op, pld_type type, int64_t count);

/* Whether the context's board has room for as much. */
bool pld_reduce_fits_board(const pld_ctx *ctx, pld_op op, pld_type type,
                           int64_t count);

/* A reduction by the context's board; the arguments have been checked, and
 * elements are not more than fit. Collective. */
pld_status pld_reduce_by_board(pld_ctx *ctx, pld_op op, pld_type type,
                               const void *in, int64_t count, void *out);

/* On one rank nothing is combined: give NaNs the bits they get on several. */
void pld_unify_nans(pld_type type, void *out, int64_t count);

/* Let `inout` be the least or greatest of both, elementwise. */
void pld_choose_elements(pld_op op, pld_type type, const void *in, void *inout,
                         int64_t count);

/* The context's own operations. */
pld_status pld_reduce_make_ops(pld_ctx *ctx);
void pld_reduce_free_ops(pld_ctx *ctx);

/* The smaller of two: NaN if either is, -0 below +0. Associative and
 * commutative to the last bit, as every NaN comes out as the same. Without
 * jumps: what is chosen is unpredictable. */
static inline double pld_least(double a, double b)
{
    double least = a < b ? a : b;
    least = a == b && signbit(a) ? a : least;
    return isnan(a) || isnan(b) ? (double)NAN : least;
}

/* The larger of two, likewise. */
static inline double pld_greatest(double a, double b)
{
    double greatest = a > b ? a : b;
    greatest = a == b && !signbit(a) ? a : greatest;
    return isnan(a) || isnan(b) ? (double)NAN : greatest;
}

#endif
