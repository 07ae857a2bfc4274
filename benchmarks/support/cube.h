#ifndef CUBE_H
#define CUBE_H

#include <polder.h>

/* Halo exchange of the same cube of f64 on every rank, cut along one dimension:
 * our side of it. */

enum { CUBE_MAX_FIELDS = 8 };

struct cube_setting {
    int64_t edge; /* points of a rank along each dimension */
    int64_t width;
    int ncomps; /* interleaved */
    int nfields;
    int cut; /* the dimension that is cut */
    bool periodic;
    pld_stencil stencil;
};

struct cube {
    struct cube_setting setting;
    pld_grid *grid;
    pld_field *fields[CUBE_MAX_FIELDS];
    pld_halo *halo;
};

pld_status cube_create(pld_ctx *ctx, const struct cube_setting *setting,
                       struct cube *out);
pld_status cube_destroy(struct cube *cube);

/* One exchange; an error ends the program. */
void cube_exchange(struct cube *cube);

/* A time step of some simulation: reads and writes all values. */
void cube_touch(const struct cube *cube);

/* Values of all own points, ghosts 0; and whether one exchange filled the right
 * ones on all ranks. */
void cube_reset(struct cube *cube);
bool cube_is_right(const struct cube *cube);

/* "64^3 x 4 width 1 slowest star periodic" */
void cube_name(const struct cube_setting *setting, char text[80]);

#endif
