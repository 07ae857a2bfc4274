#include "comm/points.h"

#include "base/alloc.h"
#include "base/overflow.h"
#include "par/message.h"
#include "polder/agree.h"

#include <string.h>

struct collection {
    pld_ctx *ctx;
    int tag;
    int root;        /* that has them first */
    bool for_all;    /* and passes them on */
    int64_t point;   /* bytes of a position */
    int64_t *counts; /* of all ranks */
    int64_t total;
    double *points;
};

static pld_status find_room(struct collection *collection)
{
    pld_ctx *ctx = collection->ctx;
    for (int r = 0; r < ctx->nranks; r++)
        PLD_CHECK(pld_add_fits(collection->total, collection->counts[r],
                               &collection->total),
                  PLD_ERR_OVERFLOW, "the ranks name more than 2^63 points");
    if (ctx->rank == collection->root || collection->for_all)
        return pld_alloc("points of all ranks", collection->total,
                         (size_t)collection->point, &collection->points);
    collection->total = 0;
    return PLD_OK;
}

static pld_status bring_to_root(struct collection *collection,
                                const double *points)
{
    pld_ctx *ctx = collection->ctx;
    int64_t own = collection->counts[ctx->rank] * collection->point;
    if (ctx->rank != collection->root)
        return own == 0 ? PLD_OK
                        : pld_send(ctx, points, own, collection->root,
                                   collection->tag);
    char *there = (char *)collection->points;
    for (int r = 0; r < ctx->nranks; r++) {
        int64_t bytes = collection->counts[r] * collection->point;
        if (r != ctx->rank && bytes > 0)
            PLD_TRY(pld_receive(ctx, there, bytes, r, collection->tag));
        else if (bytes > 0)
            memcpy(there, points, (size_t)bytes);
        there += bytes;
    }
    return PLD_OK;
}

static pld_status collect(struct collection *collection, int64_t count,
                          const double *points)
{
    pld_ctx *ctx = collection->ctx;
    PLD_TRY(pld_agree(ctx, pld_alloc("counts of points", ctx->nranks,
                                     sizeof *collection->counts,
                                     &collection->counts)));
    PLD_TRY_MPI(MPI_Allgather(&count, 1, MPI_INT64_T, collection->counts, 1,
                              MPI_INT64_T, ctx->comm));
    PLD_TRY(pld_agree(ctx, find_room(collection)));
    PLD_TRY(bring_to_root(collection, points));
    if (collection->for_all && collection->total > 0)
        PLD_TRY(pld_broadcast(ctx, collection->points,
                              collection->total * collection->point,
                              collection->root));
    return PLD_OK;
}

pld_status pld_points_collect(pld_ctx *ctx, int tag, int size, int64_t count,
                              const double *points, int root, int64_t *total,
                              double **out)
{
    struct collection collection = {.ctx = ctx,
                                    .tag = tag,
                                    .root = root < 0 ? 0 : root,
                                    .for_all = root < 0,
                                    .point = size * (int64_t)sizeof *points};
    pld_status status = collect(&collection, count, points);
    pld_free(collection.counts);
    if (status != PLD_OK) {
        pld_free(collection.points);
        return status;
    }
    *total = collection.total;
    *out = collection.points;
    return PLD_OK;
}
