#ifndef PLD_MESH_GRID_H
#define PLD_MESH_GRID_H

#include "par/context.h"
#include "polder/grid.h"

/* First word of a live grid, cleared when it is destroyed: a wrong pointer is
 * mostly noticed. */
#define PLD_GRID_ALIVE 0x67726964u

struct pld_grid {
    uint32_t alive;
    pld_ctx *ctx;
    int ndims;
    int64_t size[PLD_MAXDIM]; /* 1 beyond the dimensions */
    bool periodic[PLD_MAXDIM];
    int nprocs[PLD_MAXDIM]; /* 1 beyond the dimensions */
    int coords[PLD_MAXDIM];
    int64_t *cuts[PLD_MAXDIM]; /* nprocs[d] + 1 each */
    int nfields;               /* fields that live on it */
};

/* Check that `grid` is a live grid; `argument` names it in errors. */
pld_status pld_grid_check(const pld_grid *grid, const char *argument);

/* `box`, with all counts 0 if it is empty. */
pld_box pld_box_tidy(pld_box box);

#endif
