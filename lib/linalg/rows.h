#ifndef PLD_LINALG_ROWS_H
#define PLD_LINALG_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "polder/types.h"

/* Memory to be read soon: lines of it are asked for while others are worked on.
 * What is left is written back. */
struct pld_ahead {
    const char *at;
    int64_t nlines; /* of 64 bytes */
};

/* Products of small matrices that lie row by row, of f64 or f32.
 *
 * Each element is one sum in the order of l, by fused multiply-add where the
 * CPU has it, wherever the element stands: so its bits do not depend on how
 * rows and columns are taken together. */
struct pld_rows {
    int64_t m, n, depth;
    /* c(i, j) = [c(i, j) +] sum of a(i, l) b(l, j); elements, not bytes. */
    const void *a; /* a(i, l) is at i * a_row + l * a_step */
    int64_t a_row;
    int64_t a_step;
    const void *b; /* b(l, j) is at l * b_row + j */
    int64_t b_row;
    void *c; /* likewise; shares no memory with a and b */
    int64_t c_row;
    bool fresh;              /* c is not read */
    struct pld_ahead *ahead; /* NULL: nothing */
};

void pld_rows_multiply(pld_type type, const struct pld_rows *rows);

/* Elements of a row that the kernels take together; a cut of columns there
 * costs nothing. */
int pld_rows_width(pld_type type);

/* The loops for one kind of CPU. */
typedef void pld_rows_kernel(const struct pld_rows *rows);
pld_rows_kernel pld_rows_f64;
pld_rows_kernel pld_rows_f32;
#if defined(__x86_64__) && defined(__GNUC__)
pld_rows_kernel pld_rows_f64_avx2;
pld_rows_kernel pld_rows_f32_avx2;
pld_rows_kernel pld_rows_f64_avx512;
pld_rows_kernel pld_rows_f32_avx512;
#endif

#endif
