#ifndef PLD_LINALG_TSQR_H
#define PLD_LINALG_TSQR_H

#include "linalg/tall.h"

/* QR by Householder's reflectors: of each tile, then of the triangles of two
 * halves, up the tree.
 *
 * Algorithm: "TSQR" of Demmel, Grigori, Hoemmen and Langou, "Communication-
 * optimal parallel and sequential QR and LU factorizations", SIAM J. Sci.
 * Comput. 34 (2012), doi:10.1137/080731992. */

struct pld_reflectors;

struct pld_tsqr {
    pld_ctx *ctx;
    pld_type type;
    int64_t k; /* columns of all matrices together */
    const struct pld_tiling *tiling;
    int nparts;                 /* matrices side by side */
    struct pld_tiled *parts[2]; /* open for reading, while factoring */
    bool keeps;                 /* what applies Q */
    int64_t nkept, most_kept;
    struct pld_reflectors *kept; /* in the order of calls */
    int64_t next;                /* of them, in a run over them */
    bool *signs;                 /* of rows of R: turned */
    char *work, *tile, *t;
};

/* Factor what is open: R (k x k, row by row, zeros below the diagonal, which is
 * real and not negative) on all ranks. `tsqr` is filled up to `keeps`; to be
 * destroyed also when it failed. PLD_ERR_ARG when R is not finite. *Collective,
 * agreed*. */
pld_status pld_tsqr_factor(struct pld_tsqr *tsqr, void *r);
void pld_tsqr_destroy(struct pld_tsqr *tsqr);

/* c (k x n, row by row, on all ranks) = Q^H b. *Collective, agreed*. */
pld_status pld_tsqr_reduce(struct pld_tsqr *tsqr, struct pld_tiled *b, void *c);

/* Tiles of `to` = Q c. *Collective, agreed*. */
pld_status pld_tsqr_expand(struct pld_tsqr *tsqr, const void *c,
                           struct pld_tiled *to);

#endif
