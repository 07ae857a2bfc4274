#ifndef PLD_COMM_POINTS_H
#define PLD_COMM_POINTS_H

#include "par/context.h"

/* Positions that ranks name, brought to those that are to have them all. */

/* Put the `count` positions, of `size` numbers each, of rank 0, rank 1 ... into
 * a new array on `root`, or on all ranks if it is -1; elsewhere there are none.
 * Takes 8 bytes for each rank, for a moment. *Collective, agreed*. */
pld_status pld_points_collect(pld_ctx *ctx, int tag, int size, int64_t count,
                              const double *points, int root, int64_t *total,
                              double **out);

#endif
