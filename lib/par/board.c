#include "par/board.h"
#include "par/agree.h"
#include "par/flag.h"
#include "par/relay.h"
#include "par/segment.h"
#include "base/alloc.h"
#include "polder/agree.h"

#include <stdlib.h>
#include <string.h>

/* Records take turns in two slots: whoever posts has seen the last record of
 * all others, so all have read the one before that. A record begins in the
 * cache line of its flag, so that a short one comes along with it.
 *
 * Leaders have a third slot, of the merged record. One is enough: it is written
 * when all of the node have posted, so have read the one before. */
struct slot {
    _Atomic int64_t epoch; /* taken for a pld_flag */
    int64_t record[];      /* a pld_record */
};

enum {
    HEAD = (int)((sizeof(struct slot) + sizeof(struct pld_record)) /
                 sizeof(int64_t)),
    LINE = 128,
    MERGED = 2 /* number of that slot */
};

struct pld_board {
    pld_ctx *ctx;
    int64_t nwords;
    int64_t stride;    /* bytes from a slot to the next */
    int64_t epoch;     /* records posted */
    char *piece;       /* memory of this rank; in it, lines begin at ... */
    char *own;         /* ... its slots */
    bool merges;       /* by a leader, or else each rank for itself */
    int n;             /* ranks that share memory through this board */
    int place;         /* of this one among them; the first one leads */
    int *ranks;        /* all of them */
    int64_t *offsets;  /* where their slots are */
    char **of;         /* they, as far as this rank reads them */
    pld_status posted; /* by this rank, last */
    pld_status posted_relay;        /* whether its message could be sent */
    struct pld_relay *relay;        /* of leaders */
    const struct pld_record *final; /* the merged record */
};

static struct pld_record *record_in(struct slot *slot)
{
    return (struct pld_record *)(void *)slot->record;
}

static bool messages_are_wanted(void)
{
    const char *wish = getenv("PLD_TRANSPORT");
    return wish != NULL && strcmp(wish, "message") == 0;
}

/* Whether this rank shares memory with all of its node. */
static bool shares_memory(const pld_ctx *ctx, int64_t nwords)
{
    const int64_t most = 32768; /* 256 KiB: messages are as good */
    if (nwords > most || messages_are_wanted())
        return false;
    for (int rank = 0; rank < ctx->nranks; rank++)
        if (rank != ctx->rank && ctx->node_of[rank] == ctx->node &&
            !pld_segment_reaches(ctx, rank))
            return false;
    return true;
}

/* --- Setting up ----------------------------------------------------------- */

static bool leads(const struct pld_board *board)
{
    return board->place == 0;
}

static int nslots(const struct pld_board *board)
{
    return board->merges && board->n > 1 ? 3 : 2;
}

static int64_t bytes_of(const struct pld_board *board)
{
    return nslots(board) * board->stride;
}

/* The ranks of this board: those of the node, or this one alone. */
static pld_status list_ranks(struct pld_board *board, bool shares)
{
    const pld_ctx *ctx = board->ctx;
    board->n = shares ? ctx->node_nranks : 1;
    board->place = shares ? ctx->node_rank : 0;
    board->merges = board->n < ctx->nranks || board->n > PLD_BOARD_MOST_RANKS;
    PLD_TRY(pld_alloc("ranks of a board", board->n, sizeof *board->ranks,
                      &board->ranks));
    PLD_TRY(
        pld_alloc("slots of a board", board->n, sizeof *board->of, &board->of));
    PLD_TRY(
        pld_alloc("places", board->n, sizeof *board->offsets, &board->offsets));
    for (int i = 0; i < board->n; i++)
        board->of[i] = NULL;
    board->ranks[0] = ctx->rank;
    for (int rank = 0, i = 0; shares && rank < ctx->nranks; rank++)
        if (ctx->node_of[rank] == ctx->node)
            board->ranks[i++] = rank;
    return PLD_OK;
}

