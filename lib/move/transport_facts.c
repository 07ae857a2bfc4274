#include "move/transport_draft.h"

#include "par/segment.h"

struct pld_lane_span pld_lane_span_of(const struct pld_block *block,
                                      pld_box box)
{
    struct pld_lane_span span = {pld_block_at(block, box.first),
                                 (int64_t)block->size};
    int64_t below = 0;
    for (int d = 0; d <= PLD_MAXDIM; d++) {
        int64_t reach = d < PLD_MAXDIM
                            ? (box.count[d] - 1) * block->stride[d]
                            : (block->ncomps - 1) * block->comp_stride;
        below += reach < 0 ? -reach : 0;
        span.bytes += reach < 0 ? -reach : reach;
    }
    span.first -= below;
    return span;
}

static bool is_shared(const pld_ctx *ctx, struct pld_lane_span span)
{
    int64_t first = pld_segment_offset(ctx, span.first);
    int64_t last = pld_segment_offset(ctx, span.first + span.bytes - 1);
    return first >= 0 && last == first + span.bytes - 1;
}

void pld_lanes_find_facts(struct pld_lanes *lanes)
{
    struct pld_lane_draft *draft = lanes->draft;
    int64_t load[2] = {0, 0};
    for (int i = 0; i < lanes->nlanes; i++) {
        const struct pld_lane_sketch *sketch = &draft->sketches[i];
        struct pld_lane_side *side =
            &draft->links[sketch->link].my_facts.side[sketch->direction];
        int64_t dense = 0;
        load[sketch->direction] += side->bytes;
        side->shared = true;
        for (int64_t n = 0; n < sketch->nboxes; n++) {
            const struct pld_lane_box *box = &sketch->boxes[n];
            int64_t bytes = pld_box_volume(box->box) * box->block.ncomps *
                            (int64_t)box->block.size;
            if (box->block.carrier ||
                !is_shared(lanes->ctx, pld_lane_span_of(&box->block, box->box)))
                side->shared = false;
            if (pld_lane_is_dense(&box->block, box->box))
                dense += bytes;
        }
        side->dense = dense >= side->bytes / 2;
    }
    for (int n = 0; n < lanes->npeers; n++)
        for (int direction = 0; direction < 2; direction++)
            draft->links[n].my_facts.side[direction].load = load[direction];
}

static pld_role role_of(int direction, pld_lane_mode mode)
{
    if (mode == PLD_LANE_PACK)
        return direction == PLD_SENT ? PLD_ROLE_PACK : PLD_ROLE_UNPACK;
    int mover = mode == PLD_LANE_PUSH ? PLD_SENT : PLD_RECEIVED;
    return direction == mover ? PLD_ROLE_MOVE : PLD_ROLE_HOST;
}

static pld_status choose_role(struct pld_lanes *lanes, int lane)
{
    const struct pld_lane_sketch *sketch = &lanes->draft->sketches[lane];
    const struct pld_lane_link *link = &lanes->draft->links[sketch->link];
    int direction = sketch->direction;
    const struct pld_lane_side *mine = &link->my_facts.side[direction];
    const struct pld_lane_side *other = &link->peer_facts.side[1 - direction];
    PLD_CHECK(mine->bytes == other->bytes, PLD_ERR_MISMATCH,
              "the plans differ: this rank has a message of %lld bytes %s rank "
              "%d, which has one of %lld",
              (long long)mine->bytes, direction == PLD_SENT ? "to" : "from",
              lanes->lanes[lane].peer, (long long)other->bytes);
    pld_lane_mode mode = direction == PLD_SENT ? pld_lane_choose(mine, other)
                                               : pld_lane_choose(other, mine);
    lanes->lanes[lane].role = role_of(direction, mode);
    return PLD_OK;
}

pld_status pld_lanes_choose_roles(struct pld_lanes *lanes)
{
    for (int i = 0; i < lanes->nlanes; i++)
        PLD_TRY(choose_role(lanes, i));
    return PLD_OK;
}
