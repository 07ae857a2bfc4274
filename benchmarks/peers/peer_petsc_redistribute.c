/* Moving a cube of f64 from slabs along one dimension to slabs along another,
 * beside PETSc: two DMDAs and a VecScatter between their global vectors.
 *
 *     mpirun -n 2 --bind-to core peer_petsc_redistribute [EDGE...]
 *
 * for EDGE^3 points in all (128 256). Reference, in the same run:
 *   petsc:VecScatter */
#include "peers/petsc.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/bench.h"
#include "support/slabs.h"

static const struct slab_setting settings[] = {
    {"slabs y to z", 1, 0, {0, 1, 2}}, {"slabs x to z", 2, 0, {0, 1, 2}}};
enum { NSETTINGS = sizeof settings / sizeof *settings };

struct bench {
    int64_t edge;
    MPI_Comm comm;
    struct slab_move move;
    DM grids[2];
    Vec vectors[2];
    VecScatter scatter;
};

static void run_polder(void *data)
{
    struct bench *bench = data;
    must(pld_redistribution_run(bench->move.redistribution) == PLD_OK);
}

static void run_petsc(void *data)
{
    struct bench *bench = data;
    must(VecScatterBegin(bench->scatter, bench->vectors[0], bench->vectors[1],
                         INSERT_VALUES, SCATTER_FORWARD) == 0);
    must(VecScatterEnd(bench->scatter, bench->vectors[0], bench->vectors[1],
                       INSERT_VALUES, SCATTER_FORWARD) == 0);
}

enum { POLDER, PETSC, NWAYS };
static const struct bench_way ways[] = {{"polder", run_polder},
                                        {"petsc:VecScatter", run_petsc}};

/* Do something with the values of one side. */
static void with_slab(struct bench *bench, int way, int side,
                      void (*visit)(const struct slab *slab, void *data),
                      void *data)
{
    const int plain[PLD_MAXDIM] = {0, 1, 2};
    struct slab slab = slab_of_field(bench->move.fields[side]);
    double *values = NULL;
    if (way == PETSC) {
        must(VecGetArray(bench->vectors[side], &values) == 0);
        slab = slab_in(values, slab.box, plain);
    }
    visit(&slab, data);
    if (way == PETSC)
        must(VecRestoreArray(bench->vectors[side], &values) == 0);
}

static void negate(const struct slab *slab, void *data)
{
    (void)data;
    slab_negate(slab);
}

static void fill(const struct slab *slab, void *data)
{
    slab_fill(slab, *(const int64_t *)data);
}

static void clear(const struct slab *slab, void *data)
{
    (void)data;
    slab_clear(slab);
}

struct finding {
    int64_t edge;
    bool right;
};

static void look(const struct slab *slab, void *data)
{
    struct finding *finding = data;
    finding->right = slab_is_filled(slab, finding->edge);
}

static void touch(void *data, int way)
{
    for (int side = 0; side < 2; side++)
        with_slab(data, way, side, negate, NULL);
}

static bool is_right(struct bench *bench, int way)
{
    struct finding finding = {.edge = bench->edge};
    with_slab(bench, way, 0, fill, &bench->edge);
    with_slab(bench, way, 1, clear, NULL);
    MPI_Barrier(bench->comm);
    ways[way].run(bench);
    with_slab(bench, way, 1, look, &finding);
    return bench_all(bench->comm, finding.right);
}

/* PETSc names dimensions in the order x, y, z: fastest first. */
static pld_status create_side(struct bench *bench, int side)
{
    const pld_grid *grid = bench->move.grids[side];
    PetscInt edge = (PetscInt)bench->edge;
    TRY_PETSC(DMDACreate3d(bench->comm, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE,
                           DM_BOUNDARY_NONE, DMDA_STENCIL_STAR, edge, edge,
                           edge, pld_grid_nprocs(grid, 2),
                           pld_grid_nprocs(grid, 1), pld_grid_nprocs(grid, 0),
                           1, 0, NULL, NULL, NULL, &bench->grids[side]));
    TRY_PETSC(DMSetUp(bench->grids[side]));
    TRY_PETSC(DMCreateGlobalVector(bench->grids[side], &bench->vectors[side]));
    return PLD_OK;
}

