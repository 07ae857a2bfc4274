/* Exact sums over two ranks against plain ones.
 *
 *     mpirun -n 2 --bind-to core bench_reduce [ELEMENTS...]
 *
 * for so many elements on each rank (1000 100000 1000000): the local sum and
 * the combination of the ranks, as a solver calls them in each iteration. And
 * for 1, 8 and 64 scalars that are combined at once. Each as a reduction that
 * is kept and as a single call. Then 1, 8 and 64 values by pld_reduce, as
 * exact sums and as maxima. References, in the same run:
 *   mpi:plain      a sum in as wide vectors as the processor has, eight of them
 *                  side by side, and MPI_Allreduce of doubles
 *   mpi:allreduce  MPI_Allreduce of the values */
#include <polder.h>
#include <polder/main.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/bench.h"

enum { MAX_SCALARS = 64 };

struct bench {
    pld_ctx *ctx;
    int64_t n; /* elements, or scalars */
    double *x;
    double *y;
    double out[MAX_SCALARS];
    pld_term terms[MAX_SCALARS];
    int nterms;
    pld_reduction *reduction;
    bool good;
};

/* --- Plain sums ------------------------------------------------------------
 */

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define WIDEST __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WIDEST
#endif

typedef double lanes __attribute__((vector_size(64), aligned(8), may_alias));

WIDEST static double plain_sum(int64_t n, const double *x)
{
    lanes sum[8] = {{0}};
    int64_t i = 0;
    for (; i + 64 <= n; i += 64)
        for (int s = 0; s < 8; s++)
            sum[s] += *(const lanes *)(x + i + 8 * s);
    double total = 0;
    for (; i < n; i++)
        total += x[i];
    for (int s = 1; s < 8; s++)
        sum[0] += sum[s];
    for (int l = 0; l < 8; l++)
        total += sum[0][l];
    return total;
}

WIDEST static double plain_dot(int64_t n, const double *x, const double *y)
{
    lanes sum[8] = {{0}};
    int64_t i = 0;
    for (; i + 64 <= n; i += 64)
        for (int s = 0; s < 8; s++)
            sum[s] += *(const lanes *)(x + i + 8 * s) *
                      *(const lanes *)(y + i + 8 * s);
    double total = 0;
    for (; i < n; i++)
        total += x[i] * y[i];
    for (int s = 1; s < 8; s++)
        sum[0] += sum[s];
    for (int l = 0; l < 8; l++)
        total += sum[0][l];
    return total;
}

/* --- Ways ------------------------------------------------------------------
 */

static void run_kept(void *data)
{
    struct bench *bench = data;
    bench->good = pld_reduction_run(bench->reduction) == PLD_OK && bench->good;
}

static void run_single(void *data)
{
    struct bench *bench = data;
    bench->good =
        pld_reduction_once(bench->ctx, bench->nterms, bench->terms) == PLD_OK &&
        bench->good;
}

static void combine_plain(struct bench *bench, int n)
{
    MPI_Allreduce(MPI_IN_PLACE, bench->out, n, MPI_DOUBLE, MPI_SUM,
                  pld_ctx_comm(bench->ctx));
}

static void reduce_values(struct bench *bench, pld_op op)
{
    bench->good = pld_reduce(bench->ctx, op, PLD_F64, bench->x, bench->n,
                             bench->out) == PLD_OK &&
                  bench->good;
}

static void run_value_sum(void *data)
{
    reduce_values(data, PLD_SUM);
}

static void run_value_max(void *data)
{
    reduce_values(data, PLD_MAX);
}

static void allreduce_values(struct bench *bench, MPI_Op op)
{
    MPI_Allreduce(bench->x, bench->out, (int)bench->n, MPI_DOUBLE, op,
                  pld_ctx_comm(bench->ctx));
}

static void run_mpi_sum(void *data)
{
    allreduce_values(data, MPI_SUM);
}

