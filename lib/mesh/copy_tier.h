#ifndef PLD_MESH_COPY_TIER_H
#define PLD_MESH_COPY_TIER_H

#include <stdbool.h>
#include <stdint.h>

/* Inner loops of copies, in a version for each kind of processor. */

enum { PLD_LINE = 64 /* bytes of a line of cache */ };

/* Elements of a plane, dense along one direction where they come from, along
 * the other where they go to:
 *
 *     from:  a ->  a ->  a ->      to:  b ->  b ->
 *            b               |          a         |
 *            b               v          a         v
 *
 * Both counts are multiples of what a line of cache holds. */
struct pld_tile {
    const char *from;
    char *to;
    int64_t a;         /* elements that are dense in `from` */
    int64_t b;         /* and in `to` */
    int64_t from_step; /* bytes from one b to the next */
    int64_t to_step;   /* from one a to the next */
    bool stream; /* past the caches; every row of `to` starts with a line */
};

struct pld_copy_tier {
    const char *name;
    bool (*runs)(void);
    /* Copy whole lines past the caches. `to` is aligned. */
    void (*lines)(char *to, const char *from, int64_t nlines);
    /* Transpose elements of 4, 8 and 16 bytes. */
    void (*tiles[3])(const struct pld_tile *tile);
};

extern const struct pld_copy_tier pld_copy_baseline;
#ifdef __x86_64__
extern const struct pld_copy_tier pld_copy_avx2;
extern const struct pld_copy_tier pld_copy_avx512;
#endif

/* The fastest that runs here. */
const struct pld_copy_tier *pld_copy_tier(void);

/* Take the tier of a name for copies prepared from now on, NULL: the fastest.
 * False when it does not run here. For tests. */
bool pld_copy_use(const char *name);

/* What went past the caches is in order with all writes that follow. */
void pld_copy_fence(void);

#endif
