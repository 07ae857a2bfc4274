#include "linalg/tsqr.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "linalg/lapack_qr.h"
#include "par/message.h"
#include "polder/agree.h"

/* Those of one call: of a tile (m rows), or of two triangles. */
struct pld_reflectors {
    int64_t m;
    char *v;
    char *t;
};

static size_t element_size(const struct pld_tsqr *tsqr)
{
    return pld_type_size(tsqr->type);
}

/* --- Memory --------------------------------------------------------------- */

static int64_t rows_of(const struct pld_tsqr *tsqr, int64_t nrows)
{
    return nrows > tsqr->k ? nrows : tsqr->k;
}

static pld_status allocate(struct pld_tsqr *tsqr, int64_t ncolumns)
{
    int64_t most = ncolumns > tsqr->k ? ncolumns : tsqr->k;
    int64_t rows = rows_of(tsqr, tsqr->tiling->most_rows);
    size_t size = element_size(tsqr);
    pld_free(tsqr->work);
    pld_free(tsqr->tile);
    tsqr->work = tsqr->tile = NULL;
    PLD_TRY(pld_alloc("work of QR", most * PLD_QR_BLOCK, size, &tsqr->work));
    PLD_TRY(pld_alloc("tile of QR", rows * most, size, &tsqr->tile));
    if (tsqr->t == NULL)
        PLD_TRY(
            pld_alloc("factors of QR", tsqr->k * PLD_QR_BLOCK, size, &tsqr->t));
    return PLD_OK;
}

static pld_status grow(struct pld_tsqr *tsqr)
{
    struct pld_reflectors *more;
    int64_t n = tsqr->most_kept > 0 ? 2 * tsqr->most_kept : 16;
    PLD_TRY(pld_alloc("list of reflectors", n, sizeof *more, &more));
    if (tsqr->nkept > 0)
        memcpy(more, tsqr->kept, (size_t)tsqr->nkept * sizeof *more);
    pld_free(tsqr->kept);
    tsqr->kept = more;
    tsqr->most_kept = n;
    return PLD_OK;
}

/* Keep the reflectors of m rows at v, with those in tsqr->t. */
static pld_status keep(struct pld_tsqr *tsqr, int64_t m, const void *v)
{
    if (!tsqr->keeps)
        return PLD_OK;
    if (tsqr->nkept == tsqr->most_kept)
        PLD_TRY(grow(tsqr));
    size_t size = element_size(tsqr);
    struct pld_reflectors *one = &tsqr->kept[tsqr->nkept++];
    *one = (struct pld_reflectors){.m = m};
    PLD_TRY(pld_alloc("reflectors", m * tsqr->k, size, &one->v));
    PLD_TRY(pld_alloc("factors of reflectors", tsqr->k * PLD_QR_BLOCK, size,
                      &one->t));
    memcpy(one->v, v, (size_t)(m * tsqr->k) * size);
    memcpy(one->t, tsqr->t, (size_t)(tsqr->k * PLD_QR_BLOCK) * size);
    return PLD_OK;
}

void pld_tsqr_destroy(struct pld_tsqr *tsqr)
{
    for (int64_t i = 0; i < tsqr->nkept; i++) {
        pld_free(tsqr->kept[i].v);
        pld_free(tsqr->kept[i].t);
    }
    pld_free(tsqr->kept);
    pld_free(tsqr->signs);
    pld_free(tsqr->work);
    pld_free(tsqr->tile);
    pld_free(tsqr->t);
    *tsqr = (struct pld_tsqr){.ctx = NULL};
}

/* --- Rows and columns ----------------------------------------------------- */

/* n columns of nrows elements in memory, as a block. */
static struct pld_block block_of(pld_type type, void *data, int64_t row,
                                 int64_t column)
{
    int64_t size = (int64_t)pld_type_size(type);
    return (struct pld_block){.data = data,
                              .stride = {row * size, column * size, 0},
                              .ncomps = 1,
                              .size = (size_t)size};
}

