#ifndef PLD_MESH_COPY_H
#define PLD_MESH_COPY_H

#include "mesh/block.h"
#include "mesh/copy_tier.h"

/* One loop of a copy: n times, so many bytes further on either side. */
struct pld_loop {
    int64_t n;
    int64_t from;
    int64_t to;
};

/* A copy between two blocks, worked out once to be made again and again: the
 * blocks must stay where they are. */
struct pld_copy {
    const char *from;
    char *to;
    size_t bytes;                          /* contiguous on both sides */
    struct pld_loop loops[PLD_MAXDIM + 1]; /* the innermost first */
    bool transposes; /* dense along the first loop in `from`, along the second
                        in `to` */
    bool stream;     /* past the caches */
    const struct pld_copy_tier *tier;
    const struct pld_carrier *carrier; /* NULL: memory on both sides */
    bool unpacks;                      /* the carrier takes, or gives */
    int64_t first;                     /* index, as the carrier counts */
};

/* Work out pld_block_copy with the same arguments. */
struct pld_copy pld_copy_prepare(const struct pld_block *from, pld_box box,
                                 const struct pld_block *to,
                                 const int64_t shift[PLD_MAXDIM]);

/* Choose whether to go past the caches for a copy that is one of several, so
 * many bytes in all. Prepared for itself a copy has chosen for its own bytes.
 */
void pld_copy_choose(struct pld_copy *copy, int64_t bytes);

int64_t pld_copy_bytes(const struct pld_copy *copy);

/* Whoever sees a flag or a message that this rank sets or sends afterwards
 * sees what was copied. */
void pld_copy_run(const struct pld_copy *copy);

/* A copy consists of parts, which may be run in any order: the iterations of
 * its outermost loop, one for what is contiguous as a whole, 0 for nothing. */
int64_t pld_copy_parts(const struct pld_copy *copy);

/* Run parts first ... first + n - 1. */
void pld_copy_run_parts(const struct pld_copy *copy, int64_t first, int64_t n);

/* Run the two inner loops alone, from other places; without the fence that
 * streams need in the end. */
void pld_copy_plane(const struct pld_copy *copy, const char *from, char *to);

#endif
