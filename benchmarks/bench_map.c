/* Irregular gather of f64: every rank has N roots and N leaves.
 *
 *     mpirun -n 2 --bind-to core bench_map [N...]
 *
 * for N = 1000000; 10 % and 50 % of the leaves have roots of other ranks,
 * random or in contiguous pieces.
 *
 * References, on the same memory in the same run:
 *   limit:gather    the same gather from the own roots alone, by 32-bit indices
 *   mpi:persistent  persistent messages packed by hand, one for each pair of
 *                   ranks, and a gather by hand of what is on the rank
 */
#include <polder.h>
#include <polder/main.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/bench.h"
#include "support/wants.h"

/* Entries of one peer, in the order of leaves. */
struct list {
    int n;
    int *at;
    double *packed;
};

struct bench {
    MPI_Comm comm;
    int rank;
    int nranks;
    struct wants wants;
    pld_map *map;
    int *near;           /* of each leaf, a root of this rank */
    struct list *leaves; /* of each rank: leaves that want its roots */
    struct list *roots;  /* of each rank: roots that it wants */
    MPI_Request *receives;
    MPI_Request *sends;
};

/* --- The ways ---------------------------------------------------------------
 */

static void run_polder(void *data)
{
    struct bench *bench = data;
    if (pld_map_broadcast(bench->map, (pld_entry){0}, bench->wants.roots,
                          bench->wants.leaves) != PLD_OK) {
        pld_error_print(stderr);
        MPI_Abort(bench->comm, 1);
    }
}

static void run_gather(void *data)
{
    struct bench *bench = data;
    const double *roots = bench->wants.roots;
    double *leaves = bench->wants.leaves;
    const int *near = bench->near;
    for (int64_t i = 0; i < bench->wants.n; i++)
        leaves[i] = roots[near[i]];
}

static void run_persistent(void *data)
{
    struct bench *bench = data;
    const double *roots = bench->wants.roots;
    double *leaves = bench->wants.leaves;
    MPI_Startall(bench->nranks, bench->receives);
    for (int r = 0; r < bench->nranks; r++) {
        const struct list *list = &bench->roots[r];
        for (int i = 0; i < list->n && r != bench->rank; i++)
            list->packed[i] = roots[list->at[i]];
        MPI_Start(&bench->sends[r]);
    }
    const struct list *from = &bench->roots[bench->rank];
    const struct list *to = &bench->leaves[bench->rank];
    for (int i = 0; i < to->n; i++)
        leaves[to->at[i]] = roots[from->at[i]];
    for (int n = 0; n < bench->nranks; n++) {
        int r = 0;
        MPI_Waitany(bench->nranks, bench->receives, &r, MPI_STATUS_IGNORE);
        const struct list *list = &bench->leaves[r];
        for (int i = 0; i < list->n && r != bench->rank; i++)
            leaves[list->at[i]] = list->packed[i];
    }
    MPI_Waitall(bench->nranks, bench->sends, MPI_STATUSES_IGNORE);
}

static const struct bench_way ways[] = {{"polder", run_polder},
                                        {"limit:gather", run_gather},
                                        {"mpi:persistent", run_persistent}};
enum { POLDER, GATHER, PERSISTENT, NWAYS };

static void touch(void *data)
{
    struct bench *bench = data;
    wants_touch(&bench->wants);
}

/* --- Setting up -------------------------------------------------------------
 */

static struct list make_list(int n)
{
    size_t room = n > 0 ? (size_t)n : 1;
    return (struct list){.n = n,
                         .at = calloc(room, sizeof(int)),
                         .packed = calloc(room, sizeof(double))};
}

/* What leaves want, by rank, in order. */
static void list_leaves(struct bench *bench)
{
    const struct wants *wants = &bench->wants;
    int *counts = calloc((size_t)bench->nranks, sizeof *counts);
    int *theirs = calloc((size_t)bench->nranks, sizeof *theirs);
    for (int64_t i = 0; i < wants->n; i++)
        counts[wants->ranks[i]]++;
    MPI_Alltoall(counts, 1, MPI_INT, theirs, 1, MPI_INT, bench->comm);
    for (int r = 0; r < bench->nranks; r++) {
        bench->leaves[r] = make_list(counts[r]);
        bench->roots[r] = make_list(theirs[r]);
        bench->leaves[r].n = 0;
    }
    for (int64_t i = 0; i < wants->n; i++) {
        struct list *list = &bench->leaves[wants->ranks[i]];
        list->at[list->n++] = (int)i;
    }
    free(theirs);
    free(counts);
}

