#include "polder/factor.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>

#include "base/alloc.h"
#include "linalg/factor.h"
#include "linalg/flow.h"
#include "linalg/lapack.h"
#include "linalg/sweep.h"
#include "polder/agree.h"

/* First word of a live factor, cleared when it is destroyed. */
#define LU_ALIVE 0x6c75666cu

struct pld_lu {
    uint32_t alive;
    pld_ctx *ctx;
    int64_t n;
    struct pld_tiles panels; /* whole columns, each with its pivots behind */
    int *pivots;             /* of all rows, as LAPACK counts them */
    int64_t *rows;           /* see pld_lu_rows */
    int64_t failed;          /* column without a pivot; -1 */
    bool valid;
};

/* --- The factoring as a flow ---------------------------------------------- */

/* Panel j takes a step for each panel k < j:
 *
 *     exchange rows by the pivots of k            panel k     panel j
 *     u_kj = l_kk^-1 a_kj                           u_kk        u_kj
 *     a_ij -= l_ik u_kj, for all rows i below       l_ik        a_ij
 *
 * and then is factored. Rows on the left are exchanged when all is done. */

struct factoring {
    struct pld_tiles *panels;
    int64_t *failed;
};

static struct pld_flow_tile panel_of(const void *data, int64_t piece)
{
    const struct factoring *factoring = data;
    return (struct pld_flow_tile){factoring->panels, piece};
}

static int64_t nsteps_of(const void *data, int64_t piece)
{
    (void)data;
    return piece + 1;
}

static int64_t group_of(const void *data, int64_t piece)
{
    (void)data;
    return piece;
}

static int needs_of(const void *data, int64_t piece, int64_t step,
                    int64_t needs[PLD_FLOW_MOST_NEEDS])
{
    (void)data;
    needs[0] = step;
    return step < piece ? 1 : 0;
}

static int64_t user_of(const void *data, int64_t piece, int64_t at)
{
    const struct factoring *factoring = data;
    int64_t user = piece + 1 + at;
    return user < factoring->panels->ntiles ? user : -1;
}

/* Behind the elements of a panel. */
static int *pivots_in(const struct pld_tiles *panels, char *panel)
{
    int64_t bytes = panels->ld * panels->spec.edge[1] *
                    (int64_t)pld_type_size(panels->spec.type);
    void *at = panel + bytes;
    return at;
}

/* Rows from the first one of a panel's diagonal on. */
static int64_t rows_from(const struct pld_tiles *panels, int64_t panel)
{
    return panels->spec.size[0] - panel * panels->spec.edge[1];
}

static void factor_panel(const struct factoring *factoring, int64_t j,
                         char *data)
{
    const struct pld_tiles *panels = factoring->panels;
    pld_type type = panels->spec.type;
    int64_t first = j * panels->spec.edge[1];
    int64_t info = 0;
    struct pld_tile own =
        pld_tile_from(type, (struct pld_tile){data, panels->ld}, first, 0);
    pld_status status = pld_lapack_getrf(
        type, rows_from(panels, j), pld_tiles_extent(panels, 1, j), own.data,
        own.ld, pivots_in(panels, data), &info);
    if (status != PLD_OK)
        info = 1; /* sizes were checked before */
    if (info > 0 &&
        (*factoring->failed < 0 || first + info - 1 < *factoring->failed))
        *factoring->failed = first + info - 1;
}

static void apply_panel(const struct pld_tiles *panels, int64_t j, int64_t k,
                        char *from, char *to)
{
    pld_type type = panels->spec.type;
    int64_t first = k * panels->spec.edge[1];
    int64_t depth = pld_tiles_extent(panels, 1, k);
    int64_t columns = pld_tiles_extent(panels, 1, j);
    struct pld_tile l =
        pld_tile_from(type, (struct pld_tile){from, panels->ld}, first, 0);
    struct pld_tile u =
        pld_tile_from(type, (struct pld_tile){to, panels->ld}, first, 0);
    pld_lapack_laswp(type, columns, u.data, u.ld, 0, depth,
                     pivots_in(panels, from));
    pld_tile_solve_left(type, &(struct pld_tile_triangle){l, 'L', 'N', 'U'},
                        depth, columns, u);
    const struct pld_tile_sizes sizes = {rows_from(panels, k) - depth, columns,
                                         depth};
    pld_tile_subtract(type, &sizes, 'N', pld_tile_from(type, l, depth, 0), 'N',
                      u, pld_tile_from(type, u, depth, 0));
}