/* A tile's rows to columns of m rows, or back; rows beyond the tile's are 0. */
static void turn(pld_type type, const struct pld_tile *tile, int64_t ncolumns,
                 int64_t m, char *columns, bool back)
{
    static const int64_t unmoved[PLD_MAXDIM];
    const pld_box box = {.count = {tile->nrows, ncolumns, 1}};
    size_t size = pld_type_size(type);
    struct pld_block rows = block_of(type, tile->data, tile->ld, 1);
    struct pld_block cols = block_of(type, columns, 1, m);
    if (back)
        pld_block_copy(&cols, box, &rows, unmoved);
    else
        pld_block_copy(&rows, box, &cols, unmoved);
    for (int64_t j = 0; !back && tile->nrows < m && j < ncolumns; j++)
        memset(columns + (size_t)(j * m + tile->nrows) * size, 0,
               (size_t)(m - tile->nrows) * size);
}

/* The upper k x n of columns of m rows, from or to columns of k rows. */
static void copy_top(const struct pld_tsqr *tsqr, int64_t n, const char *from,
                     int64_t from_ld, char *to, int64_t to_ld)
{
    size_t size = element_size(tsqr);
    for (int64_t j = 0; j < n; j++)
        memcpy(to + (size_t)(j * to_ld) * size,
               from + (size_t)(j * from_ld) * size, (size_t)tsqr->k * size);
}

/* Elements below the diagonal are reflectors. */
static void clear_lower(const struct pld_tsqr *tsqr, char *r)
{
    size_t size = element_size(tsqr);
    for (int64_t j = 0; j < tsqr->k; j++)
        memset(r + (size_t)(j * tsqr->k + j + 1) * size, 0,
               (size_t)(tsqr->k - j - 1) * size);
}

/* --- Factoring ------------------------------------------------------------ */

static pld_status factor_leaf(const int64_t tile[PLD_MAXDIM], void *out,
                              void *data)
{
    struct pld_tsqr *tsqr = data;
    char *columns = tsqr->tile;
    int64_t m = 0;
    for (int i = 0; i < tsqr->nparts; i++) {
        struct pld_tiled *part = tsqr->parts[i];
        struct pld_tile rows = pld_tiled_load(part, tile);
        m = rows_of(tsqr, rows.nrows);
        turn(tsqr->type, &rows, part->ncolumns, m, columns, false);
        columns += (size_t)(m * part->ncolumns) * element_size(tsqr);
    }
    PLD_TRY(pld_lapack_geqrt(tsqr->type, m, tsqr->k, tsqr->tile, tsqr->t,
                             tsqr->work));
    copy_top(tsqr, tsqr->k, tsqr->tile, m, out, tsqr->k);
    clear_lower(tsqr, out);
    return keep(tsqr, m, tsqr->tile);
}

static pld_status factor_join(void *low, const void *high, void *data)
{
    struct pld_tsqr *tsqr = data;
    memcpy(tsqr->tile, high, (size_t)(tsqr->k * tsqr->k) * element_size(tsqr));
    PLD_TRY(pld_lapack_tpqrt(tsqr->type, tsqr->k, low, tsqr->tile, tsqr->t,
                             tsqr->work));
    return keep(tsqr, tsqr->k, tsqr->tile);
}

static double real_part(pld_type type, const void *array, int64_t i)
{
    return type == PLD_F32   ? (double)((const float *)array)[i]
           : type == PLD_F64 ? ((const double *)array)[i]
                             : ((const double *)array)[2 * i];
}

static void negate(pld_type type, void *array, int64_t i)
{
    if (type == PLD_F32) {
        ((float *)array)[i] = -((float *)array)[i];
        return;
    }
    int parts = type == PLD_C128 ? 2 : 1;
    for (int p = 0; p < parts; p++)
        ((double *)array)[parts * i + p] = -((double *)array)[parts * i + p];
}

static bool is_finite(pld_type type, int64_t n, const void *array)
{
    int64_t parts = type == PLD_C128 ? 2 : 1;
    for (int64_t i = 0; i < n * parts; i++)
        if (!isfinite(real_part(pld_real_of(type), array, i)))
            return false;
    return true;
}

