/* Halo exchange of one f64 field, the same block on every rank.
 *
 *     mpirun -n 2 --bind-to core bench_halo [EDGE...]
 *
 * for blocks of EDGE^3 points (32 64 128), cut along the slowest or the fastest
 * dimension. References, on the same memory in the same run:
 *   mpi:persistent  persistent messages packed by hand, one for each face,
 *                   periodic images of the own block copied by hand
 *   limit:copy      the same boxes copied straight from the neighbour's memory,
 *                   without any synchronisation: what the hardware charges
 * All ranks must share memory. */
#include <polder.h>
#include <polder/main.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/bench.h"
#include "support/ghosts.h"

struct setting {
    int64_t edge;
    int64_t width;
    int cut; /* the dimension that is cut */
    bool periodic;
    pld_stencil stencil;
};

/* Indices here are local: own points from 0 to edge - 1, ghosts around. */
struct block {
    double *at; /* index (0, 0, 0) */
    int64_t stride[PLD_MAXDIM];
};

struct bench {
    struct setting setting;
    MPI_Comm comm;
    pld_grid *grid;
    pld_field *field;
    pld_halo *halo;
    MPI_Win window;
    double *memory;
    int64_t npoints;  /* of the padded block */
    int neighbour[2]; /* ranks at the low and high side */
    struct block own;
    struct block beside[2]; /* the neighbours' blocks */
    double *packed[4];      /* received low, high; sent low, high */
    int nmessages;          /* each way: sides with a neighbour */
    int sides[2];
    MPI_Request receives[2];
    MPI_Request sends[2];
};

/* --- Boxes copied by hand --------------------------------------------------
 */

static inline void copy_rows(struct block from, struct block to,
                             const int64_t count[PLD_MAXDIM], int64_t row)
{
    for (int64_t k = 0; k < count[0]; k++)
        for (int64_t j = 0; j < count[1]; j++)
            memcpy(to.at + k * to.stride[0] + j * to.stride[1],
                   from.at + k * from.stride[0] + j * from.stride[1],
                   (size_t)row * sizeof(double));
}

/* Rows of one or two elements by a loop of their own, others by memcpy. */
static void copy_box(struct block from, struct block to,
                     const int64_t count[PLD_MAXDIM])
{
    if (count[2] == 1)
        copy_rows(from, to, count, 1);
    else if (count[2] == 2)
        copy_rows(from, to, count, 2);
    else
        copy_rows(from, to, count, count[2]);
}

static struct block at(struct block block, const int64_t first[PLD_MAXDIM])
{
    for (int d = 0; d < PLD_MAXDIM; d++)
        block.at += first[d] * block.stride[d];
    return block;
}

/* The layer of `width` at one side of dimension `dim`: own points, or the
 * ghosts beyond them. With PLD_BOX a layer spans the ghosts of the dimensions
 * that are exchanged before: first the one that is cut. */
static pld_box layer(const struct setting *setting, int dim, int side,
                     bool ghosts)
{
    int64_t edge = setting->edge;
    int64_t width = setting->width;
    pld_box box;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        bool done = dim != setting->cut && (d == setting->cut || d < dim);
        bool wide = setting->stencil == PLD_BOX && done;
        box.first[d] = wide ? -width : 0;
        box.count[d] = wide ? edge + 2 * width : edge;
    }
    int64_t outward = ghosts ? width : 0;
    box.first[dim] = side == 0 ? -outward : edge - width + outward;
    box.count[dim] = width;
    return box;
}

/* Periodic images within the block, in the dimensions that are not cut. */
static void wrap(const struct bench *bench)
{
    if (!bench->setting.periodic)
        return;
    for (int d = 0; d < PLD_MAXDIM; d++)
        for (int side = 0; d != bench->setting.cut && side < 2; side++) {
            pld_box to = layer(&bench->setting, d, side, true);
            pld_box from = layer(&bench->setting, d, 1 - side, false);
            copy_box(at(bench->own, from.first), at(bench->own, to.first),
                     to.count);
        }
}

/* --- The ways ---------------------------------------------------------------
 */

static void run_polder(void *data)
{
    struct bench *bench = data;
    if (pld_halo_exchange(bench->halo) != PLD_OK) {
        pld_error_print(stderr);
        MPI_Abort(bench->comm, 1);
    }
}

static struct block packed(const struct bench *bench, int message, pld_box box)
{
    return (struct block){
        .at = bench->packed[message],
        .stride = {box.count[1] * box.count[2], box.count[2], 1}};
}

