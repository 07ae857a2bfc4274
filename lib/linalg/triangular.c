#include "polder/factor.h"

#include <inttypes.h>
#include <math.h>

#include "linalg/factor.h"
#include "linalg/sweep.h"
#include "polder/agree.h"

/* A system with the matrix op(a) on the left, or on the right: then that of the
 * transposed op(a) and x. The tiles m are a, if it is lower, or its transposed;
 * so what is to be solved with is m, its transposed, its conjugate, or both. */
struct solving {
    const pld_triangular_spec *spec;
    pld_ctx *ctx;
    struct pld_operand_matrix a;
    struct pld_operand_matrix b;
    int64_t n;
    struct pld_tiles m;
    struct pld_tiles x;
};

static pld_status check(const pld_triangular_spec *spec, pld_ctx *ctx,
                        struct solving *out)
{
    *out = (struct solving){.spec = spec, .ctx = ctx};
    PLD_TRY(pld_operand_create(&spec->a, "a", &out->a));
    PLD_CHECK(out->a.field->grid->ctx == ctx, PLD_ERR_ARG,
              "a is of another context");
    PLD_CHECK(out->a.size[0] == out->a.size[1], PLD_ERR_SHAPE,
              "a is %" PRId64 " x %" PRId64 ", but must be square",
              out->a.size[0], out->a.size[1]);
    PLD_CHECK(spec->triangle == PLD_TRIANGLE_LOWER ||
                  spec->triangle == PLD_TRIANGLE_UPPER,
              PLD_ERR_ARG, "triangle is %d: there is no such triangle",
              (int)spec->triangle);
    out->n = out->a.size[0];
    PLD_TRY(pld_factor_check(ctx, &spec->b, "b", &out->b));
    PLD_CHECK(out->b.size[spec->right ? 1 : 0] == out->n, PLD_ERR_SHAPE,
              "b has %" PRId64 " %s, but a has %" PRId64,
              out->b.size[spec->right ? 1 : 0],
              spec->right ? "columns" : "rows", out->n);
    PLD_CHECK(out->b.field->type == out->a.field->type, PLD_ERR_TYPE,
              "b is %s, but a is %s", pld_type_name(out->b.field->type),
              pld_type_name(out->a.field->type));
    return PLD_OK;
}

static double factor_of(const pld_triangular_spec *spec)
{
    return spec->alpha == 0 ? 1 : spec->alpha;
}

/* What else must be the same on all ranks. */
struct terms {
    double alpha;
    int64_t triangle;
    int64_t form;
    int64_t unit;
    int64_t right;
};

static pld_status agree(const struct solving *solving)
{
    const pld_triangular_spec *spec = solving->spec;
    const struct terms terms = {.alpha = factor_of(spec),
                                .triangle = spec->triangle,
                                .form = spec->a.form,
                                .unit = spec->unit,
                                .right = spec->right};
    PLD_TRY(pld_agree_same(solving->ctx, "spec of a triangular system", &terms,
                           sizeof terms));
    return pld_factor_agree(
        solving->ctx, "boxes of a triangular system", 2,
        (const struct pld_operand_matrix[]){solving->a, solving->b}, 0);
}

/* --- The triangle --------------------------------------------------------- */

static int64_t find_no_number(const struct pld_tiles *m, int64_t j)
{
    pld_type type = m->spec.type;
    struct pld_tile tile = {pld_tiles_at(m, pld_tiles_number(m, j, j)), m->ld};
    for (int64_t i = 0; i < pld_tiles_extent(m, 0, j); i++) {
        const void *at = pld_tile_from(type, tile, i, i).data;
        double re =
            type == PLD_F32 ? (double)*(const float *)at : *(const double *)at;
        double im = type == PLD_C128 ? ((const double *)at)[1] : 0;
        if ((re == 0 && im == 0) || !isfinite(re) || !isfinite(im))
            return i;
    }
    return -1;
}

