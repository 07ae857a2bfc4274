#include "par/reduce.h"

#include <string.h>

static bool is_integer(pld_type type)
{
    return type == PLD_I64 || type == PLD_I32;
}

static int64_t empty_integer(pld_op op, pld_type type)
{
    bool wide = type == PLD_I64;
    if (op == PLD_MIN)
        return wide ? INT64_MAX : INT32_MAX;
    if (op == PLD_MAX)
        return wide ? INT64_MIN : INT32_MIN;
    return 0;
}

static double empty_real(pld_op op)
{
    if (op == PLD_SUM)
        return 0;
    return op == PLD_MIN ? INFINITY : -INFINITY;
}

pld_status pld_accumulator_start(struct pld_accumulator *acc, pld_op op,
                                 pld_type type)
{
    PLD_TRY(pld_reduce_check_kind(op, type));
    *acc = (struct pld_accumulator){.op = op,
                                    .type = type,
                                    .f64 = {empty_real(op), 0},
                                    .i64 = empty_integer(op, type)};
    return PLD_OK;
}

static int64_t combine_integers(pld_op op, int64_t a, int64_t b)
{
    if (op == PLD_SUM)
        return (int64_t)((uint64_t)a + (uint64_t)b);
    return (a < b) == (op == PLD_MIN) ? a : b;
}

static double combine_reals(pld_op op, double a, double b)
{
    if (op == PLD_SUM)
        return a + b;
    return op == PLD_MIN ? pld_least(a, b) : pld_greatest(a, b);
}

/* Wrapped memory need not be aligned for its type, hence the copies. */
static int64_t load_integer(pld_type type, const char *from)
{
    if (type == PLD_I64) {
        int64_t value;
        memcpy(&value, from, sizeof value);
        return value;
    }
    int32_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static double load_real(pld_type type, const char *from)
{
    if (type == PLD_F32) {
        float value;
        memcpy(&value, from, sizeof value);
        return (double)value;
    }
    double value;
    memcpy(&value, from, sizeof value);
    return value;
}

static void add_integers(struct pld_accumulator *acc, const char *in,
                         int64_t count, int64_t stride)
{
    int64_t value = acc->i64;
    for (int64_t i = 0; i < count; i++)
        value = combine_integers(acc->op, value,
                                 load_integer(acc->type, in + i * stride));
    acc->i64 = value;
}

static void add_reals(struct pld_accumulator *acc, const char *in,
                      int64_t count, int64_t stride)
{
    double value = acc->f64[0];
    for (int64_t i = 0; i < count; i++)
        value = combine_reals(acc->op, value,
                              load_real(acc->type, in + i * stride));
    acc->f64[0] = value;
}

static void add_complex(struct pld_accumulator *acc, const char *in,
                        int64_t count, int64_t stride)
{
    for (int64_t i = 0; i < count; i++) {
        double value[2];
        memcpy(value, in + i * stride, sizeof value);
        acc->f64[0] += value[0];
        acc->f64[1] += value[1];
    }
}

void pld_accumulator_add(struct pld_accumulator *acc, const void *in,
                         int64_t count, int64_t stride)
{
    if (is_integer(acc->type))
        add_integers(acc, in, count, stride);
    else if (acc->type == PLD_C128)
        add_complex(acc, in, count, stride);
    else
        add_reals(acc, in, count, stride);
}

static void store(const struct pld_accumulator *acc, void *out)
{
    float f32 = (float)acc->f64[0];
    int32_t i32 = (int32_t)acc->i64;
    switch (acc->type) {
    case PLD_F32:
        memcpy(out, &f32, sizeof f32);
        break;
    case PLD_I32:
        memcpy(out, &i32, sizeof i32);
        break;
    case PLD_I64:
        memcpy(out, &acc->i64, sizeof acc->i64);
        break;
    default:
        memcpy(out, acc->f64, pld_type_size(acc->type));
    }
}

pld_status pld_accumulator_finish(pld_ctx *ctx, struct pld_accumulator *acc,
                                  void *out)
{
    pld_type real = acc->type == PLD_C128 ? PLD_C128 : PLD_F64;
    if (is_integer(acc->type))
        PLD_TRY(pld_reduce(ctx, acc->op, PLD_I64, &acc->i64, 1, &acc->i64));
    else
        PLD_TRY(pld_reduce(ctx, acc->op, real, acc->f64, 1, acc->f64));
    store(acc, out);
    return PLD_OK;
}
