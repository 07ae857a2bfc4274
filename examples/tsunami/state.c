#include "state.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static const struct {
    enum field field;
    const char *units;
    const char *meaning;
} saved[] = {
    {DEPTH, "m", "depth of the water"},
    {MOMENTUM_X, "m2 s-1", "depth times velocity along x"},
    {MOMENTUM_Y, "m2 s-1", "depth times velocity along y"},
    {BED, "m", "elevation of the bed"},
    {INITIAL, "m", "surface at the start"},
    {HIGHEST, "m", "highest surface while wet"},
    {ARRIVAL, "s", "time at which the surface first left that of the start"},
};

enum { NSAVED = sizeof saved / sizeof *saved };

void state_axes(const struct domain *domain, pld_axis out[2])
{
    out[0] = (pld_axis){.name = domain->degrees ? "lat" : "y",
                        .units = domain->degrees ? "degrees_north" : "m",
                        .origin = domain->y0,
                        .spacing = domain->step_y};
    out[1] = (pld_axis){.name = domain->degrees ? "lon" : "x",
                        .units = domain->degrees ? "degrees_east" : "m",
                        .origin = domain->x0,
                        .spacing = domain->step_x};
}

static pld_status write_fields(struct model *model, pld_file *file)
{
    pld_axis axes[2];
    state_axes(&model->domain, axes);
    PLD_TRY(pld_file_set_axes(file, 2, axes));
    for (int n = 0; n < NSAVED; n++) {
        pld_field *field = model->field[saved[n].field];
        const char *name = pld_field_name(field);
        PLD_TRY(pld_file_write(file, field));
        PLD_TRY(pld_file_write_text(file, name, "units", saved[n].units));
        PLD_TRY(pld_file_write_text(file, name, "long_name", saved[n].meaning));
    }
    double missing[] = {NEVER_WET, -1.0};
    PLD_TRY(pld_file_write_attribute(file, "highest", "missing_value", PLD_F64,
                                     1, &missing[0]));
    return pld_file_write_attribute(file, "arrival", "missing_value", PLD_F64,
                                    1, &missing[1]);
}

static pld_status write_counters(const struct model *model, pld_file *file,
                                 int64_t nframes)
{
    PLD_TRY(
        pld_file_write_attribute(file, NULL, "time", PLD_F64, 1, &model->time));
    PLD_TRY(
        pld_file_write_attribute(file, NULL, "rate", PLD_F64, 1, &model->rate));
    PLD_TRY(
        pld_file_write_attribute(file, NULL, "step", PLD_I64, 1, &model->step));
    return pld_file_write_attribute(file, NULL, "frames", PLD_I64, 1, &nframes);
}

static pld_status publish(pld_ctx *ctx, const char *from, const char *to)
{
    PLD_CHECK(pld_ctx_rank(ctx) != 0 || rename(from, to) == 0, PLD_ERR_IO,
              "%s could not become %s: %s", from, to, strerror(errno));
    return PLD_OK;
}

pld_status state_save(struct model *model, const char *path, int64_t nframes)
{
    char draft[4096];
    pld_file *file = NULL;
    snprintf(draft, sizeof draft, "%s.new", path);
    PLD_TRY(pld_file_create(model->ctx, draft, &file));
    PLD_TRY(write_fields(model, file));
    PLD_TRY(write_counters(model, file, nframes));
    PLD_TRY(pld_file_close(&file));
    return pld_agree(model->ctx, publish(model->ctx, draft, path));
}

static pld_status check_size(const struct model *model, pld_file *file,
                             const char *path)
{
    pld_variable depth;
    PLD_TRY(pld_file_inquire(file, "depth", &depth));
    PLD_CHECK(depth.ndims == 2 && depth.size[0] == model->domain.ny &&
                  depth.size[1] == model->domain.nx,
              PLD_ERR_SHAPE,
              "%s holds %" PRId64 " x %" PRId64 " cells, but this run has "
              "%" PRId64 " x %" PRId64 ": give the --bathymetry and "
              "--resolution (or --size) that it was made with",
              path, depth.size[1], depth.size[0], model->domain.nx,
              model->domain.ny);
    return PLD_OK;
}

/* The guess is free to hold the file's bed for a moment. */
static pld_status check_bed(struct model *model, pld_file *file,
                            const char *path)
{
    uint64_t here = 0;
    uint64_t there = 0;
    PLD_TRY(pld_file_read(file, "elevation", model->field[GUESS_DEPTH]));
    PLD_TRY(pld_field_digest(model->field[GUESS_DEPTH], &there));
    PLD_TRY(pld_field_digest(model->field[BED], &here));
    PLD_CHECK(here == there, PLD_ERR_MISMATCH,
              "%s was made over another bed: give its --bathymetry and "
              "--positive-down",
              path);
    return PLD_OK;
}

static pld_status read_fields(struct model *model, pld_file *file)
{
    for (int n = 0; n < NSAVED; n++) {
        pld_field *field = model->field[saved[n].field];
        if (saved[n].field != BED)
            PLD_TRY(pld_file_read(file, pld_field_name(field), field));
    }
    return PLD_OK;
}

static pld_status read_counters(struct model *model, pld_file *file,
                                int64_t *nframes)
{
    PLD_TRY(
        pld_file_read_attribute(file, NULL, "time", PLD_F64, 1, &model->time));
    PLD_TRY(
        pld_file_read_attribute(file, NULL, "rate", PLD_F64, 1, &model->rate));
    PLD_TRY(
        pld_file_read_attribute(file, NULL, "step", PLD_I64, 1, &model->step));
    return pld_file_read_attribute(file, NULL, "frames", PLD_I64, 1, nframes);
}

pld_status state_restore(struct model *model, const char *path,
                         int64_t *nframes)
{
    pld_file *file = NULL;
    PLD_TRY(pld_file_open(model->ctx, path, false, &file));
    PLD_TRY(pld_agree(model->ctx, check_size(model, file, path)));
    PLD_TRY(pld_agree(model->ctx, check_bed(model, file, path)));
    PLD_TRY(read_fields(model, file));
    PLD_TRY(read_counters(model, file, nframes));
    return pld_file_close(&file);
}
