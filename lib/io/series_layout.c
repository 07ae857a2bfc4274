#include "io/series.h"
#include "io/attribute.h"
#include "io/axes.h"
#include "io/check.h"
#include "io/dataset.h"
#include "io/pieces.h"
#include "io/variable.h"

#include "base/alloc.h"
#include "base/overflow.h"
#include "polder/agree.h"

#include <hdf5_hl.h>
#include <string.h>

/* Bytes of a chunk, at most, where a row allows; and times of one. */
#define CHUNK_BYTES ((int64_t)4 << 20)
#define CHUNK_TIMES 512

/* --- What the user wants ---------------------------------------------------
 */

static pld_status check_field(const pld_series_spec *spec, int i)
{
    const pld_field *field = spec->fields[i];
    PLD_TRY(pld_field_check(field, "a field of the series"));
    PLD_CHECK(field->grid == spec->fields[0]->grid, PLD_ERR_ARG,
              "fields '%s' and '%s' live on two grids", field->name,
              spec->fields[0]->name);
    PLD_CHECK(strcmp(field->name, "time") != 0, PLD_ERR_ARG,
              "field 'time' has the name of the dimension");
    for (int j = 0; j < i; j++)
        PLD_CHECK(strcmp(field->name, spec->fields[j]->name) != 0, PLD_ERR_ARG,
                  "two fields are called '%s'", field->name);
    return PLD_OK;
}

static pld_status check_spec(const pld_series_spec *spec)
{
    PLD_CHECK(spec != NULL, PLD_ERR_ARG, "spec is NULL");
    PLD_CHECK(spec->nfields >= 1, PLD_ERR_ARG,
              "nfields is %d: a series has at least 1 field", spec->nfields);
    PLD_CHECK(spec->fields != NULL, PLD_ERR_ARG, "fields is NULL");
    for (int i = 0; i < spec->nfields; i++)
        PLD_TRY(check_field(spec, i));
    int ndims = pld_grid_ndims(spec->fields[0]->grid);
    PLD_CHECK(spec->naxes == 0 || spec->naxes == ndims, PLD_ERR_ARG,
              "naxes is %d: the grid has %d dimensions", spec->naxes, ndims);
    return PLD_OK;
}

pld_status pld_series_check_spec(pld_ctx *ctx, const pld_series_spec *spec)
{
    PLD_TRY(pld_agree(ctx, check_spec(spec)));
    int numbers[2] = {spec->nfields, spec->naxes};
    PLD_TRY(pld_agree_same(ctx, "nfields or naxes", numbers, sizeof numbers));
    for (int i = 0; i < spec->nfields; i++) {
        PLD_TRY(pld_io_check_name(ctx, "field", spec->fields[i]->name, false));
        PLD_TRY(pld_io_check_field(ctx, spec->fields[i]));
    }
    if (spec->naxes > 0)
        PLD_TRY(pld_axes_check(ctx, spec->naxes, spec->axes));
    const char *units = spec->time_units != NULL ? spec->time_units : "s";
    return pld_agree_same(ctx, "time_units", units, strlen(units));
}

/* --- Chunks -----------------------------------------------------------------
 */

/* One step deep. */
static struct pld_shape chunk_of(const pld_field *field)
{
    struct pld_shape shape = pld_shape_of(field);
    int64_t size[PLD_MAXDIM + 1];
    int64_t chunk[PLD_MAXDIM + 1];
    for (int d = 0; d < shape.ndims; d++)
        size[d] = (int64_t)shape.size[d];
    pld_chunk_shape(shape.ndims, size,
                    CHUNK_BYTES / (int64_t)pld_type_size(field->type), chunk);
    struct pld_shape out = {.ndims = shape.ndims + 1, .size = {1}};
    for (int d = 0; d < shape.ndims; d++)
        out.size[d + 1] = (hsize_t)chunk[d];
    return out;
}

