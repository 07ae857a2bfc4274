#include "polder/factor.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "linalg/factor.h"
#include "linalg/flow.h"
#include "linalg/lapack.h"
#include "linalg/sweep.h"
#include "polder/agree.h"

/* First word of a live factor, cleared when it is destroyed. */
#define CHOLESKY_ALIVE 0x63686f6cu

/* Tiles lie column by column, fields row by row. So the upper triangle of a, as
 * it lies, is the lower one of its transposed, which for c128 is its conjugate;
 * its factor m is that of u = m^T. */
struct pld_cholesky {
    uint32_t alive;
    pld_ctx *ctx;
    pld_triangle triangle;
    int64_t n;
    struct pld_tiles tiles; /* of the lower triangle */
    int64_t failed;         /* order of a minor that is not positive; -1 */
    bool valid;
};

/* --- The factoring as a flow ---------------------------------------------- */

/* Tile (i, j) takes a step for each column k < j,
 *
 *     a_ij -= a_ik a_jk^H
 *
 * and then is factored if it is on the diagonal, or else solved with a_jj. */

struct factoring {
    struct pld_tiles *tiles;
    int64_t *failed;
};

static struct pld_flow_tile tile_of(const void *data, int64_t piece)
{
    const struct factoring *factoring = data;
    return (struct pld_flow_tile){factoring->tiles, piece};
}

static int64_t column_of(const void *data, int64_t piece)
{
    const struct factoring *factoring = data;
    int64_t place[2];
    pld_tiles_place(factoring->tiles, piece, place);
    return place[1];
}

static int64_t nsteps_of(const void *data, int64_t piece)
{
    return column_of(data, piece) + 1;
}

static int needs_of(const void *data, int64_t piece, int64_t step,
                    int64_t needs[PLD_FLOW_MOST_NEEDS])
{
    const struct pld_tiles *tiles = ((const struct factoring *)data)->tiles;
    int64_t place[2];
    pld_tiles_place(tiles, piece, place);
    needs[0] = pld_tiles_number(tiles, place[1], step);
    if (place[0] == place[1])
        return step < place[1] ? 1 : 0;
    if (step == place[1])
        return 1;
    needs[1] = pld_tiles_number(tiles, place[0], step);
    return 2;
}

static int64_t user_of(const void *data, int64_t piece, int64_t at)
{
    const struct pld_tiles *tiles = ((const struct factoring *)data)->tiles;
    int64_t place[2];
    pld_tiles_place(tiles, piece, place);
    int64_t other = place[1] + 1 + at;
    if (other >= tiles->count[0])
        return -1;
    if (place[0] == place[1])
        return pld_tiles_number(tiles, other, place[1]);
    return other <= place[0] ? pld_tiles_number(tiles, place[0], other)
                             : pld_tiles_number(tiles, other, place[0]);
}

static void factor_tile(const struct factoring *factoring, int64_t j,
                        struct pld_tile tile)
{
    const struct pld_tiles *tiles = factoring->tiles;
    pld_type type = tiles->spec.type;
    int64_t n = pld_tiles_extent(tiles, 0, j);
    int64_t info = 0;
    pld_status status =
        pld_lapack_potrf(type, 'L', n, tile.data, tile.ld, &info);
    if (status != PLD_OK)
        info = 1; /* a tile is too small for that */
    int64_t minor = j * tiles->spec.edge[0] + info;
    if (info > 0 && (*factoring->failed < 0 || minor < *factoring->failed))
        *factoring->failed = minor;
    pld_tile_clear_upper(type, n, tile);
}

