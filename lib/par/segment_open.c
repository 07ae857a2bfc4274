#ifdef __linux__
#define _GNU_SOURCE
#endif
#include "par/segment.h"
#include "par/segment_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "par/peers.h"
#include "polder/agree.h"
#include "polder/digest.h"
#include "polder/log.h"

enum wish { AUTO, SEGMENT, MESSAGE };

/* What a rank tells the others of its node. */
struct offer {
    int fd;
    uint64_t device;
    uint64_t inode;
    struct pld_segment_mark mark;
};

static pld_status read_wish(int *out)
{
    static const char *const names[] = {"auto", "segment", "message"};
    const char *text = getenv("PLD_TRANSPORT");
    *out = AUTO;
    if (text == NULL || *text == '\0')
        return PLD_OK;
    for (*out = 0; *out <= MESSAGE; ++*out)
        if (strcmp(text, names[*out]) == 0)
            return PLD_OK;
    PLD_RAISE(PLD_ERR_ARG, "PLD_TRANSPORT=%s is not auto, segment or message",
              text);
}

/* No two segments have the same: the file is told from all others that live,
 * the address and the process from those of before. */
static uint64_t make_token(const pld_ctx *ctx, const struct stat *info)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    const int64_t parts[] = {(int64_t)info->st_ino,    (int64_t)getpid(),
                             (int64_t)now.tv_sec,      (int64_t)now.tv_nsec,
                             (int64_t)(intptr_t)&info, ctx->rank};
    return pld_digest_bytes(parts, sizeof parts, 0);
}

/* Open the own file and write its mark. */
static pld_status make_file(const pld_ctx *ctx, struct pld_segment *segment,
                            struct offer *offer)
{
    const char *folder = getenv("PLD_SEGMENT_DIR");
    if (folder != NULL && *folder == '\0')
        folder = NULL;
    PLD_TRY(pld_nameless_open(folder, &segment->file));
    struct stat info;
    PLD_CHECK(fstat(segment->file.fd, &info) == 0, PLD_ERR_UNSUPPORTED,
              "shared segment: %s", strerror(errno));
    int64_t page = segment->file.page;
    PLD_TRY(pld_nameless_reserve(&segment->file, "mark of a segment", 0, page));
    char *address = NULL;
    PLD_TRY(pld_nameless_map(segment->file.fd, "mark of a segment", 0, page,
                             &address));
    pld_ranges_add(&segment->pieces,
                   (struct pld_range){.bytes = page, .address = address});
    offer->mark =
        (struct pld_segment_mark){"polder segment", make_token(ctx, &info)};
    memcpy(address, &offer->mark, sizeof offer->mark);
    offer->fd = segment->file.fd;
    offer->device = (uint64_t)info.st_dev;
    offer->inode = (uint64_t)info.st_ino;
    return PLD_OK;
}

pld_status pld_segment_visit(const struct pld_segment_peer *peer, int rank,
                             int *fd)
{
    char path[60];
    struct stat info;
    struct pld_segment_mark mark;
    snprintf(path, sizeof path, "/proc/%d/fd/%d", peer->pid, peer->fd);
    PLD_CHECK(peer->fd >= 0, PLD_ERR_UNSUPPORTED, "rank %d has no segment",
              rank);
    /* Opening something else might have effects: look before. */
    PLD_CHECK(stat(path, &info) == 0, PLD_ERR_UNSUPPORTED,
              "the segment of rank %d cannot be seen at %s: %s", rank, path,
              strerror(errno));
    bool same = (uint64_t)info.st_dev == peer->device &&
                (uint64_t)info.st_ino == peer->inode;
    int found = same ? open(path, O_RDWR | O_CLOEXEC) : -1;
    PLD_CHECK(!same || found >= 0, PLD_ERR_UNSUPPORTED,
              "the segment of rank %d cannot be opened at %s: %s", rank, path,
              strerror(errno));
    same = same && pread(found, &mark, sizeof mark, 0) == sizeof mark &&
           memcmp(&mark, &peer->mark, sizeof mark) == 0;
    if (!same && found >= 0)
        close(found);
    PLD_CHECK(same, PLD_ERR_UNSUPPORTED,
              "the segment of rank %d is not what is at %s: is it in another "
              "container?",
              rank, path);
    *fd = found;
    return PLD_OK;
}

static pld_status prepare(pld_ctx *ctx)
{
    struct pld_segment *segment = NULL;
    PLD_TRY(pld_alloc("segment", 1, sizeof *segment, &segment));
    ctx->segment = segment;
    segment->file.fd = -1;
    segment->npeers = ctx->node_nranks;
    PLD_TRY(pld_alloc("peers of a segment", ctx->node_nranks,
                      sizeof *segment->peers, &segment->peers));
    return pld_ranges_prepare(&segment->pieces);
}

