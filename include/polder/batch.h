#ifndef PLD_BATCH_H
#define PLD_BATCH_H

#include "polder/matrix.h"

PLD_BEGIN_C

/** @file
 * A small matrix at each point of a grid: block operators, Jacobians, element
 * matrices. It is a field with a component for each element, row by row: halos,
 * files and everything else work on it as on any field. */

/** A field whose components are matrices, or vectors where columns is 1. */
typedef struct pld_batch {
    pld_field *field; /**< of rows * columns components */
    int rows;         /**< as stored; 0: that of a square matrix */
    int columns;      /**< as stored; 0: the components over the rows */
    pld_form form;    /**< of operands that are only read */
} pld_batch;

/** c = alpha a b + beta c at each own point; a, b, c are (m, k), (k, n), (m,
 * n). With beta 0, c is not read, so a NaN in it does no harm. All fields live
 * on one grid and have one type, f64, f32 or c128, and one stagger; halos,
 * layouts and orders of dimensions may differ. c must be a field of its own.
 * Ghosts are neither read nor written.
 *
 * In PLD_PLANES points fill the vectors, whatever the sizes: fastest up to 8
 * rows and columns as long as the fields stay in the caches. In PLD_INTERLEAVED
 * the columns of c fill them, and the BLAS multiplies matrices from 16 rows and
 * columns on, where there is one: fastest for larger matrices, and for fields
 * much larger than the caches.
 *
 * The same bits on any number of ranks and in any decomposition. Each element
 * is added up along k with fused multiply-add where the CPU has it, so other
 * CPUs may give other last bits; so may the BLAS.
 *
 * PLD_ERR_SHAPE when sizes do not match, or do not make up a field's
 * components; PLD_ERR_TYPE, PLD_ERR_ARG. *Local*. */
PLD_CALL pld_batch_multiply(double alpha, const pld_batch *a,
                            const pld_batch *b, double beta,
                            const pld_batch *c);

PLD_END_C

#endif
