#include "par/reduce.h"
#include "par/context.h"
#include "par/elements.h"
#include "par/message.h"
#include "par/reduction.h"
#include "base/alloc.h"
#include "base/exact_environment.h"

#include <string.h>

/* Elementwise exact sums over the ranks. Few elements go as exact sums, in one
 * message. Of many, each rank gets all values of its share of the elements,
 * adds them up and sends the results: as many bytes as a plain sum. */

enum { FEW = 16, MAX_AT_ONCE = 1024, CHUNK = 65536, BLOCK = 256 };

/* --- Few elements --------------------------------------------------------- */

static pld_status pack_each(pld_type type, const char *in, int n,
                            int64_t *words)
{
    size_t size = pld_type_size(type);
    for (int i = 0; i < n; i++) {
        pld_exact sum;
        pld_exact_clear(&sum);
        PLD_TRY(pld_exact_add(&sum, type, 1, in + (size_t)i * size, 1));
        PLD_TRY(pld_exact_pack(&sum, PLD_EXACT_SUMS,
                               words + i * PLD_EXACT_SUM_WORDS));
    }
    return PLD_OK;
}

static pld_status unpack_each(pld_type type, const int64_t *words, int n,
                              char *out)
{
    size_t size = pld_type_size(type);
    for (int i = 0; i < n; i++) {
        pld_exact sum;
        PLD_TRY(pld_exact_unpack(words + i * PLD_EXACT_SUM_WORDS,
                                 PLD_EXACT_SUMS, &sum));
        pld_exact_store(&sum, type, out + (size_t)i * size);
    }
    return PLD_OK;
}

static pld_status sum_few(pld_ctx *ctx, pld_type type, const char *in, int n,
                          char *out)
{
    int64_t *words = NULL;
    pld_status status = PLD_OK;
    PLD_TRY(pld_alloc("exact sums", n, PLD_EXACT_SUM_WORDS * sizeof *words,
                      &words));
    PLD_TRY_TO(out, pack_each(type, in, n, words));
    PLD_TRY_MPI_TO(out,
                   MPI_Allreduce(MPI_IN_PLACE, words, n * PLD_EXACT_SUM_WORDS,
                                 MPI_UINT64_T, MPI_SUM, ctx->comm));
    status = unpack_each(type, words, n, out);
out:
    pld_free(words);
    return status;
}

/* --- Many elements -------------------------------------------------------- */

static const char *row_of(const struct pld_columns *columns, int rank)
{
    if (columns->rows != NULL)
        return columns->rows[rank];
    return columns->data +
           rank * columns->n * (int64_t)pld_type_size(columns->type);
}

static void sum_again(const struct pld_columns *columns, int64_t i, char *out)
{
    size_t size = pld_type_size(columns->type);
    pld_exact sum;
    pld_exact_clear(&sum);
    for (int r = 0; r < columns->nranks; r++) {
        pld_status status = pld_exact_add(
            &sum, columns->type, 1, row_of(columns, r) + (size_t)i * size, 1);
        (void)status; /* can only refuse arguments */
    }
    pld_exact_store(&sum, columns->type, out + (size_t)i * size);
}

/* A value is added to `high`, what that loses to `low`, and if even that loses
 * anything, `lost` says so: without, the sum is high + low exactly. */
struct pairs {
    double high[BLOCK];
    double low[BLOCK];
    double lost[BLOCK];
};

static void add_values(struct pairs *pairs, int n, const double *x)
{
    for (int i = 0; i < n; i++) {
        double high = pairs->high[i] + x[i];
        double part = high - pairs->high[i];
        double rest = (pairs->high[i] - (high - part)) + (x[i] - part);
        double low = pairs->low[i] + rest;
        part = low - pairs->low[i];
        double lost = (pairs->low[i] - (low - part)) + (rest - part);
        pairs->high[i] = high;
        pairs->low[i] = low;
        pairs->lost[i] += lost < 0 ? -lost : lost;
    }
}

static void start_pairs(struct pairs *pairs, int n)
{
    for (int i = 0; i < n; i++)
        pairs->low[i] = pairs->lost[i] = 0;
}

