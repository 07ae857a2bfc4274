#include "comm/window.h"

#include <math.h>

#include "mesh/field.h"

bool pld_window_fits(const pld_field *field, const double *position, int *dim)
{
    for (int d = 0; d < field->grid->ndims; d++) {
        double x = position[d];
        bool inside = x >= 0.0 && x <= (double)field->grid->size[d];
        *dim = d;
        if (field->grid->periodic[d] ? !isfinite(x) : !inside)
            return false;
    }
    return true;
}

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

/* The position along a dimension, counted in points of the field. */
static double place_along(const pld_field *field, int d, double x)
{
    double size = (double)field->grid->size[d];
    double centre = field->node[d] ? 0.0 : 0.5;
    if (!field->grid->periodic[d])
        return clamp(x - centre, 0.0,
                     (double)(pld_field_domain(field).count[d] - 1));
    x = fmod(x, size);
    x += x < 0.0 ? size : 0.0;
    return (x < size ? x : 0.0) - centre;
}

/* Four points around the place, moved inwards where the field ends. */
static void find_four(const pld_field *field, int d, double place,
                      struct pld_window *out)
{
    int64_t npoints = pld_field_domain(field).count[d];
    int64_t first = (int64_t)floor(place) - 1;
    int64_t count = PLD_MOST_AROUND;
    if (!field->grid->periodic[d]) {
        count = count < npoints ? count : npoints;
        first = first < npoints - count ? first : npoints - count;
        first = first > 0 ? first : 0;
    }
    out->box.first[d] = first;
    out->box.count[d] = count;
    out->at[d] = place - (double)first;
}

static void find_along(const pld_field *field, int d,
                       pld_interpolation interpolation, double place,
                       struct pld_window *out)
{
    double below = floor(interpolation == PLD_NEAREST ? place + 0.5 : place);
    bool at_point = interpolation == PLD_NEAREST || below == place;
    if (interpolation == PLD_CUBIC && !at_point) {
        find_four(field, d, place, out);
        return;
    }
    out->box.first[d] = (int64_t)below;
    out->box.count[d] = at_point ? 1 : 2;
    out->at[d] = at_point ? 0.0 : place - below;
}

struct pld_window pld_window_find(const pld_field *field,
                                  pld_interpolation interpolation,
                                  const double *position)
{
    struct pld_window window = {.box.count = {1, 1, 1}};
    for (int d = 0; d < field->grid->ndims; d++)
        find_along(field, d, interpolation, place_along(field, d, position[d]),
                   &window);
    return window;
}

/* Neville's scheme: value i becomes that of the polynomial through the points
 * i to i + order. Of equal values it makes the same one again. */
static double between(int64_t n, double *values, int64_t step, double at)
{
    for (int64_t order = 1; order < n; order++)
        for (int64_t i = 0; i < n - order; i++) {
            double *value = values + i * step;
            value[0] +=
                (at - (double)i) / (double)order * (value[step] - value[0]);
        }
    return values[0];
}

double pld_window_value(const struct pld_window *window, double *values,
                        int64_t step)
{
    const int64_t *count = window->box.count;
    int64_t row = count[2] * step;
    for (int64_t k = 0; k < count[0]; k++) {
        double *plane = values + k * count[1] * row;
        for (int64_t j = 0; j < count[1]; j++)
            between(count[2], plane + j * row, step, window->at[2]);
        between(count[1], plane, row, window->at[1]);
    }
    return between(count[0], values, count[1] * row, window->at[0]);
}
