#include "gauges.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where a gauge lies, in cells. */
static pld_status find_place(const double place[2], const struct domain *d,
                             double out[PLD_MAXDIM - 1])
{
    double x1 = d->x0 + (double)d->nx * d->step_x;
    double y1 = d->y0 + (double)d->ny * d->step_y;
    PLD_CHECK(place[0] >= d->x0 && place[0] <= x1 && place[1] >= d->y0 &&
                  place[1] <= y1,
              PLD_ERR_ARG,
              "--gauge %g,%g lies outside of the domain, x %g to %g, y %g to "
              "%g",
              place[0], place[1], d->x0, x1, d->y0, y1);
    out[0] = fmin((place[1] - d->y0) / d->step_y, (double)d->ny);
    out[1] = fmin((place[0] - d->x0) / d->step_x, (double)d->nx);
    return PLD_OK;
}

static pld_status find_places(const struct options *options,
                              const struct domain *domain, struct gauges *out,
                              double (**places)[2])
{
    size_t n = (size_t)out->count;
    *places = calloc(n, sizeof **places);
    out->depth = calloc(n, sizeof *out->depth);
    out->bed = calloc(n, sizeof *out->bed);
    PLD_CHECK(*places != NULL && out->depth != NULL && out->bed != NULL,
              PLD_ERR_MEMORY, "no memory for %d gauges", out->count);
    for (int g = 0; g < out->count; g++)
        PLD_TRY(find_place(options->gauges[g], domain, (*places)[g]));
    return PLD_OK;
}

/* Rank 0 names them all, and gets the values. */
pld_status gauges_create(const struct options *options,
                         const struct model *model, struct gauges *out)
{
    double(*places)[2] = NULL;
    bool names = pld_ctx_rank(model->ctx) == 0;
    *out = (struct gauges){.count = options->ngauges};
    if (out->count == 0)
        return PLD_OK;
    PLD_TRY(pld_agree(model->ctx,
                      find_places(options, &model->domain, out, &places)));
    const pld_sample_spec spec = {.field = model->field[DEPTH],
                                  .npoints = names ? out->count : 0,
                                  .points = places[0]};
    PLD_TRY(pld_sample_create(&spec, &out->sample));
    PLD_TRY(pld_field_sample(model->field[BED], PLD_LINEAR, spec.npoints,
                             spec.points, out->bed));
    free(places);
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

pld_status gauges_write(struct gauges *gauges, const struct model *model)
{
    if (gauges->count == 0)
        return PLD_OK;
    PLD_TRY(pld_sample_run(gauges->sample, gauges->depth));
    if (gauges->file == NULL)
        return PLD_OK;
    fprintf(gauges->file, "%.9g", model->time);
    for (int g = 0; g < gauges->count; g++)
        fprintf(gauges->file, ",%.6g", gauges->depth[g] + gauges->bed[g]);
    fputc('\n', gauges->file);
    return PLD_OK;
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
    PLD_TRY(pld_sample_destroy(&gauges->sample));
    free(gauges->depth);
    free(gauges->bed);
    *gauges = (struct gauges){0};
    return PLD_OK;
}