static pld_status take_piece(struct pld_board *board)
{
    int64_t bytes = bytes_of(board) + LINE;
    if (board->n == 1)
        PLD_TRY(pld_alloc("board", bytes, 1, &board->piece));
    else
        PLD_TRY(
            pld_segment_alloc(board->ctx, "board", bytes, 1, &board->piece));
    board->own = board->piece + (LINE - (uintptr_t)board->piece % LINE) % LINE;
    memset(board->own, 0, (size_t)bytes_of(board));
    return PLD_OK;
}

/* Leaders of nodes, in the order of nodes; all ranks where none share. */
static pld_status list_leaders(const pld_ctx *ctx, int **out)
{
    PLD_TRY(pld_alloc("leaders", ctx->nnodes, sizeof **out, out));
    for (int rank = ctx->nranks - 1; rank >= 0; rank--)
        (*out)[ctx->node_of[rank]] = rank;
    return PLD_OK;
}

static pld_status open_relay(struct pld_board *board, bool shares, int tag)
{
    pld_ctx *ctx = board->ctx;
    if (!board->merges || !leads(board))
        return PLD_OK;
    if (!shares)
        return pld_relay_create(ctx, ctx->nranks, ctx->rank, NULL,
                                board->nwords, tag, &board->relay);
    int *leaders = NULL;
    PLD_TRY(list_leaders(ctx, &leaders));
    pld_status status = pld_relay_create(ctx, ctx->nnodes, ctx->node, leaders,
                                         board->nwords, tag, &board->relay);
    pld_free(leaders);
    return status;
}

static pld_status draft_board(pld_ctx *ctx, int64_t nwords, bool shares,
                              int tag, struct pld_board *board)
{
    int64_t least = pld_record_verdict_words();
    board->nwords = nwords > least ? nwords : least;
    PLD_CHECK(board->nwords <= INT32_MAX, PLD_ERR_OVERFLOW,
              "a record of %lld words is too long: use fewer bins",
              (long long)board->nwords);
    board->stride = ((HEAD + board->nwords) * 8 + LINE - 1) / LINE * LINE;
    board->ctx = ctx;
    PLD_TRY(list_ranks(board, shares));
    PLD_TRY(open_relay(board, shares, tag));
    return take_piece(board);
}

/* Members read their leader's slots, and leaders those of all; without
 * leaders, all do. */
static pld_status map_others(struct pld_board *board)
{
    for (int i = 0; i < board->n; i++)
        if (i == board->place)
            board->of[i] = board->own;
        else if (!board->merges || leads(board) || i == 0)
            PLD_TRY(pld_segment_map(board->ctx, board->ranks[i],
                                    board->offsets[i], bytes_of(board),
                                    &board->of[i]));
    return PLD_OK;
}

static pld_status tell_places(struct pld_board *board)
{
    if (board->n == 1)
        return PLD_OK;
    int64_t own = pld_segment_offset(board->ctx, board->own);
    PLD_TRY_MPI(MPI_Allgather(&own, 1, MPI_INT64_T, board->offsets, 1,
                              MPI_INT64_T, board->ctx->node_comm));
    return PLD_OK;
}

static void release(struct pld_board *board)
{
    if (board == NULL)
        return;
    for (int i = 0; board->of != NULL && i < board->n; i++)
        if (i != board->place && board->of[i] != NULL)
            pld_segment_unmap(board->ctx, board->ranks[i], board->of[i]);
    if (board->n > 1)
        pld_segment_free(board->ctx, board->piece);
    else
        pld_free(board->piece);
    pld_relay_destroy(board->relay);
    pld_free(board->offsets);
    pld_free(board->of);
    pld_free(board->ranks);
    pld_free(board);
}

