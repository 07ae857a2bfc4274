#ifndef PLD_LINALG_SWEEP_H
#define PLD_LINALG_SWEEP_H

#include "linalg/tiles.h"
#include "linalg/tile_kernel.h"

/* Solving op(t) x = b in tiles, x in place of b. Row j of tiles of x takes its
 * steps in the order of the rows that it needs: the results do not depend on
 * the ranks. */
struct pld_sweep {
    /* The triangle: square tiles of a lower one, or panels as wide as these
     * that hold whole columns. */
    struct pld_tiles *t;
    char uplo; /* as for pld_tile_triangle; 'L' for square tiles */
    char op;
    char diag;
    struct pld_tiles *x; /* of the same edge along rows */
};

/* *Collective, agreed*. */
pld_status pld_sweep_run(const struct pld_sweep *sweep);

#endif
