#include "linalg/product.h"

#include "linalg/strip.h"

/* --- Where a tile comes to be --------------------------------------------- */

bool pld_product_in_place(const struct pld_product *product,
                          const struct pld_step *step)
{
    const pld_field *field = product->c.field;
    if (product->way != PLD_WAY_OWNERS || product->beta != 0 ||
        field->order[1] != 1)
        return false;
    for (int d = 0; d < 2; d++)
        if (pld_kernel_padded(field->type, step->count[d],
                              product->work.size[2]) != step->count[d])
            return false;
    return true;
}

static struct pld_dense tile_of(const struct pld_product *product,
                                const struct pld_step *step)
{
    const pld_field *field = product->c.field;
    struct pld_dense room = {.data = product->room, .ld = product->room_ld};
    if (pld_product_in_place(product, step)) {
        struct pld_block block = pld_field_block(field);
        const int64_t at[] = {step->first[0] + product->c.box.first[0],
                              step->first[1] + product->c.box.first[1], 0};
        return (struct pld_dense){.data = pld_block_at(&block, at),
                                  .ld = field->stride[0]};
    }
    if (product->way != PLD_WAY_SPREAD)
        return room;
    struct pld_step all = pld_work_of(&product->work, product->ctx->rank);
    return pld_dense_at(field->type, room, step->first[0] - all.first[0],
                        step->first[1] - all.first[1]);
}

/* --- Computing ------------------------------------------------------------ */

/* While messages are under way, MPI is called after so many rows. */
enum { SLAB = 384 };

struct slab {
    int64_t row;
    int64_t nrows; /* padded */
    int64_t ncolumns;
    int64_t depth;
};

/* Whether what was in the room before is done with. */
static bool is_fresh(const struct pld_product *product,
                     const struct pld_step *step)
{
    return step->opens ||
           (product->way == PLD_WAY_SPLIT && step->first[2] % PLD_LEAF == 0);
}

static void multiply_slab(const struct pld_product *product,
                          const struct pld_step *step, const struct slab *slab,
                          const struct pld_dense of[2],
                          const struct pld_dense *tile)
{
    pld_type type = product->c.field->type;
    struct pld_dense a = pld_dense_at(type, of[0], slab->row, 0);
    struct pld_dense c = pld_dense_at(type, *tile, slab->row, 0);
    bool fresh = is_fresh(product, step);
    if (product->symmetric)
        pld_kernel_multiply_lower(
            type, slab->nrows, slab->ncolumns, slab->depth,
            step->first[0] + slab->row - step->first[1], &a, &of[1], fresh, &c);
    else
        pld_kernel_multiply(type, slab->nrows, slab->ncolumns, slab->depth, &a,
                            &of[1], fresh, &c);
}

static pld_status compute(struct pld_product *product,
                          const struct pld_step *step,
                          const struct pld_dense of[2])
{
    pld_type type = product->c.field->type;
    int64_t k = product->work.size[2];
    int64_t rows = pld_kernel_padded(type, step->count[0], k);
    struct slab slab = {.ncolumns = pld_kernel_padded(type, step->count[1], k),
                        .depth = pld_kernel_deep(step->count[2])};
    struct pld_dense tile = tile_of(product, step);
    int64_t next = product->steps;
    bool far = next < product->work.nsteps &&
               (pld_panels_is_far(&product->panels[0], next) ||
                pld_panels_is_far(&product->panels[1], next));
    for (; slab.row < rows; slab.row += slab.nrows) {
        slab.nrows = rows - slab.row;
        if (far && slab.nrows >= 2 * SLAB)
            slab.nrows = SLAB;
        multiply_slab(product, step, &slab, of, &tile);
        for (int i = 0; far && i < 2; i++)
            PLD_TRY(pld_panels_progress(&product->panels[i], next));
    }
    return PLD_OK;
}

/* --- Concluding ----------------------------------------------------------- */

/* Columns from `column` on that are written in a row. */
static int64_t width_of(const struct pld_product *product, int64_t row,
                        int64_t column, int64_t n)
{
    int64_t most = product->first[0] + row - product->first[1] - column + 1;
    if (product->half == PLD_LOWER && most < n)
        return most;
    return n;
}

/* The diagonal of a Hermitian matrix is real. */
static void make_real(const struct pld_product *product,
                      const struct pld_block *block, int64_t row,
                      int64_t column, int64_t n)
{
    int64_t on = product->first[0] + row - product->first[1];
    if (!product->symmetric || product->c.field->type != PLD_C128 ||
        on < column || on >= column + n)
        return;
    const int64_t at[] = {product->own.first[0] + row,
                          product->own.first[1] + on, 0};
    ((double *)(void *)pld_block_at(block, at))[1] = 0;
}

void pld_product_conclude(const struct pld_product *product,
                          const struct pld_dense *result, int64_t row,
                          int64_t column, const int64_t count[2])
{
    const pld_field *field = product->c.field;
    struct pld_block block = pld_field_block(field);
    struct pld_factors by = {.alpha = {result->data ? product->alpha : 0},
                             .beta = {product->beta}};
    for (int64_t i = 0; i < count[0]; i++) {
        const int64_t at[] = {product->own.first[0] + row + i,
                              product->own.first[1] + column, 0};
        struct pld_strip c = {pld_block_at(&block, at), field->stride[1]};
        struct pld_strip x = {NULL, 1};
        if (result->data)
            x.at = pld_dense_at(field->type, *result, i, 0).data;
        int64_t n = width_of(product, row + i, column, count[1]);
        if (n > 0)
            pld_strip_update(field->type, n, &by,
                             &(struct pld_strips){.y = c, .x = x});
        make_real(product, &block, row + i, column, n);
    }
}

/* --- One step ------------------------------------------------------------- */

static pld_status begin(struct pld_product *product, int64_t step)
{
    if (step >= product->work.nsteps)
        return PLD_OK;
    for (int i = 0; i < 2; i++)
        PLD_TRY(pld_panels_begin(&product->panels[i], step));
    return PLD_OK;
}

static void conclude_tile(const struct pld_product *product,
                          const struct pld_step *step)
{
    if (pld_product_in_place(product, step) && product->alpha == 1)
        return;
    struct pld_dense tile = tile_of(product, step);
    pld_product_conclude(product, &tile, step->first[0] - product->first[0],
                         step->first[1] - product->first[1], step->count);
}

pld_status pld_product_step(struct pld_product *product)
{
    int64_t now = product->steps++;
    struct pld_dense of[2];
    struct pld_step step =
        pld_work_step(&product->work, product->ctx->rank, now);
    if (now == 0)
        PLD_TRY(begin(product, 0));
    for (int i = 0; i < 2; i++)
        PLD_TRY(pld_panels_end(&product->panels[i], now, &of[i]));
    PLD_TRY(begin(product, now + 1));
    if (step.count[0] == 0)
        return PLD_OK;
    PLD_TRY(compute(product, &step, of));
    if (product->way == PLD_WAY_OWNERS && step.closes)
        conclude_tile(product, &step);
    return PLD_OK;
}
