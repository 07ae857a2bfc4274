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
    PLD_TRY(pld_alloc("fields of a series", spec->nfields, sizeof(pld_field *),
                      &series->fields));
    PLD_TRY(pld_alloc("fields of a series", spec->nfields,
                      sizeof *series->stored, &series->stored));
    for (int i = 0; i < spec->nfields; i++) {
        series->fields[i] = spec->fields[i];
        pld_field_retain(spec->fields[i]);
        series->nfields++;
        PLD_TRY(pld_series_add_bytes(spec->fields[i], &series->step_bytes));
    }
    return PLD_OK;
}

static pld_status make_handle(const pld_series_spec *spec, pld_series **out)
{
    PLD_TRY(pld_alloc("series", 1, sizeof **out, out));
    return hold_fields(*out, spec);
}

/* An XDMF file is written as a whole: for every step as long as there are few,
 * then when a hundredth more have come, and at the end. */
static bool is_told(const pld_series *series)
{
    return series->nsteps - series->told <= series->told / 100;
}

static pld_status write_xdmf(pld_series *series)
{
    pld_file *file = series->file;
    pld_status status = PLD_OK;
    struct pld_xdmf xdmf = {.path = file->path,
                            .nfields = series->nfields,
                            .fields = series->fields,
                            .nsteps = series->nsteps,
                            .times = series->times,
                            .origin = series->origin,
                            .spacing = series->spacing};
    if (pld_file_leads(file))
        status = pld_xdmf_write(&xdmf);
    series->told = series->nsteps;
    return pld_agree(file->ctx, status);
}

/* Also of one that is half made. */
static void free_series(pld_series *series)
{
    if (series == NULL)
        return;
    for (int i = 0; i < series->nfields; i++)
        pld_field_release(series->fields[i]);
    if (series->stored != NULL)
        pld_stored_free(series->nfields, series->stored);
    pld_free(series->stored);
    pld_free(series->fields);
    pld_free(series->times);
    pld_free(series);
}

/* The error that led here is the one to tell. */
static void give_up(pld_series *series)
{
    pld_status status = PLD_OK;
    if (series != NULL)
        status = pld_file_close(&series->file);
    (void)status;
    free_series(series);
}

static pld_status close_series(pld_series *series)
{
    pld_status told = PLD_OK;
    if (series->nsteps != series->told && !series->file->broken)
        told = write_xdmf(series);
    pld_status status = pld_file_close(&series->file);
    free_series(series);
    return status != PLD_OK ? status : told;
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
    give_up(series);
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
    series->told = series->nsteps;
    *out = series;
    return PLD_OK;
out:
    give_up(series);
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

/* The new step's place, found by rank 0 and known to all; nothing is changed
 * when there is no space for it. */
static pld_status lay_out_step(pld_series *series)
{
    pld_file *file = series->file;
    int64_t step = series->nsteps;
    PLD_TRY(pld_file_check_space(file, series->step_bytes));
    pld_status status = pld_series_set_field_lengths(series, step + 1);
    if (status == PLD_OK)
        status = pld_series_find_step(series, step);
    if (status == PLD_OK)
        status = pld_series_take_step(series);
    if (status != PLD_OK)
        (void)pld_series_set_field_lengths(series, step);
    return status;
}

static pld_status share_step(pld_series *series, pld_status status)
{
    return pld_stored_share(series->file->ctx, status, series->nfields,
                            series->stored);
}

static pld_status write_fields(pld_series *series, int64_t step)
{
    pld_file *file = series->file;
    pld_status status = PLD_OK;
    pld_stored_free(series->nfields, series->stored);
    PLD_TRY(pld_file_describe(file));
    if (pld_file_leads(file))
        status = lay_out_step(series);
    PLD_TRY(share_step(series, status));
    for (int i = 0; i < series->nfields; i++)
        PLD_TRY(pld_dataset_write(file, &series->stored[i], step,
                                  series->fields[i], NULL));
    return PLD_OK;
}

static pld_status write_time(pld_series *series, int64_t step, double time)
{
    pld_status status = PLD_OK;
    PLD_TRY(pld_file_describe(series->file));
    if (pld_file_leads(series->file)) {
        status = pld_series_set_time_length(series, step + 1);
        if (status == PLD_OK)
            status = pld_series_put_time(series, step, time);
    }
    return pld_agree(series->file->ctx, status);
}

/* The time is written last: a step that has one is complete. */
static pld_status append(pld_series *series, double time)
{
    pld_file *file = series->file;
    int64_t step = series->nsteps;
    PLD_TRY(pld_agree(file->ctx, check_append(series, time)));
    PLD_TRY(pld_agree_same(file->ctx, "time", &time, sizeof time));
    PLD_TRY(write_fields(series, step));
    PLD_TRY(pld_file_flush(file));
    PLD_TRY(write_time(series, step, time));
    PLD_TRY(pld_file_flush(file));
    series->times[series->nsteps++] = time;
    return is_told(series) ? PLD_OK : write_xdmf(series);
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
    pld_file *file = series->file;
    pld_status status = PLD_OK;
    PLD_TRY(agree_step(series, step));
    pld_stored_free(series->nfields, series->stored);
    PLD_TRY(pld_file_describe(file));
    if (pld_file_leads(file))
        status = pld_series_find_step(series, step);
    PLD_TRY(share_step(series, status));
    for (int i = 0; i < series->nfields; i++)
        PLD_TRY(pld_dataset_read(file, &series->stored[i],
                                 series->fields[i]->name, step,
                                 series->fields[i], NULL));
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

/* The time goes before the values: no step has one and no values. */
static pld_status truncate_series(pld_series *series, int64_t nsteps)
{
    pld_file *file = series->file;
    pld_status status = PLD_OK;
    PLD_TRY(pld_agree(file->ctx, check_truncate(series, nsteps)));
    PLD_TRY(pld_agree_same(file->ctx, "nsteps", &nsteps, sizeof nsteps));
    PLD_TRY(pld_file_describe(file));
    if (pld_file_leads(file))
        status = pld_series_set_time_length(series, nsteps);
    PLD_TRY(pld_agree(file->ctx, status));
    PLD_TRY(pld_file_flush(file));
    if (pld_file_leads(file))
        status = pld_series_set_field_lengths(series, nsteps);
    PLD_TRY(pld_agree(file->ctx, status));
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
