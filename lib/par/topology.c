#include "par/topology.h"
#include "base/alloc.h"
#include "polder/agree.h"

#include <stdlib.h>

/* Nodes asked for by the environment; 0: the real ones. */
static pld_status read_fake_nodes(int *out)
{
    *out = 0;
    const char *text = getenv("PLD_FAKE_NODES");
    if (text == NULL || *text == '\0')
        return PLD_OK;
    char *end = NULL;
    long value = strtol(text, &end, 10);
    PLD_CHECK(*end == '\0' && value >= 1 && value <= 1000000000L, PLD_ERR_ARG,
              "PLD_FAKE_NODES=%s is not a number from 1 on", text);
    *out = (int)value;
    return PLD_OK;
}

/* Rank r is on node r * k / n, so node m begins at rank m * n / k, rounded
 * up. */
static int fake_leader(int rank, int nranks, int nnodes)
{
    int64_t k = nnodes < nranks ? nnodes : nranks;
    int64_t node = rank * k / nranks;
    return (int)((node * nranks + k - 1) / k);
}

/* Lowest rank that shares memory with this one. */
static pld_status real_leader(const pld_ctx *ctx, int *out)
{
    MPI_Comm neighbours = MPI_COMM_NULL;
    PLD_TRY_MPI(MPI_Comm_split_type(ctx->comm, MPI_COMM_TYPE_SHARED, ctx->rank,
                                    MPI_INFO_NULL, &neighbours));
    *out = ctx->rank;
    int code = MPI_Bcast(out, 1, MPI_INT, 0, neighbours);
    MPI_Comm_free(&neighbours);
    PLD_TRY_MPI(code);
    return PLD_OK;
}

/* Turn each rank's leader into its node, in place: a leader is the first of
 * its node, so its entry has been turned already. */
static void number_nodes(pld_ctx *ctx)
{
    ctx->nnodes = 0;
    for (int rank = 0; rank < ctx->nranks; rank++) {
        int leader = ctx->node_of[rank];
        ctx->node_of[rank] =
            leader == rank ? ctx->nnodes++ : ctx->node_of[leader];
    }
    ctx->node = ctx->node_of[ctx->rank];
    ctx->node_rank = 0;
    ctx->node_nranks = 0;
    for (int rank = 0; rank < ctx->nranks; rank++) {
        if (ctx->node_of[rank] != ctx->node)
            continue;
        ctx->node_rank += rank < ctx->rank;
        ctx->node_nranks++;
    }
}

static pld_status prepare(pld_ctx *ctx, int *fake)
{
    PLD_TRY(pld_alloc("node of every rank", ctx->nranks, sizeof *ctx->node_of,
                      &ctx->node_of));
    return read_fake_nodes(fake);
}

pld_status pld_topology_find(pld_ctx *ctx)
{
    int fake = 0;
    PLD_TRY(pld_agree(ctx, prepare(ctx, &fake)));
    PLD_TRY(pld_agree_same(ctx, "PLD_FAKE_NODES", &fake, sizeof fake));
    int leader = 0;
    if (fake > 0)
        leader = fake_leader(ctx->rank, ctx->nranks, fake);
    else
        PLD_TRY(real_leader(ctx, &leader));
    PLD_TRY_MPI(MPI_Allgather(&leader, 1, MPI_INT, ctx->node_of, 1, MPI_INT,
                              ctx->comm));
    number_nodes(ctx);
    return PLD_OK;
}
