#ifndef PLD_COMM_COMBINE_H
#define PLD_COMM_COMBINE_H

#include "polder/reduce.h"

/* Elements that lie `step` bytes apart. */
struct pld_run {
    char *at;
    int64_t step;
};

/* Combine n elements of `to` with those of `nfrom` other runs, in place. Sums
 * of floating-point numbers are exact and rounded once, but for PLD_FAST_SUM,
 * which adds in the order given; a sum that is zero is +0, and every NaN comes
 * out as the same. Integer sums wrap. Not c128: that is two f64.
 * To be called in the default floating-point environment. */
void pld_combine_runs(pld_op op, pld_type type, int64_t n, struct pld_run to,
                      int64_t nfrom, const struct pld_run *from);

#endif
