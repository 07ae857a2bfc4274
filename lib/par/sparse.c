#include "par/sparse.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "par/context.h"
#include "par/message.h"
#include "polder/agree.h"

/* First every rank tells those that it has something for how many bytes. This
 * is the one place but the task farm that takes messages from any rank, for
 * that is the question: who has something for me? The tag is the exchange's
 * own, every notice is a fixed small message, and parcels are sorted by sender
 * before anyone sees them; so no result depends on the order of arrival. */

struct notices {
    pld_ctx *ctx;
    int tag;
    struct pld_post *post; /* parcels without data */
    pld_status status;     /* of this rank; it goes on receiving */
};

static pld_status make_room(struct notices *notices)
{
    struct pld_post *post = notices->post;
    struct pld_parcel *parcels = NULL;
    if (post->nparcels < post->nroom)
        return PLD_OK;
    int64_t nroom = 2 * post->nroom + 8;
    PLD_TRY(pld_alloc("parcels", nroom, sizeof *parcels, &parcels));
    if (post->nparcels > 0)
        memcpy(parcels, post->parcels,
               (size_t)post->nparcels * sizeof *parcels);
    pld_free(post->parcels);
    post->parcels = parcels;
    post->nroom = nroom;
    return PLD_OK;
}

/* Receive one notice if there is one. */
static pld_status take_notice(struct notices *notices, bool *found)
{
    int64_t bytes = 0;
    int flag = 0;
    MPI_Status from;
    MPI_Comm comm = notices->ctx->comm;
    PLD_TRY_MPI(MPI_Iprobe(MPI_ANY_SOURCE, notices->tag, comm, &flag, &from));
    *found = flag != 0;
    if (!*found)
        return PLD_OK;
    PLD_TRY_MPI(MPI_Recv(&bytes, 1, MPI_INT64_T, from.MPI_SOURCE, notices->tag,
                         comm, MPI_STATUS_IGNORE));
    if (notices->status == PLD_OK)
        notices->status = make_room(notices);
    if (notices->status == PLD_OK)
        notices->post->parcels[notices->post->nparcels++] =
            (struct pld_parcel){.peer = from.MPI_SOURCE, .bytes = bytes};
    return PLD_OK;
}

/* Go on to the first send that is not received yet. */
static pld_status skip_sent(int nsends, MPI_Request *sends, int *next)
{
    int sent = 1;
    while (*next < nsends && sent) {
        PLD_TRY_MPI(MPI_Test(&sends[*next], &sent, MPI_STATUS_IGNORE));
        *next += sent != 0;
    }
    return PLD_OK;
}

/* Take notices until everybody's have been taken: synchronous sends end when
 * they are received, and a barrier that nobody waits in tells when all ranks
 * are that far. */
static pld_status take_notices(struct notices *notices, int nsends,
                               MPI_Request *sends)
{
    MPI_Request barrier = MPI_REQUEST_NULL;
    bool waiting = false;
    int next = 0;
    int done = 0;
    while (!done) {
        bool found = false;
        PLD_TRY(take_notice(notices, &found));
        PLD_TRY(skip_sent(nsends, sends, &next));
        if (waiting)
            PLD_TRY_MPI(MPI_Test(&barrier, &done, MPI_STATUS_IGNORE));
        else if (next == nsends)
            PLD_TRY_MPI(MPI_Ibarrier(notices->ctx->comm, &barrier));
        waiting = next == nsends;
        if (!found && !done)
            sched_yield();
    }
    return PLD_OK;
}

static pld_status give_notices(struct notices *notices, int nsends,
                               const struct pld_parcel *sends,
                               MPI_Request *requests)
{
    for (int i = 0; i < nsends; i++)
        PLD_TRY_MPI(MPI_Issend(&sends[i].bytes, 1, MPI_INT64_T, sends[i].peer,
                               notices->tag, notices->ctx->comm, &requests[i]));
    return take_notices(notices, nsends, requests);
}

static int by_peer(const void *left, const void *right)
{
    const struct pld_parcel *a = left;
    const struct pld_parcel *b = right;
    return (a->peer > b->peer) - (a->peer < b->peer);
}

static int64_t round_up(int64_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

/* Room for what comes, and for the requests of the messages. */
static pld_status prepare(int nsends, struct pld_post *post,
                          MPI_Request **requests)
{
    int64_t bytes = 0;
    if (post->nparcels > 0)
        qsort(post->parcels, (size_t)post->nparcels, sizeof *post->parcels,
              by_peer);
    for (int i = 0; i < post->nparcels; i++)
        bytes += round_up(post->parcels[i].bytes);
    if (bytes > post->data_room) {
        pld_free(post->data);
        post->data = NULL;
        post->data_room = 0;
        PLD_TRY(
            pld_alloc("arriving parcels", bytes + bytes / 2, 1, &post->data));
        post->data_room = bytes + bytes / 2;
    }
    int64_t at = 0;
    for (int i = 0; i < post->nparcels; i++) {
        post->parcels[i].data = post->data + at;
        at += round_up(post->parcels[i].bytes);
    }
    return pld_alloc("requests of parcels", (int64_t)nsends + post->nparcels,
                     sizeof **requests, requests);
}

static pld_status move_parcels(pld_ctx *ctx, int tag, int nsends,
                               const struct pld_parcel *sends,
                               const struct pld_post *post,
                               MPI_Request *requests)
{
    for (int i = 0; i < post->nparcels; i++) {
        const struct pld_parcel *parcel = &post->parcels[i];
        PLD_TRY(pld_ireceive(ctx, parcel->data, parcel->bytes, parcel->peer,
                             tag, &requests[i]));
    }
    for (int i = 0; i < nsends; i++)
        PLD_TRY(pld_isend(ctx, sends[i].data, sends[i].bytes, sends[i].peer,
                          tag, &requests[post->nparcels + i]));
    for (int i = 0; i < post->nparcels + nsends; i++)
        PLD_TRY_MPI(MPI_Wait(&requests[i], MPI_STATUS_IGNORE));
    return PLD_OK;
}

pld_status pld_sparse_exchange(pld_ctx *ctx, int nsends,
                               const struct pld_parcel *sends,
                               struct pld_post *post)
{
    pld_status status = PLD_OK;
    MPI_Request *notes = NULL;
    MPI_Request *requests = NULL;
    int tag = pld_ctx_tag(ctx);
    struct notices notices = {.ctx = ctx, .tag = tag, .post = post};
    post->nparcels = 0;
    PLD_TRY_TO(out, pld_agree(ctx, pld_alloc("requests of notices", nsends,
                                             sizeof *notes, &notes)));
    PLD_TRY_TO(out, give_notices(&notices, nsends, sends, notes));
    if (notices.status == PLD_OK)
        notices.status = prepare(nsends, post, &requests);
    PLD_TRY_TO(out, pld_agree(ctx, notices.status));
    PLD_TRY_TO(out, move_parcels(ctx, tag, nsends, sends, post, requests));
out:
    pld_free(requests);
    pld_free(notes);
    return status;
}

void pld_post_free(struct pld_post *post)
{
    pld_free(post->data);
    pld_free(post->parcels);
    *post = (struct pld_post){0};
}
