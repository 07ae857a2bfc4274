#include "io/series.h"
#include "io/check.h"
#include "io/dataset.h"
#include "io/xdmf.h"

#include "base/alloc.h"
#include "polder/agree.h"

#include <math.h>
#include <unistd.h>

/* --- Opening and closing -------------------------------------------------- */

static pld_status check_series(const pld_series *series)
{
    PLD_CHECK(series != NULL, PLD_ERR_ARG,
              "series is NULL: never opened, or closed");
    return pld_file_check(series->file);
}

static pld_status hold_fields(pld_series *series, const pld_series_spec *spec)
{
    PLD_TRY(pld_alloc("fields of a series", spec->nfields,
                      sizeof *series->fields, &series->fields));
    for (int i = 0; i < spec->nfields; i++) {
        series->fields[i] = (struct pld_series_field){
            .field = spec->fields[i], .dataset = H5I_INVALID_HID};
        pld_field_retain(spec->fields[i]);
        series->nfields++;
        PLD_TRY(pld_series_add_bytes(spec->fields[i], &series->step_bytes));
    }
    return PLD_OK;
}

static pld_status make_handle(const pld_series_spec *spec, pld_series **out)
{
    PLD_TRY(pld_alloc("series", 1, sizeof **out, out));
    (*out)->time = H5I_INVALID_HID;
    return hold_fields(*out, spec);
}

/* Also of one that is half made. */
static pld_status close_series(pld_series *series)
{
    if (series == NULL)
        return PLD_OK;
    pld_series_let_go(series);
    for (int i = 0; i < series->nfields; i++)
        pld_field_release(series->fields[i].field);
    pld_status status = pld_file_close(&series->file);
    pld_free(series->fields);
    pld_free(series->times);
    pld_free(series);
    return status;
}

static pld_status write_xdmf(const pld_series *series)
{
    const pld_file *file = series->file;
    pld_status status = PLD_OK;
    pld_field **fields = NULL;
    PLD_TRY_TO(out, pld_alloc("fields", series->nfields, sizeof(pld_field *),
                              &fields));
    for (int i = 0; i < series->nfields; i++)
        fields[i] = series->fields[i].field;
    struct pld_xdmf xdmf = {.path = file->path,
                            .nfields = series->nfields,
                            .fields = fields,
                            .nsteps = series->nsteps,
                            .times = series->times,
                            .origin = series->origin,
                            .spacing = series->spacing};
    if (file->ctx->rank == 0)
        PLD_TRY_TO(out, pld_xdmf_write(&xdmf));
out:
    pld_free(fields);
    return pld_agree(file->ctx, status);
}

static pld_status create_series(pld_ctx *ctx, const char *path,
                                const pld_series_spec *spec, pld_series **out)
{
    pld_status status = PLD_OK;
    pld_series *series = NULL;
    PLD_TRY(pld_io_check_pointer(ctx, "out", out));
    PLD_TRY(pld_series_check_spec(ctx, spec));
    PLD_TRY_TO(out, pld_agree(ctx, make_handle(spec, &series)));
    PLD_TRY_TO(out, pld_file_create(ctx, path, &series->file));
    PLD_TRY_TO(out, pld_series_lay_out(series, spec));
    PLD_TRY_TO(out, pld_file_flush(series->file));
    PLD_TRY_TO(out, write_xdmf(series));
    *out = series;
    return PLD_OK;
out:
    if (series != NULL && series->file != NULL && ctx->rank == 0)
        (void)unlink(path);
    (void)close_series(series);
    return status;
}

pld_status pld_series_create(pld_ctx *ctx, const char *path,
                             const pld_series_spec *spec, pld_series **out)
{
    PLD_CHECK(ctx != NULL, PLD_ERR_ARG, "ctx is NULL");
    struct pld_io_call call = pld_io_begin(ctx);
    PLD_TRY(pld_io_end(&call, create_series(ctx, path, spec, out)));
    return PLD_OK;
}

static pld_status open_series(pld_ctx *ctx, const char *path, bool writable,
                              const pld_series_spec *spec, pld_series **out)
{
    pld_status status = PLD_OK;
    pld_series *series = NULL;
    PLD_TRY(pld_io_check_pointer(ctx, "out", out));
    PLD_TRY(pld_series_check_spec(ctx, spec));
    PLD_TRY_TO(out, pld_agree(ctx, make_handle(spec, &series)));
    PLD_TRY_TO(out, pld_file_open(ctx, path, writable, &series->file));
    PLD_TRY_TO(out, pld_series_find(series));
    PLD_TRY_TO(out, pld_series_read_times(series));
    *out = series;
    return PLD_OK;
out:
    (void)close_series(series);
    return status;
}

pld_status pld_series_open(pld_ctx *ctx, const char *path, bool writable,
                           const pld_series_spec *spec, pld_series **out)
{
    PLD_CHECK(ctx != NULL, PLD_ERR_ARG, "ctx is NULL");
    struct pld_io_call call = pld_io_begin(ctx);
    PLD_TRY(pld_io_end(&call, open_series(ctx, path, writable, spec, out)));
    return PLD_OK;
}

pld_status pld_series_close(pld_series **series)
{
    PLD_CHECK(series != NULL, PLD_ERR_ARG, "series is NULL");
    pld_series *old = *series;
    if (old == NULL)
        return PLD_OK;
    *series = NULL;
    struct pld_io_call call = pld_io_begin(old->file->ctx);
    PLD_TRY(pld_io_end(&call, close_series(old)));
    return PLD_OK;
}

