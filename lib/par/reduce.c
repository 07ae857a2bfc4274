#include "polder/reduce.h"
#include "par/reduce.h"
#include "par/agree.h"
#include "par/board.h"
#include "par/context.h"
#include "par/elements.h"
#include "par/message.h"
#include "par/reduction.h"
#include "base/overflow.h"
#include "polder/agree.h"

/* A loop for each operation and type. */
#define CHOOSE(choose, element, in, inout, count)                              \
    do {                                                                       \
        const element *a_ = (in);                                              \
        element *b_ = (inout);                                                 \
        for (int64_t i = 0; i < (count); i++)                                  \
            b_[i] = (element)choose((double)a_[i], (double)b_[i]);             \
    } while (0)

void pld_choose_elements(pld_op op, pld_type type, const void *in, void *inout,
                         int64_t count)
{
    if (op == PLD_MIN && type == PLD_F32)
        CHOOSE(pld_least, float, in, inout, count);
    else if (op == PLD_MIN)
        CHOOSE(pld_least, double, in, inout, count);
    else if (type == PLD_F32)
        CHOOSE(pld_greatest, float, in, inout, count);
    else
        CHOOSE(pld_greatest, double, in, inout, count);
}

static void combine_min(void *in, void *inout, int *count, MPI_Datatype *type)
{
    pld_choose_elements(PLD_MIN, *type == MPI_FLOAT ? PLD_F32 : PLD_F64, in,
                        inout, *count);
}

static void combine_max(void *in, void *inout, int *count, MPI_Datatype *type)
{
    pld_choose_elements(PLD_MAX, *type == MPI_FLOAT ? PLD_F32 : PLD_F64, in,
                        inout, *count);
}

pld_status pld_reduce_make_ops(pld_ctx *ctx)
{
    PLD_TRY_MPI(MPI_Op_create(combine_min, 1, &ctx->min_op));
    PLD_TRY_MPI(MPI_Op_create(combine_max, 1, &ctx->max_op));
    return PLD_OK;
}

void pld_reduce_free_ops(pld_ctx *ctx)
{
    if (ctx->min_op != MPI_OP_NULL)
        MPI_Op_free(&ctx->min_op);
    if (ctx->max_op != MPI_OP_NULL)
        MPI_Op_free(&ctx->max_op);
}

/* How the elements of a type go through MPI: c128 as two doubles, integer sums
 * without sign because only those may wrap. */
struct carrier {
    MPI_Datatype type;
    MPI_Op op;
    int per_element;
};

static struct carrier find_carrier(const pld_ctx *ctx, pld_op op, pld_type type)
{
    bool sum = op == PLD_SUM || op == PLD_FAST_SUM;
    MPI_Op integer_op = sum ? MPI_SUM : op == PLD_MIN ? MPI_MIN : MPI_MAX;
    MPI_Op real_op = sum ? MPI_SUM : op == PLD_MIN ? ctx->min_op : ctx->max_op;
    switch (type) {
    case PLD_I64:
        return (struct carrier){sum ? MPI_UINT64_T : MPI_INT64_T, integer_op,
                                1};
    case PLD_I32:
        return (struct carrier){sum ? MPI_UINT32_T : MPI_INT32_T, integer_op,
                                1};
    case PLD_F32:
        return (struct carrier){MPI_FLOAT, real_op, 1};
    case PLD_C128:
        return (struct carrier){MPI_DOUBLE, real_op, 2};
    default:
        return (struct carrier){MPI_DOUBLE, real_op, 1};
    }
}

void pld_unify_nans(pld_type type, void *out, int64_t count)
{
    double *f64 = out;
    float *f32 = out;
    for (int64_t i = 0; i < count; i++)
        if (type == PLD_F64)
            f64[i] = isnan(f64[i]) ? NAN : f64[i];
        else
            f32[i] = isnan(f32[i]) ? NAN : f32[i];
}

static pld_status combine_ranks(pld_ctx *ctx, pld_op op, pld_type type,
                                const void *in, int64_t count, void *out)
{
    struct carrier carrier = find_carrier(ctx, op, type);
    int64_t size = (int64_t)pld_type_size(type);
    int64_t most = pld_message_limit() / size;
    if (most < 1)
        most = 1;
    for (int64_t done = 0; done < count; done += most) {
        int64_t n = count - done < most ? count - done : most;
        char *to = (char *)out + done * size;
        const void *from =
            in == out ? MPI_IN_PLACE : (const char *)in + done * size;
        PLD_TRY_MPI(MPI_Allreduce(from, to, (int)n * carrier.per_element,
                                  carrier.type, carrier.op, ctx->comm));
    }
    if ((op == PLD_MIN || op == PLD_MAX) && !pld_type_is_integer(type))
        pld_unify_nans(type, out, count);
    return PLD_OK;
}

