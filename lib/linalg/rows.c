#include "linalg/rows.h"

/* --- Any CPU -------------------------------------------------------------- */

static void portable_f64(const struct pld_rows *rows, int64_t i)
{
    double *c = (double *)rows->c + i * rows->c_row;
    for (int64_t j = 0; rows->fresh && j < rows->n; j++)
        c[j] = 0;
    for (int64_t l = 0; l < rows->depth; l++) {
        double a =
            ((const double *)rows->a)[i * rows->a_row + l * rows->a_step];
        const double *b = (const double *)rows->b + l * rows->b_row;
        for (int64_t j = 0; j < rows->n; j++)
            c[j] += a * b[j];
    }
}

static void portable_f32(const struct pld_rows *rows, int64_t i)
{
    float *c = (float *)rows->c + i * rows->c_row;
    for (int64_t j = 0; rows->fresh && j < rows->n; j++)
        c[j] = 0;
    for (int64_t l = 0; l < rows->depth; l++) {
        float a = ((const float *)rows->a)[i * rows->a_row + l * rows->a_step];
        const float *b = (const float *)rows->b + l * rows->b_row;
        for (int64_t j = 0; j < rows->n; j++)
            c[j] += a * b[j];
    }
}

void pld_rows_f64(const struct pld_rows *rows)
{
    for (int64_t i = 0; i < rows->m; i++)
        portable_f64(rows, i);
}

void pld_rows_f32(const struct pld_rows *rows)
{
    for (int64_t i = 0; i < rows->m; i++)
        portable_f32(rows, i);
}

/* --- Choosing ------------------------------------------------------------- */

/* In this order; a better one is chosen where the CPU has it. */
enum tier { PORTABLE, AVX2, AVX512 };

static enum tier tier(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    if (__builtin_cpu_supports("avx512f"))
        return AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return AVX2;
#endif
    return PORTABLE;
}

int pld_rows_width(pld_type type)
{
    return (tier() == AVX512 ? 64 : 32) / (int)pld_type_size(type);
}

void pld_rows_multiply(pld_type type, const struct pld_rows *rows)
{
    static pld_rows_kernel *const kernels[][2] = {
        {pld_rows_f64, pld_rows_f32},
#if defined(__x86_64__) && defined(__GNUC__)
        {pld_rows_f64_avx2, pld_rows_f32_avx2},
        {pld_rows_f64_avx512, pld_rows_f32_avx512},
#endif
    };
    kernels[tier()][type == PLD_F32 ? 1 : 0](rows);
}
