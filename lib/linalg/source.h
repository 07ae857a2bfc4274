#ifndef PLD_LINALG_SOURCE_H
#define PLD_LINALG_SOURCE_H

#include "mesh/block.h"
#include "mesh/field.h"

/* A matrix in blocks that ranks hold, to be read by others: a field, or what
 * ranks have computed. Ranks of a node that share memory read a block where it
 * is, at any time between two calls by which all ranks agree; for other ranks
 * see linalg/fetch.h. */

/* Where a rank of the node says that its block lies. */
struct pld_source_place {
    int64_t offset; /* in its segment, of the first element; -1: none is read */
    int64_t bytes;
    int64_t stride[2];
};

struct pld_source {
    pld_ctx *ctx;
    int nprocs[2]; /* rank r has part (r / nprocs[1], r % nprocs[1]) */
    const int64_t *cuts[2];
    int64_t size[2];
    struct pld_block block; /* of this rank */
    pld_box held;
    /* Of the ranks of the node, in their order; NULL: none is read. */
    struct pld_source_place *places;
    char **mapped; /* blocks that have been looked at */
};

/* The source for a field; *out owns nothing. */
void pld_source_of_field(const pld_field *field, struct pld_source *out);

/* What a rank holds. */
pld_box pld_source_held_by(const struct pld_source *source, int rank);

/* The parts along a dimension that hold some of `count` indices from `first`
 * on, count > 0. */
struct pld_part_range {
    int first;
    int end;
};
struct pld_part_range pld_source_parts(const struct pld_source *source, int d,
                                       int64_t first, int64_t count);

/* Tell the ranks of the node where the blocks lie, which must stay there until
 * close. *Collective, agreed*. */
pld_status pld_source_open(pld_ctx *ctx, int n, struct pld_source **sources);
/* Local; when no rank reads any more. */
void pld_source_close(struct pld_source *source);

/* Whether a rank reads what another one holds straight from its memory. The
 * same answer on both; one of them must be this rank. */
bool pld_source_reaches(const struct pld_source *source, int holder,
                        int reader);

/* The block of a rank that is reached, or the own one. */
pld_status pld_source_block(struct pld_source *source, int rank,
                            struct pld_block *out);

#endif
