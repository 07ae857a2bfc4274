#ifndef PLD_COMM_SAMPLE_SPEC_H
#define PLD_COMM_SAMPLE_SPEC_H

#include "par/context.h"
#include "polder/sample.h"

/* What a caller asks of a sample. */

/* Check all that one rank can see; the field lives. Local. */
pld_status pld_sample_spec_check(const pld_sample_spec *spec);

/* Whether all ranks ask for the same. Collective, agreed. */
pld_status pld_sample_spec_agree(const pld_sample_spec *spec);

/* Components with their default. */
int pld_sample_spec_ncomps(const pld_sample_spec *spec);

#endif
