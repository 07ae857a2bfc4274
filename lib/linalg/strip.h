#ifndef PLD_LINALG_STRIP_H
#define PLD_LINALG_STRIP_H

#include <stdbool.h>
#include <stdint.h>

#include "polder/types.h"

/* The innermost loops of vectors: elements that lie `step` elements apart. */
struct pld_strip {
    void *at; /* NULL: there is none */
    int64_t step;
};

/* What becomes of y. */
struct pld_strips {
    struct pld_strip y;
    struct pld_strip x;
    struct pld_strip times;
    struct pld_strip over;
};

/* Real and imaginary part each. */
struct pld_factors {
    double beta[2];
    double alpha[2];
};

/* y = beta y + alpha x times / over of n elements. Types with imaginary parts
 * as such; `type` is f64, f32 or c128. */
void pld_strip_update(pld_type type, int64_t n, const struct pld_factors *by,
                      const struct pld_strips *strips);

/* The same for two updates of y, the second one after the first, in one loop;
 * false if it needs to be two: then nothing was done. */
bool pld_strip_update_twice(pld_type type, int64_t n,
                            const struct pld_factors by[2],
                            const struct pld_strips strips[2]);

/* The loops of f64 and f32, for the vectors of one kind of CPU; those of two
 * updates take two of each, y and x alone, neighbours all. */
typedef void pld_strip_kernel(int64_t n, const struct pld_factors *by,
                              const struct pld_strips *strips);
pld_strip_kernel pld_strip_f64;
pld_strip_kernel pld_strip_f32;
pld_strip_kernel pld_strip_twice_f64;
pld_strip_kernel pld_strip_twice_f32;
#ifdef __x86_64__
pld_strip_kernel pld_strip_f64_avx2;
pld_strip_kernel pld_strip_f32_avx2;
pld_strip_kernel pld_strip_twice_f64_avx2;
pld_strip_kernel pld_strip_twice_f32_avx2;
pld_strip_kernel pld_strip_f64_avx512;
pld_strip_kernel pld_strip_f32_avx512;
pld_strip_kernel pld_strip_twice_f64_avx512;
pld_strip_kernel pld_strip_twice_f32_avx512;
#endif

#endif
