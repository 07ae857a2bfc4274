#include "linalg/gram.h"

#include "base/alloc.h"
#include "base/overflow.h"
#include "linalg/rows.h"
#include "polder/agree.h"

#include <string.h>

/* --- One tile ------------------------------------------------------------- */

/* Rows of c that the kernels take together, and rows of a tile whose sum is
 * one chain: shorter ones round less. */
enum { SOME_ROWS = 8, CHAIN = 128 };

/* Rows of c from i on, over rows of the tiles from `row` on. */
static void add_chain(pld_type type, const struct pld_rows *all, int64_t row,
                      char *sums)
{
    int64_t size = (int64_t)pld_type_size(type);
    struct pld_rows part = *all;
    part.depth = all->depth - row < CHAIN ? all->depth - row : CHAIN;
    part.a = (const char *)all->a + row * all->a_step * size;
    part.b = (const char *)all->b + row * all->b_row * size;
    part.c = row > 0 ? sums : all->c;
    part.c_row = row > 0 ? all->n : all->c_row;
    part.fresh = true;
    pld_rows_multiply(type, &part);
    for (int64_t i = 0; row > 0 && i < all->m; i++)
        pld_gram_add(type, all->n, sums + i * all->n * size,
                     (char *)all->c + i * all->c_row * size);
}

void pld_gram_tile(pld_type type, const struct pld_tile *a, int64_t ka,
                   const struct pld_tile *b, int64_t kb, void *c, void *sums)
{
    int64_t parts = type == PLD_C128 ? 2 : 1;
    int64_t size = (int64_t)pld_type_size(pld_real_of(type));
    const struct pld_tile *other = b ? b : a;
    /* The next tile, as a rule. */
    struct pld_ahead ahead = {
        .at = a->data + a->nrows * a->ld * parts * size,
        .nlines = a->in_place ? a->nrows * a->ld * parts * size / 64 : 0};
    for (int64_t i = 0; i < ka; i += SOME_ROWS) {
        int64_t first = b ? 0 : i;
        const struct pld_rows rows = {.ahead = &ahead,
                                      .m = ka - i < SOME_ROWS ? ka - i
                                                              : SOME_ROWS,
                                      .n = kb - first,
                                      .depth = a->nrows,
                                      .a = a->data + i * size,
                                      .a_row = 1,
                                      .a_step = a->ld * parts,
                                      .b = other->data + first * size,
                                      .b_row = other->ld * parts,
                                      .c = (char *)c + (i * kb + first) * size,
                                      .c_row = kb};
        for (int64_t row = 0; row < rows.depth; row += CHAIN)
            add_chain(pld_real_of(type), &rows, row, sums);
    }
}

int64_t pld_gram_room(int64_t kb)
{
    return SOME_ROWS * kb;
}

void pld_gram_add(pld_type type, int64_t n, const void *from, void *to)
{
    if (type == PLD_F32)
        for (int64_t i = 0; i < n; i++)
            ((float *)to)[i] += ((const float *)from)[i];
    else
        for (int64_t i = 0; i < n; i++)
            ((double *)to)[i] += ((const double *)from)[i];
}

/* --- Results -------------------------------------------------------------- */

/* conj(x) y from the products of the parts, in place: those of number (i, j)
 * are at rows 2i, 2i + 1 and columns 2j, 2j + 1 and it comes to be before any
 * that are still to be read. */
static void combine_parts(int64_t ka, int64_t kb, bool symmetric, double *c)
{
    double *to = c;
    for (int64_t i = 0; i < ka; i += 2)
        for (int64_t j = 0; j < kb; j += 2, to += 2) {
            const double *re = c + i * kb + j;
            const double *im = re + kb;
            double product[2] = {re[0] + im[1], re[1] - im[0]};
            if (symmetric && i == j)
                product[1] = 0;
            memcpy(to, product, sizeof product);
        }
}

static void mirror(pld_type type, int64_t k, void *c)
{
    for (int64_t i = 0; i < k; i++)
        for (int64_t j = 0; j < i; j++) {
            if (type == PLD_F32) {
                ((float *)c)[i * k + j] = ((float *)c)[j * k + i];
                continue;
            }
            if (type == PLD_F64) {
                ((double *)c)[i * k + j] = ((double *)c)[j * k + i];
                continue;
            }
            double *to = (double *)c + 2 * (i * k + j);
            const double *from = (double *)c + 2 * (j * k + i);
            to[0] = from[0];
            to[1] = -from[1];
        }
}

