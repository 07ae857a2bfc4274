#ifdef __linux__
#define _GNU_SOURCE /* sched_getaffinity */
#endif
#include "par/peers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#endif

#include "base/alloc.h"
#include "polder/agree.h"
#include "polder/digest.h"

/* Others that are looked at in a check, beside the one waited for. */
enum { OTHERS = 8 };

/* What the ranks of a node tell each other. */
struct card {
    int rank;
    int pid;
    int64_t start;
    uint64_t space; /* of process numbers, which containers have of their own */
    uint64_t cores; /* a digest of which it may use */
};

/* What the system says of a process. */
struct state {
    char letter;
    int64_t nthreads;
    int64_t start;
};

/* Fields 3, 20 and 22 of /proc/PID/stat. The name before them may hold blanks
 * and brackets: count from the last bracket. */
static bool look_up(int pid, struct state *out)
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
                  &out->letter, &out->nthreads, &out->start) == 3;
}

int64_t pld_process_start(int pid)
{
    struct state state;
    return look_up(pid, &state) ? state.start : -1;
}

static uint64_t own_space(void)
{
    struct stat info;
    return stat("/proc/self/ns/pid", &info) == 0 ? (uint64_t)info.st_ino : 0;
}

/* Cores that this process may use, and a digest of which they are. */
static int own_cores(uint64_t *digest)
{
    *digest = 0;
#ifdef __linux__
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) == 0) {
        *digest = pld_digest_bytes(&cores, sizeof cores, 0);
        return CPU_COUNT(&cores);
    }
#endif
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

static pld_status allocate(pld_ctx *ctx, struct card **cards)
{
    int n = ctx->node_nranks;
    if (n == 1)
        return PLD_OK;
    PLD_TRY(pld_alloc("peers", 1, sizeof *ctx->peers, &ctx->peers));
    ctx->peers->n = n;
    ctx->peers->gone = -1;
    ctx->peers->rest = 1;
    PLD_TRY(pld_alloc("peers", n, sizeof *ctx->peers->list, &ctx->peers->list));
    return pld_alloc("cards of peers", n, sizeof **cards, cards);
}

static pld_status exchange(pld_ctx *ctx, struct card *own, struct card *cards)
{
    own->rank = ctx->rank;
    own->pid = (int)getpid();
    own->start = pld_process_start(own->pid);
    own->space = own_space();
    PLD_TRY_MPI(MPI_Comm_split(ctx->comm,
                               cards != NULL ? ctx->node : MPI_UNDEFINED,
                               ctx->rank, &ctx->node_comm));
    if (cards == NULL)
        return PLD_OK;
    PLD_TRY_MPI(MPI_Comm_set_errhandler(ctx->node_comm, MPI_ERRORS_RETURN));
    PLD_TRY_MPI(MPI_Allgather(own, (int)sizeof *own, MPI_BYTE, cards,
                              (int)sizeof *own, MPI_BYTE, ctx->node_comm));
    return PLD_OK;
}

static void take_in(struct pld_peers *peers, const struct card *cards,
                    const struct card *own, int ncores)
{
    int nsharing = 0;
    for (int i = 0; i < peers->n; i++) {
        const struct card *card = &cards[i];
        bool visible = card->space == own->space && card->start >= 0 &&
                       pld_process_start(card->pid) == card->start;
        peers->list[i] =
            (struct pld_peer){card->rank, card->pid, card->start, visible};
        nsharing += card->cores == own->cores;
    }
    peers->crowded = nsharing > ncores;
}

pld_status pld_peers_open(pld_ctx *ctx)
{
    struct card *cards = NULL;
    struct card own;
    pld_status status = PLD_OK;
    memset(&own, 0, sizeof own);
    int ncores = own_cores(&own.cores);
    PLD_TRY_TO(out, pld_agree(ctx, allocate(ctx, &cards)));
    PLD_TRY_TO(out, exchange(ctx, &own, cards));
    if (cards != NULL)
        take_in(ctx->peers, cards, &own, ncores);
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
        if (peers->list[middle].rank == rank)
            return middle;
        if (peers->list[middle].rank < rank)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

/* One that its parent has not waited for is still listed, without threads; and
 * a number may have been given to a new process. Where nothing can be looked
 * up, say for lack of file descriptors, nothing is known. */
static bool has_ended(const struct pld_peer *peer)
{
    struct state state;
    if (!peer->visible)
        return false;
    if (!look_up(peer->pid, &state))
        return pld_process_start((int)getpid()) >= 0;
    return state.start != peer->start ||
           ((state.letter == 'Z' || state.letter == 'X') &&
            state.nthreads <= 1);
}

pld_status pld_peers_known(const pld_ctx *ctx)
{
    const struct pld_peers *peers = ctx->peers;
    if (peers == NULL || peers->gone < 0)
        return PLD_OK;
    const struct pld_peer *peer = &peers->list[peers->gone];
    PLD_RAISE(PLD_ERR_PEER,
              "rank %d is gone: its process %d on this node has ended; find "
              "out why from its own messages, end this program, and start "
              "again from the last checkpoint",
              peer->rank, peer->pid);
}

pld_status pld_peers_check(pld_ctx *ctx, int rank)
{
    struct pld_peers *peers = ctx->peers;
    if (peers == NULL)
        return PLD_OK;
    int place = pld_peers_find(ctx, rank);
    for (int k = 0; peers->gone < 0 && k <= OTHERS && k <= peers->n; k++) {
        if (place >= 0 && has_ended(&peers->list[place]))
            peers->gone = place;
        place = peers->next;
        peers->next = (place + 1) % peers->n;
    }
    return pld_peers_known(ctx);
}
