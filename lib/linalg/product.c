#include "linalg/product.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "par/segment.h"
#include "par/shared.h"
#include "polder/agree.h"
#include "polder/reduce.h"

/* First word of a live product, cleared when it is destroyed. */
#define PRODUCT_ALIVE 0x70726f64u

/* --- Arguments ------------------------------------------------------------ */

/* What must be the same on all ranks. */
struct terms {
    double alpha;
    double beta;
    pld_box box[3];
    int64_t form[3];
    int64_t half;
    int64_t memory;
};

static pld_status agree(const struct pld_product *product)
{
    const struct terms terms = {
        .alpha = product->alpha,
        .beta = product->beta,
        .box = {product->a.box, product->b.box, product->c.box},
        .form = {product->a.form, product->b.form, product->c.form},
        .half = product->half,
        .memory = product->memory};
    return pld_agree_same(
        product->ctx, "alpha, beta, boxes or forms of a product of matrices",
        &terms, sizeof terms);
}

/* --- Memory --------------------------------------------------------------- */

/* With the padding of the last tile. */
static int64_t room_along(const struct pld_product *product, int d)
{
    const struct pld_work *work = &product->work;
    struct pld_step all = pld_work_of(work, product->ctx->rank);
    int64_t n = all.count[d];
    int64_t tile = work->tile[d];
    if (n == 0)
        return 0;
    if (product->way != PLD_WAY_SPREAD)
        return pld_kernel_padded(product->c.field->type, n < tile ? n : tile,
                                 work->size[2]);
    int64_t last = (n - 1) / tile * tile;
    return last +
           pld_kernel_padded(product->c.field->type, n - last, work->size[2]);
}

static int64_t room_stride(const struct pld_product *product)
{
    int64_t n = room_along(product, 1);
    return product->symmetric ? pld_kernel_stride(product->c.field->type, n)
                              : n;
}

static bool needs_room(const struct pld_product *product)
{
    const struct pld_work *work = &product->work;
    for (int64_t step = 0; step < work->nsteps; step++) {
        struct pld_step now = pld_work_step(work, product->ctx->rank, step);
        if (now.count[0] > 0 && now.opens &&
            !pld_product_in_place(product, &now))
            return true;
    }
    return false;
}

static int64_t room_bytes(const struct pld_product *product)
{
    if (!needs_room(product))
        return 0;
    return room_along(product, 0) * room_stride(product) *
           (int64_t)pld_type_size(product->c.field->type);
}

static int64_t landed_bytes(const struct pld_product *product)
{
    int64_t size = (int64_t)pld_type_size(product->c.field->type);
    if (product->way == PLD_WAY_OWNERS)
        return 0;
    if (product->way == PLD_WAY_SPREAD)
        return pld_product_landed_bytes(product);
    return product->work.size[0] * product->work.size[1] * size;
}

/* Results that the tree holds at a time: one at each height. */
static int64_t tree_bytes(const struct pld_product *product)
{
    int64_t heights = 2;
    for (int64_t n = product->work.size[2] / PLD_LEAF; n > 0; n /= 2)
        heights++;
    return product->way == PLD_WAY_SPLIT ? heights * landed_bytes(product) : 0;
}

int64_t pld_product_bytes(const struct pld_product *product)
{
    int64_t bytes =
        room_bytes(product) + landed_bytes(product) + tree_bytes(product);
    for (int i = 0; i < 2; i++)
        bytes += pld_panels_buffer_bytes(&product->panels[i]) +
                 pld_panels_message_bytes(&product->panels[i]);
    if (product->way == PLD_WAY_SPREAD &&
        (product->ctx->nnodes > 1 || !product->ctx->segment))
        bytes += pld_product_landing_bytes(product);
    return bytes;
}

/* --- Keeping to a limit --------------------------------------------------- */

static pld_status most_bytes(const struct pld_product *product, int64_t *out)
{
    int64_t bytes = pld_product_bytes(product);
    return pld_reduce(product->ctx, PLD_MAX, PLD_I64, &bytes, 1, out);
}

static void set_tile(struct pld_product *product, const int64_t tile[2])
{
    product->work.tile[0] = tile[0];
    product->work.tile[1] = tile[1];
    pld_work_count(&product->work);
}

enum { LEAST_TILE = 192 };

