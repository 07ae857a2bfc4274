/* What lies beyond the sides: a wall mirrors, an open side lets waves leave,
 * and through the incident side one comes in. */
#include "model.h"

/* One side of the domain, and what its ghosts take after. */
struct edge {
    int dim; /* 0: across y, 1: across x */
    int high;
    enum side kind;
    pld_box ghosts;
    int64_t size; /* cells along dim */
    int64_t row;  /* from a cell to the next row's */
    int64_t next; /* from a cell to the next one along dim */
};

static struct edge edge_of(const struct model *model, int dim, int high)
{
    pld_view view = pld_field_view(model->field[BED]);
    return (struct edge){
        .dim = dim,
        .high = high,
        .kind = model->side[dim][high],
        .ghosts = pld_field_outside(model->field[BED], dim, high),
        .size = pld_grid_domain(model->grid).count[dim],
        .row = view.stride[0],
        .next = view.stride[dim],
    };
}

/* Offset from the ghost at (y, x) to its image inside, or to the last cell
 * before the side. */
static int64_t inward(const struct edge *edge, int64_t y, int64_t x, bool last)
{
    int64_t ghost = edge->dim == 0 ? y : x;
    int64_t face = edge->high ? edge->size - 1 : 0;
    int64_t image = (edge->high ? 2 * edge->size : 0) - 1 - ghost;
    return ((last ? face : image) - ghost) * edge->next;
}

static void set_bed(double *bed, const struct edge *edge)
{
    pld_box box = edge->ghosts;
    for (int64_t y = box.first[0]; y < box.first[0] + box.count[0]; y++)
        for (int64_t x = box.first[1]; x < box.first[1] + box.count[1]; x++) {
            double *ghost = bed + y * edge->row + x;
            *ghost = ghost[inward(edge, y, x, edge->kind != WALL)];
        }
}

void boundary_of_bed(struct model *model)
{
    for (int dim = 0; dim < 2; dim++)
        for (int high = 0; high < 2; high++) {
            struct edge edge = edge_of(model, dim, high);
            set_bed(pld_field_view(model->field[BED]).f64, &edge);
        }
}

/* A state seen from one side, addressed by global indices. */
struct sight {
    double *depth;
    double *normal; /* momentum across the side */
    double *along;
};

static void mirror(struct sight ghost, int64_t image)
{
    *ghost.depth = ghost.depth[image];
    *ghost.normal = -ghost.normal[image];
    *ghost.along = ghost.along[image];
}

static void set_state(const struct model *model, const struct edge *edge,
                      struct sight state, double level, bool imposed)
{
    const double *bed = pld_field_view(model->field[BED]).f64;
    double inwards = edge->high ? -1.0 : 1.0;
    pld_box box = edge->ghosts;
    for (int64_t y = box.first[0]; y < box.first[0] + box.count[0]; y++)
        for (int64_t x = box.first[1]; x < box.first[1] + box.count[1]; x++) {
            int64_t at = y * edge->row + x;
            struct sight ghost = {state.depth + at, state.normal + at,
                                  state.along + at};
            if (edge->kind == WALL || bed[at] >= 0.0) {
                mirror(ghost, inward(edge, y, x, false));
                continue;
            }
            int64_t last = inward(edge, y, x, true);
            swe_inflow(&model->scheme, -bed[at], level, imposed,
                       ghost.depth[last], inwards * ghost.normal[last],
                       ghost.depth, ghost.normal);
            *ghost.normal *= inwards;
            *ghost.along = 0.0;
        }
}

void boundary_of_state(struct model *model, enum field first, double time)
{
    for (int dim = 0; dim < 2; dim++)
        for (int high = 0; high < 2; high++) {
            struct edge edge = edge_of(model, dim, high);
            bool imposed =
                edge.kind == INCIDENT && time < wave_end(&model->wave);
            double level = imposed ? wave_level(&model->wave, time) : 0.0;
            struct sight state = {
                pld_field_view(model->field[first]).f64,
                pld_field_view(model->field[first + 2 - dim]).f64,
                pld_field_view(model->field[first + 1 + dim]).f64};
            set_state(model, &edge, state, level, imposed);
        }
}
