#include "linalg/flow_mail.h"

#include <limits.h>

#include "base/alloc.h"
#include "par/message.h"

/* Buffers hold the pieces of so many groups in a row: all that the steps of one
 * group need must be here at a time, the others come meanwhile. */
enum { GROUPS = 3 };

/* --- Who needs what ------------------------------------------------------- */

static int owner_of(const struct pld_flow *flow, int64_t piece)
{
    struct pld_flow_tile tile = flow->tile(flow->data, piece);
    return tile.tiles->owner[tile.number];
}

static int64_t bytes_of(const struct pld_flow *flow, int64_t piece)
{
    return flow->tile(flow->data, piece).tiles->bytes;
}

/* Steps of this rank that need a piece of another one. */
static int64_t count_uses(const struct pld_flow_mail *mail, int64_t piece)
{
    const struct pld_flow *flow = mail->flow;
    int64_t uses = 0;
    int64_t user = 0;
    for (int64_t at = 0; (user = flow->user(flow->data, piece, at)) >= 0; at++)
        uses += owner_of(flow, user) == mail->ctx->rank;
    return uses;
}

/* Ranks that need an own piece and do not read it where it is: the next one
 * from user `*at` on; -1: no more. */
static int next_reader(struct pld_flow_mail *mail, int64_t piece, int64_t *at)
{
    const struct pld_flow *flow = mail->flow;
    struct pld_flow_tile tile = flow->tile(flow->data, piece);
    int64_t user = 0;
    for (; (user = flow->user(flow->data, piece, *at)) >= 0; (*at)++) {
        int rank = owner_of(flow, user);
        if (rank == mail->ctx->rank || mail->marks[rank] == piece + 1 ||
            pld_tiles_read_by(tile.tiles, rank))
            continue;
        mail->marks[rank] = piece + 1;
        return rank;
    }
    return -1;
}

static void count_sends(struct pld_flow_mail *mail)
{
    for (int64_t p = 0; p < mail->flow->npieces; p++) {
        int64_t at = 0;
        if (owner_of(mail->flow, p) != mail->ctx->rank)
            continue;
        while (next_reader(mail, p, &at) >= 0)
            mail->nsends++;
    }
    for (int r = 0; r < mail->ctx->nranks; r++)
        mail->marks[r] = 0;
}

static bool comes_by_message(const struct pld_flow_mail *mail, int64_t piece)
{
    struct pld_flow_tile tile = mail->flow->tile(mail->flow->data, piece);
    return pld_tiles_at(tile.tiles, tile.number) == NULL;
}

/* Pieces wanted, only counted without a list. */
static void find_wants(struct pld_flow_mail *mail)
{
    mail->nwants = 0;
    for (int64_t p = 0; p < mail->flow->npieces; p++) {
        if (mail->wants)
            mail->want_of[p] = -1;
        if (!comes_by_message(mail, p))
            continue;
        int64_t uses = count_uses(mail, p);
        if (uses == 0)
            continue;
        if (mail->wants) {
            mail->want_of[p] = mail->nwants;
            mail->wants[mail->nwants] =
                (struct pld_flow_want){.piece = p, .uses = uses, .buffer = -1};
        }
        mail->nwants++;
    }
}

/* The most wants of so many groups in a row. */
static int64_t count_buffers(const struct pld_flow_mail *mail)
{
    const struct pld_flow *flow = mail->flow;
    int64_t most = 0;
    int64_t first = 0;
    for (int64_t i = 0; i < mail->nwants; i++) {
        int64_t group = flow->group(flow->data, mail->wants[i].piece);
        while (flow->group(flow->data, mail->wants[first].piece) <=
               group - GROUPS)
            first++;
        most = i - first + 1 > most ? i - first + 1 : most;
    }
    return most;
}

/* --- Setting up ----------------------------------------------------------- */

static pld_status take_buffers(struct pld_flow_mail *mail)
{
    mail->nbuffers = count_buffers(mail);
    PLD_CHECK(mail->nbuffers <= INT_MAX && mail->nsends <= INT_MAX,
              PLD_ERR_OVERFLOW, "too many tiles for messages: use more ranks");
    for (int64_t i = 0; i < mail->nwants; i++)
        if (bytes_of(mail->flow, mail->wants[i].piece) > mail->bytes)
            mail->bytes = bytes_of(mail->flow, mail->wants[i].piece);
    PLD_TRY(pld_alloc("tiles of other ranks", mail->nbuffers,
                      (size_t)mail->bytes, &mail->memory));
    PLD_TRY(pld_alloc("buffers of tiles", mail->nbuffers, sizeof *mail->held,
                      &mail->held));
    PLD_TRY(pld_alloc("buffers of tiles", mail->nbuffers, sizeof *mail->found,
                      &mail->found));
    PLD_TRY(pld_alloc("requests of tiles", mail->nbuffers,
                      sizeof *mail->requests, &mail->requests));
    for (int64_t b = 0; b < mail->nbuffers; b++) {
        mail->held[b] = -1;
        mail->requests[b] = MPI_REQUEST_NULL;
    }
    return pld_alloc("requests of tiles", mail->nsends, sizeof *mail->sends,
                     &mail->sends);
}

