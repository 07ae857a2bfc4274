/* Halo exchange of one f64 field of width 1 beside PETSc's DMDA, the same block
 * on every rank.
 *
 *     mpirun -n 2 --bind-to core peer_petsc_halo [EDGE...]
 *
 * for blocks of EDGE^3 points (32 64 128), cut along the slowest or the fastest
 * dimension, components interleaved. References, in the same run:
 *   petsc:LocalToLocal   in place, in a vector with ghosts
 *   petsc:GlobalToLocal  from a vector without ghosts into one with ghosts
 * Between open ends PETSc holds no ghosts outside of the domain: where it is
 * cut along the slowest dimension it then copies but the faces. */
#include "peers/petsc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/bench.h"
#include "support/cube.h"
#include "support/ghosts.h"

enum { MAX_COMPS = 4 };

struct bench {
    struct cube cube;
    MPI_Comm comm;
    DM dm;
    Vec local;  /* with ghosts */
    Vec global; /* without */
};

/* --- The ways ------------------------------------------------------------- */

static void run_polder(void *data)
{
    cube_exchange(&((struct bench *)data)->cube);
}

static void run_local(void *data)
{
    struct bench *bench = data;
    must(DMLocalToLocalBegin(bench->dm, bench->local, INSERT_VALUES,
                             bench->local) == 0);
    must(DMLocalToLocalEnd(bench->dm, bench->local, INSERT_VALUES,
                           bench->local) == 0);
}

static void run_global(void *data)
{
    struct bench *bench = data;
    must(DMGlobalToLocal(bench->dm, bench->global, INSERT_VALUES,
                         bench->local) == 0);
}

enum { POLDER, LOCAL_TO_LOCAL, GLOBAL_TO_LOCAL, NWAYS };
static const struct bench_way ways[NWAYS] = {
    {"polder", run_polder},
    {"petsc:LocalToLocal", run_local},
    {"petsc:GlobalToLocal", run_global}};

static void negate(double *values, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        values[i] = -values[i];
}

static void negate_vector(Vec vector)
{
    PetscInt n = 0;
    double *values = NULL;
    must(VecGetLocalSize(vector, &n) == 0 && VecGetArray(vector, &values) == 0);
    negate(values, n);
    must(VecRestoreArray(vector, &values) == 0);
}

static double *point_at(pld_view view, const int64_t index[PLD_MAXDIM])
{
    double *point = view.f64;
    for (int d = 0; d < PLD_MAXDIM; d++)
        point += index[d] * view.stride[d];
    return point;
}

/* A time step of some simulation: reads and writes the whole block; with a
 * global vector it reads the one with ghosts and writes the one without. */
static void touch(void *data, int way)
{
    struct bench *bench = data;
    if (way == POLDER)
        cube_touch(&bench->cube);
    else
        negate_vector(bench->local);
    if (way == GLOBAL_TO_LOCAL)
        negate_vector(bench->global);
}

/* --- Whether a way fills the right ghosts --------------------------------- */

/* Copy what PETSc's vector with ghosts holds from the field, or back. */
static pld_status copy(struct bench *bench, bool back)
{
    PetscInt first[PLD_MAXDIM];
    PetscInt count[PLD_MAXDIM];
    TRY_PETSC(DMDAGetGhostCorners(bench->dm, &first[2], &first[1], &first[0],
                                  &count[2], &count[1], &count[0]));
    double *row = NULL;
    TRY_PETSC(VecGetArray(bench->local, &row));
    double *start = row;
    size_t length = (size_t)(count[2] * bench->cube.setting.ncomps);
    for (int64_t k = first[0]; k < first[0] + count[0]; k++)
        for (int64_t j = first[1]; j < first[1] + count[1]; j++) {
            double *point = point_at(pld_field_view(bench->cube.fields[0]),
                                     (int64_t[]){k, j, first[2]});
            memcpy(back ? point : row, back ? row : point,
                   length * sizeof *row);
            row += length;
        }
    TRY_PETSC(VecRestoreArray(bench->local, &start));
    return PLD_OK;
}

