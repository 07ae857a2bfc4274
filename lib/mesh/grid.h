#ifndef PLD_MESH_GRID_H
#define PLD_MESH_GRID_H

#include "par/context.h"
#include "polder/grid.h"

struct pld_grid {
    pld_ctx *ctx;
    int ndims;
    int64_t size[PLD_MAXDIM]; /* 1 beyond the dimensions */
    bool periodic[PLD_MAXDIM];
    int nprocs[PLD_MAXDIM]; /* 1 beyond the dimensions */
    int coords[PLD_MAXDIM];
    int64_t *cuts[PLD_MAXDIM]; /* nprocs[d] + 1 each */
    int nfields;               /* fields that live on it */
};

#endif
