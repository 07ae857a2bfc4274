#ifdef __linux__
#define _GNU_SOURCE /* clock_gettime */
#endif
#include "par/segment.h"
#include "par/segment_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/status.h"
#include "par/peers.h"
#include "polder/agree.h"
#include "polder/digest.h"
#include "polder/log.h"

enum wish { AUTO, SEGMENT, MESSAGE };

/* What the ranks of a node need to meet. */
struct meeting {
    struct pld_segment_place *places; /* of all segments of the node */
    char *seen;        /* whether this rank can open each of them */
    char *seen_by;     /* whether each can open this rank's */
    char missing[400]; /* the first reason why not; empty: all can be shared */
};

static pld_status read_wish(enum wish *out)
{
    static const char *const names[] = {"auto", "segment", "message"};
    const char *text = getenv("PLD_TRANSPORT");
    *out = AUTO;
    if (text == NULL || *text == '\0')
        return PLD_OK;
    for (; *out <= MESSAGE; ++*out)
        if (strcmp(text, names[*out]) == 0)
            return PLD_OK;
    PLD_RAISE(PLD_ERR_ARG, "PLD_TRANSPORT=%s is not auto, segment or message",
              text);
}

/* Agreed between the ranks. */
static pld_status find_wish(pld_ctx *ctx, enum wish *out)
{
    PLD_TRY(pld_agree(ctx, read_wish(out)));
    return pld_agree_same(ctx, "PLD_TRANSPORT", out, sizeof *out);
}

/* Told from all segments that live by the file, and from those of before by
 * the time. */
static struct pld_segment_mark make_mark(const pld_ctx *ctx,
                                         const struct stat *info)
{
    struct pld_segment_mark mark = {.name = "polder segment"};
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    const int64_t parts[] = {(int64_t)info->st_ino, (int64_t)getpid(),
                             (int64_t)now.tv_sec, (int64_t)now.tv_nsec,
                             ctx->rank};
    mark.token = pld_digest_bytes(parts, sizeof parts, 0);
    return mark;
}

/* Open the own file, mark it, and say where it is. */
static pld_status make_file(const pld_ctx *ctx, struct pld_segment *segment,
                            struct pld_segment_place *place)
{
    const char *folder = getenv("PLD_SEGMENT_DIR");
    bool named = folder != NULL && *folder != '\0';
    PLD_TRY(pld_nameless_open(named ? folder : NULL, &segment->file));
    struct stat info;
    PLD_CHECK(fstat(segment->file.fd, &info) == 0, PLD_ERR_UNSUPPORTED,
              "shared memory: %s", strerror(errno));
    struct pld_range first = {.bytes = segment->file.page, .users = 1};
    PLD_TRY(pld_nameless_take(&segment->file, "start of a segment", 0,
                              first.bytes, &first.address));
    pld_ranges_add(&segment->pieces, first);
    place->mark = make_mark(ctx, &info);
    memcpy(first.address, &place->mark, sizeof place->mark);
    place->device = (uint64_t)info.st_dev;
    place->inode = (uint64_t)info.st_ino;
    place->pid = (int)getpid();
    place->fd = segment->file.fd;
    return PLD_OK;
}

/* The first reason is kept. */
static void note(struct meeting *meeting)
{
    if (*meeting->missing == '\0')
        snprintf(meeting->missing, sizeof meeting->missing, "%.399s",
                 pld_error_last()->text);
}

/* Failing is no error yet: there are messages. */
static void offer(const pld_ctx *ctx, struct pld_segment_place *own,
                  struct meeting *meeting)
{
    memset(own, 0, sizeof *own);
    own->fd = -1;
    pld_error before = pld_error_begin_try();
    if (make_file(ctx, ctx->segment, own) != PLD_OK)
        note(meeting);
    pld_error_end_try(&before);
}

static void look_around(const pld_ctx *ctx, struct meeting *meeting)
{
    pld_error before = pld_error_begin_try();
    for (int i = 0; i < ctx->segment->npeers; i++) {
        int fd = -1;
        ctx->segment->peers[i].place = meeting->places[i];
        pld_status status = pld_segment_visit(&meeting->places[i],
                                              ctx->peers->list[i].rank, &fd);
        meeting->seen[i] = status == PLD_OK;
        if (status != PLD_OK)
            note(meeting);
        else
            close(fd);
    }
    pld_error_end_try(&before);
}

