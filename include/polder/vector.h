#ifndef PLD_VECTOR_H
#define PLD_VECTOR_H

#include "polder/field.h"

PLD_BEGIN_C

/** @file
 * Fields as vectors: all own points and components of f64, f32 or c128 fields,
 * ghosts left alone. Several updates and products go through memory together:
 * each part of the fields is loaded once, updated and multiplied while it is in
 * the cache, and all products travel in one message.
 *
 * All fields of a call live on one grid and have the same type, stagger and
 * number of components; halos, layouts and memory order may differ. Updates
 * round as a plain loop does, without fused multiply-add; products are exact
 * and rounded once. So results are the same bits on any number of ranks and in
 * any decomposition. */

/** y becomes beta y + alpha x times / over, point by point. The imaginary parts
 * of the factors are for c128 only. */
typedef struct pld_update {
    pld_field *y;       /**< what is changed; may also be x, times, over */
    double beta;        /**< 0: y is not read, so a NaN in it does no harm */
    double beta_imag;   /**< imaginary part of beta */
    const pld_field *x; /**< NULL: 1 everywhere */
    double alpha;       /**< factor of the term */
    double alpha_imag;  /**< imaginary part of alpha */
    const pld_field *times; /**< pointwise factor; NULL: none */
    const pld_field *over;  /**< pointwise divisor; NULL: none */
} pld_update;

/** The sum of x y, of conj(x) y for c128, over all points and components of
 * all ranks. */
typedef struct pld_product {
    const pld_field *x; /**< first factor */
    const pld_field *y; /**< second factor; NULL: x, hence a sum of squares */
    bool root;          /**< the square root of that sum: the 2-norm of x */
    /** One double; two, real and imaginary part, for c128 where y is given. */
    double *out;
} pld_product;

/** Make the updates one after the other, then the products of what is there
 * then, in one pass. Either list may be empty. *Collective* when there are
 * products, else *local*. PLD_ERR_TYPE for fields of integers, PLD_ERR_SHAPE
 * for fields that do not go together. */
PLD_CALL pld_vector_run(int nupdates, const pld_update *updates, int nproducts,
                        const pld_product *products);

/** Exchange the values of x and y. *Local*. */
PLD_CALL pld_vector_swap(pld_field *x, pld_field *y);

/** @name Common cases
 * One line each of what pld_vector_run() does. */
/**@{*/

/** y = x. *Local*. */
PLD_CALL pld_vector_copy(const pld_field *x, pld_field *y);
/** x = alpha x. *Local*. */
PLD_CALL pld_vector_scale(double alpha, pld_field *x);
/** y = y + alpha x. *Local*. */
PLD_CALL pld_vector_axpy(double alpha, const pld_field *x, pld_field *y);
/** y = alpha x + beta y. *Local*. */
PLD_CALL pld_vector_axpby(double alpha, const pld_field *x, double beta,
                          pld_field *y);
/** w = alpha x + beta y. *Local*. */
PLD_CALL pld_vector_waxpby(double alpha, const pld_field *x, double beta,
                           const pld_field *y, pld_field *w);
/** w = x y, point by point. *Local*. */
PLD_CALL pld_vector_multiply(const pld_field *x, const pld_field *y,
                             pld_field *w);
/** w = x / y, point by point. *Local*. */
PLD_CALL pld_vector_divide(const pld_field *x, const pld_field *y,
                           pld_field *w);
/** y = y + sum of alpha[k] x[k], k = 0 .. n-1. *Local*. */
PLD_CALL pld_vector_multi_axpy(int n, const double *alpha,
                               const pld_field *const *x, pld_field *y);

/** Sum of x y; two doubles for c128. *Collective*. */
PLD_CALL pld_vector_dot(const pld_field *x, const pld_field *y, double *out);
/** 2-norm of x. *Collective*. */
PLD_CALL pld_vector_norm2(const pld_field *x, double *out);
/** out[k] = sum of x[k] y, k = 0 .. n-1; real types. *Collective*. */
PLD_CALL pld_vector_multi_dot(int n, const pld_field *const *x,
                              const pld_field *y, double *out);
/** y = y + alpha x, and the 2-norm of the new y. *Collective*. */
PLD_CALL pld_vector_axpy_norm2(double alpha, const pld_field *x, pld_field *y,
                               double *out);
/** y = alpha x + beta y, and the sum of the new y times z. *Collective*. */
PLD_CALL pld_vector_axpby_dot(double alpha, const pld_field *x, double beta,
                              pld_field *y, const pld_field *z, double *out);
/** The end of a step of conjugate gradients: x = x + alpha p, r = r - alpha q,
 * and the sum of r r. *Collective*. */
PLD_CALL pld_vector_cg_step(double alpha, const pld_field *p,
                            const pld_field *q, pld_field *x, pld_field *r,
                            double *out);
/**@}*/

PLD_END_C

#endif
