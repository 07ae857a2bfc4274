#include "comm/map.h"
#include "move/transport.h"

#include "base/alloc.h"
#include "par/shared.h"
#include "polder/agree.h"

/* --- Plans ---------------------------------------------------------------- */

/* One message for each link: a piece of all entries of the side. */
static pld_status list_messages(const struct pld_map_side *side, size_t bytes,
                                struct pld_transfers *out)
{
    PLD_TRY(pld_alloc("transfers of a map", side->nlinks,
                      sizeof *out->transfers, &out->transfers));
    PLD_TRY(pld_alloc("messages of a map", side->nlinks, sizeof *out->messages,
                      &out->messages));
    for (int i = 0; i < side->nlinks; i++) {
        const struct pld_map_link *link = &side->links[i];
        out->transfers[i] =
            (struct pld_transfer){.box = {.first = {0, 0, link->first},
                                          .count = {1, 1, link->list.n}},
                                  .peer = link->peer};
        out->messages[i] =
            (struct pld_message){.peer = link->peer,
                                 .first = i,
                                 .count = 1,
                                 .bytes = link->list.n * (int64_t)bytes};
    }
    out->ntransfers = side->nlinks;
    out->nmessages = side->nlinks;
    return PLD_OK;
}

/* The entries of the roots, or of the leaves, that others have the other end
 * of. */
static struct pld_block block_of(const struct pld_map_channel *channel,
                                 bool roots)
{
    const struct pld_map_end *end = roots ? &channel->roots : &channel->leaves;
    pld_box box = {.count = {1, 1, end->side->nentries}};
    struct pld_block block =
        pld_block_dense(channel->packed, box, PLD_PLANES, 1, channel->bytes);
    if (!roots || channel->way == PLD_MAP_DOWN)
        block.carrier = &end->carrier;
    return block;
}

static pld_status make_transport(const pld_map *map, int tag,
                                 struct pld_map_channel *channel)
{
    pld_status status = PLD_OK;
    struct pld_plan plan = {0};
    bool up = channel->way == PLD_MAP_UP;
    const struct pld_transport_item item = {.from = block_of(channel, !up),
                                            .to = block_of(channel, up)};
    PLD_TRY_TO(out, list_messages(up ? &map->leaves : &map->roots,
                                  channel->bytes, &plan.sends));
    PLD_TRY_TO(out, list_messages(up ? &map->roots : &map->leaves,
                                  channel->bytes, &plan.receives));
    PLD_TRY_TO(out, pld_transport_create(map->ctx, tag, &plan, &item,
                                         &channel->transport));
out:
    pld_plan_destroy(&plan);
    return status;
}

/* --- Carriers ------------------------------------------------------------- */

/* The link that holds an entry of a side. Pieces of a message do not reach
 * beyond it. */
static const struct pld_map_link *link_of(const struct pld_map_side *side,
                                          int64_t entry)
{
    int low = 0;
    int high = side->nlinks - 1;
    while (low < high) {
        int middle = low + (high - low + 1) / 2;
        if (side->links[middle].first <= entry)
            low = middle;
        else
            high = middle - 1;
    }
    return &side->links[low];
}

/* The carrier is its first member. */
static const struct pld_map_end *end_of(const struct pld_carrier *carrier)
{
    return (const struct pld_map_end *)(const void *)carrier;
}

static void pack(const struct pld_carrier *carrier, int64_t first, int64_t n,
                 char *to)
{
    const struct pld_map_end *end = end_of(carrier);
    const struct pld_map_link *link = link_of(end->side, first);
    pld_pattern_gather(&link->list, first - link->first, n, end->bytes,
                       end->from, to);
}

static void unpack(const struct pld_carrier *carrier, int64_t first, int64_t n,
                   const char *from)
{
    const struct pld_map_end *end = end_of(carrier);
    const struct pld_map_link *link = link_of(end->side, first);
    pld_pattern_scatter(&link->list, first - link->first, n, end->bytes, from,
                        end->to);
}

/* --- Channels ------------------------------------------------------------- */

struct pld_map_channel *pld_map_find_channel(const pld_map *map,
                                             pld_map_way way, size_t bytes)
{
    struct pld_map_channel *channel = map->channels;
    while (channel && (channel->way != way || channel->bytes != bytes))
        channel = channel->next;
    return channel;
}

pld_status pld_map_make_channel(const pld_map *map, pld_map_way way,
                                size_t bytes, int tag,
                                struct pld_map_channel **out)
{
    struct pld_map_channel *channel = NULL;
    PLD_TRY(pld_alloc("channel of a map", 1, sizeof *channel, &channel));
    *out = channel;
    channel->way = way;
    channel->bytes = bytes;
    channel->roots = (struct pld_map_end){
        .carrier = {pack, unpack}, .side = &map->roots, .bytes = bytes};
    channel->leaves = (struct pld_map_end){
        .carrier = {pack, unpack}, .side = &map->leaves, .bytes = bytes};
    if (way != PLD_MAP_DOWN)
        PLD_TRY(pld_shared_alloc(map->ctx, "entries that travel",
                                 map->roots.nentries, bytes, &channel->packed));
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
    pld_shared_free(map->ctx, channel->packed);
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
