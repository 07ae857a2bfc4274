/* Irregular gather beside PETSc's: a star forest with unit f64, and a
 * VecScatter between vectors on the same memory.
 *
 *     mpirun -n 2 --bind-to core peer_petsc_map [N...]
 *
 * for N roots and leaves on every rank (1000000), 10 % and 50 % of the leaves
 * with roots of other ranks, random and in contiguous pieces. */
#include "peers/petsc.h"

#include <petscsf.h>
#include <petscvec.h>

#include <stdio.h>
#include <stdlib.h>

#include "support/bench.h"
#include "support/wants.h"

struct bench {
    MPI_Comm comm;
    struct wants wants;
    pld_map *map;
    PetscSF forest;
    Vec vectors[2]; /* roots, leaves */
    VecScatter scatter;
};

static void run_polder(void *data)
{
    struct bench *bench = data;
    must(pld_map_broadcast(bench->map, (pld_entry){0}, bench->wants.roots,
                           bench->wants.leaves) == PLD_OK);
}

static void run_forest(void *data)
{
    struct bench *bench = data;
    must(PetscSFBcastBegin(bench->forest, MPI_DOUBLE, bench->wants.roots,
                           bench->wants.leaves, MPI_REPLACE) == 0);
    must(PetscSFBcastEnd(bench->forest, MPI_DOUBLE, bench->wants.roots,
                         bench->wants.leaves, MPI_REPLACE) == 0);
}

static void run_scatter(void *data)
{
    struct bench *bench = data;
    must(VecScatterBegin(bench->scatter, bench->vectors[0], bench->vectors[1],
                         INSERT_VALUES, SCATTER_FORWARD) == 0);
    must(VecScatterEnd(bench->scatter, bench->vectors[0], bench->vectors[1],
                       INSERT_VALUES, SCATTER_FORWARD) == 0);
}

static const struct bench_way ways[] = {{"polder", run_polder},
                                        {"petsc:PetscSFBcast", run_forest},
                                        {"petsc:VecScatter", run_scatter}};
enum { POLDER, FOREST, SCATTER, NWAYS };

static void touch(void *data)
{
    struct bench *bench = data;
    wants_touch(&bench->wants);
}

static pld_status make_forest(struct bench *bench)
{
    const struct wants *wants = &bench->wants;
    PetscInt n = (PetscInt)wants->n;
    PetscSFNode *nodes = calloc((size_t)n, sizeof *nodes);
    for (PetscInt i = 0; i < n; i++)
        nodes[i] = (PetscSFNode){.rank = wants->ranks[i],
                                 .index = (PetscInt)wants->indices[i]};
    TRY_PETSC(PetscSFCreate(bench->comm, &bench->forest));
    TRY_PETSC(PetscSFSetGraph(bench->forest, n, n, NULL, PETSC_COPY_VALUES,
                              nodes, PETSC_COPY_VALUES));
    TRY_PETSC(PetscSFSetUp(bench->forest));
    free(nodes);
    return PLD_OK;
}

static pld_status make_scatter(struct bench *bench)
{
    const struct wants *wants = &bench->wants;
    PetscInt n = (PetscInt)wants->n;
    PetscInt *global = calloc((size_t)n, sizeof *global);
    IS from = NULL;
    IS to = NULL;
    double *const arrays[2] = {wants->roots, wants->leaves};
    for (PetscInt i = 0; i < n; i++)
        global[i] = (PetscInt)wants->ranks[i] * n + (PetscInt)wants->indices[i];
    for (int v = 0; v < 2; v++)
        TRY_PETSC(VecCreateMPIWithArray(bench->comm, 1, n, PETSC_DECIDE,
                                        arrays[v], &bench->vectors[v]));
    TRY_PETSC(
        ISCreateGeneral(bench->comm, n, global, PETSC_COPY_VALUES, &from));
    TRY_PETSC(
        ISCreateStride(bench->comm, n, (PetscInt)wants->rank * n, 1, &to));
    TRY_PETSC(VecScatterCreate(bench->vectors[0], from, bench->vectors[1], to,
                               &bench->scatter));
    TRY_PETSC(ISDestroy(&to));
    TRY_PETSC(ISDestroy(&from));
    free(global);
    return PLD_OK;
}

static pld_status set_up(pld_ctx *ctx, int64_t n, int percent, bool random,
                         struct bench *bench)
{
    bench->comm = pld_ctx_comm(ctx);
    wants_make(n, percent, random, pld_ctx_rank(ctx), pld_ctx_nranks(ctx),
               &bench->wants);
    pld_map_spec spec = {.nroots = n,
                         .nleaves = n,
                         .ranks = bench->wants.ranks,
                         .indices = bench->wants.indices};
    PLD_TRY(pld_map_create(ctx, &spec, &bench->map));
    PLD_TRY(make_forest(bench));
    return make_scatter(bench);
}

static pld_status tear_down(struct bench *bench)
{
    TRY_PETSC(VecScatterDestroy(&bench->scatter));
    for (int v = 0; v < 2; v++)
        TRY_PETSC(VecDestroy(&bench->vectors[v]));
    TRY_PETSC(PetscSFDestroy(&bench->forest));
    PLD_TRY(pld_map_destroy(&bench->map));
    wants_free(&bench->wants);
    return PLD_OK;
}

static pld_status run_case(pld_ctx *ctx, int64_t n, int percent, bool random)
{
    struct bench bench = {0};
    double seconds[BENCH_MAX_WAYS];
    bool good[NWAYS];
    PLD_TRY(set_up(ctx, n, percent, random, &bench));
    for (int w = 0; w < NWAYS; w++) {
        wants_reset(&bench.wants);
        ways[w].run(&bench);
        good[w] = bench_all(bench.comm, wants_are_right(&bench.wants));
    }
    const struct bench_task task = {
        .touch = touch, .data = &bench, .nways = NWAYS, .ways = ways};
    bench_compare(bench.comm, &task, seconds);
    char params[80];
    snprintf(params, sizeof params, "%lld %s %d%% remote", (long long)n,
             random ? "random" : "contiguous", percent);
    for (int w = 1; w < NWAYS; w++)
        bench_row(bench.comm, "map", params, 1e6 * seconds[POLDER], "us",
                  ways[w].name, 1e6 * seconds[w], good[POLDER] && good[w]);
    return tear_down(&bench);
}

static pld_status run_size(pld_ctx *ctx, int64_t n)
{
    for (int random = 1; random >= 0; random--) {
        PLD_TRY(run_case(ctx, n, 10, random != 0));
        PLD_TRY(run_case(ctx, n, 50, random != 0));
    }
    return PLD_OK;
}

static pld_status body(pld_ctx *ctx, int argc, char **argv)
{
    TRY_PETSC(PetscInitializeNoArguments());
    bench_head(pld_ctx_comm(ctx));
    for (int i = 1; i < argc; i++)
        PLD_TRY(run_size(ctx, atoll(argv[i])));
    if (argc == 1)
        PLD_TRY(run_size(ctx, 1000000));
    TRY_PETSC(PetscFinalize());
    return PLD_OK;
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, body);
}
