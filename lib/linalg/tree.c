#include "linalg/tree.h"

#include <string.h>

#include "base/alloc.h"
#include "linalg/share.h"
#include "mesh/cuts.h"
#include "par/message.h"
#include "polder/agree.h"

/* Why none waits in vain: all ranks pass the nodes that concern them in one
 * order, and each message belongs to one node. Sends are not waited for until
 * the end, so a rank that is ahead goes on with its own tiles. */

/* Memory of one result, free or being sent. */
struct room {
    struct room *next;
    MPI_Request request;
    int peer;
    char *data;
};

struct walk {
    pld_ctx *ctx;
    const struct pld_tree *tree;
    const struct pld_tree_up *up;
    const struct pld_tree_down *down;
    int64_t bytes;
    int tag;
    pld_box own;       /* tiles of this rank */
    struct room *free; /* to be used again */
    struct room *sent;
    struct room *reserve; /* used again and again where there is no memory */
    pld_status status;    /* the first error that messages go on after */
};

/* --- Nodes ---------------------------------------------------------------- */

int pld_tree_owner(const struct pld_tree *tree, const int64_t tile[PLD_MAXDIM])
{
    int owner = 0;
    for (int d = 0; d < PLD_MAXDIM; d++)
        owner = owner * tree->nparts[d] +
                pld_cuts_owner(tree->cuts[d], tree->nparts[d], tile[d]);
    return owner;
}

pld_box pld_tree_tiles(const struct pld_tree *tree, int rank)
{
    pld_box box;
    for (int d = PLD_MAXDIM - 1; d >= 0; d--) {
        const int64_t *cut = tree->cuts[d] + rank % tree->nparts[d];
        rank /= tree->nparts[d];
        box.first[d] = cut[0];
        box.count[d] = cut[1] - cut[0];
    }
    return box;
}

static void halve(pld_box node, pld_box *low, pld_box *high)
{
    int d = 0;
    for (int e = 1; e < PLD_MAXDIM; e++)
        if (node.count[e] > node.count[d])
            d = e;
    int64_t half = node.count[d] / 2;
    *low = node;
    *high = node;
    low->count[d] = half;
    high->first[d] += half;
    high->count[d] -= half;
}

static bool is_leaf(pld_box node)
{
    return pld_box_volume(node) == 1;
}

static bool concerns(const struct walk *walk, pld_box node)
{
    return !pld_box_empty(pld_box_intersect(walk->own, node));
}

/* --- Results on their way ------------------------------------------------- */

static pld_status make_room(int64_t bytes, struct room **out)
{
    struct room *room;
    PLD_TRY(pld_alloc("node of a tree", 1, sizeof *room, &room));
    pld_status status = pld_alloc("result of a tree", bytes, 1, &room->data);
    if (status != PLD_OK)
        pld_free(room);
    else
        *out = room;
    return status;
}

/* Without memory the results are lost, but not the messages that others wait
 * for. */
static struct room *take_room(struct walk *walk)
{
    struct room *room = walk->free;
    if (room != NULL) {
        walk->free = room->next;
        return room;
    }
    pld_status status = make_room(walk->bytes, &room);
    if (status == PLD_OK)
        return room;
    walk->status = walk->status == PLD_OK ? status : walk->status;
    return walk->reserve;
}

static void give_room(struct walk *walk, struct room *room)
{
    if (room == walk->reserve)
        return;
    room->next = walk->free;
    walk->free = room;
}

static void free_rooms(struct room *room)
{
    while (room != NULL) {
        struct room *next = room->next;
        pld_free(room->data);
        pld_free(room);
        room = next;
    }
}

/* A receive that will not come is taken back: its memory is about to go. */
static pld_status receive(struct walk *walk, void *data, int peer)
{
    MPI_Request request;
    PLD_TRY(
        pld_ireceive(walk->ctx, data, walk->bytes, peer, walk->tag, &request));
    pld_status status = pld_share_wait(walk->ctx, &request, peer);
    if (status != PLD_OK && request != MPI_REQUEST_NULL) {
        MPI_Cancel(&request);
        MPI_Request_free(&request);
    }
    return status;
}

