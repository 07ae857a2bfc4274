#include "par/exact_sums.h"

#include "base/exact.h"
#include "par/board.h"

#include <string.h>

/* What a board is told that this is. */
enum { CALL = 0x73756d73 };

int64_t pld_exact_sums_merge(int64_t nsums, int n,
                             const int64_t *const *records, int64_t *out)
{
    int64_t *words = out;
    const int64_t *at[PLD_BOARD_MOST_RECORDS];
    pld_exact sum;
    pld_exact_clear(&sum);
    memcpy(at, records, (size_t)n * sizeof *at);
    for (int64_t i = 0; i < nsums; i++) {
        for (int r = 0; r < n; r++)
            at[r] += pld_exact_read(&sum, at[r]);
        words += pld_exact_write(&sum, words);
        pld_exact_wipe(&sum);
    }
    return words - out;
}

static int64_t merge(const void *how, int n, const int64_t *const *records,
                     int64_t *out)
{
    const int64_t *nsums = how;
    return pld_exact_sums_merge(*nsums, n, records, out);
}

/* As many as the board has room for. */
static pld_status combine(pld_ctx *ctx, int64_t n, pld_exact *sums)
{
    int64_t *words = pld_board_room(ctx->board);
    int64_t *end = words;
    for (int64_t i = 0; i < n; i++)
        end += pld_exact_write(&sums[i], end);
    pld_board_post(ctx->board, CALL ^ (uint64_t)n << 32, end - words);
    PLD_TRY(pld_board_wait(ctx->board, merge, &n));
    for (int64_t i = 0; i < n; i++)
        pld_exact_wipe(&sums[i]);
    for (int r = 0; r < pld_board_nrecords(ctx->board); r++) {
        const int64_t *at = pld_board_of(ctx->board, r);
        for (int64_t i = 0; i < n; i++)
            at += pld_exact_read(&sums[i], at);
    }
    return PLD_OK;
}

pld_status pld_exact_sums_combine(pld_ctx *ctx, int64_t n, pld_exact *sums)
{
    int64_t most = pld_board_nwords(ctx->board) / PLD_EXACT_RECORD_WORDS;
    for (int64_t done = 0; done < n; done += most)
        PLD_TRY(combine(ctx, n - done < most ? n - done : most, sums + done));
    return PLD_OK;
}
