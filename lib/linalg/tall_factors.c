#include "linalg/tsqr.h"

#include "base/alloc.h"
#include "linalg/small.h"
#include "polder/agree.h"

/* First word of live ones, cleared when they are destroyed. */
#define FACTORS_ALIVE 0x71726661u

struct pld_tall_factors {
    uint32_t alive;
    struct pld_tiled a; /* its tiles alone */
    struct pld_tsqr tsqr;
};

static pld_status destroy_alone(pld_tall_factors **factors)
{
    pld_tall_factors *old = *factors;
    if (old == NULL)
        return PLD_OK;
    pld_ctx *ctx = old->a.ctx;
    pld_tsqr_destroy(&old->tsqr);
    pld_status status = pld_tiled_close(&old->a);
    if (ctx != NULL)
        pld_ctx_release(ctx, PLD_KIND_FACTOR);
    old->alive = 0;
    pld_free(old);
    *factors = NULL;
    return status;
}

static pld_status check(const pld_tall_factors *factors)
{
    PLD_CHECK(factors != NULL, PLD_ERR_ARG, "factors is NULL");
    PLD_CHECK(factors->alive == FACTORS_ALIVE, PLD_ERR_STATE,
              "factors is not a live one: destroyed, or something else");
    return PLD_OK;
}

pld_status pld_tall_factors_destroy(pld_tall_factors **factors)
{
    PLD_CHECK(factors != NULL, PLD_ERR_ARG, "factors is NULL");
    if (*factors != NULL)
        PLD_TRY(check(*factors));
    return destroy_alone(factors);
}

static pld_status open_tiles(const pld_tall *a, pld_ctx *ctx,
                             pld_tall_factors *factors)
{
    int64_t width = 0;
    PLD_TRY(pld_agree(ctx, pld_tall_shape(a, NULL, &width)));
    PLD_TRY(pld_tiled_open(a, "a", PLD_TALL_READS, width, &factors->a));
    return pld_tall_check_rows(&factors->a);
}

static pld_status factor(pld_tall_factors *factors, void *r)
{
    void *own = NULL;
    struct pld_tiled *a = &factors->a;
    pld_status status = PLD_OK;
    factors->tsqr = (struct pld_tsqr){.ctx = a->ctx,
                                      .type = a->type,
                                      .k = a->ncolumns,
                                      .tiling = &a->tiling,
                                      .nparts = 1,
                                      .parts = {a},
                                      .keeps = true};
    if (r == NULL)
        status = pld_alloc("R", a->ncolumns * a->ncolumns,
                           pld_type_size(a->type), &own);
    PLD_TRY(pld_agree(a->ctx, status));
    status = pld_tsqr_factor(&factors->tsqr, r != NULL ? r : own);
    pld_free(own);
    return status;
}

pld_status pld_tall_factor(const pld_tall *a, void *r, pld_tall_factors **out)
{
    pld_status status = PLD_OK;
    pld_tall_factors *factors = NULL;
    pld_ctx *ctx;
    PLD_TRY(pld_tall_ctx(a, "a", &ctx));
    status = pld_small_check(out, "out");
    if (status == PLD_OK)
        status = pld_alloc("factors", 1, sizeof *factors, &factors);
    if (status == PLD_OK)
        pld_ctx_retain(ctx, PLD_KIND_FACTOR);
    PLD_TRY_TO(out, pld_agree(ctx, status));
    factors->alive = FACTORS_ALIVE;
    PLD_TRY_TO(out, open_tiles(a, ctx, factors));
    PLD_TRY_TO(out, factor(factors, r));
    PLD_TRY_TO(out, pld_tiled_detach(&factors->a));
    *out = factors;
    return PLD_OK;
out:
    if (factors != NULL && factors->a.ctx == NULL)
        factors->a.ctx = ctx;
    PLD_TRY(destroy_alone(&factors));
    return status;
}

pld_status pld_tall_factors_reduce(pld_tall_factors *factors, const pld_tall *b,
                                   void *c)
{
    pld_status status = PLD_OK;
    struct pld_tiled open = {.ctx = NULL};
    PLD_TRY(check(factors));
    PLD_TRY_TO(out, pld_agree(factors->a.ctx, pld_small_check(c, "c")));
    PLD_TRY_TO(out,
               pld_tiled_open_like(b, "b", PLD_TALL_READS, &factors->a, &open));
    PLD_TRY_TO(out, pld_tsqr_reduce(&factors->tsqr, &open, c));
out:;
    pld_status second = pld_tiled_close(&open);
    return status == PLD_OK ? second : status;
}

pld_status pld_tall_factors_expand(pld_tall_factors *factors, const void *c,
                                   const pld_tall *to)
{
    pld_status status = PLD_OK;
    struct pld_tiled open = {.ctx = NULL};
    PLD_TRY(check(factors));
    PLD_TRY_TO(out, pld_agree(factors->a.ctx, pld_small_check(c, "c")));
    PLD_TRY_TO(out, pld_tiled_open_like(to, "to", PLD_TALL_WRITES_TILES,
                                        &factors->a, &open));
    PLD_TRY_TO(out, pld_tsqr_expand(&factors->tsqr, c, &open));
out:;
    pld_status second = pld_tiled_close(&open);
    return status == PLD_OK ? second : status;
}
