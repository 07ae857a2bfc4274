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

PLD_END_C

#endif