/* Memory is shared if both sides can look into the other's. */
static pld_status meet(const pld_ctx *ctx, struct meeting *meeting)
{
    struct pld_segment_place own;
    offer(ctx, &own, meeting);
    PLD_TRY_MPI(MPI_Allgather(&own, (int)sizeof own, MPI_BYTE, meeting->places,
                              (int)sizeof own, MPI_BYTE, ctx->node_comm));
    look_around(ctx, meeting);
    PLD_TRY_MPI(MPI_Alltoall(meeting->seen, 1, MPI_CHAR, meeting->seen_by, 1,
                             MPI_CHAR, ctx->node_comm));
    for (int i = 0; i < ctx->segment->npeers; i++)
        ctx->segment->peers[i].reached =
            meeting->seen[i] && meeting->seen_by[i];
    return PLD_OK;
}

static bool reaches_any(const pld_ctx *ctx)
{
    for (int i = 0; i < ctx->segment->npeers; i++)
        if (i != ctx->node_rank && ctx->segment->peers[i].reached)
            return true;
    return false;
}

static pld_status allocate(pld_ctx *ctx, struct meeting *meeting)
{
    struct pld_segment *segment = NULL;
    int n = ctx->node_nranks;
    PLD_TRY(pld_alloc("segment", 1, sizeof *segment, &segment));
    ctx->segment = segment;
    segment->file.fd = -1;
    segment->npeers = n;
    PLD_TRY(pld_alloc("peers of a segment", n, sizeof *segment->peers,
                      &segment->peers));
    PLD_TRY(pld_ranges_prepare(&segment->pieces));
    PLD_TRY(pld_alloc("segments of a node", n, sizeof *meeting->places,
                      &meeting->places));
    PLD_TRY(pld_alloc("segments seen", n, 1, &meeting->seen));
    return pld_alloc("segments seen", n, 1, &meeting->seen_by);
}

/* Whether what there is will do. */
static pld_status judge(pld_ctx *ctx, enum wish wish,
                        const struct meeting *meeting)
{
    bool complete = *meeting->missing == '\0';
    PLD_CHECK(complete || wish == AUTO, PLD_ERR_UNSUPPORTED,
              "PLD_TRANSPORT=segment: memory cannot be shared: %s; use auto or "
              "message",
              meeting->missing);
    if (!complete)
        pld_log(PLD_LOG_WARNING,
                "there are messages within the node, as memory cannot be "
                "shared: %s",
                meeting->missing);
    if (!reaches_any(ctx))
        pld_segment_close(ctx);
    return PLD_OK;
}

pld_status pld_segment_open(pld_ctx *ctx)
{
    enum wish wish = AUTO;
    PLD_TRY(find_wish(ctx, &wish));
    if (wish == MESSAGE)
        return PLD_OK;

    bool alone = ctx->node_nranks == 1;
    struct meeting meeting = {.places = NULL};
    pld_status status = alone ? PLD_OK : allocate(ctx, &meeting);
    PLD_TRY_TO(out, pld_agree(ctx, status));
    if (!alone)
        status = meet(ctx, &meeting);
    if (!alone && status == PLD_OK)
        status = judge(ctx, wish, &meeting);
    PLD_TRY_TO(out, pld_agree(ctx, status));
out:
    pld_free(meeting.places);
    pld_free(meeting.seen);
    pld_free(meeting.seen_by);
    if (status != PLD_OK)
        pld_segment_close(ctx);
    return status;
}

static void unmap_all(struct pld_ranges *ranges)
{
    for (int64_t i = 0; i < ranges->n; i++)
        pld_nameless_unmap(ranges->list[i].address, ranges->list[i].bytes);
    pld_ranges_free(ranges);
}

void pld_segment_close(pld_ctx *ctx)
{
    struct pld_segment *segment = ctx->segment;
    if (segment == NULL)
        return;
    for (int i = 0; segment->peers != NULL && i < segment->npeers; i++)
        unmap_all(&segment->peers[i].mapped);
    unmap_all(&segment->pieces);
    pld_nameless_close(&segment->file);
    pld_free(segment->peers);
    pld_free(segment);
    ctx->segment = NULL;
}
