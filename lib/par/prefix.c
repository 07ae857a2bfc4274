#include "polder/reduction.h"
#include "par/context.h"
#include "par/elements.h"
#include "par/reduction.h"
#include "base/overflow.h"
#include "polder/agree.h"

#include <string.h>

/* Part `part` of n elements of `parts` numbers each. */
struct numbers {
    pld_type type;
    int64_t n;
    int64_t step; /* bytes from one to the next */
    const char *in;
    char *out;
};

/* The sum of what lower ranks have, from the sum of what each has. */
static pld_status sum_of_lower(pld_ctx *ctx, const pld_exact *own,
                               pld_exact *lower)
{
    int64_t mine[PLD_EXACT_SUM_WORDS];
    int64_t words[PLD_EXACT_SUM_WORDS] = {0};
    PLD_TRY(pld_exact_pack(own, PLD_EXACT_SUMS, mine));
    PLD_TRY_MPI(MPI_Exscan(mine, words, PLD_EXACT_SUM_WORDS, MPI_INT64_T,
                           MPI_SUM, ctx->comm));
    if (ctx->rank == 0)
        memset(words, 0, sizeof words);
    return pld_exact_unpack(words, PLD_EXACT_SUMS, lower);
}

static pld_status scan_reals(pld_ctx *ctx, const struct numbers *x)
{
    pld_exact sum;
    pld_exact own;
    int64_t size = (int64_t)pld_type_size(x->type);
    pld_exact_clear(&own);
    PLD_TRY(pld_exact_add(&own, x->type, x->n, x->in, x->step / size));
    PLD_TRY(sum_of_lower(ctx, &own, &sum));
    for (int64_t i = 0; i < x->n; i++) {
        char element[sizeof(double)];
        memcpy(element, x->in + i * x->step, (size_t)size);
        pld_exact_store(&sum, x->type, x->out + i * x->step);
        PLD_TRY(pld_exact_add(&sum, x->type, 1, element, 1));
    }
    return PLD_OK;
}

static pld_status scan_integers(pld_ctx *ctx, const struct numbers *x)
{
    uint64_t own = 0;
    uint64_t sum = 0;
    int64_t key = 0;
    for (int64_t i = 0; i < x->n; i++) {
        pld_load_keys(x->type, 1, x->in + i * x->step, 1, &key);
        own += (uint64_t)key;
    }
    PLD_TRY_MPI(MPI_Exscan(&own, &sum, 1, MPI_UINT64_T, MPI_SUM, ctx->comm));
    if (ctx->rank == 0)
        sum = 0;
    for (int64_t i = 0; i < x->n; i++) {
        pld_load_keys(x->type, 1, x->in + i * x->step, 1, &key);
        pld_store_key(x->type, (int64_t)sum, x->out + i * x->step);
        sum += (uint64_t)key;
    }
    return PLD_OK;
}

static pld_status scan(pld_ctx *ctx, pld_type type, const char *in,
                       int64_t count, char *out)
{
    int64_t step = (int64_t)pld_type_size(type);
    struct numbers numbers = {type, count, step, in, out};
    if (pld_type_is_integer(type))
        return scan_integers(ctx, &numbers);
    if (type == PLD_C128)
        numbers.type = PLD_F64;
    PLD_TRY(scan_reals(ctx, &numbers));
    if (type != PLD_C128)
        return PLD_OK;
    numbers.in += sizeof(double);
    numbers.out += sizeof(double);
    return scan_reals(ctx, &numbers);
}

static pld_status check(pld_type type, const void *in, int64_t count,
                        const void *out)
{
    PLD_CHECK(pld_type_size(type) > 0, PLD_ERR_TYPE,
              "type %d is not an element type", (int)type);
    PLD_CHECK(count >= 0, PLD_ERR_ARG, "count %lld is negative",
              (long long)count);
    PLD_CHECK(in != NULL || count == 0, PLD_ERR_ARG,
              "in is NULL, but count is %lld", (long long)count);
    PLD_CHECK(out != NULL || count == 0, PLD_ERR_ARG,
              "out is NULL, but count is %lld", (long long)count);
    return PLD_OK;
}

pld_status pld_prefix(pld_ctx *ctx, pld_type type, const void *in,
                      int64_t count, void *out)
{
    PLD_CHECK(ctx != NULL, PLD_ERR_ARG, "ctx is NULL");
    pld_phase_begin(ctx, PLD_PHASE_REDUCE);
    pld_status status = pld_agree(ctx, check(type, in, count, out));
    if (status == PLD_OK)
        status = scan(ctx, type, in, count, out);
    pld_phase_end(ctx, PLD_PHASE_REDUCE);
    return status;
}
