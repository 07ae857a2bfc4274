#include "comm/asks.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "par/message.h"
#include "polder/agree.h"

/* A box that a rank is to be told of. */
struct letter {
    int rank;
    int64_t box;
};

struct exchange {
    pld_ctx *ctx;
    int64_t nletters;
    struct letter *letters; /* by rank, those of a rank in order */
    int64_t *counts;        /* letters to each rank */
    int64_t *others;        /* letters from each rank */
    pld_box *sent;
    int nrequests;
    MPI_Request *requests;
};

/* --- Who holds what ------------------------------------------------------- */

/* The parts of each dimension that hold a box. */
struct holders {
    int64_t n[PLD_MAXDIM];
    struct pld_piece *pieces[PLD_MAXDIM];
};

static pld_status find_holders(const struct pld_parts holds[PLD_MAXDIM],
                               pld_box box, struct holders *out)
{
    for (int d = 0; d < PLD_MAXDIM; d++) {
        out->n[d] = pld_pieces_of(&holds[d], box.first[d], box.count[d], NULL);
        PLD_TRY(pld_alloc("pieces of a box", out->n[d], sizeof *out->pieces[d],
                          &out->pieces[d]));
        pld_pieces_of(&holds[d], box.first[d], box.count[d], out->pieces[d]);
    }
    return PLD_OK;
}

static void drop_holders(struct holders *holders)
{
    for (int d = 0; d < PLD_MAXDIM; d++)
        pld_free(holders->pieces[d]);
}

static int holder_at(const struct pld_parts holds[PLD_MAXDIM],
                     const struct holders *holders, int64_t n)
{
    int rank = 0;
    int stride = 1;
    for (int d = PLD_MAXDIM - 1; d >= 0; d--) {
        rank += holders->pieces[d][n % holders->n[d]].part * stride;
        stride *= holds[d].nparts;
        n /= holders->n[d];
    }
    return rank;
}

/* Write to all who hold a part of a box, but for this rank; to some of them
 * more than once. Only counts without `letters`. */
static pld_status write_letters(struct exchange *exchange,
                                const struct pld_parts holds[PLD_MAXDIM],
                                pld_box box, int64_t number)
{
    struct holders holders = {.n = {0}};
    pld_status status = find_holders(holds, box, &holders);
    int64_t n = holders.n[0] * holders.n[1] * holders.n[2];
    for (int64_t i = 0; i < n && status == PLD_OK; i++) {
        int rank = holder_at(holds, &holders, i);
        if (rank == exchange->ctx->rank)
            continue;
        if (exchange->letters)
            exchange->letters[exchange->nletters] =
                (struct letter){rank, number};
        exchange->nletters++;
    }
    drop_holders(&holders);
    return status;
}

static pld_status write_all(struct exchange *exchange,
                            const struct pld_parts holds[PLD_MAXDIM],
                            int64_t nboxes, const pld_box *boxes)
{
    exchange->nletters = 0;
    for (int64_t i = 0; i < nboxes; i++)
        if (!pld_box_empty(boxes[i]))
            PLD_TRY(write_letters(exchange, holds, boxes[i], i));
    return PLD_OK;
}

static int compare(const void *left, const void *right)
{
    const struct letter *a = left;
    const struct letter *b = right;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return (a->box > b->box) - (a->box < b->box);
}

/* In order, each once. */
static void sort(struct exchange *exchange)
{
    struct letter *letters = exchange->letters;
    int64_t n = 0;
    if (exchange->nletters > 0)
        qsort(letters, (size_t)exchange->nletters, sizeof *letters, compare);
    for (int64_t i = 0; i < exchange->nletters; i++)
        if (n == 0 || compare(&letters[n - 1], &letters[i]) != 0)
            letters[n++] = letters[i];
    exchange->nletters = n;
}

