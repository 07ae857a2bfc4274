/* Gather and scatter of a cube of f64 to and from an array on rank 0, in
 * natural order.
 *
 *     mpirun -n 2 --bind-to core bench_gather [EDGE...]
 *
 * for EDGE^3 points in all (128 256), cut along the slowest or the fastest
 * dimension. Ours: the array is the gather's own ("owned") or the caller's
 * ("given"). References, in the same run:
 *   limit:copy    all ranks copy their part past the caches between their own
 *                 memory and an array that all reach, without synchronisation
 *   limit:memcpy  rank 0 copies as many bytes by memcpy
 *   mpi:gatherv   MPI_Gatherv or MPI_Scatterv of parts; along the fastest
 *                 dimension packed by hand
 *   mpi:subarray  a message for each rank between its part and what a datatype
 *                 describes of the array; rank 0's own part copied by hand
 * All ranks must share memory. */
#include <polder.h>
#include <polder/main.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/bench.h"
#include "support/slabs.h"

struct setting {
    int64_t edge;
    int cut; /* the dimension that is cut */
    bool scatter;
};

/* A rank's part. */
struct part {
    pld_box box;
    MPI_Datatype type; /* in the array */
    MPI_Request request;
};

struct bench {
    struct setting setting;
    MPI_Comm comm;
    int rank;
    int nranks;
    pld_grid *grid;
    pld_field *field;
    pld_gather *owned;
    pld_gather *given;
    struct slab own; /* of the field */
    pld_box whole;
    MPI_Win window;
    double *shared; /* rank 0's array, which all reach */
    double *array;  /* on rank 0: the caller's */
    double *second; /* on rank 0: written by memcpy, or all parts */
    struct part *parts;
    int *counts; /* points of each part */
    int *starts; /* where each begins when they lie one after the other */
};

static void must(bool good)
{
    if (good)
        return;
    pld_error_print(stderr);
    MPI_Abort(MPI_COMM_WORLD, 1);
}

static struct slab slab_at(double *memory, pld_box box)
{
    const int plain[PLD_MAXDIM] = {0, 1, 2};
    return slab_in(memory, box, plain);
}

/* --- The ways ------------------------------------------------------------- */

static void run_owned(void *data)
{
    struct bench *bench = data;
    must(pld_gather_run(bench->owned) == PLD_OK);
}

static void run_given(void *data)
{
    struct bench *bench = data;
    must(pld_gather_run(bench->given) == PLD_OK);
}

static void run_copy(void *data)
{
    struct bench *bench = data;
    struct slab there = slab_at(bench->shared, bench->whole);
    bool scatter = bench->setting.scatter;
    slab_stream(scatter ? &there : &bench->own, scatter ? &bench->own : &there,
                bench->own.box);
}

static void run_memcpy(void *data)
{
    struct bench *bench = data;
    size_t points = (size_t)pld_box_volume(bench->whole);
    if (bench->rank == 0)
        memcpy(bench->second, bench->array, points * sizeof(double));
}

/* Between the array and all parts: slabs lie in it one after the other. */
static double *sort_parts(struct bench *bench, bool into_parts)
{
    struct slab array = slab_at(bench->array, bench->whole);
    if (bench->setting.cut == 0)
        return bench->array;
    for (int r = 0; r < bench->nranks && bench->rank == 0; r++) {
        const struct part *part = &bench->parts[r];
        struct slab packed =
            slab_at(bench->second + bench->starts[r], part->box);
        slab_copy(into_parts ? &array : &packed, into_parts ? &packed : &array,
                  part->box);
    }
    return bench->second;
}

static void run_gatherv(void *data)
{
    struct bench *bench = data;
    double *own = slab_first(&bench->own);
    int count = bench->counts[bench->rank];
    if (bench->setting.scatter) {
        MPI_Scatterv(sort_parts(bench, true), bench->counts, bench->starts,
                     MPI_DOUBLE, own, count, MPI_DOUBLE, 0, bench->comm);
        return;
    }
    double *all = bench->setting.cut == 0 ? bench->array : bench->second;
    MPI_Gatherv(own, count, MPI_DOUBLE, all, bench->counts, bench->starts,
                MPI_DOUBLE, 0, bench->comm);
    sort_parts(bench, false);
}

static void exchange_part(struct bench *bench, int r)
{
    struct part *part = &bench->parts[r];
    if (bench->setting.scatter)
        MPI_Isend(bench->array, 1, part->type, r, 0, bench->comm,
                  &part->request);
    else
        MPI_Irecv(bench->array, 1, part->type, r, 0, bench->comm,
                  &part->request);
}