pld_status pld_board_create(pld_ctx *ctx, int64_t nwords,
                            struct pld_board **out)
{
    *out = NULL;
    int shares = shares_memory(ctx, nwords);
    int tag = pld_ctx_tag(ctx);
    PLD_TRY_MPI(
        MPI_Allreduce(MPI_IN_PLACE, &shares, 1, MPI_INT, MPI_MIN, ctx->comm));
    struct pld_board *board = NULL;
    pld_status status = pld_alloc("board", 1, sizeof *board, &board);
    if (status == PLD_OK) {
        *board = (struct pld_board){.ctx = ctx};
        status = draft_board(ctx, nwords, shares != 0, tag, board);
    }
    PLD_TRY_TO(out, pld_agree(ctx, status));
    PLD_TRY_TO(out, tell_places(board));
    PLD_TRY_TO(out, pld_agree(ctx, map_others(board)));
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

/* --- Posting -------------------------------------------------------------- */

static struct slot *slot_number(const struct pld_board *board, int i,
                                int64_t number)
{
    return (struct slot *)(void *)(board->of[i] + number * board->stride);
}

static struct slot *slot_at(const struct pld_board *board, int i, int64_t epoch)
{
    return slot_number(board, i, epoch % 2);
}

/* The last one posted by a rank. */
static const struct pld_record *record_of(const struct pld_board *board, int i)
{
    return record_in(slot_at(board, i, board->epoch));
}

int64_t pld_board_nwords(const struct pld_board *board)
{
    return board->nwords;
}

bool pld_board_merges(const struct pld_board *board)
{
    return board->merges;
}

int pld_board_nrecords(const struct pld_board *board)
{
    return board->merges ? 1 : board->n;
}

int64_t *pld_board_room(struct pld_board *board)
{
    return record_in(slot_at(board, board->place, board->epoch + 1))->words;
}

/* A leader of none but itself has all that it sends. */
static void post(struct pld_board *board, pld_status status)
{
    int64_t epoch = ++board->epoch;
    struct slot *slot = slot_at(board, board->place, epoch);
    board->posted = status;
    if (board->relay != NULL && board->n == 1)
        board->posted_relay = pld_relay_begin(board->relay, record_in(slot));
    else
        atomic_store_explicit(&slot->epoch, epoch, memory_order_release);
}

void pld_board_post(struct pld_board *board, uint64_t call, int64_t nwords)
{
    struct pld_record *record =
        record_in(slot_at(board, board->place, board->epoch + 1));
    record->error = PLD_OK;
    record->nwords = (int32_t)nwords;
    record->call = call;
    post(board, PLD_OK);
}

void pld_board_post_error(struct pld_board *board, pld_status status)
{
    pld_record_fail(record_in(slot_at(board, board->place, board->epoch + 1)),
                    board->ctx->rank, status);
    post(board, status);
}

/* --- Each for itself ------------------------------------------------------ */

static pld_status check_call(const struct pld_board *board, int i)
{
    PLD_CHECK(record_of(board, i)->call == record_of(board, 0)->call,
              PLD_ERR_MISMATCH,
              "rank %d calls for another operation than rank 0, or for the "
              "same with other arguments",
              i);
    return PLD_OK;
}

static int nlines(struct slot *slot)
{
    return (HEAD + record_in(slot)->nwords - 1) / 8 + 1;
}

/* Lines that are written next and lie with readers of the record before the
 * last are fetched beforehand: stores wait for one another. */
static void fetch_room(const struct pld_board *board)
{
#ifdef __x86_64__
    enum { MOST = 32 };
    int n = nlines(slot_at(board, board->place, board->epoch));
    const char *next = (char *)slot_at(board, board->place, board->epoch + 1);
    for (int i = 1; i < n && i < MOST; i++)
        __asm__ volatile("prefetchw %0" : : "m"(next[64 * i]));
#else
    (void)board;
#endif
}

static void fetch_record(struct slot *slot)
{
    enum { MOST = 32 };
    int n = nlines(slot);
    for (int i = 1; i < n && i < MOST; i++)
        __builtin_prefetch((const char *)slot + 64 * i);
}

static pld_status wait_for_slot(const struct pld_board *board, int i,
                                struct slot *slot)
{
    PLD_TRY(pld_flag_wait(board->ctx,
                          (const struct pld_flag *)(const void *)slot,
                          board->epoch, board->ranks[i]));
    fetch_record(slot);
    return PLD_OK;
}

static pld_status wait_for_others(const struct pld_board *board)
{
    for (int i = 1; i < board->n; i++) {
        int other = (board->place + i) % board->n;
        PLD_TRY(
            wait_for_slot(board, other, slot_at(board, other, board->epoch)));
    }
    return PLD_OK;
}

/* Each record is looked at only when all are there: ranks leave together. */
static pld_status wait_for_all(struct pld_board *board)
{
    PLD_TRY(wait_for_others(board));
    fetch_room(board);
    for (int i = 0; i < board->n; i++) {
        const struct pld_record *record = record_of(board, i);
        if (record->error != PLD_OK)
            return pld_record_share(record, board->posted);
    }
    for (int i = 1; i < board->n; i++)
        PLD_TRY(check_call(board, i));
    return PLD_OK;
}

/* --- Leaders -------------------------------------------------------------- */

/* Merge the records of the node, some at a time. */
static const struct pld_record *merge_node(struct pld_board *board,
                                           pld_merge *merge, const void *how)
{
    struct pld_record_of of[PLD_BOARD_MOST_RECORDS];
    of[0] = (struct pld_record_of){record_of(board, 0), board->ranks[0]};
    int room = 1;
    for (int done = 1; done < board->n; room = 3 - room) {
        int n = 1;
        for (; n < PLD_BOARD_MOST_RECORDS && done < board->n; n++, done++)
            of[n] = (struct pld_record_of){record_of(board, done),
                                           board->ranks[done]};
        struct pld_record *out = pld_relay_room(board->relay, room);
        pld_records_merge(merge, how, n, of, out);
        of[0].record = out;
    }
    return of[0].record;
}

static pld_status exchange(struct pld_board *board, pld_merge *merge,
                           const void *how)
{
    if (board->n == 1) {
        PLD_TRY(board->posted_relay);
    } else {
        PLD_TRY(wait_for_others(board));
        PLD_TRY(pld_relay_begin(board->relay, merge_node(board, merge, how)));
    }
    return pld_relay_end(board->relay, merge, how, &board->final);
}

/* Also when that failed: the node waits for it. */
static pld_status lead(struct pld_board *board, pld_merge *merge,
                       const void *how)
{
    pld_status status = exchange(board, merge, how);
    if (board->n == 1)
        return status;
    struct slot *slot = slot_number(board, 0, MERGED);
    if (status != PLD_OK)
        pld_record_fail(record_in(slot), board->ctx->rank, status);
    else
        memcpy(record_in(slot), board->final,
               sizeof *board->final +
                   (size_t)board->final->nwords * sizeof(int64_t));
    board->final = record_in(slot);
    atomic_store_explicit(&slot->epoch, board->epoch, memory_order_release);
    return status;
}

static pld_status follow(struct pld_board *board)
{
    struct slot *slot = slot_number(board, 0, MERGED);
    PLD_TRY(wait_for_slot(board, 0, slot));
    board->final = record_in(slot);
    return PLD_OK;
}

static pld_status wait_for_merged(struct pld_board *board, pld_merge *merge,
                                  const void *how)
{
    if (leads(board))
        PLD_TRY(lead(board, merge, how));
    else
        PLD_TRY(follow(board));
    if (board->final->error != PLD_OK)
        return pld_record_share(board->final, board->posted);
    return PLD_OK;
}

pld_status pld_board_wait(struct pld_board *board, pld_merge *merge,
                          const void *how)
{
    return board->merges ? wait_for_merged(board, merge, how)
                         : wait_for_all(board);
}

const int64_t *pld_board_of(const struct pld_board *board, int i)
{
    return board->merges ? board->final->words : record_of(board, i)->words;
}

pld_status pld_board_fail(struct pld_board *board, pld_status status)
{
    pld_board_post_error(board, status);
    return pld_board_wait(board, NULL, NULL);
}
