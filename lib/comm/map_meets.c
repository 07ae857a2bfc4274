#include "comm/map.h"

#include "base/alloc.h"
#include "base/sort.h"

/* --- Leaves in their order ------------------------------------------------ */

static void walk_link(const pld_map *map, const struct pld_map_link *link,
                      pld_map_visit *visit, void *data)
{
    int64_t at[PLD_PATTERN_CHUNK];
    for (int64_t i = 0; i < link->list.n; i += PLD_PATTERN_CHUNK) {
        int64_t rest = link->list.n - i;
        struct pld_map_chunk chunk = {
            .n = rest < PLD_PATTERN_CHUNK ? (int)rest : PLD_PATTERN_CHUNK,
            .at = at,
            .place = link->first + i};
        pld_pattern_expand(&link->list, i, chunk.n, at);
        visit(map, &chunk, data);
    }
}

static void walk_own(const pld_map *map, pld_map_visit *visit, void *data)
{
    int64_t at[PLD_PATTERN_CHUNK];
    int64_t own[PLD_PATTERN_CHUNK];
    for (int64_t i = 0; i < map->own_roots.n; i += PLD_PATTERN_CHUNK) {
        int64_t rest = map->own_roots.n - i;
        struct pld_map_chunk chunk = {
            .n = rest < PLD_PATTERN_CHUNK ? (int)rest : PLD_PATTERN_CHUNK,
            .at = at,
            .own = own};
        pld_pattern_expand(&map->own_roots, i, chunk.n, at);
        pld_pattern_expand(&map->own_leaves, i, chunk.n, own);
        visit(map, &chunk, data);
    }
}

void pld_map_walk(const pld_map *map, pld_map_visit *visit, void *data)
{
    const struct pld_map_side *roots = &map->roots;
    int i = 0;
    for (; i < roots->nlinks && roots->links[i].peer < map->ctx->rank; i++)
        walk_link(map, &roots->links[i], visit, data);
    walk_own(map, visit, data);
    for (; i < roots->nlinks; i++)
        walk_link(map, &roots->links[i], visit, data);
}

/* --- Leaves by root ------------------------------------------------------- */

struct collection {
    int64_t n;
    struct pld_keyed *items; /* root and reference */
};

static void collect(const pld_map *map, const struct pld_map_chunk *chunk,
                    void *data)
{
    struct collection *to = data;
    (void)map;
    for (int i = 0; i < chunk->n; i++)
        to->items[to->n++] = (struct pld_keyed){
            .key = (uint64_t)chunk->at[i],
            .value = chunk->own ? -1 - chunk->own[i] : chunk->place + i};
}

static pld_status fill_in(const struct collection *from,
                          struct pld_map_meets *meets)
{
    int64_t nroots = from->n > 0;
    for (int64_t i = 1; i < from->n; i++)
        nroots += from->items[i].key != from->items[i - 1].key;
    PLD_TRY(pld_alloc("roots with leaves", nroots, sizeof *meets->roots,
                      &meets->roots));
    PLD_TRY(pld_alloc("numbers of leaves", nroots, sizeof *meets->ends,
                      &meets->ends));
    PLD_TRY(pld_alloc("leaves of roots", from->n, sizeof *meets->refs,
                      &meets->refs));
    for (int64_t i = 0; i < from->n; i++) {
        if (i == 0 || from->items[i].key != from->items[i - 1].key)
            meets->roots[meets->nroots++] = (int64_t)from->items[i].key;
        meets->refs[meets->nrefs++] = from->items[i].value;
        meets->ends[meets->nroots - 1] = meets->nrefs;
    }
    meets->made = true;
    return PLD_OK;
}

static pld_status make(const pld_map *map, struct collection *items,
                       struct pld_map_meets *meets)
{
    PLD_TRY(pld_alloc("leaves to sort", map->own_roots.n + map->roots.nentries,
                      sizeof *items->items, &items->items));
    pld_map_walk(map, collect, items);
    PLD_TRY(pld_sort(items->n, items->items));
    return fill_in(items, meets);
}

pld_status pld_map_meet(pld_map *map)
{
    struct collection items = {0};
    pld_status status = make(map, &items, &map->meets);
    pld_free(items.items);
    if (status != PLD_OK)
        pld_map_forget_meets(map);
    return status;
}

void pld_map_forget_meets(pld_map *map)
{
    pld_free(map->meets.refs);
    pld_free(map->meets.ends);
    pld_free(map->meets.roots);
    map->meets = (struct pld_map_meets){0};
}

static void count(const pld_map *map, const struct pld_map_chunk *chunk,
                  void *data)
{
    int64_t *degrees = data;
    (void)map;
    for (int i = 0; i < chunk->n; i++)
        degrees[chunk->at[i]]++;
}

pld_status pld_map_degrees(const pld_map *map, int64_t *degrees)
{
    PLD_TRY(pld_map_check(map, "map"));
    PLD_CHECK(degrees || map->nroots == 0, PLD_ERR_ARG,
              "degrees is NULL, but there are %lld roots",
              (long long)map->nroots);
    for (int64_t i = 0; i < map->nroots; i++)
        degrees[i] = 0;
    pld_map_walk(map, count, degrees);
    return PLD_OK;
}
