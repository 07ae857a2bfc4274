#ifndef PLD_MOVE_PLAN_BOXES_H
#define PLD_MOVE_PLAN_BOXES_H

#include "move/plan.h"

/* Plans for any boxes that some ranks want, where others hold one array in the
 * parts of a process grid. */

/* What one rank wants. */
struct pld_ask {
    int rank;
    int64_t nboxes;
    const pld_box *boxes; /* images of points where the array is periodic */
};

struct pld_plan_boxes {
    struct pld_parts holds[PLD_MAXDIM];
    struct pld_element element;
    /* Those of every rank that wants what this rank holds, and its own; no
     * rank twice. Two ranks name what the one wants in the same order. */
    int64_t nasks;
    const struct pld_ask *asks;
    /* Whether `giver` sends what it holds to `asker`; NULL: always. */
    bool (*gives)(int giver, int asker, const void *data);
    const void *data;
};

/* The plan of rank `rank`. Items are the numbers of its own boxes; what it
 * sends is of item 0. On failure *out is empty. */
pld_status pld_plan_create_boxes(const struct pld_plan_boxes *what, int rank,
                                 struct pld_plan *out);

#endif
