#ifdef __linux__
#define _GNU_SOURCE /* sched_getaffinity */
#endif
#include "par/peers.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "polder/agree.h"

/* What the ranks of a node tell each other. */
struct card {
    int rank;
    int pid;
    int64_t start;
    cpu_set_t cores; /* where it may run */
};

/* State of a process, and when it started: of the fields of /proc/PID/stat, the
 * name may hold blanks and brackets, so count from the last bracket. */
static bool look_up(int pid, char *state, int64_t *threads, int64_t *start)
{
    char path[40];
    char text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    const char *rest = strrchr(text, ')');
    return rest != NULL &&
           sscanf(rest + 1,
                  " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
                  "%*s %*s %*s %" SCNd64 " %*s %" SCNd64,
                  state, threads, start) == 3;
}

static struct card own_card(const pld_ctx *ctx)
{
    struct card card;
    memset(&card, 0, sizeof card);
    char state = '\0';
    int64_t threads = 0;
    card.rank = ctx->rank;
    card.pid = (int)getpid();
    if (!look_up(card.pid, &state, &threads, &card.start))
        card.start = -1;
    if (sched_getaffinity(0, sizeof card.cores, &card.cores) != 0)
        CPU_ZERO(&card.cores);
    return card;
}

/* Whether more ranks than cores are where this rank may run. */
static bool is_crowded(const struct card *cards, int n, const struct card *own)
{
    int sharing = 0;
    for (int i = 0; i < n; i++) {
        cpu_set_t both;
        CPU_AND(&both, &cards[i].cores, &own->cores);
        sharing += CPU_COUNT(&both) > 0;
    }
    return sharing > CPU_COUNT(&own->cores);
}

static void take_in(struct pld_peers *peers, const struct card *cards,
                    const struct card *own)
{
    for (int i = 0; i < peers->n; i++) {
        char state = '\0';
        int64_t threads = 0;
        int64_t start = 0;
        struct pld_peer *peer = &peers->list[i];
        peer->rank = cards[i].rank;
        peer->pid = cards[i].pid;
        peer->start = cards[i].start;
        peer->visible = look_up(peer->pid, &state, &threads, &start) &&
                        start == peer->start;
    }
    peers->crowded = is_crowded(cards, peers->n, own);
}

static pld_status prepare(pld_ctx *ctx, struct card **cards)
{
    if (ctx->node_nranks == 1)
        return PLD_OK;
    PLD_TRY(pld_alloc("peers", 1, sizeof *ctx->peers, &ctx->peers));
    ctx->peers->n = ctx->node_nranks;
    PLD_TRY(pld_alloc("peers", ctx->node_nranks, sizeof *ctx->peers->list,
                      &ctx->peers->list));
    return pld_alloc("cards of peers", ctx->node_nranks, sizeof **cards, cards);
}

pld_status pld_peers_open(pld_ctx *ctx)
{
    struct card *cards = NULL;
    pld_status status = PLD_OK;
    PLD_TRY_TO(out, pld_agree(ctx, prepare(ctx, &cards)));
    int color = ctx->node_nranks > 1 ? ctx->node : MPI_UNDEFINED;
    PLD_TRY_MPI_TO(
        out, MPI_Comm_split(ctx->comm, color, ctx->rank, &ctx->node_comm));
    if (ctx->node_comm == MPI_COMM_NULL)
        return PLD_OK;
    struct card own = own_card(ctx);
    PLD_TRY_MPI_TO(out,
                   MPI_Comm_set_errhandler(ctx->node_comm, MPI_ERRORS_RETURN));
    PLD_TRY_MPI_TO(out,
                   MPI_Allgather(&own, (int)sizeof own, MPI_BYTE, cards,
                                 (int)sizeof own, MPI_BYTE, ctx->node_comm));
    take_in(ctx->peers, cards, &own);
out:
    pld_free(cards);
    return status;
}

void pld_peers_close(pld_ctx *ctx)
{
    if (ctx->peers != NULL)
        pld_free(ctx->peers->list);
    pld_free(ctx->peers);
    ctx->peers = NULL;
    if (ctx->node_comm != MPI_COMM_NULL)
        MPI_Comm_free(&ctx->node_comm);
}

int pld_peers_find(const pld_ctx *ctx, int rank)
{
    const struct pld_peers *peers = ctx->peers;
    int low = 0;
    int high = peers != NULL ? peers->n : 0;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (peers->list[middle].rank < rank)
            low = middle + 1;
        else
            high = middle;
    }
    return peers != NULL && low < peers->n && peers->list[low].rank == rank
               ? low
               : -1;
}

/* A process that nobody has waited for yet is a zombie without threads, and a
 * pid may be given to a new process. */
static bool has_ended(const struct pld_peer *peer)
{
    char state = '\0';
    int64_t threads = 0;
    int64_t start = 0;
    if (!look_up(peer->pid, &state, &threads, &start))
        return access("/proc/self/stat", R_OK) == 0;
    return start != peer->start ||
           ((state == 'Z' || state == 'X') && threads <= 1);
}

pld_status pld_peers_check(const pld_ctx *ctx, int rank)
{
    int place = pld_peers_find(ctx, rank);
    if (place < 0 || rank == ctx->rank)
        return PLD_OK;
    struct pld_peer *peer = &ctx->peers->list[place];
    if (peer->visible && !peer->gone)
        peer->gone = has_ended(peer);
    PLD_CHECK(!peer->gone, PLD_ERR_PEER,
              "rank %d is gone: its process %d on this node has ended; see its "
              "own messages for why, and start the program again, from its "
              "last checkpoint if there is one",
              rank, peer->pid);
    return PLD_OK;
}