static int64_t halved(int64_t tile)
{
    int64_t half = (tile / 2 + LEAST_TILE - 1) / LEAST_TILE * LEAST_TILE;
    return half > LEAST_TILE ? half : LEAST_TILE;
}

static pld_status find_least(struct pld_product *product, int64_t *out)
{
    const int64_t tile[] = {product->work.tile[0], product->work.tile[1]};
    const int64_t smallest[] = {LEAST_TILE, LEAST_TILE};
    bool is_fixed = product->way == PLD_WAY_SPLIT;
    set_tile(product, is_fixed ? tile : smallest);
    PLD_TRY(most_bytes(product, out));
    set_tile(product, tile);
    return PLD_OK;
}

/* The largest tiles that the limit allows, halved again and again. */
static pld_status choose_tile(struct pld_product *product, int64_t *least)
{
    int64_t bytes = 0;
    PLD_TRY(find_least(product, least));
    if (*least > product->memory)
        return PLD_OK;
    PLD_TRY(most_bytes(product, &bytes));
    while (bytes > product->memory) {
        int64_t tile[] = {product->work.tile[0], product->work.tile[1]};
        int longer = tile[0] >= tile[1] ? 0 : 1;
        PLD_CHECK(tile[longer] > LEAST_TILE, PLD_ERR_INTERNAL,
                  "no tile is small enough");
        tile[longer] = halved(tile[longer]);
        set_tile(product, tile);
        PLD_TRY(most_bytes(product, &bytes));
    }
    return PLD_OK;
}

static pld_status keep_to_memory(struct pld_product *product)
{
    int64_t least = 0;
    if (product->memory == 0)
        return PLD_OK;
    PLD_TRY(choose_tile(product, &least));
    PLD_CHECK(least <= product->memory, PLD_ERR_MEMORY,
              "memory is %" PRId64 ", but this product takes %" PRId64
              " bytes on a rank at least",
              product->memory, least);
    return PLD_OK;
}

/* --- Planning ------------------------------------------------------------- */

static void hold_fields(struct pld_product *product, int by)
{
    pld_field *const fields[] = {product->a.field, product->b.field,
                                 product->c.field};
    for (int i = 0; i < 3; i++)
        if (by > 0)
            pld_field_retain(fields[i]);
        else
            pld_field_release(fields[i]);
    product->held = by > 0;
}

static void find_own(struct pld_product *product)
{
    product->own = pld_box_intersect(product->c.box, product->c.field->owned);
    pld_operand_owned(&product->c, product->ctx->rank, product->first,
                      product->owned);
}

/* What other ranks see of the results, counted from the box of c. */
static void describe_results(struct pld_product *product)
{
    struct pld_source *results = &product->results;
    const struct pld_work *work = &product->work;
    struct pld_step all = pld_work_of(work, product->ctx->rank);
    int64_t size = (int64_t)pld_type_size(product->c.field->type);
    *results = (struct pld_source){.ctx = product->ctx};
    results->block.size = (size_t)size;
    results->block.ncomps = 1;
    results->block.stride[0] = product->room_ld * size;
    results->block.stride[1] = size;
    results->held.count[2] = 1;
    uintptr_t at = (uintptr_t)product->room;
    for (int d = 0; d < 2; d++) {
        results->nprocs[d] = work->nparts[d];
        results->cuts[d] = work->cuts[d];
        results->size[d] = work->size[d];
        results->held.first[d] = all.first[d];
        results->held.count[d] = all.count[d];
        at -= (uintptr_t)(all.first[d] * results->block.stride[d]);
    }
    results->block.data = (char *)at;
}

/* All but memory of any size. */
static pld_status plan(struct pld_product *product)
{
    struct pld_source *sources[] = {&product->sources[0], &product->sources[1]};
    const struct pld_operand_matrix *operands[] = {&product->a, &product->b};
    hold_fields(product, 1);
    find_own(product);
    PLD_TRY(pld_agree(product->ctx, pld_product_share_out(product)));
    for (int i = 0; i < 2; i++) {
        pld_source_of_field(operands[i]->field, sources[i]);
        pld_panels_create((enum pld_side)i, operands[i], sources[i],
                          &product->work, &product->panels[i]);
        product->landing_tag[i] = pld_ctx_tag(product->ctx);
    }
    describe_results(product);
    return pld_source_open(product->ctx, 2, sources);
}

