#ifndef PLD_COMM_REDISTRIBUTE_SPEC_H
#define PLD_COMM_REDISTRIBUTE_SPEC_H

#include "par/context.h"
#include "polder/redistribute.h"

/* What a caller asks of a redistribution: checked, and the same on all ranks.
 */

/* The context of the first live field. An error here is one that no context
 * can agree on. */
pld_status pld_redistribution_spec_ctx(const pld_redistribution_spec *spec,
                                       pld_ctx **out);

/* Check all that one rank can see. */
pld_status pld_redistribution_spec_check(const pld_redistribution_spec *spec,
                                         const pld_ctx *ctx);

/* Whether all ranks ask for the same. Collective, agreed. */
pld_status pld_redistribution_spec_agree(const pld_redistribution_spec *spec,
                                         pld_ctx *ctx);

#endif
