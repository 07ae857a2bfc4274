#include "par/shared.h"

#include "base/alloc.h"
#include "base/status.h"
#include "par/segment.h"
#include "polder/log.h"

pld_status pld_shared_alloc(pld_ctx *ctx, const char *what, int64_t count,
                            size_t size, void *out)
{
    if (ctx->segment && count > 0) {
        pld_error before = pld_error_begin_try();
        pld_status status = pld_segment_alloc(ctx, what, count, size, out);
        if (status != PLD_OK)
            pld_log(PLD_LOG_WARNING, "messages are used: %s",
                    pld_error_last()->text);
        pld_error_end_try(&before);
        if (status == PLD_OK)
            return PLD_OK;
    }
    return pld_alloc(what, count, size, out);
}

void pld_shared_free(pld_ctx *ctx, void *memory)
{
    if (pld_segment_offset(ctx, memory) >= 0)
        pld_segment_free(ctx, memory);
    else
        pld_free(memory);
}