static pld_status check_diagonal(const struct solving *solving)
{
    const struct pld_tiles *m = &solving->m;
    int64_t failed = -1;
    for (int64_t j = 0; j < m->count[0] && failed < 0; j++) {
        if (m->owner[pld_tiles_number(m, j, j)] != solving->ctx->rank)
            continue;
        int64_t found = find_no_number(m, j);
        failed = found < 0 ? -1 : j * m->spec.edge[0] + found;
    }
    PLD_TRY(pld_factor_least(solving->ctx, &failed));
    PLD_CHECK(failed < 0, PLD_ERR_ARG,
              "a is singular: element %" PRId64
              " of its diagonal is 0, or not finite",
              failed);
    return PLD_OK;
}

static pld_status load_triangle(struct solving *solving)
{
    const pld_triangular_spec *spec = solving->spec;
    int64_t edge = pld_factor_edge(solving->n);
    const struct pld_tiles_spec tiles = {.type = solving->a.field->type,
                                         .size = {solving->n, solving->n},
                                         .edge = {edge, edge},
                                         .lower = true};
    const struct pld_tiles_view view = {.turned = spec->triangle ==
                                                  PLD_TRIANGLE_UPPER};
    PLD_TRY(pld_tiles_create(solving->ctx, &tiles, &solving->m));
    PLD_TRY(pld_tiles_load(&solving->m, &solving->a, &view));
    return spec->unit ? PLD_OK : check_diagonal(solving);
}

/* --- Solving -------------------------------------------------------------- */

static void scale(const struct pld_tiles *x, double factor)
{
    for (int64_t s = 0; s < x->nown && factor != 1; s++) {
        int64_t place[2];
        pld_tiles_place(x, x->own[s], place);
        pld_tile_scale(x->spec.type, factor, pld_tiles_extent(x, 0, place[0]),
                       pld_tiles_extent(x, 1, place[1]),
                       (struct pld_tile){pld_tiles_at(x, x->own[s]), x->ld});
    }
}

static pld_status sweep(struct solving *solving)
{
    const pld_triangular_spec *spec = solving->spec;
    bool conjugated = spec->a.form == PLD_CONJUGATED;
    bool turned = (spec->triangle == PLD_TRIANGLE_UPPER) ^
                  (spec->a.form != PLD_PLAIN) ^ spec->right;
    if (conjugated && !turned)
        pld_factor_conjugate(&solving->m);
    PLD_TRY(pld_agree(solving->ctx, PLD_OK)); /* before others read it */
    return pld_sweep_run(&(struct pld_sweep){.t = &solving->m,
                                             .uplo = 'L',
                                             .op = !turned      ? 'N'
                                                   : conjugated ? 'C'
                                                                : 'T',
                                             .diag = spec->unit ? 'U' : 'N',
                                             .x = &solving->x});
}

static pld_status solve(struct solving *solving)
{
    const struct pld_tiles_view view = {.turned = solving->spec->right};
    PLD_TRY(load_triangle(solving));
    PLD_TRY(pld_factor_take_sides(solving->ctx, solving->b.field->type,
                                  solving->n,
                                  solving->b.size[solving->spec->right ? 0 : 1],
                                  solving->m.spec.edge[0], &solving->x));
    PLD_TRY(pld_tiles_load(&solving->x, &solving->b, &view));
    scale(&solving->x, factor_of(solving->spec));
    PLD_TRY(sweep(solving));
    return pld_tiles_store(&solving->x, &solving->b, &view);
}

pld_status pld_matrix_solve_triangular(const pld_triangular_spec *spec)
{
    pld_ctx *ctx = NULL;
    struct solving solving;
    PLD_CHECK(spec, PLD_ERR_ARG, "spec is NULL");
    PLD_TRY(pld_factor_ctx(2, (const pld_matrix *const[]){&spec->a, &spec->b},
                           &ctx));
    PLD_TRY(pld_agree(ctx, check(spec, ctx, &solving)));
    PLD_TRY(agree(&solving));
    pld_status status = solve(&solving);
    pld_tiles_destroy(&solving.x);
    pld_tiles_destroy(&solving.m);
    return status;
}