static void run_step(const void *data, int64_t piece, int64_t step,
                     char *const needed[PLD_FLOW_MOST_NEEDS])
{
    const struct factoring *factoring = data;
    char *own = pld_tiles_at(factoring->panels, piece);
    if (step < piece)
        apply_panel(factoring->panels, piece, step, needed[0], own);
    else
        factor_panel(factoring, piece, own);
}

static pld_status run_flow(pld_lu *lu)
{
    lu->failed = -1;
    const struct factoring factoring = {&lu->panels, &lu->failed};
    const struct pld_flow flow = {.npieces = lu->panels.ntiles,
                                  .data = &factoring,
                                  .tile = panel_of,
                                  .nsteps = nsteps_of,
                                  .group = group_of,
                                  .needs = needs_of,
                                  .user = user_of,
                                  .run = run_step};
    lu->panels.round++;
    return pld_flow_run(lu->ctx, &flow);
}

/* --- Pivots --------------------------------------------------------------- */

/* Those of all panels, on all ranks. */
static pld_status share_pivots(pld_lu *lu)
{
    const struct pld_tiles *panels = &lu->panels;
    int64_t edge = panels->spec.edge[1];
    for (int64_t i = 0; i < lu->n; i++)
        lu->pivots[i] = 0;
    for (int64_t s = 0; s < panels->nown; s++) {
        int64_t j = panels->own[s];
        const int *own = pivots_in(panels, pld_tiles_at(panels, j));
        for (int64_t i = 0; i < pld_tiles_extent(panels, 1, j); i++)
            lu->pivots[j * edge + i] = own[i] + (int)(j * edge);
    }
    PLD_TRY_MPI(MPI_Allreduce(MPI_IN_PLACE, lu->pivots, (int)lu->n, MPI_INT,
                              MPI_SUM, lu->ctx->comm));
    for (int64_t i = 0; i < lu->n; i++)
        lu->rows[i] = i;
    for (int64_t i = 0; i < lu->n; i++) {
        int64_t other = lu->pivots[i] - 1;
        int64_t row = lu->rows[i];
        lu->rows[i] = lu->rows[other];
        lu->rows[other] = row;
    }
    return PLD_OK;
}

/* Exchange rows of l by the pivots that were found after it. */
static void exchange_left(const pld_lu *lu)
{
    const struct pld_tiles *panels = &lu->panels;
    for (int64_t s = 0; s < panels->nown; s++) {
        int64_t j = panels->own[s];
        pld_lapack_laswp(panels->spec.type, pld_tiles_extent(panels, 1, j),
                         pld_tiles_at(panels, j), panels->ld,
                         (j + 1) * panels->spec.edge[1], lu->n, lu->pivots);
    }
}

/* --- Factoring ------------------------------------------------------------ */

static const struct pld_tiles_view plain_view = {.turned = false};

static pld_status factor(pld_lu *lu, const struct pld_operand_matrix *a)
{
    lu->valid = false;
    PLD_TRY(pld_tiles_load(&lu->panels, a, &plain_view));
    PLD_TRY(run_flow(lu));
    PLD_TRY(pld_factor_least(lu->ctx, &lu->failed));
    PLD_CHECK(lu->failed < 0, PLD_ERR_ARG,
              "a is singular: column %" PRId64
              " has no pivot other than 0, or it is not finite",
              lu->failed);
    PLD_TRY(share_pivots(lu));
    exchange_left(lu);
    PLD_TRY(pld_agree(lu->ctx, PLD_OK)); /* before others read panels */
    lu->valid = true;
    return PLD_OK;
}

static void destroy_alone(pld_lu **lu)
{
    pld_lu *old = *lu;
    if (!old)
        return;
    pld_tiles_destroy(&old->panels);
    pld_free(old->rows);
    pld_free(old->pivots);
    pld_ctx_release(old->ctx, PLD_KIND_FACTOR);
    old->alive = 0;
    pld_free(old);
    *lu = NULL;
}