static void run_subarray(void *data)
{
    struct bench *bench = data;
    bool scatter = bench->setting.scatter;
    double *own = slab_first(&bench->own);
    int count = bench->counts[bench->rank];
    struct slab array = slab_at(bench->array, bench->whole);
    if (bench->rank > 0) {
        if (scatter)
            MPI_Recv(own, count, MPI_DOUBLE, 0, 0, bench->comm,
                     MPI_STATUS_IGNORE);
        else
            MPI_Send(own, count, MPI_DOUBLE, 0, 0, bench->comm);
        return;
    }
    for (int r = 1; r < bench->nranks; r++)
        exchange_part(bench, r);
    slab_copy(scatter ? &array : &bench->own, scatter ? &bench->own : &array,
              bench->own.box);
    for (int r = 1; r < bench->nranks; r++)
        MPI_Wait(&bench->parts[r].request, MPI_STATUS_IGNORE);
}

enum { OWNED, GIVEN, NOURS, COPY = NOURS, MEMCPY, GATHERV, SUBARRAY, NWAYS };
static const struct bench_way ways[NWAYS] = {
    {"owned", run_owned},         {"given", run_given},
    {"limit:copy", run_copy},     {"limit:memcpy", run_memcpy},
    {"mpi:gatherv", run_gatherv}, {"mpi:subarray", run_subarray}};

/* The array that a way uses, on rank 0. */
static struct slab array_of(const struct bench *bench, int way)
{
    double *memory = way == OWNED  ? pld_gather_array(bench->owned)
                     : way == COPY ? bench->shared
                                   : bench->array;
    return slab_at(memory, bench->whole);
}

/* A time step of some simulation; and on rank 0 something that makes or takes
 * the array. */
static void touch(void *data, int way)
{
    struct bench *bench = data;
    struct slab array = array_of(bench, way);
    slab_negate(&bench->own);
    if (bench->rank == 0)
        slab_negate(&array);
}

static bool is_right(struct bench *bench, int way)
{
    struct slab array = array_of(bench, way);
    bool is_root = bench->rank == 0;
    bool scatter = bench->setting.scatter;
    slab_clear(&bench->own);
    if (is_root)
        slab_clear(&array);
    if (!scatter)
        slab_fill(&bench->own, bench->setting.edge);
    else if (is_root)
        slab_fill(&array, bench->setting.edge);
    MPI_Barrier(bench->comm);
    ways[way].run(bench);
    MPI_Barrier(bench->comm);
    bool good = scatter || !is_root
                    ? slab_is_filled(&bench->own, bench->setting.edge)
                    : slab_is_filled(&array, bench->setting.edge);
    return way == MEMCPY || bench_all(bench->comm, good);
}

/* --- Setting up ----------------------------------------------------------- */

static pld_status make_ours(pld_ctx *ctx, struct bench *bench)
{
    const struct setting *setting = &bench->setting;
    pld_grid_spec grid = {.ndims = PLD_MAXDIM};
    for (int d = 0; d < PLD_MAXDIM; d++) {
        grid.size[d] = setting->edge;
        grid.nprocs[d] = d == setting->cut ? bench->nranks : 1;
    }
    PLD_TRY(pld_grid_create(ctx, &grid, &bench->grid));
    PLD_TRY(pld_field_create(bench->grid, &(pld_field_spec){.name = "cube"},
                             &bench->field));
    pld_gather_spec spec = {.field = bench->field, .scatter = setting->scatter};
    PLD_TRY(pld_gather_create(&spec, &bench->owned));
    spec.memory = bench->array;
    return pld_gather_create(&spec, &bench->given);
}

/* Memory of the caller's, touched. */
static double *allocate(int64_t points)
{
    double *memory = aligned_alloc(64, (size_t)points * sizeof *memory);
    must(memory != NULL);
    memset(memory, 0, (size_t)points * sizeof *memory);
    return memory;
}

/* On rank 0, aligned to 64 bytes. */
static void share_array(struct bench *bench, int64_t points)
{
    MPI_Aint bytes = bench->rank == 0 ? points * 8 + 64 : 0;
    int unit = 0;
    char *start = NULL;
    MPI_Win_allocate_shared(bytes, 1, MPI_INFO_NULL, bench->comm, &start,
                            &bench->window);
    MPI_Win_shared_query(bench->window, 0, &bytes, &unit, &start);
    bench->shared = (double *)(start + (64 - (uintptr_t)start % 64) % 64);
}

