#include "linalg/cholesky_qr.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "linalg/gram.h"
#include "linalg/lapack.h"
#include "linalg/rowop.h"
#include "linalg/share.h"
#include "linalg/small.h"
#include "polder/agree.h"

/* Passes to try, the last one to set right what is nearly orthonormal: a
 * shifted one takes about seven digits off the condition. */
enum { MOST_PASSES = 7 };

/* From here on a Gram matrix is so near to the identity that one more pass is
 * the last one. */
#define NEAR 0.1

struct passes {
    struct pld_tiled *a;
    int64_t k;     /* columns */
    int64_t reals; /* of a row */
    size_t size;   /* of an element */
    void *sums;    /* for Gram matrices */
    void *gram;    /* reals x reals, then k x k elements */
    char *factor;  /* of it: k x k */
    char *product; /* of factors */
    struct pld_rowop op;
    struct pld_tile copy; /* for what is not to be written: rows beside a */
    bool writes;
};

/* --- A Gram matrix -------------------------------------------------------- */

/* Rows after the operation, if there is one. */
static struct pld_tile operate(struct passes *passes, struct pld_tile tile)
{
    if (passes->op.x == NULL)
        return tile;
    struct pld_tile to = tile;
    if (!passes->writes) {
        to = passes->copy;
        to.nrows = tile.nrows;
    }
    pld_rowop_run(&passes->op, &tile, &to);
    return to;
}

static pld_status leaf(const int64_t index[PLD_MAXDIM], void *out, void *data)
{
    struct passes *passes = data;
    struct pld_tile tile = pld_tiled_load(passes->a, index);
    struct pld_tile rows = operate(passes, tile);
    if (passes->writes && passes->op.x != NULL)
        pld_tiled_store(passes->a, &rows);
    pld_gram_tile(passes->a->type, &rows, passes->reals, NULL, passes->reals,
                  out, passes->sums);
    return PLD_OK;
}

static pld_status join(void *low, const void *high, void *data)
{
    const struct passes *passes = data;
    pld_gram_add(passes->a->type, passes->reals * passes->reals, high, low);
    return PLD_OK;
}

static void visit(const struct pld_tile *tile, void *data)
{
    struct passes *passes = data;
    pld_rowop_run(&passes->op, tile, tile);
}

/* Of the rows after the operation, which are written back if they are to be. */
static pld_status find_gram(struct passes *passes)
{
    struct pld_tiled *a = passes->a;
    int64_t real = (int64_t)pld_type_size(pld_real_of(a->type));
    const struct pld_tree_up up = {.bytes =
                                       passes->reals * passes->reals * real,
                                   .leaf = leaf,
                                   .join = join,
                                   .data = passes};
    PLD_TRY(pld_tree_reduce(a->ctx, &a->tiling.tree, &up, passes->gram));
    pld_gram_conclude(a->type, passes->reals, passes->reals, true,
                      passes->gram);
    const struct pld_tiled_tour others = {.reads = true,
                                          .writes = true,
                                          .others = true,
                                          .visit = visit,
                                          .data = passes};
    if (passes->writes && passes->op.x != NULL)
        pld_tiled_each(a, &others);
    return PLD_OK;
}

/* --- Its Cholesky factor -------------------------------------------------- */

/* Largest distance of an element from the identity's. */
static double defect_of(const struct passes *passes)
{
    pld_type type = pld_real_of(passes->a->type);
    int64_t parts = passes->a->type == PLD_C128 ? 2 : 1;
    double sum = 0;
    for (int64_t i = 0; i < passes->k * passes->k * parts; i++) {
        bool diagonal = i % (parts * (passes->k + 1)) == 0;
        double off = pld_small_real(type, passes->gram, i) - (diagonal ? 1 : 0);
        sum += off * off;
    }
    return sqrt(sum);
}

/* Whether squares of the columns are far from both ends of the type's range. */
static bool is_in_range(const struct passes *passes)
{
    bool single = passes->a->type == PLD_F32;
    double most = single ? 1e30 : 1e280;
    for (int64_t i = 0; i < passes->k; i++) {
        double square =
            pld_small_real(passes->a->type, passes->gram, i * (passes->k + 1));
        if (!(square < most && square > 1 / most))
            return false;
    }
    return true;
}

/* The exponent that brings column i to a length of about 1. */
static int exponent_of(const struct passes *passes, int64_t i)
{
    int exponent = 0;
    frexp(pld_small_real(passes->a->type, passes->gram, i * (passes->k + 1)),
          &exponent);
    return -(exponent / 2);
}

/* The scaled Gram matrix and a shift, as a fraction of a square of a column,
 * to be factored. */
static void set_up(struct passes *passes, double shift)
{
    pld_type type = passes->a->type;
    int64_t k = passes->k;
    memcpy(passes->factor, passes->gram, (size_t)(k * k) * passes->size);
    for (int64_t i = 0; i < k; i++)
        for (int64_t j = 0; j < k; j++)
            pld_small_scale(type, passes->factor, i * k + j,
                            exponent_of(passes, i) + exponent_of(passes, j));
    for (int64_t i = 0; i < k; i++) {
        int64_t at = i * (k + 1);
        if (type == PLD_F32)
            ((float *)passes->factor)[at] *= (float)(1 + shift);
        else
            ((double *)passes->factor)[at * (type == PLD_C128 ? 2 : 1)] *=
                1 + shift;
    }
}