/* The room belongs to the message from here on. */
static pld_status send_room(struct walk *walk, struct room *room, int peer)
{
    PLD_TRY(pld_isend(walk->ctx, room->data, walk->bytes, peer, walk->tag,
                      &room->request));
    if (room == walk->reserve)
        return pld_share_wait(walk->ctx, &room->request, peer);
    room->peer = peer;
    room->next = walk->sent;
    walk->sent = room;
    return PLD_OK;
}

/* Rooms whose messages do not leave stay with MPI: that a peer is gone is the
 * end of the context anyway. */
static pld_status finish_sends(struct walk *walk)
{
    while (walk->sent != NULL) {
        struct room *room = walk->sent;
        PLD_TRY(pld_share_wait(walk->ctx, &room->request, room->peer));
        walk->sent = room->next;
        give_room(walk, room);
    }
    return PLD_OK;
}

/* --- Going up ------------------------------------------------------------- */

static void do_leaf(struct walk *walk, pld_box node, void *value)
{
    if (walk->status != PLD_OK)
        return;
    walk->status = walk->up != NULL
                       ? walk->up->leaf(node.first, value, walk->up->data)
                       : walk->down->leaf(node.first, value, walk->down->data);
}

static void do_join(struct walk *walk, void *low, const void *high)
{
    if (walk->status == PLD_OK)
        walk->status = walk->up->join(low, high, walk->up->data);
}

static pld_status join_node(struct walk *walk, pld_box node, void *out);

/* Bring the result of the upper half to `owner`, of the lower one; there it
 * comes to be in *room. */
static pld_status bring_high(struct walk *walk, pld_box high, int owner,
                             struct room *room)
{
    int peer = pld_tree_owner(walk->tree, high.first);
    int self = walk->ctx->rank;
    if (concerns(walk, high))
        PLD_TRY(join_node(walk, high, room->data));
    if (self == owner && peer != owner)
        PLD_TRY(receive(walk, room->data, peer));
    return PLD_OK;
}

/* The result of a node, on its owner in `out`. */
static pld_status join_node(struct walk *walk, pld_box node, void *out)
{
    if (is_leaf(node)) {
        do_leaf(walk, node, out);
        return PLD_OK;
    }
    pld_box low;
    pld_box high;
    halve(node, &low, &high);
    int owner = pld_tree_owner(walk->tree, node.first);
    int self = walk->ctx->rank;
    if (concerns(walk, low))
        PLD_TRY(join_node(walk, low, out));
    struct room *room = take_room(walk);
    pld_status status = bring_high(walk, high, owner, room);
    if (status == PLD_OK && self != owner &&
        self == pld_tree_owner(walk->tree, high.first))
        return send_room(walk, room, owner);
    if (status == PLD_OK && self == owner)
        do_join(walk, out, room->data);
    give_room(walk, room);
    return status;
}

/* --- Going down ----------------------------------------------------------- */

static void do_split(struct walk *walk, void *low, void *high)
{
    if (walk->status == PLD_OK)
        walk->status = walk->down->split(low, high, walk->down->data);
}

static pld_status spread_node(struct walk *walk, pld_box node, void *value);

/* Take the value of the upper half on from `owner`, of the lower one. */
static pld_status spread_high(struct walk *walk, pld_box high, int owner,
                              struct room *room)
{
    int peer = pld_tree_owner(walk->tree, high.first);
    if (walk->ctx->rank == peer && peer != owner)
        PLD_TRY(receive(walk, room->data, owner));
    if (concerns(walk, high))
        PLD_TRY(spread_node(walk, high, room->data));
    return PLD_OK;
}

/* The value of a node, on its owner in `value`, to its tiles: the upper half
 * first, since that is the opposite of going up. */
