#include "base/exact.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#define VECTOR_BYTES 32
#define TARGET __attribute__((target("avx2,fma")))
#define PRODUCT_ERROR(x, y, p) _mm256_fmsub_pd(x, y, p)

#include "base/exact_residual.inc"

void pld_exact_c11_avx2(pld_exact *sum, pld_exact_term term,
                        const struct pld_exact_tile *tile)
{
    pld_exact_add_tile(sum, term, tile, &c11);
}

void pld_exact_flag_avx2(pld_exact *sum, pld_exact_term term,
                         const struct pld_exact_tile *tile)
{
    pld_exact_add_tile(sum, term, tile, &flag);
}

#endif
