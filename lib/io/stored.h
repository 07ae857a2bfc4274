#ifndef PLD_IO_STORED_H
#define PLD_IO_STORED_H

#include "io/bricks.h"
#include "io/file.h"
#include "io/lattice.h"

/* How a variable is stored, as rank 0 tells all ranks, so that each can get at
 * the numbers by itself. */

/* Bytes of the description of a type; only numbers are described. */
#define PLD_STORED_TYPE 512

struct pld_stored {
    bool reachable; /* numbers lie at places, unfiltered: */
    bool chunked;   /* not in one piece */
    int64_t block;  /* bytes that have a checksum; 0: there is none */
    int ndims;      /* of the points */
    int ncomps;     /* of a point */
    unsigned char type[PLD_STORED_TYPE];
    int64_t nplaces;
    struct pld_bricks bricks; /* of the points */
    int64_t *places;          /* those of the bricks; owned */
};

/* How it is done for the points of a variable: at one step of a leading
 * dimension, or -1; `ndims` dimensions; `ncomps` above 1 when there is a last
 * one for components. On rank 0. */
pld_status pld_stored_find(hid_t dataset, int64_t step, int ndims, int ncomps,
                           struct pld_stored *out);

/* The same for those of a lattice, in a variable of these sizes. */
pld_status pld_stored_find_part(hid_t dataset,
                                const struct pld_lattice *lattice,
                                const int64_t *sizes, struct pld_stored *out);

/* Tell all ranks what rank 0 has found, unless `status`, rank 0's, is an
 * error. *Collective, agreed*. */
pld_status pld_stored_share(pld_ctx *ctx, pld_status status, int64_t n,
                            struct pld_stored *stored);

void pld_stored_free(int64_t n, struct pld_stored *stored);

/* The type that is described; to be closed. */
pld_status pld_stored_type(const struct pld_stored *stored, hid_t *out);

#endif
