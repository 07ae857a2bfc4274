#ifndef PLD_PAR_TOPOLOGY_H
#define PLD_PAR_TOPOLOGY_H

#include "par/context.h"

/* Fill in the nodes of a context whose comm, rank and nranks are set. Each node
 * is the set of ranks that can share memory, unless PLD_FAKE_NODES=k spreads
 * them over k nodes in groups of neighbours. *Collective, agreed*. */
pld_status pld_topology_find(pld_ctx *ctx);

#endif
