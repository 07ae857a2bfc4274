#include "linalg/tall.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/overflow.h"
#include "linalg/lending.h"
#include "linalg/share.h"
#include "move/parts.h"
#include "polder/agree.h"

/* --- Checks --------------------------------------------------------------- */

static int count_of(const pld_tall *tall)
{
    return tall->matrix != NULL ? 1 : tall->nfields;
}

static pld_field *field_of(const pld_tall *tall, int i)
{
    return tall->matrix != NULL ? tall->matrix : tall->fields[i];
}

static pld_status check_given(const pld_tall *tall, const char *name)
{
    PLD_CHECK(tall != NULL, PLD_ERR_ARG, "%s is NULL", name);
    PLD_CHECK(tall->matrix == NULL || tall->nfields == 0, PLD_ERR_ARG,
              "%s names a matrix and %d fields: give one or the other", name,
              tall->nfields);
    PLD_CHECK(tall->matrix != NULL || tall->nfields > 0, PLD_ERR_ARG,
              "%s has neither a matrix nor fields: nfields is %d", name,
              tall->nfields);
    PLD_CHECK(tall->matrix != NULL || tall->fields != NULL, PLD_ERR_ARG,
              "%s->fields is NULL", name);
    return PLD_OK;
}

static pld_status check_field(const pld_tall *tall, const char *name, int i)
{
    char argument[48];
    const pld_field *field = field_of(tall, i);
    if (tall->matrix != NULL)
        snprintf(argument, sizeof argument, "%s->matrix", name);
    else
        snprintf(argument, sizeof argument, "%s->fields[%d]", name, i);
    PLD_TRY(pld_field_check(field, argument));
    PLD_CHECK(field->type == PLD_F64 || field->type == PLD_F32 ||
                  field->type == PLD_C128,
              PLD_ERR_TYPE,
              "%s: field \"%s\" is %s, but tall matrices are f64, f32 or c128",
              argument, field->name, pld_type_name(field->type));
    if (tall->matrix == NULL)
        return PLD_OK;
    PLD_CHECK(field->grid->ndims == 2 && field->ncomps == 1, PLD_ERR_SHAPE,
              "%s: field \"%s\" has %d dimensions and %d components, but a "
              "matrix has 2 and 1",
              argument, field->name, field->grid->ndims, field->ncomps);
    return PLD_OK;
}

/* Whether a field goes together with the first one. */
static pld_status check_alike(const pld_field *first, const pld_field *field,
                              const char *name)
{
    PLD_CHECK(field->grid == first->grid, PLD_ERR_ARG,
              "%s: fields \"%s\" and \"%s\" live on different grids", name,
              first->name, field->name);
    PLD_CHECK(field->type == first->type, PLD_ERR_TYPE,
              "%s: field \"%s\" is %s, but \"%s\" is %s", name, field->name,
              pld_type_name(field->type), first->name,
              pld_type_name(first->type));
    for (int d = 0; d < PLD_MAXDIM; d++)
        PLD_CHECK(field->node[d] == first->node[d], PLD_ERR_SHAPE,
                  "%s: fields \"%s\" and \"%s\" are staggered otherwise", name,
                  first->name, field->name);
    return PLD_OK;
}

static pld_status check(const pld_tall *tall, const char *name)
{
    PLD_TRY(check_given(tall, name));
    for (int i = 0; i < count_of(tall); i++) {
        PLD_TRY(check_field(tall, name, i));
        PLD_TRY(check_alike(field_of(tall, 0), field_of(tall, i), name));
    }
    return PLD_OK;
}

pld_status pld_tall_ctx(const pld_tall *tall, const char *name, pld_ctx **out)
{
    PLD_TRY(check_given(tall, name));
    for (int i = 0; i < count_of(tall); i++) {
        const pld_field *field = field_of(tall, i);
        if (field != NULL && field->alive == PLD_FIELD_ALIVE) {
            *out = field->grid->ctx;
            return PLD_OK;
        }
    }
    PLD_RAISE(PLD_ERR_ARG, "%s names no live field", name);
}