static void run_persistent(void *data)
{
    struct bench *bench = data;
    const struct setting *setting = &bench->setting;
    MPI_Startall(bench->nmessages, bench->receives);
    for (int i = 0; i < bench->nmessages; i++) {
        int side = bench->sides[i];
        pld_box box = layer(setting, setting->cut, side, false);
        copy_box(at(bench->own, box.first), packed(bench, 2 + side, box),
                 box.count);
        MPI_Start(&bench->sends[i]);
    }
    if (setting->stencil == PLD_STAR)
        wrap(bench);
    for (int n = 0; n < bench->nmessages; n++) {
        int i = 0;
        MPI_Waitany(bench->nmessages, bench->receives, &i, MPI_STATUS_IGNORE);
        int side = bench->sides[i];
        pld_box box = layer(setting, setting->cut, side, true);
        copy_box(packed(bench, side, box), at(bench->own, box.first),
                 box.count);
    }
    if (setting->stencil == PLD_BOX)
        wrap(bench);
    for (int i = 0; i < bench->nmessages; i++)
        MPI_Wait(&bench->sends[i], MPI_STATUS_IGNORE);
}

static void run_copy(void *data)
{
    const struct bench *bench = data;
    const struct setting *setting = &bench->setting;
    for (int side = 0; side < 2; side++) {
        pld_box to = layer(setting, setting->cut, side, true);
        pld_box from = layer(setting, setting->cut, 1 - side, false);
        if (bench->neighbour[side] != MPI_PROC_NULL)
            copy_box(at(bench->beside[side], from.first),
                     at(bench->own, to.first), to.count);
    }
    wrap(bench);
}

/* A time step of some simulation: reads and writes the whole block. */
static void touch(void *data)
{
    struct bench *bench = data;
    for (int64_t i = 0; i < bench->npoints; i++)
        bench->memory[i] = -bench->memory[i];
}

static const struct bench_way ways[] = {{"polder", run_polder},
                                        {"mpi:persistent", run_persistent},
                                        {"limit:copy", run_copy}};
enum { NWAYS = sizeof ways / sizeof *ways };

static bool is_right(struct bench *bench, const struct bench_way *way)
{
    ghosts_reset(bench->field);
    MPI_Barrier(bench->comm);
    way->run(bench);
    MPI_Barrier(bench->comm); /* limit:copy reads the neighbour's memory */
    return bench_all(bench->comm,
                     ghosts_are_right(bench->field, bench->setting.stencil));
}

/* --- Setting up -------------------------------------------------------------
 */

static int neighbour(pld_ctx *ctx, bool periodic, int step)
{
    int nranks = pld_ctx_nranks(ctx);
    int rank = pld_ctx_rank(ctx) + step;
    if (rank < 0 || rank >= nranks)
        return periodic ? (rank + nranks) % nranks : MPI_PROC_NULL;
    return rank;
}

/* The start of a rank's memory in the window, aligned to 64 bytes. */
static double *memory_of(MPI_Win window, int rank)
{
    MPI_Aint bytes = 0;
    int unit = 0;
    char *start = NULL;
    MPI_Win_shared_query(window, rank, &bytes, &unit, &start);
    return (double *)(start + (64 - (uintptr_t)start % 64) % 64);
}

static struct block block_in(const struct bench *bench, double *memory)
{
    int64_t padded = bench->setting.edge + 2 * bench->setting.width;
    const int64_t corner[PLD_MAXDIM] = {
        bench->setting.width, bench->setting.width, bench->setting.width};
    struct block block = {.at = memory, .stride = {padded * padded, padded, 1}};
    return at(block, corner);
}

static void share_memory(struct bench *bench)
{
    void *start = NULL;
    int64_t padded = bench->setting.edge + 2 * bench->setting.width;
    bench->npoints = padded * padded * padded;
    MPI_Win_allocate_shared(bench->npoints * 8 + 64, 1, MPI_INFO_NULL,
                            bench->comm, &start, &bench->window);
    int rank = 0;
    MPI_Comm_rank(bench->comm, &rank);
    bench->memory = memory_of(bench->window, rank);
    memset(bench->memory, 0, (size_t)bench->npoints * sizeof(double));
    bench->own = block_in(bench, bench->memory);
    for (int side = 0; side < 2; side++)
        if (bench->neighbour[side] != MPI_PROC_NULL)
            bench->beside[side] = block_in(
                bench, memory_of(bench->window, bench->neighbour[side]));
}

/* The tag says at which side of the receiver a message arrives. */
static void set_up_messages(struct bench *bench)
{
    const struct setting *setting = &bench->setting;
    pld_box box = layer(setting, setting->cut, 0, false);
    int64_t count = pld_box_volume(box);
    size_t bytes = (size_t)(count * 8 + 63) / 64 * 64;
    for (int i = 0; i < 4; i++) {
        bench->packed[i] = aligned_alloc(64, bytes);
        memset(bench->packed[i], 0, bytes);
    }
    for (int side = 0; side < 2; side++) {
        int peer = bench->neighbour[side];
        int i = bench->nmessages;
        if (peer == MPI_PROC_NULL)
            continue;
        bench->sides[bench->nmessages++] = side;
        MPI_Recv_init(bench->packed[side], (int)count, MPI_DOUBLE, peer, side,
                      bench->comm, &bench->receives[i]);
        MPI_Send_init(bench->packed[2 + side], (int)count, MPI_DOUBLE, peer,
                      1 - side, bench->comm, &bench->sends[i]);
    }
}

