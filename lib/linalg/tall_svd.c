#include "polder/tall.h"

#include <string.h>

#include "base/alloc.h"
#include "linalg/lapack.h"
#include "linalg/share.h"
#include "linalg/small.h"
#include "linalg/tall.h"
#include "polder/agree.h"

/* In rows, R is R^T to LAPACK, which finds R^T = U' S V'^H. So the rows of V'^H
 * are the columns of R's U, and U' holds the rows of R's V^H. */
struct small_svd {
    pld_type type;
    int64_t k;
    size_t bytes;
    char *r;
    char *u;
    char *vh;
    double *s;
};

static pld_status prepare(const pld_tall *a, const double *s,
                          struct small_svd *out)
{
    PLD_TRY(pld_tall_shape(a, NULL, &out->k));
    PLD_TRY(pld_small_check(s, "s"));
    out->type = pld_field_type(a->matrix ? a->matrix : a->fields[0]);
    out->bytes = (size_t)(out->k * out->k) * pld_type_size(out->type);
    PLD_TRY(pld_alloc("R", (int64_t)out->bytes, 1, &out->r));
    PLD_TRY(pld_alloc("U", (int64_t)out->bytes, 1, &out->u));
    PLD_TRY(pld_alloc("V", (int64_t)out->bytes, 1, &out->vh));
    return pld_alloc("singular values", out->k, sizeof *out->s, &out->s);
}

static pld_status decompose(struct small_svd *svd)
{
    const struct pld_lapack_svd out = {
        .s = svd->s, .u = svd->vh, .ldu = svd->k, .vt = svd->u, .ldvt = svd->k};
    return pld_lapack_gesdd(svd->type, 'A', svd->k, svd->k, svd->r, svd->k,
                            &out);
}

/* On one rank, so that it is the same on all even where CPUs differ. */
static pld_status decompose_once(pld_ctx *ctx, struct small_svd *svd)
{
    int64_t bytes = (int64_t)svd->bytes;
    PLD_TRY(pld_agree(ctx, pld_ctx_rank(ctx) == 0 ? decompose(svd) : PLD_OK));
    PLD_TRY(pld_share(ctx, svd->u, bytes, 0));
    PLD_TRY(pld_share(ctx, svd->vh, bytes, 0));
    return pld_share(ctx, svd->s, svd->k * (int64_t)sizeof *svd->s, 0);
}

pld_status pld_tall_svd(const pld_tall *a, double *s, void *vh)
{
    pld_status status = PLD_OK;
    struct small_svd svd = {.r = NULL};
    pld_ctx *ctx;
    PLD_TRY(pld_tall_ctx(a, "a", &ctx));
    PLD_TRY_TO(out, pld_agree(ctx, prepare(a, s, &svd)));
    PLD_TRY_TO(out, pld_tall_qr(a, PLD_QR_AUTO, svd.r));
    PLD_TRY_TO(out, decompose_once(ctx, &svd));
    PLD_TRY_TO(out, pld_tall_multiply(a, svd.u, a));
    for (int64_t i = 0; i < svd.k; i++)
        s[i] =
            pld_small_real(svd.type == PLD_F32 ? PLD_F32 : PLD_F64, svd.s, i);
    if (vh != NULL)
        memcpy(vh, svd.vh, svd.bytes);
out:
    pld_free(svd.s);
    pld_free(svd.vh);
    pld_free(svd.u);
    pld_free(svd.r);
    return status;
}