static int64_t columns_of(const pld_tall *tall)
{
    if (tall->matrix != NULL)
        return pld_field_domain(tall->matrix).count[1];
    int64_t n = 0;
    for (int i = 0; i < tall->nfields; i++)
        n += tall->fields[i]->ncomps;
    return n;
}

pld_status pld_tall_shape(const pld_tall *a, int64_t *nrows, int64_t *ncolumns)
{
    PLD_TRY(check(a, "a"));
    pld_box domain = pld_field_domain(field_of(a, 0));
    if (nrows)
        *nrows = a->matrix != NULL ? domain.count[0] : pld_box_volume(domain);
    if (ncolumns)
        *ncolumns = columns_of(a);
    return PLD_OK;
}

pld_status pld_tall_check_rows(const struct pld_tiled *tiled)
{
    int64_t nrows = pld_box_volume(tiled->tiling.domain);
    PLD_CHECK(nrows >= tiled->ncolumns, PLD_ERR_SHAPE,
              "%s has %" PRId64 " rows and %" PRId64
              " columns: it must not have fewer rows",
              tiled->name, nrows, tiled->ncolumns);
    return PLD_OK;
}

int64_t pld_tiled_reals(const struct pld_tiled *tiled)
{
    return tiled->ncolumns * (tiled->type == PLD_C128 ? 2 : 1);
}

pld_type pld_real_of(pld_type type)
{
    return type == PLD_F32 ? PLD_F32 : PLD_F64;
}

/* --- Who goes through which tiles ----------------------------------------- */

static struct pld_parts parts_of(const pld_field *field, int d)
{
    return (struct pld_parts){.nparts = field->grid->nprocs[d],
                              .cuts = field->grid->cuts[d],
                              .size = pld_field_domain(field).count[d]};
}

/* Where the share of part `part` of the rows begins. Ranks that hold columns of
 * the same rows share them. */
static int64_t share_first(const pld_field *field, int part)
{
    const struct pld_parts rows = parts_of(field, 0);
    int nacross = field->grid->nprocs[1];
    if (part == rows.nparts * nacross)
        return rows.size;
    int64_t first = pld_part_first(&rows, part / nacross);
    int64_t count = pld_part_end(&rows, part / nacross) - first;
    return first + count / nacross * (part % nacross);
}

static pld_status assign_matrix(const pld_field *field,
                                struct pld_tiling *tiling)
{
    struct pld_tree *tree = &tiling->tree;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        int nparts = d == 0 ? field->grid->ctx->nranks : 1;
        PLD_TRY(pld_alloc("cuts of tiles", nparts + 1, sizeof *tiling->cuts[d],
                          &tiling->cuts[d]));
        tree->nparts[d] = nparts;
        tiling->cuts[d][nparts] = tree->ntiles[d];
        for (int p = 1; p < nparts; p++)
            tiling->cuts[d][p] =
                pld_tiling_nearest(tiling, d, share_first(field, p));
    }
    return PLD_OK;
}

static pld_status assign_fields(const pld_field *field,
                                struct pld_tiling *tiling)
{
    struct pld_tree *tree = &tiling->tree;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        const struct pld_parts parts = parts_of(field, d);
        PLD_TRY(pld_alloc("cuts of tiles", parts.nparts + 1,
                          sizeof *tiling->cuts[d], &tiling->cuts[d]));
        tree->nparts[d] = parts.nparts;
        tiling->cuts[d][parts.nparts] = tree->ntiles[d];
        for (int p = 1; p < parts.nparts; p++)
            tiling->cuts[d][p] =
                pld_tiling_nearest(tiling, d, pld_part_first(&parts, p));
    }
    return PLD_OK;
}

static pld_status make_tiling(const pld_tall *tall, int64_t width,
                              struct pld_tiling *out)
{
    const pld_field *field = field_of(tall, 0);
    pld_box domain = pld_field_domain(field);
    bool matrix = tall->matrix != NULL;
    if (matrix)
        domain.count[1] = 1;
    pld_tiling_cut(matrix ? 1 : field->grid->ndims, domain, field->type, width,
                   out);
    PLD_TRY(matrix ? assign_matrix(field, out) : assign_fields(field, out));
    for (int d = 0; d < PLD_MAXDIM; d++)
        out->tree.cuts[d] = out->cuts[d];
    return PLD_OK;
}