/* Look at all segments of the node; the status is the first failure. */
static pld_status look_around(const pld_ctx *ctx, const struct offer *offers,
                              char *seen)
{
    pld_status status = PLD_OK;
    for (int i = 0; i < ctx->segment->npeers; i++) {
        struct pld_segment_peer *peer = &ctx->segment->peers[i];
        peer->pid = ctx->peers->list[i].pid;
        peer->fd = offers[i].fd;
        peer->device = offers[i].device;
        peer->inode = offers[i].inode;
        peer->mark = offers[i].mark;
        int fd = -1;
        pld_status visited =
            pld_segment_visit(peer, ctx->peers->list[i].rank, &fd);
        if (visited == PLD_OK)
            close(fd);
        seen[i] = visited == PLD_OK;
        if (status == PLD_OK)
            status = visited;
    }
    return status;
}

/* Exchange what is needed, and look; both sides must see each other. `*status`
 * says whether all can be seen from here. */
static pld_status meet(pld_ctx *ctx, const struct offer *own, char *room,
                       pld_status *status)
{
    struct pld_segment *segment = ctx->segment;
    int n = segment->npeers;
    struct offer *offers = (struct offer *)room;
    char *seen = room + (size_t)n * sizeof *offers;
    char *seen_by = seen + n;
    PLD_TRY_MPI(MPI_Allgather(own, (int)sizeof *own, MPI_BYTE, offers,
                              (int)sizeof *own, MPI_BYTE, ctx->node_comm));
    pld_status looked = look_around(ctx, offers, seen);
    if (*status == PLD_OK)
        *status = looked;
    PLD_TRY_MPI(
        MPI_Alltoall(seen, 1, MPI_CHAR, seen_by, 1, MPI_CHAR, ctx->node_comm));
    for (int i = 0; i < n; i++)
        segment->peers[i].reached = seen[i] && seen_by[i];
    return PLD_OK;
}

static bool reaches_any(const pld_ctx *ctx)
{
    for (int i = 0; i < ctx->segment->npeers; i++)
        if (i != ctx->node_rank && ctx->segment->peers[i].reached)
            return true;
    return false;
}

/* On a node of several ranks; `*status` says what is missing. */
static pld_status open_on_node(pld_ctx *ctx, char *room, pld_status *status)
{
    struct offer own = {.fd = -1};
    *status = make_file(ctx, ctx->segment, &own);
    PLD_TRY(meet(ctx, &own, room, status));
    if (*status != PLD_OK)
        pld_log(PLD_LOG_WARNING,
                "messages are used within the node, as far as memory cannot "
                "be shared: %s",
                pld_error_last()->text);
    if (!reaches_any(ctx))
        pld_segment_close(ctx);
    return PLD_OK;
}

pld_status pld_segment_open(pld_ctx *ctx)
{
    int wish = AUTO;
    char *room = NULL;
    pld_status status = PLD_OK;
    PLD_TRY(pld_agree(ctx, read_wish(&wish)));
    PLD_TRY(pld_agree_same(ctx, "PLD_TRANSPORT", &wish, sizeof wish));
    if (wish == MESSAGE)
        return PLD_OK;
    bool alone = ctx->node_nranks == 1;
    if (!alone) {
        status = prepare(ctx);
        if (status == PLD_OK)
            status = pld_alloc("offers of a node", ctx->node_nranks,
                               sizeof(struct offer) + 2, &room);
    }
    PLD_TRY_TO(out, pld_agree(ctx, status));
    pld_status missing = PLD_OK;
    if (!alone)
        status = open_on_node(ctx, room, &missing);
    if (status == PLD_OK && wish == SEGMENT)
        status = missing;
    PLD_TRY_TO(out, pld_agree(ctx, status));
out:
    pld_free(room);
    if (status != PLD_OK)
        pld_segment_close(ctx);
    return status;
}

void pld_segment_close(pld_ctx *ctx)
{
    struct pld_segment *segment = ctx->segment;
    if (segment == NULL)
        return;
    for (int i = 0; segment->peers != NULL && i < segment->npeers; i++) {
        struct pld_ranges *mapped = &segment->peers[i].mapped;
        for (int64_t k = 0; k < mapped->n; k++)
            pld_nameless_unmap(mapped->list[k].address, mapped->list[k].bytes);
        pld_ranges_free(mapped);
    }
    for (int64_t k = 0; k < segment->pieces.n; k++)
        pld_nameless_unmap(segment->pieces.list[k].address,
                           segment->pieces.list[k].bytes);
    pld_ranges_free(&segment->pieces);
    pld_nameless_close(&segment->file);
    pld_free(segment->peers);
    pld_free(segment);
    ctx->segment = NULL;
}
