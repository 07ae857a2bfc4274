#include "linalg/fetch.h"

#include "base/alloc.h"
#include "mesh/copy.h"
#include "par/flag.h"
#include "par/message.h"

/* A message: a part, and where it is packed; NULL: nowhere. */
struct pld_parcel_box {
    pld_box box;
    char *packed;
};

static const int64_t unmoved[PLD_MAXDIM];

/* --- Who sends what ------------------------------------------------------- */

/* Calls `visit` for each message of this rank, receives first. */
typedef pld_status visit_message(int peer, bool is_send, pld_box box,
                                 void *data);

static pld_status for_messages(const struct pld_source *source,
                               const struct pld_demand *demand,
                               visit_message *visit, void *data)
{
    int own = source->ctx->rank;
    for (int r = demand->first_holder; r < demand->end_holder; r++) {
        if (r == own || pld_source_reaches(source, r, own))
            continue;
        pld_box box = demand->part(demand->data, r, own);
        if (!pld_box_empty(box))
            PLD_TRY(visit(r, false, box, data));
    }
    for (int r = demand->first_reader; r < demand->end_reader; r++) {
        if (r == own || pld_source_reaches(source, own, r))
            continue;
        pld_box box = demand->part(demand->data, own, r);
        if (!pld_box_empty(box))
            PLD_TRY(visit(r, true, box, data));
    }
    return PLD_OK;
}

static int64_t bytes_of(const struct pld_source *source, pld_box box)
{
    int64_t bytes = pld_box_volume(box) * (int64_t)source->block.size;
    return (bytes + 63) / 64 * 64;
}

/* Whether a box is one run of memory. */
static bool is_dense(const struct pld_block *block, pld_box box)
{
    int64_t size = (int64_t)block->size;
    return (box.count[1] == 1 || block->stride[1] == size) &&
           (box.count[0] == 1 || block->stride[0] == box.count[1] * size);
}

struct needs {
    const struct pld_source *source;
    const struct pld_block *to; /* NULL: as if nothing were dense */
    int nmessages;
    int64_t bytes;
};

static bool is_packed(const struct needs *needs, bool is_send, pld_box box)
{
    if (!needs->to)
        return true;
    return !is_dense(is_send ? &needs->source->block : needs->to, box);
}

static pld_status count(int peer, bool is_send, pld_box box, void *data)
{
    struct needs *needs = data;
    (void)peer;
    needs->nmessages++;
    if (is_packed(needs, is_send, box))
        needs->bytes += bytes_of(needs->source, box);
    return PLD_OK;
}

int64_t pld_fetch_bytes(const struct pld_source *source,
                        const struct pld_demand *demand)
{
    struct needs needs = {.source = source};
    pld_status status = for_messages(source, demand, count, &needs);
    return status == PLD_OK ? needs.bytes : 0;
}

/* --- Messages ------------------------------------------------------------- */

static pld_status make_room(struct pld_fetch *fetch, const struct needs *needs)
{
    if (needs->nmessages > fetch->room) {
        pld_free(fetch->requests);
        pld_free(fetch->boxes);
        fetch->room = 0;
        PLD_TRY(pld_alloc("requests of messages", needs->nmessages,
                          sizeof *fetch->requests, &fetch->requests));
        PLD_TRY(pld_alloc("boxes of messages", needs->nmessages,
                          sizeof *fetch->boxes, &fetch->boxes));
        fetch->room = needs->nmessages;
    }
    if (needs->bytes > fetch->bytes) {
        pld_free(fetch->buffer);
        fetch->bytes = 0;
        PLD_TRY(
            pld_alloc("buffer of messages", needs->bytes, 1, &fetch->buffer));
        fetch->bytes = needs->bytes;
    }
    return PLD_OK;
}

struct posting {
    struct pld_fetch *fetch;
    struct needs needs;
    int tag;
    char *room;
};

static struct pld_block packed_block(const struct pld_source *source,
                                     pld_box box, char *at)
{
    return pld_block_dense(at, box, PLD_PLANES, 1, source->block.size);
}

