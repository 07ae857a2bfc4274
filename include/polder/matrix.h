#ifndef PLD_MATRIX_H
#define PLD_MATRIX_H

#include "polder/field.h"

PLD_BEGIN_C

/** @file
 * Dense matrices: fields on grids of two dimensions, rows first. There is
 * nothing else to a matrix, so files, redistribution and reductions work on it
 * as on any field; operands may live on different grids of one context.
 * Ghosts are neither read nor written.
 *
 * Types f64, f32 and c128, one component, in any memory order. */

/** How an operand is taken. */
typedef enum pld_form {
    PLD_PLAIN,      /**< as it is */
    PLD_TRANSPOSED, /**< rows as columns */
    PLD_CONJUGATED  /**< likewise, each element conjugated */
} pld_form;

/** A matrix, or a part of one. */
typedef struct pld_matrix {
    pld_field *field; /**< on a grid of two dimensions */
    /** Rows first[0] .. first[0] + count[0] - 1 of the field, columns
     * likewise; count all 0: all of the field. */
    pld_box box;
    pld_form form; /**< of operands that are only read */
} pld_matrix;

/** c = alpha a b + beta c, where a, b, c are (m, k), (k, n), (m, n). With beta
 * 0, c is not read, so a NaN in it does no harm. c must not share elements with
 * a or b.
 *
 * The same bits on any number of ranks and in any decomposition, as long as the
 * BLAS uses the same kernels: the products are added up in panels along k that
 * only depend on k, each by a call of the BLAS whose sizes avoid kernels for
 * remainders; then alpha and beta are applied. (OpenBLAS's f32 kernels for
 * Haswell and Zen add in an order that does depend on it.) The sums are neither
 * exact nor correctly rounded.
 *
 * Memory: two panels of 512 columns of a and 512 rows of b, as far as this
 * rank needs them, and as much as its part of c if beta is not 0. PLD_ERR_SHAPE
 * when sizes do not match, PLD_ERR_TYPE when types differ or are of integers,
 * PLD_ERR_OVERFLOW when a dimension of this rank exceeds what the BLAS counts.
 * *Collective, agreed*. */
PLD_CALL pld_matrix_multiply(double alpha, const pld_matrix *a,
                             const pld_matrix *b, double beta,
                             const pld_matrix *c);

PLD_END_C

#endif
