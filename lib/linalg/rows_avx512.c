#include "linalg/rows.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#define TARGET __attribute__((target("avx512f")))
enum { MOST_ROWS = 3 }; /* a logarithm: 24 of 32 registers are sums */

#define REAL double
#define KERNEL pld_rows_f64_avx512
#define WIDTH 8
#define VECTOR __m512d
#define MASK __mmask8
#define ZERO() _mm512_setzero_pd()
#define LOAD(p) _mm512_loadu_pd(p)
#define LOAD_SOME(p, mask) _mm512_maskz_loadu_pd(mask, p)
#define STORE(p, x) _mm512_storeu_pd(p, x)
#define STORE_SOME(p, mask, x) _mm512_mask_storeu_pd(p, mask, x)
#define BROADCAST(p) _mm512_set1_pd(*(p))
#define FMA(x, y, z) _mm512_fmadd_pd(x, y, z)
#define FIRST(n) ((__mmask8)((1u << (n)) - 1))
#include "linalg/rows_loops.inc"

#define REAL float
#define KERNEL pld_rows_f32_avx512
#define WIDTH 16
#define VECTOR __m512
#define MASK __mmask16
#define ZERO() _mm512_setzero_ps()
#define LOAD(p) _mm512_loadu_ps(p)
#define LOAD_SOME(p, mask) _mm512_maskz_loadu_ps(mask, p)
#define STORE(p, x) _mm512_storeu_ps(p, x)
#define STORE_SOME(p, mask, x) _mm512_mask_storeu_ps(p, mask, x)
#define BROADCAST(p) _mm512_set1_ps(*(p))
#define FMA(x, y, z) _mm512_fmadd_ps(x, y, z)
#define FIRST(n) ((__mmask16)((1u << (n)) - 1))
#include "linalg/rows_loops.inc"

#endif
