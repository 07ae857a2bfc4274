/* Moving a cube of f64 from slabs along one dimension to slabs along another,
 * and turning its dimensions in memory on the way.
 *
 *     mpirun -n 2 --bind-to core bench_redistribute [EDGE...]
 *
 * for EDGE^3 points in all (128 256). References, in the same run:
 *   mpi:alltoallw    datatypes that describe the memory on both sides
 *   mpi:persistent   persistent messages packed and unpacked by hand, the
 *                    rank's own part copied by hand
 *   limit:copy       one pass over as many bytes past the caches, straight from
 *                    the memory of their owners, without any synchronisation:
 *                    the rows of each part; where elements are turned, bytes in
 *                    the order in which they lie
 * All ranks must share memory. */
#include <polder.h>
#include <polder/main.h>

#include <stdio.h>
#include <stdlib.h>

#include "support/bench.h"
#include "support/slabs.h"

static const struct slab_setting settings[] = {
    {"slabs y to z", 1, 0, {0, 1, 2}},
    {"slabs x to z", 2, 0, {0, 1, 2}},
    {"transpose rows", 0, 1, {1, 0, 2}},
    {"transpose elements", 0, 1, {1, 2, 0}}};
enum { NSETTINGS = sizeof settings / sizeof *settings };

/* What this rank exchanges with another one, or keeps. */
struct peer {
    pld_box boxes[2]; /* sent, received */
    struct slab from; /* the peer's */
    double *packed[2];
    MPI_Request requests[2];
};

struct bench {
    const struct slab_setting *setting;
    int64_t edge;
    MPI_Comm comm;
    int rank;
    int nranks;
    struct slab_move move;
    MPI_Win window;
    double *memory;
    struct slab from; /* of the ways by hand, in the window */
    struct slab to;
    struct peer *peers;
    int *ones; /* what alltoallw wants */
    int *zeros;
    MPI_Datatype *types[2];
};

/* --- The ways ------------------------------------------------------------- */

static void run_polder(void *data)
{
    struct bench *bench = data;
    if (pld_redistribution_run(bench->move.redistribution) != PLD_OK) {
        pld_error_print(stderr);
        MPI_Abort(bench->comm, 1);
    }
}

static void run_alltoallw(void *data)
{
    struct bench *bench = data;
    MPI_Alltoallw(slab_first(&bench->from), bench->ones, bench->zeros,
                  bench->types[0], slab_first(&bench->to), bench->ones,
                  bench->zeros, bench->types[1], bench->comm);
}

static struct slab packed(const struct peer *peer, int direction)
{
    const int plain[PLD_MAXDIM] = {0, 1, 2};
    return slab_in(peer->packed[direction], peer->boxes[direction], plain);
}

static void run_persistent(void *data)
{
    struct bench *bench = data;
    for (int p = 0; p < bench->nranks; p++)
        if (p != bench->rank)
            MPI_Start(&bench->peers[p].requests[1]);
    for (int p = 0; p < bench->nranks; p++) {
        struct peer *peer = &bench->peers[p];
        struct slab buffer = packed(peer, 0);
        if (p == bench->rank)
            continue;
        slab_copy(&bench->from, &buffer, peer->boxes[0]);
        MPI_Start(&peer->requests[0]);
    }
    slab_copy(&bench->from, &bench->to, bench->peers[bench->rank].boxes[0]);
    for (int p = 0; p < bench->nranks; p++) {
        struct peer *peer = &bench->peers[p];
        struct slab buffer = packed(peer, 1);
        if (p == bench->rank)
            continue;
        MPI_Wait(&peer->requests[1], MPI_STATUS_IGNORE);
        slab_copy(&buffer, &bench->to, peer->boxes[1]);
        MPI_Wait(&peer->requests[0], MPI_STATUS_IGNORE);
    }
}

static bool turns_elements(const struct bench *bench)
{
    return bench->setting->order[PLD_MAXDIM - 1] != PLD_MAXDIM - 1;
}

