#include "support/traffic.h"

#include "support/harness.h"

#include "base/alloc.h"
#include "par/context.h"
#include "par/segment.h"

bool to_all(int from, int to)
{
    return from != to;
}

bool to_next(int from, int to)
{
    return to == from + 1;
}

bool to_root(int from, int to)
{
    return from != 0 && to == 0;
}

bool from_root(int from, int to)
{
    return from == 0 && to != 0;
}

bool between_odd(int from, int to)
{
    return from % 2 == 1 && to % 2 == 1 && from != to;
}

/* --- Memory --------------------------------------------------------------- */

static pld_status take(const struct traffic_spec *spec, int which,
                       struct traffic *out)
{
    int64_t plane = nranks * spec->nrows * spec->length;
    int64_t count = plane * spec->ncomps;
    int64_t size = sizeof(int64_t);
    bool shared = spec->shared[which] && ctx->segment;
    if (shared)
        PLD_TRY(pld_segment_alloc(ctx, "traffic", count, sizeof(int64_t),
                                  &out->memory[which]));
    else
        PLD_TRY(
            pld_alloc("traffic", count, sizeof(int64_t), &out->memory[which]));
    out->blocks[which] =
        (struct pld_block){.data = (char *)out->memory[which],
                           .stride = {spec->nrows * spec->length * size,
                                      spec->length * size, size},
                           .comp_stride = plane * size,
                           .ncomps = spec->ncomps,
                           .size = sizeof(int64_t)};
    return PLD_OK;
}

static void give_back(struct traffic *traffic, int which)
{
    if (traffic->spec.shared[which] && ctx->segment)
        pld_segment_free(ctx, traffic->memory[which]);
    else
        pld_free(traffic->memory[which]);
}

/* --- The plan ------------------------------------------------------------- */

static pld_box box_of(const struct traffic_spec *spec, int peer)
{
    return (pld_box){.first = {peer, 0, spec->length - spec->row},
                     .count = {1, spec->nrows, spec->row}};
}

static pld_status list_messages(const struct traffic_spec *spec, bool sends,
                                struct pld_transfers *out)
{
    PLD_TRY(pld_alloc("transfers", nranks, sizeof *out->transfers,
                      &out->transfers));
    PLD_TRY(
        pld_alloc("messages", nranks, sizeof *out->messages, &out->messages));
    for (int peer = 0; peer < nranks; peer++) {
        if (!(sends ? spec->route(rank, peer) : spec->route(peer, rank)))
            continue;
        pld_box box = box_of(spec, peer);
        int64_t n = out->ntransfers++;
        out->transfers[n] = (struct pld_transfer){.box = box, .peer = peer};
        out->messages[out->nmessages++] =
            (struct pld_message){.peer = peer,
                                 .first = n,
                                 .count = 1,
                                 .bytes = pld_box_volume(box) * spec->ncomps *
                                          (int64_t)sizeof(int64_t)};
    }
    return PLD_OK;
}

static pld_status make(const struct traffic_spec *spec, struct traffic *out)
{
    pld_status status = PLD_OK;
    struct pld_plan plan = {.sends = {.nmessages = 0}};
    struct pld_transport_item item = {.layout = spec->layout};
    PLD_TRY(take(spec, 0, out));
    PLD_TRY(take(spec, 1, out));
    item.from = out->blocks[0];
    item.to = out->blocks[1];
    PLD_TRY_TO(out, list_messages(spec, true, &plan.sends));
    PLD_TRY_TO(out, list_messages(spec, false, &plan.receives));
    PLD_TRY_TO(out, pld_transport_create(ctx, pld_ctx_tag(ctx), &plan, &item,
                                         &out->transport));
out:
    pld_plan_destroy(&plan);
    return status;
}

void traffic_create(const struct traffic_spec *spec, struct traffic *out)
{
    *out = (struct traffic){.spec = *spec};
    assert_ok(make(spec, out));
    assert_ok(pld_transport_connect(out->transport));
}

void traffic_destroy(struct traffic *traffic)
{
    assert_ok_here(pld_transport_destroy(&traffic->transport));
    give_back(traffic, 0);
    give_back(traffic, 1);
}

/* --- Values --------------------------------------------------------------- */

static int64_t value_of(int64_t epoch, int from, int to, int64_t index)
{
    return ((epoch * nranks + from) * nranks + to) * 1000003 + index;
}

/* Write what is sent to a peer, or see whether what came from it is right. */
static bool visit(struct traffic *traffic, int peer, bool sends)
{
    const struct traffic_spec *spec = &traffic->spec;
    const struct pld_block *block = &traffic->blocks[sends ? 0 : 1];
    pld_box box = box_of(spec, peer);
    int64_t value = sends ? value_of(traffic->epoch, rank, peer, 0)
                          : value_of(traffic->epoch, peer, rank, 0);
    bool right = true;
    for (int c = 0; c < spec->ncomps; c++)
        for (int64_t j = 0; j < spec->nrows; j++) {
            int64_t *row = (int64_t *)(void *)(pld_block_at(block, box.first) +
                                               c * block->comp_stride +
                                               j * block->stride[1]);
            for (int64_t i = 0; i < spec->row; i++, value++) {
                if (sends)
                    row[i] = value;
                right = right && (sends || row[i] == value);
            }
        }
    return right;
}

void traffic_begin(struct traffic *traffic)
{
    traffic->epoch++;
    for (int peer = 0; peer < nranks; peer++)
        if (traffic->spec.route(rank, peer))
            visit(traffic, peer, true);
    assert_ok_here(pld_transport_begin(traffic->transport));
}

bool traffic_end(struct traffic *traffic)
{
    bool right = true;
    assert_ok_here(pld_transport_end(traffic->transport));
    for (int peer = 0; peer < nranks; peer++)
        if (traffic->spec.route(peer, rank))
            right = visit(traffic, peer, false) && right;
    return right;
}