static pld_status spread_node(struct walk *walk, pld_box node, void *value)
{
    if (is_leaf(node)) {
        do_leaf(walk, node, value);
        return PLD_OK;
    }
    pld_box low;
    pld_box high;
    halve(node, &low, &high);
    int owner = pld_tree_owner(walk->tree, node.first);
    int peer = pld_tree_owner(walk->tree, high.first);
    bool is_owner = walk->ctx->rank == owner;
    struct room *room = take_room(walk);
    if (is_owner)
        do_split(walk, value, room->data);
    if (is_owner && peer != owner) {
        PLD_TRY(send_room(walk, room, peer));
        room = take_room(walk);
    }
    pld_status status = spread_high(walk, high, owner, room);
    give_room(walk, room);
    if (status == PLD_OK && concerns(walk, low))
        status = spread_node(walk, low, value);
    return status;
}

/* --- All of it ------------------------------------------------------------ */

static pld_box all_tiles(const struct pld_tree *tree)
{
    pld_box box = {.first = {0}};
    for (int d = 0; d < PLD_MAXDIM; d++)
        box.count[d] = tree->ntiles[d];
    return box;
}

/* Rooms for the value of the root, which is then where the walk ends or starts,
 * and for want of memory. */
static pld_status make_rooms(struct walk *walk, struct room **value)
{
    pld_status status = make_room(walk->bytes, value);
    if (status == PLD_OK)
        status = make_room(walk->bytes, &walk->reserve);
    return pld_agree(walk->ctx, status);
}

/* Errors of communication go before those of functions, of which others learn
 * only here. */
static pld_status run(struct walk *walk, void *value)
{
    pld_box all = all_tiles(walk->tree);
    pld_status status = PLD_OK;
    walk->tag = pld_ctx_tag(walk->ctx);
    walk->own = pld_tree_tiles(walk->tree, walk->ctx->rank);
    if (concerns(walk, all))
        status = walk->up != NULL ? join_node(walk, all, value)
                                  : spread_node(walk, all, value);
    if (status == PLD_OK)
        status = finish_sends(walk);
    return pld_agree(walk->ctx, status == PLD_OK ? walk->status : status);
}

static bool owns_root(const struct walk *walk)
{
    const int64_t first[PLD_MAXDIM] = {0};
    return walk->ctx->rank == pld_tree_owner(walk->tree, first);
}

static void free_walk(struct walk *walk, struct room *value)
{
    free_rooms(walk->free);
    free_rooms(walk->reserve);
    free_rooms(value);
}

pld_status pld_tree_join(pld_ctx *ctx, const struct pld_tree *tree,
                         const struct pld_tree_up *up, void *out)
{
    pld_status status = PLD_OK;
    struct room *value = NULL;
    struct walk walk = {.ctx = ctx, .tree = tree, .up = up, .bytes = up->bytes};
    PLD_TRY_TO(out, make_rooms(&walk, &value));
    PLD_TRY_TO(out, run(&walk, value->data));
    if (owns_root(&walk))
        memcpy(out, value->data, (size_t)up->bytes);
out:
    free_walk(&walk, value);
    return status;
}

pld_status pld_tree_reduce(pld_ctx *ctx, const struct pld_tree *tree,
                           const struct pld_tree_up *up, void *out)
{
    const int64_t first[PLD_MAXDIM] = {0};
    PLD_TRY(pld_tree_join(ctx, tree, up, out));
    return pld_share(ctx, out, up->bytes, pld_tree_owner(tree, first));
}

pld_status pld_tree_spread(pld_ctx *ctx, const struct pld_tree *tree,
                           const struct pld_tree_down *down, const void *value)
{
    pld_status status = PLD_OK;
    struct room *room = NULL;
    struct walk walk = {
        .ctx = ctx, .tree = tree, .down = down, .bytes = down->bytes};
    PLD_TRY_TO(out, make_rooms(&walk, &room));
    if (owns_root(&walk))
        memcpy(room->data, value, (size_t)down->bytes);
    PLD_TRY_TO(out, run(&walk, room->data));
out:
    free_walk(&walk, room);
    return status;
}
