#ifndef PLD_MOVE_CHUNKS_H
#define PLD_MOVE_CHUNKS_H

#include "mesh/block.h"

/* A message cut into chunks that one rank packs while another one unpacks
 * those before. Pure arithmetic that comes out the same on both sides. */

/* A box to be moved, in the memory of this rank. */
struct pld_lane_box {
    pld_box box;
    struct pld_block block;
    pld_layout layout; /* in messages */
    int order[PLD_MAXDIM];
    int64_t bulk; /* see struct pld_transport_item */
};

/* A part of such a box. */
struct pld_chunk_box {
    int64_t which; /* box */
    pld_box box;
    int64_t offset; /* in the chunk, in bytes */
};

struct pld_chunks {
    int64_t nboxes;
    struct pld_chunk_box *boxes;
    int64_t nchunks;
    int64_t *ends; /* of each chunk in `boxes` */
    int64_t most;  /* bytes of the largest chunk, a multiple of 64 */
};

pld_status pld_chunks_create(int64_t nboxes, const struct pld_lane_box *boxes,
                             struct pld_chunks *out);
void pld_chunks_destroy(struct pld_chunks *chunks);

#endif
