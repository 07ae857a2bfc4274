#include "par/segment.h"
#include "par/segment_parts.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/overflow.h"

#define LINE 64

/* Sizes beyond this are taken for mistakes, so that sums of a few cannot
 * overflow. */
#define MOST_BYTES (INT64_MAX / 8)

static pld_status count_bytes(const char *what, int64_t count, size_t size,
                              int64_t *bytes)
{
    PLD_CHECK(count >= 0, PLD_ERR_ARG, "%s: count %" PRId64 " is negative",
              what, count);
    PLD_CHECK(pld_mul_fits(count, (int64_t)size, bytes) && *bytes <= MOST_BYTES,
              PLD_ERR_OVERFLOW,
              "%s: %" PRId64 " elements of %zu bytes are too many", what, count,
              size);
    return PLD_OK;
}

/* Large pieces would all begin in the same set of the cache, and loops over
 * several of them would crowd there: let each begin some lines further on. */
static int64_t stagger(int64_t ntaken, int64_t bytes, int64_t page)
{
    return bytes >= 4 * page ? 5 * ntaken % 64 * LINE : 0;
}

static pld_status take(struct pld_segment *segment, const char *what,
                       int64_t bytes, struct pld_range *range)
{
    /* Large pages are shared with no other piece. */
    int64_t page = segment->file.page;
    bool large = bytes >= PLD_LARGE_PAGE && page < PLD_LARGE_PAGE;
    range->bytes = (bytes + page - 1) / page * page;
    range->offset = pld_ranges_gap(&segment->pieces, range->bytes,
                                   large ? PLD_LARGE_PAGE : page);
    PLD_TRY(pld_ranges_prepare(&segment->pieces));
    return pld_nameless_take(&segment->file, what, range->offset, range->bytes,
                             &range->address);
}

pld_status pld_segment_alloc(pld_ctx *ctx, const char *what, int64_t count,
                             size_t size, void *out)
{
    void *piece = NULL;
    memcpy(out, &piece, sizeof piece);
    struct pld_segment *segment = ctx->segment;
    struct pld_range range = {.users = 1};
    int64_t bytes = 0;
    PLD_CHECK(segment != NULL, PLD_ERR_UNSUPPORTED,
              "%s: no memory is shared on this node", what);
    PLD_TRY(count_bytes(what, count, size, &bytes));
    if (bytes == 0)
        return PLD_OK;
    PLD_CHECK(pld_alloc_allowed(), PLD_ERR_MEMORY,
              "%s: no memory for %" PRId64 " bytes", what, bytes);
    int64_t skipped = stagger(segment->ntaken, bytes, segment->file.page);
    PLD_TRY(take(segment, what, bytes + skipped, &range));
    pld_ranges_add(&segment->pieces, range);
    segment->ntaken++;
    pld_alloc_count(range.bytes);
    piece = range.address + skipped;
    memcpy(out, &piece, sizeof piece);
    return PLD_OK;
}

void pld_segment_free(pld_ctx *ctx, void *piece)
{
    if (piece == NULL)
        return;
    struct pld_segment *segment = ctx->segment;
    struct pld_range *range = pld_ranges_at(&segment->pieces, piece);
    pld_nameless_give(&segment->file, range->address, range->offset,
                      range->bytes);
    pld_alloc_discount(range->bytes);
    pld_ranges_remove(&segment->pieces, range);
}

int64_t pld_segment_offset(const pld_ctx *ctx, const void *address)
{
    if (ctx->segment == NULL)
        return -1;
    const struct pld_range *range =
        pld_ranges_at(&ctx->segment->pieces, address);
    return range != NULL
               ? range->offset + ((const char *)address - range->address)
               : -1;
}
