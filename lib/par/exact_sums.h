#ifndef PLD_PAR_EXACT_SUMS_H
#define PLD_PAR_EXACT_SUMS_H

#include "par/context.h"
#include "polder/exact.h"

/* Let each of n accumulators hold the sum of those of all ranks, in one
 * message. *Collective*. */
pld_status pld_exact_sums_combine(pld_ctx *ctx, int64_t n, pld_exact *sums);

/* Merge records of so many sums, each as pld_exact_write() has it, into one;
 * returns its words. Local. */
int64_t pld_exact_sums_merge(int64_t nsums, int n,
                             const int64_t *const *records, int64_t *out);

#endif
