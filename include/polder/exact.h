#ifndef PLD_EXACT_H
#define PLD_EXACT_H

#include <stdbool.h>
#include <stdint.h>

#include "polder/status.h"
#include "polder/types.h"

PLD_BEGIN_C

/** @file
 * Exact sums: an accumulator that holds the sum of any doubles, or of products
 * of two, without any rounding. What is read from it is rounded once, to the
 * nearest double, ties to even. So a result depends on the elements alone: not
 * on their order, nor on how they were split into accumulators and merged, nor
 * on the machine.
 *
 *     pld_exact sum;
 *     pld_exact_clear(&sum);
 *     PLD_TRY(pld_exact_add(&sum, PLD_F64, n, x, 1));
 *     double total = pld_exact_round(&sum);
 *
 * NaN if an element was NaN or both infinities were; else an infinity if an
 * element was one. A sum that is zero is +0. The caller's floating-point
 * environment neither matters nor changes. Everything here is *local*, and
 * thread-safe on accumulators of one's own.
 *
 * Types: f64, f32, i64, i32. Strides count elements, and may be zero or
 * negative. For c128 give its parts as f64: they have stride 2. */

enum {
    PLD_EXACT_LIMBS = 108,       /**< limbs of an accumulator */
    PLD_EXACT_SUM_FIRST = 27,    /**< sums of doubles start at this limb ... */
    PLD_EXACT_SUM_LIMBS = 54,    /**< ... and need this many */
    PLD_EXACT_WINDOW_LIMBS = 10, /**< limbs of a window */
    PLD_EXACT_SUM_WORDS = 1 + PLD_EXACT_SUM_LIMBS,
    PLD_EXACT_PRODUCT_WORDS = 1 + PLD_EXACT_LIMBS,
    PLD_EXACT_WINDOW_WORDS = 2 + PLD_EXACT_WINDOW_LIMBS
};

/** The sum of limb[i] * 2^(40 i - 2154). Limbs overlap: many accumulators may
 * hold one value. Room for more than 2^60 elements. To be copied freely and
 * kept anywhere; for files and messages see pld_exact_pack(). */
typedef struct pld_exact {
    int64_t limb[PLD_EXACT_LIMBS]; /**< digits of radix 2^40, with signs */
    int64_t nans;                  /**< elements that were not a number */
    int64_t plus;                  /**< elements that were +infinity */
    int64_t minus;                 /**< elements that were -infinity */
    int32_t first;                 /**< limbs below this one are 0 */
    int32_t last;                  /**< limbs above this one are 0 */
    int32_t nadded;    /**< additions since limbs were last made small */
    int32_t reserved_; /**< 0 */
} pld_exact;

/** Make it 0, the sum of nothing. */
PLD_API void pld_exact_clear(pld_exact *sum);

/** Add n elements. */
PLD_CALL pld_exact_add(pld_exact *sum, pld_type type, int64_t n, const void *x,
                       int64_t stride);
/** Add their magnitudes. */
PLD_CALL pld_exact_add_absolute(pld_exact *sum, pld_type type, int64_t n,
                                const void *x, int64_t stride);
/** Add their squares. */
PLD_CALL pld_exact_add_squares(pld_exact *sum, pld_type type, int64_t n,
                               const void *x, int64_t stride);
/** Add the products of n pairs. */
PLD_CALL pld_exact_add_products(pld_exact *sum, pld_type type, int64_t n,
                                const void *x, int64_t xstride, const void *y,
                                int64_t ystride);

/** What to add of each element. */
typedef enum pld_exact_term {
    PLD_EXACT_VALUE,    /**< x */
    PLD_EXACT_ABSOLUTE, /**< |x| */
    PLD_EXACT_SQUARE,   /**< x^2 */
    PLD_EXACT_PRODUCT   /**< x y */
} pld_exact_term;

/** Elements in a box: rows of a field between its ghosts, say. Element (k, j,
 * i) is data[k * stride[0] + j * stride[1] + i * stride[2]]. */
