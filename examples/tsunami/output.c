#include "output.h"
#include "map.h"
#include "state.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH = 4096 };

static const char *path_of(const struct output *output, const char *name,
                           char path[PATH])
{
    snprintf(path, PATH, "%s/%s", output->options->output, name);
    return path;
}

static pld_status make_folder(const char *path)
{
    PLD_CHECK(strlen(path) < PATH - 64, PLD_ERR_ARG,
              "--output: the name has %zu characters, too many", strlen(path));
    PLD_CHECK(mkdir(path, 0777) == 0 || errno == EEXIST, PLD_ERR_ACCESS,
              "--output %s: %s", path, strerror(errno));
    return PLD_OK;
}

static pld_status write_frame(struct output *output, struct model *model)
{
    PLD_TRY(pld_series_append(output->series, model->time));
    output->last_frame = model->time;
    output->nframes++;
    return PLD_OK;
}

/* After a restart, go on in the series, without the states that came later. */
static pld_status open_series(struct output *output, struct model *model)
{
    char path[PATH];
    pld_axis axes[2];
    state_axes(&model->domain, axes);
    pld_series_spec spec = {
        .nfields = 3, .fields = &model->field[DEPTH], .naxes = 2, .axes = axes};
    path_of(output, "fields.h5", path);
    if (output->nframes > 0) {
        pld_status status =
            pld_series_open(model->ctx, path, true, &spec, &output->series);
        if (status == PLD_OK)
            return pld_series_truncate(output->series, output->nframes);
        if (status != PLD_ERR_NOENT)
            PLD_TRY(status);
        output->nframes = 0;
    }
    PLD_TRY(pld_series_create(model->ctx, path, &spec, &output->series));
    return write_frame(output, model);
}

/* How many intervals are over. */
static int64_t over(double time, double interval)
{
    return interval > 0.0 ? (int64_t)floor(time / interval + 1e-9) : 0;
}

pld_status output_open(const struct options *options, struct model *model,
                       struct output *output)
{
    output->options = options;
    if (options->output == NULL)
        return PLD_OK;
    output->frames_due = over(model->time, options->every);
    output->saves_due = over(model->time, options->checkpoint);
    pld_status status = PLD_OK;
    if (pld_ctx_rank(model->ctx) == 0)
        status = make_folder(options->output);
    PLD_TRY(pld_agree(model->ctx, status));
    PLD_TRY(open_series(output, model));
    PLD_TRY(gauges_open(&output->gauges, options, model));
    if (model->step == 0)
        return gauges_write(&output->gauges, model);
    return PLD_OK;
}

double output_next(const struct output *output)
{
    double every = output->options->every;
    return every > 0.0 ? (double)(output->frames_due + 1) * every : INFINITY;
}

static pld_status save(struct output *output, struct model *model,
                       const char *name)
{
    char path[PATH];
    PLD_TRY(gauges_flush(&output->gauges, model));
    return state_save(model, path_of(output, name, path), output->nframes);
}

pld_status output_step(struct output *output, struct model *model)
{
    int64_t frames = over(model->time, output->options->every);
    int64_t saves = over(model->time, output->options->checkpoint);
    PLD_TRY(gauges_write(&output->gauges, model));
    if (frames > output->frames_due)
        PLD_TRY(write_frame(output, model));
    if (saves > output->saves_due)
        PLD_TRY(save(output, model, "checkpoint.h5"));
    output->frames_due = frames;
    output->saves_due = saves;
    return PLD_OK;
}

pld_status output_close(struct output *output, struct model *model)
{
    char state[PATH];
    char map[PATH];
    if (output->series == NULL)
        return PLD_OK;
    if (output->last_frame < model->time)
        PLD_TRY(write_frame(output, model));
    PLD_TRY(pld_series_close(&output->series));
    PLD_TRY(save(output, model, "final.h5"));
    PLD_TRY(map_write(model, path_of(output, "final.h5", state),
                      path_of(output, "map.txt", map)));
    return gauges_close(&output->gauges, model);
}