static void subtract(const struct pld_tiles *tiles, const int64_t place[2],
                     int64_t step, char *const needed[], struct pld_tile tile)
{
    pld_type type = tiles->spec.type;
    const struct pld_tile_sizes sizes = {pld_tiles_extent(tiles, 0, place[0]),
                                         pld_tiles_extent(tiles, 0, place[1]),
                                         pld_tiles_extent(tiles, 0, step)};
    struct pld_tile first = {needed[0], tiles->ld};
    if (place[0] == place[1]) {
        pld_tile_subtract_square(type, sizes.n, sizes.k, first, tile);
        return;
    }
    pld_tile_subtract(type, &sizes, 'N',
                      (struct pld_tile){needed[1], tiles->ld}, 'C', first,
                      tile);
}

static void run_step(const void *data, int64_t piece, int64_t step,
                     char *const needed[PLD_FLOW_MOST_NEEDS])
{
    const struct factoring *factoring = data;
    const struct pld_tiles *tiles = factoring->tiles;
    struct pld_tile tile = {pld_tiles_at(tiles, piece), tiles->ld};
    int64_t place[2];
    pld_tiles_place(tiles, piece, place);
    if (step < place[1])
        subtract(tiles, place, step, needed, tile);
    else if (place[0] == place[1])
        factor_tile(factoring, place[1], tile);
    else
        pld_tile_solve_right(
            tiles->spec.type,
            &(struct pld_tile_triangle){{needed[0], tiles->ld}, 'L', 'C', 'N'},
            pld_tiles_extent(tiles, 0, place[0]),
            pld_tiles_extent(tiles, 0, place[1]), tile);
}

static pld_status run_flow(pld_cholesky *cholesky)
{
    cholesky->failed = -1;
    const struct factoring factoring = {&cholesky->tiles, &cholesky->failed};
    const struct pld_flow flow = {.npieces = cholesky->tiles.ntiles,
                                  .data = &factoring,
                                  .tile = tile_of,
                                  .nsteps = nsteps_of,
                                  .group = column_of,
                                  .needs = needs_of,
                                  .user = user_of,
                                  .run = run_step};
    cholesky->tiles.round++;
    return pld_flow_run(cholesky->ctx, &flow);
}

/* --- Factoring ------------------------------------------------------------ */

static struct pld_tiles_view view_of(const pld_cholesky *cholesky)
{
    return (struct pld_tiles_view){.turned = cholesky->triangle ==
                                             PLD_TRIANGLE_UPPER};
}

static pld_status factor(pld_cholesky *cholesky,
                         const struct pld_operand_matrix *a)
{
    struct pld_tiles_view view = view_of(cholesky);
    cholesky->valid = false;
    PLD_TRY(pld_tiles_load(&cholesky->tiles, a, &view));
    PLD_TRY(run_flow(cholesky));
    PLD_TRY(pld_factor_least(cholesky->ctx, &cholesky->failed));
    PLD_CHECK(cholesky->failed < 0, PLD_ERR_ARG,
              "a is not positive definite: its leading minor of order %" PRId64
              " is not positive, or not finite",
              cholesky->failed);
    cholesky->valid = true;
    return PLD_OK;
}

static void destroy_alone(pld_cholesky **cholesky)
{
    pld_cholesky *old = *cholesky;
    if (!old)
        return;
    pld_tiles_destroy(&old->tiles);
    pld_ctx_release(old->ctx, PLD_KIND_FACTOR);
    old->alive = 0;
    pld_free(old);
    *cholesky = NULL;
}

static pld_status create_alone(pld_ctx *ctx, pld_triangle triangle, int64_t n,
                               pld_cholesky **out)
{
    pld_cholesky *cholesky = NULL;
    PLD_TRY(pld_alloc("Cholesky factor", 1, sizeof *cholesky, &cholesky));
    cholesky->alive = CHOLESKY_ALIVE;
    cholesky->ctx = ctx;
    cholesky->triangle = triangle;
    cholesky->n = n;
    pld_ctx_retain(ctx, PLD_KIND_FACTOR);
    *out = cholesky;
    return PLD_OK;
}

