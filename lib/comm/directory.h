#ifndef PLD_COMM_DIRECTORY_H
#define PLD_COMM_DIRECTORY_H

#include "polder/context.h"
#include "polder/map.h"

/* Find the root of each leaf by its name: ranks[i] and indices[i] of leaf i,
 * both allocated. *Collective, agreed*; on failure both are NULL. */
pld_status pld_directory_find(pld_ctx *ctx, const pld_map_ids *ids, int **ranks,
                              int64_t **indices);

#endif
