#ifndef PLD_MOVE_PLAN_H
#define PLD_MOVE_PLAN_H

#include "move/parts.h"
#include "move/transfers.h"
#include "polder/status.h"

/* A plan: the boxes that one rank sends, receives and copies, grouped by peer.
 *
 * Every rank finds its plan alone, from the cuts: what it wants by looking up
 * the owners, what it sends by looking up who wants parts of its block. Both
 * sides list the boxes of a message in the same order and with the same
 * offsets, so nothing but data ever travels. Pure arithmetic, without MPI.
 *
 * A periodic dimension that is not cut needs no messages of its own when all
 * ghosts are wanted: they are images of points that arrive anyway, and one
 * wrap after the other dimensions fills edges and corners too. */

/* One array to move, the same on all ranks. Rank r is part (i, j, k) of the
 * process grid, last dimension fastest, of those who hold and of those who
 * want; the two process grids may differ. */
struct pld_plan_item {
    struct pld_parts holds[PLD_MAXDIM];
    struct pld_wants wants[PLD_MAXDIM];
    /* Of the boxes that the product of the dimensions makes, take those that
     * are ghosts in at least and at most so many dimensions: 1 and 1 for a
     * star, 1 and 3 for all ghosts, 0 and 0 for the own points alone. */
    int min_ghosts;
    int max_ghosts;
    bool direct; /* every ghost straight from its owner: no wraps */
    int ncomps;
    size_t size; /* of an element */
};

struct pld_plan {
    struct pld_transfers sends;
    struct pld_transfers receives;
    struct pld_transfers copies; /* from this rank to itself */
    struct pld_transfers wraps;  /* done last and in this order: images of what
                                    is in place by then, ghosts included */
};

/* The plan of rank `rank`. On failure *out is empty. */
pld_status pld_plan_create(int nitems, const struct pld_plan_item *items,
                           int rank, struct pld_plan *out);
void pld_plan_destroy(struct pld_plan *plan);

#endif
