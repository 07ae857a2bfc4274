#include "linalg/rows.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#define TARGET __attribute__((target("avx2,fma")))
enum { MOST_ROWS = 2 }; /* a logarithm: 12 of 16 registers are sums */

/* The first n elements of a vector. */
static TARGET __m256i first_f64(int n)
{
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n),
                              _mm256_setr_epi64x(0, 1, 2, 3));
}

static TARGET __m256i first_f32(int n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n),
                              _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

#define REAL double
#define KERNEL pld_rows_f64_avx2
#define WIDTH 4
#define VECTOR __m256d
#define MASK __m256i
#define ZERO() _mm256_setzero_pd()
#define LOAD(p) _mm256_loadu_pd(p)
#define LOAD_SOME(p, mask) _mm256_maskload_pd(p, mask)
#define STORE(p, x) _mm256_storeu_pd(p, x)
#define STORE_SOME(p, mask, x) _mm256_maskstore_pd(p, mask, x)
#define BROADCAST(p) _mm256_set1_pd(*(p))
#define FMA(x, y, z) _mm256_fmadd_pd(x, y, z)
#define FIRST(n) first_f64((int)(n))
#include "linalg/rows_loops.inc"

#define REAL float
#define KERNEL pld_rows_f32_avx2
#define WIDTH 8
#define VECTOR __m256
#define MASK __m256i
#define ZERO() _mm256_setzero_ps()
#define LOAD(p) _mm256_loadu_ps(p)
#define LOAD_SOME(p, mask) _mm256_maskload_ps(p, mask)
#define STORE(p, x) _mm256_storeu_ps(p, x)
#define STORE_SOME(p, mask, x) _mm256_maskstore_ps(p, mask, x)
#define BROADCAST(p) _mm256_set1_ps(*(p))
#define FMA(x, y, z) _mm256_fmadd_ps(x, y, z)
#define FIRST(n) first_f32((int)(n))
#include "linalg/rows_loops.inc"

#endif
