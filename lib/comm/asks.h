#ifndef PLD_COMM_ASKS_H
#define PLD_COMM_ASKS_H

#include "move/plan_boxes.h"
#include "par/context.h"
#include "par/sparse.h"

/* Boxes that this rank wants, and those that others want of it, found by
 * telling each other: for boxes that only one rank knows of. */
struct pld_asks {
    int64_t nasks; /* this rank's own comes first */
    struct pld_ask *asks;
    struct pld_post post; /* boxes of the others */
};

/* Tell the holders. The boxes must stay. *Collective, agreed*. */
pld_status pld_asks_exchange(pld_ctx *ctx,
                             const struct pld_parts holds[PLD_MAXDIM],
                             int64_t nboxes, const pld_box *boxes,
                             struct pld_asks *out);
void pld_asks_destroy(struct pld_asks *asks);

#endif