/* Whole chunks, as they lie in the file. */
pld_status pld_series_add_bytes(const pld_field *field, int64_t *sum)
{
    struct pld_shape shape = pld_shape_of(field);
    struct pld_shape chunk = chunk_of(field);
    int64_t factors[PLD_MAXDIM + 2] = {(int64_t)pld_type_size(field->type)};
    for (int d = 0; d < shape.ndims; d++) {
        hsize_t length = chunk.size[d + 1];
        hsize_t nchunks = (shape.size[d] + length - 1) / length;
        factors[d + 1] = (int64_t)(nchunks * length);
    }
    int64_t bytes = 0;
    PLD_TRY(
        pld_size_product("bytes of a step", shape.ndims + 1, factors, &bytes));
    PLD_CHECK(pld_add_fits(*sum, bytes, sum), PLD_ERR_OVERFLOW,
              "bytes of a step are too many");
    return PLD_OK;
}

/* --- A new file -------------------------------------------------------------
 */

static pld_status create_time(pld_series *series, const char *units)
{
    static const hsize_t chunk = CHUNK_TIMES;
    struct pld_shape shape = {.ndims = 1};
    PLD_TRY(pld_variable_create(series->file, "time", PLD_F64, &shape, &chunk,
                                &series->time));
    PLD_H5(PLD_ERR_IO, H5DSset_scale(series->time, "time"),
           "cannot make 'time' a dimension");
    PLD_TRY(pld_attribute_put_text(series->time, "units", units));
    return pld_attribute_put_text(series->time, "axis", "T");
}

static pld_status create_field(pld_series *series, int i)
{
    pld_file *file = series->file;
    struct pld_series_field *item = &series->fields[i];
    const char *name = item->field->name;
    struct pld_shape inner = pld_shape_of(item->field);
    struct pld_shape shape = {.ndims = inner.ndims + 1};
    struct pld_shape chunk = chunk_of(item->field);
    memcpy(shape.size + 1, inner.size,
           (size_t)inner.ndims * sizeof inner.size[0]);
    PLD_TRY(pld_variable_create(file, name, item->field->type, &shape,
                                chunk.size, &item->dataset));
    PLD_H5(PLD_ERR_IO, H5DSattach_scale(item->dataset, series->time, 0),
           "cannot attach 'time' to '%s'", name);
    return PLD_OK;
}

/* For those who go on with the series and need not know. */
static pld_status write_geometry(pld_series *series,
                                 const pld_series_spec *spec)
{
    int ndims = series->fields[0].field->grid->ndims;
    for (int d = 0; d < ndims; d++) {
        bool given = spec->naxes > 0;
        double spacing = given ? spec->axes[d].spacing : 1;
        series->origin[d] = given ? spec->axes[d].origin : 0;
        series->spacing[d] = spacing != 0 ? spacing : 1;
    }
    PLD_TRY(pld_file_write_attribute(series->file, NULL, "grid_origin", PLD_F64,
                                     ndims, series->origin));
    return pld_file_write_attribute(series->file, NULL, "grid_spacing", PLD_F64,
                                    ndims, series->spacing);
}

pld_status pld_series_lay_out(pld_series *series, const pld_series_spec *spec)
{
    pld_file *file = series->file;
    const char *units = spec->time_units != NULL ? spec->time_units : "s";
    PLD_TRY(pld_file_check_space(file, 0));
    if (spec->naxes > 0)
        PLD_TRY(pld_file_set_axes(file, spec->naxes, spec->axes));
    PLD_TRY(write_geometry(series, spec));
    PLD_TRY(pld_agree(file->ctx, create_time(series, units)));
    for (int i = 0; i < series->nfields; i++) {
        const struct pld_series_field *item = &series->fields[i];
        PLD_TRY(pld_agree(file->ctx, create_field(series, i)));
        PLD_TRY(pld_axes_attach(file, item->dataset, item->field, 1));
    }
    return PLD_OK;
}

/* --- A file that is there ---------------------------------------------------
 */

static pld_status find_time(pld_series *series)
{
    const pld_file *file = series->file;
    struct pld_shape shape;
    PLD_CHECK(pld_variable_exists(file, "time"), PLD_ERR_FORMAT,
              "'%s' is not a time series: it has no variable 'time'",
              file->path);
    PLD_TRY(pld_variable_open(file, "time", &series->time));
    PLD_TRY(pld_variable_check_read(series->time, "time", PLD_F64));
    PLD_TRY(pld_variable_shape(series->time, &shape));
    PLD_CHECK(shape.ndims == 1, PLD_ERR_FORMAT,
              "'%s' is not a time series: 'time' has %d dimensions", file->path,
              shape.ndims);
    series->nsteps = (int64_t)shape.size[0];
    return pld_series_make_room(series, series->nsteps);
}

