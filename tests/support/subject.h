#ifndef PLD_TESTS_SUBJECT_H
#define PLD_TESTS_SUBJECT_H

#include "polder/halo.h"

/* Fields on a grid, drawn at random, for tests of what moves ghosts. */

enum { SUBJECT_FIELDS = 3, SUBJECT_COMPS = 3 };

struct subject {
    pld_grid *grid;
    int nfields;
    pld_field *fields[SUBJECT_FIELDS];
};

/* A grid of any dimensions and process grid, some ranks empty. */
void subject_draw_grid(pld_grid **out);

/* A field of any type, components, layout and stagger, with halos up to
 * `most`. */
void subject_draw_field(pld_grid *grid, int64_t most, pld_field **out);

/* A grid and fields. */
void subject_draw(int64_t most, struct subject *out);
void subject_destroy(struct subject *subject);

/* 4 by 6 points on each rank, periodic, cut along the first dimension, with
 * one or more fields of halo 2: "depth" of this type, then "speed" of i32. */
void subject_square(pld_type type, int nfields, struct subject *out);

/* A halo over all its fields. */
void subject_halo(const struct subject *subject, pld_halo **out);

/* How far a field is exchanged. */
struct reach {
    pld_stencil stencil;
    int64_t low[PLD_MAXDIM];
    int64_t high[PLD_MAXDIM];
};

struct reach reach_of(const pld_field *field, const pld_halo_spec *spec);

/* Whether an index is one of `own` or a ghost that the exchange fills, as long
 * as it stands for a point of the domain. */
bool is_reached(pld_box own, const struct reach *reach,
                const int64_t index[PLD_MAXDIM]);

/* The point that an index stands for; false when it is outside. */
bool resolve(const pld_field *field, const int64_t index[PLD_MAXDIM],
             int64_t point[PLD_MAXDIM]);

/* Place in a box, counted along rows; -1 outside. */
int64_t offset_in(pld_box box, const int64_t index[PLD_MAXDIM]);

/* Where an element is. */
char *place_of(const pld_field *field, const int64_t index[PLD_MAXDIM],
               int comp);

#endif
