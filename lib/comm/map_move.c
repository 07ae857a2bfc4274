#include "comm/map.h"
#include "move/transport.h"

#include <string.h>

#include "base/overflow.h"
#include "par/reduce.h"
#include "polder/agree.h"

/* --- What an operation is ------------------------------------------------- */

static const struct {
    bool up;
    bool down;
    bool meets; /* needs to know the leaves of each root */
} needs[PLD_MAP_TASKS] = {[PLD_MAP_BROADCAST] = {.down = true},
                          [PLD_MAP_REDUCE] = {.up = true},
                          [PLD_MAP_REPLACE] = {.up = true},
                          [PLD_MAP_FETCH_ADD] = {.up = true, .down = true},
                          [PLD_MAP_COLLECT] = {.up = true, .meets = true},
                          [PLD_MAP_DEAL] = {.down = true, .meets = true}};

static pld_status check_entry(pld_entry entry, struct pld_map_work *work)
{
    if (entry.bytes > 0) {
        work->bytes = entry.bytes;
        work->type = PLD_TYPE_COUNT;
        return PLD_OK;
    }
    int64_t bytes = 0;
    PLD_CHECK(pld_type_size(entry.type) > 0, PLD_ERR_TYPE,
              "entry.type %d is not an element type", (int)entry.type);
    PLD_CHECK(entry.ncomps >= 0, PLD_ERR_ARG, "entry.ncomps %d is negative",
              entry.ncomps);
    work->type = entry.type;
    work->ncomps = entry.ncomps > 0 ? entry.ncomps : 1;
    const int64_t factors[] = {work->ncomps,
                               (int64_t)pld_type_size(entry.type)};
    PLD_TRY(pld_size_product("an entry", 2, factors, &bytes));
    work->bytes = (size_t)bytes;
    return PLD_OK;
}

static pld_status check_idle(const pld_map *map)
{
    PLD_TRY(pld_map_check(map, "map"));
    PLD_CHECK(map->work.task == PLD_MAP_IDLE, PLD_ERR_STATE,
              "an operation is under way: call pld_map_end first");
    return PLD_OK;
}

static pld_status check_array(const char *name, const void *array, int64_t n)
{
    PLD_CHECK(array || n == 0, PLD_ERR_ARG, "%s is NULL, but it has %lld %s",
              name, (long long)n, n == 1 ? "entry" : "entries");
    return PLD_OK;
}

/* --- Getting ready -------------------------------------------------------- */

/* What is given root by root is packed in the order of links first. */
static pld_map_way way_down(const struct pld_map_work *work)
{
    return work->task == PLD_MAP_BROADCAST ? PLD_MAP_DOWN : PLD_MAP_BACK;
}

static void find_channels(const pld_map *map, struct pld_map_work *work)
{
    if (needs[work->task].up)
        work->up = pld_map_find_channel(map, PLD_MAP_UP, work->bytes);
    if (needs[work->task].down)
        work->down = pld_map_find_channel(map, way_down(work), work->bytes);
}

/* What is missing for the first use of such an operation and such entries. */
struct missing {
    bool up;
    bool down;
    bool meets;
    int tags[2];
    struct pld_map_channel *channels[2];
};

static struct missing find_missing(const pld_map *map,
                                   const struct pld_map_work *work)
{
    bool reals = work->type == PLD_F64 || work->type == PLD_F32 ||
                 work->type == PLD_C128;
    bool exact = work->task == PLD_MAP_REDUCE && work->op == PLD_SUM && reals;
    return (struct missing){.up = needs[work->task].up && !work->up,
                            .down = needs[work->task].down && !work->down,
                            .meets = (needs[work->task].meets || exact) &&
                                     !map->meets.made};
}

