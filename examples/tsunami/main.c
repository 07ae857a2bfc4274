/* Tsunami: shallow water over real bathymetry, on any number of ranks.
 *
 * TEST: ranks=1,2,3,4,7 args=--size 48 --end 0.6
 * TEST: ranks=1,2 args=--size 64
 *
 * Shows: a whole code on Polder. The kernel (swe.c) knows one block of cells
 * and nothing of MPI; model.c puts it on a distributed grid; the other files
 * read the bathymetry, write results, save and restore the state. The results
 * are the same bits on any number of ranks.
 *
 * Build: cc *.c $(pkg-config --cflags --libs polder) -lm -o tsunami
 * Run:   mpirun -n 4 ./tsunami [--help] */
#include <polder.h>
#include <polder/main.h>

#include <inttypes.h>
#include <math.h>

#include "bed.h"
#include "bowl.h"
#include "options.h"
#include "output.h"
#include "report.h"
#include "state.h"

static void set_sides(struct model *model, const struct options *options)
{
    for (int dim = 0; dim < 2; dim++)
        for (int high = 0; high < 2; high++)
            model->side[dim][high] = options->open ? OPEN : WALL;
    if (options->incident != NULL)
        model->side[1][0] = INCIDENT;
}

static pld_status prepare_bowl(pld_ctx *ctx, const struct options *options,
                               struct model *model)
{
    struct domain domain = bowl_domain((int64_t)options->size);
    PLD_TRY(model_create(ctx, &domain, model));
    bowl_fill(model);
    if (pld_ctx_rank(ctx) == 0)
        printf("Water swinging in a parabolic bowl\n");
    return PLD_OK;
}

static void print_title(const struct raster *raster,
                        const struct options *options, int64_t nodata)
{
    printf("Shallow water over %s (%s, %" PRId64 " x %" PRId64 " points%s)\n",
           raster->path, raster->format, raster->nx, raster->ny,
           raster->degrees ? ", degrees laid flat about the middle latitude"
                           : "");
    if (options->incident != NULL)
        printf("  wave     %s, from the side of lowest x\n", options->incident);
    if (nodata > 0)
        printf("  gaps     %" PRId64 " cells without elevation are land\n",
               nodata);
}

static pld_status prepare_sea(pld_ctx *ctx, const struct options *options,
                              struct model *model)
{
    struct raster raster;
    struct domain domain;
    struct wave wave = {0};
    int64_t nodata = 0;
    if (options->incident != NULL)
        PLD_TRY(pld_agree(ctx, wave_read(options->incident, &wave)));
    PLD_TRY(raster_open(ctx, options->bathymetry, &raster));
    raster.degrees = raster.degrees || options->degrees;
    PLD_TRY(pld_agree(ctx, bed_domain(&raster, options->resolution, &domain)));
    PLD_TRY(model_create(ctx, &domain, model));
    PLD_TRY(bed_read(&raster, options->positive_down, model, &nodata));
    bed_flood(model, options->source);
    model->wave = wave;
    if (pld_ctx_rank(ctx) == 0)
        print_title(&raster, options, nodata);
    return raster_close(&raster);
}

static pld_status prepare(pld_ctx *ctx, const struct options *options,
                          struct model *model, struct output *output)
{
    if (options->bathymetry != NULL)
        PLD_TRY(prepare_sea(ctx, options, model));
    else
        PLD_TRY(prepare_bowl(ctx, options, model));
    set_sides(model, options);
    model->arrival = options->arrival;
    PLD_TRY(gauges_create(options, model, &output->gauges));
    PLD_TRY(model_start(model));
    if (options->restart != NULL)
        PLD_TRY(state_restore(model, options->restart, &output->nframes));
    return output_open(options, model, output);
}

static double choose_end(const struct options *options,
                         const struct model *model)
{
    if (options->end > 0.0)
        return options->end;
    return options->bathymetry != NULL ? wave_end(&model->wave) : bowl_period();
}

static pld_status simulate(const struct options *options, struct model *model,
                           struct output *output, struct report *report)
{
    report_begin(report, options, model);
    while (model->time < report->end) {
        PLD_TRY(model_step(model, fmin(output_next(output), report->end)));
        PLD_TRY(output_step(output, model));
        report_progress(report, model);
    }
    return report_end(report, model);
}

static pld_status check_bowl(struct model *model)
{
    double error;
    double expected;
    PLD_TRY(bowl_error(model, &error, &expected));
    if (pld_ctx_rank(model->ctx) == 0)
        printf("  error    %.2e of the water is off the known solution, %.2e "
               "may be\n",
               error, expected);
    PLD_CHECK(error <= expected, PLD_ERR_INTERNAL, "the error %g is above %g",
              error, expected);
    return PLD_OK;
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    struct options options;
    struct model model = {0};
    struct output output = {0};
    struct report report = {0};
    PLD_TRY(pld_agree(ctx, options_read(argc, argv, &options)));
    if (options.help && pld_ctx_rank(ctx) == 0)
        options_print_help(argv[0]);
    if (options.help)
        return PLD_OK;

    PLD_TRY(prepare(ctx, &options, &model, &output));
    report.end = choose_end(&options, &model);
    PLD_TRY(simulate(&options, &model, &output, &report));
    PLD_TRY(output_close(&output, &model));
    PLD_TRY(report_print(&report, &options, &model));
    if (options.bathymetry == NULL)
        PLD_TRY(check_bowl(&model));
    options_free(&options);
    return model_destroy(&model);
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
