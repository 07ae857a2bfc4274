#include "linalg/product.h"

#include <math.h>

#include "mesh/cuts.h"

/* Cuts between ranks suit all kernels. */
enum { UNIT = 24 };

static int64_t clamped(int64_t n, int64_t most)
{
    return n < 0 ? 0 : n < most ? n : most;
}

/* --- Which way ------------------------------------------------------------ */

/* By the global problem alone: it decides in which order sums are added up. */
static bool is_long(const int64_t size[3])
{
    int64_t wide = size[0] > size[1] ? size[0] : size[1];
    return size[2] >= 4 * PLD_LEAF && size[2] / 16 >= wide &&
           (double)size[0] * (double)size[1] <= 1 << 20;
}

/* Whether some rank owns far more of c than its share, and results are worth
 * being sent. */
static bool is_uneven(const struct pld_product *product)
{
    const int64_t *size = product->work.size;
    double most = 0;
    for (int r = 0; r < product->ctx->nranks; r++) {
        pld_box box = pld_box_intersect(
            product->c.box, pld_field_owned_by(product->c.field, r));
        double n = pld_box_empty(box) ? 0 : (double)pld_box_volume(box);
        most = n > most ? n : most;
    }
    double all = (double)size[0] * (double)size[1];
    return most * product->ctx->nranks > 1.5 * all && size[2] >= 128 &&
           all * (double)size[2] >= 1 << 24;
}

/* --- Cuts ----------------------------------------------------------------- */

/* As c is cut, counted from its box. */
static void cut_as_owned(struct pld_product *product)
{
    struct pld_work *work = &product->work;
    const struct pld_operand_matrix *c = &product->c;
    struct pld_source source;
    pld_source_of_field(c->field, &source);
    for (int d = 0; d < 2; d++) {
        int step = d == 0 ? source.nprocs[1] : 1;
        for (int p = 0; p < work->nparts[d]; p++) {
            pld_box held = pld_source_held_by(&source, p * step);
            int64_t at = held.first[d] - c->box.first[d];
            work->cuts[d][p] = clamped(at, work->size[d]);
        }
        work->cuts[d][work->nparts[d]] = work->size[d];
    }
    work->cuts[2][1] = work->size[2];
}

static void cut_evenly(int64_t size, int nparts, int64_t unit, int64_t *cuts)
{
    pld_cuts_equal((size + unit - 1) / unit, nparts, cuts);
    for (int p = 0; p <= nparts; p++)
        cuts[p] = clamped(cuts[p] * unit, size);
}

/* Columns beyond the diagonal that a row of the triangle costs as much as,
 * as was measured: what squares on the diagonal cut off, and their size. */
enum { BEYOND = 400 };

/* Rows of the lower triangle, all parts of the same cost. */
static void cut_triangle(int64_t size, int nparts, int64_t *cuts)
{
    double all = (double)size * (double)(size + BEYOND);
    double half = BEYOND / 2.0;
    for (int p = 0; p < nparts; p++) {
        double rows = sqrt(half * half + all * p / nparts) - half;
        int64_t at = (int64_t)(rows / UNIT + 0.5);
        cuts[p] = clamped(at * UNIT, size);
    }
    cuts[nparts] = size;
}

/* The two factors of nranks for which the panels are the smallest. */
static void choose_parts(const int64_t size[3], int nranks, int nparts[3])
{
    double least = INFINITY;
    for (int rows = 1; rows <= nranks; rows++) {
        if (nranks % rows != 0)
            continue;
        double cost =
            (double)size[0] / rows + (double)size[1] / ((double)nranks / rows);
        if (cost < least) {
            least = cost;
            nparts[0] = rows;
            nparts[1] = nranks / rows;
        }
    }
}

/* The dimension of its field that an operand has along the sums. */
static int along(const struct pld_operand_matrix *operand, int plain)
{
    return operand->form != PLD_PLAIN ? 1 - plain : plain;
}

/* Leaves to ranks: evenly or, where an operand is cut along k alone and in
 * parts of about one size, to the owners of their first elements. */
static void cut_sums(const struct pld_product *product, int64_t *cuts)
{
    int nranks = product->ctx->nranks;
    int64_t size = product->work.size[2];
    const struct pld_operand_matrix *operand = &product->a;
    int d = along(operand, 1);
    if (operand->field->grid->nprocs[d] != nranks) {
        operand = &product->b;
        d = along(operand, 0);
    }
    int64_t most = 0;
    struct pld_source source;
    pld_source_of_field(operand->field, &source);
    cut_evenly(size, nranks, PLD_LEAF, cuts);
    if (source.nprocs[d] != nranks)
        return;
    for (int r = 0; r < nranks; r++) {
        pld_box held =
            pld_box_intersect(pld_source_held_by(&source, r), operand->box);
        most = held.count[d] > most ? held.count[d] : most;
    }
    if (most / 2 > size / nranks)
        return;
    for (int r = 0; r < nranks; r++) {
        int64_t at = pld_source_held_by(&source, r).first[d] -
                     operand->box.first[d] + PLD_LEAF - 1;
        cuts[r] = clamped(at > 0 ? at / PLD_LEAF * PLD_LEAF : 0, size);
    }
    cuts[nranks] = size;
}

/* --- All of it ------------------------------------------------------------ */

static void set_parts(struct pld_product *product)
{
    struct pld_work *work = &product->work;
    int nranks = product->ctx->nranks;
    for (int d = 0; d < 3; d++)
        work->nparts[d] = 1;
    if (product->way == PLD_WAY_SPLIT)
        work->nparts[2] = nranks;
    else if (product->way == PLD_WAY_OWNERS)
        for (int d = 0; d < 2; d++)
            work->nparts[d] = product->c.field->grid->nprocs[d];
    else if (product->symmetric)
        work->nparts[0] = nranks;
    else
        choose_parts(work->size, nranks, work->nparts);
}

static void set_cuts(struct pld_product *product)
{
    struct pld_work *work = &product->work;
    if (product->way == PLD_WAY_OWNERS) {
        cut_as_owned(product);
        return;
    }
    for (int d = 0; d < 2; d++)
        cut_evenly(work->size[d], work->nparts[d], UNIT, work->cuts[d]);
    if (product->symmetric)
        cut_triangle(work->size[0], work->nparts[0], work->cuts[0]);
    if (product->way == PLD_WAY_SPLIT)
        cut_sums(product, work->cuts[2]);
    else
        work->cuts[2][1] = work->size[2];
}

pld_status pld_product_share_out(struct pld_product *product)
{
    struct pld_work *work = &product->work;
    const int64_t size[] = {product->c.size[0], product->c.size[1],
                            product->a.size[1]};
    for (int d = 0; d < 3; d++)
        work->size[d] = size[d];
    product->way = is_long(size)        ? PLD_WAY_SPLIT
                   : product->symmetric ? PLD_WAY_SPREAD
                   : is_uneven(product) ? PLD_WAY_SPREAD
                                        : PLD_WAY_OWNERS;
    work->lower = product->symmetric;
    set_parts(product);
    PLD_TRY(pld_work_create(work));
    set_cuts(product);
    for (int d = 0; d < 2; d++)
        work->tile[d] = (size[d] > 0 ? size[d] + 191 : 192) / 192 * 192;
    pld_work_count(work);
    return PLD_OK;
}
