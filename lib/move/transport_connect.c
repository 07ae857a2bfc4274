#include "move/transport_segment.h"

#include "base/alloc.h"
#include "base/status.h"
#include "move/transport_draft.h"
#include "par/message.h"
#include "par/segment.h"
#include "polder/agree.h"

#include <string.h>

/* A ring holds two exchanges, so that the packer does not wait for the
 * unpacker of the one before; but less where it would take more bytes. */
enum { RING_BYTES = 4 << 20, FEWEST_SLOTS = 4 };

static int64_t ring_bytes = RING_BYTES;

void pld_lanes_set_ring(int64_t bytes)
{
    ring_bytes = bytes > 0 ? bytes : RING_BYTES;
}

static const int64_t unmoved[PLD_MAXDIM];

pld_status pld_lanes_create(pld_ctx *ctx, const struct pld_plan *plan,
                            const struct pld_transport_item *items,
                            struct pld_lanes *lanes)
{
    lanes->ctx = ctx;
    return pld_lanes_draft(plan, items, lanes);
}

/* --- Exchanges with the peers --------------------------------------------- */

static pld_status send(struct pld_lanes *lanes, int peer, const void *data,
                       int64_t bytes, int tag)
{
    struct pld_lane_draft *draft = lanes->draft;
    return pld_isend(lanes->ctx, data, bytes, lanes->peers[peer].rank, tag,
                     &draft->requests[draft->nrequests++]);
}

static pld_status receive(struct pld_lanes *lanes, int peer, void *data,
                          int64_t bytes, int tag)
{
    struct pld_lane_draft *draft = lanes->draft;
    return pld_ireceive(lanes->ctx, data, bytes, lanes->peers[peer].rank, tag,
                        &draft->requests[draft->nrequests++]);
}

static pld_status complete(struct pld_lanes *lanes)
{
    struct pld_lane_draft *draft = lanes->draft;
    PLD_TRY_MPI(
        MPI_Waitall(draft->nrequests, draft->requests, MPI_STATUSES_IGNORE));
    draft->nrequests = 0;
    return PLD_OK;
}

static pld_status exchange_facts(struct pld_lanes *lanes, int tag)
{
    pld_lanes_find_facts(lanes);
    for (int n = 0; n < lanes->npeers; n++) {
        struct pld_lane_link *link = &lanes->draft->links[n];
        PLD_TRY(
            receive(lanes, n, &link->peer_facts, sizeof link->peer_facts, tag));
        PLD_TRY(send(lanes, n, &link->my_facts, sizeof link->my_facts, tag));
    }
    return complete(lanes);
}

/* A lane on which one rank sends is one on which the other one receives: where
 * places of both are exchanged, hosts send them in this order, and movers
 * receive them in the other one. */
static pld_status exchange_places(struct pld_lanes *lanes, int peer,
                                  int direction, pld_role role, int tag)
{
    int i = lanes->draft->links[peer].lane[direction];
    if (i < 0 || lanes->lanes[i].role != role)
        return PLD_OK;
    const struct pld_lane_sketch *sketch = &lanes->draft->sketches[i];
    int64_t bytes = sketch->nboxes * (int64_t)sizeof *sketch->places;
    if (role == PLD_ROLE_HOST)
        return send(lanes, peer, sketch->places, bytes, tag);
    return receive(lanes, peer, sketch->places, bytes, tag);
}

static pld_status exchange_addresses(struct pld_lanes *lanes, int tag)
{
    for (int n = 0; n < lanes->npeers; n++) {
        struct pld_lane_link *link = &lanes->draft->links[n];
        PLD_TRY(receive(lanes, n, &link->peer_address,
                        sizeof link->peer_address, tag));
        PLD_TRY(exchange_places(lanes, n, PLD_RECEIVED, PLD_ROLE_MOVE, tag));
        PLD_TRY(exchange_places(lanes, n, PLD_SENT, PLD_ROLE_MOVE, tag));
        PLD_TRY(
            send(lanes, n, &link->my_address, sizeof link->my_address, tag));
        PLD_TRY(exchange_places(lanes, n, PLD_SENT, PLD_ROLE_HOST, tag));
        PLD_TRY(exchange_places(lanes, n, PLD_RECEIVED, PLD_ROLE_HOST, tag));
    }
    return complete(lanes);
}

