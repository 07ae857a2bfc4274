#ifndef PLD_LINALG_ROWOP_H
#define PLD_LINALG_ROWOP_H

#include "linalg/tall.h"

/* Operations on rows, each by itself: what becomes of one does not depend on
 * the others, nor on where it stands. */

/* A small matrix X, taken as real numbers: rows times X. */
struct pld_rowop {
    pld_type type;
    int64_t k, m;   /* real numbers of a row before and after */
    void *x;        /* k x m reals */
    bool upper;     /* X is an upper triangle, in blocks of numbers */
    bool divides;   /* rows times the inverse of X, which is upper */
    void *inverses; /* of blocks along its diagonal */
    char *scratch;
};

/* Of x (k x m numbers of `type`, row by row). Local; to be destroyed also when
 * it failed. */
pld_status pld_rowop_multiply(pld_type type, int64_t k, int64_t m,
                              const void *x, bool upper, struct pld_rowop *out);
/* Of an upper triangle r (k x k): rows become those of A R^-1, with a small
 * backward error each. */
pld_status pld_rowop_divide(pld_type type, int64_t k, const void *r,
                            struct pld_rowop *out);
void pld_rowop_destroy(struct pld_rowop *op);

/* Rows of `from` to `to`, which may be the same. */
void pld_rowop_run(const struct pld_rowop *op, const struct pld_tile *from,
                   const struct pld_tile *to);

#endif