/* --- Opening -------------------------------------------------------------- */

/* Rows with columns for components. */
static struct pld_block rows_of(const pld_field *field, int64_t ncolumns)
{
    struct pld_block block = pld_field_block(field);
    block.comp_stride = block.stride[1];
    block.stride[1] = 0;
    block.ncomps = (int)ncolumns;
    return block;
}

static pld_status find_sources(const pld_tall *tall, struct pld_tiled *out)
{
    int n = count_of(tall);
    int64_t column = 0;
    PLD_TRY(pld_alloc("columns of a tall matrix", n, sizeof *out->sources,
                      &out->sources));
    out->nsources = n;
    for (int i = 0; i < n; i++) {
        pld_field *field = field_of(tall, i);
        out->sources[i] = (struct pld_tall_source){
            .field = field,
            .block = out->is_matrix ? rows_of(field, out->ncolumns)
                                    : pld_field_block(field),
            .first_column = column};
        column += field->ncomps;
    }
    return PLD_OK;
}

static pld_box own_rows(const struct pld_tiled *tiled, const pld_field *field)
{
    pld_box own = field->owned;
    if (tiled->is_matrix) {
        own.first[1] = 0;
        own.count[1] = own.count[0] > 0 ? 1 : 0;
    }
    return own;
}

enum { MOST_COLUMNS = 1 << 20 };

static pld_status check_columns(const struct pld_tiled *tiled)
{
    PLD_CHECK(
        tiled->ncolumns <= MOST_COLUMNS, PLD_ERR_OVERFLOW,
        "%s has %" PRId64
        " columns: that is no tall matrix, take pld_matrix_multiply() and "
        "the like",
        tiled->name, tiled->ncolumns);
    return PLD_OK;
}

/* All but the tiling. */
static pld_status prepare(const pld_tall *tall, const char *name, int uses,
                          struct pld_tiled *out)
{
    PLD_TRY(check(tall, name));
    const pld_field *field = field_of(tall, 0);
    out->name = name;
    out->uses = uses;
    out->type = field->type;
    out->ncolumns = columns_of(tall);
    out->is_matrix = tall->matrix != NULL;
    out->is_staged = out->is_matrix && field->grid->nprocs[1] > 1;
    PLD_TRY(check_columns(out));
    out->own = own_rows(out, field);
    return find_sources(tall, out);
}

static pld_status make_buffer(struct pld_tiled *tiled)
{
    tiled->want = pld_tiling_box(
        &tiled->tiling, pld_tree_tiles(&tiled->tiling.tree, tiled->ctx->rank));
    int64_t elements = 0;
    PLD_TRY(pld_size_product(
        "a tile", 2,
        (const int64_t[]){tiled->tiling.most_rows, tiled->ncolumns},
        &elements));
    return pld_alloc("tile of a tall matrix", elements,
                     pld_type_size(tiled->type), &tiled->buffer);
}

static pld_status agree(const struct pld_tiled *tiled)
{
    const int64_t facts[] = {tiled->uses, tiled->type, tiled->ncolumns,
                             tiled->is_matrix, tiled->nsources};
    return pld_share_same(tiled->ctx, tiled->name, facts, sizeof facts);
}

/* Rows of a copy take the place of the field's. */
static void take_stage(struct pld_tiled *tiled)
{
    tiled->own = tiled->want;
    tiled->sources[0].block = pld_lending_stage(tiled->lending);
}

static pld_status conclude(struct pld_tiled *tiled)
{
    PLD_TRY(pld_lending_create(tiled, &tiled->lending));
    if (tiled->is_staged)
        take_stage(tiled);
    return PLD_OK;
}

static pld_status open_alone(const pld_tall *tall, const char *name, int uses,
                             int64_t width, struct pld_tiled *out)
{
    PLD_TRY(prepare(tall, name, uses, out));
    PLD_TRY(make_tiling(tall, width, &out->tiling));
    return make_buffer(out);
}

