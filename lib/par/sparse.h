#ifndef PLD_PAR_SPARSE_H
#define PLD_PAR_SPARSE_H

#include <stdint.h>

#include "polder/context.h"

/* Messages to ranks that do not expect any: how many come, from whom and how
 * long they are is found out on the way, in time and memory that grow with the
 * number of messages of a rank and not with the number of ranks.
 *
 * Algorithm: "NBX", nonblocking consensus, of Hoefler, Siebert and Lumsdaine,
 * "Scalable communication protocols for dynamic sparse data exchange" (PPoPP
 * 2010, doi:10.1145/1693453.1693476). */

struct pld_parcel {
    int peer;
    int64_t bytes;
    char *data;
};

/* What has come, by ascending sender; all zero at first. Its room is kept for
 * the next exchange. */
struct pld_post {
    int nparcels;
    struct pld_parcel *parcels;
    char *data;        /* of all of them, each aligned to 64 bytes */
    int64_t nroom;     /* for parcels */
    int64_t data_room; /* for data, in bytes */
};

/* Send the parcels, one at most to each rank, this one included; receive those
 * of others instead of what *post held. *Collective, agreed*. */
pld_status pld_sparse_exchange(pld_ctx *ctx, int nsends,
                               const struct pld_parcel *sends,
                               struct pld_post *post);
void pld_post_free(struct pld_post *post);

#endif
