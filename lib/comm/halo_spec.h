#ifndef PLD_COMM_HALO_SPEC_H
#define PLD_COMM_HALO_SPEC_H

#include "par/context.h"
#include "polder/halo.h"

/* What a caller asks of a halo: checked, and the same on all ranks. */

/* The context of the first live field. An error here is one that no
 * context can agree on. */
pld_status pld_halo_spec_ctx(const pld_halo_spec *spec, pld_ctx **out);

/* Check all that one rank can see. */
pld_status pld_halo_spec_check(const pld_halo_spec *spec, const pld_ctx *ctx);

/* Whether all ranks ask for the same. Collective, agreed. */
pld_status pld_halo_spec_agree(const pld_halo_spec *spec, pld_ctx *ctx);

/* The width to exchange of a field, along `dim` at the low (0) or high (1)
 * side. */
int64_t pld_halo_spec_width(const pld_halo_spec *spec, const pld_field *field,
                            int dim, int side);

#endif
