#ifndef PLD_BOX_H
#define PLD_BOX_H

#include <stdbool.h>
#include <stdint.h>

#include "polder/status.h"

PLD_BEGIN_C

/** @file
 * Boxes of global indices: pure arithmetic, all *local*. */

/** Most dimensions of a grid. */
#define PLD_MAXDIM 3

/** The indices first[d] <= i[d] < first[d] + count[d]; dimension 0 varies
 * slowest, as in C arrays, HDF5 and NumPy. Dimensions that a grid does not
 * have are {first 0, count 1}. A box with a count below 1 is empty. */
typedef struct pld_box {
    int64_t first[PLD_MAXDIM]; /**< lowest index */
    int64_t count[PLD_MAXDIM]; /**< number of indices */
} pld_box;

/** Whether it holds no index. */
PLD_API bool pld_box_empty(pld_box box);
/** Number of indices, 0 when empty; saturates at INT64_MAX. */
PLD_API int64_t pld_box_volume(pld_box box);
/** The common part; empty boxes come out with all counts 0. */
PLD_API pld_box pld_box_intersect(pld_box a, pld_box b);
/** Moved by `by` along every dimension. */
PLD_API pld_box pld_box_shift(pld_box box, const int64_t by[PLD_MAXDIM]);
/** Whether `inner` lies in `outer`; an empty box lies in every box. */
PLD_API bool pld_box_contains(pld_box outer, pld_box inner);
/** Whether both hold the same indices. */
PLD_API bool pld_box_equal(pld_box a, pld_box b);
/** `a` without `b`, as at most 6 boxes that do not overlap, in order of their
 * lower corners' dimension; returns how many. */
PLD_API int pld_box_subtract(pld_box a, pld_box b, pld_box out[6]);

PLD_END_C

#endif
