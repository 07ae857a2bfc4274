#include "comm/map.h"
#include "move/transport.h"

#include "base/alloc.h"
#include "base/sort.h"
#include "par/sparse.h"
#include "polder/agree.h"

#include <limits.h>

/* --- Sides ---------------------------------------------------------------- */

static void free_side(struct pld_map_side *side)
{
    for (int i = 0; i < side->nlinks; i++)
        pld_pattern_destroy(&side->links[i].list);
    pld_free(side->links);
    *side = (struct pld_map_side){0};
}

static pld_status add_link(int peer, int64_t n, const int64_t *indices,
                           struct pld_map_side *side)
{
    struct pld_map_link *link = &side->links[side->nlinks];
    PLD_TRY(pld_pattern_create(n, indices, &link->list));
    link->peer = peer;
    link->first = side->nentries;
    side->nentries += n;
    side->nlinks++;
    return PLD_OK;
}

/* --- Leaves by the rank of their roots ------------------------------------ */

/* Leaves that have a root, by its rank, and those of each rank in order. */
struct groups {
    int64_t n;
    int64_t *leaves;
    int64_t *roots;
    int ngroups;
    struct group {
        int rank;
        int64_t first;
        int64_t n;
    } * groups;
};

static void free_groups(struct groups *groups)
{
    pld_free(groups->groups);
    pld_free(groups->roots);
    pld_free(groups->leaves);
}

static pld_status sort_leaves(const pld_map_spec *spec,
                              struct pld_keyed **items, int64_t *n)
{
    PLD_TRY(pld_alloc("leaves to sort", spec->nleaves, sizeof **items, items));
    for (int64_t i = 0; i < spec->nleaves; i++)
        if (spec->ranks[i] >= 0)
            (*items)[(*n)++] = (struct pld_keyed){(uint64_t)spec->ranks[i], i};
    return pld_sort(*n, *items);
}

static pld_status split(const pld_map_spec *spec, int64_t n,
                        const struct pld_keyed *items, struct groups *out)
{
    int64_t ngroups = n > 0;
    for (int64_t i = 1; i < n; i++)
        ngroups += items[i].key != items[i - 1].key;
    PLD_TRY(pld_alloc("groups of leaves", ngroups, sizeof *out->groups,
                      &out->groups));
    PLD_TRY(
        pld_alloc("indices of leaves", n, sizeof *out->leaves, &out->leaves));
    PLD_TRY(pld_alloc("indices of roots", n, sizeof *out->roots, &out->roots));
    out->n = n;
    for (int64_t i = 0; i < n; i++) {
        if (i == 0 || items[i].key != items[i - 1].key)
            out->groups[out->ngroups++] =
                (struct group){.rank = (int)items[i].key, .first = i};
        out->groups[out->ngroups - 1].n++;
        out->leaves[i] = items[i].value;
        out->roots[i] = spec->indices[items[i].value];
    }
    return PLD_OK;
}

static pld_status group_leaves(const pld_map_spec *spec, struct groups *out)
{
    struct pld_keyed *items = NULL;
    int64_t n = 0;
    pld_status status = sort_leaves(spec, &items, &n);
    if (status == PLD_OK)
        status = split(spec, n, items, out);
    pld_free(items);
    return status;
}

/* --- Creating ------------------------------------------------------------- */

static pld_status check_roots(const pld_map *map, int peer, int64_t n,
                              const int64_t *indices)
{
    for (int64_t i = 0; i < n; i++)
        PLD_CHECK(indices[i] < map->nroots, PLD_ERR_ARG,
                  "a leaf of rank %d wants root %lld of rank %d, which has "
                  "%lld roots",
                  peer, (long long)indices[i], map->ctx->rank,
                  (long long)map->nroots);
    return PLD_OK;
}

