#ifndef PLD_MESH_GRID_SPEC_H
#define PLD_MESH_GRID_SPEC_H

#include "polder/grid.h"

/* What a caller asks of a grid: checked, and the same on all ranks. */

/* Check all that one rank can see. */
pld_status pld_grid_spec_check(const pld_grid_spec *spec, int nranks);

/* Whether all ranks ask for the same. Collective, agreed; the spec has been
 * checked. */
pld_status pld_grid_spec_agree(const pld_grid_spec *spec, pld_ctx *ctx);

/* The ranks' weights in new memory, at most 1 and not all equal, or NULL. */
pld_status pld_grid_spec_weights(const pld_grid_spec *spec, int nranks,
                                 double **out);

#endif