static void run_copy(void *data)
{
    struct bench *bench = data;
    double *to = slab_first(&bench->to);
    for (int p = 0; p < bench->nranks; p++) {
        struct peer *peer = &bench->peers[p];
        int64_t points = pld_box_volume(peer->boxes[1]);
        if (turns_elements(bench))
            stream_bytes(slab_first(&peer->from), to, points * 8);
        else
            slab_stream(&peer->from, &bench->to, peer->boxes[1]);
        to += points;
    }
}

enum { POLDER, ALLTOALLW, PERSISTENT, COPY, NWAYS };
static const struct bench_way ways[] = {{"polder", run_polder},
                                        {"mpi:alltoallw", run_alltoallw},
                                        {"mpi:persistent", run_persistent},
                                        {"limit:copy", run_copy}};

static void touch(void *data, int way)
{
    struct bench *bench = data;
    struct slab from = bench->from;
    struct slab to = bench->to;
    if (way == POLDER) {
        from = slab_of_field(bench->move.fields[0]);
        to = slab_of_field(bench->move.fields[1]);
    }
    slab_negate(&from);
    slab_negate(&to);
}

static bool is_right(struct bench *bench, int way)
{
    struct slab to = bench->to;
    if (way == POLDER)
        to = slab_of_field(bench->move.fields[1]);
    slab_clear(&to);
    MPI_Barrier(bench->comm);
    ways[way].run(bench);
    MPI_Barrier(bench->comm);
    bool only_bytes = way == COPY && turns_elements(bench);
    return bench_all(bench->comm,
                     only_bytes || slab_is_filled(&to, bench->edge));
}

/* --- Setting up ----------------------------------------------------------- */

/* The start of a rank's memory in the window, aligned to a page. */
static double *memory_of(MPI_Win window, int rank)
{
    MPI_Aint bytes = 0;
    int unit = 0;
    char *start = NULL;
    MPI_Win_shared_query(window, rank, &bytes, &unit, &start);
    return (double *)(start + (4096 - (uintptr_t)start % 4096) % 4096);
}

static double *allocate(int64_t points)
{
    size_t bytes = (size_t)(points * 8 + 4095) / 4096 * 4096;
    double *memory = aligned_alloc(4096, bytes > 0 ? bytes : 4096);
    for (int64_t i = 0; i < points; i++)
        memory[i] = 0;
    return memory;
}

static void set_up_memory(struct bench *bench)
{
    const int plain[PLD_MAXDIM] = {0, 1, 2};
    void *start = NULL;
    pld_box from = pld_field_owned(bench->move.fields[0]);
    pld_box to = pld_field_owned(bench->move.fields[1]);
    MPI_Win_allocate_shared(pld_box_volume(from) * 8 + 4096, 1, MPI_INFO_NULL,
                            bench->comm, &start, &bench->window);
    bench->from = slab_in(memory_of(bench->window, bench->rank), from, plain);
    bench->memory = allocate(pld_box_volume(to));
    bench->to = slab_in(bench->memory, to, bench->setting->order);
    struct slab field = slab_of_field(bench->move.fields[0]);
    slab_fill(&field, bench->edge);
    slab_fill(&bench->from, bench->edge);
}

static void set_up_peer(struct bench *bench, int p)
{
    const int plain[PLD_MAXDIM] = {0, 1, 2};
    struct peer *peer = &bench->peers[p];
    const struct slab_move *move = &bench->move;
    pld_box theirs = pld_field_owned_by(move->fields[0], p);
    peer->from = slab_in(memory_of(bench->window, p), theirs, plain);
    peer->boxes[0] = pld_box_intersect(bench->from.box,
                                       pld_field_owned_by(move->fields[1], p));
    peer->boxes[1] = pld_box_intersect(bench->to.box, theirs);
    if (p == bench->rank)
        return;
    for (int i = 0; i < 2; i++)
        peer->packed[i] = allocate(pld_box_volume(peer->boxes[i]));
    MPI_Send_init(peer->packed[0], (int)pld_box_volume(peer->boxes[0]),
                  MPI_DOUBLE, p, 0, bench->comm, &peer->requests[0]);
    MPI_Recv_init(peer->packed[1], (int)pld_box_volume(peer->boxes[1]),
                  MPI_DOUBLE, p, 0, bench->comm, &peer->requests[1]);
}

