#ifndef PLD_LINALG_TILE_KERNEL_H
#define PLD_LINALG_TILE_KERNEL_H

#include <stdint.h>

#include "polder/types.h"

/* What is done to tiles: matrices that lie column by column, of f64, f32 or
 * c128, of sizes that int holds. `op` is 'N', 'T' or 'C' as for the BLAS. */

struct pld_tile {
    void *data;
    int64_t ld;
};

/* The element in that row and column as the first one of a tile. */
struct pld_tile pld_tile_from(pld_type type, struct pld_tile tile, int64_t row,
                              int64_t column);

/* c -= op(a) op(b), of m rows and n columns, k being the length of sums. */
struct pld_tile_sizes {
    int64_t m, n, k;
};
void pld_tile_subtract(pld_type type, const struct pld_tile_sizes *sizes,
                       char opa, struct pld_tile a, char opb, struct pld_tile b,
                       struct pld_tile c);

/* The lower triangle of c -= a a^H, of n rows, a of k columns. */
void pld_tile_subtract_square(pld_type type, int64_t n, int64_t k,
                              struct pld_tile a, struct pld_tile c);

/* A triangular tile. */
struct pld_tile_triangle {
    struct pld_tile tile;
    char uplo; /* 'L' or 'U': which triangle is read */
    char op;
    char diag; /* 'U': ones on the diagonal, not read; 'N' */
};

/* b = op(t)^-1 b, b of m rows and n columns; and b = b op(t)^-1. */
void pld_tile_solve_left(pld_type type, const struct pld_tile_triangle *t,
                         int64_t m, int64_t n, struct pld_tile b);
void pld_tile_solve_right(pld_type type, const struct pld_tile_triangle *t,
                          int64_t m, int64_t n, struct pld_tile b);

/* Zeros above the diagonal of the first n rows and columns. */
void pld_tile_clear_upper(pld_type type, int64_t n, struct pld_tile a);

/* Conjugate, and multiply by a real number. */
void pld_tile_conjugate(int64_t m, int64_t n, struct pld_tile a);
void pld_tile_scale(pld_type type, double factor, int64_t m, int64_t n,
                    struct pld_tile a);

#endif
