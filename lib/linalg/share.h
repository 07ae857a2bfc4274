#ifndef PLD_LINALG_SHARE_H
#define PLD_LINALG_SHARE_H

#include <stddef.h>

#include "par/context.h"

/* Messages whose waits notice that a rank of the node is gone, as MPI's own do
 * not. */

/* Wait until a message from or to `peer` is through. */
pld_status pld_share_wait(pld_ctx *ctx, MPI_Request *request, int peer);

/* Copy what `root` has to all. Collective. */
pld_status pld_share(pld_ctx *ctx, void *data, int64_t bytes, int root);

/* As pld_agree_same(). *Collective, agreed*. */
pld_status pld_share_same(pld_ctx *ctx, const char *what, const void *data,
                          size_t bytes);

#endif
