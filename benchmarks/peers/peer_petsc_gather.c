/* Gather and scatter of a cube of f64 in natural order beside PETSc's.
 *
 *     mpirun -n 2 --bind-to core peer_petsc_gather [EDGE...]
 *
 * for EDGE^3 points in all (128 256), cut along the slowest or the fastest
 * dimension; to and from an array on rank 0, and to all ranks. References, in
 * the same run:
 *   petsc:ToZero, petsc:ToAll   VecScatterCreateToZero and ToAll of a DMDA's
 *                               global vector; where it is not in natural order
 *                               by itself, by way of DMDAGlobalToNatural */
#include "peers/petsc.h"

#include <stdio.h>

#include "support/bench.h"
#include "support/slabs.h"

struct setting {
    int64_t edge;
    int cut; /* the dimension that is cut */
    bool scatter;
    int root;
};

struct bench {
    struct setting setting;
    MPI_Comm comm;
    bool is_root;
    pld_grid *grid;
    pld_field *field;
    pld_gather *gather;
    DM dm;
    Vec global;
    Vec natural; /* NULL where the global vector is in natural order */
    Vec array;
    VecScatter scatter;
};

/* --- The ways ------------------------------------------------------------- */

static void run_polder(void *data)
{
    struct bench *bench = data;
    must(pld_gather_run(bench->gather) == PLD_OK);
}

static void run_gather(struct bench *bench)
{
    Vec from = bench->natural ? bench->natural : bench->global;
    if (bench->natural)
        must(DMDAGlobalToNaturalBegin(bench->dm, bench->global, INSERT_VALUES,
                                      from) == 0 &&
             DMDAGlobalToNaturalEnd(bench->dm, bench->global, INSERT_VALUES,
                                    from) == 0);
    must(VecScatterBegin(bench->scatter, from, bench->array, INSERT_VALUES,
                         SCATTER_FORWARD) == 0 &&
         VecScatterEnd(bench->scatter, from, bench->array, INSERT_VALUES,
                       SCATTER_FORWARD) == 0);
}

static void run_scatter(struct bench *bench)
{
    Vec to = bench->natural ? bench->natural : bench->global;
    must(VecScatterBegin(bench->scatter, bench->array, to, INSERT_VALUES,
                         SCATTER_REVERSE) == 0 &&
         VecScatterEnd(bench->scatter, bench->array, to, INSERT_VALUES,
                       SCATTER_REVERSE) == 0);
    if (bench->natural)
        must(DMDANaturalToGlobalBegin(bench->dm, to, INSERT_VALUES,
                                      bench->global) == 0 &&
             DMDANaturalToGlobalEnd(bench->dm, to, INSERT_VALUES,
                                    bench->global) == 0);
}

static void run_petsc(void *data)
{
    struct bench *bench = data;
    if (bench->setting.scatter)
        run_scatter(bench);
    else
        run_gather(bench);
}

enum { POLDER, PETSC, NWAYS };

/* --- Memory of either side ------------------------------------------------ */

static struct slab slab_of_vector(Vec vector, pld_box box)
{
    const int plain[PLD_MAXDIM] = {0, 1, 2};
    double *values = NULL;
    must(VecGetArray(vector, &values) == 0);
    struct slab slab = slab_in(values, box, plain);
    must(VecRestoreArray(vector, &values) == 0);
    return slab;
}

static struct slab own_of(const struct bench *bench, int way)
{
    return way == POLDER
               ? slab_of_field(bench->field)
               : slab_of_vector(bench->global, pld_field_owned(bench->field));
}

/* On roots only. */
static struct slab array_of(const struct bench *bench, int way)
{
    const int plain[PLD_MAXDIM] = {0, 1, 2};
    pld_box whole = pld_field_domain(bench->field);
    return way == POLDER
               ? slab_in(pld_gather_array(bench->gather), whole, plain)
               : slab_of_vector(bench->array, whole);
}

static void touch(void *data, int way)
{
    struct bench *bench = data;
    struct slab own = own_of(bench, way);
    slab_negate(&own);
    if (bench->is_root) {
        struct slab array = array_of(bench, way);
        slab_negate(&array);
    }
}

static bool is_right(struct bench *bench, int way, void (*run)(void *))
{
    struct slab own = own_of(bench, way);
    bool scatter = bench->setting.scatter;
    int64_t edge = bench->setting.edge;
    slab_clear(&own);
    if (!scatter)
        slab_fill(&own, edge);
    if (bench->is_root) {
        struct slab array = array_of(bench, way);
        slab_clear(&array);
        if (scatter)
            slab_fill(&array, edge);
    }
    MPI_Barrier(bench->comm);
    run(bench);
    bool good = slab_is_filled(&own, edge);
    if (bench->is_root) {
        struct slab array = array_of(bench, way);
        good = good && slab_is_filled(&array, edge);
    }
    return bench_all(bench->comm, good);
}