/* --- Own memory ----------------------------------------------------------- */

/* All that may be visited on a lane, and where its boxes begin in it. Counted
 * in the segment: addresses may come in another order. */
static void open_house(const struct pld_lanes *lanes,
                       struct pld_lane_sketch *sketch)
{
    struct pld_lane_address *address =
        &lanes->draft->links[sketch->link].my_address;
    int64_t first = INT64_MAX;
    int64_t end = 0;
    for (int64_t n = 0; n < sketch->nboxes; n++) {
        const struct pld_lane_box *box = &sketch->boxes[n];
        struct pld_lane_span span = pld_lane_span_of(&box->block, box->box);
        int64_t at = pld_segment_offset(lanes->ctx, span.first);
        first = at < first ? at : first;
        end = at + span.bytes > end ? at + span.bytes : end;
    }
    address->visited[sketch->direction] = first;
    address->extent[sketch->direction] = end - first;
    for (int64_t n = 0; n < sketch->nboxes; n++) {
        const struct pld_lane_box *box = &sketch->boxes[n];
        struct pld_lane_place *place = &sketch->places[n];
        const char *at = pld_block_at(&box->block, box->box.first);
        place->at = pld_segment_offset(lanes->ctx, at) - first;
        memcpy(place->stride, box->block.stride, sizeof place->stride);
        place->comp_stride = box->block.comp_stride;
    }
}

/* What lanes take, added up. */
struct needs {
    int64_t ncopies;
    int64_t ngroups;
    int64_t bytes; /* of the block */
};

static pld_status plan_ring(struct pld_lane *lane,
                            struct pld_lane_sketch *sketch,
                            struct pld_lane_address *address,
                            struct needs *needs)
{
    PLD_TRY(pld_chunks_create(sketch->nboxes, sketch->boxes, &sketch->chunks));
    lane->nsteps = sketch->chunks.nchunks;
    lane->slot_bytes = sketch->chunks.most;
    needs->ncopies += sketch->chunks.nboxes;
    needs->ngroups += lane->nsteps;
    if (lane->role == PLD_ROLE_UNPACK)
        return PLD_OK;
    int64_t most = ring_bytes / lane->slot_bytes;
    lane->nslots = 2 * lane->nsteps;
    if (lane->nslots > most)
        lane->nslots = most > FEWEST_SLOTS ? most : FEWEST_SLOTS;
    address->nslots = lane->nslots;
    address->ring = needs->bytes;
    needs->bytes += lane->nslots * lane->slot_bytes;
    return PLD_OK;
}

static pld_status plan_lane(struct pld_lanes *lanes, int i, struct needs *needs)
{
    struct pld_lane *lane = &lanes->lanes[i];
    struct pld_lane_sketch *sketch = &lanes->draft->sketches[i];
    struct pld_lane_address *address =
        &lanes->draft->links[sketch->link].my_address;
    if (lane->role == PLD_ROLE_PACK || lane->role == PLD_ROLE_UNPACK)
        return plan_ring(lane, sketch, address, needs);
    PLD_TRY(pld_alloc("places of a message", sketch->nboxes,
                      sizeof *sketch->places, &sketch->places));
    lane->nsteps = 1;
    needs->ngroups++;
    if (lane->role == PLD_ROLE_MOVE)
        needs->ncopies += sketch->nboxes;
    else
        open_house(lanes, sketch);
    return PLD_OK;
}

/* The block: flags, each at a cache line of its own, and rings. */
static int64_t place_flag(struct needs *needs)
{
    int64_t at = needs->bytes;
    needs->bytes += (int64_t)sizeof(struct pld_flag);
    return at;
}

static void place_flags(struct pld_lanes *lanes, struct needs *needs)
{
    int64_t begun = place_flag(needs);
    for (int n = 0; n < lanes->npeers; n++) {
        struct pld_lane_address *address = &lanes->draft->links[n].my_address;
        address->begun = begun;
        address->left = place_flag(needs);
        address->flag[PLD_SENT] = place_flag(needs);
        address->flag[PLD_RECEIVED] = place_flag(needs);
    }
}

