/* Bathymetry in netCDF-4 or HDF5, as GEBCO ships it: a variable of latitude and
 * longitude (or y and x) and its coordinates. Each rank reads only its box. */
#include "raster.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Look for a variable by several names; `out` gets the first that is there. */
static pld_status find(struct raster *raster, const char *const *names,
                       const char **out, pld_variable *variable)
{
    *out = NULL;
    for (int n = 0; names[n] != NULL && *out == NULL; n++) {
        pld_status status = pld_file_inquire(raster->file, names[n], variable);
        if (status == PLD_OK)
            *out = names[n];
        else if (status != PLD_ERR_NOENT)
            PLD_TRY(status);
    }
    return PLD_OK;
}

/* First value and spacing of a coordinate, which must be regular. */
static pld_status measure(const char *path, const char *name,
                          const double *values, int64_t count, double *first,
                          double *spacing)
{
    double step = (values[count - 1] - values[0]) / (double)(count - 1);
    PLD_CHECK(step != 0.0, PLD_ERR_FORMAT, "%s: %s does not change", path,
              name);
    for (int64_t n = 0; n < count; n++) {
        double there = values[0] + (double)n * step;
        PLD_CHECK(fabs(values[n] - there) < 0.1 * fabs(step), PLD_ERR_FORMAT,
                  "%s: %s is not regular: value %" PRId64 " is %g, not %g",
                  path, name, n, values[n], there);
    }
    *first = step < 0.0 ? values[count - 1] : values[0];
    *spacing = fabs(step);
    return PLD_OK;
}

static pld_status read_axis(struct raster *raster, const char *name,
                            int64_t count, double *first, double *spacing,
                            bool *down)
{
    pld_box box = {{0, 0, 0}, {count, 1, 1}};
    double *values = calloc((size_t)count, sizeof *values);
    pld_status status = PLD_OK;
    PLD_CHECK_TO(out, values != NULL, PLD_ERR_MEMORY,
                 "no memory for %" PRId64 " coordinates", count);
    PLD_TRY_TO(out,
               pld_file_read_box(raster->file, name, box, PLD_F64, values));
    PLD_TRY_TO(out, measure(raster->path, name, values, count, first, spacing));
    *down = values[count - 1] < values[0];
out:
    free(values);
    return status;
}

/* A number that a variable may have as an attribute. */
static pld_status read_optional(struct raster *raster, const char *name,
                                double *out)
{
    double value = 0.0;
    pld_status status = pld_file_read_attribute(raster->file, raster->variable,
                                                name, PLD_F64, 1, &value);
    if (status == PLD_OK)
        *out = value;
    return status == PLD_ERR_NOENT ? PLD_OK : status;
}

static pld_status read_axes(struct raster *raster, const int64_t size[2])
{
    static const char *const y_names[] = {"lat", "latitude", "y", NULL};
    static const char *const x_names[] = {"lon", "longitude", "x", NULL};
    const char *y = NULL;
    const char *x = NULL;
    pld_variable along_y = {0};
    pld_variable along_x = {0};
    PLD_TRY(find(raster, y_names, &y, &along_y));
    PLD_TRY(find(raster, x_names, &x, &along_x));
    PLD_CHECK(y != NULL && x != NULL, PLD_ERR_FORMAT,
              "%s has no coordinates lat and lon, or y and x", raster->path);
    PLD_CHECK(along_y.size[0] == size[0] && along_x.size[0] == size[1] &&
                  size[0] >= 2 && size[1] >= 2,
              PLD_ERR_SHAPE,
              "%s: %s has %" PRId64 " x %" PRId64 " values; it should be over "
              "%s and %s, of at least 2 values each",
              raster->path, raster->variable, size[0], size[1], y, x);
    raster->ny = size[0];
    raster->nx = size[1];
    raster->degrees = y[0] == 'l';
    PLD_TRY(read_axis(raster, y, raster->ny, &raster->y0, &raster->dy,
                      &raster->y_down));
    return read_axis(raster, x, raster->nx, &raster->x0, &raster->dx,
                     &raster->x_down);
}

pld_status netcdf_open(struct raster *raster)
{
    static const char *const names[] = {"elevation", "z", "Band1", "topo",
                                        NULL};
    const char *name = NULL;
    pld_variable variable = {0};
    raster->format = "netCDF-4";
    PLD_TRY(pld_file_open(raster->ctx, raster->path, false, &raster->file));
    PLD_TRY(find(raster, names, &name, &variable));
    PLD_CHECK(name != NULL, PLD_ERR_NOENT,
              "%s has none of the variables elevation, z, Band1, topo: %s",
              raster->path, pld_error_last()->text);
    PLD_CHECK(variable.ndims == 2, PLD_ERR_SHAPE,
              "%s: %s has %d dimensions, not 2", raster->path, name,
              variable.ndims);
    snprintf(raster->variable, sizeof raster->variable, "%s", name);
    PLD_TRY(read_axes(raster, variable.size));
    PLD_TRY(read_optional(raster, "missing_value", &raster->nodata));
    PLD_TRY(read_optional(raster, "_FillValue", &raster->nodata));
    PLD_TRY(read_optional(raster, "scale_factor", &raster->scale));
    return read_optional(raster, "add_offset", &raster->offset);
}

static void reverse(double *values, int64_t count, int64_t stride)
{
    for (int64_t a = 0, b = count - 1; a < b; a++, b--) {
        double value = values[a * stride];
        values[a * stride] = values[b * stride];
        values[b * stride] = value;
    }
}

pld_status netcdf_read(struct raster *raster, pld_box box, double *out)
{
    pld_box there = box;
    if (raster->y_down)
        there.first[0] = raster->ny - box.first[0] - box.count[0];
    if (raster->x_down)
        there.first[1] = raster->nx - box.first[1] - box.count[1];
    PLD_TRY(
        pld_file_read_box(raster->file, raster->variable, there, PLD_F64, out));
    int64_t volume = pld_box_volume(box);
    for (int64_t n = 0; n < volume; n++)
        out[n] = out[n] == raster->nodata
                     ? NAN
                     : raster->offset + raster->scale * out[n];
    for (int64_t x = 0; raster->y_down && x < box.count[1]; x++)
        reverse(out + x, box.count[0], box.count[1]);
    for (int64_t y = 0; raster->x_down && y < box.count[0]; y++)
        reverse(out + y * box.count[1], box.count[1], 1);
    return PLD_OK;
}
