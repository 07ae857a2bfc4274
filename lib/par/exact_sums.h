#ifndef PLD_PAR_EXACT_SUMS_H
#define PLD_PAR_EXACT_SUMS_H

#include "par/context.h"
#include "polder/exact.h"

/* Let each of n accumulators hold the sum of those of all ranks, in one
 * message. *Collective*. */
pld_status pld_exact_sums_combine(pld_ctx *ctx, int64_t n, pld_exact *sums);

#endif