static pld_status count_leaves(struct pld_product *product)
{
    int nparts = product->work.nparts[2];
    PLD_TRY(pld_alloc("cuts of a product", nparts + 1,
                      sizeof *product->leaf_cuts, &product->leaf_cuts));
    int64_t all = pld_work_npanels(product->work.size[2]);
    all = (all + PLD_LEAF_PANELS - 1) / PLD_LEAF_PANELS;
    for (int p = 0; p <= nparts; p++) {
        int64_t cut = (product->work.cuts[2][p] + PLD_LEAF - 1) / PLD_LEAF;
        product->leaf_cuts[p] = cut < all ? cut : all;
    }
    return PLD_OK;
}

static pld_status take_memory(struct pld_product *product)
{
    for (int i = 0; i < 2; i++)
        PLD_TRY(pld_panels_make_room(&product->panels[i]));
    PLD_TRY(count_leaves(product));
    PLD_TRY(pld_alloc("results of a product", landed_bytes(product), 1,
                      &product->landed));
    product->room_ld = room_stride(product);
    if (product->way == PLD_WAY_SPREAD)
        return pld_shared_alloc(product->ctx, "product of matrices",
                                room_bytes(product), 1, &product->room);
    return pld_alloc("product of matrices", room_bytes(product), 1,
                     &product->room);
}

static pld_status prepare(struct pld_product *product)
{
    PLD_TRY(plan(product));
    PLD_TRY(keep_to_memory(product));
    PLD_TRY(pld_agree(product->ctx, take_memory(product)));
    struct pld_source *results = &product->results;
    describe_results(product);
    if (product->way == PLD_WAY_SPREAD)
        PLD_TRY(pld_source_open(product->ctx, 1, &results));
    return PLD_OK;
}

static pld_status destroy_alone(struct pld_product **product)
{
    struct pld_product *old = *product;
    if (!old)
        return PLD_OK;
    for (int i = 0; i < 2; i++) {
        pld_fetch_destroy(&old->landing[i]);
        pld_panels_destroy(&old->panels[i]);
        pld_source_close(&old->sources[i]);
    }
    pld_source_close(&old->results);
    if (old->way == PLD_WAY_SPREAD)
        pld_shared_free(old->ctx, old->room);
    else
        pld_free(old->room);
    pld_free(old->leaf_cuts);
    pld_free(old->landed);
    pld_work_destroy(&old->work);
    if (old->held)
        hold_fields(old, -1);
    pld_ctx_release(old->ctx, PLD_KIND_PRODUCT);
    old->alive = 0;
    pld_free(old);
    *product = NULL;
    return PLD_OK;
}

/* How a spec is taken. */
struct sense {
    double alpha;   /* as it is, 0 too */
    bool symmetric; /* b is the transpose of a */
};

static struct sense sense_of(const pld_product_spec *spec)
{
    return (struct sense){.alpha = spec && spec->alpha != 0 ? spec->alpha : 1,
                          .symmetric = spec && !spec->b.field};
}

static pld_status check(const pld_product_spec *spec, struct sense sense,
                        pld_ctx *ctx, const void *out,
                        struct pld_product **product)
{
    PLD_CHECK(out, PLD_ERR_ARG, "out is NULL");
    PLD_TRY(pld_alloc("product", 1, sizeof **product, product));
    pld_ctx_retain(ctx, PLD_KIND_PRODUCT);
    (*product)->ctx = ctx;
    (*product)->alive = PRODUCT_ALIVE;
    (*product)->alpha = sense.alpha;
    (*product)->symmetric = sense.symmetric;
    (*product)->beta = spec->beta;
    (*product)->half = spec->half;
    (*product)->memory = spec->memory;
    return pld_product_check(spec, *product);
}

static pld_status create(const pld_product_spec *spec, struct sense sense,
                         struct pld_product **out)
{
    pld_status status = PLD_OK;
    pld_ctx *ctx = NULL;
    struct pld_product *product = NULL;
    PLD_TRY(pld_product_find_ctx(spec, &ctx));
    PLD_TRY_TO(out, pld_agree(ctx, check(spec, sense, ctx, out, &product)));
    PLD_TRY_TO(out, agree(product));
    PLD_TRY_TO(out, prepare(product));
    *out = product;
    return PLD_OK;
out:
    PLD_TRY(destroy_alone(&product));
    return status;
}