static pld_status make_halo(pld_ctx *ctx, struct bench *bench)
{
    const struct setting *setting = &bench->setting;
    pld_grid_spec grid = {.ndims = PLD_MAXDIM};
    for (int d = 0; d < PLD_MAXDIM; d++) {
        grid.nprocs[d] = d == setting->cut ? pld_ctx_nranks(ctx) : 1;
        grid.size[d] = setting->edge * grid.nprocs[d];
        grid.periodic[d] = setting->periodic;
    }
    PLD_TRY(pld_grid_create(ctx, &grid, &bench->grid));
    PLD_TRY(pld_field_create(bench->grid,
                             &(pld_field_spec){.halo = {.all = setting->width},
                                               .memory = bench->memory},
                             &bench->field));
    return pld_halo_create(&(pld_halo_spec){.nfields = 1,
                                            .fields = &bench->field,
                                            .stencil = setting->stencil},
                           &bench->halo);
}

static pld_status set_up(pld_ctx *ctx, bool halo_first, struct bench *bench)
{
    bool periodic = bench->setting.periodic;
    bench->comm = pld_ctx_comm(ctx);
    bench->neighbour[0] = neighbour(ctx, periodic, -1);
    bench->neighbour[1] = neighbour(ctx, periodic, 1);
    share_memory(bench);
    if (!halo_first)
        set_up_messages(bench);
    PLD_TRY(make_halo(ctx, bench));
    if (halo_first)
        set_up_messages(bench);
    return PLD_OK;
}

static pld_status tear_down(struct bench *bench)
{
    PLD_TRY(pld_halo_destroy(&bench->halo));
    PLD_TRY(pld_field_destroy(&bench->field));
    PLD_TRY(pld_grid_destroy(&bench->grid));
    for (int i = 0; i < bench->nmessages; i++) {
        MPI_Request_free(&bench->receives[i]);
        MPI_Request_free(&bench->sends[i]);
    }
    for (int i = 0; i < 4; i++)
        free(bench->packed[i]);
    MPI_Win_free(&bench->window);
    return PLD_OK;
}

static pld_status time_ways(pld_ctx *ctx, struct setting setting,
                            bool halo_first, double seconds[BENCH_MAX_WAYS],
                            bool good[NWAYS])
{
    struct bench bench = {.setting = setting};
    PLD_TRY(set_up(ctx, halo_first, &bench));
    for (int w = 0; w < NWAYS; w++)
        good[w] = is_right(&bench, &ways[w]);
    const struct bench_task task = {
        .touch = touch, .data = &bench, .nways = NWAYS, .ways = ways};
    bench_compare(bench.comm, &task, seconds);
    return tear_down(&bench);
}

/* The mean of two set-ups: the side that allocated its buffers last was seen to
 * be up to 12 % slower, whichever side it was. */
static pld_status run_case(pld_ctx *ctx, struct setting setting)
{
    double seconds[2][BENCH_MAX_WAYS];
    bool good[2][NWAYS];
    for (int order = 0; order < 2; order++)
        PLD_TRY(
            time_ways(ctx, setting, order == 1, seconds[order], good[order]));
    char params[80];
    snprintf(params, sizeof params, "%lld^3 width %lld %s %s %s",
             (long long)setting.edge, (long long)setting.width,
             setting.cut == 0 ? "slowest" : "fastest",
             setting.stencil == PLD_STAR ? "star" : "box",
             setting.periodic ? "periodic" : "open");
    double mean[NWAYS];
    bool right[NWAYS];
    for (int w = 0; w < NWAYS; w++) {
        mean[w] = 0.5e6 * (seconds[0][w] + seconds[1][w]);
        right[w] = good[0][w] && good[1][w];
    }
    for (int w = 1; w < NWAYS; w++)
        bench_row(pld_ctx_comm(ctx), "halo", params, mean[0], "us",
                  ways[w].name, mean[w], right[0] && right[w]);
    PLD_CHECK(right[0], PLD_ERR_INTERNAL, "%s: wrong ghosts", params);
    return PLD_OK;
}

static pld_status run_edge(pld_ctx *ctx, int64_t edge)
{
    for (int fastest = 0; fastest < 2; fastest++)
        for (int64_t width = 1; width <= 2; width++) {
            struct setting setting = {.edge = edge,
                                      .width = width,
                                      .cut = fastest ? PLD_MAXDIM - 1 : 0,
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
    bench_head(pld_ctx_comm(ctx));
    for (int i = 1; i < argc; i++)
        PLD_TRY(run_edge(ctx, atoll(argv[i])));
    for (int64_t edge = 32; argc == 1 && edge <= 128; edge *= 2)
        PLD_TRY(run_edge(ctx, edge));
    return PLD_OK;
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, body);
}
