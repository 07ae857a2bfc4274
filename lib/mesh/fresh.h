#ifndef PLD_MESH_FRESH_H
#define PLD_MESH_FRESH_H

#include "polder/field.h"

/* How deep the ghosts of a field are what their owners hold.
 *
 * Nobody asks other ranks: what is known here changes only in calls that all
 * ranks make in the same order, by amounts that are the same on all of them.
 * So two ranks that look find the same, and exchange together or not at all. */

/* A width at each side: [d][0] low, [d][1] high. */
struct pld_depth {
    int64_t at[PLD_MAXDIM][2];
};

struct pld_fresh {
    struct pld_depth faces; /* ghosts along one dimension alone */
    struct pld_depth frame; /* all ghosts so near */
    int64_t touches;        /* how often own points changed; only grows */
    /* Of the own points that the ghosts were copied from; 0: not known. Debug
     * builds alone. */
    uint64_t digest;
};

/* Own points and those to `depth` around them, without what lies outside the
 * domain. */
pld_box pld_fresh_box(const pld_field *field, const struct pld_depth *depth);

/* How deep ghosts are valid, as far as `width` asks for it; of a star, only
 * along one dimension. */
struct pld_depth pld_fresh_depth(const pld_field *field,
                                 const struct pld_depth *width, bool star);

/* Whether they are valid to `width`. */
bool pld_fresh_covers(const pld_field *field, const struct pld_depth *width,
                      bool star);

/* They were just filled, those that they were before still are. */
void pld_fresh_fill(pld_field *field, const struct pld_depth *width, bool star);

/* Own points are about to change. In debug builds the ghosts that were valid
 * become NaN, or the largest integer. */
void pld_fresh_touch(pld_field *field);

/* The same, but ghosts keep their bits. */
void pld_fresh_forget(pld_field *field);

/* Own points and the ghosts to `depth` are about to be computed by the caller,
 * in place or after a touch. */
void pld_fresh_compute(pld_field *field, const struct pld_depth *depth);

/* The ghosts of `to` were copied from those of `from`. */
void pld_fresh_copy(const pld_field *from, pld_field *to);

/* For debug builds: make ghosts to `width` that are not valid to `depth` NaN or
 * the largest integer; and whether own points changed without a touch. */
void pld_fresh_poison(pld_field *field, const struct pld_depth *width,
                      const struct pld_depth *depth);
pld_status pld_fresh_check(const pld_field *field);

#endif
