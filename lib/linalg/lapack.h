#ifndef PLD_LINALG_LAPACK_H
#define PLD_LINALG_LAPACK_H

#include <stdint.h>

#include "polder/status.h"
#include "polder/types.h"

/* Small factorisations by LAPACK, for f64, f32 and c128, on this rank alone.
 *
 * Matrices lie as LAPACK wants them: column by column, `ld` elements from one
 * to the next. A matrix in rows is the transposed one there: what LAPACK does
 * to its upper triangle happens to the lower one. Real results (singular
 * values, eigenvalues) are floats for f32, else doubles. `uplo` is 'U' or 'L'.
 *
 * Workspace is allocated inside. PLD_ERR_OVERFLOW for sizes beyond int,
 * PLD_ERR_TYPE for other types. */

/* Cholesky. *info: 0, or the order of the leading minor that is not positive,
 * or not finite; what is beyond it is not factored then. */
pld_status pld_lapack_potrf(pld_type type, char uplo, int64_t n, void *a,
                            int64_t ld, int64_t *info);

/* LU with row pivots, those of LAPACK: row i was exchanged with pivots[i] - 1.
 * *info: 0, or the first column, counted from 1, whose pivot is 0 or not
 * finite. */
pld_status pld_lapack_getrf(pld_type type, int64_t m, int64_t n, void *a,
                            int64_t ld, int *pivots, int64_t *info);

/* Exchange row i with row pivots[i] - 1, for i = first ... end - 1 in turn, in
 * n columns; sizes that int holds. */
void pld_lapack_laswp(pld_type type, int64_t n, void *a, int64_t ld,
                      int64_t first, int64_t end, const int *pivots);

/* QR: R and reflectors in place, min(m, n) factors tau; then the first n
 * columns of Q out of k reflectors. */
pld_status pld_lapack_geqrf(pld_type type, int64_t m, int64_t n, void *a,
                            int64_t ld, void *tau);
pld_status pld_lapack_orgqr(pld_type type, int64_t m, int64_t n, int64_t k,
                            void *a, int64_t ld, const void *tau);

/* A = U diag(s) VT. Job 'A' all of U and VT, 'S' their first min(m, n) columns
 * and rows, 'N' none. Destroys a. PLD_ERR_ARG when it does not converge, as
 * with a NaN. */
struct pld_lapack_svd {
    void *s;
    void *u;
    int64_t ldu;
    void *vt;
    int64_t ldvt;
};
pld_status pld_lapack_gesdd(pld_type type, char job, int64_t m, int64_t n,
                            void *a, int64_t ld,
                            const struct pld_lapack_svd *svd);

/* Eigenvalues w, ascending, of a symmetric or Hermitian matrix, and with job
 * 'V' its eigenvectors in place of it; 'N' destroys it. PLD_ERR_ARG when it
 * does not converge, as with a NaN. */
pld_status pld_lapack_syevd(pld_type type, char job, char uplo, int64_t n,
                            void *a, int64_t ld, void *w);

/* b = alpha inv(op(a)) b, or side 'R': alpha b inv(op(a)), b of (m, n), `op`
 * 'N', 'T' or 'C', diag 'U' for ones. */
struct pld_lapack_triangle {
    char side;
    char uplo;
    char op;
    char diag;
    const void *a;
    int64_t ld;
};
pld_status pld_lapack_trsm(pld_type type,
                           const struct pld_lapack_triangle *triangle,
                           double alpha, int64_t m, int64_t n, void *b,
                           int64_t ldb);

#endif
