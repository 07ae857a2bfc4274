#include "par/board.h"
#include "par/agree.h"
#include "par/flag.h"
#include "par/segment.h"
#include "base/alloc.h"
#include "polder/agree.h"

#include <stdlib.h>
#include <string.h>

/* Records take turns in two slots: whoever posts has seen the last record of
 * all others, so all have read the one before that. A record begins in the
 * cache line of its flag, so that a short one comes along with it. */
struct slot {
    _Atomic int64_t epoch; /* taken for a pld_flag */
    int32_t error;         /* 0, or the status of a failure */
    int32_t nlines;        /* cache lines of the record */
    uint64_t call;
    int64_t words[];
};

enum { HEAD = (int)(sizeof(struct slot) / sizeof(int64_t)), LINE = 128 };

struct pld_board {
    pld_ctx *ctx;
    int64_t nwords;
    int64_t stride; /* bytes from a slot to the next */
    int64_t epoch;  /* records posted */
    char *piece;    /* memory of this rank; in it, lines begin at ... */
    char *own;
    char *of[PLD_BOARD_MOST_RANKS];
};

static bool messages_are_wanted(void)
{
    const char *wish = getenv("PLD_TRANSPORT");
    return wish != NULL && strcmp(wish, "message") == 0;
}

/* Several ranks, not too many, that all share memory; or a single one. */
static bool is_possible(const pld_ctx *ctx, int64_t nwords)
{
    const int64_t most = 32768; /* 256 KiB: messages are as good */
    if (ctx->nnodes != 1 || ctx->nranks > PLD_BOARD_MOST_RANKS ||
        nwords > most || messages_are_wanted())
        return false;
    for (int rank = 0; rank < ctx->nranks; rank++)
        if (rank != ctx->rank && !pld_segment_reaches(ctx, rank))
            return false;
    return true;
}

/* --- Setting up ----------------------------------------------------------- */

static int64_t bytes_of(const struct pld_board *board)
{
    return 2 * board->stride;
}

static pld_status take_piece(pld_ctx *ctx, int64_t nwords,
                             struct pld_board **out)
{
    const int64_t least = (int64_t)sizeof(struct pld_verdict) / 8 + 1;
    pld_status status = PLD_OK;
    struct pld_board *board = NULL;
    PLD_TRY(pld_alloc("board", 1, sizeof *board, &board));
    *board = (struct pld_board){.ctx = ctx};
    board->nwords = nwords > least ? nwords : least;
    board->stride = ((HEAD + board->nwords) * 8 + LINE - 1) / LINE * LINE;
    if (ctx->nranks == 1)
        PLD_TRY_TO(
            out, pld_alloc("board", bytes_of(board) + LINE, 1, &board->piece));
    else
        PLD_TRY_TO(out, pld_segment_alloc(ctx, "board", bytes_of(board) + LINE,
                                          1, &board->piece));
    board->own = board->piece + (LINE - (uintptr_t)board->piece % LINE) % LINE;
    *out = board;
    return PLD_OK;
out:
    pld_free(board);
    return status;
}

static pld_status map_others(struct pld_board *board, const int64_t *offsets)
{
    pld_ctx *ctx = board->ctx;
    for (int rank = 0; rank < ctx->nranks; rank++)
        if (rank == ctx->rank)
            board->of[rank] = board->own;
        else
            PLD_TRY(pld_segment_map(ctx, rank, offsets[rank], bytes_of(board),
                                    &board->of[rank]));
    return PLD_OK;
}

static void release(struct pld_board *board)
{
    if (board == NULL)
        return;
    pld_ctx *ctx = board->ctx;
    for (int rank = 0; rank < ctx->nranks; rank++)
        if (rank != ctx->rank && board->of[rank] != NULL)
            pld_segment_unmap(ctx, rank, board->of[rank]);
    if (ctx->nranks == 1)
        pld_free(board->piece);
    else
        pld_segment_free(ctx, board->piece);
    pld_free(board);
}

pld_status pld_board_create(pld_ctx *ctx, int64_t nwords,
                            struct pld_board **out)
{
    *out = NULL;
    int possible = is_possible(ctx, nwords);
    PLD_TRY_MPI(
        MPI_Allreduce(MPI_IN_PLACE, &possible, 1, MPI_INT, MPI_MIN, ctx->comm));
    if (!possible)
        return PLD_OK;
    struct pld_board *board = NULL;
    pld_status status = take_piece(ctx, nwords, &board);
    PLD_TRY_TO(out, pld_agree(ctx, status));
    int64_t offsets[PLD_BOARD_MOST_RANKS];
    int64_t own = ctx->nranks == 1 ? 0 : pld_segment_offset(ctx, board->own);
    PLD_TRY_MPI_TO(out, MPI_Allgather(&own, 1, MPI_INT64_T, offsets, 1,
                                      MPI_INT64_T, ctx->comm));
    PLD_TRY_TO(out, pld_agree(ctx, map_others(board, offsets)));
    *out = board;
    return PLD_OK;
out:
    release(board);
    return status;
}