static pld_status create_alone(pld_ctx *ctx, int64_t n, pld_lu **out)
{
    pld_lu *lu = NULL;
    PLD_CHECK(n <= INT_MAX / 2, PLD_ERR_OVERFLOW,
              "a has %" PRId64 " rows, more than the BLAS counts", n);
    PLD_TRY(pld_alloc("LU factors", 1, sizeof *lu, &lu));
    lu->alive = LU_ALIVE;
    lu->ctx = ctx;
    lu->n = n;
    pld_ctx_retain(ctx, PLD_KIND_FACTOR);
    *out = lu;
    PLD_TRY(pld_alloc("pivots", n, sizeof *lu->pivots, &lu->pivots));
    return pld_alloc("rows of LU factors", n, sizeof *lu->rows, &lu->rows);
}

/* Wide panels multiply faster, narrow ones are ready sooner. */
static int64_t width_of(int64_t n)
{
    return n <= 512 ? 32 : n <= 2048 ? 64 : 128;
}

static pld_status take_panels(pld_lu *lu, pld_type type)
{
    int64_t width = width_of(lu->n);
    const struct pld_tiles_spec spec = {.type = type,
                                        .size = {lu->n, lu->n},
                                        .edge = {lu->n > 0 ? lu->n : 1, width},
                                        .more = width * (int64_t)sizeof(int)};
    return pld_tiles_create(lu->ctx, &spec, &lu->panels);
}

static pld_status check_create(const pld_ctx *ctx, const pld_matrix *a,
                               pld_lu **out, struct pld_operand_matrix *operand)
{
    PLD_CHECK(out, PLD_ERR_ARG, "out is NULL");
    return pld_factor_check_square(ctx, a, "a", operand);
}

pld_status pld_lu_create(const pld_matrix *a, pld_lu **out)
{
    pld_status status = PLD_OK;
    pld_ctx *ctx = NULL;
    pld_lu *lu = NULL;
    struct pld_operand_matrix operand;
    PLD_TRY(pld_factor_ctx(1, &a, &ctx));
    PLD_TRY(pld_agree(ctx, check_create(ctx, a, out, &operand)));
    PLD_TRY(pld_factor_agree(ctx, "box of a matrix to factor", 1, &operand, 0));
    PLD_TRY_TO(out, pld_agree(ctx, create_alone(ctx, operand.size[0], &lu)));
    PLD_TRY_TO(out, take_panels(lu, operand.field->type));
    PLD_TRY_TO(out, factor(lu, &operand));
    *out = lu;
    return PLD_OK;
out:
    destroy_alone(&lu);
    return status;
}

/* --- What is done with factors -------------------------------------------- */

static pld_status check(const pld_lu *lu, const char *argument)
{
    PLD_CHECK(lu != NULL, PLD_ERR_ARG, "%s is NULL", argument);
    PLD_CHECK(lu->alive == LU_ALIVE, PLD_ERR_STATE,
              "%s is not a live one: destroyed, or something else", argument);
    return PLD_OK;
}

static pld_status check_valid(const pld_lu *lu)
{
    PLD_TRY(check(lu, "lu"));
    PLD_CHECK(lu->valid, PLD_ERR_STATE,
              "the last matrix could not be factored: call pld_lu_factor with "
              "another one first");
    return PLD_OK;
}

pld_status pld_lu_factor(pld_lu *lu, const pld_matrix *a)
{
    struct pld_operand_matrix operand;
    PLD_TRY(check(lu, "lu"));
    PLD_TRY(pld_agree(lu->ctx,
                      pld_factor_check_same(&lu->panels, a, "a", &operand)));
    PLD_TRY(
        pld_factor_agree(lu->ctx, "box of a matrix to factor", 1, &operand, 0));
    return factor(lu, &operand);
}

/* p a = l u, so a x = b is l u x = p b; the transposed a is u^T l^T p, so its x
 * is p^T l^-T u^-T b. */
static pld_status solve_tiles(pld_lu *lu, pld_form form, struct pld_tiles *x)
{
    bool plain = form == PLD_PLAIN;
    char op = plain ? 'N' : form == PLD_TRANSPOSED ? 'T' : 'C';
    const struct pld_sweep lower = {
        .t = &lu->panels, .uplo = 'L', .op = op, .diag = 'U', .x = x};
    const struct pld_sweep upper = {
        .t = &lu->panels, .uplo = 'U', .op = op, .diag = 'N', .x = x};
    PLD_TRY(pld_sweep_run(plain ? &lower : &upper));
    return pld_sweep_run(plain ? &upper : &lower);
}

