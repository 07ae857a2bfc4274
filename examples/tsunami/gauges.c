#include "gauges.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The lower of the two cells around a place, and its share of the way to the
 * upper; at the sides that of the last cells. */
static int64_t cell_before(double place, double low, double step, int64_t size,
                           double *share)
{
    double at = (place - low) / step - 0.5;
    double cell = fmin(fmax(floor(at), 0.0), (double)(size - 2));
    *share = fmin(fmax(at - cell, 0.0), 1.0);
    return (int64_t)cell;
}

static pld_status watch(const double place[2], struct model *model,
                        double share[2])
{
    const struct domain *d = &model->domain;
    double x1 = d->x0 + (double)d->nx * d->step_x;
    double y1 = d->y0 + (double)d->ny * d->step_y;
    PLD_CHECK(place[0] >= d->x0 && place[0] <= x1 && place[1] >= d->y0 &&
                  place[1] <= y1,
              PLD_ERR_ARG,
              "--gauge %g,%g lies outside of the domain, x %g to %g, y %g to "
              "%g",
              place[0], place[1], d->x0, x1, d->y0, y1);
    int64_t x = cell_before(place[0], d->x0, d->step_x, d->nx, &share[1]);
    int64_t y = cell_before(place[1], d->y0, d->step_y, d->ny, &share[0]);
    for (int up = 0; up < 2; up++)
        for (int right = 0; right < 2; right++)
            PLD_TRY(model_watch(model, y + up, x + right));
    return PLD_OK;
}

pld_status gauges_watch(const struct options *options, struct model *model,
                        struct gauges *out)
{
    *out = (struct gauges){.count = options->ngauges};
    out->share = calloc((size_t)out->count + 1, sizeof *out->share);
    PLD_CHECK(out->share != NULL, PLD_ERR_MEMORY, "no memory for %d gauges",
              out->count);
    for (int g = 0; g < out->count; g++)
        PLD_TRY(watch(options->gauges[g], model, out->share[g]));
    return PLD_OK;
}

static void write_heading(FILE *file, const struct options *options)
{
    fprintf(file, "time_s");
    for (int g = 0; g < options->ngauges; g++)
        fprintf(file, ",surface_m at %.10g %.10g", options->gauges[g][0],
                options->gauges[g][1]);
    fprintf(file, "\n");
}

/* A step has a row, under the heading: forget those after the model's. */
static bool cut_rows(FILE *file, int64_t step)
{
    int64_t lines = 0;
    int c = 0;
    while (lines < step + 2 && (c = getc(file)) != EOF)
        lines += c == '\n';
    return lines == step + 2 && ftruncate(fileno(file), ftello(file)) == 0 &&
           fseeko(file, 0, SEEK_END) == 0;
}

static pld_status open_file(const struct options *options,
                            const struct model *model, FILE **out)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/gauges.csv", options->output);
    FILE *file = model->step > 0 ? fopen(path, "r+") : NULL;
    if (file != NULL && cut_rows(file, model->step)) {
        *out = file;
        return PLD_OK;
    }
    if (file != NULL)
        fclose(file);
    *out = fopen(path, "w");
    PLD_CHECK(*out != NULL, PLD_ERR_ACCESS, "%s: %s", path, strerror(errno));
    write_heading(*out, options);
    return PLD_OK;
}

pld_status gauges_open(struct gauges *gauges, const struct options *options,
                       const struct model *model)
{
    pld_status status = PLD_OK;
    if (gauges->count > 0 && pld_ctx_rank(model->ctx) == 0)
        status = open_file(options, model, &gauges->file);
    return pld_agree(model->ctx, status);
}

void gauges_write(struct gauges *gauges, const struct model *model)
{
    if (gauges->file == NULL)
        return;
    fprintf(gauges->file, "%.9g", model->time);
    for (int g = 0; g < gauges->count; g++) {
        const double *cell = model->seen + 1 + 4 * g;
        const double *share = gauges->share[g];
        double below = cell[0] + share[1] * (cell[1] - cell[0]);
        double above = cell[2] + share[1] * (cell[3] - cell[2]);
        fprintf(gauges->file, ",%.6g", below + share[0] * (above - below));
    }
    fputc('\n', gauges->file);
}

static pld_status flush(FILE *file)
{
    PLD_CHECK(file == NULL || (fflush(file) == 0 && !ferror(file)), PLD_ERR_IO,
              "gauges.csv: %s", strerror(errno));
    return PLD_OK;
}

pld_status gauges_flush(struct gauges *gauges, const struct model *model)
{
    return pld_agree(model->ctx, flush(gauges->file));
}

pld_status gauges_close(struct gauges *gauges, const struct model *model)
{
    PLD_TRY(gauges_flush(gauges, model));
    if (gauges->file != NULL)
        fclose(gauges->file);
    free(gauges->share);
    *gauges = (struct gauges){0};
    return PLD_OK;
}
