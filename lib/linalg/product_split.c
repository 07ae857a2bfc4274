#include "linalg/product.h"

#include <string.h>

#include "linalg/strip.h"
#include "linalg/tree.h"
#include "polder/agree.h"

/* Each rank adds up its leaves of the sums, PLD_LEAF terms each, and the tree
 * joins them. A leaf runs the steps of its panels; steps of other ranks, for
 * which this one may hold something, go along with its own or follow them. */

static void copy_rows(const struct pld_product *product, char *to)
{
    int64_t size = (int64_t)pld_type_size(product->c.field->type);
    int64_t bytes = product->work.size[1] * size;
    for (int64_t i = 0; i < product->work.size[0]; i++)
        memcpy(to + i * bytes, product->room + i * product->room_ld * size,
               (size_t)bytes);
}

static pld_status drain(struct pld_product *product)
{
    while (product->steps < product->work.nsteps)
        PLD_TRY(pld_product_step(product));
    return PLD_OK;
}

static pld_status run_leaf(const int64_t tile[PLD_MAXDIM], void *out,
                           void *data)
{
    struct pld_product *product = data;
    int64_t end = product->leaf_cuts[product->ctx->rank + 1];
    int64_t last = pld_work_npanels(product->work.size[2]);
    int64_t panel = tile[0] * PLD_LEAF_PANELS;
    for (int i = 0; i < PLD_LEAF_PANELS && panel + i < last; i++)
        PLD_TRY(pld_product_step(product));
    copy_rows(product, out);
    return tile[0] + 1 == end ? drain(product) : PLD_OK;
}

static pld_status add(void *low, const void *high, void *data)
{
    const struct pld_product *product = data;
    int64_t n = product->work.size[0] * product->work.size[1];
    struct pld_factors by = {.alpha = {1}, .beta = {1}};
    pld_strip_update(
        product->c.field->type, n, &by,
        &(struct pld_strips){.y = {low, 1}, .x = {(void *)(uintptr_t)high, 1}});
    return PLD_OK;
}

/* The part that this rank owns, out of all of c. */
static void conclude(const struct pld_product *product)
{
    pld_type type = product->c.field->type;
    const struct pld_dense all = {.data = product->landed,
                                  .ld = product->work.size[1]};
    struct pld_dense own =
        pld_dense_at(type, all, product->first[0], product->first[1]);
    if (product->owned[0] * product->owned[1] > 0)
        pld_product_conclude(product, &own, 0, 0, product->owned);
}

static void mirror(const struct pld_product *product)
{
    pld_type type = product->c.field->type;
    int64_t n = product->work.size[0];
    pld_mirror_lower(type, n, product->landed, n);
    for (int64_t i = 0; type == PLD_C128 && i < n; i++)
        pld_conjugate_row(n - i - 1, product->landed + (i * n + i + 1) * 16);
}

pld_status pld_product_run_split(struct pld_product *product)
{
    const struct pld_work *work = &product->work;
    const int64_t one[] = {0, 1};
    const int64_t *own = product->leaf_cuts + product->ctx->rank;
    struct pld_tree tree = {
        .ntiles = {product->leaf_cuts[work->nparts[2]], 1, 1},
        .nparts = {work->nparts[2], 1, 1},
        .cuts = {product->leaf_cuts, one, one}};
    const struct pld_tree_up up = {
        .bytes = work->size[0] * work->size[1] *
                 (int64_t)pld_type_size(product->c.field->type),
        .leaf = run_leaf,
        .join = add,
        .data = product};
    pld_status status = own[1] > own[0] ? PLD_OK : drain(product);
    pld_status joined =
        pld_tree_reduce(product->ctx, &tree, &up, product->landed);
    PLD_TRY(pld_agree(product->ctx, status == PLD_OK ? joined : status));
    if (product->symmetric)
        mirror(product);
    conclude(product);
    return PLD_OK;
}
