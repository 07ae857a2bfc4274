#include "bed.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* Cells along a side, at least 1. */
static int64_t cells_along(double length, double size)
{
    double n = round(length / size);
    return n < 1.0 ? 1 : n > 1e9 ? (int64_t)1e9 : (int64_t)n;
}

pld_status bed_domain(const struct raster *raster, double resolution,
                      struct domain *out)
{
    double width = (double)(raster->nx - 1) * raster->dx;
    double height = (double)(raster->ny - 1) * raster->dy;
    *out = (struct domain){.nx = raster->nx - 1,
                           .ny = raster->ny - 1,
                           .x0 = raster->x0,
                           .y0 = raster->y0,
                           .metres_x = 1.0,
                           .metres_y = 1.0,
                           .degrees = raster->degrees};
    if (raster->degrees) {
        double radian = acos(-1.0) / 180.0;
        double middle = raster->y0 + 0.5 * height;
        PLD_CHECK(fabs(middle) + 0.5 * height < 89.0 && width <= 360.0,
                  PLD_ERR_ARG,
                  "%s: a map of %g x %g degrees about latitude %g cannot be "
                  "laid flat: cut out a smaller one",
                  raster->path, width, height, middle);
        out->metres_y = 6371e3 * radian;
        out->metres_x = out->metres_y * cos(middle * radian);
    }
    if (resolution > 0.0) {
        out->nx = cells_along(width * out->metres_x, resolution);
        out->ny = cells_along(height * out->metres_y, resolution);
    }
    out->step_x = width / (double)out->nx;
    out->step_y = height / (double)out->ny;
    return PLD_OK;
}

/* The bathymetry's points about this rank's cells. */
struct window {
    pld_box points;
    double *elevation;
    double per_cell[2]; /* points to a cell, along y and x */
    double sign;
};

/* The point before the centre of a cell; `share` gets how far it is to the
 * next, from 0 to 1. */
static int64_t point_before(const struct window *window, int dim, int64_t cell,
                            double *share)
{
    double place = ((double)cell + 0.5) * window->per_cell[dim];
    *share = place - floor(place);
    return (int64_t)floor(place);
}

static void interpolate(const int64_t cell[PLD_MAXDIM], void *value, void *data)
{
    const struct window *window = data;
    int64_t row = window->points.count[1];
    double up;
    double right;
    int64_t y = point_before(window, 0, cell[0], &up);
    int64_t x = point_before(window, 1, cell[1], &right);
    const double *p = window->elevation + (y - window->points.first[0]) * row +
                      x - window->points.first[1];
    double below = p[0] + right * (p[1] - p[0]);
    double above = p[row] + right * (p[row + 1] - p[row]);
    *(double *)value = window->sign * (below + up * (above - below));
}

static pld_status create_window(const struct raster *raster,
                                const struct model *model, struct window *out)
{
    pld_box own = pld_grid_owned(model->grid);
    out->per_cell[0] = (double)(raster->ny - 1) / (double)model->domain.ny;
    out->per_cell[1] = (double)(raster->nx - 1) / (double)model->domain.nx;
    out->points = own;
    for (int dim = 0; dim < 2 && !pld_box_empty(own); dim++) {
        double share;
        int64_t last = own.first[dim] + own.count[dim] - 1;
        int64_t first = point_before(out, dim, own.first[dim], &share);
        out->points.first[dim] = first;
        out->points.count[dim] =
            point_before(out, dim, last, &share) + 2 - first;
    }
    size_t volume = (size_t)pld_box_volume(out->points);
    out->elevation = calloc(volume + 1, sizeof *out->elevation);
    PLD_CHECK(out->elevation != NULL, PLD_ERR_MEMORY,
              "no memory for %zu points of %s", volume, raster->path);
    return PLD_OK;
}

/* Cells without an elevation become land that no wave reaches: as high as the
 * others are high or deep. */
static pld_status fill_gaps(struct model *model, int64_t *gaps)
{
    pld_box own = pld_grid_owned(model->grid);
    double most = 0.0;
    *gaps = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t y = own.first[0]; y < own.first[0] + own.count[0]; y++)
            for (int64_t x = own.first[1]; x < own.first[1] + own.count[1];
                 x++) {
                double *bed = model_at(model, BED, y, x);
                *gaps += pass == 0 && isnan(*bed);
                *bed = pass == 1 && isnan(*bed) ? most : *bed;
                most = fmax(most, fabs(*bed));
            }
        PLD_TRY(pld_reduce_f64(model->ctx, PLD_MAX, most, &most));
    }
    return pld_reduce(model->ctx, PLD_SUM, PLD_I64, gaps, 1, gaps);
}

pld_status bed_read(struct raster *raster, bool positive_down,
                    struct model *model, int64_t *nodata)
{
    struct window window = {.sign = positive_down ? -1.0 : 1.0};
    PLD_TRY(pld_agree(model->ctx, create_window(raster, model, &window)));
    PLD_TRY(raster_read(raster, window.points, window.elevation));
    PLD_TRY(pld_field_fill(model->field[BED], interpolate, &window));
    free(window.elevation);
    return fill_gaps(model, nodata);
}

/* Height of the source's hump over a cell. */
static double hump(const struct domain *domain, const double source[4],
                   int64_t y, int64_t x)
{
    double at_x = domain->x0 + ((double)x + 0.5) * domain->step_x;
    double at_y = domain->y0 + ((double)y + 0.5) * domain->step_y;
    double off_x = (at_x - source[0]) * domain->metres_x;
    double off_y = (at_y - source[1]) * domain->metres_y;
    double ratio = (off_x * off_x + off_y * off_y) / (source[2] * source[2]);
    return source[3] * exp(-ratio);
}

void bed_flood(struct model *model, const double source[4])
{
    pld_box own = pld_grid_owned(model->grid);
    for (int64_t y = own.first[0]; y < own.first[0] + own.count[0]; y++)
        for (int64_t x = own.first[1]; x < own.first[1] + own.count[1]; x++) {
            double bed = *model_at(model, BED, y, x);
            double level =
                source[2] > 0.0 ? hump(&model->domain, source, y, x) : 0.0;
            *model_at(model, DEPTH, y, x) =
                bed < 0.0 && level > bed ? level - bed : 0.0;
        }
}
