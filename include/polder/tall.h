#ifndef PLD_TALL_H
#define PLD_TALL_H

#include "polder/field.h"

PLD_BEGIN_C

/** @file
 * Tall and skinny matrices: many rows, spread over the ranks, and so few
 * columns that a square matrix of that size fits on every rank.
 *
 * Small matrices (Gram matrices, R, factors of updates) are arrays on every
 * rank, row by row, of the fields' type; real ones (singular values, norms) are
 * doubles. In what follows A has n rows and k columns.
 *
 * Types f64, f32 and c128. All results are the same bits on any number of
 * ranks, in any decomposition and on any process grid, on CPUs of one kind:
 * rows are taken together in tiles of the global index space whose size depends
 * on its shape, on k and on the type alone, and tiles in a fixed binary tree.
 * A rank computes the tiles that it owns most of, and reads the few rows of
 * them that others own. Ghosts are neither read nor written. */

/** Where the rows are: one or the other. */
typedef struct pld_tall {
    /** A field on a grid of two dimensions, of one component: its rows and
     * columns. When columns are cut too, rows are brought together in a copy
     * first: cut rows alone where speed matters. */
    pld_field *matrix;
    /** Or so many fields on one grid, alike but for halo, layout and order:
     * each point is a row. Columns are the components of fields[0], then those
     * of fields[1], and so on: k snapshots, say. */
    int nfields;
    pld_field *const *fields; /**< see above */
} pld_tall;

/** Rows and columns; either place may be NULL. *Local*. */
PLD_CALL pld_tall_shape(const pld_tall *a, int64_t *nrows, int64_t *ncolumns);

/** out = A^H B, of (columns of a, columns of b). With b NULL, A^H A: computed
 * in half of the time, its lower half the conjugate of the upper one. `b` has
 * as many rows, of the same index space; it may be cut otherwise.
 * PLD_ERR_SHAPE, PLD_ERR_TYPE when they do not go together. *Collective,
 * agreed*. */
PLD_CALL pld_tall_gram(const pld_tall *a, const pld_tall *b, void *out);

/** to = A X, where X has as many rows as `to` has columns: X is (k, m). `to` is
 * cut like a; it may be `a` itself, then m is k. *Collective, agreed*. */
PLD_CALL pld_tall_multiply(const pld_tall *a, const void *x,
                           const pld_tall *to);

/** How to find A = Q R, with Q^H Q = 1 and R an upper triangle whose diagonal
 * is real and not negative. */
typedef enum pld_qr {
    /** By Cholesky factors, and where that does not do by reflectors. */
    PLD_QR_AUTO,
    /** By Cholesky factors of Gram matrices, at the speed of matrix products:
     * two passes, more and with shifts where the condition of A, after its
     * columns were scaled, is above 1e7 or so (f32: 1e3). PLD_ERR_ARG where
     * that does not lead to Q: a column is 0, or others give it exactly, or
     * squares of its norm leave the range of the type. */
    PLD_QR_CHOLESKY,
    /** By Householder's reflectors in a tree: always works, takes three times
     * as long. */
    PLD_QR_HOUSEHOLDER
} pld_qr;

/** Replace A by Q; r (k x k, or NULL) becomes R. Q is orthonormal within
 * rounding whatever the condition of A, of any rank, and A - Q R is small
 * beside each column of A. PLD_ERR_SHAPE with fewer rows than columns;
 * PLD_ERR_ARG when A holds a value that is not finite; A is lost after an error
 * of later than the arguments. *Collective, agreed*. */
PLD_CALL pld_tall_qr(const pld_tall *a, pld_qr method, void *r);

/** R alone; A stays. *Collective, agreed*. */
PLD_CALL pld_tall_r(const pld_tall *a, pld_qr method, void *r);

/** Opaque: Q as reflectors. */
typedef struct pld_tall_factors pld_tall_factors;

/** Find R (or NULL) and keep the reflectors that make Q, in as much memory as A
 * takes and two (k x k) for each tile. A stays, and is not needed any more.
 * *Collective, agreed*. */
PLD_CALL pld_tall_factor(const pld_tall *a, void *r, pld_tall_factors **out);

/** c = Q^H B, of (k, columns of b). B has the rows of A. *Collective, agreed*.
 */
PLD_CALL pld_tall_factors_reduce(pld_tall_factors *factors, const pld_tall *b,
                                 void *c);

/** to = Q C, with C of (k, columns of `to`). *Collective, agreed*. */
PLD_CALL pld_tall_factors_expand(pld_tall_factors *factors, const void *c,
                                 const pld_tall *to);

/** Destroy them and set *factors to NULL; *factors may be NULL. *Collective*.
 */
PLD_CALL pld_tall_factors_destroy(pld_tall_factors **factors);

/** Least squares: the X (k, m) for which each column of B - A X is as short as
 * can be, by reflectors on A and B together. `residuals`, NULL or m doubles,
 * become the lengths of the columns of B - A X. A and B stay.
 *
 * PLD_ERR_ARG when the columns of A depend on each other: the text names the
 * rank, the number of singular values of A, its columns scaled to length 1,
 * above `rcond` times the largest one; rcond 0 stands for n times the spacing
 * of the type. PLD_ERR_SHAPE with fewer rows than columns. *Collective,
 * agreed*. */
PLD_CALL pld_tall_solve(const pld_tall *a, const pld_tall *b, double rcond,
                        void *x, double *residuals);

/** Thin singular value decomposition A = U diag(s) V^H: A is replaced by U; s
 * are k doubles, descending, vh (k x k, or NULL) is V^H. By QR and LAPACK's
 * divide and conquer on R: s are right within rounding of s[0]. Of snapshots,
 * columns of U are their modes (POD). Errors as of pld_tall_qr(). *Collective,
 * agreed*. */
PLD_CALL pld_tall_svd(const pld_tall *a, double *s, void *vh);

PLD_END_C

#endif
