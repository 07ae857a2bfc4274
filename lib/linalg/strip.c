#include "linalg/strip.h"

#include <string.h>

#define TARGET

#define REAL double
#define KERNEL pld_strip_f64
#include "linalg/strip_loops.inc"

#define REAL float
#define KERNEL pld_strip_f32
#include "linalg/strip_loops.inc"

/* --- Complex numbers ------------------------------------------------------ */

struct complex {
    double re;
    double im;
};

static struct complex element(struct pld_strip strip, int64_t i)
{
    return ((const struct complex *)strip.at)[i * strip.step];
}

static struct complex times(struct complex a, struct complex b)
{
    return (struct complex){a.re * b.re - a.im * b.im,
                            a.re * b.im + a.im * b.re};
}

/* A factor without an imaginary part leaves the parts of an infinity alone. */
static struct complex scaled(struct complex factor, struct complex z)
{
    if (factor.im == 0)
        return (struct complex){factor.re * z.re, factor.re * z.im};
    return times(factor, z);
}

/* Scaled, so that nothing overflows on the way: Smith, Algorithm 116, CACM 5
 * (1962). */
static struct complex over(struct complex a, struct complex b)
{
    double re = b.re < 0 ? -b.re : b.re;
    double im = b.im < 0 ? -b.im : b.im;
    if (re >= im) {
        double ratio = b.im / b.re;
        double size = b.re + b.im * ratio;
        return (struct complex){(a.re + a.im * ratio) / size,
                                (a.im - a.re * ratio) / size};
    }
    double ratio = b.re / b.im;
    double size = b.re * ratio + b.im;
    return (struct complex){(a.re * ratio + a.im) / size,
                            (a.im * ratio - a.re) / size};
}

static void update_c128(int64_t n, const struct pld_factors *by,
                        const struct pld_strips *strips)
{
    const struct complex alpha = {by->alpha[0], by->alpha[1]};
    const struct complex beta = {by->beta[0], by->beta[1]};
    for (int64_t i = 0; i < n; i++) {
        struct complex *y = (struct complex *)strips->y.at + i * strips->y.step;
        struct complex term = alpha;
        if (strips->x.at)
            term = scaled(term, element(strips->x, i));
        if (strips->times.at)
            term = times(term, element(strips->times, i));
        if (strips->over.at)
            term = over(term, element(strips->over, i));
        if (beta.re != 0 || beta.im != 0) {
            struct complex old = scaled(beta, *y);
            term = (struct complex){old.re + term.re, old.im + term.im};
        }
        *y = term;
    }
}

/* With real factors alone, the parts of complex numbers are real ones. */
static bool is_real(const struct pld_factors *by,
                    const struct pld_strips *strips)
{
    return by->alpha[1] == 0 && by->beta[1] == 0 && strips->x.at &&
           !strips->times.at && !strips->over.at && strips->x.step == 1 &&
           strips->y.step == 1;
}

/* --- Choosing ------------------------------------------------------------- */

static bool has_avx2(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    return __builtin_cpu_supports("avx2");
#else
    return false;
#endif
}

void pld_strip_update(pld_type type, int64_t n, const struct pld_factors *by,
                      const struct pld_strips *strips)
{
    pld_strip_kernel *f64 = pld_strip_f64;
    pld_strip_kernel *f32 = pld_strip_f32;
#if defined(__x86_64__) && defined(__GNUC__)
    if (has_avx2()) {
        f64 = pld_strip_f64_avx2;
        f32 = pld_strip_f32_avx2;
    }
#endif
    if (type == PLD_F32)
        f32(n, by, strips);
    else if (type == PLD_F64)
        f64(n, by, strips);
    else if (is_real(by, strips))
        f64(2 * n, by, strips);
    else
        update_c128(n, by, strips);
}
