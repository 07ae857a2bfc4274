#include "support/classes.h"

#include <float.h>
#include <math.h>
#include <string.h>

uint64_t classes_random(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static double uniform(uint64_t *state)
{
    return (double)(classes_random(state) >> 11) * 0x1p-53;
}

/* As good as normal: the middle is thick, the tails are thin. */
static double normal(uint64_t *state)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += uniform(state);
    return sum;
}

static int below(uint64_t *state, int bound)
{
    return (int)(classes_random(state) % (uint64_t)bound);
}

static double any_bits(uint64_t *state)
{
    uint64_t bits = classes_random(state);
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static double finite_bits(uint64_t *state)
{
    double x = any_bits(state);
    while (!isfinite(x))
        x = any_bits(state);
    return x;
}

/* --- One number each -------------------------------------------------------
 */

static double spread(uint64_t *state, int binades)
{
    return ldexp(normal(state), below(state, 2 * binades) - binades);
}

static double spread_30(uint64_t *state)
{
    return spread(state, 30);
}

static double spread_100(uint64_t *state)
{
    return spread(state, 100);
}

static double spread_480(uint64_t *state)
{
    return spread(state, 480);
}

static double spread_1000(uint64_t *state)
{
    return spread(state, 1000);
}

static double shifted(uint64_t *state)
{
    return 1e6 + normal(state);
}

static double sparse(uint64_t *state)
{
    return below(state, 20) == 0 ? normal(state) : 0;
}

static double denormal(uint64_t *state)
{
    return ldexp(uniform(state) - 0.5, -1022 - below(state, 53));
}

static double denormal_and_one(uint64_t *state)
{
    return below(state, 100) == 0 ? 1 : denormal(state);
}

static double zeros(uint64_t *state)
{
    return below(state, 2) == 0 ? 0.0 : -0.0;
}

static double near_overflow(uint64_t *state)
{
    return below(state, 2) == 0 ? 1.7e308 : -1.7e308;
}

static double overflow(uint64_t *state)
{
    return DBL_MAX * (0.5 + uniform(state) / 2);
}

static double tie(uint64_t *state)
{
    static const double some[] = {1, 0x1p-53, 0x1p-53, 5e-324, -5e-324, -1};
    return some[below(state, 6)];
}

static double infinity(uint64_t *state)
{
    return below(state, 200) == 0 ? INFINITY : normal(state);
}

static double infinities(uint64_t *state)
{
    return copysign(infinity(state), normal(state));
}

static double not_a_number(uint64_t *state)
{
    return below(state, 300) == 0 ? NAN : normal(state);
}

static double integer(uint64_t *state)
{
    return below(state, 2000001) - 1000000;
}

static double constant(uint64_t *state)
{
    (void)state;
    return 0.1;
}

static double power(uint64_t *state)
{
    return ldexp(1 - 2 * below(state, 2), below(state, 40));
}

static double tail(uint64_t *state)
{
    double z = 6 * normal(state);
    return exp(-z * z);
}

static double outlier(uint64_t *state)
{
    return below(state, 1000) == 0 ? 1e100 * normal(state) : normal(state);
}

static double high_binade(uint64_t *state)
{
    return ldexp(normal(state), 1000 + below(state, 18));
}

static double square_underflows(uint64_t *state)
{
    return ldexp(normal(state), -530 - below(state, 30));
}

static double square_overflows(uint64_t *state)
{
    return ldexp(normal(state), 510 + below(state, 30));
}

static double float_precision(uint64_t *state)
{
    return (float)normal(state);
}

static double all_ones(uint64_t *state)
{
    return ldexp(2 - 0x1p-52, below(state, 3)) * (1 - 2 * below(state, 2));
}

/* --- Arrays whose elements know each other ---------------------------------
 */

/* Random numbers and their opposites, all but equal. */
static void fill_ill(uint64_t *state, int64_t n, double *x)
{
    for (int64_t i = 0; i < n; i++)
        x[i] = i % 2 == 0 ? spread(state, 40)
                          : -nextafter(x[i - 1], below(state, 2) ? 0 : 1e300);
}

static void fill_cancelling(uint64_t *state, int64_t n, double *x)
{
    for (int64_t i = 0; i < n; i++)
        x[i] = i < n / 2 ? finite_bits(state) : -x[n - 1 - i];
    if (n > 0)
        x[0] += 0x1p-1000;
}

static void fill_geometric(uint64_t *state, int64_t n, double *x)
{
    double ratio = 0.5 + uniform(state) / 2;
    double value = ldexp(1, below(state, 1000));
    for (int64_t i = 0; i < n; i++, value *= ratio)
        x[i] = value;
}

/* Stretches of elements, each with its own magnitude and spread. */
static void fill_pieces(uint64_t *state, int64_t n, double *x)
{
    int scale = 0;
    int width = 1;
    for (int64_t i = 0; i < n; i++) {
        if (i == 0 || below(state, 700) == 0) {
            scale = below(state, 1900) - 1000;
            width = 1 + below(state, 60);
        }
        x[i] = ldexp(normal(state), scale + below(state, width));
    }
}

static const struct {
    const char *name;
    double (*one)(uint64_t *state);
    void (*all)(uint64_t *state, int64_t n, double *x);
} classes[] = {{"normal", normal, NULL},
               {"uniform", uniform, NULL},
               {"shifted", shifted, NULL},
               {"sparse", sparse, NULL},
               {"spread 2^30", spread_30, NULL},
               {"spread 2^100", spread_100, NULL},
               {"spread 2^480", spread_480, NULL},
               {"spread 2^1000", spread_1000, NULL},
               {"finite bits", finite_bits, NULL},
               {"any bits", any_bits, NULL},
               {"denormal", denormal, NULL},
               {"denormal and one", denormal_and_one, NULL},
               {"zeros", zeros, NULL},
               {"near overflow", near_overflow, NULL},
               {"overflow", overflow, NULL},
               {"ties", tie, NULL},
               {"infinity", infinity, NULL},
               {"infinities", infinities, NULL},
               {"not a number", not_a_number, NULL},
               {"integers", integer, NULL},
               {"constant", constant, NULL},
               {"powers of two", power, NULL},
               {"tails", tail, NULL},
               {"outliers", outlier, NULL},
               {"high binades", high_binade, NULL},
               {"squares underflow", square_underflows, NULL},
               {"squares overflow", square_overflows, NULL},
               {"float precision", float_precision, NULL},
               {"all ones", all_ones, NULL},
               {"ill-conditioned", NULL, fill_ill},
               {"cancelling", NULL, fill_cancelling},
               {"geometric", NULL, fill_geometric},
               {"pieces", NULL, fill_pieces}};

int classes_count(void)
{
    return sizeof classes / sizeof *classes;
}

const char *classes_name(int class)
{
    return classes[class].name;
}

void classes_fill(int class, uint64_t seed, int64_t n, double *x)
{
    uint64_t state = seed * 1000 + (uint64_t) class;
    if (classes[class].all != NULL) {
        classes[class].all(&state, n, x);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        x[i] = classes[class].one(&state);
}
