#include "par/reduction.h"
#include "par/elements.h"
#include "base/exact.h"
#include "base/exact_environment.h"

#include <math.h>
#include <string.h>

/* Of the two doubles around a value that is none, the one with an odd last
 * bit: rounding that to float is as good as rounding the value. */
static double round_to_odd(const pld_exact *sum)
{
    double nearest = pld_exact_round(sum);
    uint64_t bits = pld_double_bits(nearest);
    if (!isfinite(nearest) || (bits & 1) != 0)
        return nearest;
    pld_exact rest = *sum;
    pld_exact_deposit_double(&rest, -nearest);
    double more = pld_exact_round(&rest);
    if (more == 0)
        return nearest;
    bool away = (more > 0) == (nearest > 0);
    return pld_bits_double(away ? bits + 1 : bits - 1);
}

static __attribute__((noinline)) float to_float(const pld_exact *sum)
{
    return (float)round_to_odd(sum);
}

void pld_exact_store(const pld_exact *sum, pld_type type, void *out)
{
    if (type == PLD_F32) {
        pld_environment saved = pld_environment_enter();
        float f32 = to_float(sum);
        pld_environment_leave(saved);
        memcpy(out, &f32, sizeof f32);
        return;
    }
    double f64 = pld_exact_round(sum);
    memcpy(out, &f64, sizeof f64);
}

static void store_integer(pld_type type, int64_t value, void *out)
{
    int32_t i32 = (int32_t)value;
    if (type == PLD_I32)
        memcpy(out, &i32, sizeof i32);
    else
        memcpy(out, &value, sizeof value);
}

static void store_plain(pld_type type, const double *value, void *out)
{
    float f32 = (float)*value;
    if (type == PLD_F32)
        memcpy(out, &f32, sizeof f32);
    else
        memcpy(out, value, pld_type_size(type));
}

/* SUM and DOT: elements. */
static void conclude_sum(const pld_term *term, const struct pld_parts *parts,
                         struct pld_cursor at)
{
    if (parts->ncounts > 0)
        store_integer(term->type, *at.counts, term->out);
    else if (parts->nplain > 0)
        store_plain(term->type, at.plain, term->out);
    else
        for (int i = 0; i < parts->nsums; i++)
            pld_exact_store(&at.sums[i], term->type,
                            (char *)term->out + i * (int)sizeof(double));
}

static void conclude_mean(const pld_term *term, const struct pld_parts *parts,
                          struct pld_cursor at)
{
    double *mean = term->out;
    for (int i = 0; i < pld_type_parts(term->type); i++)
        mean[i] = parts->nplain > 0 ? at.plain[i] / (double)*at.counts
                                    : pld_exact_mean(&at.sums[i], *at.counts);
}

static void conclude_norm(const pld_term *term, const struct pld_parts *parts,
                          struct pld_cursor at)
{
    double *norm = term->out;
    if (term->what == PLD_MEASURE_NORM1)
        *norm = parts->nplain > 0 ? *at.plain : pld_exact_round(at.sums);
    else
        *norm = parts->nplain > 0 ? sqrt(*at.plain) : pld_exact_sqrt(at.sums);
}

/* What is said to be the least of nothing fits the type. */
static int64_t clip_key(pld_type type, int64_t key)
{
    if (type == PLD_I32)
        return key > INT32_MAX ? INT32_MAX : key < INT32_MIN ? INT32_MIN : key;
    if (type == PLD_I64 || key == PLD_KEY_NAN)
        return key;
    int64_t most = pld_key_of((double)INFINITY);
    int64_t least = pld_key_of(-(double)INFINITY);
    return key > most ? most : key < least ? least : key;
}

static void conclude_extreme(const pld_term *term, struct pld_cursor at)
{
    pld_type type = term->what == PLD_MEASURE_NORMMAX ? PLD_F64 : term->type;
    int64_t key = at.extremes->key;
    bool nan = !pld_type_is_integer(type) && key == PLD_KEY_NAN;
    bool empty = key == INT64_MAX && !pld_type_is_integer(type);
    if (term->what != PLD_MEASURE_MIN && !nan)
        key = ~key;
    if (empty) /* ~INT64_MAX is the key of NaN */
        key = term->what == PLD_MEASURE_MIN   ? INT64_MAX
              : term->what == PLD_MEASURE_MAX ? INT64_MIN + 1
                                              : 0;
    pld_store_key(type, clip_key(type, key), term->out);
    for (int d = 0; d < PLD_MAXDIM && term->where != NULL; d++)
        term->where[d] =
            at.extremes->place[d] == INT64_MAX ? -1 : at.extremes->place[d];
}

static void conclude_moment(const pld_term *term, struct pld_cursor at)
{
    double *out = term->out;
    int64_t n = *at.counts;
    if (term->what == PLD_MEASURE_VARIANCE)
        *out = pld_exact_variance(&at.sums[0], &at.sums[1], n, 1);
    else if (term->what == PLD_MEASURE_DEVIATION)
        *out = pld_exact_deviation(&at.sums[0], &at.sums[1], n, 1);
    else
        *out =
            pld_exact_covariance(&at.sums[0], &at.sums[1], &at.sums[2], n, 1);
}

static void conclude_count(const pld_term *term, struct pld_cursor at)
{
    if (term->what == PLD_MEASURE_COUNT)
        *(int64_t *)term->out = *at.counts;
    else
        *(bool *)term->out =
            (*at.counts > 0) == (term->what == PLD_MEASURE_ANY);
}

void pld_term_conclude(const pld_term *term, struct pld_cursor at)
{
    struct pld_parts parts = pld_term_parts(term);
    switch (term->what) {
    case PLD_MEASURE_NORM1:
    case PLD_MEASURE_NORM2:
        conclude_norm(term, &parts, at);
        break;
    case PLD_MEASURE_MEAN:
        conclude_mean(term, &parts, at);
        break;
    case PLD_MEASURE_VARIANCE:
    case PLD_MEASURE_DEVIATION:
    case PLD_MEASURE_COVARIANCE:
        conclude_moment(term, at);
        break;
    case PLD_MEASURE_MIN:
    case PLD_MEASURE_MAX:
    case PLD_MEASURE_NORMMAX:
        conclude_extreme(term, at);
        break;
    case PLD_MEASURE_COUNT:
    case PLD_MEASURE_ANY:
    case PLD_MEASURE_ALL:
        conclude_count(term, at);
        break;
    case PLD_MEASURE_HISTOGRAM:
        memcpy(term->out, at.counts, (size_t)parts.ncounts * sizeof *at.counts);
        break;
    case PLD_MEASURE_WEIGHTED:
        for (int64_t i = 0; i < parts.nsums; i++)
            ((double *)term->out)[i] = pld_exact_round(&at.sums[i]);
        break;
    default:
        conclude_sum(term, &parts, at);
    }
}
