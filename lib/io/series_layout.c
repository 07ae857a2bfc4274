#include "io/series.h"
#include "io/attribute.h"
#include "io/axes.h"
#include "io/check.h"
#include "io/dataset.h"
#include "io/links.h"
#include "io/pieces.h"
#include "io/variable.h"

#include "base/alloc.h"
#include "base/overflow.h"
#include "polder/agree.h"

#include <string.h>

/* Bytes of a chunk, at most, where a row allows; and times of one. Chunks are
 * not filtered, so that readers need not read all of one: large ones make long
 * runs, for HDF5 must know each by name. */
#define CHUNK_BYTES ((int64_t)64 << 20)
#define CHUNK_TIMES 512

static int64_t chunk_bytes = CHUNK_BYTES;

void pld_series_set_chunk_bytes(int64_t bytes)
{
    chunk_bytes = bytes > 0 ? bytes : CHUNK_BYTES;
}

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
                    chunk_bytes / (int64_t)pld_type_size(field->type), chunk);
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

static pld_status create_time(pld_series *series, const char *units, hid_t *out,
                              struct pld_scale_known **known)
{
    const struct pld_scale_key key = {.name = "time", .type = PLD_F64};
    static const hsize_t chunk = CHUNK_TIMES;
    const struct pld_variable_plan plan = {
        .type = PLD_F64, .shape = {.ndims = 1}, .chunk = &chunk, .grows = true};
    PLD_TRY(pld_variable_create(series->file, "time", &plan, out));
    PLD_TRY(pld_scale_mark(*out, "time"));
    PLD_TRY(pld_attribute_put_text(*out, "units", units));
    PLD_TRY(pld_attribute_put_text(*out, "axis", "T"));
    return pld_scale_remember(series->file, &key, *out, known);
}

static pld_status create_field(pld_series *series, int i,
                               struct pld_scale_known *time)
{
    pld_status status = PLD_OK;
    hid_t dataset = H5I_INVALID_HID;
    const pld_field *field = series->fields[i];
    struct pld_shape inner = pld_shape_of(field);
    struct pld_shape chunk = chunk_of(field);
    struct pld_variable_plan plan = {.type = field->type,
                                     .shape = {.ndims = inner.ndims + 1},
                                     .chunk = chunk.size,
                                     .grows = true};
    memcpy(plan.shape.size + 1, inner.size,
           (size_t)inner.ndims * sizeof inner.size[0]);
    PLD_TRY_TO(out,
               pld_variable_create(series->file, field->name, &plan, &dataset));
    PLD_TRY_TO(out, pld_axes_attach(series->file, dataset, field, time));
out:
    pld_h5_close(dataset);
    return status;
}

static pld_status create_variables(pld_series *series, const char *units)
{
    pld_status status = PLD_OK;
    hid_t time = H5I_INVALID_HID;
    struct pld_scale_known *known = NULL;
    PLD_TRY_TO(out, pld_file_check_space(series->file, 0));
    PLD_TRY_TO(out, create_time(series, units, &time, &known));
    for (int i = 0; i < series->nfields; i++)
        PLD_TRY_TO(out, create_field(series, i, known));
out:
    pld_h5_close(time);
    return status;
}

/* For those who go on with the series and need not know. */
static pld_status write_geometry(pld_series *series,
                                 const pld_series_spec *spec)
{
    int ndims = series->fields[0]->grid->ndims;
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
    pld_status status = PLD_OK;
    const char *units = spec->time_units != NULL ? spec->time_units : "s";
    if (spec->naxes > 0)
        PLD_TRY(pld_file_set_axes(file, spec->naxes, spec->axes));
    PLD_TRY(write_geometry(series, spec));
    if (pld_file_leads(file))
        status = create_variables(series, units);
    return pld_agree(file->ctx, status);
}
