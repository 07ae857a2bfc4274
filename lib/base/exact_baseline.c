/* For every processor: vectors of two, which compilers make of anything. */

#define VECTOR_BYTES 16
#define TARGET

#include "base/exact_residual.inc"

void pld_exact_c11(pld_exact *sum, pld_exact_term term,
                   const struct pld_exact_tile *tile)
{
    pld_exact_add_tile(sum, term, tile, &c11);
}

void pld_exact_flag(pld_exact *sum, pld_exact_term term,
                    const struct pld_exact_tile *tile)
{
    pld_exact_add_tile(sum, term, tile, &flag);
}