/* The leaves of this rank, and those parcels that tell others of them. */
static pld_status note_leaves(pld_map *map, const struct groups *groups,
                              struct pld_parcel *parcels, int *nparcels)
{
    PLD_TRY(pld_alloc("links of leaves", groups->ngroups,
                      sizeof *map->leaves.links, &map->leaves.links));
    for (int g = 0; g < groups->ngroups; g++) {
        const struct group *group = &groups->groups[g];
        const int64_t *leaves = groups->leaves + group->first;
        int64_t *roots = groups->roots + group->first;
        if (group->rank == map->ctx->rank) {
            PLD_TRY(check_roots(map, group->rank, group->n, roots));
            PLD_TRY(pld_pattern_create(group->n, roots, &map->own_roots));
            PLD_TRY(pld_pattern_create(group->n, leaves, &map->own_leaves));
            continue;
        }
        PLD_TRY(add_link(group->rank, group->n, leaves, &map->leaves));
        parcels[(*nparcels)++] =
            (struct pld_parcel){.peer = group->rank,
                                .bytes = group->n * (int64_t)sizeof *roots,
                                .data = (char *)roots};
    }
    return PLD_OK;
}

static pld_status note_roots(pld_map *map, const struct pld_post *post)
{
    PLD_TRY(pld_alloc("links of roots", post->nparcels,
                      sizeof *map->roots.links, &map->roots.links));
    for (int i = 0; i < post->nparcels; i++) {
        const struct pld_parcel *parcel = &post->parcels[i];
        const int64_t *indices = (const int64_t *)(void *)parcel->data;
        int64_t n = parcel->bytes / (int64_t)sizeof *indices;
        PLD_TRY(check_roots(map, parcel->peer, n, indices));
        PLD_TRY(add_link(parcel->peer, n, indices, &map->roots));
    }
    return PLD_OK;
}

static pld_status prepare(pld_ctx *ctx, const pld_map_spec *spec,
                          struct groups *groups, struct pld_parcel **parcels,
                          int *nparcels, pld_map **out)
{
    pld_map *map = NULL;
    PLD_TRY(pld_alloc("map", 1, sizeof *map, &map));
    *out = map;
    map->alive = PLD_MAP_ALIVE;
    map->ctx = ctx;
    map->nroots = spec->nroots;
    map->nleaves = spec->nleaves;
    pld_ctx_retain(ctx, PLD_KIND_MAP);
    PLD_TRY(group_leaves(spec, groups));
    PLD_TRY(pld_alloc("parcels", groups->ngroups, sizeof **parcels, parcels));
    return note_leaves(map, groups, *parcels, nparcels);
}

static pld_status destroy_alone(pld_map **map)
{
    pld_map *old = *map;
    if (!old)
        return PLD_OK;
    pld_status status = pld_map_drop_channels(old);
    pld_map_forget_meets(old);
    pld_pattern_destroy(&old->own_leaves);
    pld_pattern_destroy(&old->own_roots);
    free_side(&old->leaves);
    free_side(&old->roots);
    pld_ctx_release(old->ctx, PLD_KIND_MAP);
    old->alive = 0;
    pld_free(old);
    *map = NULL;
    return status;
}

static pld_status check_leaf(pld_ctx *ctx, const pld_map_spec *spec, int64_t i)
{
    int of = spec->ranks[i];
    PLD_CHECK(of >= -1 && of < ctx->nranks, PLD_ERR_ARG,
              "ranks[%lld] is %d, not one of the %d ranks (or -1 for none)",
              (long long)i, of, ctx->nranks);
    PLD_CHECK(of < 0 || spec->indices[i] >= 0, PLD_ERR_ARG,
              "indices[%lld] %lld is negative", (long long)i,
              (long long)spec->indices[i]);
    return PLD_OK;
}

static pld_status check_spec(pld_ctx *ctx, const pld_map_spec *spec,
                             pld_map **out)
{
    PLD_CHECK(out, PLD_ERR_ARG, "out is NULL");
    PLD_CHECK(spec, PLD_ERR_ARG, "spec is NULL");
    PLD_CHECK(spec->nroots >= 0, PLD_ERR_ARG, "nroots %lld is negative",
              (long long)spec->nroots);
    PLD_CHECK(spec->nleaves >= 0, PLD_ERR_ARG, "nleaves %lld is negative",
              (long long)spec->nleaves);
    PLD_CHECK(spec->nleaves == 0 || spec->ranks, PLD_ERR_ARG,
              "ranks is NULL, but nleaves is %lld", (long long)spec->nleaves);
    PLD_CHECK(spec->nleaves == 0 || spec->indices, PLD_ERR_ARG,
              "indices is NULL, but nleaves is %lld", (long long)spec->nleaves);
    for (int64_t i = 0; i < spec->nleaves; i++)
        PLD_TRY(check_leaf(ctx, spec, i));
    return PLD_OK;
}

