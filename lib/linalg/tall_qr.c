#include "linalg/cholesky_qr.h"
#include "linalg/tsqr.h"

#include <string.h>

#include "base/alloc.h"
#include "linalg/small.h"
#include "polder/agree.h"

struct qr {
    struct pld_tiled a;
    struct pld_tsqr tsqr;
    int64_t k;
    size_t bytes; /* of R */
    void *r;      /* of all passes before */
    void *last;   /* of reflectors */
};

static pld_status open_for(const pld_tall *a, int uses, struct qr *qr)
{
    int64_t width = 0;
    pld_ctx *ctx;
    PLD_TRY(pld_tall_ctx(a, "a", &ctx));
    PLD_TRY(pld_agree(ctx, pld_tall_shape(a, NULL, &width)));
    PLD_TRY(pld_tiled_open(a, "a", uses, width, &qr->a));
    return pld_tall_check_rows(&qr->a);
}

static pld_status prepare(pld_qr method, struct qr *qr)
{
    PLD_CHECK(method >= PLD_QR_AUTO && method <= PLD_QR_HOUSEHOLDER,
              PLD_ERR_ARG, "method is %d: there is no such one", (int)method);
    qr->k = qr->a.ncolumns;
    qr->bytes = (size_t)(qr->k * qr->k) * pld_type_size(qr->a.type);
    PLD_TRY(pld_alloc("R", (int64_t)qr->bytes, 1, &qr->r));
    PLD_TRY(pld_alloc("R", (int64_t)qr->bytes, 1, &qr->last));
    pld_small_identity(qr->a.type, qr->k, qr->r);
    return PLD_OK;
}

static pld_status open_and_prepare(const pld_tall *a, pld_qr method, int uses,
                                   struct qr *qr)
{
    PLD_TRY(open_for(a, uses, qr));
    return pld_agree(qr->a.ctx, prepare(method, qr));
}

static pld_status release(struct qr *qr, pld_status status)
{
    pld_tsqr_destroy(&qr->tsqr);
    pld_free(qr->last);
    pld_free(qr->r);
    pld_status second = pld_tiled_close(&qr->a);
    return status == PLD_OK ? second : status;
}

static pld_status check_done(pld_qr method, bool done)
{
    PLD_CHECK(done || method != PLD_QR_CHOLESKY, PLD_ERR_ARG,
              "a: the squares of its columns leave the range of the type, or a "
              "column is 0 or a sum of others: take PLD_QR_HOUSEHOLDER");
    return PLD_OK;
}

static void set_tsqr(struct qr *qr, bool keeps)
{
    qr->tsqr = (struct pld_tsqr){.ctx = qr->a.ctx,
                                 .type = qr->a.type,
                                 .k = qr->k,
                                 .tiling = &qr->a.tiling,
                                 .nparts = 1,
                                 .parts = {&qr->a},
                                 .keeps = keeps};
}

/* Q in place by reflectors, of what passes before have left. */
static pld_status reflect(const pld_tall *a, struct qr *qr)
{
    if (qr->a.uses != (PLD_TALL_READS | PLD_TALL_WRITES_TILES)) {
        PLD_TRY(pld_tiled_written(&qr->a));
        PLD_TRY(pld_tiled_close(&qr->a));
        PLD_TRY(open_for(a, PLD_TALL_READS | PLD_TALL_WRITES_TILES, qr));
    }
    set_tsqr(qr, true);
    PLD_TRY(pld_tsqr_factor(&qr->tsqr, qr->last));
    PLD_TRY(pld_agree(qr->a.ctx,
                      pld_small_multiply(qr->a.type, qr->k, qr->last, qr->r)));
    pld_small_identity(qr->a.type, qr->k, qr->last);
    return pld_tsqr_expand(&qr->tsqr, qr->last, &qr->a);
}

static pld_status run(const pld_tall *a, pld_qr method, struct qr *qr)
{
    bool done = false;
    if (method != PLD_QR_HOUSEHOLDER)
        PLD_TRY(pld_cholesky_qr(&qr->a, qr->r, &done));
    PLD_TRY(check_done(method, done));
    return done ? pld_tiled_written(&qr->a) : reflect(a, qr);
}

pld_status pld_tall_qr(const pld_tall *a, pld_qr method, void *r)
{
    pld_status status = PLD_OK;
    struct qr qr = {.r = NULL};
    int writes = method == PLD_QR_HOUSEHOLDER ? PLD_TALL_WRITES_TILES
                                              : PLD_TALL_WRITES_ROWS;
    PLD_TRY_TO(out, open_and_prepare(a, method, PLD_TALL_READS | writes, &qr));
    PLD_TRY_TO(out, run(a, method, &qr));
    if (r != NULL)
        memcpy(r, qr.r, qr.bytes);
out:
    return release(&qr, status);
}

static pld_status run_r(pld_qr method, struct qr *qr)
{
    bool done = false;
    if (method != PLD_QR_HOUSEHOLDER)
        PLD_TRY(pld_cholesky_r(&qr->a, qr->r, &done));
    PLD_TRY(check_done(method, done));
    if (done)
        return PLD_OK;
    set_tsqr(qr, false);
    return pld_tsqr_factor(&qr->tsqr, qr->r);
}

pld_status pld_tall_r(const pld_tall *a, pld_qr method, void *r)
{
    pld_status status = PLD_OK;
    struct qr qr = {.r = NULL};
    PLD_TRY_TO(out, open_and_prepare(a, method, PLD_TALL_READS, &qr));
    PLD_TRY_TO(out, pld_agree(qr.a.ctx, pld_small_check(r, "r")));
    PLD_TRY_TO(out, run_r(method, &qr));
    memcpy(r, qr.r, qr.bytes);
out:
    return release(&qr, status);
}
