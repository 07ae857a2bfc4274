#include "par/exact_sums.h"

#include "base/alloc.h"
#include "base/exact.h"
#include "par/board.h"
#include "par/envelope.h"
#include "polder/reduce.h"

/* What a board is told that this is. */
enum { CALL = 0x73756d73 };

/* Sums take as many words as they need. */
static pld_status combine_by_board(pld_ctx *ctx, int64_t n, pld_exact *sums)
{
    int64_t *words = pld_board_room(ctx->board);
    int64_t *end = words;
    for (int64_t i = 0; i < n; i++)
        end += pld_exact_write(&sums[i], end);
    pld_board_post(ctx->board, CALL ^ (uint64_t)n << 32, end - words);
    PLD_TRY(pld_board_wait(ctx->board));
    for (int64_t i = 0; i < n; i++)
        pld_exact_wipe(&sums[i]);
    for (int rank = 0; rank < ctx->nranks; rank++) {
        const int64_t *at = pld_board_of(ctx->board, rank);
        for (int64_t i = 0; i < n; i++)
            at += pld_exact_read(&sums[i], at);
    }
    return PLD_OK;
}

/* As a record of words to be added up: see reduction_wire.c. */
enum { HEADER = 2 };

static pld_status send(pld_ctx *ctx, int64_t n, int64_t *words)
{
    int64_t nadd = n * pld_exact_words(PLD_EXACT_PRODUCTS);
    words[0] = nadd;
    words[1] = 0;
    if (HEADER + nadd <= PLD_ENVELOPE_WORDS)
        return pld_envelope_exchange(ctx, PLD_OK, CALL ^ (uint64_t)n << 32,
                                     HEADER + nadd, words);
    return pld_reduce(ctx, PLD_SUM, PLD_I64, words + HEADER, nadd,
                      words + HEADER);
}

static pld_status combine_words(pld_ctx *ctx, int64_t n, pld_exact *sums,
                                int64_t *words)
{
    int64_t each = pld_exact_words(PLD_EXACT_PRODUCTS);
    int64_t *at = words + HEADER;
    for (int64_t i = 0; i < n; i++)
        PLD_TRY(pld_exact_pack(&sums[i], PLD_EXACT_PRODUCTS, at + i * each));
    PLD_TRY(send(ctx, n, words));
    for (int64_t i = 0; i < n; i++)
        PLD_TRY(pld_exact_unpack(at + i * each, PLD_EXACT_PRODUCTS, &sums[i]));
    return PLD_OK;
}

static pld_status combine_by_messages(pld_ctx *ctx, int64_t n, pld_exact *sums)
{
    int64_t *words = NULL;
    int64_t nwords = HEADER + n * pld_exact_words(PLD_EXACT_PRODUCTS);
    PLD_TRY(pld_alloc("words of sums", nwords, sizeof *words, &words));
    pld_status status = combine_words(ctx, n, sums, words);
    pld_free(words);
    return status;
}

pld_status pld_exact_sums_combine(pld_ctx *ctx, int64_t n, pld_exact *sums)
{
    if (ctx->board != NULL &&
        n <= pld_board_nwords(ctx->board) / PLD_EXACT_RECORD_WORDS)
        return combine_by_board(ctx, n, sums);
    return combine_by_messages(ctx, n, sums);
}