/* --- Running -------------------------------------------------------------- */

static pld_status multiply(struct pld_product *product)
{
    product->steps = 0;
    if (product->way == PLD_WAY_SPLIT)
        return pld_product_run_split(product);
    while (product->steps < product->work.nsteps)
        PLD_TRY(pld_product_step(product));
    return PLD_OK;
}

/* Without any products. */
static void scale(const struct pld_product *product)
{
    const struct pld_dense nothing = {.data = NULL};
    pld_product_conclude(product, &nothing, 0, 0, product->owned);
}

static pld_status run(struct pld_product *product)
{
    if (product->alpha == 0 || product->work.size[2] == 0) {
        scale(product);
        return pld_field_touch(product->c.field);
    }
    /* Nobody reads before all have come, nor goes before all have read. */
    PLD_TRY(pld_agree(product->ctx, PLD_OK));
    PLD_TRY(pld_agree(product->ctx, multiply(product)));
    if (product->way == PLD_WAY_SPREAD)
        PLD_TRY(pld_agree(product->ctx, pld_product_deliver(product)));
    return pld_field_touch(product->c.field);
}

/* --- Public --------------------------------------------------------------- */

pld_status pld_product_create(const pld_product_spec *spec, pld_product **out)
{
    PLD_TRY(create(spec, sense_of(spec), out));
    return PLD_OK;
}

static pld_status check_alive(const pld_product *product, const char *name)
{
    PLD_CHECK(product, PLD_ERR_ARG, "%s is NULL", name);
    PLD_CHECK(product->alive == PRODUCT_ALIVE, PLD_ERR_STATE,
              "%s is not a live one: destroyed, or something else", name);
    return PLD_OK;
}

pld_status pld_product_destroy(pld_product **product)
{
    PLD_CHECK(product, PLD_ERR_ARG, "product is NULL");
    if (*product == NULL)
        return PLD_OK;
    PLD_TRY(check_alive(*product, "*product"));
    return destroy_alone(product);
}

pld_status pld_product_run(pld_product *product)
{
    PLD_TRY(check_alive(product, "product"));
    PLD_TRY(run(product));
    return PLD_OK;
}

static pld_status estimate(struct pld_product *product, pld_product_info *out)
{
    pld_product_info info = {0};
    PLD_TRY(plan(product));
    PLD_TRY(find_least(product, &info.least));
    if (product->memory > 0)
        PLD_TRY(choose_tile(product, &info.least));
    if (product->memory == 0 || product->memory >= info.least)
        info.bytes = pld_product_bytes(product);
    *out = info;
    return PLD_OK;
}

pld_status pld_product_estimate(const pld_product_spec *spec,
                                pld_product_info *out)
{
    pld_status status = PLD_OK;
    pld_ctx *ctx = NULL;
    struct pld_product *product = NULL;
    struct sense sense = sense_of(spec);
    PLD_TRY(pld_product_find_ctx(spec, &ctx));
    PLD_TRY_TO(out, pld_agree(ctx, check(spec, sense, ctx, out, &product)));
    PLD_TRY_TO(out, agree(product));
    PLD_TRY_TO(out, estimate(product, out));
out:
    PLD_TRY(destroy_alone(&product));
    return status;
}

static pld_status run_once(const pld_product_spec *spec, struct sense sense)
{
    struct pld_product *product = NULL;
    PLD_TRY(create(spec, sense, &product));
    pld_status status = run(product);
    PLD_TRY(destroy_alone(&product));
    return status;
}

static const pld_matrix none;

pld_status pld_matrix_multiply(double alpha, const pld_matrix *a,
                               const pld_matrix *b, double beta,
                               const pld_matrix *c)
{
    const pld_product_spec spec = {.a = a ? *a : none,
                                   .b = b ? *b : none,
                                   .c = c ? *c : none,
                                   .beta = beta};
    PLD_TRY(run_once(&spec, (struct sense){.alpha = alpha}));
    return PLD_OK;
}

pld_status pld_matrix_syrk(double alpha, const pld_matrix *a, double beta,
                           const pld_matrix *c, pld_half half)
{
    const pld_product_spec spec = {
        .a = a ? *a : none, .c = c ? *c : none, .beta = beta, .half = half};
    PLD_TRY(run_once(&spec, (struct sense){.alpha = alpha, .symmetric = true}));
    return PLD_OK;
}