static pld_status prepare(struct exchange *exchange,
                          const struct pld_parts holds[PLD_MAXDIM],
                          int64_t nboxes, const pld_box *boxes)
{
    int nranks = exchange->ctx->nranks;
    PLD_TRY(write_all(exchange, holds, nboxes, boxes));
    PLD_TRY(pld_alloc("holders of boxes", exchange->nletters,
                      sizeof *exchange->letters, &exchange->letters));
    if (exchange->letters)
        PLD_TRY(write_all(exchange, holds, nboxes, boxes));
    sort(exchange);
    PLD_TRY(pld_alloc("boxes asked of others", exchange->nletters,
                      sizeof *exchange->sent, &exchange->sent));
    PLD_TRY(pld_alloc("counts of asks", nranks, sizeof *exchange->counts,
                      &exchange->counts));
    PLD_TRY(pld_alloc("counts of asks", nranks, sizeof *exchange->others,
                      &exchange->others));
    for (int64_t i = 0; i < exchange->nletters; i++) {
        exchange->sent[i] = boxes[exchange->letters[i].box];
        exchange->counts[exchange->letters[i].rank]++;
    }
    return PLD_OK;
}

/* --- Telling them --------------------------------------------------------- */

static pld_status make_room(struct exchange *exchange, int64_t nboxes,
                            const pld_box *boxes, struct pld_asks *out)
{
    int64_t received = 0;
    int npeers = 0;
    int nmessages = 0;
    for (int r = 0; r < exchange->ctx->nranks; r++) {
        received += exchange->others[r];
        npeers += exchange->others[r] > 0;
        nmessages += (exchange->others[r] > 0) + (exchange->counts[r] > 0);
    }
    PLD_TRY(pld_alloc("boxes asked by others", received, sizeof *out->boxes,
                      &out->boxes));
    PLD_TRY(pld_alloc("asks", npeers + 1, sizeof *out->asks, &out->asks));
    PLD_TRY(pld_alloc("messages with asks", nmessages,
                      sizeof *exchange->requests, &exchange->requests));
    out->asks[0] = (struct pld_ask){exchange->ctx->rank, nboxes, boxes};
    out->nasks = 1;
    return PLD_OK;
}

static pld_status send_and_receive(struct exchange *exchange, int tag,
                                   struct pld_asks *out)
{
    pld_ctx *ctx = exchange->ctx;
    int64_t size = (int64_t)sizeof *out->boxes;
    pld_box *received = out->boxes;
    const pld_box *sent = exchange->sent;
    for (int r = 0; r < ctx->nranks; r++) {
        int64_t n = exchange->others[r];
        if (n == 0)
            continue;
        PLD_TRY(pld_ireceive(ctx, received, n * size, r, tag,
                             &exchange->requests[exchange->nrequests++]));
        out->asks[out->nasks++] = (struct pld_ask){r, n, received};
        received += n;
    }
    for (int r = 0; r < ctx->nranks; r++) {
        int64_t n = exchange->counts[r];
        if (n == 0)
            continue;
        PLD_TRY(pld_isend(ctx, sent, n * size, r, tag,
                          &exchange->requests[exchange->nrequests++]));
        sent += n;
    }
    PLD_TRY_MPI(MPI_Waitall(exchange->nrequests, exchange->requests,
                            MPI_STATUSES_IGNORE));
    return PLD_OK;
}

static pld_status run(struct exchange *exchange, int tag,
                      const struct pld_parts holds[PLD_MAXDIM], int64_t nboxes,
                      const pld_box *boxes, struct pld_asks *out)
{
    pld_ctx *ctx = exchange->ctx;
    PLD_TRY(pld_agree(ctx, prepare(exchange, holds, nboxes, boxes)));
    PLD_TRY_MPI(MPI_Alltoall(exchange->counts, 1, MPI_INT64_T, exchange->others,
                             1, MPI_INT64_T, ctx->comm));
    PLD_TRY(pld_agree(ctx, make_room(exchange, nboxes, boxes, out)));
    return send_and_receive(exchange, tag, out);
}

pld_status pld_asks_exchange(pld_ctx *ctx, int tag,
                             const struct pld_parts holds[PLD_MAXDIM],
                             int64_t nboxes, const pld_box *boxes,
                             struct pld_asks *out)
{
    struct exchange exchange = {.ctx = ctx};
    *out = (struct pld_asks){.nasks = 0};
    pld_status status = run(&exchange, tag, holds, nboxes, boxes, out);
    pld_free(exchange.requests);
    pld_free(exchange.sent);
    pld_free(exchange.others);
    pld_free(exchange.counts);
    pld_free(exchange.letters);
    if (status != PLD_OK)
        pld_asks_destroy(out);
    return status;
}

void pld_asks_destroy(struct pld_asks *asks)
{
    pld_free(asks->asks);
    pld_free(asks->boxes);
    *asks = (struct pld_asks){.nasks = 0};
}