static pld_status take_memory(struct pld_lanes *lanes)
{
    struct needs needs = {0};
    if (lanes->nlanes == 0)
        return PLD_OK;
    PLD_TRY(pld_lanes_choose_roles(lanes));
    place_flags(lanes, &needs);
    int64_t flag_bytes = needs.bytes;
    for (int i = 0; i < lanes->nlanes; i++)
        PLD_TRY(plan_lane(lanes, i, &needs));
    lanes->ring_bytes = needs.bytes - flag_bytes;
    PLD_TRY(pld_copies_create(needs.ncopies, needs.ngroups, &lanes->copies));
    int64_t line = (int64_t)sizeof(struct pld_flag);
    PLD_TRY(pld_segment_alloc(lanes->ctx, "flags and rings of a transport",
                              needs.bytes + line, 1, &lanes->block));
    int64_t at = pld_segment_offset(lanes->ctx, lanes->block);
    int64_t aligned = (at + line - 1) / line * line;
    lanes->base = lanes->block + (aligned - at);
    for (int n = 0; n < lanes->npeers; n++) {
        lanes->draft->links[n].my_address.block = aligned;
        lanes->draft->links[n].my_address.bytes = needs.bytes;
    }
    return PLD_OK;
}

/* --- The peers' memory ---------------------------------------------------- */

static pld_status map(struct pld_lanes *lanes, int rank, int64_t offset,
                      int64_t bytes, char **out)
{
    void *memory = NULL;
    PLD_TRY(pld_segment_map(lanes->ctx, rank, offset, bytes, &memory));
    lanes->maps[lanes->nmaps++] = (struct pld_lane_map){rank, memory};
    *out = memory;
    return PLD_OK;
}

static void *flag_in(char *block, int64_t at)
{
    return block + at;
}

/* The copies between the own boxes and a ring, at its first slot. */
static void add_chunks(struct pld_lanes *lanes,
                       const struct pld_lane_sketch *sketch, char *ring)
{
    const struct pld_chunks *chunks = &sketch->chunks;
    int64_t n = 0;
    for (int64_t chunk = 0; chunk < chunks->nchunks; chunk++) {
        for (; n < chunks->ends[chunk]; n++) {
            const struct pld_chunk_box *piece = &chunks->boxes[n];
            const struct pld_lane_box *own = &sketch->boxes[piece->which];
            struct pld_block packed = pld_block_ordered(
                ring + piece->offset, piece->box, own->layout, own->order,
                own->block.ncomps, own->block.size);
            bool packs = sketch->direction == PLD_SENT;
            pld_copies_add(&lanes->copies,
                           packs ? pld_copy_prepare(&own->block, piece->box,
                                                    &packed, unmoved)
                                 : pld_copy_prepare(&packed, piece->box,
                                                    &own->block, unmoved));
        }
        pld_copies_end_group(&lanes->copies);
    }
}

/* The copies between the own boxes and those of the host. */
static void add_moves(struct pld_lanes *lanes,
                      const struct pld_lane_sketch *sketch, char *visited)
{
    for (int64_t n = 0; n < sketch->nboxes; n++) {
        const struct pld_lane_box *own = &sketch->boxes[n];
        const struct pld_lane_place *place = &sketch->places[n];
        struct pld_block host = {.comp_stride = place->comp_stride,
                                 .ncomps = own->block.ncomps,
                                 .size = own->block.size};
        memcpy(host.stride, place->stride, sizeof host.stride);
        /* At the indices of the own box. */
        char *origin = pld_block_at(&host, own->box.first);
        host.data = (char *)((uintptr_t)visited + (uintptr_t)place->at -
                             (uintptr_t)origin);
        bool pushes = sketch->direction == PLD_SENT;
        pld_copies_add_bulk(
            &lanes->copies,
            pushes ? pld_copy_prepare(&own->block, own->box, &host, unmoved)
                   : pld_copy_prepare(&host, own->box, &own->block, unmoved),
            own->bulk);
    }
    pld_copies_end_group(&lanes->copies);
}