/* The points of a box in C order, wherever they lie. */
static MPI_Datatype type_of(const struct slab *slab, pld_box box)
{
    MPI_Datatype type = MPI_DOUBLE;
    for (int d = PLD_MAXDIM - 1; d >= 0; d--) {
        MPI_Datatype inner = type;
        MPI_Type_create_hvector((int)box.count[d], 1, slab->stride[d] * 8,
                                inner, &type);
        if (inner != MPI_DOUBLE)
            MPI_Type_free(&inner);
    }
    MPI_Aint shift = 0;
    for (int d = 0; d < PLD_MAXDIM; d++)
        shift += (box.first[d] - slab->box.first[d]) * slab->stride[d] * 8;
    MPI_Datatype inner = type;
    MPI_Type_create_hindexed_block(1, 1, &shift, inner, &type);
    MPI_Type_free(&inner);
    MPI_Type_commit(&type);
    return type;
}

static void set_up_alltoallw(struct bench *bench)
{
    size_t n = (size_t)bench->nranks;
    bench->ones = calloc(n, sizeof *bench->ones);
    bench->zeros = calloc(n, sizeof *bench->zeros);
    for (int i = 0; i < 2; i++)
        bench->types[i] = calloc(n, sizeof *bench->types[i]);
    for (size_t p = 0; p < n; p++) {
        bench->ones[p] = 1;
        bench->types[0][p] = type_of(&bench->from, bench->peers[p].boxes[0]);
        bench->types[1][p] = type_of(&bench->to, bench->peers[p].boxes[1]);
    }
}

static pld_status set_up(pld_ctx *ctx, struct bench *bench)
{
    bench->comm = pld_ctx_comm(ctx);
    bench->rank = pld_ctx_rank(ctx);
    bench->nranks = pld_ctx_nranks(ctx);
    PLD_TRY(slab_move_create(ctx, bench->setting, bench->edge, &bench->move));
    set_up_memory(bench);
    bench->peers = calloc((size_t)bench->nranks, sizeof *bench->peers);
    for (int p = 0; p < bench->nranks; p++)
        set_up_peer(bench, p);
    set_up_alltoallw(bench);
    return PLD_OK;
}

static pld_status tear_down(struct bench *bench)
{
    for (int p = 0; p < bench->nranks; p++)
        for (int i = 0; i < 2; i++) {
            MPI_Type_free(&bench->types[i][p]);
            free(bench->peers[p].packed[i]);
            if (p != bench->rank)
                MPI_Request_free(&bench->peers[p].requests[i]);
        }
    for (int i = 0; i < 2; i++)
        free(bench->types[i]);
    free(bench->zeros);
    free(bench->ones);
    free(bench->peers);
    free(bench->memory);
    MPI_Win_free(&bench->window);
    return slab_move_destroy(&bench->move);
}

static pld_status run_case(pld_ctx *ctx, const struct slab_setting *setting,
                           int64_t edge)
{
    struct bench bench = {.setting = setting, .edge = edge};
    bool right[NWAYS];
    double seconds[BENCH_MAX_WAYS];
    PLD_TRY(set_up(ctx, &bench));
    for (int w = 0; w < NWAYS; w++)
        right[w] = is_right(&bench, w);
    const struct bench_task task = {
        .touch_way = touch, .data = &bench, .nways = NWAYS, .ways = ways};
    bench_compare(bench.comm, &task, seconds);
    char params[80];
    snprintf(params, sizeof params, "%lld^3 %s", (long long)edge,
             setting->name);
    for (int w = 1; w < NWAYS; w++)
        bench_row(bench.comm, "redistribute", params, 1e3 * seconds[POLDER],
                  "ms", ways[w].name, 1e3 * seconds[w],
                  right[POLDER] && right[w]);
    PLD_TRY(tear_down(&bench));
    PLD_CHECK(right[POLDER], PLD_ERR_INTERNAL, "%s: wrong values", params);
    return PLD_OK;
}

static pld_status run_edge(pld_ctx *ctx, int64_t edge)
{
    for (int s = 0; s < NSETTINGS; s++)
        PLD_TRY(run_case(ctx, &settings[s], edge));
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