static pld_status post(int peer, bool is_send, pld_box box, void *data)
{
    struct posting *posting = data;
    struct pld_fetch *fetch = posting->fetch;
    struct pld_source *source = fetch->source;
    const struct pld_block *block = is_send ? &source->block : &fetch->to;
    int n = fetch->nmessages++;
    int64_t bytes = pld_box_volume(box) * (int64_t)source->block.size;
    struct pld_parcel_box *parcel = &fetch->boxes[n];
    *parcel = (struct pld_parcel_box){.box = box};
    char *at = pld_block_at(block, box.first);
    if (is_packed(&posting->needs, is_send, box)) {
        parcel->packed = posting->room;
        at = parcel->packed;
        posting->room += bytes_of(source, box);
    }
    if (!is_send) {
        fetch->nreceives++;
        return pld_ireceive(source->ctx, at, bytes, peer, posting->tag,
                            &fetch->requests[n]);
    }
    if (parcel->packed) {
        struct pld_block to = packed_block(source, box, at);
        pld_block_copy(block, box, &to, unmoved);
    }
    return pld_isend(source->ctx, at, bytes, peer, posting->tag,
                     &fetch->requests[n]);
}

pld_status pld_fetch_begin(struct pld_fetch *fetch, struct pld_source *source,
                           const struct pld_demand *demand,
                           const struct pld_block *to, int tag)
{
    fetch->source = source;
    fetch->demand = *demand;
    fetch->to = *to;
    fetch->nreceives = 0;
    fetch->nmessages = 0;
    struct needs needs = {.source = source, .to = &fetch->to};
    PLD_TRY(for_messages(source, demand, count, &needs));
    PLD_TRY(make_room(fetch, &needs));
    struct posting posting = {fetch, needs, tag, fetch->buffer};
    fetch->under_way = true;
    return for_messages(source, demand, post, &posting);
}

pld_status pld_fetch_progress(struct pld_fetch *fetch)
{
    int done = 0;
    for (int n = 0; fetch->under_way && n < fetch->nmessages; n++)
        PLD_TRY_MPI(MPI_Test(&fetch->requests[n], &done, MPI_STATUS_IGNORE));
    return PLD_OK;
}

/* --- What is near --------------------------------------------------------- */

static pld_status copy_near(const struct pld_fetch *fetch)
{
    const struct pld_demand *demand = &fetch->demand;
    int own = fetch->source->ctx->rank;
    for (int r = demand->first_holder; r < demand->end_holder; r++) {
        if (r != own && !pld_source_reaches(fetch->source, r, own))
            continue;
        pld_box box = demand->part(demand->data, r, own);
        if (pld_box_empty(box))
            continue;
        struct pld_block from;
        PLD_TRY(pld_source_block(fetch->source, r, &from));
        pld_block_copy(&from, box, &fetch->to, unmoved);
    }
    return PLD_OK;
}

static void unpack(const struct pld_fetch *fetch, int n)
{
    const struct pld_parcel_box *parcel = &fetch->boxes[n];
    if (!parcel->packed)
        return;
    struct pld_block from =
        packed_block(fetch->source, parcel->box, parcel->packed);
    pld_block_copy(&from, parcel->box, &fetch->to, unmoved);
}

pld_status pld_fetch_end(struct pld_fetch *fetch)
{
    PLD_TRY(pld_fetch_progress(fetch));
    PLD_TRY(copy_near(fetch));
    for (int n = 0; n < fetch->nmessages; n++)
        PLD_TRY_MPI(MPI_Wait(&fetch->requests[n], MPI_STATUS_IGNORE));
    for (int n = 0; n < fetch->nreceives; n++)
        unpack(fetch, n);
    fetch->under_way = false;
    return PLD_OK;
}

/* Better lost than read by MPI after it has been given back. */
void pld_fetch_destroy(struct pld_fetch *fetch)
{
    if (!fetch->under_way)
        pld_free(fetch->buffer);
    pld_free(fetch->boxes);
    pld_free(fetch->requests);
    *fetch = (struct pld_fetch){0};
}
