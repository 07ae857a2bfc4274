#ifndef PLD_COMM_GATHER_MOVE_H
#define PLD_COMM_GATHER_MOVE_H

#include "comm/gather_spec.h"
#include "move/transport.h"

/* Make the transport that moves a box of places between the field and dense
 * arrays that hold just this box: `array` is that of this rank, if it is a
 * root. What is moved is added up in *info. Local; the transport is still to
 * be connected. */
pld_status pld_gather_transport(const struct pld_gather_terms *terms, int tag,
                                pld_box places, void *array,
                                pld_gather_info *info,
                                struct pld_transport **out);

#endif
