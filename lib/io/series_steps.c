#include "io/series.h"
#include "io/variable.h"

#include "base/alloc.h"
#include "par/message.h"
#include "polder/agree.h"

#include <string.h>

/* --- Times -------------------------------------------------------------------
 */

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

static pld_status open_time(const pld_file *file, hid_t *out,
                            struct pld_shape *shape)
{
    PLD_CHECK(pld_variable_exists(file, "time"), PLD_ERR_FORMAT,
              "'%s' is not a time series: it has no variable 'time'",
              file->path);
    PLD_TRY(pld_variable_open(file, "time", out));
    PLD_TRY(pld_variable_check_read(*out, "time", PLD_F64));
    PLD_TRY(pld_variable_shape(*out, shape));
    PLD_CHECK(shape->ndims == 1, PLD_ERR_FORMAT,
              "'%s' is not a time series: 'time' has %d dimensions", file->path,
              shape->ndims);
    return PLD_OK;
}

static pld_status find_times(pld_series *series)
{
    pld_status status = PLD_OK;
    struct pld_shape shape;
    hid_t time = H5I_INVALID_HID;
    PLD_TRY_TO(out, open_time(series->file, &time, &shape));
    series->nsteps = (int64_t)shape.size[0];
    PLD_TRY_TO(out, pld_series_make_room(series, series->nsteps));
    if (series->nsteps > 0)
        PLD_H5_TO(out, PLD_ERR_CORRUPT,
                  H5Dread(time, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL,
                          H5P_DEFAULT, series->times),
                  "cannot read the times in '%s'", series->file->path);
out:
    pld_h5_close(time);
    return status;
}

static pld_status put(hid_t time, hid_t space, hsize_t step, double value)
{
    const hsize_t one = 1;
    pld_status status = PLD_OK;
    hid_t memory = H5Screate(H5S_SCALAR);
    PLD_H5_TO(
        out, PLD_ERR_INTERNAL,
        H5Sselect_hyperslab(space, H5S_SELECT_SET, &step, NULL, &one, NULL),
        "cannot select a time");
    PLD_H5_TO(
        out, PLD_ERR_IO,
        H5Dwrite(time, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, &value),
        "cannot write a time");
out:
    pld_h5_close(memory);
    return status;
}

pld_status pld_series_put_time(pld_series *series, int64_t step, double time)
{
    pld_status status = PLD_OK;
    struct pld_shape shape;
    hid_t id = H5I_INVALID_HID;
    hid_t space = H5I_INVALID_HID;
    PLD_TRY_TO(out, open_time(series->file, &id, &shape));
    space = H5Dget_space(id);
    PLD_TRY_TO(out, put(id, space, (hsize_t)step, time));
out:
    pld_h5_close(space);
    pld_h5_close(id);
    return status;
}

/* --- Lengths -----------------------------------------------------------------
 */

static pld_status change_length(hid_t dataset, const char *name, int64_t nsteps)
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

static pld_status set_length(pld_series *series, const char *name,
                             int64_t nsteps)
{
    hid_t dataset = H5I_INVALID_HID;
    PLD_TRY(pld_variable_open(series->file, name, &dataset));
    pld_status status = change_length(dataset, name, nsteps);
    pld_h5_close(dataset);
    return status;
}

pld_status pld_series_set_time_length(pld_series *series, int64_t nsteps)
{
    return set_length(series, "time", nsteps);
}

pld_status pld_series_set_field_lengths(pld_series *series, int64_t nsteps)
{
    for (int i = 0; i < series->nfields; i++)
        PLD_TRY(set_length(series, series->fields[i]->name, nsteps));
    return PLD_OK;
}

/* --- Steps -------------------------------------------------------------------
 */

static pld_status check_field(const pld_series *series, const pld_field *field,
                              hid_t dataset)
{
    struct pld_shape shape = pld_shape_of(field);
    struct pld_shape there;
    PLD_TRY(pld_variable_check_type(dataset, field->name, field->type));
    PLD_TRY(pld_variable_check_shape(dataset, field->name, 1, &shape));
    PLD_TRY(pld_variable_shape(dataset, &there));
    PLD_CHECK((int64_t)there.size[0] >= series->nsteps, PLD_ERR_CORRUPT,
              "'%s' has %lld steps, 'time' has %lld", field->name,
              (long long)there.size[0], (long long)series->nsteps);
    return PLD_OK;
}

static pld_status find_fields(const pld_series *series)
{
    for (int i = 0; i < series->nfields; i++) {
        const pld_field *field = series->fields[i];
        hid_t dataset = H5I_INVALID_HID;
        PLD_TRY(pld_variable_open(series->file, field->name, &dataset));
        pld_status status = check_field(series, field, dataset);
        pld_h5_close(dataset);
        PLD_TRY(status);
    }
    return PLD_OK;
}

pld_status pld_series_find_step(pld_series *series, int64_t step)
{
    for (int i = 0; i < series->nfields; i++) {
        const pld_field *field = series->fields[i];
        hid_t dataset = H5I_INVALID_HID;
        PLD_TRY(pld_variable_open(series->file, field->name, &dataset));
        pld_status status = pld_stored_find(dataset, step, field->grid->ndims,
                                            field->ncomps, &series->stored[i]);
        pld_h5_close(dataset);
        PLD_TRY(status);
    }
    return PLD_OK;
}

pld_status pld_series_take_step(pld_series *series)
{
    for (int i = 0; i < series->nfields; i++) {
        const struct pld_stored *stored = &series->stored[i];
        const int64_t *brick = stored->bricks.brick;
        int64_t bytes = brick[0] * brick[1] * brick[2] * stored->bricks.point;
        for (int64_t n = 0; n < stored->nplaces; n++)
            PLD_TRY(
                pld_file_take_space(series->file, stored->places[n], bytes));
    }
    return PLD_OK;
}

/* --- Finding -----------------------------------------------------------------
 */

static pld_status read_geometry(pld_series *series)
{
    int ndims = series->fields[0]->grid->ndims;
    PLD_TRY(pld_file_read_attribute(series->file, NULL, "grid_origin", PLD_F64,
                                    ndims, series->origin));
    return pld_file_read_attribute(series->file, NULL, "grid_spacing", PLD_F64,
                                   ndims, series->spacing);
}

static pld_status share_times(pld_series *series)
{
    pld_ctx *ctx = series->file->ctx;
    PLD_TRY(pld_broadcast(ctx, &series->nsteps, (int64_t)sizeof(int64_t), 0));
    PLD_TRY(pld_agree(ctx, pld_series_make_room(series, series->nsteps)));
    return pld_broadcast(ctx, series->times,
                         series->nsteps * (int64_t)sizeof *series->times, 0);
}

/* A step whose time was not written any more is forgotten. */
pld_status pld_series_find(pld_series *series)
{
    pld_file *file = series->file;
    pld_status status = PLD_OK;
    if (pld_file_leads(file))
        status = find_times(series);
    if (pld_file_leads(file) && status == PLD_OK)
        status = find_fields(series);
    PLD_TRY(pld_agree(file->ctx, status));
    PLD_TRY(share_times(series));
    if (!file->writable)
        return PLD_OK;
    PLD_TRY(read_geometry(series));
    if (pld_file_leads(file))
        status = pld_series_set_field_lengths(series, series->nsteps);
    return pld_agree(file->ctx, status);
}