pld_status pld_tiled_open(const pld_tall *tall, const char *name, int uses,
                          int64_t width, struct pld_tiled *out)
{
    *out = (struct pld_tiled){.ctx = NULL};
    PLD_TRY(pld_tall_ctx(tall, name, &out->ctx));
    PLD_TRY(pld_agree(out->ctx, open_alone(tall, name, uses, width, out)));
    PLD_TRY(agree(out));
    return conclude(out);
}

static pld_status check_like(const struct pld_tiled *tiled,
                             const struct pld_tiled *like)
{
    const pld_field *field = tiled->sources[0].field;
    pld_box domain = pld_field_domain(field);
    if (tiled->is_matrix)
        domain.count[1] = 1;
    PLD_CHECK(tiled->ctx == like->ctx, PLD_ERR_ARG,
              "%s is of another context than %s", tiled->name, like->name);
    PLD_CHECK(tiled->type == like->type, PLD_ERR_TYPE, "%s is %s, but %s is %s",
              tiled->name, pld_type_name(tiled->type), like->name,
              pld_type_name(like->type));
    PLD_CHECK(tiled->is_matrix == like->is_matrix &&
                  pld_box_equal(domain, like->tiling.domain),
              PLD_ERR_SHAPE,
              "the rows of %s, %" PRId64 ", are not those of %s, %" PRId64,
              tiled->name, pld_box_volume(domain), like->name,
              pld_box_volume(like->tiling.domain));
    /* A staged one is told by its tiles. */
    pld_box own = tiled->is_staged ? like->want : tiled->own;
    PLD_CHECK(!(tiled->uses & PLD_TALL_WRITES_ROWS) ||
                  pld_box_equal(own, like->own) ||
                  (pld_box_empty(own) && pld_box_empty(like->own)),
              PLD_ERR_SHAPE,
              "the rows of %s are not cut among the ranks like those of %s",
              tiled->name, like->name);
    return PLD_OK;
}

static pld_status open_alone_like(const pld_tall *tall, const char *name,
                                  int uses, const struct pld_tiled *like,
                                  struct pld_tiled *out)
{
    PLD_TRY(prepare(tall, name, uses, out));
    PLD_TRY(check_like(out, like));
    out->tiling = like->tiling;
    for (int d = 0; d < PLD_MAXDIM; d++)
        out->tiling.cuts[d] = NULL; /* they stay the other one's */
    return make_buffer(out);
}

pld_status pld_tiled_open_like(const pld_tall *tall, const char *name, int uses,
                               const struct pld_tiled *like,
                               struct pld_tiled *out)
{
    *out = (struct pld_tiled){.ctx = like->ctx};
    PLD_TRY(pld_agree(out->ctx, open_alone_like(tall, name, uses, like, out)));
    PLD_TRY(agree(out));
    return conclude(out);
}

pld_status pld_tiled_written(struct pld_tiled *tiled)
{
    pld_status status = PLD_OK;
    if (tiled->lending &&
        (tiled->is_staged || (tiled->uses & PLD_TALL_WRITES_TILES)))
        status = pld_lending_return(tiled->lending);
    for (int i = 0; i < tiled->nsources; i++) {
        pld_status touched = pld_field_touch(tiled->sources[i].field);
        status = status == PLD_OK ? touched : status;
    }
    return pld_agree(tiled->ctx, status);
}

pld_status pld_tiled_detach(struct pld_tiled *tiled)
{
    pld_status status = pld_lending_destroy(&tiled->lending);
    pld_free(tiled->sources);
    pld_free(tiled->buffer);
    tiled->sources = NULL;
    tiled->buffer = NULL;
    tiled->nsources = 0;
    return status;
}

pld_status pld_tiled_close(struct pld_tiled *tiled)
{
    pld_status status = pld_tiled_detach(tiled);
    for (int d = 0; d < PLD_MAXDIM; d++)
        pld_free(tiled->tiling.cuts[d]);
    *tiled = (struct pld_tiled){.ctx = NULL};
    return status;
}