typedef struct pld_exact_array {
    const void *data;  /**< element (0, 0, 0) */
    int64_t stride[3]; /**< elements from an index to the next */
} pld_exact_array;

/** Add count[0] * count[1] * count[2] terms in one call: cheaper than a call
 * for each row. `y` is only looked at for products. */
PLD_CALL pld_exact_add_box(pld_exact *sum, pld_exact_term term, pld_type type,
                           const int64_t count[3], pld_exact_array x,
                           pld_exact_array y);

/** Add what another accumulator holds. */
PLD_API void pld_exact_merge(pld_exact *sum, const pld_exact *other);

/** The value, rounded to nearest even; infinite when it is too large. */
PLD_API double pld_exact_round(const pld_exact *sum);

/** @name Statistics, from exact sums, each rounded once
 * NaN where there are too few elements. An infinity is the mean of elements
 * that sum to it, and its own root; moments of it are NaN. */
/**@{*/

/** The square root of the value; of a sum of squares, the 2-norm, which cannot
 * overflow on the way. NaN when it is negative. */
PLD_API double pld_exact_sqrt(const pld_exact *sum);
/** The value divided by n. */
PLD_API double pld_exact_mean(const pld_exact *sum, int64_t n);
/** (n Q - S^2) / (n (n - ddof)) from S and Q, the sums of n elements and of
 * their squares. `ddof` is 1 for a sample, 0 for a whole population. */
PLD_API double pld_exact_variance(const pld_exact *sum,
                                  const pld_exact *squares, int64_t n,
                                  int64_t ddof);
/** The square root of the variance. */
PLD_API double pld_exact_deviation(const pld_exact *sum,
                                   const pld_exact *squares, int64_t n,
                                   int64_t ddof);
/** (n P - X Y) / (n (n - ddof)) from the sums X, Y of n pairs and P of their
 * products. */
PLD_API double pld_exact_covariance(const pld_exact *x, const pld_exact *y,
                                    const pld_exact *products, int64_t n,
                                    int64_t ddof);
/**@}*/

/** @name Words for messages and files
 * The words of accumulators may be added elementwise, in any order, by
 * MPI_SUM on MPI_INT64_T say: the result unpacks to their sum. Up to 2^20
 * accumulators. Equal values with equal infinities and NaNs have equal words.
 */
/**@{*/

/** How many words. */
typedef enum pld_exact_form {
    PLD_EXACT_SUMS,    /**< PLD_EXACT_SUM_WORDS: no products were added */
    PLD_EXACT_PRODUCTS /**< PLD_EXACT_PRODUCT_WORDS: anything */
} pld_exact_form;

/** Number of words of a form. */
PLD_API int pld_exact_words(pld_exact_form form);
/** Write them. PLD_ERR_OVERFLOW when the value does not fit the form. */
PLD_CALL pld_exact_pack(const pld_exact *sum, pld_exact_form form,
                        int64_t *words);
/** Read what pack wrote, or sums of it. PLD_ERR_CORRUPT when it cannot be
 * that. */
PLD_CALL pld_exact_unpack(const int64_t *words, pld_exact_form form,
                          pld_exact *sum);

/** A window: the first limb of the few that values like this one need. Where
 * all agree on a window, from an earlier result say, PLD_EXACT_WINDOW_WORDS
 * words do. */
PLD_API int pld_exact_window(const pld_exact *sum);
/** Write the words of window `first`, which is brought into range. */
PLD_API void pld_exact_pack_window(const pld_exact *sum, int first,
                                   int64_t *words);
/** Read them, or sums of them. False, and `sum` is not set, when a value did
 * not fit: all who see the same words see the same, and turn to a form. */
PLD_API bool pld_exact_unpack_window(const int64_t *words, int first,
                                     pld_exact *sum);
/**@}*/

/** Name of the kernels in use: "avx512", "flag", "c11" or "scalar". Chosen
 * once, at the first use, by what the machine has and what a self-test finds;
 * PLD_EXACT_TIER in the environment asks for one of them. All give the same
 * bits. */
PLD_API const char *pld_exact_tier(void);

PLD_END_C

#endif
