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
 *     pld_matrix a = {.field = u}, b = {.field = v}, c = {.field = w};
 *     PLD_TRY(pld_matrix_multiply(1, &a, &b, 0, &c));
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

/** Which elements of a result are written. */
typedef enum pld_half {
    PLD_BOTH, /**< all of them */
    PLD_LOWER /**< those on and below the diagonal; others stay as they are */
} pld_half;

/** @name Products
 * c = alpha a b + beta c, where a, b, c are (m, k), (k, n), (m, n). With beta
 * 0, c is not read, so a NaN in it does no harm; with alpha 0, a and b are not.
 * c must not share elements with a or b.
 *
 * The same bits on any number of ranks and in any decomposition, as long as the
 * BLAS uses the same kernels and one thread: the products are added up in
 * panels of 512 along k, one after the other, each by a call of the BLAS whose
 * sizes avoid kernels for remainders; then alpha and beta are applied. Where k
 * is far larger than m and n, several panels at a time are added up so, and
 * their sums in a tree that depends on k alone. (OpenBLAS's f32 kernels for
 * Haswell and Zen add in an order that does depend on where a matrix was cut.)
 * The sums are neither exact nor correctly rounded.
 *
 * Who computes what depends on the shape. Mostly each rank computes what it
 * owns of c, and panels of a and b are read in place where they lie on its
 * node, or brought to it. If ranks own very different parts of c, or if c is
 * symmetric, the work is shared out evenly and results are sent to the owners;
 * if k is far larger than m and n, then k is shared out. */
/**@{*/

/** Opaque: a product that is planned once and run often. */
typedef struct pld_product pld_product;

/** What to multiply. Zero is the default, but for the fields. */
typedef struct pld_product_spec {
    pld_matrix a; /**< the left factor */
    /** b.field NULL: the transpose of a, conjugated if they are complex; then c
     * is symmetric, or Hermitian, and takes half of the work. a.form must not
     * be PLD_TRANSPOSED for c128 then. */
    pld_matrix b;
    pld_matrix c;  /**< the result: alpha a b + beta c */
    double alpha;  /**< 0: 1 */
    double beta;   /**< 0: c is not read */
    pld_half half; /**< of c; PLD_LOWER only without b */
    /** Most bytes that a rank may take for panels, results and messages; the
     * product is computed tile by tile if need be, with the same bits. 0: as
     * much as is useful. The same on all ranks. */
    int64_t memory;
} pld_product_spec;

/** Plan a product. The fields must outlive it. PLD_ERR_SHAPE when sizes do not
 * match, PLD_ERR_TYPE when types differ or are of integers, PLD_ERR_OVERFLOW
 * when a dimension of this rank exceeds what the BLAS counts, PLD_ERR_MEMORY
 * when `memory` is too little, with how much would do. *Collective, agreed*,
 * but for a spec that names no live field. */
PLD_CALL pld_product_create(const pld_product_spec *spec, pld_product **out);

/** Destroy it and set *product to NULL; *product may be NULL. *Collective*. */
PLD_CALL pld_product_destroy(pld_product **product);

/** Multiply, with what a, b and c hold by now. *Collective*. */
PLD_CALL pld_product_run(pld_product *product);

/** What a product takes. */
typedef struct pld_product_info {
    int64_t bytes; /**< memory on this rank, with `memory` as in the spec */
    int64_t least; /**< the least `memory` that will do, on all ranks */
} pld_product_info;

/** What pld_product_create would take for this spec, without taking it; `bytes`
 * is 0 when `memory` is too little. *Collective, agreed*. */
PLD_CALL pld_product_estimate(const pld_product_spec *spec,
                              pld_product_info *out);

/** Create, run and destroy. *Collective, agreed*. */
PLD_CALL pld_matrix_multiply(double alpha, const pld_matrix *a,
                             const pld_matrix *b, double beta,
                             const pld_matrix *c);

/** c = alpha a a' + beta c, where a' is the transpose of a, conjugated for
 * c128: half the work of a product. With PLD_BOTH, c is symmetric, or Hermitian
 * with a real diagonal, to the last bit if beta is 0. *Collective, agreed*. */
PLD_CALL pld_matrix_syrk(double alpha, const pld_matrix *a, double beta,
                         const pld_matrix *c, pld_half half);
/**@}*/

/** y = alpha a x + beta y for vectors x and y: fields on a grid of one
 * dimension (their box has but count[0]), or matrices of one row or column;
 * PLD_PLAIN. With beta 0, y is not read; y must not share elements with a or x.
 *
 * Each sum is exact and rounded once, to nearest even (c128: both of its parts;
 * f32: to a double first), then alpha and beta are applied: the same bits on
 * any number of ranks, in any decomposition, and with any BLAS, as none is
 * used. The matrix stays where it is. Memory: the part of x that belongs to the
 * own columns of a, and up to 8 MiB, twice that for c128. *Collective, agreed*.
 */
PLD_CALL pld_matrix_gemv(double alpha, const pld_matrix *a, const pld_matrix *x,
                         double beta, const pld_matrix *y);

/** out = in, taken in its form: a copy between boxes of any two fields or, with
 * PLD_TRANSPOSED and PLD_CONJUGATED, the transpose. Both are of one type, and
 * must not share elements. Memory: that of messages between nodes. *Collective,
 * agreed*. */
PLD_CALL pld_matrix_copy(const pld_matrix *in, const pld_matrix *out);

PLD_END_C

#endif
