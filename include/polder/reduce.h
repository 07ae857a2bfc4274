#ifndef PLD_REDUCE_H
#define PLD_REDUCE_H

#include <stdint.h>

#include "polder/context.h"
#include "polder/types.h"

PLD_BEGIN_C

/** @file
 * Reductions of arrays over ranks, in one call. The result is the same bits on
 * any number of ranks and in any order: sums of floating-point numbers are
 * exact and rounded once, to nearest even (see polder/exact.h); of least and
 * greatest, a NaN anywhere gives NaN, and -0 counts below +0. Integer sums wrap
 * modulo 2^64 or 2^32. Ranks of a node combine in the memory that they share,
 * and one of them exchanges messages with other nodes; only long arrays (more
 * than 64 KiB; between nodes, sums of more than about 140 numbers) go through
 * MPI from every rank. Wrong arguments of one rank are the error of all, and
 * PLD_ERR_MISMATCH tells that ranks call for different things: that costs no
 * message more, but for long arrays. For means, norms, places, histograms and
 * for reductions that are made again and again see polder/reduction.h. */

/** How to combine; PLD_OP_COUNT is their number. */
typedef enum pld_op {
    PLD_SUM, /**< exact, rounded once */
    PLD_MIN,
    PLD_MAX,
    PLD_FAST_SUM, /**< in plain arithmetic: see PLD_FAST for what is lost */
    PLD_OP_COUNT
} pld_op;

/** Combine `count` elements of `in` elementwise over the ranks into `out` on
 * every rank; `in` and `out` are the same or do not overlap. Any count.
 * PLD_MIN and PLD_MAX of c128 are PLD_ERR_TYPE. Messages of exact sums have as
 * many bytes as plain ones for long arrays (each rank adds up its share of the
 * elements), and some five times as many for short ones. *Collective, agreed*.
 */
PLD_CALL pld_reduce(pld_ctx *ctx, pld_op op, pld_type type, const void *in,
                    int64_t count, void *out);

/** Combine all `count` local elements of all ranks: out is one element. An
 * empty rank (count 0) takes part. The minimum of nothing at all is +infinity
 * or the largest integer, the maximum -infinity or the smallest, the sum 0.
 * *Collective, agreed*. */
PLD_CALL pld_reduce_array(pld_ctx *ctx, pld_op op, pld_type type,
                          const void *in, int64_t count, void *out);

/** Sum, minimum, maximum of one double per rank. *Collective, agreed*. */
PLD_CALL pld_reduce_f64(pld_ctx *ctx, pld_op op, double in, double *out);

PLD_END_C

#endif
