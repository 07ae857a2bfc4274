#include "polder/agree.h"
#include "par/agree.h"
#include "par/board.h"
#include "par/context.h"
#include "base/status.h"
#include "polder/digest.h"

#include <stdio.h>

/* What a board is told that this is. */
enum { CALL = 0x61677265 };

struct pld_verdict pld_verdict_of(int rank, pld_status status)
{
    struct pld_verdict verdict = {.status = status};
    const pld_error *error = pld_error_last();
    const char *text =
        error->status == status ? error->text : pld_status_text(status);
    if (error->status == status && error->agreed)
        snprintf(verdict.text, sizeof verdict.text, "%s", text);
    else
        snprintf(verdict.text, sizeof verdict.text, "rank %d: %.480s", rank,
                 text);
    return verdict;
}

pld_status pld_verdict_share(const struct pld_verdict *verdict,
                             pld_status status)
{
    bool own = status != PLD_OK && pld_error_last()->status == status;
    pld_error_share((pld_status)verdict->status, verdict->text, own, __FILE__,
                    __LINE__, __func__);
    return (pld_status)verdict->status;
}

static pld_status agree_by_messages(pld_ctx *ctx, pld_status status)
{
    int failed = status == PLD_OK ? ctx->nranks : ctx->rank;
    int lowest = 0;
    PLD_TRY_MPI(
        MPI_Allreduce(&failed, &lowest, 1, MPI_INT, MPI_MIN, ctx->comm));
    if (lowest == ctx->nranks)
        return PLD_OK;

    struct pld_verdict verdict = {.status = PLD_OK};
    if (lowest == ctx->rank)
        verdict = pld_verdict_of(ctx->rank, status);
    PLD_TRY_MPI(
        MPI_Bcast(&verdict, (int)sizeof verdict, MPI_BYTE, lowest, ctx->comm));
    return pld_verdict_share(&verdict, status);
}

pld_status pld_agree(pld_ctx *ctx, pld_status status)
{
    PLD_CHECK(ctx != NULL, PLD_ERR_ARG, "ctx is NULL");
    if (ctx->board == NULL) {
        PLD_TRY(agree_by_messages(ctx, status));
        return PLD_OK;
    }
    if (status != PLD_OK)
        PLD_TRY(pld_board_fail(ctx->board, status));
    PLD_TRY(pld_agree_call(ctx, CALL));
    return PLD_OK;
}

pld_status pld_agree_call(pld_ctx *ctx, uint64_t call)
{
    pld_board_post(ctx->board, call, 0);
    PLD_TRY(pld_board_wait(ctx->board, NULL, NULL));
    return PLD_OK;
}

static pld_status check_arguments(const char *what, const void *data,
                                  size_t bytes)
{
    PLD_CHECK(what != NULL, PLD_ERR_ARG, "what is NULL");
    PLD_CHECK(data != NULL || bytes == 0, PLD_ERR_ARG,
              "%s: data is NULL, but bytes is %zu", what, bytes);
    return PLD_OK;
}

static pld_status check_digest(const char *what, uint64_t mine, uint64_t first)
{
    PLD_CHECK(mine == first, PLD_ERR_MISMATCH, "%s differs from rank 0's",
              what);
    return PLD_OK;
}

pld_status pld_agree_same(pld_ctx *ctx, const char *what, const void *data,
                          size_t bytes)
{
    PLD_CHECK(ctx != NULL, PLD_ERR_ARG, "ctx is NULL");
    pld_status status = check_arguments(what, data, bytes);
    /* The length is the seed, so that it must agree too. */
    uint64_t mine = status == PLD_OK ? pld_digest_bytes(data, bytes, bytes) : 0;
    uint64_t first = mine;
    PLD_TRY_MPI(MPI_Bcast(&first, 1, MPI_UINT64_T, 0, ctx->comm));
    if (status == PLD_OK)
        status = check_digest(what, mine, first);
    return pld_agree(ctx, status);
}