void pld_gram_conclude(pld_type type, int64_t ka, int64_t kb, bool symmetric,
                       void *c)
{
    if (type == PLD_C128)
        combine_parts(ka, kb, symmetric, c);
    if (symmetric)
        mirror(type, type == PLD_C128 ? ka / 2 : ka, c);
}

/* --- All of it ------------------------------------------------------------ */

struct gram {
    struct pld_tiled a;
    struct pld_tiled b; /* not open without b */
    int64_t ka, kb;     /* real numbers of their rows */
    void *result;
    void *sums;
};

static pld_status leaf(const int64_t tile[PLD_MAXDIM], void *out, void *data)
{
    struct gram *gram = data;
    struct pld_tile a = pld_tiled_load(&gram->a, tile);
    struct pld_tile b;
    if (gram->b.ctx)
        b = pld_tiled_load(&gram->b, tile);
    pld_gram_tile(gram->a.type, &a, gram->ka, gram->b.ctx ? &b : NULL, gram->kb,
                  out, gram->sums);
    return PLD_OK;
}

static pld_status join(void *low, const void *high, void *data)
{
    const struct gram *gram = data;
    pld_gram_add(gram->a.type, gram->ka * gram->kb, high, low);
    return PLD_OK;
}

static pld_status open_both(const pld_tall *a, const pld_tall *b,
                            struct gram *gram)
{
    int64_t width = 0;
    int64_t more = 0;
    pld_ctx *ctx;
    PLD_TRY(pld_tall_ctx(a, "a", &ctx));
    pld_status status = pld_tall_shape(a, NULL, &width);
    if (status == PLD_OK && b)
        status = pld_tall_shape(b, NULL, &more);
    PLD_TRY(pld_agree(ctx, status));
    PLD_TRY(pld_tiled_open(a, "a", PLD_TALL_READS, width + more, &gram->a));
    if (b)
        PLD_TRY(
            pld_tiled_open_like(b, "b", PLD_TALL_READS, &gram->a, &gram->b));
    gram->ka = pld_tiled_reals(&gram->a);
    gram->kb = b ? pld_tiled_reals(&gram->b) : gram->ka;
    return PLD_OK;
}

static pld_status make_result(struct gram *gram, const void *out)
{
    PLD_CHECK(out != NULL, PLD_ERR_ARG, "out is NULL");
    size_t size = pld_type_size(pld_real_of(gram->a.type));
    PLD_TRY(pld_alloc("sums of products", pld_gram_room(gram->kb), size,
                      &gram->sums));
    return pld_alloc("Gram matrix", gram->ka * gram->kb, size, &gram->result);
}

pld_status pld_tall_gram(const pld_tall *a, const pld_tall *b, void *out)
{
    pld_status status = PLD_OK;
    struct gram gram = {.result = NULL};
    PLD_TRY_TO(out, open_both(a, b, &gram));
    PLD_TRY_TO(out, pld_agree(gram.a.ctx, make_result(&gram, out)));
    int64_t size = (int64_t)pld_type_size(pld_real_of(gram.a.type));
    const struct pld_tree_up up = {.bytes = gram.ka * gram.kb * size,
                                   .leaf = leaf,
                                   .join = join,
                                   .data = &gram};
    PLD_TRY_TO(out, pld_tree_reduce(gram.a.ctx, &gram.a.tiling.tree, &up,
                                    gram.result));
    pld_gram_conclude(gram.a.type, gram.ka, gram.kb, b == NULL, gram.result);
    memcpy(out, gram.result,
           (size_t)(gram.a.ncolumns * (b ? gram.b.ncolumns : gram.a.ncolumns)) *
               pld_type_size(gram.a.type));
out:
    pld_free(gram.result);
    pld_free(gram.sums);
    pld_status second = pld_tiled_close(&gram.b);
    pld_status third = pld_tiled_close(&gram.a);
    return status != PLD_OK ? status : second != PLD_OK ? second : third;
}
