#ifndef PLD_LINALG_BATCH_KERNEL_H
#define PLD_LINALG_BATCH_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "polder/types.h"

/* Products of small matrices, c = alpha a b + beta c, in two ways: several
 * points at once, each element of a matrix being a vector of neighbouring
 * points; or one point, vectors being parts of the rows of b and c. Both add up
 * along k in the same order. */

struct pld_batch_shape {
    int m, n, k;
    bool conjugate_a, conjugate_b;
    double alpha;
    double beta;
};

/* Matrices: the first element of the first one, and elements from a row, a
 * column and a matrix, or a group of them, to the next. */
struct pld_batch_side {
    char *at;
    int64_t row;
    int64_t column;
    int64_t next;
};

/* Multiplies `count` of them. */
typedef void pld_batch_run(const struct pld_batch_shape *shape, int64_t count,
                           const struct pld_batch_side *a,
                           const struct pld_batch_side *b,
                           const struct pld_batch_side *c);

/* Of a type on one kind of CPU. */
struct pld_batch_kernel {
    int lanes;             /* points of a group */
    pld_batch_run *groups; /* of neighbouring points; any rows and columns */
    pld_batch_run *points; /* the columns of b and c are neighbours */
};

/* f64, f32 or c128; `n` is that of the shape. */
struct pld_batch_kernel pld_batch_kernel_find(pld_type type, int n);

/* One product by the BLAS, alpha 1 and beta 0: of a and b rows or columns are
 * dense, of c rows. Only where there is a BLAS. */
void pld_batch_blas(pld_type type, const struct pld_batch_shape *shape,
                    const struct pld_batch_side *a,
                    const struct pld_batch_side *b,
                    const struct pld_batch_side *c);

/* Those of one kind of CPU: f64, f32, c128. */
enum { PLD_BATCH_F64, PLD_BATCH_F32, PLD_BATCH_C128, PLD_BATCH_TYPES };
extern const struct pld_batch_kernel pld_batch_baseline[PLD_BATCH_TYPES];
#ifdef __x86_64__
extern const struct pld_batch_kernel pld_batch_avx2[PLD_BATCH_TYPES];
extern const struct pld_batch_kernel pld_batch_avx512[PLD_BATCH_TYPES];
#endif

#endif
