/* The simulation: fields on a grid, what lies beyond its sides, the step. */
#ifndef MODEL_H
#define MODEL_H

#include <polder.h>

#include "swe.h"
#include "wave.h"

/* The rectangle of cells, and how it lies in the coordinates of its file. */
struct domain {
    int64_t nx;
    int64_t ny;
    double x0; /* low corner */
    double y0;
    double step_x; /* cell size in units of the coordinates */
    double step_y;
    double metres_x; /* metres to such a unit */
    double metres_y;
    bool degrees;
};

/* All fields lie alike in memory: one stride serves them all. */
enum field {
    DEPTH,
    MOMENTUM_X,
    MOMENTUM_Y,
    BED,
    INITIAL, /* surface at the start */
    HIGHEST, /* highest surface while wet, NEVER_WET */
    ARRIVAL, /* when it first left INITIAL, or -1 */
    GUESS_DEPTH,
    GUESS_X,
    GUESS_Y,
    NFIELDS
};

#define NEVER_WET (-1e30)

enum side { WALL, OPEN, INCIDENT };

struct model {
    pld_ctx *ctx;
    pld_grid *grid;
    pld_field *field[NFIELDS];
    pld_halo *halo[2]; /* of the state and of the guess */
    struct domain domain;
    enum side side[PLD_MAXDIM][2]; /* of dimension y, x; low and high */
    struct wave wave;
    struct swe_scheme scheme;
    double arrival; /* m off INITIAL that count as arrival */
    double time;
    int64_t step;
    double rate; /* the largest of all ranks, in steps a second */
};

/* Grid and fields, all zero. *Collective, agreed*. */
pld_status model_create(pld_ctx *ctx, const struct domain *domain,
                        struct model *out);
pld_status model_destroy(struct model *model);

/* Make the start from BED and the state: ghosts of the bed, records, rate.
 * *Collective*. */
pld_status model_start(struct model *model);

/* One step, not beyond `until`, which is met exactly. *Collective*. */
pld_status model_step(struct model *model, double until);

/* Water in m^3, at the start and now. *Collective*. */
pld_status model_volume(const struct model *model, double out[2]);
/* Digest of depth and momenta. *Collective*. */
pld_status model_digest(struct model *model, uint64_t *out);

/* The value of a field at a global index of this rank. */
static inline double *model_at(const struct model *model, enum field field,
                               int64_t y, int64_t x)
{
    pld_view view = pld_field_view(model->field[field]);
    return view.f64 + y * view.stride[0] + x;
}

/* boundary.c: ghosts beyond the sides. `first` is DEPTH or GUESS_DEPTH, the
 * first of a state's three fields. Local. */
void boundary_of_bed(struct model *model);
void boundary_of_state(struct model *model, enum field first, double time);

#endif
