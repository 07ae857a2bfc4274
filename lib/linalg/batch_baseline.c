#include "linalg/batch_kernel.h"

#include <math.h>

/* Vectors of 16 bytes in plain C: the compiler makes of them what there is. */

#define TARGET
#define INLINE static inline

#define DEFINE_VECTOR(NAME, REAL, LANES)                                       \
    typedef struct {                                                           \
        REAL lane[LANES];                                                      \
    } NAME;                                                                    \
    static inline NAME NAME##_splat(REAL x)                                    \
    {                                                                          \
        NAME out;                                                              \
        for (int i = 0; i < (LANES); i++)                                      \
            out.lane[i] = x;                                                   \
        return out;                                                            \
    }                                                                          \
    static inline NAME NAME##_load(const REAL *at, int n)                      \
    {                                                                          \
        NAME out = {{0}};                                                      \
        for (int i = 0; i < n; i++)                                            \
            out.lane[i] = at[i];                                               \
        return out;                                                            \
    }                                                                          \
    static inline void NAME##_store(REAL *at, int n, NAME x)                   \
    {                                                                          \
        for (int i = 0; i < n; i++)                                            \
            at[i] = x.lane[i];                                                 \
    }                                                                          \
    static inline NAME NAME##_multiply(NAME x, NAME y)                         \
    {                                                                          \
        for (int i = 0; i < (LANES); i++)                                      \
            x.lane[i] *= y.lane[i];                                            \
        return x;                                                              \
    }                                                                          \
    static inline NAME NAME##_add(NAME x, NAME y)                              \
    {                                                                          \
        for (int i = 0; i < (LANES); i++)                                      \
            x.lane[i] += y.lane[i];                                            \
        return x;                                                              \
    }

DEFINE_VECTOR(doubles, double, 2)
DEFINE_VECTOR(floats, float, 4)

/* Fused where that is one instruction. */
static inline doubles doubles_fused(doubles x, doubles y, doubles z)
{
#ifdef FP_FAST_FMA
    for (int i = 0; i < 2; i++)
        z.lane[i] = fma(x.lane[i], y.lane[i], z.lane[i]);
    return z;
#else
    return doubles_add(doubles_multiply(x, y), z);
#endif
}

static inline floats floats_fused(floats x, floats y, floats z)
{
#ifdef FP_FAST_FMAF
    for (int i = 0; i < 4; i++)
        z.lane[i] = fmaf(x.lane[i], y.lane[i], z.lane[i]);
    return z;
#else
    return floats_add(floats_multiply(x, y), z);
#endif
}

static inline doubles doubles_pick(doubles x, int first, int second)
{
    return (doubles){{x.lane[first], x.lane[second]}};
}

#define NAME f64
#define PARTS 1
#include "linalg/batch_baseline.inc"
#include "linalg/batch_loops.inc"

#define NAME f32
#define PARTS 1
#define REAL float
#define VECTOR floats
#define LANES 4
#define MASK int
#define FIRST(n) (n)
#define ROWS 4
#define COLUMNS 2
#define ZERO floats_splat(0)
#define SPLAT(x) floats_splat(x)
#define LOAD(at) floats_load(at, 4)
#define STORE(at, x) floats_store(at, 4, x)
#define LOAD_SOME(at, mask) floats_load(at, mask)
#define STORE_SOME(at, mask, x) floats_store(at, mask, x)
#define MULTIPLY(x, y) floats_multiply(x, y)
#define ADD(x, y) floats_add(x, y)
#define FUSED(x, y, z) floats_fused(x, y, z)
#include "linalg/batch_loops.inc"

#define NAME c128
#define PARTS 2
#include "linalg/batch_baseline.inc"
#include "linalg/batch_loops.inc"

const struct pld_batch_kernel pld_batch_baseline[PLD_BATCH_TYPES] = {
    [PLD_BATCH_F64] = {2, groups_f64, points_f64},
    [PLD_BATCH_F32] = {4, groups_f32, points_f32},
    [PLD_BATCH_C128] = {1, groups_c128, points_c128}};
