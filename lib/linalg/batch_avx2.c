#include "linalg/batch_kernel.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#define TARGET __attribute__((target("avx2,fma")))
#define INLINE static inline TARGET __attribute__((always_inline))

#define NAME f64
#define PARTS 1
#include "linalg/batch_avx2.inc"
#include "linalg/batch_loops.inc"

#define NAME f32
#define PARTS 1
#define REAL float
#define VECTOR __m256
#define LANES 8
#define MASK __m256i
#define FIRST(n)                                                               \
    _mm256_cmpgt_epi32(_mm256_set1_epi32(n),                                   \
                       _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0))
#define ROWS 4
#define COLUMNS 2
#define ZERO _mm256_setzero_ps()
#define SPLAT(x) _mm256_set1_ps(x)
#define LOAD(at) _mm256_loadu_ps(at)
#define STORE(at, x) _mm256_storeu_ps(at, x)
#define LOAD_SOME(at, mask) _mm256_maskload_ps(at, mask)
#define STORE_SOME(at, mask, x) _mm256_maskstore_ps(at, mask, x)
#define MULTIPLY(x, y) _mm256_mul_ps(x, y)
#define ADD(x, y) _mm256_add_ps(x, y)
#define FUSED(x, y, z) _mm256_fmadd_ps(x, y, z)
#include "linalg/batch_loops.inc"

#define NAME c128
#define PARTS 2
#include "linalg/batch_avx2.inc"
#include "linalg/batch_loops.inc"

const struct pld_batch_kernel pld_batch_avx2[PLD_BATCH_TYPES] = {
    [PLD_BATCH_F64] = {4, groups_f64, points_f64},
    [PLD_BATCH_F32] = {8, groups_f32, points_f32},
    [PLD_BATCH_C128] = {2, groups_c128, points_c128}};

#endif
