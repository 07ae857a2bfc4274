#include "move/transport_draft.h"

#include "base/alloc.h"
#include "par/segment.h"

#include <limits.h>
#include <string.h>

/* What is to become lanes. */
struct source {
    const pld_ctx *ctx;
    const struct pld_transfers *list[2]; /* [sent, received] */
    const struct pld_transport_item *items;
    int next[2];      /* messages */
    int64_t ndrafted; /* boxes */
};

/* The next message of a list that goes through a segment; NULL: none. */
static const struct pld_message *peek(struct source *source, int direction)
{
    const struct pld_transfers *list = source->list[direction];
    int *next = &source->next[direction];
    while (*next < list->nmessages &&
           !pld_segment_reaches(source->ctx, list->messages[*next].peer))
        (*next)++;
    return *next < list->nmessages ? &list->messages[*next] : NULL;
}

/* The lowest rank with messages that are still to come; INT_MAX: none. */
static int next_peer(struct source *source)
{
    int lowest = INT_MAX;
    for (int direction = 0; direction < 2; direction++) {
        const struct pld_message *message = peek(source, direction);
        if (message && message->peer < lowest)
            lowest = message->peer;
    }
    return lowest;
}

static void count_all(struct source *source, struct pld_lanes *lanes,
                      int64_t *nboxes)
{
    for (int peer = next_peer(source); peer < INT_MAX;
         peer = next_peer(source)) {
        lanes->npeers++;
        for (int direction = 0; direction < 2; direction++) {
            const struct pld_message *message = peek(source, direction);
            if (!message || message->peer != peer)
                continue;
            lanes->nlanes++;
            *nboxes += message->count;
            source->next[direction]++;
        }
    }
    source->next[0] = source->next[1] = 0;
}

static pld_status allocate(struct pld_lanes *lanes, int64_t nboxes)
{
    struct pld_lane_draft *draft = NULL;
    PLD_TRY(pld_alloc("draft of lanes", 1, sizeof *draft, &draft));
    lanes->draft = draft;
    PLD_TRY(
        pld_alloc("lanes", lanes->nlanes, sizeof *lanes->lanes, &lanes->lanes));
    PLD_TRY(pld_alloc("peers on the node", lanes->npeers, sizeof *lanes->peers,
                      &lanes->peers));
    /* A block of each peer, and what is visited on a lane. */
    PLD_TRY(pld_alloc("maps of lanes", lanes->npeers + lanes->nlanes,
                      sizeof *lanes->maps, &lanes->maps));
    PLD_TRY(pld_alloc("boxes of lanes", nboxes, sizeof *draft->boxes,
                      &draft->boxes));
    PLD_TRY(pld_alloc("sketches of lanes", lanes->nlanes,
                      sizeof *draft->sketches, &draft->sketches));
    PLD_TRY(pld_alloc("links to peers", lanes->npeers, sizeof *draft->links,
                      &draft->links));
    return pld_alloc("requests to peers", 4 * (int64_t)lanes->npeers,
                     sizeof *draft->requests, &draft->requests);
}

/* Keep the boxes of a message. */
static struct pld_lane_sketch sketch(struct source *source,
                                     const struct pld_message *message,
                                     int direction,
                                     const struct pld_lane_draft *draft)
{
    struct pld_lane_box *box = draft->boxes + source->ndrafted;
    struct pld_lane_sketch sketch = {
        .direction = direction, .nboxes = message->count, .boxes = box};
    for (int64_t i = 0; i < message->count; i++, box++) {
        const struct pld_transfer *transfer =
            &source->list[direction]->transfers[message->first + i];
        const struct pld_transport_item *item = &source->items[transfer->item];
        box->box = transfer->box;
        box->block = direction == PLD_SENT ? item->from : item->to;
        box->layout = item->layout;
        memcpy(box->order, item->order, sizeof box->order);
        box->bulk = item->bulk;
    }
    source->ndrafted += message->count;
    return sketch;
}

static void fill_in(struct source *source, struct pld_lanes *lanes)
{
    struct pld_lane_draft *draft = lanes->draft;
    int nlanes = 0;
    for (int n = 0; n < lanes->npeers; n++) {
        int peer = next_peer(source);
        lanes->peers[n].rank = peer;
        for (int direction = 0; direction < 2; direction++) {
            const struct pld_message *message = peek(source, direction);
            draft->links[n].lane[direction] = -1;
            if (!message || message->peer != peer)
                continue;
            draft->sketches[nlanes] = sketch(source, message, direction, draft);
            draft->sketches[nlanes].link = n;
            draft->links[n].lane[direction] = nlanes;
            draft->links[n].my_facts.side[direction].bytes = message->bytes;
            lanes->lanes[nlanes++].peer = peer;
            source->next[direction]++;
        }
    }
}

pld_status pld_lanes_draft(const struct pld_plan *plan,
                           const struct pld_transport_item *items,
                           struct pld_lanes *lanes)
{
    struct source source = {.ctx = lanes->ctx,
                            .list = {&plan->sends, &plan->receives},
                            .items = items};
    int64_t nboxes = 0;
    count_all(&source, lanes, &nboxes);
    PLD_TRY(allocate(lanes, nboxes));
    fill_in(&source, lanes);
    return PLD_OK;
}

void pld_lanes_drop_draft(struct pld_lanes *lanes)
{
    struct pld_lane_draft *draft = lanes->draft;
    if (!draft)
        return;
    for (int i = 0; draft->sketches && i < lanes->nlanes; i++) {
        pld_chunks_destroy(&draft->sketches[i].chunks);
        pld_free(draft->sketches[i].places);
    }
    pld_free(draft->requests);
    pld_free(draft->links);
    pld_free(draft->sketches);
    pld_free(draft->boxes);
    pld_free(draft);
    lanes->draft = NULL;
}