/* Where the points of a box lie in the vector that they come from. */
static pld_status find_sources(const struct bench *bench, pld_box box,
                               PetscInt *out)
{
    AO numbers;
    PetscInt n = 0;
    PetscInt edge = (PetscInt)bench->edge;
    for (int64_t k = box.first[0]; k < box.first[0] + box.count[0]; k++)
        for (int64_t j = box.first[1]; j < box.first[1] + box.count[1]; j++)
            for (int64_t i = box.first[2]; i < box.first[2] + box.count[2]; i++)
                out[n++] = (PetscInt)((k * edge + j) * edge + i);
    TRY_PETSC(DMDAGetAO(bench->grids[0], &numbers));
    TRY_PETSC(AOApplicationToPetsc(numbers, n, out));
    return PLD_OK;
}

static pld_status create_theirs(struct bench *bench)
{
    IS sources = NULL;
    IS targets = NULL;
    PetscInt first = 0;
    for (int side = 0; side < 2; side++)
        PLD_TRY(create_side(bench, side));
    pld_box box = pld_field_owned(bench->move.fields[1]);
    PetscInt n = (PetscInt)pld_box_volume(box);
    PetscInt *indices = malloc((size_t)n * sizeof *indices);
    PLD_TRY(find_sources(bench, box, indices));
    TRY_PETSC(VecGetOwnershipRange(bench->vectors[1], &first, NULL));
    TRY_PETSC(
        ISCreateGeneral(bench->comm, n, indices, PETSC_COPY_VALUES, &sources));
    free(indices);
    TRY_PETSC(ISCreateStride(bench->comm, n, first, 1, &targets));
    TRY_PETSC(VecScatterCreate(bench->vectors[0], sources, bench->vectors[1],
                               targets, &bench->scatter));
    TRY_PETSC(ISDestroy(&targets));
    TRY_PETSC(ISDestroy(&sources));
    return PLD_OK;
}

static pld_status destroy_theirs(struct bench *bench)
{
    TRY_PETSC(VecScatterDestroy(&bench->scatter));
    for (int side = 0; side < 2; side++) {
        TRY_PETSC(VecDestroy(&bench->vectors[side]));
        TRY_PETSC(DMDestroy(&bench->grids[side]));
    }
    return PLD_OK;
}

static pld_status run_case(pld_ctx *ctx, const struct slab_setting *setting,
                           int64_t edge)
{
    struct bench bench = {.edge = edge, .comm = pld_ctx_comm(ctx)};
    bool right[NWAYS];
    double seconds[BENCH_MAX_WAYS];
    PLD_TRY(slab_move_create(ctx, setting, edge, &bench.move));
    PLD_TRY(create_theirs(&bench));
    for (int w = 0; w < NWAYS; w++)
        right[w] = is_right(&bench, w);
    const struct bench_task task = {
        .touch_way = touch, .data = &bench, .nways = NWAYS, .ways = ways};
    bench_compare(bench.comm, &task, seconds);
    char params[80];
    snprintf(params, sizeof params, "%lld^3 %s", (long long)edge,
             setting->name);
    bench_row(bench.comm, "redistribute", params, 1e3 * seconds[POLDER], "ms",
              ways[PETSC].name, 1e3 * seconds[PETSC],
              right[POLDER] && right[PETSC]);
    PLD_TRY(destroy_theirs(&bench));
    return slab_move_destroy(&bench.move);
}

static pld_status run_edge(pld_ctx *ctx, int64_t edge)
{
    for (int s = 0; s < NSETTINGS; s++)
        PLD_TRY(run_case(ctx, &settings[s], edge));
    return PLD_OK;
}

static pld_status body(pld_ctx *ctx, int argc, char **argv)
{
    TRY_PETSC(PetscInitializeNoArguments());
    bench_head(pld_ctx_comm(ctx));
    for (int i = 1; i < argc; i++)
        PLD_TRY(run_edge(ctx, atoll(argv[i])));
    for (int64_t edge = 128; argc == 1 && edge <= 256; edge *= 2)
        PLD_TRY(run_edge(ctx, edge));
    TRY_PETSC(PetscFinalize());
    return PLD_OK;
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, body);
}
