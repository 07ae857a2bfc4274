/* Halo exchange, the same cube of f64 on every rank, components interleaved.
 *
 *     mpirun -n 2 --bind-to core bench_halo [quick|all|PART]... [EDGE]...
 *
 * for cubes of EDGE^3 points, cut along the slowest or the fastest dimension.
 * Without words: width 1 and 1 component of 32, 64 and 128. "quick" leaves 32,
 * "all" adds 256, width 2 and 4 components. PARTs, all of them unless named:
 *   halo        one exchange through whatever the ranks share
 *   message     the same with every rank on a node of its own
 *   fused       4 and 8 small fields in one exchange
 *   accumulate  the adjoint
 *   heat        a step of the 7-point stencil, its exchange included
 *   plan        memory of the plan, and time to make it
 * References, in the same run:
 *   limit:xcopy     the same boxes copied straight from the neighbour's memory,
 *                   without any synchronisation: what the hardware charges
 *   mpi:persistent  persistent messages packed by hand, one for each side,
 *                   periodic images of the own block copied by hand
 *   mpi:subarray    persistent messages of derived datatypes
 *   mpi:alltoallw   MPI_Neighbor_alltoallw with the same datatypes
 *   polder:...      our own exchange, of one field each time or not adjoint
 *   limit:kernel    the step without its exchange
 *   limit:bar       64 KiB and 1 ms
 * Ours is in memory of the library, with pages of 2 MiB where it finds them;
 * the others' is a window of MPI, with pages of 4 KiB. All ranks must share
 * memory. */
#include <polder.h>
#include <polder/main.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/bench.h"
#include "support/faces.h"

/* What was asked for. */
struct choice {
    bool all;
    int nparts;
    char *parts[8];
    int nedges;
    int64_t edges[8];
};

struct bench {
    MPI_Comm comm;
    struct cube cube;
    struct faces faces;
    struct cube singles[CUBE_MAX_FIELDS];
};

static void touch(void *data, int way)
{
    struct bench *bench = data;
    if (way == 0)
        cube_touch(&bench->cube);
    else
        faces_touch(&bench->faces);
}

static void run_polder(void *data)
{
    cube_exchange(&((struct bench *)data)->cube);
}

static void run_copy(void *data)
{
    faces_copy(&((struct bench *)data)->faces);
}

static void run_persistent(void *data)
{
    faces_persistent(&((struct bench *)data)->faces);
}

static void run_subarray(void *data)
{
    faces_subarray(&((struct bench *)data)->faces);
}

static void run_alltoallw(void *data)
{
    faces_alltoallw(&((struct bench *)data)->faces);
}

static bool ours_is_right(struct bench *bench)
{
    cube_reset(&bench->cube);
    run_polder(bench);
    return cube_is_right(&bench->cube);
}

/* --- Beside MPI ------------------------------------------------------------
 */

static const struct bench_way ways[] = {{"polder", run_polder},
                                        {"limit:xcopy", run_copy},
                                        {"mpi:persistent", run_persistent},
                                        {"mpi:subarray", run_subarray},
                                        {"mpi:alltoallw", run_alltoallw}};
enum { NWAYS = sizeof ways / sizeof *ways };
static void (*const by_hand[NWAYS])(struct faces *) = {
    NULL, faces_copy, faces_persistent, faces_subarray, faces_alltoallw};

static pld_status run_case(pld_ctx *ctx, const char *name,
                           struct cube_setting setting)
{
    struct bench bench = {.comm = pld_ctx_comm(ctx)};
    double seconds[BENCH_MAX_WAYS];
    bool good[NWAYS];
    char params[80];
    PLD_TRY(cube_create(ctx, &setting, &bench.cube));
    PLD_TRY(faces_create(&bench.cube, &bench.faces));
    good[0] = ours_is_right(&bench);
    for (int w = 1; w < NWAYS; w++)
        good[w] = faces_are_right(&bench.faces, by_hand[w]);
    const struct bench_task task = {
        .touch_way = touch, .data = &bench, .nways = NWAYS, .ways = ways};
    bench_compare(bench.comm, &task, seconds);
    cube_name(&setting, params);
    for (int w = 1; w < NWAYS; w++)
        bench_row(bench.comm, name, params, 1e6 * seconds[0], "us",
                  ways[w].name, 1e6 * seconds[w], good[0] && good[w]);
    PLD_TRY(faces_destroy(&bench.faces));
    return cube_destroy(&bench.cube);
}

