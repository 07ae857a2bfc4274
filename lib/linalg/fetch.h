#ifndef PLD_LINALG_FETCH_H
#define PLD_LINALG_FETCH_H

#include "linalg/source.h"

/* Bringing parts of a source to the ranks that want them. What lies on the
 * node is copied when the fetch ends, by its reader alone; the rest comes in
 * messages, one for each pair of ranks at most, packed and unpacked only where
 * memory is not dense already. */

struct pld_demand {
    /* What `reader` wants of the block of `holder`: a box within it, empty if
     * nothing. A function of what all ranks know. */
    pld_box (*part)(const void *data, int holder, int reader);
    const void *data;
    /* Ranks that may hold or read anything: loops go over these alone. */
    int first_holder, end_holder;
    int first_reader, end_reader;
};

/* One bringing, all zero before its first begin; to be destroyed. Its memory
 * is kept for the next one. */
struct pld_fetch {
    struct pld_source *source;
    struct pld_demand demand;
    struct pld_block to; /* where parts go, by their indices in the source */
    int nreceives;
    int nmessages; /* receives, then sends */
    int room;      /* for messages */
    MPI_Request *requests;
    struct pld_parcel_box *boxes;
    char *buffer;
    int64_t bytes;
    bool under_way;
};

/* Called by all that want or hold anything, with tags of their own for those
 * that are under way together. `to` must not be read until the end. */
pld_status pld_fetch_begin(struct pld_fetch *fetch, struct pld_source *source,
                           const struct pld_demand *demand,
                           const struct pld_block *to, int tag);
/* Let messages move on. Local. */
pld_status pld_fetch_progress(struct pld_fetch *fetch);
pld_status pld_fetch_end(struct pld_fetch *fetch);
void pld_fetch_destroy(struct pld_fetch *fetch);

/* Bytes of the buffer that a begin will take. Local. */
int64_t pld_fetch_bytes(const struct pld_source *source,
                        const struct pld_demand *demand);

#endif