/* The way back: rows of R, and what Q makes of it, by signs. */
static void find_signs(const struct pld_tsqr *tsqr, const void *columns,
                       void *r)
{
    static const int64_t unmoved[PLD_MAXDIM];
    const pld_box box = {.count = {tsqr->k, tsqr->k, 1}};
    struct pld_block from = block_of(tsqr->type, (void *)columns, 1, tsqr->k);
    struct pld_block to = block_of(tsqr->type, r, tsqr->k, 1);
    pld_block_copy(&from, box, &to, unmoved);
    for (int64_t i = 0; i < tsqr->k; i++) {
        tsqr->signs[i] = real_part(tsqr->type, r, i * (tsqr->k + 1)) < 0;
        for (int64_t j = i; tsqr->signs[i] && j < tsqr->k; j++)
            negate(tsqr->type, r, i * tsqr->k + j);
    }
}

static pld_status check_finite(const struct pld_tsqr *tsqr, const void *r)
{
    for (int64_t j = 0; j < tsqr->k; j++)
        for (int64_t i = 0; i <= j; i++)
            PLD_CHECK(is_finite(tsqr->type, 1,
                                (const char *)r + (size_t)(i * tsqr->k + j) *
                                                      element_size(tsqr)),
                      PLD_ERR_ARG,
                      "%s: column %lld holds a value that is not finite, or so "
                      "large that its norm is not",
                      tsqr->parts[0]->name, (long long)j);
    return PLD_OK;
}

static pld_status prepare(struct pld_tsqr *tsqr, void **columns)
{
    PLD_TRY(allocate(tsqr, tsqr->k));
    PLD_TRY(
        pld_alloc("signs of QR", tsqr->k, sizeof *tsqr->signs, &tsqr->signs));
    return pld_alloc("R", tsqr->k * tsqr->k, element_size(tsqr), columns);
}

pld_status pld_tsqr_factor(struct pld_tsqr *tsqr, void *r)
{
    pld_status status = PLD_OK;
    void *columns = NULL;
    PLD_TRY_TO(out, pld_agree(tsqr->ctx, prepare(tsqr, &columns)));
    const struct pld_tree_up up = {.bytes = tsqr->k * tsqr->k *
                                            (int64_t)element_size(tsqr),
                                   .leaf = factor_leaf,
                                   .join = factor_join,
                                   .data = tsqr};
    PLD_TRY_TO(out,
               pld_tree_reduce(tsqr->ctx, &tsqr->tiling->tree, &up, columns));
    find_signs(tsqr, columns, r);
    PLD_TRY_TO(out, check_finite(tsqr, r));
out:
    pld_free(columns);
    return status;
}

/* --- Applying Q^H --------------------------------------------------------- */

struct run {
    struct pld_tsqr *tsqr;
    struct pld_tiled *other;
    int64_t n; /* its columns */
};

static pld_status reduce_leaf(const int64_t tile[PLD_MAXDIM], void *out,
                              void *data)
{
    struct run *run = data;
    struct pld_tsqr *tsqr = run->tsqr;
    const struct pld_reflectors *one = &tsqr->kept[tsqr->next++];
    struct pld_tile rows = pld_tiled_load(run->other, tile);
    turn(tsqr->type, &rows, run->n, one->m, tsqr->tile, false);
    PLD_TRY(pld_lapack_gemqrt(tsqr->type, 'C', one->m, run->n, tsqr->k, one->v,
                              one->t, tsqr->tile, one->m, tsqr->work));
    copy_top(tsqr, run->n, tsqr->tile, one->m, out, tsqr->k);
    return PLD_OK;
}

static pld_status reduce_join(void *low, const void *high, void *data)
{
    struct run *run = data;
    struct pld_tsqr *tsqr = run->tsqr;
    const struct pld_reflectors *one = &tsqr->kept[tsqr->next++];
    memcpy(tsqr->tile, high, (size_t)(tsqr->k * run->n) * element_size(tsqr));
    return pld_lapack_tpmqrt(tsqr->type, 'C', run->n, tsqr->k, one->v, one->t,
                             low, tsqr->tile, tsqr->work);
}

