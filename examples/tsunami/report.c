#include "report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

static const char *const phases[3] = {"exchange", "reduce", "file"};

/* A launcher stands between the ranks and the terminal: Open MPI's is their
 * parent, and its standard error tells. Others need --progress. */
static bool on_terminal(void)
{
    char link[64];
    char target[64] = "";
    if (isatty(STDERR_FILENO))
        return true;
    snprintf(link, sizeof link, "/proc/%ld/fd/2", (long)getppid());
    return readlink(link, target, sizeof target - 1) > 0 &&
           strncmp(target, "/dev/pts/", 9) == 0;
}

void report_begin(struct report *report, const struct options *options,
                  const struct model *model)
{
    report->shows =
        pld_ctx_rank(model->ctx) == 0 && (options->progress || on_terminal());
    pld_timer_reset(model->ctx);
    report->began = pld_time();
    report->shown = report->began;
    report->first_time = model->time;
    report->first_step = model->step;
}

void report_progress(struct report *report, const struct model *model)
{
    double now = report->shows ? pld_time() : 0.0;
    if (!report->shows || now - report->shown < 0.25)
        return;
    report->shown = now;
    double done =
        (model->time - report->first_time) / (report->end - report->first_time);
    double left = (now - report->began) * (1.0 - done) / fmax(done, 1e-9);
    fprintf(stderr,
            "\r%3.0f %%  t = %.4g of %.4g s  step %" PRId64
            "  %.0f:%02.0f to go \033[K",
            100.0 * done, model->time, report->end, model->step,
            floor(left / 60.0), floor(fmod(left, 60.0)));
}

pld_status report_end(struct report *report, const struct model *model)
{
    report->seconds = pld_time() - report->began;
    for (int p = 0; p < 3; p++)
        report->shares[p] = pld_timer_seconds(model->ctx, phases[p]) /
                            report->seconds / pld_ctx_nranks(model->ctx);
    if (report->shows)
        fprintf(stderr, "\r\033[K");
    return pld_reduce(model->ctx, PLD_SUM, PLD_F64, report->shares, 3,
                      report->shares);
}

static void print_run(const struct report *report, const struct model *model)
{
    int64_t steps = model->step - report->first_step;
    int nranks = pld_ctx_nranks(model->ctx);
    double updates = 1e-6 * (double)steps * (double)model->domain.nx *
                     (double)model->domain.ny / report->seconds;
    printf("  cells    %" PRId64 " x %" PRId64 " of %.6g m x %.6g m\n",
           model->domain.nx, model->domain.ny, model->scheme.dx,
           model->scheme.dy);
    printf("  ranks    %d, along x and y %d x %d\n", nranks,
           pld_grid_nprocs(model->grid, 1), pld_grid_nprocs(model->grid, 0));
    printf("  steps    %" PRId64 ", to t = %.9g s\n", model->step, model->time);
    printf("  speed    %.1f million cell updates a second, %.1f a rank\n",
           updates, updates / nranks);
    printf("  time     %.2f s: %.1f %% halo exchange, %.1f %% reductions, "
           "%.1f %% files\n",
           report->seconds, 100.0 * report->shares[0],
           100.0 * report->shares[1], 100.0 * report->shares[2]);
}

static void print_files(const struct options *options)
{
    if (options->output == NULL) {
        printf("  files    none: --output DIR\n");
        return;
    }
    printf("  files    %s/: fields.h5, fields.h5.xdmf, final.h5, map.txt%s%s\n",
           options->output, options->ngauges > 0 ? ", gauges.csv" : "",
           options->checkpoint > 0.0 ? ", checkpoint.h5" : "");
}

pld_status report_print(const struct report *report,
                        const struct options *options, struct model *model)
{
    double volume[2];
    uint64_t digest = 0;
    PLD_TRY(pld_agree(model->ctx, model_volume(model, volume)));
    PLD_TRY(model_digest(model, &digest));
    if (pld_ctx_rank(model->ctx) != 0)
        return PLD_OK;
    print_run(report, model);
    printf("  water    %.6g m^3 at the start, %.6g m^3 at the end: %+.1e\n",
           volume[0], volume[1], volume[1] / volume[0] - 1.0);
    printf("  digest   %016" PRIx64 "\n", digest);
    print_files(options);
    return PLD_OK;
}