/* --- Appending ------------------------------------------------------------ */

static pld_status check_append(pld_series *series, double time)
{
    PLD_TRY(pld_file_check_writable(series->file));
    PLD_CHECK(isfinite(time), PLD_ERR_ARG, "time is %g", time);
    return pld_series_make_room(series, series->nsteps + 1);
}

static pld_status write_fields(pld_series *series, int64_t step)
{
    for (int i = 0; i < series->nfields; i++) {
        const struct pld_series_field *item = &series->fields[i];
        PLD_TRY(
            pld_dataset_write(series->file, item->dataset, step, item->field));
    }
    return PLD_OK;
}

/* The time is written last: a step that has one is complete. */
static pld_status append(pld_series *series, double time)
{
    pld_file *file = series->file;
    int64_t step = series->nsteps;
    struct pld_target target = pld_series_times(series);
    PLD_TRY(pld_agree(file->ctx, check_append(series, time)));
    PLD_TRY(pld_agree_same(file->ctx, "time", &time, sizeof time));
    PLD_TRY(pld_file_check_space(file, series->step_bytes));
    PLD_TRY(pld_file_take_space(file, -1, series->step_bytes));
    PLD_TRY(pld_series_set_field_lengths(series, step + 1));
    PLD_TRY(write_fields(series, step));
    PLD_TRY(pld_file_flush(file));
    PLD_TRY(pld_series_set_time_length(series, step + 1));
    PLD_TRY(pld_data_write_line(file, &target, step, 1, &time));
    PLD_TRY(pld_file_flush(file));
    series->times[series->nsteps++] = time;
    return write_xdmf(series);
}

pld_status pld_series_append(pld_series *series, double time)
{
    PLD_TRY(check_series(series));
    struct pld_io_call call = pld_io_begin(series->file->ctx);
    PLD_TRY(pld_io_end(&call, append(series, time)));
    return PLD_OK;
}

/* --- Reading -------------------------------------------------------------- */

int64_t pld_series_nsteps(const pld_series *series)
{
    return series != NULL ? series->nsteps : 0;
}

static pld_status check_step(const pld_series *series, int64_t step)
{
    PLD_CHECK(step >= 0 && step < series->nsteps, PLD_ERR_ARG,
              "step %lld is not there: '%s' has %lld", (long long)step,
              series->file->path, (long long)series->nsteps);
    return PLD_OK;
}

static pld_status agree_step(const pld_series *series, int64_t step)
{
    pld_ctx *ctx = series->file->ctx;
    PLD_TRY(pld_agree(ctx, check_step(series, step)));
    return pld_agree_same(ctx, "step", &step, sizeof step);
}

pld_status pld_series_time(pld_series *series, int64_t step, double *out)
{
    PLD_TRY(check_series(series));
    PLD_TRY(pld_io_check_pointer(series->file->ctx, "out", out));
    PLD_TRY(agree_step(series, step));
    *out = series->times[step];
    return PLD_OK;
}

static pld_status read_step(pld_series *series, int64_t step)
{
    PLD_TRY(agree_step(series, step));
    for (int i = 0; i < series->nfields; i++) {
        const struct pld_series_field *item = &series->fields[i];
        PLD_TRY(pld_dataset_read(series->file, item->dataset, item->field->name,
                                 step, item->field));
    }
    return PLD_OK;
}

pld_status pld_series_read(pld_series *series, int64_t step)
{
    PLD_TRY(check_series(series));
    struct pld_io_call call = pld_io_begin(series->file->ctx);
    PLD_TRY(pld_io_end(&call, read_step(series, step)));
    return PLD_OK;
}

/* --- Forgetting ----------------------------------------------------------- */

static pld_status check_truncate(const pld_series *series, int64_t nsteps)
{
    PLD_TRY(pld_file_check_writable(series->file));
    PLD_CHECK(nsteps >= 0 && nsteps <= series->nsteps, PLD_ERR_ARG,
              "nsteps is %lld: '%s' has %lld steps", (long long)nsteps,
              series->file->path, (long long)series->nsteps);
    return PLD_OK;
}

/* When HDF5 shortens a chunked variable, ranks must know the same of its
 * chunks: those that have moved data know more, and would skip messages that
 * the others wait for. So all forget what they know. */
static pld_status begin_anew(pld_series *series)
{
    pld_series_let_go(series);
    PLD_TRY(pld_file_reopen(series->file));
    pld_status status = pld_series_find(series);
    series->file->broken = status != PLD_OK;
    return status;
}

/* The time goes before the values: no step has one and no values. */
static pld_status truncate_series(pld_series *series, int64_t nsteps)
{
    pld_file *file = series->file;
    PLD_TRY(pld_agree(file->ctx, check_truncate(series, nsteps)));
    PLD_TRY(pld_agree_same(file->ctx, "nsteps", &nsteps, sizeof nsteps));
    PLD_TRY(begin_anew(series));
    PLD_TRY(pld_series_set_time_length(series, nsteps));
    PLD_TRY(pld_file_flush(file));
    PLD_TRY(pld_series_set_field_lengths(series, nsteps));
    PLD_TRY(pld_file_flush(file));
    series->nsteps = nsteps;
    return write_xdmf(series);
}

pld_status pld_series_truncate(pld_series *series, int64_t nsteps)
{
    PLD_TRY(check_series(series));
    struct pld_io_call call = pld_io_begin(series->file->ctx);
    PLD_TRY(pld_io_end(&call, truncate_series(series, nsteps)));
    return PLD_OK;
}
