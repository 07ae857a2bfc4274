#include "move/transport.h"

#include "base/alloc.h"
#include "move/copies.h"
#include "move/transport_message.h"
#include "move/transport_segment.h"
#include "par/activity.h"
#include "par/flag.h"

#include <stddef.h>

/* The network goes first: what is on its way needs no one. */
struct pld_transport {
    pld_ctx *ctx;
    int tag;
    struct pld_mail mail;
    struct pld_lanes lanes;
    struct pld_copies own;        /* groups: within the rank, wraps */
    struct pld_activity activity; /* while lanes are open */
    bool active;
    bool wrapped;          /* in this exchange */
    struct pld_wait asked; /* tests that found something left */
    bool failed;
};

enum { COPIES, WRAPS };

/* --- Setting up ----------------------------------------------------------- */

/* Copies within the rank; wraps read what other copies wrote. */
static void add_own(const struct pld_transfers *list,
                    const struct pld_transport_item *items, bool is_wrap,
                    struct pld_copies *own)
{
    for (int64_t i = 0; i < list->ntransfers; i++) {
        const struct pld_transfer *transfer = &list->transfers[i];
        const struct pld_transport_item *item = &items[transfer->item];
        const struct pld_block *from = is_wrap ? &item->to : &item->from;
        pld_box held = transfer->box;
        for (int d = 0; d < PLD_MAXDIM; d++)
            held.first[d] -= transfer->shift[d];
        pld_copies_add_bulk(
            own, pld_copy_prepare(from, held, &item->to, transfer->shift),
            item->bulk);
    }
    pld_copies_end_group(own);
}

static void advance_lanes(struct pld_activity *activity)
{
    char *start = (char *)activity - offsetof(struct pld_transport, activity);
    pld_lanes_advance(&((struct pld_transport *)start)->lanes);
}

static pld_status fill_in(const struct pld_plan *plan,
                          const struct pld_transport_item *items,
                          struct pld_transport *transport)
{
    PLD_TRY(pld_mail_create(transport->ctx, transport->tag, plan, items,
                            &transport->mail));
    PLD_TRY(pld_lanes_create(transport->ctx, plan, items, &transport->lanes));
    PLD_TRY(pld_copies_create(plan->copies.ntransfers + plan->wraps.ntransfers,
                              2, &transport->own));
    add_own(&plan->copies, items, false, &transport->own);
    add_own(&plan->wraps, items, true, &transport->own);
    return PLD_OK;
}

pld_status pld_transport_create(pld_ctx *ctx, int tag,
                                const struct pld_plan *plan,
                                const struct pld_transport_item *items,
                                struct pld_transport **out)
{
    pld_status status = PLD_OK;
    struct pld_transport *transport = NULL;
    PLD_TRY(pld_alloc("transport", 1, sizeof *transport, &transport));
    transport->ctx = ctx;
    transport->tag = tag;
    transport->activity.advance = advance_lanes;
    PLD_TRY_TO(out, fill_in(plan, items, transport));
    *out = transport;
    return PLD_OK;
out:
    PLD_TRY(pld_transport_destroy(&transport));
    return status;
}

pld_status pld_transport_connect(struct pld_transport *transport)
{
    return pld_lanes_connect(&transport->lanes, transport->tag);
}

static void deactivate(struct pld_transport *transport)
{
    if (transport->active)
        pld_activity_end(transport->ctx, &transport->activity);
    transport->active = false;
}

pld_status pld_transport_destroy(struct pld_transport **transport)
{
    struct pld_transport *old = *transport;
    if (!old)
        return PLD_OK;
    deactivate(old);
    pld_lanes_destroy(&old->lanes);
    pld_status status = pld_mail_destroy(&old->mail);
    pld_copies_destroy(&old->own);
    pld_free(old);
    *transport = NULL;
    return status;
}

/* --- Running -------------------------------------------------------------- */

/* Once all else is in place. */
static void wrap(struct pld_transport *transport)
{
    if (!transport->wrapped)
        pld_copies_run(&transport->own, WRAPS);
    transport->wrapped = true;
}

/* Move on with both kinds; `*out`: nothing is left to be waited for. */
static pld_status advance(struct pld_transport *transport, bool *out)
{
    bool moved = pld_lanes_advance(&transport->lanes);
    *out = true;
    if (transport->mail.under_way)
        PLD_TRY(pld_mail_test(&transport->mail, out));
    *out = *out && moved;
    return PLD_OK;
}

static pld_status begin(struct pld_transport *transport)
{
    transport->wrapped = false;
    transport->asked = (struct pld_wait){0};
    bool has_lanes = transport->lanes.nlanes > 0;
    if (has_lanes)
        pld_lanes_begin(&transport->lanes);
    PLD_TRY(pld_mail_begin(&transport->mail));
    if (has_lanes && !pld_lanes_advance(&transport->lanes)) {
        pld_activity_begin(transport->ctx, &transport->activity);
        transport->active = true;
    }
    pld_copies_run(&transport->own, COPIES);
    return PLD_OK;
}

/* With ranks of the node about: here or in what else is under way, they may
 * wait for this rank. */
static pld_status wait_for_all(struct pld_transport *transport)
{
    struct pld_wait wait = {0};
    int64_t made = 0;
    bool done = false;
    PLD_TRY(advance(transport, &done));
    while (!done) {
        /* While there is something to do, the rest is not far. */
        if (made != transport->lanes.made)
            wait = (struct pld_wait){0};
        made = transport->lanes.made;
        PLD_TRY(pld_wait_step(transport->ctx, &wait,
                              pld_lanes_awaited(&transport->lanes)));
        PLD_TRY(advance(transport, &done));
    }
    return PLD_OK;
}

static pld_status end(struct pld_transport *transport)
{
    if (transport->lanes.nlanes > 0 || transport->ctx->activities)
        PLD_TRY(wait_for_all(transport));
    else
        PLD_TRY(pld_mail_receive(&transport->mail));
    wrap(transport);
    return pld_mail_finish(&transport->mail);
}

/* After an error it can only be destroyed. */
static pld_status conclude(struct pld_transport *transport, pld_status status)
{
    transport->failed = status != PLD_OK;
    if (transport->failed)
        deactivate(transport);
    return status;
}

pld_status pld_transport_begin(struct pld_transport *transport)
{
    PLD_CHECK(!transport->failed, PLD_ERR_STATE,
              "an exchange has failed before: destroy it and make a new one");
    PLD_TRY(conclude(transport, begin(transport)));
    return PLD_OK;
}

pld_status pld_transport_end(struct pld_transport *transport)
{
    PLD_TRY(conclude(transport, end(transport)));
    deactivate(transport);
    return PLD_OK;
}

/* Who asks again and again is to be told, too, that a peer is gone. */
static pld_status test(struct pld_transport *transport, bool *out)
{
    PLD_TRY(advance(transport, out));
    if (!*out)
        return pld_wait_step(transport->ctx, &transport->asked,
                             pld_lanes_awaited(&transport->lanes));
    wrap(transport);
    return PLD_OK;
}

pld_status pld_transport_test(struct pld_transport *transport, bool *out)
{
    PLD_TRY(conclude(transport, test(transport, out)));
    return PLD_OK;
}

int64_t pld_transport_plan_bytes(const struct pld_transport *transport)
{
    return pld_mail_plan_bytes(&transport->mail) +
           pld_lanes_plan_bytes(&transport->lanes) +
           pld_copies_bytes(&transport->own);
}

int64_t pld_transport_buffer_bytes(const struct pld_transport *transport)
{
    return transport->mail.buffer_bytes + transport->lanes.ring_bytes;
}