static pld_status take_tiles(pld_cholesky *cholesky, pld_type type)
{
    int64_t edge = pld_factor_edge(cholesky->n);
    const struct pld_tiles_spec spec = {.type = type,
                                        .size = {cholesky->n, cholesky->n},
                                        .edge = {edge, edge},
                                        .lower = true};
    return pld_tiles_create(cholesky->ctx, &spec, &cholesky->tiles);
}

static pld_status check_create(const pld_ctx *ctx, pld_triangle triangle,
                               const pld_matrix *a, pld_cholesky **out,
                               struct pld_operand_matrix *operand)
{
    PLD_CHECK(out, PLD_ERR_ARG, "out is NULL");
    PLD_CHECK(triangle == PLD_TRIANGLE_LOWER || triangle == PLD_TRIANGLE_UPPER,
              PLD_ERR_ARG, "spec->triangle is %d: there is no such triangle",
              (int)triangle);
    return pld_factor_check_square(ctx, a, "a", operand);
}

pld_status pld_cholesky_create(const pld_cholesky_spec *spec,
                               const pld_matrix *a, pld_cholesky **out)
{
    pld_status status = PLD_OK;
    pld_ctx *ctx = NULL;
    pld_cholesky *cholesky = NULL;
    struct pld_operand_matrix operand;
    pld_triangle triangle = spec ? spec->triangle : PLD_TRIANGLE_LOWER;
    PLD_TRY(pld_factor_ctx(1, &a, &ctx));
    PLD_TRY(pld_agree(ctx, check_create(ctx, triangle, a, out, &operand)));
    PLD_TRY(pld_factor_agree(ctx, "box or triangle of a matrix to factor", 1,
                             &operand, triangle));
    PLD_TRY_TO(out, pld_agree(ctx, create_alone(ctx, triangle, operand.size[0],
                                                &cholesky)));
    PLD_TRY_TO(out, take_tiles(cholesky, operand.field->type));
    PLD_TRY_TO(out, factor(cholesky, &operand));
    *out = cholesky;
    return PLD_OK;
out:
    destroy_alone(&cholesky);
    return status;
}

/* --- What is done with a factor ------------------------------------------- */

static pld_status check(const pld_cholesky *cholesky, const char *argument)
{
    PLD_CHECK(cholesky != NULL, PLD_ERR_ARG, "%s is NULL", argument);
    PLD_CHECK(cholesky->alive == CHOLESKY_ALIVE, PLD_ERR_STATE,
              "%s is not a live one: destroyed, or something else", argument);
    return PLD_OK;
}

static pld_status check_valid(const pld_cholesky *cholesky)
{
    PLD_TRY(check(cholesky, "cholesky"));
    PLD_CHECK(cholesky->valid, PLD_ERR_STATE,
              "the last matrix could not be factored: call "
              "pld_cholesky_factor with another one first");
    return PLD_OK;
}

pld_status pld_cholesky_factor(pld_cholesky *cholesky, const pld_matrix *a)
{
    struct pld_operand_matrix operand;
    PLD_TRY(check(cholesky, "cholesky"));
    PLD_TRY(pld_agree(cholesky->ctx, pld_factor_check_same(&cholesky->tiles, a,
                                                           "a", &operand)));
    PLD_TRY(pld_factor_agree(cholesky->ctx, "box of a matrix to factor", 1,
                             &operand, 0));
    return factor(cholesky, &operand);
}

static pld_status solve_tiles(pld_cholesky *cholesky, struct pld_tiles *x)
{
    struct pld_sweep sweep = {
        .t = &cholesky->tiles, .uplo = 'L', .op = 'N', .diag = 'N', .x = x};
    bool turned = cholesky->triangle == PLD_TRIANGLE_UPPER;
    if (turned) /* m m^H is the conjugate of a */
        pld_factor_conjugate(x);
    PLD_TRY(pld_sweep_run(&sweep));
    sweep.op = 'C';
    PLD_TRY(pld_sweep_run(&sweep));
    if (turned)
        pld_factor_conjugate(x);
    return PLD_OK;
}

