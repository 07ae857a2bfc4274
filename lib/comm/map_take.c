#include "comm/map.h"

#include <math.h>
#include <string.h>

#include "base/exact.h"
#include "base/exact_environment.h"
#include "comm/combine.h"
#include "par/elements.h"
#include "par/reduction.h"

/* --- In the order of leaves ----------------------------------------------- */

/* What a chunk of leaves holds: packed, or entries `own` of the leaf array. */
static const char *held_by(const pld_map *map,
                           const struct pld_map_chunk *chunk)
{
    const struct pld_map_work *work = &map->work;
    if (chunk->own)
        return work->from;
    return work->up->packed + chunk->place * (int64_t)work->bytes;
}

static void fold(const pld_map *map, const struct pld_map_chunk *chunk,
                 void *data)
{
    const struct pld_map_work *work = &map->work;
    int nparts = pld_type_parts(work->type);
    const struct pld_entries entries = {.n = chunk->n,
                                        .ncomps = nparts * work->ncomps,
                                        .to = work->to,
                                        .to_at = chunk->at,
                                        .from = held_by(map, chunk),
                                        .from_at = chunk->own};
    (void)data;
    pld_combine_entries(work->op, nparts > 1 ? PLD_F64 : work->type, &entries);
}

static void replace(const pld_map *map, const struct pld_map_chunk *chunk,
                    void *data)
{
    const struct pld_map_work *work = &map->work;
    const char *from = held_by(map, chunk);
    int64_t size = (int64_t)work->bytes;
    (void)data;
    for (int i = 0; i < chunk->n; i++)
        memcpy(work->to + chunk->at[i] * size,
               from + (chunk->own ? chunk->own[i] : i) * size, work->bytes);
}

/* --- Fetch and add -------------------------------------------------------- */

static void add_long(char *root, const char *leaf, char *before)
{
    uint64_t a;
    uint64_t b;
    memcpy(&a, root, sizeof a);
    memcpy(&b, leaf, sizeof b);
    memcpy(before, &a, sizeof a);
    a += b;
    memcpy(root, &a, sizeof a);
}

static void add_int(char *root, const char *leaf, char *before)
{
    uint32_t a;
    uint32_t b;
    memcpy(&a, root, sizeof a);
    memcpy(&b, leaf, sizeof b);
    memcpy(before, &a, sizeof a);
    a += b;
    memcpy(root, &a, sizeof a);
}

/* What the roots were goes back packed as it came, or straight to the leaf. */
static void fetch_add(const pld_map *map, const struct pld_map_chunk *chunk,
                      void *data)
{
    const struct pld_map_work *work = &map->work;
    const char *from = held_by(map, chunk);
    int64_t size = (int64_t)work->bytes;
    int64_t step = (int64_t)pld_type_size(work->type);
    char *before =
        chunk->own ? work->before : work->down->packed + chunk->place * size;
    (void)data;
    for (int i = 0; i < chunk->n; i++) {
        int64_t leaf = (chunk->own ? chunk->own[i] : i) * size;
        for (int64_t at = 0; at < size; at += step) {
            char *root = work->to + chunk->at[i] * size + at;
            if (work->type == PLD_I64)
                add_long(root, from + leaf + at, before + leaf + at);
            else
                add_int(root, from + leaf + at, before + leaf + at);
        }
    }
}

/* --- Root by root --------------------------------------------------------- */

static const char *leaf_at(const struct pld_map_work *work, int64_t ref)
{
    int64_t size = (int64_t)work->bytes;
    return ref < 0 ? work->from + (-1 - ref) * size
                   : work->up->packed + ref * size;
}

static void collect(const pld_map *map)
{
    const struct pld_map_work *work = &map->work;
    for (int64_t i = 0; i < map->meets.nrefs; i++)
        memcpy(work->to + i * (int64_t)work->bytes,
               leaf_at(work, map->meets.refs[i]), work->bytes);
}

static void add_all(const struct pld_map_work *work, pld_type type, char *root,
                    int64_t offset, int64_t nrefs, const int64_t *refs)
{
    enum { FEW = 16 };
    struct pld_run few[FEW];
    struct pld_run to = {root + offset, 0};
    if (nrefs <= FEW) {
        for (int64_t k = 0; k < nrefs; k++)
            few[k].at = (char *)leaf_at(work, refs[k]) + offset;
        pld_combine_runs(PLD_SUM, type, 1, to, nrefs, few);
        return;
    }
    double x = 0;
    pld_exact sum;
    pld_exact_clear(&sum);
    pld_load_doubles(type, 1, to.at, 1, &x);
    pld_exact_deposit_double(&sum, x);
    for (int64_t k = 0; k < nrefs; k++) {
        pld_load_doubles(type, 1, leaf_at(work, refs[k]) + offset, 1, &x);
        pld_exact_deposit_double(&sum, x);
    }
    pld_exact_store(&sum, type, to.at);
}

static void add_exactly(const pld_map *map)
{
    const struct pld_map_work *work = &map->work;
    const struct pld_map_meets *meets = &map->meets;
    pld_type type = work->type == PLD_C128 ? PLD_F64 : work->type;
    int64_t step = (int64_t)pld_type_size(type);
    int64_t first = 0;
    for (int64_t i = 0; i < meets->nroots; i++) {
        char *root = work->to + meets->roots[i] * (int64_t)work->bytes;
        for (int64_t at = 0; at < (int64_t)work->bytes; at += step)
            add_all(work, type, root, at, meets->ends[i] - first,
                    meets->refs + first);
        first = meets->ends[i];
    }
}

/* Not inlined: see exact_environment.h. */
static __attribute__((noinline)) void reduce(const pld_map *map)
{
    const struct pld_map_work *work = &map->work;
    if (work->op == PLD_SUM && !pld_type_is_integer(work->type))
        add_exactly(map);
    else
        pld_map_walk(map, fold, NULL);
}

void pld_map_take(const pld_map *map)
{
    if (map->work.task == PLD_MAP_REDUCE) {
        pld_environment saved = pld_environment_enter();
        reduce(map);
        pld_environment_leave(saved);
    } else if (map->work.task == PLD_MAP_REPLACE) {
        pld_map_walk(map, replace, NULL);
    } else if (map->work.task == PLD_MAP_FETCH_ADD) {
        pld_map_walk(map, fetch_add, NULL);
    } else if (map->work.task == PLD_MAP_COLLECT) {
        collect(map);
    }
}