static pld_status attach_lane(struct pld_lanes *lanes, int i, char *block)
{
    struct pld_lane *lane = &lanes->lanes[i];
    const struct pld_lane_sketch *sketch = &lanes->draft->sketches[i];
    const struct pld_lane_link *link = &lanes->draft->links[sketch->link];
    const struct pld_lane_address *mine = &link->my_address;
    const struct pld_lane_address *other = &link->peer_address;
    int theirs = 1 - sketch->direction;
    char *visited = NULL;
    lane->group = lanes->copies.ngroups;
    lane->own = flag_in(lanes->base, mine->flag[sketch->direction]);
    lane->other = flag_in(block, other->flag[theirs]);
    switch (lane->role) {
    case PLD_ROLE_HOST:
        lanes->nhosts++;
        lane->own = NULL;
        pld_copies_end_group(&lanes->copies);
        return PLD_OK;
    case PLD_ROLE_MOVE:
        lane->other = flag_in(block, other->begun);
        PLD_TRY(map(lanes, lane->peer, other->visited[theirs],
                    other->extent[theirs], &visited));
        add_moves(lanes, sketch, visited);
        return PLD_OK;
    case PLD_ROLE_PACK:
        lane->ring = lanes->base + mine->ring;
        add_chunks(lanes, sketch, lanes->base + mine->ring);
        return PLD_OK;
    case PLD_ROLE_UNPACK:
        lane->nslots = other->nslots;
        add_chunks(lanes, sketch, block + other->ring);
    }
    return PLD_OK;
}

static pld_status attach(struct pld_lanes *lanes)
{
    if (lanes->nlanes > 0)
        lanes->begun =
            flag_in(lanes->base, lanes->draft->links[0].my_address.begun);
    for (int n = 0; n < lanes->npeers; n++) {
        struct pld_lane_peer *peer = &lanes->peers[n];
        const struct pld_lane_link *link = &lanes->draft->links[n];
        char *block = NULL;
        PLD_TRY(map(lanes, peer->rank, link->peer_address.block,
                    link->peer_address.bytes, &block));
        peer->left = flag_in(lanes->base, link->my_address.left);
        peer->leaving = flag_in(block, link->peer_address.left);
        for (int direction = 0; direction < 2; direction++)
            if (link->lane[direction] >= 0)
                PLD_TRY(attach_lane(lanes, link->lane[direction], block));
    }
    return PLD_OK;
}

pld_status pld_lanes_connect(struct pld_lanes *lanes, int tag)
{
    PLD_TRY(pld_agree(lanes->ctx, exchange_facts(lanes, tag)));
    PLD_TRY(pld_agree(lanes->ctx, take_memory(lanes)));
    PLD_TRY(pld_agree(lanes->ctx, exchange_addresses(lanes, tag)));
    PLD_TRY(pld_agree(lanes->ctx, attach(lanes)));
    pld_lanes_drop_draft(lanes);
    lanes->connected = true;
    return PLD_OK;
}

/* Ring the bell of each peer and wait for its own: after that, nobody looks
 * into this rank's block. The bells hang at the peers' so that none is looked
 * for where it may have been taken down. A peer that has died is through; of
 * the error that told of it, or of any other, the record stays. */
static void take_leave(struct pld_lanes *lanes)
{
    for (int n = 0; n < lanes->npeers; n++)
        pld_flag_set(lanes->peers[n].leaving, 1);
    const pld_error before = pld_error_begin_try();
    for (int n = 0; n < lanes->npeers; n++)
        (void)pld_flag_wait(lanes->ctx, lanes->peers[n].left, 1,
                            lanes->peers[n].rank);
    pld_error_end_try(&before);
}

void pld_lanes_destroy(struct pld_lanes *lanes)
{
    if (lanes->connected)
        take_leave(lanes);
    for (int64_t n = 0; n < lanes->nmaps; n++)
        pld_segment_unmap(lanes->ctx, lanes->maps[n].rank,
                          lanes->maps[n].memory);
    if (lanes->block)
        pld_segment_free(lanes->ctx, lanes->block);
    pld_lanes_drop_draft(lanes);
    pld_copies_destroy(&lanes->copies);
    pld_free(lanes->maps);
    pld_free(lanes->peers);
    pld_free(lanes->lanes);
    *lanes = (struct pld_lanes){0};
}