/* In rows, the upper triangle is the lower one for LAPACK, and so is R. */
static void take_down(struct passes *passes)
{
    int64_t k = passes->k;
    for (int64_t i = 0; i < k; i++) {
        memset(passes->factor + (size_t)(i * k) * passes->size, 0,
               (size_t)i * passes->size);
        for (int64_t j = i; j < k; j++)
            pld_small_scale(passes->a->type, passes->factor, i * k + j,
                            -exponent_of(passes, j));
    }
}

/* With the least shift that does. */
static pld_status factor_alone(struct passes *passes)
{
    double unit = passes->a->type == PLD_F32 ? 0x1p-23 : 0x1p-52;
    int64_t info = 1;
    for (double shift = 0; info != 0 && shift < 1;
         shift = shift == 0 ? 16 * unit * (double)passes->k : 64 * shift) {
        set_up(passes, shift);
        PLD_TRY(pld_lapack_potrf(passes->a->type, 'L', passes->k,
                                 passes->factor, passes->k, &info));
    }
    PLD_CHECK(info == 0, PLD_ERR_ARG, "%s: its Gram matrix is not a number",
              passes->a->name);
    take_down(passes);
    return PLD_OK;
}

/* On one rank, so that it is the same on all even where CPUs differ. */
static pld_status factor(struct passes *passes)
{
    pld_ctx *ctx = passes->a->ctx;
    pld_status status = ctx->rank == 0 ? factor_alone(passes) : PLD_OK;
    PLD_TRY(pld_agree(ctx, status));
    return pld_share(ctx, passes->factor,
                     passes->k * passes->k * (int64_t)passes->size, 0);
}

/* --- Passes --------------------------------------------------------------- */

static pld_status prepare(struct pld_tiled *a, bool writes, struct passes *out)
{
    int64_t k = a->ncolumns;
    *out = (struct passes){.a = a,
                           .k = k,
                           .reals = pld_tiled_reals(a),
                           .size = pld_type_size(a->type),
                           .copy = {.ld = k},
                           .writes = writes};
    PLD_TRY(pld_alloc("Gram matrix", out->reals * out->reals,
                      pld_type_size(pld_real_of(a->type)), &out->gram));
    PLD_TRY(pld_alloc("sums of products", pld_gram_room(out->reals),
                      pld_type_size(pld_real_of(a->type)), &out->sums));
    PLD_TRY(pld_alloc("Cholesky factor", k * k, out->size, &out->factor));
    PLD_TRY(pld_alloc("R", k * k, out->size, &out->product));
    if (writes)
        return PLD_OK;
    return pld_alloc("rows", a->tiling.most_rows * k, out->size,
                     &out->copy.data);
}

static void release(struct passes *passes)
{
    pld_rowop_destroy(&passes->op);
    pld_free(passes->copy.data);
    pld_free(passes->product);
    pld_free(passes->factor);
    pld_free(passes->gram);
    pld_free(passes->sums);
}

/* The rows, times the inverse of the factor from now on. */
static pld_status set_divide(struct passes *passes)
{
    pld_rowop_destroy(&passes->op);
    return pld_agree(passes->a->ctx,
                     pld_rowop_divide(passes->a->type, passes->k,
                                      passes->factor, &passes->op));
}

/* The factor is near the identity: by its inverse, in half of the time. */
static pld_status set_last(struct passes *passes)
{
    pld_type type = passes->a->type;
    int64_t k = passes->k;
    pld_status status = PLD_OK;
    pld_rowop_destroy(&passes->op);
    pld_small_identity(type, k, passes->product);
    const struct pld_lapack_triangle triangle = {.side = 'R',
                                                 .uplo = 'L',
                                                 .op = 'N',
                                                 .diag = 'N',
                                                 .a = passes->factor,
                                                 .ld = k};
    status = pld_lapack_trsm(type, &triangle, 1, k, k, passes->product, k);
    if (status == PLD_OK)
        status =
            pld_rowop_multiply(type, k, k, passes->product, true, &passes->op);
    return pld_agree(passes->a->ctx, status);
}

static pld_status finish(struct passes *passes)
{
    PLD_TRY(set_last(passes));
    const struct pld_tiled_tour all = {
        .reads = true, .writes = true, .visit = visit, .data = passes};
    pld_tiled_each(passes->a, &all);
    return PLD_OK;
}

/* One pass after another; rows become those of Q with the last one. */
static pld_status run(struct passes *passes, void *r, bool *done)
{
    int most = passes->writes ? MOST_PASSES : 1;
    for (int pass = 0; pass <= most; pass++) {
        PLD_TRY(find_gram(passes));
        if (!is_in_range(passes))
            return PLD_OK;
        *done = pass > 0 && defect_of(passes) < NEAR;
        if (pass == most && !*done)
            return PLD_OK;
        PLD_TRY(factor(passes));
        PLD_TRY(pld_agree(
            passes->a->ctx,
            pld_small_multiply(passes->a->type, passes->k, passes->factor, r)));
        if (*done)
            return passes->writes ? finish(passes) : PLD_OK;
        PLD_TRY(set_divide(passes));
    }
    return PLD_OK;
}

static pld_status run_all(struct pld_tiled *a, bool writes, void *r, bool *done)
{
    pld_status status = PLD_OK;
    struct passes passes;
    *done = false;
    PLD_TRY_TO(out, pld_agree(a->ctx, prepare(a, writes, &passes)));
    pld_small_identity(a->type, passes.k, r);
    PLD_TRY_TO(out, run(&passes, r, done));
out:
    release(&passes);
    return status;
}

pld_status pld_cholesky_qr(struct pld_tiled *a, void *r, bool *done)
{
    return run_all(a, true, r, done);
}

pld_status pld_cholesky_r(struct pld_tiled *a, void *r, bool *done)
{
    return run_all(a, false, r, done);
}