static void run_mpi_max(void *data)
{
    allreduce_values(data, MPI_MAX);
}

static void run_plain_sum(void *data)
{
    struct bench *bench = data;
    bench->out[0] = plain_sum(bench->n, bench->x);
    combine_plain(bench, 1);
}

static void run_plain_dot(void *data)
{
    struct bench *bench = data;
    bench->out[0] = plain_dot(bench->n, bench->x, bench->y);
    combine_plain(bench, 1);
}

static void run_plain_scalars(void *data)
{
    struct bench *bench = data;
    for (int64_t i = 0; i < bench->n; i++)
        bench->out[i] = bench->x[i];
    combine_plain(bench, (int)bench->n);
}

/* As a time step would: read and write all of it. */
static void touch(void *data)
{
    struct bench *bench = data;
    for (int64_t i = 0; i < bench->n; i++) {
        bench->x[i] = -bench->x[i];
        bench->y[i] = -bench->y[i];
    }
}

/* --- Cases -----------------------------------------------------------------
 */

static pld_status open_bench(pld_ctx *ctx, int64_t n, struct bench *bench)
{
    *bench = (struct bench){.ctx = ctx, .n = n, .good = true};
    bench->x = aligned_alloc(64, ((size_t)n * sizeof(double) + 63) / 64 * 64);
    bench->y = aligned_alloc(64, ((size_t)n * sizeof(double) + 63) / 64 * 64);
    PLD_CHECK(bench->x != NULL && bench->y != NULL, PLD_ERR_MEMORY,
              "no memory for %lld elements", (long long)n);
    pld_random random = {.seed = 1, .stream = (uint64_t)pld_ctx_rank(ctx)};
    for (int64_t i = 0; i < n; i++) {
        bench->x[i] = pld_random_normal(random, (uint64_t)i);
        bench->y[i] = pld_random_normal(random, (uint64_t)(n + i));
    }
    return PLD_OK;
}

static pld_status plan(struct bench *bench)
{
    pld_reduction_spec spec = {.nterms = bench->nterms, .terms = bench->terms};
    return pld_reduction_create(bench->ctx, &spec, &bench->reduction);
}

static pld_status close_bench(struct bench *bench)
{
    free(bench->x);
    free(bench->y);
    return pld_reduction_destroy(&bench->reduction);
}

/* Whether the ways agree, as far as a plain sum can. */
static bool ways_agree(struct bench *bench, const struct bench_way *ways)
{
    bool good = true;
    double exact[MAX_SCALARS];
    run_kept(bench);
    for (int i = 0; i < bench->nterms; i++)
        exact[i] = bench->out[i];
    for (int way = 1; way < 3; way++) {
        ways[way].run(bench);
        for (int i = 0; i < bench->nterms; i++)
            good = good && fabs(bench->out[i] - exact[i]) <=
                               (way == 1 ? 0 : 1e-9 * sqrt((double)bench->n));
    }
    return bench_all(pld_ctx_comm(bench->ctx), good);
}

static void measure(struct bench *bench, const char *name,
                    void (*plain)(void *data))
{
    struct bench_way ways[] = {
        {"kept", run_kept}, {"single", run_single}, {"mpi:plain", plain}};
    struct bench_task task = {
        .touch = touch, .data = bench, .nways = 3, .ways = ways};
    MPI_Comm comm = pld_ctx_comm(bench->ctx);
    double seconds[BENCH_MAX_WAYS];
    bool good = ways_agree(bench, ways);
    bench_compare(comm, &task, seconds);
    good = bench_all(comm, good && bench->good);
    char params[64];
    char full[64];
    snprintf(params, sizeof params, "n=%lld", (long long)bench->n);
    for (int w = 0; w < 2; w++) {
        snprintf(full, sizeof full, "reduce_%s_%s", name, ways[w].name);
        bench_row(comm, full, params, 1e6 * seconds[w], "us", "mpi:plain",
                  1e6 * seconds[2], good);
    }
}

