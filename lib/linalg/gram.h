#ifndef PLD_LINALG_GRAM_H
#define PLD_LINALG_GRAM_H

#include "linalg/tall.h"

/* Gram matrices out of those of tiles. Rows of complex numbers are taken as
 * rows of twice as many real ones. */

/* c (ka x kb reals) = a^T b of the rows of two tiles; with b NULL, a^T a, of
 * which only the upper triangle is right. `sums` is room for pld_gram_room(kb)
 * reals. */
void pld_gram_tile(pld_type type, const struct pld_tile *a, int64_t ka,
                   const struct pld_tile *b, int64_t kb, void *c, void *sums);
int64_t pld_gram_room(int64_t kb);

/* Add n real numbers: to join results. */
void pld_gram_add(pld_type type, int64_t n, const void *from, void *to);

/* Of products of real and imaginary parts (ka x kb) make those of the numbers,
 * in place, and the lower triangle if it is `symmetric`. */
void pld_gram_conclude(pld_type type, int64_t ka, int64_t kb, bool symmetric,
                       void *c);

#endif