pld_status pld_map_create(pld_ctx *ctx, const pld_map_spec *spec, pld_map **out)
{
    pld_status status = PLD_OK;
    pld_map *map = NULL;
    struct groups groups = {0};
    struct pld_parcel *parcels = NULL;
    struct pld_post post = {0};
    int nparcels = 0;
    PLD_CHECK(ctx, PLD_ERR_ARG, "ctx is NULL");
    PLD_TRY(pld_agree(ctx, check_spec(ctx, spec, out)));
    status = prepare(ctx, spec, &groups, &parcels, &nparcels, &map);
    PLD_TRY_TO(out, pld_agree(ctx, status));
    PLD_TRY_TO(out, pld_sparse_exchange(ctx, nparcels, parcels, &post));
    PLD_TRY_TO(out, pld_agree(ctx, note_roots(map, &post)));
    *out = map;
out:
    pld_post_free(&post);
    pld_free(parcels);
    free_groups(&groups);
    if (status != PLD_OK)
        PLD_TRY(destroy_alone(&map));
    return status;
}

/* --- Looking at it, and its end ------------------------------------------- */

pld_status pld_map_check(const pld_map *map, const char *argument)
{
    PLD_CHECK(map, PLD_ERR_ARG, "%s is NULL", argument);
    PLD_CHECK(map->alive == PLD_MAP_ALIVE, PLD_ERR_STATE,
              "%s is not a live map: destroyed, or something else", argument);
    return PLD_OK;
}

pld_status pld_map_destroy(pld_map **map)
{
    PLD_CHECK(map, PLD_ERR_ARG, "map is NULL");
    if (!*map)
        return PLD_OK;
    PLD_TRY(pld_map_check(*map, "*map"));
    PLD_CHECK((*map)->work.task == PLD_MAP_IDLE, PLD_ERR_STATE,
              "an operation is under way: call pld_map_end first");
    return destroy_alone(map);
}

static int64_t side_bytes(const struct pld_map_side *side)
{
    int64_t bytes = side->nlinks * (int64_t)sizeof *side->links;
    for (int i = 0; i < side->nlinks; i++)
        bytes += pld_pattern_bytes(&side->links[i].list);
    return bytes;
}

/* Both lists of links ascend. */
static int count_peers(const struct pld_map_side *a,
                       const struct pld_map_side *b)
{
    int n = 0;
    int i = 0;
    int j = 0;
    while (i < a->nlinks || j < b->nlinks) {
        int x = i < a->nlinks ? a->links[i].peer : INT_MAX;
        int y = j < b->nlinks ? b->links[j].peer : INT_MAX;
        i += x <= y;
        j += y <= x;
        n++;
    }
    return n;
}

static int64_t buffer_bytes(const pld_map *map)
{
    int64_t bytes = 0;
    for (const struct pld_map_channel *channel = map->channels; channel;
         channel = channel->next) {
        bytes += pld_transport_buffer_bytes(channel->transport);
        if (channel->packed)
            bytes += map->roots.nentries * (int64_t)channel->bytes;
    }
    return bytes;
}

pld_status pld_map_describe(const pld_map *map, pld_map_info *out)
{
    PLD_TRY(pld_map_check(map, "map"));
    PLD_CHECK(out, PLD_ERR_ARG, "out is NULL");
    int64_t words = 2 * map->meets.nroots + map->meets.nrefs;
    *out = (pld_map_info){
        .nroots = map->nroots,
        .nleaves = map->nleaves,
        .nowned = map->own_leaves.n,
        .nreceived = map->leaves.nentries,
        .nsent = map->roots.nentries,
        .npeers = count_peers(&map->roots, &map->leaves),
        .list_bytes = side_bytes(&map->roots) + side_bytes(&map->leaves) +
                      pld_pattern_bytes(&map->own_roots) +
                      pld_pattern_bytes(&map->own_leaves) +
                      words * (int64_t)sizeof *map->meets.refs,
        .buffer_bytes = buffer_bytes(map)};
    return PLD_OK;
}