static pld_status measure_array(pld_ctx *ctx, int64_t n, bool dot)
{
    struct bench bench;
    PLD_TRY(open_bench(ctx, n, &bench));
    bench.nterms = 1;
    bench.terms[0] = pld_term_of(dot ? PLD_MEASURE_DOT : PLD_MEASURE_SUM,
                                 PLD_F64, n, bench.x, bench.out);
    bench.terms[0].y.data = bench.y;
    PLD_TRY(plan(&bench));
    measure(&bench, dot ? "dot" : "sum", dot ? run_plain_dot : run_plain_sum);
    return close_bench(&bench);
}

static pld_status measure_scalars(pld_ctx *ctx, int n)
{
    struct bench bench;
    PLD_TRY(open_bench(ctx, n, &bench));
    bench.nterms = n;
    for (int i = 0; i < n; i++)
        bench.terms[i] = pld_term_of(PLD_MEASURE_SUM, PLD_F64, 1, &bench.x[i],
                                     &bench.out[i]);
    PLD_TRY(plan(&bench));
    measure(&bench, "fused", run_plain_scalars);
    return close_bench(&bench);
}

static bool values_agree(struct bench *bench, const struct bench_way *ways,
                         double error)
{
    double found[MAX_SCALARS];
    bool good = true;
    ways[0].run(bench);
    for (int64_t i = 0; i < bench->n; i++)
        found[i] = bench->out[i];
    ways[1].run(bench);
    for (int64_t i = 0; i < bench->n; i++)
        good = good && fabs(found[i] - bench->out[i]) <= error;
    return bench_all(pld_ctx_comm(bench->ctx), good);
}

static void measure_values_by(struct bench *bench, const char *name,
                              const struct bench_way ways[2], double error)
{
    MPI_Comm comm = pld_ctx_comm(bench->ctx);
    struct bench_task task = {
        .touch = touch, .data = bench, .nways = 2, .ways = ways};
    double seconds[BENCH_MAX_WAYS];
    bool good = values_agree(bench, ways, error);
    bench_compare(comm, &task, seconds);
    good = bench_all(comm, good && bench->good);
    char params[64];
    snprintf(params, sizeof params, "n=%lld", (long long)bench->n);
    bench_row(comm, name, params, 1e6 * seconds[0], "us", ways[1].name,
              1e6 * seconds[1], good);
}

static pld_status measure_values(pld_ctx *ctx, int n)
{
    static const struct bench_way sum[] = {{"sum", run_value_sum},
                                           {"mpi:allreduce", run_mpi_sum}};
    static const struct bench_way max[] = {{"max", run_value_max},
                                           {"mpi:allreduce", run_mpi_max}};
    struct bench bench;
    PLD_TRY(open_bench(ctx, n, &bench));
    measure_values_by(&bench, "allreduce_sum", sum, 1e-12);
    measure_values_by(&bench, "allreduce_max", max, 0);
    return close_bench(&bench);
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    static const int64_t sizes[] = {1000, 100000, 1000000};
    bench_head(pld_ctx_comm(ctx));
    for (int i = 0; i < (argc > 1 ? argc - 1 : 3); i++) {
        int64_t n = argc > 1 ? strtoll(argv[i + 1], NULL, 10) : sizes[i];
        PLD_CHECK(n > 0, PLD_ERR_ARG, "%s is no number of elements",
                  argv[i + 1]);
        PLD_TRY(measure_array(ctx, n, false));
        PLD_TRY(measure_array(ctx, n, true));
    }
    for (int n = 1; n <= MAX_SCALARS; n *= 8)
        PLD_TRY(measure_scalars(ctx, n));
    for (int n = 1; n <= MAX_SCALARS; n *= 8)
        PLD_TRY(measure_values(ctx, n));
    return PLD_OK;
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