static pld_status make_alone(pld_map *map, const struct pld_map_work *work,
                             struct missing *missing)
{
    if (missing->meets)
        PLD_TRY(pld_map_meet(map));
    if (missing->up)
        PLD_TRY(pld_map_make_channel(map, PLD_MAP_UP, work->bytes,
                                     missing->tags[0], &missing->channels[0]));
    if (missing->down)
        PLD_TRY(pld_map_make_channel(map, way_down(work), work->bytes,
                                     missing->tags[1], &missing->channels[1]));
    return PLD_OK;
}

/* All ranks must want the same, and none have met an error. Looked at where
 * they meet anyway, and in debug builds at all times. */
static pld_status agree_on(const pld_map *map, const struct pld_map_work *work,
                           pld_status status)
{
    const int64_t kind[] = {work->task, work->op, work->type,
                            (int64_t)work->bytes};
    PLD_TRY(pld_agree(map->ctx, status));
    return pld_agree_same(map->ctx, "the operation, or what an entry is,", kind,
                          sizeof kind);
}

static pld_status make_together(pld_map *map, const struct pld_map_work *work,
                                struct missing *missing)
{
    pld_status status = PLD_OK;
    for (int i = 0; i < 2; i++)
        missing->tags[i] = pld_ctx_tag(map->ctx);
    status = make_alone(map, work, missing);
    PLD_TRY_TO(out, pld_agree(map->ctx, status));
    for (int i = 0; i < 2; i++)
        if (missing->channels[i]) {
            PLD_TRY_TO(out, pld_map_add_channel(map, missing->channels[i]));
            missing->channels[i] = NULL;
        }
out:
    for (int i = 0; i < 2; i++)
        if (status != PLD_OK)
            PLD_TRY(pld_map_drop_channel(map, missing->channels[i]));
    return status;
}

/* `status` is what was found about the arguments. */
static pld_status get_ready(pld_map *map, struct pld_map_work *work,
                            pld_status status)
{
    find_channels(map, work);
    struct missing missing = find_missing(map, work);
    bool first = missing.up || missing.down || missing.meets;
    bool agrees = first;
#ifdef PLD_DEBUG
    agrees = true;
#endif
    if (agrees)
        PLD_TRY(agree_on(map, work, status));
    PLD_TRY(status);
    if (first)
        PLD_TRY(make_together(map, work, &missing));
    find_channels(map, work);
    return PLD_OK;
}

/* --- Beginning ------------------------------------------------------------ */

/* Give every leaf its own entry: those of other ranks are packed. */
static void deal(const pld_map *map)
{
    const struct pld_map_work *work = &map->work;
    int64_t size = (int64_t)work->bytes;
    for (int64_t i = 0; i < map->meets.nrefs; i++) {
        int64_t ref = map->meets.refs[i];
        char *to = ref < 0 ? work->to + (-1 - ref) * size
                           : work->down->packed + ref * size;
        memcpy(to, work->from + i * size, work->bytes);
    }
}

static pld_status set_out(pld_map *map)
{
    const struct pld_map_work *work = &map->work;
    if (work->up) {
        work->up->leaves.from = work->from;
        return pld_transport_begin(work->up->transport);
    }
    if (work->task == PLD_MAP_DEAL)
        deal(map);
    work->down->roots.from = work->from;
    work->down->leaves.to = work->to;
    PLD_TRY(pld_transport_begin(work->down->transport));
    if (work->task == PLD_MAP_BROADCAST)
        pld_pattern_copy(&map->own_roots, &map->own_leaves, work->bytes,
                         work->from, work->to);
    return PLD_OK;
}

/* `status` is what was found about the arguments. */
static pld_status begin(pld_map *map, struct pld_map_work work,
                        pld_status status)
{
    PLD_TRY(get_ready(map, &work, status));
    map->work = work;
    pld_phase_begin(map->ctx, PLD_PHASE_EXCHANGE);
    status = set_out(map);
    pld_phase_end(map->ctx, PLD_PHASE_EXCHANGE);
    if (status != PLD_OK)
        map->work.task = PLD_MAP_IDLE;
    PLD_TRY(status);
    return PLD_OK;
}

