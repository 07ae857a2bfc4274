#include "comm/map.h"
#include "move/transport.h"

#include "base/alloc.h"
#include "par/shared.h"
#include "polder/agree.h"

/* --- Plans ---------------------------------------------------------------- */

/* One message for each link: a piece of the packed entries, as bytes. */
static pld_status list_messages(const struct pld_map_side *side, size_t bytes,
                                struct pld_transfers *out)
{
    int64_t size = (int64_t)bytes;
    PLD_TRY(pld_alloc("transfers of a map", side->nlinks,
                      sizeof *out->transfers, &out->transfers));
    PLD_TRY(pld_alloc("messages of a map", side->nlinks, sizeof *out->messages,
                      &out->messages));
    for (int i = 0; i < side->nlinks; i++) {
        const struct pld_map_link *link = &side->links[i];
        int64_t n = link->list.n * size;
        out->transfers[i] = (struct pld_transfer){
            .box = {.first = {0, 0, link->first * size}, .count = {1, 1, n}},
            .peer = link->peer};
        out->messages[i] = (struct pld_message){
            .peer = link->peer, .first = i, .count = 1, .bytes = n};
    }
    out->ntransfers = side->nlinks;
    out->nmessages = side->nlinks;
    return PLD_OK;
}

static struct pld_block packed(char *data, int64_t bytes)
{
    pld_box box = {.count = {1, 1, bytes}};
    return pld_block_dense(data, box, PLD_PLANES, 1, 1);
}

static pld_status make_transport(const pld_map *map, int tag,
                                 struct pld_map_channel *channel)
{
    pld_status status = PLD_OK;
    struct pld_plan plan = {0};
    const struct pld_map_side *senders =
        channel->up ? &map->leaves : &map->roots;
    const struct pld_map_side *receivers =
        channel->up ? &map->roots : &map->leaves;
    int64_t size = (int64_t)channel->bytes;
    const struct pld_transport_item item = {
        .from = packed(channel->out, senders->nentries * size),
        .to = packed(channel->in, receivers->nentries * size)};
    PLD_TRY_TO(out, list_messages(senders, channel->bytes, &plan.sends));
    PLD_TRY_TO(out, list_messages(receivers, channel->bytes, &plan.receives));
    PLD_TRY_TO(out, pld_transport_create(map->ctx, tag, &plan, &item,
                                         &channel->transport));
out:
    pld_plan_destroy(&plan);
    return status;
}

/* --- Channels ------------------------------------------------------------- */

struct pld_map_channel *pld_map_find_channel(const pld_map *map, bool up,
                                             size_t bytes)
{
    struct pld_map_channel *channel = map->channels;
    while (channel && (channel->up != up || channel->bytes != bytes))
        channel = channel->next;
    return channel;
}

pld_status pld_map_make_channel(pld_map *map, bool up, size_t bytes, int tag,
                                struct pld_map_channel **out)
{
    struct pld_map_channel *channel = NULL;
    const struct pld_map_side *senders = up ? &map->leaves : &map->roots;
    const struct pld_map_side *receivers = up ? &map->roots : &map->leaves;
    PLD_TRY(pld_alloc("channel of a map", 1, sizeof *channel, &channel));
    *out = channel;
    channel->up = up;
    channel->bytes = bytes;
    PLD_TRY(pld_shared_alloc(map->ctx, "entries to send", senders->nentries,
                             bytes, &channel->out));
    PLD_TRY(pld_shared_alloc(map->ctx, "entries to receive",
                             receivers->nentries, bytes, &channel->in));
    return make_transport(map, tag, channel);
}

pld_status pld_map_add_channel(pld_map *map, struct pld_map_channel *channel)
{
    PLD_TRY(pld_transport_connect(channel->transport));
    channel->next = map->channels;
    map->channels = channel;
    return PLD_OK;
}

pld_status pld_map_drop_channel(const pld_map *map,
                                struct pld_map_channel *channel)
{
    if (!channel)
        return PLD_OK;
    pld_status status = pld_transport_destroy(&channel->transport);
    pld_shared_free(map->ctx, channel->in);
    pld_shared_free(map->ctx, channel->out);
    pld_free(channel);
    return status;
}

pld_status pld_map_drop_channels(pld_map *map)
{
    pld_status status = PLD_OK;
    while (map->channels) {
        struct pld_map_channel *first = map->channels;
        map->channels = first->next;
        pld_status code = pld_map_drop_channel(map, first);
        status = status == PLD_OK ? code : status;
    }
    return status;
}
