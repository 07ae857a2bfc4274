#include "par/board.h"
#include "par/elements.h"
#include "par/reduce.h"

#include <string.h>

/* Elements of all ranks, read from their records and combined in the order of
 * the ranks. */

static void add_integers(pld_type type, const void *in, void *inout, int64_t n)
{
    const uint64_t *a64 = in;
    uint64_t *b64 = inout;
    const uint32_t *a32 = in;
    uint32_t *b32 = inout;
    for (int64_t i = 0; i < n; i++)
        if (type == PLD_I64)
            b64[i] += a64[i];
        else
            b32[i] += a32[i];
}

static void add_reals(pld_type type, const void *in, void *inout, int64_t n)
{
    const double *a64 = in;
    double *b64 = inout;
    const float *a32 = in;
    float *b32 = inout;
    for (int64_t i = 0; i < n; i++)
        if (type == PLD_F32)
            b32[i] += a32[i];
        else
            b64[i] += a64[i];
}

static void choose_integers(pld_op op, pld_type type, const void *in,
                            void *inout, int64_t n)
{
    const int64_t *a64 = in;
    int64_t *b64 = inout;
    const int32_t *a32 = in;
    int32_t *b32 = inout;
    for (int64_t i = 0; i < n; i++)
        if (type == PLD_I64)
            b64[i] = (a64[i] < b64[i]) == (op == PLD_MIN) ? a64[i] : b64[i];
        else
            b32[i] = (a32[i] < b32[i]) == (op == PLD_MIN) ? a32[i] : b32[i];
}

static void combine(pld_op op, pld_type type, const void *in, void *inout,
                    int64_t n)
{
    bool sum = op == PLD_SUM || op == PLD_FAST_SUM;
    if (pld_type_is_integer(type) && sum)
        add_integers(type, in, inout, n);
    else if (pld_type_is_integer(type))
        choose_integers(op, type, in, inout, n);
    else if (sum)
        add_reals(type, in, inout, n);
    else
        pld_choose_elements(op, type, in, inout, n);
}

static void combine_all(const struct pld_columns *rows, pld_op op, void *out)
{
    bool real = !pld_type_is_integer(rows->type);
    if (op == PLD_SUM && real) {
        pld_sum_columns(rows, out);
        return;
    }
    memcpy(out, rows->rows[0], (size_t)rows->n * pld_type_size(rows->type));
    for (int rank = 1; rank < rows->nranks; rank++)
        combine(op, rows->type, rows->rows[rank], out, rows->n);
    if (op != PLD_FAST_SUM && real)
        pld_unify_nans(rows->type, out, rows->n);
}

static uint64_t call_of(pld_op op, pld_type type, int64_t count)
{
    return ((uint64_t)count << 16 | (uint64_t)op << 8 | (uint64_t)type) *
           UINT64_C(0x9e3779b97f4a7c15);
}

pld_status pld_reduce_by_board(pld_ctx *ctx, pld_op op, pld_type type,
                               const void *in, int64_t count, void *out)
{
    const char *rows[PLD_BOARD_MOST_RANKS];
    int64_t bytes = count * (int64_t)pld_type_size(type);
    if (count > 0)
        memcpy(pld_board_room(ctx->board), in, (size_t)bytes);
    pld_board_post(ctx->board, call_of(op, type, count), (bytes + 7) / 8);
    PLD_TRY(pld_board_wait(ctx->board));
    for (int rank = 0; rank < ctx->nranks; rank++)
        rows[rank] = (const char *)pld_board_of(ctx->board, rank);
    struct pld_columns columns = {
        .type = type, .nranks = ctx->nranks, .n = count, .rows = rows};
    if (type == PLD_C128) {
        columns.type = PLD_F64;
        columns.n = 2 * count;
    }
    if (count > 0)
        combine_all(&columns, op, out);
    return PLD_OK;
}