/* Rows of k x n to columns or back, with the signs of R. */
static void turn_small(const struct pld_tsqr *tsqr, int64_t n, void *rows,
                       void *columns, bool back)
{
    struct pld_tile tile = {.nrows = tsqr->k, .data = rows, .ld = n};
    turn(tsqr->type, &tile, n, tsqr->k, columns, back);
    for (int64_t i = 0; i < tsqr->k; i++)
        for (int64_t j = 0; tsqr->signs[i] && j < n; j++)
            negate(tsqr->type, back ? rows : columns,
                   back ? i * n + j : j * tsqr->k + i);
}

static pld_status prepare_run(const struct run *run, void **columns)
{
    PLD_TRY(allocate(run->tsqr, run->n));
    return pld_alloc("small matrix", run->tsqr->k * run->n,
                     element_size(run->tsqr), columns);
}

pld_status pld_tsqr_reduce(struct pld_tsqr *tsqr, struct pld_tiled *b, void *c)
{
    pld_status status = PLD_OK;
    void *columns = NULL;
    struct run run = {tsqr, b, b->ncolumns};
    PLD_TRY_TO(out, pld_agree(tsqr->ctx, prepare_run(&run, &columns)));
    tsqr->next = 0;
    const struct pld_tree_up up = {.bytes = tsqr->k * run.n *
                                            (int64_t)element_size(tsqr),
                                   .leaf = reduce_leaf,
                                   .join = reduce_join,
                                   .data = &run};
    PLD_TRY_TO(out,
               pld_tree_reduce(tsqr->ctx, &tsqr->tiling->tree, &up, columns));
    turn_small(tsqr, run.n, c, columns, true);
out:
    pld_free(columns);
    return status;
}

/* --- Applying Q ----------------------------------------------------------- */

static pld_status expand_split(void *low, void *high, void *data)
{
    struct run *run = data;
    struct pld_tsqr *tsqr = run->tsqr;
    const struct pld_reflectors *one = &tsqr->kept[--tsqr->next];
    memset(high, 0, (size_t)(tsqr->k * run->n) * element_size(tsqr));
    return pld_lapack_tpmqrt(tsqr->type, 'N', run->n, tsqr->k, one->v, one->t,
                             low, high, tsqr->work);
}

static pld_status expand_leaf(const int64_t tile[PLD_MAXDIM], void *value,
                              void *data)
{
    struct run *run = data;
    struct pld_tsqr *tsqr = run->tsqr;
    const struct pld_reflectors *one = &tsqr->kept[--tsqr->next];
    memset(tsqr->tile, 0, (size_t)(one->m * run->n) * element_size(tsqr));
    copy_top(tsqr, run->n, value, tsqr->k, tsqr->tile, one->m);
    PLD_TRY(pld_lapack_gemqrt(tsqr->type, 'N', one->m, run->n, tsqr->k, one->v,
                              one->t, tsqr->tile, one->m, tsqr->work));
    struct pld_tile rows = pld_tiled_place(run->other, tile);
    turn(tsqr->type, &rows, run->n, one->m, tsqr->tile, true);
    pld_tiled_store(run->other, &rows);
    return PLD_OK;
}

pld_status pld_tsqr_expand(struct pld_tsqr *tsqr, const void *c,
                           struct pld_tiled *to)
{
    pld_status status = PLD_OK;
    void *columns = NULL;
    struct run run = {tsqr, to, to->ncolumns};
    PLD_TRY_TO(out, pld_agree(tsqr->ctx, prepare_run(&run, &columns)));
    turn_small(tsqr, run.n, (void *)c, columns, false);
    tsqr->next = tsqr->nkept;
    const struct pld_tree_down down = {.bytes = tsqr->k * run.n *
                                                (int64_t)element_size(tsqr),
                                       .split = expand_split,
                                       .leaf = expand_leaf,
                                       .data = &run};
    PLD_TRY_TO(out,
               pld_tree_spread(tsqr->ctx, &tsqr->tiling->tree, &down, columns));
    PLD_TRY_TO(out, pld_tiled_written(to));
out:
    pld_free(columns);
    return status;
}