pld_status pld_cholesky_solve(pld_cholesky *cholesky, const pld_matrix *b)
{
    pld_status status = PLD_OK;
    struct pld_operand_matrix sides;
    struct pld_tiles x;
    const struct pld_tiles_view view = {.turned = false};
    PLD_TRY(check_valid(cholesky));
    pld_ctx *ctx = cholesky->ctx;
    pld_type type = cholesky->tiles.spec.type;
    PLD_TRY(pld_agree(
        ctx, pld_factor_check_sides(ctx, b, cholesky->n, type, &sides)));
    PLD_TRY(pld_factor_agree(ctx, "box of right sides", 1, &sides, 0));
    PLD_TRY_TO(out, pld_factor_take_sides(ctx, type, cholesky->n, sides.size[1],
                                          cholesky->tiles.spec.edge[0], &x));
    PLD_TRY_TO(out, pld_tiles_load(&x, &sides, &view));
    PLD_TRY_TO(out, solve_tiles(cholesky, &x));
    PLD_TRY_TO(out, pld_tiles_store(&x, &sides, &view));
out:
    pld_tiles_destroy(&x);
    return status;
}

/* Zeros in this rank's part of the other triangle. */
static void clear_other(const pld_cholesky *cholesky,
                        const struct pld_operand_matrix *out)
{
    const pld_field *field = out->field;
    struct pld_block block = pld_field_block(field);
    pld_box own = pld_box_intersect(out->box, field->owned);
    const double zeros[2] = {0, 0};
    if (pld_box_empty(own))
        return;
    for (int64_t i = own.first[0]; i < own.first[0] + own.count[0]; i++)
        for (int64_t j = own.first[1]; j < own.first[1] + own.count[1]; j++) {
            int64_t right = (j - out->box.first[1]) - (i - out->box.first[0]);
            if (cholesky->triangle == PLD_TRIANGLE_LOWER ? right > 0
                                                         : right < 0)
                memcpy(pld_block_at(&block, (const int64_t[]){i, j, 0}), zeros,
                       block.size);
        }
}

pld_status pld_cholesky_read(pld_cholesky *cholesky, const pld_matrix *out)
{
    struct pld_operand_matrix operand;
    struct pld_tiles_view view;
    PLD_TRY(check_valid(cholesky));
    PLD_TRY(
        pld_agree(cholesky->ctx, pld_factor_check_same(&cholesky->tiles, out,
                                                       "out", &operand)));
    PLD_TRY(pld_factor_agree(cholesky->ctx, "box of a factor to read", 1,
                             &operand, 0));
    view = view_of(cholesky);
    PLD_TRY(pld_tiles_store(&cholesky->tiles, &operand, &view));
    clear_other(cholesky, &operand);
    return PLD_OK;
}

pld_status pld_cholesky_log_determinant(pld_cholesky *cholesky, double *out)
{
    pld_status status = PLD_OK;
    double *diagonal = NULL;
    double sum = 0;
    PLD_TRY(check_valid(cholesky));
    PLD_CHECK(out, PLD_ERR_ARG, "out is NULL");
    PLD_TRY_TO(out, pld_factor_diagonal(&cholesky->tiles, &diagonal));
    for (int64_t i = 0; i < cholesky->n; i++)
        sum += 2 * log(diagonal[2 * i]);
    *out = sum;
out:
    pld_free(diagonal);
    return status;
}

pld_status pld_cholesky_destroy(pld_cholesky **cholesky)
{
    PLD_CHECK(cholesky != NULL, PLD_ERR_ARG, "cholesky is NULL");
    if (*cholesky == NULL)
        return PLD_OK;
    PLD_TRY(check(*cholesky, "*cholesky"));
    destroy_alone(cholesky);
    return PLD_OK;
}