/* Not inlined: see exact_environment.h. */
static __attribute__((noinline)) void
sum_block(const struct pld_columns *columns, int64_t first, int n, char *out)
{
    struct pairs pairs;
    double x[BLOCK];
    size_t size = pld_type_size(columns->type);
    bool single = columns->type == PLD_F32;
    start_pairs(&pairs, n);
    for (int r = 0; r < columns->nranks; r++) {
        const char *row = row_of(columns, r) + (size_t)first * size;
        pld_load_doubles(columns->type, n, row, 1, r == 0 ? pairs.high : x);
        if (r > 0)
            add_values(&pairs, n, x);
    }
    for (int i = 0; i < n; i++) {
        double sum = pairs.high[i] + pairs.low[i];
        float f32 = (float)sum;
        bool good = sum - sum == 0 && pairs.lost[i] == 0 &&
                    (!single || pairs.low[i] == 0);
        if (good)
            memcpy(out + (size_t)(first + i) * size,
                   single ? (const void *)&f32 : (const void *)&sum, size);
        else
            sum_again(columns, first + i, out);
    }
}

/* Of two doubles, the processor's own sum is as good; but infinities and NaNs
 * are looked at again, and -0 + -0 is +0 here. Not inlined, as above. */
static __attribute__((noinline)) void sum_two(const struct pld_columns *columns,
                                              double *out)
{
    const double *a = (const void *)row_of(columns, 0);
    const double *b = (const void *)row_of(columns, 1);
    bool good = true;
    for (int64_t i = 0; i < columns->n; i++) {
        out[i] = a[i] + b[i] + 0.0;
        good &= out[i] - out[i] == 0;
    }
    for (int64_t i = 0; i < columns->n && !good; i++)
        if (out[i] - out[i] != 0)
            sum_again(columns, i, (char *)out);
}

void pld_sum_columns(const struct pld_columns *columns, void *out)
{
    pld_environment saved = pld_environment_enter();
    if (columns->nranks == 2 && columns->type == PLD_F64) {
        sum_two(columns, out);
        pld_environment_leave(saved);
        return;
    }
    for (int64_t i = 0; i < columns->n; i += BLOCK) {
        int64_t left = columns->n - i;
        sum_block(columns, i, (int)(left < BLOCK ? left : BLOCK), out);
    }
    pld_environment_leave(saved);
}

/* Room for a chunk three times: what is sent and comes out at the end, what
 * is received, the own share. */
static pld_status sum_chunk(pld_ctx *ctx, pld_type type, const char *in,
                            int64_t n, char *room, char *out)
{
    size_t size = pld_type_size(type);
    int64_t share = (n + ctx->nranks - 1) / ctx->nranks;
    size_t bytes = (size_t)share * size;
    char *received = room + bytes * (size_t)ctx->nranks;
    char *own = received + bytes * (size_t)ctx->nranks;
    memcpy(room, in, (size_t)n * size);
    memset(room + (size_t)n * size, 0,
           bytes * (size_t)ctx->nranks - (size_t)n * size);
    PLD_TRY_MPI(MPI_Alltoall(room, (int)bytes, MPI_BYTE, received, (int)bytes,
                             MPI_BYTE, ctx->comm));
    struct pld_columns columns = {
        .type = type, .nranks = ctx->nranks, .n = share, .data = received};
    pld_sum_columns(&columns, own);
    PLD_TRY_MPI(MPI_Allgather(own, (int)bytes, MPI_BYTE, room, (int)bytes,
                              MPI_BYTE, ctx->comm));
    memcpy(out, room, (size_t)n * size);
    return PLD_OK;
}

static pld_status sum_many(pld_ctx *ctx, pld_type type, const char *in,
                           int64_t count, char *out)
{
    int64_t size = (int64_t)pld_type_size(type);
    int64_t most = ctx->nranks > CHUNK ? ctx->nranks : CHUNK;
    most = count < most ? count : most;
    int64_t padded = most + ctx->nranks;
    char *room = NULL;
    pld_status status = PLD_OK;
    PLD_TRY(pld_alloc("sums over the ranks", 3 * padded, (size_t)size, &room));
    for (int64_t done = 0; done < count; done += most) {
        int64_t n = count - done < most ? count - done : most;
        PLD_TRY_TO(out, sum_chunk(ctx, type, in + done * size, n, room,
                                  out + done * size));
    }
out:
    pld_free(room);
    return status;
}

pld_status pld_reduce_exactly(pld_ctx *ctx, pld_type type, const void *in,
                              int64_t count, void *out)
{
    if (type == PLD_C128)
        return pld_reduce_exactly(ctx, PLD_F64, in, 2 * count, out);
    if (count > FEW && count >= ctx->nranks)
        return sum_many(ctx, type, in, count, out);
    int64_t size = (int64_t)pld_type_size(type);
    for (int64_t done = 0; done < count; done += MAX_AT_ONCE) {
        int64_t n = count - done < MAX_AT_ONCE ? count - done : MAX_AT_ONCE;
        PLD_TRY(sum_few(ctx, type, (const char *)in + done * size, (int)n,
                        (char *)out + done * size));
    }
    return PLD_OK;
}