pld_status pld_flow_mail_create(pld_ctx *ctx, const struct pld_flow *flow,
                                int tag, int ntags, struct pld_flow_mail *out)
{
    *out = (struct pld_flow_mail){
        .ctx = ctx, .flow = flow, .tag = tag, .ntags = ntags};
    PLD_TRY(pld_alloc("marks of ranks", ctx->nranks, sizeof *out->marks,
                      &out->marks));
    count_sends(out);
    find_wants(out);
    if (out->nwants == 0)
        return take_buffers(out);
    PLD_TRY(pld_alloc("places of wanted tiles", flow->npieces,
                      sizeof *out->want_of, &out->want_of));
    PLD_TRY(pld_alloc("wanted tiles", out->nwants, sizeof *out->wants,
                      &out->wants));
    find_wants(out);
    return take_buffers(out);
}

/* --- Running -------------------------------------------------------------- */

static int tag_of(const struct pld_flow_mail *mail, int64_t piece)
{
    return mail->tag + (int)(piece % mail->ntags);
}

pld_status pld_flow_mail_send(struct pld_flow_mail *mail, int64_t piece)
{
    const struct pld_flow *flow = mail->flow;
    struct pld_flow_tile tile = flow->tile(flow->data, piece);
    const char *data = pld_tiles_at(tile.tiles, tile.number);
    int64_t at = 0;
    int rank = 0;
    if (mail->nsends == 0)
        return PLD_OK;
    while ((rank = next_reader(mail, piece, &at)) >= 0)
        PLD_TRY(pld_isend(mail->ctx, data, tile.tiles->bytes, rank,
                          tag_of(mail, piece), &mail->sends[mail->nsent++]));
    return PLD_OK;
}

static pld_status post(struct pld_flow_mail *mail, int64_t buffer)
{
    struct pld_flow_want *want = &mail->wants[mail->nposted];
    want->buffer = buffer;
    mail->held[buffer] = mail->nposted++;
    return pld_ireceive(mail->ctx, mail->memory + buffer * mail->bytes,
                        bytes_of(mail->flow, want->piece),
                        owner_of(mail->flow, want->piece),
                        tag_of(mail, want->piece), &mail->requests[buffer]);
}

static pld_status post_all(struct pld_flow_mail *mail)
{
    for (int64_t b = 0; b < mail->nbuffers && mail->nposted < mail->nwants; b++)
        if (mail->held[b] < 0)
            PLD_TRY(post(mail, b));
    return PLD_OK;
}

pld_status pld_flow_mail_advance(struct pld_flow_mail *mail)
{
    int n = 0;
    int gone = 0;
    if (mail->nwants == 0 && mail->nsent > 0) /* let MPI move on */
        PLD_TRY_MPI(
            MPI_Test(&mail->sends[mail->nsent - 1], &gone, MPI_STATUS_IGNORE));
    if (mail->nwants == 0)
        return PLD_OK;
    PLD_TRY(post_all(mail));
    PLD_TRY_MPI(MPI_Testsome((int)mail->nbuffers, mail->requests, &n,
                             mail->found, MPI_STATUSES_IGNORE));
    for (int i = 0; i < n && n != MPI_UNDEFINED; i++)
        mail->wants[mail->held[mail->found[i]]].arrived = true;
    return PLD_OK;
}

char *pld_flow_mail_at(const struct pld_flow_mail *mail, int64_t piece)
{
    int64_t i = mail->want_of ? mail->want_of[piece] : -1;
    if (i < 0 || !mail->wants[i].arrived)
        return NULL;
    return mail->memory + mail->wants[i].buffer * mail->bytes;
}

void pld_flow_mail_used(struct pld_flow_mail *mail, int64_t piece)
{
    int64_t i = mail->want_of ? mail->want_of[piece] : -1;
    if (i < 0 || --mail->wants[i].uses > 0)
        return;
    mail->held[mail->wants[i].buffer] = -1;
}

pld_status pld_flow_mail_is_gone(struct pld_flow_mail *mail, bool *out)
{
    int gone = 1;
    if (mail->nsent > 0)
        PLD_TRY_MPI(MPI_Testall((int)mail->nsent, mail->sends, &gone,
                                MPI_STATUSES_IGNORE));
    *out = gone != 0;
    return PLD_OK;
}

/* Take back the receives that are still expected. */
static pld_status give_up(struct pld_flow_mail *mail)
{
    for (int64_t b = 0; b < mail->nbuffers && mail->requests; b++) {
        if (mail->requests[b] == MPI_REQUEST_NULL)
            continue;
        PLD_TRY_MPI(MPI_Cancel(&mail->requests[b]));
        PLD_TRY_MPI(MPI_Wait(&mail->requests[b], MPI_STATUS_IGNORE));
    }
    for (int64_t s = 0; s < mail->nsent; s++)
        if (mail->sends[s] != MPI_REQUEST_NULL)
            PLD_TRY_MPI(MPI_Request_free(&mail->sends[s]));
    return PLD_OK;
}

pld_status pld_flow_mail_destroy(struct pld_flow_mail *mail, bool failed)
{
    pld_status status = failed ? give_up(mail) : PLD_OK;
    pld_free(mail->sends);
    pld_free(mail->requests);
    pld_free(mail->found);
    pld_free(mail->held);
    pld_free(mail->memory);
    pld_free(mail->wants);
    pld_free(mail->want_of);
    pld_free(mail->marks);
    *mail = (struct pld_flow_mail){.nwants = 0};
    return status;
}
