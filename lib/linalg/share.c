#include "linalg/share.h"

#include "par/flag.h"
#include "par/message.h"
#include "polder/agree.h"
#include "polder/digest.h"

pld_status pld_share_wait(pld_ctx *ctx, MPI_Request *request, int peer)
{
    struct pld_wait wait = {.nsteps = 0};
    int done = 0;
    PLD_TRY_MPI(MPI_Test(request, &done, MPI_STATUS_IGNORE));
    while (!done) {
        PLD_TRY(pld_wait_step(ctx, &wait, peer));
        PLD_TRY_MPI(MPI_Test(request, &done, MPI_STATUS_IGNORE));
    }
    return PLD_OK;
}

/* Ranks are counted from the root on. Rank r gets it from r without its lowest
 * bit and passes it on to r + bit for all bits below that one. */
pld_status pld_share(pld_ctx *ctx, void *data, int64_t bytes, int root)
{
    MPI_Request request;
    int n = ctx->nranks;
    int tag = pld_ctx_tag(ctx);
    int place = (ctx->rank - root + n) % n;
    int bit = 1;
    while (bit < n && (place & bit) == 0)
        bit *= 2;
    if (place > 0) {
        int peer = (place - bit + root) % n;
        PLD_TRY(pld_ireceive(ctx, data, bytes, peer, tag, &request));
        PLD_TRY(pld_share_wait(ctx, &request, peer));
    }
    for (bit /= 2; bit > 0; bit /= 2) {
        if (place + bit >= n)
            continue;
        int peer = (place + bit + root) % n;
        PLD_TRY(pld_isend(ctx, data, bytes, peer, tag, &request));
        PLD_TRY(pld_share_wait(ctx, &request, peer));
    }
    return PLD_OK;
}

pld_status pld_share_same(pld_ctx *ctx, const char *what, const void *data,
                          size_t bytes)
{
    uint64_t mine = pld_digest_bytes(data, bytes, bytes);
    uint64_t first = mine;
    pld_status status = pld_share(ctx, &first, sizeof first, 0);
    if (status == PLD_OK && first != mine)
        status = pld_error_raise(PLD_ERR_MISMATCH, __FILE__, __LINE__, __func__,
                                 "%s differs from rank 0's", what);
    return pld_agree(ctx, status);
}
