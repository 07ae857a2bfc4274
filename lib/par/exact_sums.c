#include "par/exact_sums.h"

#include "base/alloc.h"
#include "polder/reduce.h"

static pld_status combine(pld_ctx *ctx, int64_t n, pld_exact *sums,
                          int64_t *words)
{
    int64_t each = pld_exact_words(PLD_EXACT_PRODUCTS);
    for (int64_t i = 0; i < n; i++)
        PLD_TRY(pld_exact_pack(&sums[i], PLD_EXACT_PRODUCTS, words + i * each));
    PLD_TRY(pld_reduce(ctx, PLD_SUM, PLD_I64, words, n * each, words));
    for (int64_t i = 0; i < n; i++)
        PLD_TRY(
            pld_exact_unpack(words + i * each, PLD_EXACT_PRODUCTS, &sums[i]));
    return PLD_OK;
}

pld_status pld_exact_sums_combine(pld_ctx *ctx, int64_t n, pld_exact *sums)
{
    int64_t *words = NULL;
    PLD_TRY(pld_alloc("words of sums", n * pld_exact_words(PLD_EXACT_PRODUCTS),
                      sizeof *words, &words));
    pld_status status = combine(ctx, n, sums, words);
    pld_free(words);
    return status;
}
