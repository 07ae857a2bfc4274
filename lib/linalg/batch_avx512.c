#include "linalg/batch_kernel.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512dq")))
#define INLINE static inline TARGET __attribute__((always_inline))

#define NAME f64
#define PARTS 1
#include "linalg/batch_avx512.inc"
#include "linalg/batch_loops.inc"

#define NAME f32
#define PARTS 1
#define REAL float
#define VECTOR __m512
#define LANES 16
#define MASK __mmask16
#define FIRST(n) ((__mmask16)((1u << (n)) - 1))
#define ROWS 4
#define COLUMNS 4
#define ZERO _mm512_setzero_ps()
#define SPLAT(x) _mm512_set1_ps(x)
#define LOAD(at) _mm512_loadu_ps(at)
#define STORE(at, x) _mm512_storeu_ps(at, x)
#define LOAD_SOME(at, mask) _mm512_maskz_loadu_ps(mask, at)
#define STORE_SOME(at, mask, x) _mm512_mask_storeu_ps(at, mask, x)
#define MULTIPLY(x, y) _mm512_mul_ps(x, y)
#define ADD(x, y) _mm512_add_ps(x, y)
#define FUSED(x, y, z) _mm512_fmadd_ps(x, y, z)
#include "linalg/batch_loops.inc"

#define NAME c128
#define PARTS 2
#include "linalg/batch_avx512.inc"
#include "linalg/batch_loops.inc"

const struct pld_batch_kernel pld_batch_avx512[PLD_BATCH_TYPES] = {
    [PLD_BATCH_F64] = {8, groups_f64, points_f64},
    [PLD_BATCH_F32] = {16, groups_f32, points_f32},
    [PLD_BATCH_C128] = {4, groups_c128, points_c128}};

#endif
