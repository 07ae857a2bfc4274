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

/* n entries of `ncomps` elements each: entry from_at[i] of `from`, or i if that
 * is NULL, goes into entry to_at[i] of `to`. */
struct pld_entries {
    int64_t n;
    int ncomps;
    char *to;
    const int64_t *to_at;
    const char *from;
    const int64_t *from_at;
};

/* Combine them one after the other, sums in plain arithmetic; for the rest as
 * above. Several may go into the same one. */
void pld_combine_entries(pld_op op, pld_type type,
                         const struct pld_entries *entries);

#endif