/* Between open ends nothing but faces is exchanged: star or box is the same. */
static pld_status run_shapes(pld_ctx *ctx, const char *name,
                             struct cube_setting setting)
{
    for (int fastest = 0; fastest < 2; fastest++)
        for (int shape = 0; shape < 3; shape++) {
            setting.cut = fastest ? PLD_MAXDIM - 1 : 0;
            setting.periodic = shape > 0;
            setting.stencil = shape < 2 ? PLD_STAR : PLD_BOX;
            PLD_TRY(run_case(ctx, name, setting));
        }
    return PLD_OK;
}

static pld_status run_halos(pld_ctx *ctx, const char *name,
                            const struct choice *choice)
{
    for (int e = 0; e < choice->nedges; e++)
        for (int64_t width = 1; width <= (choice->all ? 2 : 1); width++)
            for (int ncomps = 1; ncomps <= (choice->all ? 4 : 1); ncomps += 3)
                PLD_TRY(
                    run_shapes(ctx, name,
                               (struct cube_setting){.edge = choice->edges[e],
                                                     .width = width,
                                                     .ncomps = ncomps,
                                                     .nfields = 1}));
    return PLD_OK;
}

/* A context whose ranks believe that they are on nodes of their own. */
static pld_status run_messages(pld_ctx *ctx, const struct choice *choice)
{
    pld_ctx *apart = NULL;
    char count[16];
    snprintf(count, sizeof count, "%d", pld_ctx_nranks(ctx));
    setenv("PLD_FAKE_NODES", count, 1);
    PLD_TRY(pld_ctx_create(pld_ctx_comm(ctx), NULL, &apart));
    unsetenv("PLD_FAKE_NODES");
    PLD_TRY(run_halos(apart, "halo by messages", choice));
    return pld_ctx_destroy(&apart);
}

/* --- Several fields at once ------------------------------------------------
 */

static void run_singles(void *data)
{
    struct bench *bench = data;
    for (int f = 0; f < bench->cube.setting.nfields; f++)
        cube_exchange(&bench->singles[f]);
}

static void touch_fused(void *data, int way)
{
    struct bench *bench = data;
    if (way != 1)
        touch(data, way);
    for (int f = 0; way == 1 && f < bench->cube.setting.nfields; f++)
        cube_touch(&bench->singles[f]);
}

static pld_status run_fused(pld_ctx *ctx, struct cube_setting setting)
{
    static const struct bench_way fused[] = {{"polder", run_polder},
                                             {"polder:single", run_singles},
                                             {"mpi:persistent", run_persistent},
                                             {"limit:xcopy", run_copy}};
    struct bench bench = {.comm = pld_ctx_comm(ctx)};
    struct cube_setting one = setting;
    double seconds[BENCH_MAX_WAYS];
    char params[80];
    char name[32];
    one.nfields = 1;
    PLD_TRY(cube_create(ctx, &setting, &bench.cube));
    PLD_TRY(faces_create(&bench.cube, &bench.faces));
    bool good = ours_is_right(&bench) &&
                faces_are_right(&bench.faces, faces_persistent) &&
                faces_are_right(&bench.faces, faces_copy);
    for (int f = 0; f < setting.nfields; f++)
        PLD_TRY(cube_create(ctx, &one, &bench.singles[f]));
    const struct bench_task task = {
        .touch_way = touch_fused, .data = &bench, .nways = 4, .ways = fused};
    bench_compare(bench.comm, &task, seconds);
    cube_name(&setting, params);
    snprintf(name, sizeof name, "halo of %d fields", setting.nfields);
    for (int w = 1; w < 4; w++)
        bench_row(bench.comm, name, params, 1e6 * seconds[0], "us",
                  fused[w].name, 1e6 * seconds[w], good);
    for (int f = 0; f < setting.nfields; f++)
        PLD_TRY(cube_destroy(&bench.singles[f]));
    PLD_TRY(faces_destroy(&bench.faces));
    return cube_destroy(&bench.cube);
}

static pld_status run_all_fused(pld_ctx *ctx)
{
    for (int64_t edge = 16; edge <= 32; edge *= 2)
        for (int nfields = 4; nfields <= CUBE_MAX_FIELDS; nfields *= 2)
            for (int cut = 0; cut < PLD_MAXDIM; cut += 2)
                PLD_TRY(
                    run_fused(ctx, (struct cube_setting){.edge = edge,
                                                         .width = 1,
                                                         .ncomps = 1,
                                                         .nfields = nfields,
                                                         .cut = cut,
                                                         .stencil = PLD_STAR}));
    return PLD_OK;
}