static pld_status check_solve(pld_lu *lu, pld_form form, const pld_matrix *b,
                              struct pld_operand_matrix *sides)
{
    PLD_CHECK(form >= PLD_PLAIN && form <= PLD_CONJUGATED, PLD_ERR_ARG,
              "form is %d: there is no such form", (int)form);
    return pld_factor_check_sides(lu->ctx, b, lu->n, lu->panels.spec.type,
                                  sides);
}

pld_status pld_lu_solve(pld_lu *lu, pld_form form, const pld_matrix *b)
{
    pld_status status = PLD_OK;
    struct pld_operand_matrix sides;
    struct pld_tiles x;
    PLD_TRY(check_valid(lu));
    const struct pld_tiles_view turned = {.rows = lu->rows};
    bool plain = form == PLD_PLAIN;
    PLD_TRY(pld_agree(lu->ctx, check_solve(lu, form, b, &sides)));
    PLD_TRY(pld_factor_agree(lu->ctx, "form or box of right sides", 1, &sides,
                             form));
    PLD_TRY_TO(out, pld_factor_take_sides(lu->ctx, lu->panels.spec.type, lu->n,
                                          sides.size[1],
                                          lu->panels.spec.edge[1], &x));
    PLD_TRY_TO(out, pld_tiles_load(&x, &sides, plain ? &turned : &plain_view));
    PLD_TRY_TO(out, solve_tiles(lu, form, &x));
    PLD_TRY_TO(out, pld_tiles_store(&x, &sides, plain ? &plain_view : &turned));
out:
    pld_tiles_destroy(&x);
    return status;
}

pld_status pld_lu_read(pld_lu *lu, const pld_matrix *out)
{
    struct pld_operand_matrix operand;
    PLD_TRY(check_valid(lu));
    PLD_TRY(pld_agree(
        lu->ctx, pld_factor_check_same(&lu->panels, out, "out", &operand)));
    PLD_TRY(
        pld_factor_agree(lu->ctx, "box of factors to read", 1, &operand, 0));
    return pld_tiles_store(&lu->panels, &operand, &plain_view);
}

pld_status pld_lu_rows(const pld_lu *lu, int64_t *out)
{
    PLD_TRY(check_valid(lu));
    PLD_CHECK(out || lu->n == 0, PLD_ERR_ARG, "out is NULL");
    for (int64_t i = 0; i < lu->n; i++)
        out[i] = lu->rows[i];
    return PLD_OK;
}

/* Multiply numbers of modulus 1. */
static void turn(double phase[2], double re, double im)
{
    double size = hypot(re, im);
    double turned[2] = {phase[0] * re / size - phase[1] * im / size,
                        phase[0] * im / size + phase[1] * re / size};
    phase[0] = turned[0];
    phase[1] = turned[1];
}

pld_status pld_lu_determinant(pld_lu *lu, double phase[2], double *log_size)
{
    pld_status status = PLD_OK;
    double *diagonal = NULL;
    PLD_TRY(check_valid(lu));
    PLD_CHECK(phase && log_size, PLD_ERR_ARG, "%s is NULL",
              phase ? "log" : "phase");
    PLD_TRY_TO(out, pld_factor_diagonal(&lu->panels, &diagonal));
    phase[0] = 1;
    phase[1] = 0;
    *log_size = 0;
    for (int64_t i = 0; i < lu->n; i++) {
        double sign = lu->pivots[i] == i + 1 ? 1 : -1;
        turn(phase, sign * diagonal[2 * i], sign * diagonal[2 * i + 1]);
        *log_size += log(hypot(diagonal[2 * i], diagonal[2 * i + 1]));
    }
out:
    pld_free(diagonal);
    return status;
}

pld_status pld_lu_destroy(pld_lu **lu)
{
    PLD_CHECK(lu != NULL, PLD_ERR_ARG, "lu is NULL");
    if (*lu == NULL)
        return PLD_OK;
    PLD_TRY(check(*lu, "*lu"));
    destroy_alone(lu);
    return PLD_OK;
}
