#include "linalg/product.h"

#include "polder/agree.h"

/* What is computed where it does not belong is brought to its owners. Of a
 * symmetric result each rank has some rows, up to the diagonal and the square
 * that these cut off there:
 *
 *     #          the owner of any box takes it as it is from the rank of its
 *     ##         rows, as far as that has columns, and mirrored from the ranks
 *     ####       whose rows are its columns, all that is left of them
 *     ####
 */

static pld_box box_of(const struct pld_step *step)
{
    pld_box box = {.count = {0, 0, 1}};
    for (int d = 0; d < 2; d++) {
        box.first[d] = step->first[d];
        box.count[d] = step->count[d];
    }
    return box;
}

/* What a rank owns of c, counted from its box. */
static pld_box owned_by(const struct pld_product *product, int rank)
{
    pld_box box = {.count = {0, 0, 1}};
    pld_operand_owned(&product->c, rank, box.first, box.count);
    return box;
}

static pld_box straight(const void *data, int holder, int reader)
{
    const struct pld_product *product = data;
    struct pld_step step = pld_work_of(&product->work, holder);
    return pld_box_intersect(box_of(&step), owned_by(product, reader));
}

static pld_box mirrored(const void *data, int holder, int reader)
{
    const struct pld_product *product = data;
    struct pld_step step = pld_work_of(&product->work, holder);
    pld_box box = owned_by(product, reader);
    step.count[1] = step.first[0]; /* without the square */
    return pld_box_intersect(box_of(&step),
                             (pld_box){{box.first[1], box.first[0], 0},
                                       {box.count[1], box.count[0], 1}});
}

static struct pld_demand demand_of(const struct pld_product *product,
                                   bool is_mirrored)
{
    return (struct pld_demand){.part = is_mirrored ? mirrored : straight,
                               .data = product,
                               .end_holder = product->ctx->nranks,
                               .end_reader = product->ctx->nranks};
}

int64_t pld_product_landing_bytes(const struct pld_product *product)
{
    int64_t bytes = 0;
    for (int i = 0; i < (product->symmetric ? 2 : 1); i++) {
        struct pld_demand demand = demand_of(product, i == 1);
        bytes += pld_fetch_bytes(&product->results, &demand);
    }
    return bytes;
}

/* --- The square on the diagonal ------------------------------------------- */

enum { MIRROR_TILE = 64 };

static struct pld_block block_in(pld_type type, char *data, int64_t ld)
{
    int64_t size = (int64_t)pld_type_size(type);
    return (struct pld_block){.data = data,
                              .stride = {ld * size, size},
                              .ncomps = 1,
                              .size = (size_t)size};
}

static struct pld_block turned(struct pld_block block)
{
    int64_t stride = block.stride[0];
    block.stride[0] = block.stride[1];
    block.stride[1] = stride;
    return block;
}

static void mirror_box(const struct pld_block *square, int64_t row,
                       int64_t column, int64_t nrows, int64_t ncolumns)
{
    const int64_t unmoved[PLD_MAXDIM] = {0};
    const struct pld_block to = turned(*square);
    const pld_box box = {{row, column, 0}, {nrows, ncolumns, 1}};
    if (nrows > 0 && ncolumns > 0)
        pld_block_copy(square, box, &to, unmoved);
}

void pld_mirror_lower(pld_type type, int64_t n, char *data, int64_t ld)
{
    struct pld_block square = block_in(type, data, ld);
    for (int64_t at = 0; at < n; at += MIRROR_TILE) {
        int64_t end = at + MIRROR_TILE < n ? at + MIRROR_TILE : n;
        for (int64_t column = 0; column < at; column += MIRROR_TILE)
            mirror_box(&square, at, column, end - at, MIRROR_TILE);
        for (int64_t column = at; column < end; column++)
            mirror_box(&square, column + 1, column, end - column - 1, 1);
    }
}

/* --- At the owner --------------------------------------------------------- */

/* Results need nothing but to be put in their place. */
static bool is_direct(const struct pld_product *product)
{
    return product->alpha == 1 && product->beta == 0 &&
           product->half == PLD_BOTH &&
           !(product->symmetric && product->c.field->type == PLD_C128);
}

int64_t pld_product_landed_bytes(const struct pld_product *product)
{
    if (is_direct(product))
        return 0;
    return product->owned[0] * product->owned[1] *
           (int64_t)pld_type_size(product->c.field->type);
}

/* By indices counted from the box of c. */
static struct pld_block place(const struct pld_product *product)
{
    bool direct = is_direct(product);
    pld_type type = product->c.field->type;
    struct pld_block block =
        direct ? pld_field_block(product->c.field)
               : block_in(type, product->landed, product->owned[1]);
    uintptr_t at = (uintptr_t)block.data;
    for (int d = 0; d < 2; d++) {
        int64_t by = direct ? product->c.box.first[d] : -product->first[d];
        at += (uintptr_t)(by * block.stride[d]);
    }
    block.data = (char *)at;
    return block;
}

void pld_conjugate_row(int64_t n, char *data)
{
    double *parts = (void *)data;
    for (int64_t i = 0; i < n; i++)
        parts[2 * i + 1] = -parts[2 * i + 1];
}

/* What has come mirrored, of c128. */
static void conjugate_upper(const struct pld_product *product,
                            const struct pld_dense *landed)
{
    for (int64_t i = 0; i < product->owned[0]; i++) {
        int64_t from = product->first[0] + i + 1 - product->first[1];
        from = from > 0 ? from : 0;
        pld_conjugate_row(product->owned[1] - from,
                          pld_dense_at(PLD_C128, *landed, i, from).data);
    }
}

static pld_status bring(struct pld_product *product)
{
    int ways = product->symmetric && product->half == PLD_BOTH ? 2 : 1;
    struct pld_block to = place(product);
    for (int i = 0; i < ways; i++) {
        struct pld_demand demand = demand_of(product, i == 1);
        struct pld_block there = i == 1 ? turned(to) : to;
        PLD_TRY(pld_fetch_begin(&product->landing[i], &product->results,
                                &demand, &there, product->landing_tag[i]));
    }
    for (int i = 0; i < ways; i++)
        PLD_TRY(pld_fetch_end(&product->landing[i]));
    return PLD_OK;
}

static void prepare_square(const struct pld_product *product)
{
    struct pld_step all = pld_work_of(&product->work, product->ctx->rank);
    pld_type type = product->c.field->type;
    const struct pld_dense room = {.data = product->room,
                                   .ld = product->room_ld};
    if (product->symmetric && all.count[0] > 0)
        pld_mirror_lower(type, all.count[0],
                         pld_dense_at(type, room, 0, all.first[0]).data,
                         room.ld);
}

pld_status pld_product_deliver(struct pld_product *product)
{
    prepare_square(product);
    PLD_TRY(pld_agree(product->ctx, PLD_OK));
    PLD_TRY(bring(product));
    if (is_direct(product))
        return PLD_OK;
    const struct pld_dense landed = {.data = product->landed,
                                     .ld = product->owned[1]};
    if (product->symmetric && product->c.field->type == PLD_C128)
        conjugate_upper(product, &landed);
    pld_product_conclude(product, &landed, 0, 0, product->owned);
    return PLD_OK;
}