/* --- The adjoint ------------------------------------------------------------
 */

static void run_accumulate(void *data)
{
    struct bench *bench = data;
    if (pld_halo_accumulate(bench->cube.halo, PLD_SUM) != PLD_OK)
        MPI_Abort(bench->comm, 1);
}

static void touch_ours(void *data, int way)
{
    (void)way;
    touch(data, 0);
}

/* Where all is 1, the sum counts own points and ghosts within the domain. */
static bool accumulates(struct bench *bench)
{
    const double one = 1.0;
    double sum = 0.0;
    pld_field *field = bench->cube.fields[0];
    if (pld_field_set(field, &one) != PLD_OK)
        return false;
    run_accumulate(bench);
    bool good = pld_field_reduce(field, PLD_SUM, 0, &sum) == PLD_OK;
    const struct cube_setting *setting = &bench->cube.setting;
    int nranks = pld_grid_nprocs(bench->cube.grid, setting->cut);
    double face = (double)(setting->edge * setting->edge * setting->width);
    double npoints = (double)pld_box_volume(pld_field_domain(field));
    return good && sum == npoints + 2.0 * (nranks - 1) * face;
}

static pld_status run_adjoints(pld_ctx *ctx, const struct choice *choice)
{
    static const struct bench_way both[] = {{"polder", run_accumulate},
                                            {"polder:halo", run_polder}};
    for (int e = 0; e < choice->nedges; e++)
        for (int cut = 0; cut < PLD_MAXDIM; cut += 2) {
            struct bench bench = {.comm = pld_ctx_comm(ctx)};
            double seconds[BENCH_MAX_WAYS];
            char params[80];
            const struct cube_setting setting = {.edge = choice->edges[e],
                                                 .width = 1,
                                                 .ncomps = 1,
                                                 .nfields = 1,
                                                 .cut = cut,
                                                 .stencil = PLD_STAR};
            PLD_TRY(cube_create(ctx, &setting, &bench.cube));
            bool good = ours_is_right(&bench) && accumulates(&bench);
            const struct bench_task task = {.touch_way = touch_ours,
                                            .data = &bench,
                                            .nways = 2,
                                            .ways = both};
            bench_compare(bench.comm, &task, seconds);
            cube_name(&setting, params);
            bench_row(bench.comm, "accumulate", params, 1e6 * seconds[0], "us",
                      both[1].name, 1e6 * seconds[1], good);
            PLD_TRY(cube_destroy(&bench.cube));
        }
    return PLD_OK;
}

/* --- A step of heat conduction ----------------------------------------------
 */

static void conduct(const struct cube *cube)
{
    pld_view u = pld_field_view(cube->fields[0]);
    pld_view w = pld_field_view(cube->fields[1]);
    pld_box own = pld_field_owned(cube->fields[0]);
    int64_t sz = u.stride[0];
    int64_t sy = u.stride[1];
    for (int64_t k = own.first[0]; k < own.first[0] + own.count[0]; k++)
        for (int64_t j = own.first[1]; j < own.first[1] + own.count[1]; j++) {
            const double *restrict p =
                u.f64 + k * sz + j * sy + own.first[2] * u.stride[2];
            double *restrict q =
                w.f64 + k * sz + j * sy + own.first[2] * w.stride[2];
            for (int64_t i = 0; i < own.count[2]; i++)
                q[i] =
                    p[i] + 0.1 * (p[i - sz] + p[i + sz] + p[i - sy] +
                                  p[i + sy] + p[i - 1] + p[i + 1] - 6.0 * p[i]);
        }
}

static void run_step(void *data)
{
    struct bench *bench = data;
    cube_exchange(&bench->singles[0]);
    conduct(&bench->cube);
}

static void run_kernel(void *data)
{
    conduct(&((struct bench *)data)->cube);
}