/* Tell each rank which of its roots are wanted. */
static void list_roots(struct bench *bench)
{
    for (int step = 0; step < bench->nranks; step++) {
        int to = (bench->rank + step) % bench->nranks;
        int from = (bench->rank + bench->nranks - step) % bench->nranks;
        const struct list *mine = &bench->leaves[to];
        int *indices = calloc((size_t)mine->n + 1, sizeof *indices);
        for (int i = 0; i < mine->n; i++)
            indices[i] = (int)bench->wants.indices[mine->at[i]];
        MPI_Sendrecv(indices, mine->n, MPI_INT, to, 0, bench->roots[from].at,
                     bench->roots[from].n, MPI_INT, from, 0, bench->comm,
                     MPI_STATUS_IGNORE);
        free(indices);
    }
}

static void set_up_messages(struct bench *bench)
{
    size_t nranks = (size_t)bench->nranks;
    bench->leaves = calloc(nranks, sizeof *bench->leaves);
    bench->roots = calloc(nranks, sizeof *bench->roots);
    bench->receives = calloc(nranks, sizeof(MPI_Request));
    bench->sends = calloc(nranks, sizeof(MPI_Request));
    list_leaves(bench);
    list_roots(bench);
    for (int r = 0; r < bench->nranks; r++) {
        int peer = r == bench->rank ? MPI_PROC_NULL : r;
        MPI_Recv_init(bench->leaves[r].packed, bench->leaves[r].n, MPI_DOUBLE,
                      peer, 0, bench->comm, &bench->receives[r]);
        MPI_Send_init(bench->roots[r].packed, bench->roots[r].n, MPI_DOUBLE,
                      peer, 0, bench->comm, &bench->sends[r]);
    }
}

static pld_status set_up(pld_ctx *ctx, int64_t n, int percent, bool random,
                         struct bench *bench)
{
    bench->comm = pld_ctx_comm(ctx);
    bench->rank = pld_ctx_rank(ctx);
    bench->nranks = pld_ctx_nranks(ctx);
    wants_make(n, percent, random, bench->rank, bench->nranks, &bench->wants);
    bench->near = calloc((size_t)n, sizeof *bench->near);
    for (int64_t i = 0; i < n; i++)
        bench->near[i] = (int)bench->wants.indices[i];
    set_up_messages(bench);
    pld_map_spec spec = {.nroots = n,
                         .nleaves = n,
                         .ranks = bench->wants.ranks,
                         .indices = bench->wants.indices};
    return pld_map_create(ctx, &spec, &bench->map);
}

static pld_status tear_down(struct bench *bench)
{
    for (int r = 0; r < bench->nranks; r++) {
        MPI_Request_free(&bench->receives[r]);
        MPI_Request_free(&bench->sends[r]);
        free(bench->leaves[r].at);
        free(bench->leaves[r].packed);
        free(bench->roots[r].at);
        free(bench->roots[r].packed);
    }
    free(bench->sends);
    free(bench->receives);
    free(bench->roots);
    free(bench->leaves);
    free(bench->near);
    wants_free(&bench->wants);
    return pld_map_destroy(&bench->map);
}

/* --- Running ----------------------------------------------------------------
 */

static bool is_right(struct bench *bench, int way)
{
    wants_reset(&bench->wants);
    ways[way].run(bench);
    return bench_all(bench->comm,
                     way == GATHER || wants_are_right(&bench->wants));
}

static pld_status run_case(pld_ctx *ctx, int64_t n, int percent, bool random)
{
    struct bench bench = {0};
    double seconds[BENCH_MAX_WAYS];
    bool good[NWAYS];
    PLD_TRY(set_up(ctx, n, percent, random, &bench));
    for (int w = 0; w < NWAYS; w++)
        good[w] = is_right(&bench, w);
    wants_reset(&bench.wants);
    const struct bench_task task = {
        .touch = touch, .data = &bench, .nways = NWAYS, .ways = ways};
    bench_compare(bench.comm, &task, seconds);
    char params[80];
    snprintf(params, sizeof params, "%lld %s %d%% remote", (long long)n,
             random ? "random" : "contiguous", percent);
    for (int w = 1; w < NWAYS; w++)
        bench_row(bench.comm, "map", params, 1e6 * seconds[POLDER], "us",
                  ways[w].name, 1e6 * seconds[w], good[POLDER] && good[w]);
    PLD_TRY(tear_down(&bench));
    PLD_CHECK(good[POLDER], PLD_ERR_INTERNAL, "%s: wrong leaves", params);
    return PLD_OK;
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
    bench_head(pld_ctx_comm(ctx));
    for (int i = 1; i < argc; i++)
        PLD_TRY(run_size(ctx, atoll(argv[i])));
    if (argc == 1)
        PLD_TRY(run_size(ctx, 1000000));
    return PLD_OK;
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, body);
}