static pld_status find_field(pld_series *series, int i)
{
    struct pld_series_field *item = &series->fields[i];
    const char *name = item->field->name;
    struct pld_shape shape = pld_shape_of(item->field);
    struct pld_shape there;
    PLD_TRY(pld_variable_open(series->file, name, &item->dataset));
    PLD_TRY(pld_variable_check_type(item->dataset, name, item->field->type));
    PLD_TRY(pld_variable_check_shape(item->dataset, name, 1, &shape));
    PLD_TRY(pld_variable_shape(item->dataset, &there));
    PLD_CHECK((int64_t)there.size[0] >= series->nsteps, PLD_ERR_CORRUPT,
              "'%s' has %lld steps, 'time' has %lld", name,
              (long long)there.size[0], (long long)series->nsteps);
    return PLD_OK;
}

static pld_status find_all(pld_series *series)
{
    PLD_TRY(find_time(series));
    for (int i = 0; i < series->nfields; i++)
        PLD_TRY(find_field(series, i));
    return PLD_OK;
}

static pld_status read_geometry(pld_series *series)
{
    int ndims = series->fields[0].field->grid->ndims;
    PLD_TRY(pld_file_read_attribute(series->file, NULL, "grid_origin", PLD_F64,
                                    ndims, series->origin));
    return pld_file_read_attribute(series->file, NULL, "grid_spacing", PLD_F64,
                                   ndims, series->spacing);
}

void pld_series_let_go(pld_series *series)
{
    pld_h5_close(series->time);
    series->time = H5I_INVALID_HID;
    for (int i = 0; i < series->nfields; i++) {
        pld_h5_close(series->fields[i].dataset);
        series->fields[i].dataset = H5I_INVALID_HID;
    }
}

/* A step whose time was not written any more is forgotten. */
pld_status pld_series_find(pld_series *series)
{
    pld_file *file = series->file;
    PLD_TRY(pld_agree(file->ctx, find_all(series)));
    if (!file->writable)
        return PLD_OK;
    PLD_TRY(read_geometry(series));
    return pld_series_set_field_lengths(series, series->nsteps);
}

pld_status pld_series_read_times(pld_series *series)
{
    struct pld_target target = pld_series_times(series);
    return pld_data_read_line(series->file, &target, 0, series->nsteps,
                              series->times);
}

/* --- Lengths
 * ------------------------------------------------------------------ */

struct pld_target pld_series_times(const pld_series *series)
{
    return (struct pld_target){.dataset = series->time,
                               .name = "time",
                               .step = -1,
                               .ndims = 1,
                               .ncomps = 1,
                               .type = PLD_F64};
}

pld_status pld_series_make_room(pld_series *series, int64_t nsteps)
{
    if (nsteps <= series->times_room)
        return PLD_OK;
    double *times = NULL;
    int64_t room = 2 * nsteps;
    PLD_TRY(pld_alloc("times of a series", room, sizeof *times, &times));
    if (series->times != NULL)
        memcpy(times, series->times,
               (size_t)series->times_room * sizeof *times);
    pld_free(series->times);
    series->times = times;
    series->times_room = room;
    return PLD_OK;
}

static pld_status set_length(hid_t dataset, const char *name, int64_t nsteps)
{
    struct pld_shape shape;
    PLD_TRY(pld_variable_shape(dataset, &shape));
    if (shape.size[0] == (hsize_t)nsteps)
        return PLD_OK;
    shape.size[0] = (hsize_t)nsteps;
    PLD_H5(PLD_ERR_IO, H5Dset_extent(dataset, shape.size),
           "cannot make '%s' %lld steps long", name, (long long)nsteps);
    return PLD_OK;
}

pld_status pld_series_set_time_length(pld_series *series, int64_t nsteps)
{
    return pld_agree(series->file->ctx,
                     set_length(series->time, "time", nsteps));
}

pld_status pld_series_set_field_lengths(pld_series *series, int64_t nsteps)
{
    pld_status status = PLD_OK;
    for (int i = 0; i < series->nfields && status == PLD_OK; i++)
        status = set_length(series->fields[i].dataset,
                            series->fields[i].field->name, nsteps);
    return pld_agree(series->file->ctx, status);
}
