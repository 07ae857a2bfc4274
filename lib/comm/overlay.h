#ifndef PLD_COMM_OVERLAY_H
#define PLD_COMM_OVERLAY_H

#include "polder/box.h"

/* Boxes that overlap, cut into regions: all points of a region lie in the same
 * boxes, so what is worked out for one holds for all. Pure arithmetic. */

struct pld_region {
    pld_box box;
    int64_t first; /* its boxes are which[first] and so on, ascending */
    int64_t count;
};

struct pld_overlay {
    int64_t nregions; /* no two overlap; none is outside of all boxes */
    struct pld_region *regions;
    int64_t *which;
    int64_t most; /* largest count */
};

/* On failure *out is empty. */
pld_status pld_overlay_create(int64_t nboxes, const pld_box *boxes,
                              struct pld_overlay *out);
void pld_overlay_destroy(struct pld_overlay *overlay);

#endif
