#include "par/board.h"
#include "par/elements.h"
#include "par/exact_sums.h"
#include "par/reduce.h"
#include "par/reduction.h"
#include "base/exact.h"

#include <string.h>

/* Elements of all ranks, read from their records and combined in the order of
 * the ranks. Or they are merged on the way: then those that are added up go as
 * exact sums, which take more words. */
struct elements {
    pld_op op;
    pld_type type; /* a real one or an integer */
    int64_t n;
};

static bool goes_exactly(pld_op op, pld_type type)
{
    return op == PLD_SUM && !pld_type_is_integer(type);
}

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
    for (int i = 1; i < rows->nranks; i++)
        combine(op, rows->type, rows->rows[i], out, rows->n);
    if (op != PLD_FAST_SUM && real)
        pld_unify_nans(rows->type, out, rows->n);
}

/* --- Merging -------------------------------------------------------------- */

/* Of sums of doubles: their limbs, carries and a head. */
enum { SUM_WORDS = PLD_EXACT_SUM_WORDS + 2 };

static int64_t words_of_bytes(int64_t bytes)
{
    return (bytes + 7) / 8;
}

static int64_t write_exactly(const struct elements *elements, const void *in,
                             int64_t *words)
{
    const int64_t *start = words;
    const char *from = in;
    size_t size = pld_type_size(elements->type);
    for (int64_t i = 0; i < elements->n; i++) {
        double x;
        pld_load_doubles(elements->type, 1, from + (size_t)i * size, 1, &x);
        words += pld_exact_write_double(x, words);
    }
    return words - start;
}

static void store_exactly(const struct elements *elements, const int64_t *words,
                          void *out)
{
    char *to = out;
    size_t size = pld_type_size(elements->type);
    pld_exact sum;
    pld_exact_clear(&sum);
    for (int64_t i = 0; i < elements->n; i++) {
        words += pld_exact_read(&sum, words);
        pld_exact_store(&sum, elements->type, to + (size_t)i * size);
        pld_exact_wipe(&sum);
    }
}

static int64_t merge(const void *how, int n, const int64_t *const *records,
                     int64_t *out)
{
    const struct elements *elements = how;
    if (goes_exactly(elements->op, elements->type))
        return pld_exact_sums_merge(elements->n, n, records, out);
    const char *rows[PLD_BOARD_MOST_RECORDS];
    for (int i = 0; i < n; i++)
        rows[i] = (const char *)records[i];
    struct pld_columns columns = {
        .type = elements->type, .nranks = n, .n = elements->n, .rows = rows};
    combine_all(&columns, elements->op, out);
    return words_of_bytes(elements->n * (int64_t)pld_type_size(elements->type));
}

/* --- Reductions ----------------------------------------------------------- */

static struct elements elements_of(pld_op op, pld_type type, int64_t count)
{
    bool complex = type == PLD_C128;
    return (struct elements){op, complex ? PLD_F64 : type,
                             complex ? 2 * count : count};
}

bool pld_reduce_fits_board(const pld_ctx *ctx, pld_op op, pld_type type,
                           int64_t count)
{
    int64_t room = 8 * pld_board_nwords(ctx->board);
    int64_t each = (int64_t)pld_type_size(type);
    if (pld_board_merges(ctx->board) && goes_exactly(op, type))
        each = 8 * SUM_WORDS * pld_type_parts(type);
    return count <= room && count * each <= room;
}

uint64_t pld_reduce_call(pld_op op, pld_type type, int64_t count)
{
    return ((uint64_t)count << 16 | (uint64_t)op << 8 | (uint64_t)type) *
           UINT64_C(0x9e3779b97f4a7c15);
}

static void post(pld_ctx *ctx, pld_op op, pld_type type, const void *in,
                 int64_t count)
{
    struct elements elements = elements_of(op, type, count);
    int64_t bytes = count * (int64_t)pld_type_size(type);
    int64_t nwords = words_of_bytes(bytes);
    int64_t *room = pld_board_room(ctx->board);
    if (pld_board_merges(ctx->board) && goes_exactly(op, type))
        nwords = write_exactly(&elements, in, room);
    else if (count > 0)
        memcpy(room, in, (size_t)bytes);
    pld_board_post(ctx->board, pld_reduce_call(op, type, count), nwords);
}

static void conclude(pld_ctx *ctx, const struct elements *elements, void *out)
{
    const char *rows[PLD_BOARD_MOST_RECORDS];
    struct pld_columns columns = {.type = elements->type,
                                  .nranks = pld_board_nrecords(ctx->board),
                                  .n = elements->n,
                                  .rows = rows};
    for (int i = 0; i < columns.nranks; i++)
        rows[i] = (const char *)pld_board_of(ctx->board, i);
    if (elements->n == 0)
        return;
    if (pld_board_merges(ctx->board) &&
        goes_exactly(elements->op, elements->type))
        store_exactly(elements, pld_board_of(ctx->board, 0), out);
    else
        combine_all(&columns, elements->op, out);
}

pld_status pld_reduce_by_board(pld_ctx *ctx, pld_op op, pld_type type,
                               const void *in, int64_t count, void *out)
{
    struct elements elements = elements_of(op, type, count);
    post(ctx, op, type, in, count);
    PLD_TRY(pld_board_wait(ctx->board, merge, &elements));
    conclude(ctx, &elements, out);
    return PLD_OK;
}
