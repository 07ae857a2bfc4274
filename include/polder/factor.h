#ifndef PLD_FACTOR_H
#define PLD_FACTOR_H

#include "polder/matrix.h"

PLD_BEGIN_C

/** @file
 * Factors of dense matrices, to solve systems of equations with.
 *
 *     PLD_TRY(pld_cholesky_create(NULL, &a, &factor));
 *     PLD_TRY(pld_cholesky_solve(factor, &b));      b becomes x of a x = b
 *     PLD_TRY(pld_cholesky_destroy(&factor));
 *
 * Matrices are those of polder/matrix.h, on any grids of one context, with
 * pld_matrix::form PLD_PLAIN unless said otherwise; b has any number of
 * columns. A factor keeps its own copy, in tiles of a size that only depends on
 * that of the matrix, spread over the ranks such that all have equal work, and
 * not by the grid. Ranks of a node read each other's tiles where they are,
 * others get them by messages; a rank that has to wait works on tiles of the
 * others of its node.
 *
 * The same bits on any number of ranks and in any decomposition, as long as the
 * BLAS uses the same kernels: each tile takes the same steps in the same order
 * wherever it lies.
 *
 * What a matrix cannot have done to it (it is not positive definite, or
 * singular, or holds a NaN where that shows) is PLD_ERR_ARG on all ranks, with
 * the place where it showed. PLD_ERR_SHAPE when sizes do not match,
 * PLD_ERR_TYPE when types differ or are none of f64, f32 and c128, PLD_ERR_PEER
 * when another rank is gone: the factor can only be destroyed then. */

/** A triangle of a square matrix, with its diagonal. */
typedef enum pld_triangle {
    PLD_TRIANGLE_LOWER, /**< on and below the diagonal */
    PLD_TRIANGLE_UPPER  /**< on and above it */
} pld_triangle;

/** Opaque: the Cholesky factor of a symmetric, or Hermitian, matrix. */
typedef struct pld_cholesky pld_cholesky;

/** How to factor. Zero is the default. */
typedef struct pld_cholesky_spec {
    /** What is read of the matrix, and what the factor is: a = l l^H or
     * a = u^H u. In memory of rows, PLD_TRIANGLE_UPPER is read faster. */
    pld_triangle triangle;
} pld_cholesky_spec;

/** Factor a square matrix, which stays as it is; NULL: the default spec. Memory
 * on each rank: its share of half a matrix of n rows, about n^2 / 2 / nranks
 * elements; 12 bytes for each of the (n / 384)^2 / 2 tiles; and if there are
 * several nodes, buffers for 3 columns of tiles. PLD_ERR_ARG names the order of
 * the first leading minor that is not positive, or
 * not finite. *Collective, agreed*. */
PLD_CALL pld_cholesky_create(const pld_cholesky_spec *spec, const pld_matrix *a,
                             pld_cholesky **out);

/** Factor another matrix, of the same size and type, in place of the one
 * before, in the same memory. After an error it solves nothing until one is
 * factored. *Collective, agreed*. */
PLD_CALL pld_cholesky_factor(pld_cholesky *cholesky, const pld_matrix *a);

/** Solve a x = b: b, of as many rows as a, becomes x. Memory: a copy of b,
 * shared out, and buffers as for factoring. *Collective, agreed*. */
PLD_CALL pld_cholesky_solve(pld_cholesky *cholesky, const pld_matrix *b);

/** Write the factor, l or u, with zeros in the other triangle, to a square
 * matrix of the size of a; it may be a. *Collective, agreed*. */
PLD_CALL pld_cholesky_read(pld_cholesky *cholesky, const pld_matrix *out);

/** The natural logarithm of the determinant of a, the same on all ranks.
 * *Collective*. */
PLD_CALL pld_cholesky_log_determinant(pld_cholesky *cholesky, double *out);

/** Destroy it and set *cholesky to NULL; *cholesky may be NULL. *Collective*.
 */
PLD_CALL pld_cholesky_destroy(pld_cholesky **cholesky);

/** A system of equations with a triangular matrix. Zero is the default, but for
 * the fields. */
typedef struct pld_triangular_spec {
    pld_matrix a; /**< square; its form is taken */
    /** Which triangle of a's field is read; the other one is not. */
    pld_triangle triangle;
    bool unit;    /**< ones on the diagonal, which is not read */
    bool right;   /**< x a = alpha b; otherwise a x = alpha b */
    double alpha; /**< 0: 1 */
    pld_matrix b; /**< becomes x */
} pld_triangular_spec;

/** Solve a triangular system with any number of right sides. Memory on each
 * rank: its share of half of a, and of b. PLD_ERR_ARG names the first element
 * of the diagonal that is 0 or not finite. *Collective, agreed*. */
PLD_CALL pld_matrix_solve_triangular(const pld_triangular_spec *spec);

/** @name LU
 * Of any square matrix, by partial pivoting: p a = l u, where p exchanges rows,
 * and the pivot of a column is its element of the largest modulus (for c128:
 * the sum of the moduli of both parts) that is left. */
/**@{*/

/** Opaque: the LU factors of a square matrix. */
typedef struct pld_lu pld_lu;

/** Factor a square matrix, which stays as it is. Panels of up to 128 columns
 * lie with one rank each, which finds its pivots alone while the others go on.
 * Memory on each rank: its share of a matrix of n rows, n^2 / nranks elements,
 * 12 n bytes, and if there are several nodes, buffers for 3 panels. PLD_ERR_ARG
 * names the first column, counted from 0, that has no pivot. *Collective,
 * agreed*. */
PLD_CALL pld_lu_create(const pld_matrix *a, pld_lu **out);

/** Factor another matrix, of the same size and type, in place of the one
 * before, in the same memory. After an error it solves nothing until one is
 * factored. *Collective, agreed*. */
PLD_CALL pld_lu_factor(pld_lu *lu, const pld_matrix *a);

/** Solve a x = b, or with the transposed or conjugated form of a: b, of as many
 * rows as a, becomes x. Memory: a copy of b, shared out, and buffers as for
 * factoring. *Collective, agreed*. */
PLD_CALL pld_lu_solve(pld_lu *lu, pld_form form, const pld_matrix *b);

/** Write both factors to a square matrix of the size of a; it may be a: u on
 * and above the diagonal, l below it, whose diagonal is ones. *Collective,
 * agreed*. */
PLD_CALL pld_lu_read(pld_lu *lu, const pld_matrix *out);

/** Which row of a has become row i of l u, for each of the n rows, the same on
 * all ranks. *Local*. */
PLD_CALL pld_lu_rows(const pld_lu *lu, int64_t *out);

/** The determinant of a is phase exp(log), phase being 1 or -1, or for c128 a
 * number of modulus 1 given as {real, imaginary}. The same on all ranks.
 * *Collective*. */
PLD_CALL pld_lu_determinant(pld_lu *lu, double phase[2], double *log);

/** Destroy it and set *lu to NULL; *lu may be NULL. *Collective*. */
PLD_CALL pld_lu_destroy(pld_lu **lu);

/**@}*/

PLD_END_C

#endif
