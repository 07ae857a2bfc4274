#ifndef PLD_EIGEN_H
#define PLD_EIGEN_H

#include "polder/tall.h"

PLD_BEGIN_C

/** @file
 * Eigenvalues and eigenvectors of symmetric matrices, of Hermitian ones for
 * c128: all of a dense one, or a few of whatever can be applied to a field. */

/** Most rows of a matrix for pld_matrix_eigen(). */
#define PLD_EIGEN_MOST_ROWS 4096

/** All eigenvalues of a square matrix, ascending: n doubles, on all ranks. If
 * `vectors` is not NULL, its column j becomes the eigenvector of values[j], of
 * length 1; it is a field of the shape and type of `a`, on any grid, and may be
 * `a`. Of `a` the lower triangle alone is read.
 *
 * By LAPACK on one rank, which gathers the matrix: memory there for three (with
 * vectors, four) times the whole of it, in time that no other rank shortens, so
 * meant for small ones: PLD_ERR_OVERFLOW above PLD_EIGEN_MOST_ROWS rows. The
 * same bits in any decomposition, on CPUs of one kind. PLD_ERR_SHAPE when a
 * matrix is not square or the two differ, PLD_ERR_TYPE likewise, PLD_ERR_ARG
 * when it holds a NaN. *Collective, agreed*. */
PLD_CALL pld_matrix_eigen(pld_field *a, double *values, pld_field *vectors);

/** Make the field y that of a matrix applied to the field x of an
 * eigen-problem: see pld_eigen_spec. Called on all ranks together. Own points
 * of x are set, its ghosts stale. */
typedef pld_status pld_eigen_apply(void *data);

/** What to find. Zero is the default, but for what is said to be required. */
typedef struct pld_eigen_spec {
    int npairs;   /**< so many eigenvalues from one end; required */
    bool largest; /**< the upper end, not the lower one */
    /** Fields that the functions read and write: of one grid, type and stagger,
     * one component each, halos as wanted; so that exchanges can be planned
     * once. Required. */
    pld_field *x;
    pld_field *y;           /**< see x */
    pld_eigen_apply *apply; /**< y = A x, A symmetric; required */
    /** y = T x, T symmetric, positive definite and near to the inverse of A, or
     * of A less a number near the end: fewer steps. NULL: none. */
    pld_eigen_apply *precondition;
    void *data; /**< passed to both */
    /** A pair is found when the length of A v - lambda v is below tolerance
     * times |lambda|, or lost in the rounding of A; 0: 1e-8, of f32 1e-3. */
    double tolerance;
    int most_steps; /**< 0: 500 */
    int nguards;    /**< pairs to carry along beyond npairs; 0: chosen */
    uint64_t seed;  /**< of the random start */
} pld_eigen_spec;

/** How it went. */
typedef struct pld_eigen_info {
    int nsteps;       /**< taken */
    int64_t napplied; /**< calls of `apply` */
    double residual;  /**< largest of those asked for, beside |lambda| */
} pld_eigen_info;

/** A few eigenvalues from one end of the spectrum, the outermost first, and
 * their eigenvectors: the components of `vectors`, a field of npairs components
 * on the grid of x, otherwise like it. Eigenvalues that coincide are found as
 * often as they occur. `info` may be NULL.
 *
 * A block of vectors, its residuals and its last steps make a space whose best
 * vectors are the next block; the space is made orthonormal by pld_tall_qr() in
 * each step, so nothing is lost where vectors nearly depend on each other.
 * Memory: 6 (npairs + nguards) fields. The same bits on any number of ranks and
 * in any decomposition, if that holds for `apply`.
 *
 * PLD_ERR_CONVERGENCE names what is missing after most_steps: values and
 * vectors are what there is by then. PLD_ERR_SHAPE when the field has fewer
 * points than 3 (npairs + nguards): take pld_matrix_eigen(). Errors of the
 * functions are passed on. *Collective, agreed*.
 *
 * Algorithm: LOBPCG, Knyazev, SIAM J. Sci. Comput. 23 (2001),
 * doi:10.1137/S1064827500366124, with orthonormal bases as in Hetmaniuk and
 * Lehoucq, J. Comput. Phys. 218 (2006). */
PLD_CALL pld_eigen_few(const pld_eigen_spec *spec, double *values,
                       pld_field *vectors, pld_eigen_info *info);

PLD_END_C

#endif
