#include "base/exact.h"

#include <math.h>

/* Element by element, in integers: what all other kernels must agree with. */

static void add_term(pld_exact *sum, pld_exact_term term, const double *x,
                     const double *y)
{
    switch (term) {
    case PLD_EXACT_VALUE:
        pld_exact_deposit_double(sum, *x);
        break;
    case PLD_EXACT_ABSOLUTE:
        pld_exact_deposit_double(sum, fabs(*x));
        break;
    case PLD_EXACT_SQUARE:
        pld_exact_deposit_product(sum, *x, *x);
        break;
    case PLD_EXACT_PRODUCT:
        pld_exact_deposit_product(sum, *x, *y);
        break;
    }
}

void pld_exact_scalar(pld_exact *sum, pld_exact_term term,
                      const struct pld_exact_tile *tile)
{
    for (int64_t row = 0; row < tile->nrows; row++)
        for (int64_t i = 0; i < tile->n; i++)
            add_term(sum, term, tile->x + row * tile->xrow + i,
                     tile->y + row * tile->yrow + i);
}
