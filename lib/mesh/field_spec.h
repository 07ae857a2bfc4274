#ifndef PLD_MESH_FIELD_SPEC_H
#define PLD_MESH_FIELD_SPEC_H

#include "polder/field.h"

/* What a caller asks of a field: checked, and the same on all ranks. */

/* Check all that one rank can see but the wrapped memory. */
pld_status pld_field_spec_check(const pld_field_spec *spec,
                                const pld_grid *grid);

/* Whether all ranks ask for the same. Collective, agreed; the spec has been
 * checked. */
pld_status pld_field_spec_agree(const pld_field_spec *spec,
                                const pld_grid *grid);

/* Name, components, order of dimensions and halo width with their defaults. */
const char *pld_field_spec_name(const pld_field_spec *spec);
int pld_field_spec_ncomps(const pld_field_spec *spec);
void pld_field_spec_order(const pld_field_spec *spec, int ndims,
                          int order[PLD_MAXDIM]);
int64_t pld_field_spec_halo(const pld_field_spec *spec, int ndims, int dim,
                            int side);

/* Check the caller's array against the block it is to hold, and write its
 * points along each dimension to `extent`: without an array those of the
 * block. `wraps`: whether any rank gives an array. */
pld_status pld_field_spec_extent(const pld_field_spec *spec,
                                 const pld_field *field, bool wraps,
                                 int64_t extent[PLD_MAXDIM]);

#endif
