#include "par/segment.h"
#include "par/segment_parts.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/overflow.h"
#include "par/peers.h"

bool pld_segment_reaches(const pld_ctx *ctx, int rank)
{
    int place = ctx->segment != NULL ? pld_peers_find(ctx, rank) : -1;
    return place >= 0 && rank != ctx->rank &&
           ctx->segment->peers[place].reached;
}

bool pld_ctx_shares_memory(const pld_ctx *ctx, int rank)
{
    return ctx != NULL && pld_segment_reaches(ctx, rank);
}

static pld_status count_bytes(const char *what, int64_t count, size_t size,
                              int64_t *bytes)
{
    int64_t padded = 0;
    PLD_CHECK(count >= 0, PLD_ERR_ARG, "%s: count %" PRId64 " is negative",
              what, count);
    PLD_CHECK(pld_mul_fits(count, (int64_t)size, bytes) &&
                  pld_add_fits(*bytes, (int64_t)1 << 50, &padded),
              PLD_ERR_OVERFLOW,
              "%s: %" PRId64 " elements of %zu bytes are too many", what, count,
              size);
    return PLD_OK;
}

/* Pieces of large pages share none with others. */
static pld_status take(struct pld_segment *segment, const char *what,
                       int64_t bytes, struct pld_range *range)
{
    const struct pld_nameless *file = &segment->file;
    int64_t unit = file->page;
    if (bytes >= PLD_LARGE_PAGE && PLD_LARGE_PAGE % unit == 0)
        unit = PLD_LARGE_PAGE;
    range->bytes = (bytes + file->page - 1) / file->page * file->page;
    range->offset = pld_ranges_gap(&segment->pieces, range->bytes, unit);
    PLD_TRY(pld_ranges_prepare(&segment->pieces));
    PLD_TRY(pld_nameless_reserve(file, what, range->offset, range->bytes));
    pld_status status = pld_nameless_map(file->fd, what, range->offset,
                                         range->bytes, &range->address);
    if (status != PLD_OK)
        pld_nameless_release(file, range->offset, range->bytes);
    return status;
}

pld_status pld_segment_alloc(pld_ctx *ctx, const char *what, int64_t count,
                             size_t size, void *out)
{
    void *address = NULL;
    memcpy(out, &address, sizeof address);
    struct pld_segment *segment = ctx->segment;
    struct pld_range range = {0};
    int64_t bytes = 0;
    PLD_CHECK(segment != NULL, PLD_ERR_UNSUPPORTED,
              "%s: no memory is shared on this node", what);
    PLD_TRY(count_bytes(what, count, size, &bytes));
    if (bytes == 0)
        return PLD_OK;
    PLD_CHECK(pld_alloc_allowed(), PLD_ERR_MEMORY,
              "%s: no memory for %" PRId64 " bytes", what, bytes);
    PLD_TRY(take(segment, what, bytes, &range));
    pld_nameless_touch(range.address, range.bytes);
    pld_ranges_add(&segment->pieces, range);
    pld_alloc_count(range.bytes);
    address = range.address;
    memcpy(out, &address, sizeof address);
    return PLD_OK;
}

void pld_segment_free(pld_ctx *ctx, void *piece)
{
    if (piece == NULL)
        return;
    struct pld_segment *segment = ctx->segment;
    struct pld_range *range = pld_ranges_at(&segment->pieces, piece);
    pld_nameless_unmap(range->address, range->bytes);
    pld_nameless_release(&segment->file, range->offset, range->bytes);
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

/* Map what a peer has at these bytes, in whole pages. */
static pld_status look_in(const struct pld_segment_peer *peer, int rank,
                          struct pld_range *range)
{
    int fd = -1;
    PLD_TRY(pld_segment_visit(peer, rank, &fd));
    pld_status status =
        pld_nameless_map(fd, "memory of another rank", range->offset,
                         range->bytes, &range->address);
    close(fd);
    return status;
}

pld_status pld_segment_map(pld_ctx *ctx, int rank, int64_t offset,
                           int64_t bytes, void *out)
{
    void *address = NULL;
    memcpy(out, &address, sizeof address);
    PLD_CHECK(pld_segment_reaches(ctx, rank), PLD_ERR_UNSUPPORTED,
              "no memory is shared with rank %d", rank);
    struct pld_segment_peer *peer =
        &ctx->segment->peers[pld_peers_find(ctx, rank)];
    int64_t page = ctx->segment->file.page;
    struct pld_range wanted = {.offset = offset / page * page, .users = 0};
    wanted.bytes = (offset + bytes + page - 1) / page * page - wanted.offset;
    struct pld_range *range =
        pld_ranges_holding(&peer->mapped, wanted.offset, wanted.bytes);
    if (range == NULL) {
        PLD_TRY(pld_ranges_prepare(&peer->mapped));
        PLD_TRY(look_in(peer, rank, &wanted));
        pld_ranges_add(&peer->mapped, wanted);
        range = pld_ranges_holding(&peer->mapped, wanted.offset, wanted.bytes);
    }
    range->users++;
    address = range->address + (offset - range->offset);
    memcpy(out, &address, sizeof address);
    return PLD_OK;
}

void pld_segment_unmap(pld_ctx *ctx, int rank, void *address)
{
    if (address == NULL)
        return;
    struct pld_ranges *mapped =
        &ctx->segment->peers[pld_peers_find(ctx, rank)].mapped;
    struct pld_range *range = pld_ranges_at(mapped, address);
    if (--range->users > 0)
        return;
    pld_nameless_unmap(range->address, range->bytes);
    pld_ranges_remove(mapped, range);
}
