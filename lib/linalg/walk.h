#ifndef PLD_LINALG_WALK_H
#define PLD_LINALG_WALK_H

#include "mesh/field.h"

/* Several fields of one shape gone through together, in tiles that fit into
 * the cache: rows of elements, the same ones of each field. */

/* One loop: n times, so many elements further in each field. */
struct pld_walk_loop {
    int64_t n;
    int64_t *step; /* one for each field */
};

enum { PLD_WALK_LOOPS = PLD_MAXDIM + 1, PLD_WALK_FEW = 8 };

struct pld_walk {
    pld_type type;
    int nfields;
    char **data; /* the first own element of each; NULL of a rank with none */
    struct pld_walk_loop loops[PLD_WALK_LOOPS]; /* the innermost first */
    int64_t most; /* elements of a tile; create sets it to fit the cache */
    void *room;   /* of more than a few fields */
    int64_t few[(PLD_WALK_LOOPS + 2) * PLD_WALK_FEW];
};

/* Rows of n elements at at[field], the next one rows->step[field] and the next
 * element elements->step[field] elements further. */
struct pld_tile {
    int64_t nrows;
    int64_t n;
    char *const *at;
    const int64_t *row_step;
    const int64_t *step;
};

/* The fields, at least one, go together: see pld_walk_check. The walk stays
 * where it is from then on. */
pld_status pld_walk_create(int nfields, const pld_field *const *fields,
                           struct pld_walk *out);
/* Likewise of points, whose components are left to the visitor: see
 * pld_walk_check_points. */
pld_status pld_walk_create_points(int nfields, const pld_field *const *fields,
                                  struct pld_walk *out);
void pld_walk_destroy(struct pld_walk *walk);

/* Whether a field may go together with the first one, and what is wrong if it
 * may not; `name` is for errors. */
bool pld_walk_fits(const pld_field *first, const pld_field *field);
pld_status pld_walk_check(const pld_field *first, const pld_field *field,
                          const char *name);
/* Likewise if components do not matter. */
pld_status pld_walk_check_points(const pld_field *first, const pld_field *field,
                                 const char *name);

/* Call `visit` for each tile; stops at the first error. */
typedef pld_status pld_visit_tile(const struct pld_tile *tile, void *data);
pld_status pld_walk_run(const struct pld_walk *walk, pld_visit_tile *visit,
                        void *data);

#endif
