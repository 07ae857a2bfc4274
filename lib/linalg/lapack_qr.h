#ifndef PLD_LINALG_LAPACK_QR_H
#define PLD_LINALG_LAPACK_QR_H

#include <stdint.h>

#include "polder/status.h"
#include "polder/types.h"

/* QR by blocked reflectors that are kept together with their triangular
 * factors, as trees of QR factorisations need: LAPACK's, for f64, f32 and c128.
 * Matrices lie column by column. Rows and columns are known to fit into int.
 *
 * Sizes in elements: t has PLD_QR_BLOCK rows for each column that is factored;
 * work as many for each column that is factored or multiplied. */
enum { PLD_QR_BLOCK = 16 };

/* QR of a (m x k, m >= k): R in its upper triangle, reflectors below. */
pld_status pld_lapack_geqrt(pld_type type, int64_t m, int64_t k, void *a,
                            void *t, void *work);

/* c (m x n) = Q c, or op 'C': Q^H c. */
pld_status pld_lapack_gemqrt(pld_type type, char op, int64_t m, int64_t n,
                             int64_t k, const void *v, const void *t, void *c,
                             int64_t ldc, void *work);

/* QR of two upper triangles (k x k), one on the other: R in place of the upper
 * one, reflectors in place of the lower one. */
pld_status pld_lapack_tpqrt(pld_type type, int64_t k, void *upper, void *lower,
                            void *t, void *work);

/* The same reflectors on k rows of n columns and k others below. */
pld_status pld_lapack_tpmqrt(pld_type type, char op, int64_t n, int64_t k,
                             const void *v, const void *t, void *upper,
                             void *lower, void *work);

#endif