/* Others may still wait for the last record of this rank, and what was given
 * back is soon something else. The context's own board cannot vouch for
 * itself. */
static void part(struct pld_board *board)
{
    pld_ctx *ctx = board->ctx;
    if (board == ctx->board) {
        MPI_Barrier(ctx->comm);
        return;
    }
    pld_status status = pld_agree(ctx, PLD_OK);
    (void)status; /* who is gone reads nothing */
}

void pld_board_destroy(struct pld_board **board)
{
    if (*board == NULL)
        return;
    part(*board);
    release(*board);
    *board = NULL;
}

/* --- Posting and reading -------------------------------------------------- */

static struct slot *slot_at(const struct pld_board *board, int rank,
                            int64_t epoch)
{
    return (struct slot *)(void *)(board->of[rank] + epoch % 2 * board->stride);
}

int64_t pld_board_nwords(const struct pld_board *board)
{
    return board->nwords;
}

int pld_board_nranks(const struct pld_board *board)
{
    return board->ctx->nranks;
}

int64_t *pld_board_room(struct pld_board *board)
{
    return slot_at(board, board->ctx->rank, board->epoch + 1)->words;
}

static void post(struct pld_board *board, pld_status error, uint64_t call,
                 int64_t nwords)
{
    int64_t epoch = ++board->epoch;
    struct slot *slot = slot_at(board, board->ctx->rank, epoch);
    slot->error = (int32_t)error;
    slot->nlines = (int32_t)((HEAD + nwords - 1) / 8 + 1);
    slot->call = call;
    atomic_store_explicit(&slot->epoch, epoch, memory_order_release);
}

void pld_board_post(struct pld_board *board, uint64_t call, int64_t nwords)
{
    post(board, PLD_OK, call, nwords);
}

void pld_board_post_error(struct pld_board *board, pld_status status)
{
    struct pld_verdict verdict = pld_verdict_of(board->ctx->rank, status);
    memcpy(pld_board_room(board), &verdict, sizeof verdict);
    post(board, status, 0, (int64_t)sizeof verdict / 8);
}

const int64_t *pld_board_of(const struct pld_board *board, int rank)
{
    return slot_at(board, rank, board->epoch)->words;
}

static pld_status share_error(struct pld_board *board, int rank)
{
    struct pld_verdict verdict;
    memcpy(&verdict, pld_board_of(board, rank), sizeof verdict);
    const struct slot *own = slot_at(board, board->ctx->rank, board->epoch);
    return pld_verdict_share(&verdict, (pld_status)own->error);
}

static pld_status check_call(const struct pld_board *board, int rank)
{
    PLD_CHECK(slot_at(board, rank, board->epoch)->call ==
                  slot_at(board, 0, board->epoch)->call,
              PLD_ERR_MISMATCH,
              "rank %d calls for another operation than rank 0, or for the "
              "same with other arguments",
              rank);
    return PLD_OK;
}

/* Lines that are written next and lie with readers of the record before the
 * last are fetched beforehand: stores wait for one another. */
static void fetch_room(const struct pld_board *board)
{
#ifdef __x86_64__
    enum { MOST = 32 };
    int rank = board->ctx->rank;
    int n = slot_at(board, rank, board->epoch)->nlines;
    const char *next = (char *)slot_at(board, rank, board->epoch + 1);
    for (int i = 1; i < n && i < MOST; i++)
        __asm__ volatile("prefetchw %0" : : "m"(next[64 * i]));
#else
    (void)board;
#endif
}

static void fetch_record(const struct slot *slot)
{
    enum { MOST = 32 };
    for (int i = 1; i < slot->nlines && i < MOST; i++)
        __builtin_prefetch((const char *)slot + 64 * i);
}

/* Each record is looked at only when all are there: ranks leave together. */
pld_status pld_board_wait(struct pld_board *board)
{
    int nranks = board->ctx->nranks;
    for (int i = 1; i < nranks; i++) {
        int rank = (board->ctx->rank + i) % nranks;
        const struct slot *slot = slot_at(board, rank, board->epoch);
        PLD_TRY(pld_flag_wait(board->ctx,
                              (const struct pld_flag *)(const void *)slot,
                              board->epoch, rank));
        fetch_record(slot);
    }
    fetch_room(board);
    for (int rank = 0; rank < nranks; rank++)
        if (slot_at(board, rank, board->epoch)->error != PLD_OK)
            return share_error(board, rank);
    for (int rank = 1; rank < nranks; rank++)
        PLD_TRY(check_call(board, rank));
    return PLD_OK;
}

pld_status pld_board_fail(struct pld_board *board, pld_status status)
{
    pld_board_post_error(board, status);
    return pld_board_wait(board);
}