/* --- Setting up ----------------------------------------------------------- */

static pld_status create_ours(pld_ctx *ctx, struct bench *bench)
{
    const struct setting *setting = &bench->setting;
    pld_grid_spec grid = {.ndims = PLD_MAXDIM};
    for (int d = 0; d < PLD_MAXDIM; d++) {
        grid.size[d] = setting->edge;
        grid.nprocs[d] = d == setting->cut ? pld_ctx_nranks(ctx) : 1;
    }
    PLD_TRY(pld_grid_create(ctx, &grid, &bench->grid));
    PLD_TRY(pld_field_create(bench->grid, &(pld_field_spec){.name = "cube"},
                             &bench->field));
    bench->is_root = setting->root == PLD_ALL_RANKS || pld_ctx_rank(ctx) == 0;
    return pld_gather_create(&(pld_gather_spec){.field = bench->field,
                                                .scatter = setting->scatter,
                                                .root = setting->root},
                             &bench->gather);
}

/* PETSc names dimensions in the order x, y, z: fastest first. */
static pld_status create_theirs(struct bench *bench)
{
    const pld_grid *grid = bench->grid;
    PetscInt edge = (PetscInt)bench->setting.edge;
    TRY_PETSC(DMDACreate3d(bench->comm, DM_BOUNDARY_NONE, DM_BOUNDARY_NONE,
                           DM_BOUNDARY_NONE, DMDA_STENCIL_STAR, edge, edge,
                           edge, pld_grid_nprocs(grid, 2),
                           pld_grid_nprocs(grid, 1), pld_grid_nprocs(grid, 0),
                           1, 1, NULL, NULL, NULL, &bench->dm));
    TRY_PETSC(DMSetUp(bench->dm));
    TRY_PETSC(DMCreateGlobalVector(bench->dm, &bench->global));
    if (bench->setting.cut != 0)
        TRY_PETSC(DMDACreateNaturalVector(bench->dm, &bench->natural));
    Vec from = bench->natural ? bench->natural : bench->global;
    if (bench->setting.root == PLD_ALL_RANKS)
        TRY_PETSC(VecScatterCreateToAll(from, &bench->scatter, &bench->array));
    else
        TRY_PETSC(VecScatterCreateToZero(from, &bench->scatter, &bench->array));
    return PLD_OK;
}

static pld_status destroy(struct bench *bench)
{
    TRY_PETSC(VecScatterDestroy(&bench->scatter));
    TRY_PETSC(VecDestroy(&bench->array));
    TRY_PETSC(VecDestroy(&bench->natural));
    TRY_PETSC(VecDestroy(&bench->global));
    TRY_PETSC(DMDestroy(&bench->dm));
    PLD_TRY(pld_gather_destroy(&bench->gather));
    PLD_TRY(pld_field_destroy(&bench->field));
    return pld_grid_destroy(&bench->grid);
}

static pld_status run_case(pld_ctx *ctx, struct setting setting)
{
    struct bench bench = {.setting = setting, .comm = pld_ctx_comm(ctx)};
    const char *peer =
        setting.root == PLD_ALL_RANKS ? "petsc:ToAll" : "petsc:ToZero";
    const struct bench_way ways[NWAYS] = {{"polder", run_polder},
                                          {peer, run_petsc}};
    PLD_TRY(create_ours(ctx, &bench));
    PLD_TRY(create_theirs(&bench));
    bool good = true;
    for (int w = 0; w < NWAYS; w++)
        good = is_right(&bench, w, ways[w].run) && good;
    double seconds[BENCH_MAX_WAYS];
    const struct bench_task task = {
        .touch_way = touch, .data = &bench, .nways = NWAYS, .ways = ways};
    bench_compare(bench.comm, &task, seconds);
    char params[80];
    snprintf(params, sizeof params, "%lld^3 %s", (long long)setting.edge,
             setting.cut == 0 ? "slowest" : "fastest");
    bench_row(bench.comm, setting.scatter ? "scatter" : "gather", params,
              1e3 * seconds[POLDER], "ms", peer, 1e3 * seconds[PETSC], good);
    return destroy(&bench);
}

static pld_status run_edge(pld_ctx *ctx, int64_t edge)
{
    for (int cut = 0; cut < PLD_MAXDIM; cut += PLD_MAXDIM - 1) {
        struct setting setting = {.edge = edge, .cut = cut};
        PLD_TRY(run_case(ctx, setting));
        setting.scatter = true;
        PLD_TRY(run_case(ctx, setting));
        setting.scatter = false;
        setting.root = PLD_ALL_RANKS;
        PLD_TRY(run_case(ctx, setting));
    }
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
