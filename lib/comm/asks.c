#include "comm/asks.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "polder/agree.h"

/* A box that a rank is to be told of. */
struct letter {
    int rank;
    int64_t box;
};

struct mail {
    int rank; /* this one, which needs no letters */
    int64_t nletters;
    struct letter *letters; /* by rank, those of a rank in order */
    pld_box *boxes;         /* of all letters */
    int nparcels;
    struct pld_parcel *parcels;
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

/* Write to all others who hold a part of a box; to some of them more than
 * once. Only counts without `letters`. */
static pld_status write_letters(struct mail *mail,
                                const struct pld_parts holds[PLD_MAXDIM],
                                pld_box box, int64_t number)
{
    struct holders holders = {.n = {0}};
    pld_status status = find_holders(holds, box, &holders);
    int64_t n = holders.n[0] * holders.n[1] * holders.n[2];
    for (int64_t i = 0; i < n && status == PLD_OK; i++) {
        int rank = holder_at(holds, &holders, i);
        if (rank == mail->rank)
            continue;
        if (mail->letters)
            mail->letters[mail->nletters] = (struct letter){rank, number};
        mail->nletters++;
    }
    drop_holders(&holders);
    return status;
}

static pld_status write_all(struct mail *mail,
                            const struct pld_parts holds[PLD_MAXDIM],
                            int64_t nboxes, const pld_box *boxes)
{
    mail->nletters = 0;
    for (int64_t i = 0; i < nboxes; i++)
        if (!pld_box_empty(boxes[i]))
            PLD_TRY(write_letters(mail, holds, boxes[i], i));
    return PLD_OK;
}

/* --- One parcel for each of them ------------------------------------------ */

static int compare(const void *left, const void *right)
{
    const struct letter *a = left;
    const struct letter *b = right;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return (a->box > b->box) - (a->box < b->box);
}

/* In order, each once; returns to how many ranks. */
static int sort(struct mail *mail)
{
    struct letter *letters = mail->letters;
    int64_t n = 0;
    int nranks = 0;
    if (mail->nletters > 0)
        qsort(letters, (size_t)mail->nletters, sizeof *letters, compare);
    for (int64_t i = 0; i < mail->nletters; i++) {
        bool first = n == 0 || letters[n - 1].rank != letters[i].rank;
        if (first || letters[n - 1].box != letters[i].box)
            letters[n++] = letters[i];
        nranks += first;
    }
    mail->nletters = n;
    return nranks;
}

static pld_status prepare(const struct pld_parts holds[PLD_MAXDIM],
                          int64_t nboxes, const pld_box *boxes,
                          struct mail *mail)
{
    PLD_TRY(write_all(mail, holds, nboxes, boxes));
    PLD_TRY(pld_alloc("holders of boxes", mail->nletters, sizeof *mail->letters,
                      &mail->letters));
    if (mail->letters)
        PLD_TRY(write_all(mail, holds, nboxes, boxes));
    int nparcels = sort(mail);
    PLD_TRY(pld_alloc("parcels of boxes", nparcels, sizeof *mail->parcels,
                      &mail->parcels));
    PLD_TRY(pld_alloc("boxes asked of others", mail->nletters,
                      sizeof *mail->boxes, &mail->boxes));
    for (int64_t i = 0; i < mail->nletters; i++) {
        int rank = mail->letters[i].rank;
        mail->boxes[i] = boxes[mail->letters[i].box];
        if (i == 0 || rank != mail->letters[i - 1].rank)
            mail->parcels[mail->nparcels++] = (struct pld_parcel){
                .peer = rank, .data = (char *)&mail->boxes[i]};
        mail->parcels[mail->nparcels - 1].bytes += (int64_t)sizeof *boxes;
    }
    return PLD_OK;
}

static void drop_mail(struct mail *mail)
{
    pld_free(mail->boxes);
    pld_free(mail->parcels);
    pld_free(mail->letters);
}

static pld_status read_post(pld_ctx *ctx, int64_t nboxes, const pld_box *boxes,
                            struct pld_asks *out)
{
    const struct pld_post *post = &out->post;
    PLD_TRY(
        pld_alloc("asks", post->nparcels + 1, sizeof *out->asks, &out->asks));
    out->asks[0] = (struct pld_ask){ctx->rank, nboxes, boxes};
    out->nasks = 1;
    for (int i = 0; i < post->nparcels; i++) {
        const struct pld_parcel *parcel = &post->parcels[i];
        out->asks[out->nasks++] = (struct pld_ask){
            .rank = parcel->peer,
            .nboxes = parcel->bytes / (int64_t)sizeof *boxes,
            .boxes = (const pld_box *)(const void *)parcel->data};
    }
    return PLD_OK;
}

pld_status pld_asks_exchange(pld_ctx *ctx,
                             const struct pld_parts holds[PLD_MAXDIM],
                             int64_t nboxes, const pld_box *boxes,
                             struct pld_asks *out)
{
    pld_status status = PLD_OK;
    struct mail mail = {.rank = ctx->rank};
    *out = (struct pld_asks){.nasks = 0};
    PLD_TRY_TO(out, pld_agree(ctx, prepare(holds, nboxes, boxes, &mail)));
    PLD_TRY_TO(
        out, pld_sparse_exchange(ctx, mail.nparcels, mail.parcels, &out->post));
    PLD_TRY_TO(out, pld_agree(ctx, read_post(ctx, nboxes, boxes, out)));
out:
    drop_mail(&mail);
    if (status != PLD_OK)
        pld_asks_destroy(out);
    return status;
}

void pld_asks_destroy(struct pld_asks *asks)
{
    pld_free(asks->asks);
    pld_post_free(&asks->post);
    *asks = (struct pld_asks){.nasks = 0};
}
