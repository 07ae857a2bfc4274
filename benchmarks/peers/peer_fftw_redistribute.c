/* Transposing a cube of f64 that is cut into slabs, beside FFTW with MPI.
 *
 *     mpirun -n 2 --bind-to core peer_fftw_redistribute [EDGE...]
 *
 * for EDGE^3 points in all (128 256), EDGE a multiple of the ranks. Slabs along
 * dimension 0 go to slabs along dimension 1, whose memory is dense
 *   rows       along 2, in the order 1 0 2: rows keep together
 *   elements   along 0, in the order 1 2 0: all is turned
 * Reference, in the same run:
 *   fftw:transpose   fftw_mpi_plan_many_transpose, measured, out of place */
#include <polder.h>
#include <polder/main.h>

#include <fftw3-mpi.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/bench.h"
#include "support/slabs.h"

static const struct slab_setting settings[] = {
    {"transpose rows", 0, 1, {1, 0, 2}},
    {"transpose elements", 0, 1, {1, 2, 0}}};
enum { NSETTINGS = sizeof settings / sizeof *settings };

struct bench {
    int64_t edge;
    MPI_Comm comm;
    struct slab_move move;
    double *memory[2];
    struct slab slabs[2]; /* FFTW's, before and after */
    fftw_plan plan;
};

static void run_polder(void *data)
{
    struct bench *bench = data;
    if (pld_redistribution_run(bench->move.redistribution) != PLD_OK) {
        pld_error_print(stderr);
        MPI_Abort(bench->comm, 1);
    }
}

static void run_fftw(void *data)
{
    struct bench *bench = data;
    fftw_execute(bench->plan);
}

enum { POLDER, FFTW, NWAYS };
static const struct bench_way ways[] = {{"polder", run_polder},
                                        {"fftw:transpose", run_fftw}};

static struct slab side_of(const struct bench *bench, int way, int side)
{
    return way == POLDER ? slab_of_field(bench->move.fields[side])
                         : bench->slabs[side];
}

static void touch(void *data, int way)
{
    for (int side = 0; side < 2; side++) {
        struct slab slab = side_of(data, way, side);
        slab_negate(&slab);
    }
}

static bool is_right(struct bench *bench, int way)
{
    struct slab from = side_of(bench, way, 0);
    struct slab to = side_of(bench, way, 1);
    slab_fill(&from, bench->edge);
    slab_clear(&to);
    MPI_Barrier(bench->comm);
    ways[way].run(bench);
    return bench_all(bench->comm, slab_is_filled(&to, bench->edge));
}

/* A matrix of elements, or of rows. */
static pld_status plan_fftw(struct bench *bench,
                            const struct slab_setting *setting)
{
    const int plain[PLD_MAXDIM] = {0, 1, 2};
    bool rows = setting->order[2] == 2;
    ptrdiff_t edge = bench->edge;
    ptrdiff_t n[] = {edge, rows ? edge : edge * edge};
    ptrdiff_t together = rows ? edge : 1;
    ptrdiff_t of[4]; /* own rows and their first, before and after */
    ptrdiff_t points = fftw_mpi_local_size_many_transposed(
        2, n, together, FFTW_MPI_DEFAULT_BLOCK, FFTW_MPI_DEFAULT_BLOCK,
        bench->comm, &of[0], &of[1], &of[2], &of[3]);
    for (int i = 0; i < 2; i++)
        bench->memory[i] = fftw_alloc_real((size_t)points);
    bench->plan = fftw_mpi_plan_many_transpose(
        n[0], n[1], together, FFTW_MPI_DEFAULT_BLOCK, FFTW_MPI_DEFAULT_BLOCK,
        bench->memory[0], bench->memory[1], bench->comm, FFTW_MEASURE);
    PLD_CHECK(bench->plan != NULL, PLD_ERR_INTERNAL, "FFTW has no plan");
    bench->slabs[0] = slab_in(bench->memory[0],
                              pld_field_owned(bench->move.fields[0]), plain);
    bench->slabs[1] =
        slab_in(bench->memory[1], pld_field_owned(bench->move.fields[1]),
                setting->order);
    return PLD_OK;
}

static pld_status run_case(pld_ctx *ctx, const struct slab_setting *setting,
                           int64_t edge)
{
    struct bench bench = {.edge = edge, .comm = pld_ctx_comm(ctx)};
    bool right[NWAYS];
    double seconds[BENCH_MAX_WAYS];
    PLD_TRY(slab_move_create(ctx, setting, edge, &bench.move));
    PLD_TRY(plan_fftw(&bench, setting));
    for (int w = 0; w < NWAYS; w++)
        right[w] = is_right(&bench, w);
    const struct bench_task task = {
        .touch_way = touch, .data = &bench, .nways = NWAYS, .ways = ways};
    bench_compare(bench.comm, &task, seconds);
    char params[80];
    snprintf(params, sizeof params, "%lld^3 %s", (long long)edge,
             setting->name);
    bench_row(bench.comm, "redistribute", params, 1e3 * seconds[POLDER], "ms",
              ways[FFTW].name, 1e3 * seconds[FFTW],
              right[POLDER] && right[FFTW]);
    fftw_destroy_plan(bench.plan);
    for (int i = 0; i < 2; i++)
        fftw_free(bench.memory[i]);
    PLD_TRY(slab_move_destroy(&bench.move));
    PLD_CHECK(right[POLDER], PLD_ERR_INTERNAL, "%s: wrong values", params);
    return PLD_OK;
}

static pld_status run_edge(pld_ctx *ctx, int64_t edge)
{
    PLD_CHECK(edge > 0 && edge % pld_ctx_nranks(ctx) == 0, PLD_ERR_ARG,
              "%lld is no multiple of %d ranks", (long long)edge,
              pld_ctx_nranks(ctx));
    for (int s = 0; s < NSETTINGS; s++)
        PLD_TRY(run_case(ctx, &settings[s], edge));
    return PLD_OK;
}

static pld_status body(pld_ctx *ctx, int argc, char **argv)
{
    fftw_mpi_init();
    bench_head(pld_ctx_comm(ctx));
    for (int i = 1; i < argc; i++)
        PLD_TRY(run_edge(ctx, atoll(argv[i])));
    for (int64_t edge = 128; argc == 1 && edge <= 256; edge *= 2)
        PLD_TRY(run_edge(ctx, edge));
    fftw_mpi_cleanup();
    return PLD_OK;
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, body);
}