/* --- Ending --------------------------------------------------------------- */

/* The leaves have come: what is done with them, and what goes back. */
static pld_status turn(pld_map *map)
{
    struct pld_map_work *work = &map->work;
    PLD_TRY(pld_transport_end(work->up->transport));
    pld_map_take(map);
    if (!work->down)
        return PLD_OK;
    work->returning = true;
    work->down->leaves.to = work->before;
    return pld_transport_begin(work->down->transport);
}

static pld_status finish(pld_map *map)
{
    const struct pld_map_work *work = &map->work;
    if (work->up && !work->returning)
        PLD_TRY(turn(map));
    if (work->down)
        PLD_TRY(pld_transport_end(work->down->transport));
    return PLD_OK;
}

static pld_status check_under_way(const pld_map *map)
{
    PLD_TRY(pld_map_check(map, "map"));
    PLD_CHECK(map->work.task != PLD_MAP_IDLE, PLD_ERR_STATE,
              "no operation is under way: begin one first");
    return PLD_OK;
}

pld_status pld_map_end(pld_map *map)
{
    PLD_TRY(check_under_way(map));
    pld_phase_begin(map->ctx, PLD_PHASE_EXCHANGE);
    pld_status status = finish(map);
    pld_phase_end(map->ctx, PLD_PHASE_EXCHANGE);
    PLD_TRY(status);
    map->work = (struct pld_map_work){.task = PLD_MAP_IDLE};
    return PLD_OK;
}

pld_status pld_map_test(pld_map *map, bool *out)
{
    PLD_TRY(check_under_way(map));
    PLD_CHECK(out, PLD_ERR_ARG, "out is NULL");
    struct pld_map_work *work = &map->work;
    bool up = work->up && !work->returning;
    PLD_TRY(pld_transport_test(up ? work->up->transport : work->down->transport,
                               out));
    if (!*out || !up || !work->down)
        return PLD_OK;
    PLD_TRY(turn(map));
    return pld_transport_test(work->down->transport, out);
}

/* --- The operations ------------------------------------------------------- */

static pld_status check_leaves(const pld_map *map, const char *name,
                               const void *leaves)
{
    return check_array(name, leaves, map->nleaves);
}

static pld_status check_broadcast(const pld_map *map, pld_entry entry,
                                  const void *roots, const void *leaves,
                                  struct pld_map_work *work)
{
    PLD_TRY(check_entry(entry, work));
    PLD_TRY(check_array("roots", roots, map->nroots));
    return check_leaves(map, "leaves", leaves);
}

pld_status pld_map_broadcast_begin(pld_map *map, pld_entry entry,
                                   const void *roots, void *leaves)
{
    PLD_TRY(check_idle(map));
    struct pld_map_work work = {
        .task = PLD_MAP_BROADCAST, .from = roots, .to = leaves};
    pld_status status = check_broadcast(map, entry, roots, leaves, &work);
    return begin(map, work, status);
}

static pld_status check_reduce(const pld_map *map, pld_op op, pld_entry entry,
                               const void *leaves, const void *roots,
                               struct pld_map_work *work)
{
    PLD_TRY(check_broadcast(map, entry, roots, leaves, work));
    PLD_CHECK(entry.bytes == 0, PLD_ERR_TYPE,
              "raw bytes cannot be reduced: entry.bytes is %zu, not 0",
              entry.bytes);
    return pld_reduce_check_kind(op, entry.type);
}

pld_status pld_map_reduce_begin(pld_map *map, pld_op op, pld_entry entry,
                                const void *leaves, void *roots)
{
    PLD_TRY(check_idle(map));
    struct pld_map_work work = {
        .task = PLD_MAP_REDUCE, .op = op, .from = leaves, .to = roots};
    pld_status status = check_reduce(map, op, entry, leaves, roots, &work);
    return begin(map, work, status);
}

