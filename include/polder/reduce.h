#ifndef PLD_REDUCE_H
#define PLD_REDUCE_H

#include <stdint.h>

#include "polder/context.h"
#include "polder/types.h"

PLD_BEGIN_C

/** @file
 * Reductions of arrays over ranks. Minimum and maximum are the same bits on
 * any number of ranks, a NaN anywhere gives NaN, and -0 counts below +0. Sums
 * of floating-point numbers add in the order of the MPI library: they may
 * differ in the last bits from one rank count to another. Integer sums wrap
 * modulo 2^64 or 2^32. */

/** How to combine; PLD_OP_COUNT is their number. */
typedef enum pld_op { PLD_SUM, PLD_MIN, PLD_MAX, PLD_OP_COUNT } pld_op;

/** Combine `count` elements of `in` elementwise over the ranks into `out` on
 * every rank; `in` and `out` are the same or do not overlap. Any count.
 * PLD_MIN and PLD_MAX of c128 are PLD_ERR_TYPE. *Collective*: the arguments
 * must agree (checked in debug builds). */
PLD_CALL pld_reduce(pld_ctx *ctx, pld_op op, pld_type type, const void *in,
                    int64_t count, void *out);

/** Combine `count` local elements and then the ranks: out is one element. An
 * empty rank (count 0) takes part. f32 is summed in double and rounded once.
 * The minimum of nothing at all is +infinity or the largest integer, the
 * maximum -infinity or the smallest, the sum 0. *Collective*. */
PLD_CALL pld_reduce_array(pld_ctx *ctx, pld_op op, pld_type type,
                          const void *in, int64_t count, void *out);

/** Sum, minimum, maximum of one double per rank. *Collective*. */
PLD_CALL pld_reduce_f64(pld_ctx *ctx, pld_op op, double in, double *out);

PLD_END_C

#endif
