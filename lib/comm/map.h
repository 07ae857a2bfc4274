#ifndef PLD_COMM_MAP_H
#define PLD_COMM_MAP_H

#include "comm/pattern.h"
#include "mesh/block.h"
#include "par/context.h"
#include "polder/map.h"

struct pld_transport;

/* Entries of this rank's root or leaf array whose other end is on one other
 * rank. Both sides list them in the order of the leaves. */
struct pld_map_link {
    int peer;
    int64_t first; /* among those of all links */
    struct pld_pattern list;
};

struct pld_map_side {
    int nlinks;
    struct pld_map_link *links; /* by ascending peer, without this rank */
    int64_t nentries;
};

/* Which way entries go, and how: straight between lists of both sides, or
 * packed at the roots in the order of links. */
typedef enum pld_map_way {
    PLD_MAP_DOWN, /* from roots to leaves */
    PLD_MAP_UP,   /* from leaves to where they are packed */
    PLD_MAP_BACK  /* from there to leaves */
} pld_map_way;

/* Entries of one side in the array of the operation under way. */
struct pld_map_end {
    struct pld_carrier carrier;
    const struct pld_map_side *side;
    size_t bytes;
    const char *from;
    char *to;
};

/* Entries of one size on one way. */
struct pld_map_channel {
    pld_map_way way;
    size_t bytes;
    struct pld_map_end roots;
    struct pld_map_end leaves;
    char *packed; /* of all links of the roots; NULL with PLD_MAP_DOWN */
    struct pld_transport *transport;
    struct pld_map_channel *next;
};

/* The leaves of each root that has some: refs[ends[i - 1]] and so on are those
 * of roots[i]. A leaf is known by its place among what has come, or, if it is
 * of this rank, by -1 - its index. */
struct pld_map_meets {
    bool made;
    int64_t nroots;
    int64_t *roots; /* ascending */
    int64_t *ends;
    int64_t nrefs;
    int64_t *refs;
};

typedef enum pld_map_task {
    PLD_MAP_IDLE,
    PLD_MAP_BROADCAST,
    PLD_MAP_REDUCE,
    PLD_MAP_REPLACE,
    PLD_MAP_FETCH_ADD,
    PLD_MAP_COLLECT,
    PLD_MAP_DEAL,
    PLD_MAP_TASKS
} pld_map_task;

/* What is under way. */
struct pld_map_work {
    pld_map_task task;
    pld_op op;
    pld_type type;
    int ncomps;
    size_t bytes;
    const char *from;
    char *to;
    char *before;
    struct pld_map_channel *up;   /* NULL: nothing goes up */
    struct pld_map_channel *down; /* PLD_MAP_DOWN or PLD_MAP_BACK, or NULL */
    bool returning;               /* of fetch-and-add: the way back has begun */
};

#define PLD_MAP_ALIVE 0x6d617073u

struct pld_map {
    uint32_t alive;
    pld_ctx *ctx;
    int64_t nroots;
    int64_t nleaves;
    struct pld_map_side roots;
    struct pld_map_side leaves;
    struct pld_pattern own_roots; /* both ends on this rank */
    struct pld_pattern own_leaves;
    struct pld_map_meets meets;
    struct pld_map_channel *channels;
    struct pld_map_work work;
};

/* Check that `map` is a live map; `argument` names it in errors. */
pld_status pld_map_check(const pld_map *map, const char *argument);

/* The channel for entries of a size, if there is one. */
struct pld_map_channel *pld_map_find_channel(const pld_map *map,
                                             pld_map_way way, size_t bytes);
/* Make it, as far as this rank can alone. Once all have, it is connected and
 * put in by `pld_map_add_channel`; *collective, agreed*. */
pld_status pld_map_make_channel(const pld_map *map, pld_map_way way,
                                size_t bytes, int tag,
                                struct pld_map_channel **out);
pld_status pld_map_add_channel(pld_map *map, struct pld_map_channel *channel);
/* Destroy one that is not put in, or all that are. */
pld_status pld_map_drop_channel(const pld_map *map,
                                struct pld_map_channel *channel);
pld_status pld_map_drop_channels(pld_map *map);

/* Find the leaves of each root. Local. */
pld_status pld_map_meet(pld_map *map);
void pld_map_forget_meets(pld_map *map);

/* Visit the leaves of this rank's roots in their order, in chunks: `at` are
 * their roots, `place` where the first lies among what has come; or, for leaves
 * of this rank, `own` are their indices. */
struct pld_map_chunk {
    int n;
    const int64_t *at;
    int64_t place;
    const int64_t *own; /* NULL: not of this rank */
};
typedef void pld_map_visit(const pld_map *map,
                           const struct pld_map_chunk *chunk, void *data);
void pld_map_walk(const pld_map *map, pld_map_visit *visit, void *data);

/* What is done at the roots when the leaves have come. */
void pld_map_take(const pld_map *map);

#endif
