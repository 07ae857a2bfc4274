#include "polder/context.h"
#include "par/context.h"
#include "base/alloc.h"
#include "base/log.h"
#include "par/blas.h"
#include "par/board.h"
#include "par/launch.h"
#include "par/peers.h"
#include "par/reduce.h"
#include "par/segment.h"
#include "par/topology.h"
#include "polder/agree.h"

#include <stdio.h>

/* What the standard promises at least. */
#define SMALLEST_TAG_LIMIT 32767

/* Of the context's board: room for batches of 64 sums. */
enum { BOARD_WORDS = 8192 };

static pld_status open_comm(MPI_Comm comm, pld_ctx *ctx)
{
    PLD_TRY_MPI(MPI_Comm_dup(comm, &ctx->comm));
    PLD_TRY_MPI(MPI_Comm_set_errhandler(ctx->comm, MPI_ERRORS_RETURN));
    PLD_TRY_MPI(MPI_Comm_rank(ctx->comm, &ctx->rank));
    PLD_TRY_MPI(MPI_Comm_size(ctx->comm, &ctx->nranks));

    int *limit = NULL;
    int found = 0;
    PLD_TRY_MPI(MPI_Comm_get_attr(ctx->comm, MPI_TAG_UB, &limit, &found));
    ctx->max_tag = found ? *limit : SMALLEST_TAG_LIMIT;
    return PLD_OK;
}

static pld_status prepare(const pld_ctx_spec *spec, pld_ctx **out,
                          pld_ctx **ctx)
{
    PLD_CHECK(out != NULL, PLD_ERR_ARG, "out is NULL");
    PLD_TRY(pld_launch_check_process(spec));
    return pld_alloc("context", 1, sizeof **ctx, ctx);
}

static void release(pld_ctx *ctx)
{
    pld_board_destroy(&ctx->board);
    pld_segment_close(ctx);
    pld_peers_close(ctx);
    pld_reduce_free_ops(ctx);
    pld_free(ctx->node_of);
    if (ctx->comm != MPI_COMM_NULL)
        MPI_Comm_free(&ctx->comm);
}

pld_status pld_ctx_create(MPI_Comm comm, const pld_ctx_spec *spec,
                          pld_ctx **out)
{
    static const pld_ctx_spec defaults;
    PLD_TRY(pld_launch_check_comm(comm));

    /* The draft can agree before there is memory for the context. */
    pld_ctx draft = {.comm = MPI_COMM_NULL,
                     .node_comm = MPI_COMM_NULL,
                     .min_op = MPI_OP_NULL,
                     .max_op = MPI_OP_NULL};
    pld_ctx *ctx = NULL;
    pld_status status = PLD_OK;
    PLD_TRY_TO(out, open_comm(comm, &draft));
    status = prepare(spec != NULL ? spec : &defaults, out, &ctx);
    PLD_TRY_TO(out, pld_agree(&draft, status));
    PLD_TRY_TO(out, pld_topology_find(&draft));
    PLD_TRY_TO(out, pld_reduce_make_ops(&draft));
    pld_log_set_rank(draft.rank);
    PLD_TRY_TO(out, pld_peers_open(&draft));
    PLD_TRY_TO(out, pld_segment_open(&draft));
    pld_phase_init(&draft);
    pld_blas_check(&draft);
    *ctx = draft;
    PLD_TRY_TO(out, pld_board_create(ctx, BOARD_WORDS, &ctx->board));
    *out = ctx;
    return PLD_OK;
out:
    pld_free(ctx);
    release(&draft);
    return status;
}

/* "2 fields and 1 halo", or an empty text. */
static void write_live(const pld_ctx *ctx, char *text, size_t size)
{
    static const char *const names[] = {
        "grid",           "field",   "halo",   "file", "reduction",
        "redistribution", "gather",  "sample", "map",  "particle store",
        "checkpoint",     "product", "factor"};
    int kinds = 0;
    for (int kind = 0; kind < PLD_KIND_COUNT; kind++)
        kinds += ctx->live[kind] > 0;

    size_t used = 0;
    *text = '\0';
    for (int kind = 0; kind < PLD_KIND_COUNT && used < size; kind++) {
        int live = ctx->live[kind];
        if (live == 0)
            continue;
        kinds--;
        used += (size_t)snprintf(text + used, size - used, "%d %s%s%s", live,
                                 names[kind], live > 1 ? "s" : "",
                                 kinds > 1    ? ", "
                                 : kinds == 1 ? " and "
                                              : "");
    }
}

static pld_status check_nothing_lives(const pld_ctx *ctx)
{
    char live[200];
    write_live(ctx, live, sizeof live);
    PLD_CHECK(*live == '\0', PLD_ERR_STATE,
              "%s still live on the context: destroy them first", live);
    return PLD_OK;
}

pld_status pld_ctx_destroy(pld_ctx **ctx)
{
    PLD_CHECK(ctx != NULL, PLD_ERR_ARG, "ctx is NULL");
    if (*ctx == NULL)
        return PLD_OK;
    PLD_TRY(pld_launch_check_running());
    PLD_TRY(pld_agree(*ctx, check_nothing_lives(*ctx)));
    release(*ctx);
    pld_free(*ctx);
    *ctx = NULL;
    return PLD_OK;
}

int pld_ctx_rank(const pld_ctx *ctx)
{
    return ctx != NULL ? ctx->rank : -1;
}

int pld_ctx_nranks(const pld_ctx *ctx)
{
    return ctx != NULL ? ctx->nranks : 0;
}

int pld_ctx_node(const pld_ctx *ctx)
{
    return ctx != NULL ? ctx->node : -1;
}

int pld_ctx_nnodes(const pld_ctx *ctx)
{
    return ctx != NULL ? ctx->nnodes : 0;
}

int pld_ctx_node_rank(const pld_ctx *ctx)
{
    return ctx != NULL ? ctx->node_rank : -1;
}

int pld_ctx_node_nranks(const pld_ctx *ctx)
{
    return ctx != NULL ? ctx->node_nranks : 0;
}

MPI_Comm pld_ctx_comm(const pld_ctx *ctx)
{
    return ctx != NULL ? ctx->comm : MPI_COMM_NULL;
}

int pld_ctx_tag(pld_ctx *ctx)
{
    int tag = ctx->next_tag;
    ctx->next_tag = tag < ctx->max_tag ? tag + 1 : 0;
    return tag;
}

void pld_ctx_retain(pld_ctx *ctx, pld_kind kind)
{
    ctx->live[kind]++;
}

void pld_ctx_release(pld_ctx *ctx, pld_kind kind)
{
    ctx->live[kind]--;
}
