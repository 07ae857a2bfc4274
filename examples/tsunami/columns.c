/* Points as lines x y z, in any order in which the points of a regular grid
 * can run. */
#include "text.h"
#include "numbers.h"

#include <inttypes.h>
#include <math.h>

pld_status columns_skip_headings(struct lines *lines, struct raster *raster,
                                 int64_t *start)
{
    double numbers[3];
    raster->format = "columns x y z";
    for (int n = 0; n < 100; n++) {
        *start = lines->at;
        if (!lines_next(lines))
            break;
        if (numbers_in(lines->line, 3, numbers) >= 3)
            return PLD_OK;
    }
    PLD_RAISE(PLD_ERR_FORMAT,
              "%s is not a bathymetry that is known here: its first lines hold "
              "neither x y z nor ncols",
              raster->path);
}

/* A number at a place of the file: each rank knows those of its share. */
static double known(const struct raster *raster, int64_t place)
{
    bool mine = place >= raster->first && place < raster->first + raster->count;
    return mine ? raster->values[place - raster->first] : -INFINITY;
}

/* How many points run along the fast coordinate: those that have the slow one
 * in common with the first. */
static pld_status count_row(const struct raster *raster, int slow,
                            double common, int64_t npoints, int64_t *out)
{
    *out = 0;
    for (int64_t n = 0; n < raster->count; n += 3)
        *out += raster->values[n + slow] == common;
    PLD_TRY(pld_reduce(raster->ctx, PLD_SUM, PLD_I64, out, 1, out));
    PLD_CHECK(npoints % *out == 0 && npoints > *out, PLD_ERR_FORMAT,
              "%s: %" PRId64 " points are no multiple of the %" PRId64
              " in a row with the first: a row is too short or too long",
              raster->path, npoints, *out);
    return PLD_OK;
}

/* Whether the points run along x or y first, and how far: told by the first
 * two and the last of them. */
static pld_status find_order(struct raster *raster, int64_t npoints)
{
    int64_t end = 3 * npoints;
    double first[6] = {known(raster, 0),       known(raster, 1),
                       known(raster, 3),       known(raster, 4),
                       known(raster, end - 3), known(raster, end - 2)};
    PLD_TRY(pld_reduce(raster->ctx, PLD_MAX, PLD_F64, first, 6, first));
    const double *second = first + 2;
    const double *last = first + 4;
    raster->x_slow = first[0] == second[0];
    PLD_CHECK(raster->x_slow != (first[1] == second[1]), PLD_ERR_FORMAT,
              "%s: from point 0 (%g, %g) to point 1 (%g, %g) one of x and y "
              "should stay and the other change",
              raster->path, first[0], first[1], second[0], second[1]);
    int slow = raster->x_slow ? 0 : 1;
    int64_t row = 0;
    PLD_TRY(count_row(raster, slow, first[slow], npoints, &row));
    raster->nx = raster->x_slow ? npoints / row : row;
    raster->ny = raster->x_slow ? row : npoints / row;
    raster->x0 = first[0];
    raster->y0 = first[1];
    raster->dx = (last[0] - first[0]) / (double)(raster->nx - 1);
    raster->dy = (last[1] - first[1]) / (double)(raster->ny - 1);
    return PLD_OK;
}

static pld_status check_points(const struct raster *raster)
{
    double far_x = 0.2 * fabs(raster->dx);
    double far_y = 0.2 * fabs(raster->dy);
    for (int64_t n = 0; n < raster->count; n += 3) {
        const double *point = raster->values + n;
        int64_t y;
        int64_t x;
        text_point(raster, (raster->first + n) / 3, &y, &x);
        double at_x = raster->x0 + (double)x * raster->dx;
        double at_y = raster->y0 + (double)y * raster->dy;
        PLD_CHECK(fabs(point[0] - at_x) <= far_x &&
                      fabs(point[1] - at_y) <= far_y,
                  PLD_ERR_FORMAT,
                  "%s: the points are not regular: point %" PRId64
                  " is (%g, %g), not (%g, %g)",
                  raster->path, (raster->first + n) / 3, point[0], point[1],
                  at_x, at_y);
    }
    return PLD_OK;
}

static void keep_z(struct raster *raster)
{
    raster->first /= 3;
    raster->count /= 3;
    for (int64_t n = 0; n < raster->count; n++)
        raster->values[n] = raster->values[3 * n + 2];
}

static void count_upward(double *first, double *spacing, int64_t count,
                         bool *down)
{
    *down = *spacing < 0.0;
    if (*down) {
        *first += (double)(count - 1) * *spacing;
        *spacing = -*spacing;
    }
}

pld_status columns_arrange(struct raster *raster, int64_t npoints)
{
    PLD_CHECK(npoints >= 4, PLD_ERR_FORMAT,
              "%s holds %" PRId64 " points: too few for a grid", raster->path,
              npoints);
    PLD_TRY(find_order(raster, npoints));
    PLD_TRY(pld_agree(raster->ctx, check_points(raster)));
    keep_z(raster);
    count_upward(&raster->x0, &raster->dx, raster->nx, &raster->x_down);
    count_upward(&raster->y0, &raster->dy, raster->ny, &raster->y_down);
    return PLD_OK;
}
