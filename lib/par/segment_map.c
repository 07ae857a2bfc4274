#ifdef __linux__
#define _GNU_SOURCE /* O_CLOEXEC, pread */
#endif
#include "par/segment.h"
#include "par/segment_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* The same number may mean another process, or another file, elsewhere. */
static bool has_mark(int fd, const struct pld_segment_place *place)
{
    struct pld_segment_mark mark;
    return pread(fd, &mark, sizeof mark, 0) == (ssize_t)sizeof mark &&
           memcmp(&mark, &place->mark, sizeof mark) == 0;
}

pld_status pld_segment_visit(const struct pld_segment_place *place, int rank,
                             int *fd)
{
    PLD_CHECK(place->fd >= 0, PLD_ERR_UNSUPPORTED, "rank %d has no segment",
              rank);
    char path[60];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", place->pid, place->fd);
    /* To open something else might have effects: look before. */
    struct stat info;
    PLD_CHECK(stat(path, &info) == 0, PLD_ERR_UNSUPPORTED,
              "the segment of rank %d is not seen at %s: %s", rank, path,
              strerror(errno));
    bool same = (uint64_t)info.st_dev == place->device &&
                (uint64_t)info.st_ino == place->inode;
    PLD_CHECK(same, PLD_ERR_UNSUPPORTED,
              "%s is not the segment of rank %d: is it in another container?",
              path, rank);
    int found = open(path, O_RDWR | O_CLOEXEC);
    PLD_CHECK(found >= 0, PLD_ERR_UNSUPPORTED,
              "the segment of rank %d cannot be opened at %s: %s", rank, path,
              strerror(errno));
    same = has_mark(found, place);
    if (!same)
        close(found);
    PLD_CHECK(same, PLD_ERR_UNSUPPORTED,
              "%s has not the mark of the segment of rank %d", path, rank);
    *fd = found;
    return PLD_OK;
}

/* What lies beyond the end of the file would be a signal. */
static pld_status check_end(int fd, int rank, const struct pld_range *range)
{
    struct stat info;
    PLD_CHECK(fstat(fd, &info) == 0 &&
                  range->offset + range->bytes <= (int64_t)info.st_size,
              PLD_ERR_INTERNAL,
              "the segment of rank %d has no %" PRId64 " bytes from %" PRId64
              " on",
              rank, range->bytes, range->offset);
    return PLD_OK;
}

static pld_status look_in(const struct pld_segment_peer *peer, int rank,
                          struct pld_range *range)
{
    int fd = -1;
    pld_status status = PLD_OK;
    PLD_TRY(pld_segment_visit(&peer->place, rank, &fd));
    PLD_TRY_TO(out, check_end(fd, rank, range));
    PLD_TRY_TO(out,
               pld_nameless_map(fd, "memory of another rank", range->offset,
                                range->bytes, &range->address));
out:
    close(fd);
    return status;
}

static pld_status add_range(struct pld_segment_peer *peer, int rank,
                            int64_t first, int64_t end, struct pld_range **out)
{
    struct pld_range range = {.offset = first, .bytes = end - first};
    PLD_TRY(look_in(peer, rank, &range));
    pld_status status = pld_ranges_prepare(&peer->mapped);
    if (status == PLD_OK)
        *out = pld_ranges_add(&peer->mapped, range);
    else
        pld_nameless_unmap(range.address, range.bytes);
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
    int64_t first = offset / page * page;
    int64_t end = (offset + bytes + page - 1) / page * page;
    struct pld_range *range =
        pld_ranges_holding(&peer->mapped, first, end - first);
    if (range == NULL)
        PLD_TRY(add_range(peer, rank, first, end, &range));
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