pld_status pld_reduce_check_kind(pld_op op, pld_type type)
{
    PLD_CHECK((int)op >= 0 && op < PLD_OP_COUNT, PLD_ERR_ARG,
              "op %d is not PLD_SUM, PLD_MIN, PLD_MAX or PLD_FAST_SUM",
              (int)op);
    PLD_CHECK(pld_type_size(type) > 0, PLD_ERR_TYPE,
              "type %d is not an element type", (int)type);
    PLD_CHECK(op == PLD_SUM || op == PLD_FAST_SUM || type != PLD_C128,
              PLD_ERR_TYPE, "c128 has no minimum or maximum: only PLD_SUM");
    return PLD_OK;
}

static pld_status check_array(const void *in, int64_t count)
{
    PLD_CHECK(count >= 0, PLD_ERR_ARG, "count %lld is negative",
              (long long)count);
    PLD_CHECK(in != NULL || count == 0, PLD_ERR_ARG,
              "in is NULL, but count is %lld", (long long)count);
    return PLD_OK;
}

static pld_status check_arguments(pld_op op, pld_type type, const void *in,
                                  int64_t count, const void *out)
{
    PLD_TRY(pld_reduce_check_kind(op, type));
    PLD_TRY(check_array(in, count));
    PLD_CHECK(out != NULL || count == 0, PLD_ERR_ARG,
              "out is NULL, but count is %lld", (long long)count);
    int64_t bytes = 0;
    PLD_CHECK(pld_mul_fits(count, (int64_t)pld_type_size(type), &bytes),
              PLD_ERR_OVERFLOW, "count %lld is too large", (long long)count);
    uintptr_t a = (uintptr_t)in;
    uintptr_t b = (uintptr_t)out;
    uintptr_t n = (uintptr_t)bytes;
    PLD_CHECK(a == b || a + n <= b || b + n <= a, PLD_ERR_ARG,
              "in and out overlap without being the same");
    return PLD_OK;
}

/* A rank whose arguments are wrong says so to the others, who wait for it: in
 * place of its elements, or, where these are many, before. */
static pld_status agree(pld_ctx *ctx, pld_status status, pld_op op,
                        pld_type type, int64_t count)
{
    if (status != PLD_OK)
        return pld_board_fail(ctx->board, status);
    if (pld_reduce_fits_board(ctx, op, type, count))
        return PLD_OK;
    return pld_agree_call(ctx, pld_reduce_call(op, type, count));
}

pld_status pld_reduce(pld_ctx *ctx, pld_op op, pld_type type, const void *in,
                      int64_t count, void *out)
{
    PLD_CHECK(ctx != NULL, PLD_ERR_ARG, "ctx is NULL");
    pld_status status = check_arguments(op, type, in, count, out);
    PLD_TRY(agree(ctx, status, op, type, count));
    pld_phase_begin(ctx, PLD_PHASE_REDUCE);
    if (pld_reduce_fits_board(ctx, op, type, count))
        status = pld_reduce_by_board(ctx, op, type, in, count, out);
    else if (op == PLD_SUM && !pld_type_is_integer(type))
        status = pld_reduce_exactly(ctx, type, in, count, out);
    else
        status = combine_ranks(ctx, op, type, in, count, out);
    pld_phase_end(ctx, PLD_PHASE_REDUCE);
    PLD_TRY(status);
    return PLD_OK;
}

pld_term pld_reduce_term(pld_op op, pld_type type, pld_box box, pld_operand x,
                         void *out)
{
    return (pld_term){.what = op == PLD_MIN   ? PLD_MEASURE_MIN
                              : op == PLD_MAX ? PLD_MEASURE_MAX
                                              : PLD_MEASURE_SUM,
                      .type = type,
                      .flags = op == PLD_FAST_SUM ? PLD_FAST : 0,
                      .box = box,
                      .x = x,
                      .out = out};
}

static pld_status check_whole(pld_op op, pld_type type, const void *in,
                              int64_t count, const void *out)
{
    PLD_CHECK(out != NULL, PLD_ERR_ARG, "out is NULL");
    PLD_TRY(check_array(in, count));
    PLD_TRY(pld_reduce_check_kind(op, type));
    return PLD_OK;
}

pld_status pld_reduce_array(pld_ctx *ctx, pld_op op, pld_type type,
                            const void *in, int64_t count, void *out)
{
    PLD_CHECK(ctx != NULL, PLD_ERR_ARG, "ctx is NULL");
    pld_status status = check_whole(op, type, in, count, out);
    if (status != PLD_OK)
        return pld_board_fail(ctx->board, status);
    pld_box box = {.count = {1, 1, count}};
    pld_term term =
        pld_reduce_term(op, type, box, (pld_operand){.data = in}, out);
    return pld_reduction_once(ctx, 1, &term);
}

pld_status pld_reduce_f64(pld_ctx *ctx, pld_op op, double in, double *out)
{
    PLD_TRY(pld_reduce(ctx, op, PLD_F64, &in, 1, out));
    return PLD_OK;
}
