#include "linalg/strip.h"

#include <string.h>

#define TARGET

#define REAL double
#define KERNEL pld_strip_f64
#define TWICE pld_strip_twice_f64
#include "linalg/strip_loops.inc"

#define REAL float
#define KERNEL pld_strip_f32
#define TWICE pld_strip_twice_f32
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

/* Neighbours with real factors alone: the parts of complex numbers are real
 * ones. */
static bool is_real(const struct pld_factors *by,
                    const struct pld_strips *strips)
{
    return by->alpha[1] == 0 && by->beta[1] == 0 && strips->x.at &&
           !strips->times.at && !strips->over.at && strips->x.step == 1 &&
           strips->y.step == 1;
}

/* --- Choosing ------------------------------------------------------------- */

/* The loops that this CPU can run. */
struct loops {
    pld_strip_kernel *f64, *f32, *twice_f64, *twice_f32;
};

static struct loops choose(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    if (__builtin_cpu_supports("avx512f"))
        return (struct loops){pld_strip_f64_avx512, pld_strip_f32_avx512,
                              pld_strip_twice_f64_avx512,
                              pld_strip_twice_f32_avx512};
    if (__builtin_cpu_supports("avx2"))
        return (struct loops){pld_strip_f64_avx2, pld_strip_f32_avx2,
                              pld_strip_twice_f64_avx2,
                              pld_strip_twice_f32_avx2};
#endif
    return (struct loops){pld_strip_f64, pld_strip_f32, pld_strip_twice_f64,
                          pld_strip_twice_f32};
}

void pld_strip_update(pld_type type, int64_t n, const struct pld_factors *by,
                      const struct pld_strips *strips)
{
    struct loops loops = choose();
    if (type == PLD_F32)
        loops.f32(n, by, strips);
    else if (type == PLD_F64)
        loops.f64(n, by, strips);
    else if (is_real(by, strips))
        loops.f64(2 * n, by, strips);
    else
        update_c128(n, by, strips);
}

bool pld_strip_update_twice(pld_type type, int64_t n,
                            const struct pld_factors by[2],
                            const struct pld_strips strips[2])
{
    struct loops loops = choose();
    /* The second x must not be what the first update makes. */
    if (!is_real(&by[0], &strips[0]) || !is_real(&by[1], &strips[1]) ||
        strips[0].y.at != strips[1].y.at || strips[1].x.at == strips[0].y.at ||
        by[1].beta[0] == 0)
        return false;
    if (type == PLD_F32)
        loops.twice_f32(n, by, strips);
    else
        loops.twice_f64(type == PLD_C128 ? 2 * n : n, by, strips);
    return true;
}
