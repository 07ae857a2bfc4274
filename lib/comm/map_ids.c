#include "polder/map.h"
#include "comm/directory.h"

#include "base/alloc.h"
#include "par/context.h"
#include "polder/agree.h"

/* Maps made from names: find the places, then go on from there. */

/* --- By a directory ------------------------------------------------------- */

static pld_status check_names(const char *count_name, int64_t n,
                              const char *name, const int64_t *ids)
{
    PLD_CHECK(n >= 0, PLD_ERR_ARG, "%s %lld is negative", count_name,
              (long long)n);
    PLD_CHECK(n == 0 || ids, PLD_ERR_ARG, "%s is NULL, but %s is %lld", name,
              count_name, (long long)n);
    return PLD_OK;
}

static pld_status check_ids(const pld_map_ids *ids, pld_map **out)
{
    PLD_CHECK(out, PLD_ERR_ARG, "out is NULL");
    PLD_CHECK(ids, PLD_ERR_ARG, "ids is NULL");
    PLD_TRY(check_names("nroots", ids->nroots, "roots", ids->roots));
    return check_names("nleaves", ids->nleaves, "leaves", ids->leaves);
}

pld_status pld_map_create_ids(pld_ctx *ctx, const pld_map_ids *ids,
                              pld_map **out)
{
    int *ranks = NULL;
    int64_t *indices = NULL;
    PLD_CHECK(ctx, PLD_ERR_ARG, "ctx is NULL");
    PLD_TRY(pld_agree(ctx, check_ids(ids, out)));
    PLD_TRY(pld_directory_find(ctx, ids, &ranks, &indices));
    pld_map_spec spec = {.nroots = ids->nroots,
                         .nleaves = ids->nleaves,
                         .ranks = ranks,
                         .indices = indices};
    pld_status status = pld_map_create(ctx, &spec, out);
    pld_free(indices);
    pld_free(ranks);
    PLD_TRY(status);
    return PLD_OK;
}

/* --- Blocks --------------------------------------------------------------- */

int64_t pld_map_block(int64_t nids, int nranks, int rank)
{
    int64_t more = nids % nranks;
    return nids / nranks * rank + (rank < more ? rank : more);
}

/* Blocks one longer come first. */
static int owner_of(int64_t nids, int nranks, int64_t id)
{
    int64_t size = nids / nranks;
    int64_t end = (size + 1) * (nids % nranks);
    if (id < end)
        return (int)(id / (size + 1));
    return (int)(nids % nranks + (id - end) / size);
}

static pld_status check_blocks(int64_t nids, int64_t nleaves,
                               const int64_t *leaves)
{
    PLD_CHECK(nids >= 0, PLD_ERR_ARG, "nids %lld is negative", (long long)nids);
    PLD_TRY(check_names("nleaves", nleaves, "leaves", leaves));
    for (int64_t i = 0; i < nleaves; i++)
        PLD_CHECK(leaves[i] >= -1 && leaves[i] < nids, PLD_ERR_ARG,
                  "leaves[%lld] is %lld, not one of the %lld ids (or -1 for "
                  "none)",
                  (long long)i, (long long)leaves[i], (long long)nids);
    return PLD_OK;
}

static pld_status find_places(pld_ctx *ctx, int64_t nids, int64_t nleaves,
                              const int64_t *leaves, int **ranks,
                              int64_t **indices)
{
    PLD_TRY(check_blocks(nids, nleaves, leaves));
    PLD_TRY(pld_alloc("ranks of roots", nleaves, sizeof **ranks, ranks));
    PLD_TRY(pld_alloc("indices of roots", nleaves, sizeof **indices, indices));
    for (int64_t i = 0; i < nleaves; i++) {
        int of = leaves[i] < 0 ? -1 : owner_of(nids, ctx->nranks, leaves[i]);
        (*ranks)[i] = of;
        (*indices)[i] =
            of < 0 ? 0 : leaves[i] - pld_map_block(nids, ctx->nranks, of);
    }
    return PLD_OK;
}

pld_status pld_map_create_blocks(pld_ctx *ctx, int64_t nids, int64_t nleaves,
                                 const int64_t *leaves, pld_map **out)
{
    pld_status status = PLD_OK;
    int *ranks = NULL;
    int64_t *indices = NULL;
    PLD_CHECK(ctx, PLD_ERR_ARG, "ctx is NULL");
    PLD_TRY(pld_agree_same(ctx, "nids", &nids, sizeof nids));
    status = find_places(ctx, nids, nleaves, leaves, &ranks, &indices);
    PLD_TRY_TO(out, pld_agree(ctx, status));
    pld_map_spec spec = {.nroots =
                             pld_map_block(nids, ctx->nranks, ctx->rank + 1) -
                             pld_map_block(nids, ctx->nranks, ctx->rank),
                         .nleaves = nleaves,
                         .ranks = ranks,
                         .indices = indices};
    PLD_TRY_TO(out, pld_map_create(ctx, &spec, out));
out:
    pld_free(indices);
    pld_free(ranks);
    return status;
}