static void make_part(struct bench *bench, int r, int start)
{
    struct part *part = &bench->parts[r];
    int size[PLD_MAXDIM];
    int first[PLD_MAXDIM];
    int count[PLD_MAXDIM];
    part->box = pld_field_owned_by(bench->field, r);
    bench->counts[r] = (int)pld_box_volume(part->box);
    bench->starts[r] = start;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        size[d] = (int)bench->setting.edge;
        first[d] = (int)part->box.first[d];
        count[d] = (int)part->box.count[d];
    }
    MPI_Type_create_subarray(PLD_MAXDIM, size, count, first, MPI_ORDER_C,
                             MPI_DOUBLE, &part->type);
    MPI_Type_commit(&part->type);
}

static pld_status set_up(pld_ctx *ctx, struct bench *bench)
{
    int64_t edge = bench->setting.edge;
    bench->comm = pld_ctx_comm(ctx);
    bench->rank = pld_ctx_rank(ctx);
    bench->nranks = pld_ctx_nranks(ctx);
    bench->whole = (pld_box){.count = {edge, edge, edge}};
    share_array(bench, edge * edge * edge);
    if (bench->rank == 0) {
        bench->array = allocate(edge * edge * edge);
        bench->second = allocate(edge * edge * edge);
    }
    PLD_TRY(make_ours(ctx, bench));
    bench->own = slab_of_field(bench->field);
    size_t n = (size_t)bench->nranks;
    bench->parts = calloc(n, sizeof *bench->parts);
    bench->counts = calloc(n, sizeof *bench->counts);
    bench->starts = calloc(n, sizeof *bench->starts);
    int start = 0;
    for (int r = 0; r < bench->nranks; r++) {
        make_part(bench, r, start);
        start += bench->counts[r];
    }
    return PLD_OK;
}

static pld_status tear_down(struct bench *bench)
{
    for (int r = 0; r < bench->nranks; r++)
        MPI_Type_free(&bench->parts[r].type);
    free(bench->starts);
    free(bench->counts);
    free(bench->parts);
    PLD_TRY(pld_gather_destroy(&bench->given));
    PLD_TRY(pld_gather_destroy(&bench->owned));
    PLD_TRY(pld_field_destroy(&bench->field));
    PLD_TRY(pld_grid_destroy(&bench->grid));
    free(bench->second);
    free(bench->array);
    MPI_Win_free(&bench->window);
    return PLD_OK;
}

static pld_status run_case(pld_ctx *ctx, struct setting setting)
{
    struct bench bench = {.setting = setting};
    bool right[NWAYS];
    double seconds[BENCH_MAX_WAYS];
    PLD_TRY(set_up(ctx, &bench));
    for (int w = 0; w < NWAYS; w++)
        right[w] = is_right(&bench, w);
    const struct bench_task task = {
        .touch_way = touch, .data = &bench, .nways = NWAYS, .ways = ways};
    bench_compare(bench.comm, &task, seconds);
    for (int ours = 0; ours < NOURS; ours++) {
        char params[80];
        snprintf(params, sizeof params, "%lld^3 %s %s", (long long)setting.edge,
                 setting.cut == 0 ? "slowest" : "fastest", ways[ours].name);
        for (int w = NOURS; w < NWAYS; w++)
            bench_row(bench.comm, setting.scatter ? "scatter" : "gather",
                      params, 1e3 * seconds[ours], "ms", ways[w].name,
                      1e3 * seconds[w], right[ours] && right[w]);
    }
    PLD_TRY(tear_down(&bench));
    PLD_CHECK(right[OWNED] && right[GIVEN], PLD_ERR_INTERNAL, "wrong values");
    return PLD_OK;
}

static pld_status run_edge(pld_ctx *ctx, int64_t edge)
{
    for (int cut = 0; cut < PLD_MAXDIM; cut += PLD_MAXDIM - 1)
        for (int scatter = 0; scatter < 2; scatter++)
            PLD_TRY(run_case(ctx, (struct setting){.edge = edge,
                                                   .cut = cut,
                                                   .scatter = scatter == 1}));
    return PLD_OK;
}

static pld_status body(pld_ctx *ctx, int argc, char **argv)
{
    bench_head(pld_ctx_comm(ctx));
    for (int i = 1; i < argc; i++)
        PLD_TRY(run_edge(ctx, atoll(argv[i])));
    for (int64_t edge = 128; argc == 1 && edge <= 256; edge *= 2)
        PLD_TRY(run_edge(ctx, edge));
    return PLD_OK;
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, body);
}
