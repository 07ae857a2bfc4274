#include "comm/combine.h"

#include <math.h>
#include <string.h>

#include "base/exact.h"
#include "par/elements.h"
#include "par/reduce.h"
#include "par/reduction.h"

/* a = OPERATION(a, b) for elements a of one run and b of another. */
typedef void fold_runs(int64_t n, struct pld_run to, struct pld_run from);

/* The same for entries that lie anywhere. */
typedef void fold_entries(const struct pld_entries *entries);

#define FOLD(name, type, operation)                                            \
    static void name##_entries(const struct pld_entries *entries)              \
    {                                                                          \
        const int64_t *from_at = entries->from_at;                             \
        int64_t size = entries->ncomps * (int64_t)sizeof(type);                \
        for (int64_t i = 0; i < entries->n; i++) {                             \
            char *to = entries->to + entries->to_at[i] * size;                 \
            const char *from =                                                 \
                entries->from + (from_at ? from_at[i] : i) * size;             \
            for (int64_t c = 0; c < size; c += (int64_t)sizeof(type)) {        \
                type a;                                                        \
                type b;                                                        \
                memcpy(&a, to + c, sizeof a);                                  \
                memcpy(&b, from + c, sizeof b);                                \
                a = operation(a, b);                                           \
                memcpy(to + c, &a, sizeof a);                                  \
            }                                                                  \
        }                                                                      \
    }                                                                          \
                                                                               \
    static void name(int64_t n, struct pld_run to, struct pld_run from)        \
    {                                                                          \
        for (int64_t i = 0; i < n; i++) {                                      \
            type a;                                                            \
            type b;                                                            \
            memcpy(&a, to.at + i * to.step, sizeof a);                         \
            memcpy(&b, from.at + i * from.step, sizeof b);                     \
            a = operation(a, b);                                               \
            memcpy(to.at + i * to.step, &a, sizeof a);                         \
        }                                                                      \
    }

/* The sum of two numbers is correctly rounded as it is. */
#define ADD_REALS(a, b) (isnan((a) + (b)) ? NAN : (a) + (b) + 0)
#define LEAST_REAL(a, b) pld_least(a, b)
#define GREATEST_REAL(a, b) pld_greatest(a, b)
#define LEAST_SINGLE(a, b) (float)pld_least((double)(a), (double)(b))
#define GREATEST_SINGLE(a, b) (float)pld_greatest((double)(a), (double)(b))
#define ADD_LONGS(a, b) (int64_t)((uint64_t)(a) + (uint64_t)(b))
#define ADD_INTS(a, b) (int32_t)((uint32_t)(a) + (uint32_t)(b))
#define LEAST(a, b) ((b) < (a) ? (b) : (a))
#define GREATEST(a, b) ((b) > (a) ? (b) : (a))

FOLD(add_f64, double, ADD_REALS)
FOLD(add_f32, float, ADD_REALS)
FOLD(add_i64, int64_t, ADD_LONGS)
FOLD(add_i32, int32_t, ADD_INTS)
FOLD(least_f64, double, LEAST_REAL)
FOLD(least_f32, float, LEAST_SINGLE)
FOLD(least_i64, int64_t, LEAST)
FOLD(least_i32, int32_t, LEAST)
FOLD(greatest_f64, double, GREATEST_REAL)
FOLD(greatest_f32, float, GREATEST_SINGLE)
FOLD(greatest_i64, int64_t, GREATEST)
FOLD(greatest_i32, int32_t, GREATEST)

static fold_runs *const folds[][PLD_TYPE_COUNT] = {
    [PLD_SUM] = {add_f64, add_f32, add_i64, add_i32},
    [PLD_MIN] = {least_f64, least_f32, least_i64, least_i32},
    [PLD_MAX] = {greatest_f64, greatest_f32, greatest_i64, greatest_i32},
    [PLD_FAST_SUM] = {add_f64, add_f32, add_i64, add_i32}};

static fold_entries *const entry_folds[][PLD_TYPE_COUNT] = {
    [PLD_SUM] = {add_f64_entries, add_f32_entries, add_i64_entries,
                 add_i32_entries},
    [PLD_MIN] = {least_f64_entries, least_f32_entries, least_i64_entries,
                 least_i32_entries},
    [PLD_MAX] = {greatest_f64_entries, greatest_f32_entries,
                 greatest_i64_entries, greatest_i32_entries},
    [PLD_FAST_SUM] = {add_f64_entries, add_f32_entries, add_i64_entries,
                      add_i32_entries}};

void pld_combine_entries(pld_op op, pld_type type,
                         const struct pld_entries *entries)
{
    entry_folds[op][type](entries);
}

static double load(pld_type type, const char *at)
{
    double x;
    pld_load_doubles(type, 1, at, 1, &x);
    return x;
}

/* Add to a sum that is held as two doubles; false if it does not fit them, and
 * for what is no number. Each addition and its error: Knuth, The Art of
 * Computer Programming 2, 4.2.2, theorem B. */
static bool add_to_two(double *high, double *low, double x)
{
    double sum = *high + x;
    double part = sum - *high;
    double error = (*high - (sum - part)) + (x - part);
    double rest = *low + error;
    part = rest - *low;
    double lost = (*low - (rest - part)) + (error - part);
    *high = sum;
    *low = rest;
    return lost == 0;
}

/* Element i of all runs, added up exactly in two doubles if that goes; it does
 * for most of what there is, in a hundredth of the time. */
static bool add_as_two(int64_t i, struct pld_run to, int64_t nfrom,
                       const struct pld_run *from)
{
    double high = load(PLD_F64, to.at + i * to.step);
    double low = 0;
    for (int64_t k = 0; k < nfrom; k++) {
        double x = load(PLD_F64, from[k].at + i * from[k].step);
        if (!add_to_two(&high, &low, x))
            return false;
    }
    double sum = high + low + 0;
    if (!isfinite(sum))
        return false;
    memcpy(to.at + i * to.step, &sum, sizeof sum);
    return true;
}

static void add_exactly(pld_type type, int64_t n, struct pld_run to,
                        int64_t nfrom, const struct pld_run *from)
{
    for (int64_t i = 0; i < n; i++) {
        if (type == PLD_F64 && add_as_two(i, to, nfrom, from))
            continue;
        pld_exact sum;
        pld_exact_clear(&sum);
        pld_exact_deposit_double(&sum, load(type, to.at + i * to.step));
        for (int64_t k = 0; k < nfrom; k++)
            pld_exact_deposit_double(&sum,
                                     load(type, from[k].at + i * from[k].step));
        pld_exact_store(&sum, type, to.at + i * to.step);
    }
}

void pld_combine_runs(pld_op op, pld_type type, int64_t n, struct pld_run to,
                      int64_t nfrom, const struct pld_run *from)
{
    if (op == PLD_SUM && nfrom > 1 && !pld_type_is_integer(type)) {
        add_exactly(type, n, to, nfrom, from);
        return;
    }
    for (int64_t k = 0; k < nfrom; k++)
        folds[op][type](n, to, from[k]);
}
