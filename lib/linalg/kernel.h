#ifndef PLD_LINALG_KERNEL_H
#define PLD_LINALG_KERNEL_H

#include <stdint.h>

#include "polder/matrix.h"

/* Calls of the BLAS whose results do not depend on where a matrix was cut.
 *
 * A BLAS computes remainders of rows and columns, and small matrices, by other
 * kernels than the rest, and these add in another order. OpenBLAS 0.3.21 was
 * found to give an element the same bits wherever it stands, for its Prescott,
 * Nehalem, Haswell, Zen and SkylakeX kernels, if rows and columns are multiples
 * of 8 (f64) or 24 (c128), the product of all three sizes is above 10^6, and
 * the length of the sum is the same. So all matrices are padded by zeros to
 * such sizes. Of f32 it holds with multiples of 8, but for Haswell and Zen,
 * which compute the first columns of each block apart. */
enum { PLD_KERNEL_DEPTH = 64 };

/* Rows or columns, and the length of the sums, with their padding; `k` is the
 * length of all panels together. */
int64_t pld_kernel_padded(pld_type type, int64_t n, int64_t k);
int64_t pld_kernel_deep(int64_t depth);

/* Elements from a row of n to the next one, such that many rows do not fall on
 * the same few sets of a cache: small blocks of a matrix are 9 % faster then.
 */
int64_t pld_kernel_stride(pld_type type, int64_t n);

/* A matrix in memory, rows first or, `turned`, columns first. */
struct pld_dense {
    void *data;
    int64_t ld; /* elements from a row, or column, to the next */
    pld_form form;
};

/* The same from another row and column on. */
struct pld_dense pld_dense_at(pld_type type, struct pld_dense matrix,
                              int64_t row, int64_t column);

/* c += a b, or c = a b if `fresh`, of padded sizes m, n, k; c in PLD_PLAIN. */
void pld_kernel_multiply(pld_type type, int64_t m, int64_t n, int64_t k,
                         const struct pld_dense *a, const struct pld_dense *b,
                         bool fresh, const struct pld_dense *c);

/* The same, but of row i only the columns up to i + `right` are needed: what
 * comes of the others is left open. */
void pld_kernel_multiply_lower(pld_type type, int64_t m, int64_t n, int64_t k,
                               int64_t right, const struct pld_dense *a,
                               const struct pld_dense *b, bool fresh,
                               const struct pld_dense *c);

#endif
