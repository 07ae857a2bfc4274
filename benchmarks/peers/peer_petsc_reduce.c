/* Exact norms and dot products beside PETSc's, which are not exact.
 *
 *     mpirun -n 2 --bind-to core peer_petsc_reduce [LOCAL...]
 *
 * for vectors of LOCAL doubles on every rank (1000 100000 1000000), in the same
 * memory for both. */
#include "peers/petsc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/bench.h"

struct bench {
    MPI_Comm comm;
    pld_measure what; /* PLD_MEASURE_NORM2 or PLD_MEASURE_DOT */
    int64_t n;
    double *values[2]; /* of x and y */
    Vec vectors[2];
    pld_reduction *reduction;
    double ours;
    double theirs;
};

static void run_polder(void *data)
{
    struct bench *bench = data;
    must(pld_reduction_run(bench->reduction) == PLD_OK);
}

static void run_norm(void *data)
{
    struct bench *bench = data;
    must(VecNorm(bench->vectors[0], NORM_2, &bench->theirs) == 0);
}

static void run_dot(void *data)
{
    struct bench *bench = data;
    must(VecDot(bench->vectors[0], bench->vectors[1], &bench->theirs) == 0);
}

/* PETSc remembers a norm until it is told that the vector has changed: giving
 * the array back tells it. */
static void touch(void *data)
{
    struct bench *bench = data;
    int nvectors = bench->what == PLD_MEASURE_DOT ? 2 : 1;
    for (int v = 0; v < nvectors; v++) {
        double *values = NULL;
        must(VecGetArray(bench->vectors[v], &values) == 0);
        for (int64_t i = 0; i < bench->n; i++)
            values[i] = -values[i];
        must(VecRestoreArray(bench->vectors[v], &values) == 0);
    }
}

/* By plain sums in long double, good for 15 digits here: no terms cancel. */
static double expected(const struct bench *bench)
{
    const double *x = bench->values[0];
    const double *y = bench->values[bench->what == PLD_MEASURE_DOT ? 1 : 0];
    long double sum = 0.0L;
    for (int64_t i = 0; i < bench->n; i++)
        sum += (long double)x[i] * y[i];
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_LONG_DOUBLE, MPI_SUM, bench->comm);
    return (double)(bench->what == PLD_MEASURE_DOT ? sum : sqrtl(sum));
}

static bool is_right(const struct bench *bench)
{
    double right = expected(bench);
    return bench_all(bench->comm,
                     fabs(bench->ours - right) <= 1e-15 * right &&
                         fabs(bench->theirs - right) <= 1e-12 * right);
}

static pld_status create(pld_ctx *ctx, struct bench *bench)
{
    const pld_random random = {.seed = 1,
                               .stream = (uint64_t)pld_ctx_rank(ctx)};
    for (int v = 0; v < 2; v++) {
        size_t bytes = (size_t)bench->n * sizeof(double);
        bench->values[v] = aligned_alloc(64, (bytes + 63) / 64 * 64);
        PLD_CHECK(bench->values[v] != NULL, PLD_ERR_MEMORY,
                  "no memory for %lld doubles", (long long)bench->n);
        for (int64_t i = 0; i < bench->n; i++)
            bench->values[v][i] =
                pld_random_normal(random, (uint64_t)i) * (1.0 + v);
        TRY_PETSC(VecCreateMPIWithArray(bench->comm, 1, (PetscInt)bench->n,
                                        PETSC_DECIDE, bench->values[v],
                                        &bench->vectors[v]));
    }
    pld_term term = pld_term_of(bench->what, PLD_F64, bench->n,
                                bench->values[0], &bench->ours);
    if (bench->what == PLD_MEASURE_DOT)
        term.y = (pld_operand){.data = bench->values[1]};
    return pld_reduction_create(
        ctx, &(pld_reduction_spec){.nterms = 1, .terms = &term},
        &bench->reduction);
}

static pld_status destroy(struct bench *bench)
{
    PLD_TRY(pld_reduction_destroy(&bench->reduction));
    for (int v = 0; v < 2; v++) {
        TRY_PETSC(VecDestroy(&bench->vectors[v]));
        free(bench->values[v]);
    }
    return PLD_OK;
}

static pld_status run_case(pld_ctx *ctx, pld_measure what, int64_t n)
{
    bool dot = what == PLD_MEASURE_DOT;
    struct bench bench = {.comm = pld_ctx_comm(ctx), .what = what, .n = n};
    PLD_TRY(create(ctx, &bench));
    const struct bench_way ways[] = {
        {"polder", run_polder},
        {dot ? "petsc:VecDot" : "petsc:VecNorm", dot ? run_dot : run_norm}};
    const struct bench_task task = {
        .touch = touch, .data = &bench, .nways = 2, .ways = ways};
    double seconds[BENCH_MAX_WAYS];
    bench_compare(bench.comm, &task, seconds);
    char params[40];
    snprintf(params, sizeof params, "%lld local", (long long)n);
    bench_row(bench.comm, dot ? "dot" : "norm2", params, 1e6 * seconds[0], "us",
              ways[1].name, 1e6 * seconds[1], is_right(&bench));
    return destroy(&bench);
}

static pld_status run_both(pld_ctx *ctx, int64_t n)
{
    PLD_TRY(run_case(ctx, PLD_MEASURE_NORM2, n));
    return run_case(ctx, PLD_MEASURE_DOT, n);
}

static pld_status body(pld_ctx *ctx, int argc, char **argv)
{
    static const int64_t sizes[] = {1000, 100000, 1000000};
    TRY_PETSC(PetscInitializeNoArguments());
    bench_head(pld_ctx_comm(ctx));
    for (int i = 1; i < argc; i++)
        PLD_TRY(run_both(ctx, atoll(argv[i])));
    for (int i = 0; argc == 1 && i < 3; i++)
        PLD_TRY(run_both(ctx, sizes[i]));
    TRY_PETSC(PetscFinalize());
    return PLD_OK;
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, body);
}