pld_status pld_map_replace_begin(pld_map *map, pld_entry entry,
                                 const void *leaves, void *roots)
{
    PLD_TRY(check_idle(map));
    struct pld_map_work work = {
        .task = PLD_MAP_REPLACE, .from = leaves, .to = roots};
    pld_status status = check_broadcast(map, entry, roots, leaves, &work);
    return begin(map, work, status);
}

static pld_status check_fetch_add(const pld_map *map, pld_entry entry,
                                  const void *leaves, const void *roots,
                                  const void *before, struct pld_map_work *work)
{
    PLD_TRY(check_broadcast(map, entry, roots, leaves, work));
    PLD_TRY(check_leaves(map, "before", before));
    PLD_CHECK(work->type == PLD_I64 || work->type == PLD_I32, PLD_ERR_TYPE,
              "only i64 and i32 can be fetched and added, not %s",
              pld_type_name(work->type));
    return PLD_OK;
}

pld_status pld_map_fetch_add_begin(pld_map *map, pld_entry entry,
                                   const void *leaves, void *roots,
                                   void *before)
{
    PLD_TRY(check_idle(map));
    struct pld_map_work work = {.task = PLD_MAP_FETCH_ADD,
                                .from = leaves,
                                .to = roots,
                                .before = before};
    pld_status status =
        check_fetch_add(map, entry, leaves, roots, before, &work);
    return begin(map, work, status);
}

static pld_status check_all(const pld_map *map, pld_entry entry,
                            const void *all, const void *leaves,
                            struct pld_map_work *work)
{
    PLD_TRY(check_entry(entry, work));
    PLD_TRY(check_leaves(map, "leaves", leaves));
    return check_array("all", all, map->own_roots.n + map->roots.nentries);
}

pld_status pld_map_collect_begin(pld_map *map, pld_entry entry,
                                 const void *leaves, void *all)
{
    PLD_TRY(check_idle(map));
    struct pld_map_work work = {
        .task = PLD_MAP_COLLECT, .from = leaves, .to = all};
    pld_status status = check_all(map, entry, all, leaves, &work);
    return begin(map, work, status);
}

pld_status pld_map_deal_begin(pld_map *map, pld_entry entry, const void *all,
                              void *leaves)
{
    PLD_TRY(check_idle(map));
    struct pld_map_work work = {
        .task = PLD_MAP_DEAL, .from = all, .to = leaves};
    pld_status status = check_all(map, entry, all, leaves, &work);
    return begin(map, work, status);
}

/* --- In one call ---------------------------------------------------------- */

pld_status pld_map_broadcast(pld_map *map, pld_entry entry, const void *roots,
                             void *leaves)
{
    PLD_TRY(pld_map_broadcast_begin(map, entry, roots, leaves));
    return pld_map_end(map);
}

pld_status pld_map_reduce(pld_map *map, pld_op op, pld_entry entry,
                          const void *leaves, void *roots)
{
    PLD_TRY(pld_map_reduce_begin(map, op, entry, leaves, roots));
    return pld_map_end(map);
}

pld_status pld_map_replace(pld_map *map, pld_entry entry, const void *leaves,
                           void *roots)
{
    PLD_TRY(pld_map_replace_begin(map, entry, leaves, roots));
    return pld_map_end(map);
}

pld_status pld_map_fetch_add(pld_map *map, pld_entry entry, const void *leaves,
                             void *roots, void *before)
{
    PLD_TRY(pld_map_fetch_add_begin(map, entry, leaves, roots, before));
    return pld_map_end(map);
}

pld_status pld_map_collect(pld_map *map, pld_entry entry, const void *leaves,
                           void *all)
{
    PLD_TRY(pld_map_collect_begin(map, entry, leaves, all));
    return pld_map_end(map);
}

pld_status pld_map_deal(pld_map *map, pld_entry entry, const void *all,
                        void *leaves)
{
    PLD_TRY(pld_map_deal_begin(map, entry, all, leaves));
    return pld_map_end(map);
}