/* Two fields, one of which is exchanged. */
static pld_status run_heat(pld_ctx *ctx, int cut)
{
    static const struct bench_way both[] = {{"polder", run_step},
                                            {"limit:kernel", run_kernel}};
    struct bench bench = {.comm = pld_ctx_comm(ctx)};
    double seconds[BENCH_MAX_WAYS];
    char params[80];
    const struct cube_setting setting = {.edge = 64,
                                         .width = 1,
                                         .ncomps = 1,
                                         .nfields = 2,
                                         .cut = cut,
                                         .stencil = PLD_STAR};
    PLD_TRY(cube_create(ctx, &setting, &bench.cube));
    bool good = ours_is_right(&bench);
    const pld_halo_spec spec = {
        .nfields = 1, .fields = bench.cube.fields, .stencil = PLD_STAR};
    PLD_TRY(pld_halo_create(&spec, &bench.singles[0].halo));
    const struct bench_task task = {
        .touch_way = touch_ours, .data = &bench, .nways = 2, .ways = both};
    bench_compare(bench.comm, &task, seconds);
    cube_name(&setting, params);
    bench_row(bench.comm, "heat step", params, 1e6 * seconds[0], "us",
              both[1].name, 1e6 * seconds[1], good);
    PLD_TRY(pld_halo_destroy(&bench.singles[0].halo));
    return cube_destroy(&bench.cube);
}

/* --- The plan ----------------------------------------------------------------
 */

static pld_status run_plan(pld_ctx *ctx, int64_t edge)
{
    enum { TIMES = 9 };
    struct cube cube;
    pld_halo_info info;
    double seconds[TIMES];
    char params[80];
    const struct cube_setting setting = {
        .edge = edge, .width = 1, .ncomps = 1, .nfields = 1};
    PLD_TRY(cube_create(ctx, &setting, &cube));
    const pld_halo_spec spec = {.nfields = 1, .fields = cube.fields};
    for (int i = 0; i < TIMES; i++) {
        pld_halo *halo = NULL;
        MPI_Barrier(pld_ctx_comm(ctx));
        double start = MPI_Wtime();
        PLD_TRY(pld_halo_create(&spec, &halo));
        seconds[i] = MPI_Wtime() - start;
        PLD_TRY(pld_halo_destroy(&halo));
    }
    PLD_TRY(pld_halo_describe(cube.halo, &info));
    cube_name(&setting, params);
    bench_row(pld_ctx_comm(ctx), "plan memory", params,
              (double)info.plan_bytes / 1024, "KiB", "limit:bar", 64, true);
    bench_row(pld_ctx_comm(ctx), "plan time", params,
              1e3 * bench_median(TIMES, seconds), "ms", "limit:bar", 1, true);
    return cube_destroy(&cube);
}

/* --- What is asked for
 * -------------------------------------------------------- */

static void choose(int argc, char **argv, struct choice *out)
{
    *out = (struct choice){.all = false};
    bool quick = false;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i] + (strncmp(argv[i], "--", 2) == 0 ? 2 : 0);
        if (strcmp(word, "all") == 0)
            out->all = true;
        else if (strcmp(word, "quick") == 0)
            quick = true;
        else if (atoll(word) > 0 && out->nedges < 8)
            out->edges[out->nedges++] = atoll(word);
        else if (out->nparts < 8)
            out->parts[out->nparts++] = argv[i];
    }
    int64_t most = quick ? 32 : out->all ? 256 : 128;
    bool given = out->nedges > 0;
    for (int64_t edge = 32; !given && edge <= most; edge *= 2)
        out->edges[out->nedges++] = edge;
}

static bool is_chosen(const struct choice *choice, const char *part)
{
    for (int i = 0; i < choice->nparts; i++)
        if (strcmp(choice->parts[i], part) == 0)
            return true;
    return choice->nparts == 0;
}

static pld_status body(pld_ctx *ctx, int argc, char **argv)
{
    struct choice choice;
    choose(argc, argv, &choice);
    bench_head(pld_ctx_comm(ctx));
    if (is_chosen(&choice, "halo"))
        PLD_TRY(run_halos(ctx, "halo", &choice));
    if (is_chosen(&choice, "message"))
        PLD_TRY(run_messages(ctx, &choice));
    if (is_chosen(&choice, "fused"))
        PLD_TRY(run_all_fused(ctx));
    if (is_chosen(&choice, "accumulate"))
        PLD_TRY(run_adjoints(ctx, &choice));
    for (int cut = 0; is_chosen(&choice, "heat") && cut < PLD_MAXDIM; cut += 2)
        PLD_TRY(run_heat(ctx, cut));
    if (is_chosen(&choice, "plan"))
        PLD_TRY(run_plan(ctx, choice.all ? 256 : 64));
    return PLD_OK;
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, body);
}