static pld_status check_petsc(struct bench *bench, int way)
{
    const double zeros[MAX_COMPS] = {0.0};
    PLD_TRY(copy(bench, false));
    PLD_TRY(pld_field_set(bench->cube.fields[0], zeros));
    if (way == GLOBAL_TO_LOCAL) {
        /* Ghosts are 0 and add nothing; INSERT_VALUES is refused. */
        TRY_PETSC(VecSet(bench->global, 0.0));
        TRY_PETSC(DMLocalToGlobal(bench->dm, bench->local, ADD_VALUES,
                                  bench->global));
        TRY_PETSC(VecSet(bench->local, 0.0));
    }
    ways[way].run(bench);
    return copy(bench, true);
}

static pld_status check(struct bench *bench, int way, bool *good)
{
    ghosts_reset(bench->cube.fields[0]);
    if (way == POLDER)
        run_polder(bench);
    else
        PLD_TRY(check_petsc(bench, way));
    *good =
        bench_all(bench->comm, ghosts_are_right(bench->cube.fields[0],
                                                bench->cube.setting.stencil));
    return PLD_OK;
}

/* --- Setting up ----------------------------------------------------------- */

/* PETSc names dimensions in the order x, y, z: fastest first. */
static pld_status create_theirs(struct bench *bench)
{
    const struct cube_setting *setting = &bench->cube.setting;
    const pld_grid *grid = bench->cube.grid;
    pld_box domain = pld_grid_domain(grid);
    DMBoundaryType side =
        setting->periodic ? DM_BOUNDARY_PERIODIC : DM_BOUNDARY_NONE;
    TRY_PETSC(DMDACreate3d(bench->comm, side, side, side,
                           setting->stencil == PLD_STAR ? DMDA_STENCIL_STAR
                                                        : DMDA_STENCIL_BOX,
                           (PetscInt)domain.count[2], (PetscInt)domain.count[1],
                           (PetscInt)domain.count[0], pld_grid_nprocs(grid, 2),
                           pld_grid_nprocs(grid, 1), pld_grid_nprocs(grid, 0),
                           setting->ncomps, 1, NULL, NULL, NULL, &bench->dm));
    TRY_PETSC(DMSetUp(bench->dm));
    TRY_PETSC(DMCreateLocalVector(bench->dm, &bench->local));
    TRY_PETSC(DMCreateGlobalVector(bench->dm, &bench->global));
    return PLD_OK;
}

static pld_status destroy(struct bench *bench)
{
    TRY_PETSC(VecDestroy(&bench->global));
    TRY_PETSC(VecDestroy(&bench->local));
    TRY_PETSC(DMDestroy(&bench->dm));
    return cube_destroy(&bench->cube);
}

static pld_status run_case(pld_ctx *ctx, struct cube_setting setting)
{
    struct bench bench = {.comm = pld_ctx_comm(ctx)};
    PLD_TRY(cube_create(ctx, &setting, &bench.cube));
    PLD_TRY(create_theirs(&bench));
    bool good[NWAYS];
    for (int w = 0; w < NWAYS; w++)
        PLD_TRY(check(&bench, w, &good[w]));
    double seconds[BENCH_MAX_WAYS];
    const struct bench_task task = {
        .touch_way = touch, .data = &bench, .nways = NWAYS, .ways = ways};
    bench_compare(bench.comm, &task, seconds);
    char params[80];
    cube_name(&setting, params);
    for (int w = 1; w < NWAYS; w++)
        bench_row(bench.comm, "halo", params, 1e6 * seconds[POLDER], "us",
                  ways[w].name, 1e6 * seconds[w], good[POLDER] && good[w]);
    return destroy(&bench);
}

/* Between open ends nothing but faces is exchanged: star or box is the same. */
static pld_status run_edge(pld_ctx *ctx, int64_t edge)
{
    for (int cut = 0; cut < PLD_MAXDIM; cut += PLD_MAXDIM - 1)
        for (int ncomps = 1; ncomps <= MAX_COMPS; ncomps += 3) {
            struct cube_setting setting = {.edge = edge,
                                           .width = 1,
                                           .nfields = 1,
                                           .ncomps = ncomps,
                                           .cut = cut,
                                           .stencil = PLD_STAR};
            PLD_TRY(run_case(ctx, setting));
            setting.periodic = true;
            PLD_TRY(run_case(ctx, setting));
            setting.stencil = PLD_BOX;
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
    for (int64_t edge = 32; argc == 1 && edge <= 128; edge *= 2)
        PLD_TRY(run_edge(ctx, edge));
    TRY_PETSC(PetscFinalize());
    return PLD_OK;
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, body);
}
