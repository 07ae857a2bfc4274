#include "linalg/tsqr.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "linalg/lapack.h"
#include "linalg/small.h"
#include "polder/agree.h"

/* R of A and B side by side is
 *
 *     R11 R12      A = Q R11, and B = Q R12 + what is orthogonal to A and has
 *      0  R22      columns as long as those of R22
 *
 * so that X = R11^-1 R12. */
struct solve {
    struct pld_tiled a;
    struct pld_tiled b;
    struct pld_tsqr tsqr;
    int64_t k, m;
    char *r;      /* (k + m) x (k + m) */
    char *scaled; /* k x k */
    char *solution;
    double *s;
};

static size_t element_size(const struct solve *solve)
{
    return pld_type_size(solve->a.type);
}

static pld_status open_both(const pld_tall *a, const pld_tall *b,
                            struct solve *solve)
{
    int64_t width = 0;
    int64_t more = 0;
    pld_ctx *ctx;
    PLD_TRY(pld_tall_ctx(a, "a", &ctx));
    pld_status status = pld_tall_shape(a, NULL, &width);
    if (status == PLD_OK && b == NULL)
        status = pld_small_check(b, "b");
    if (status == PLD_OK)
        status = pld_tall_shape(b, NULL, &more);
    PLD_TRY(pld_agree(ctx, status));
    PLD_TRY(pld_tiled_open(a, "a", PLD_TALL_READS, width + more, &solve->a));
    PLD_TRY(pld_tall_check_rows(&solve->a));
    return pld_tiled_open_like(b, "b", PLD_TALL_READS, &solve->a, &solve->b);
}

static pld_status prepare(double rcond, const void *x, struct solve *solve)
{
    PLD_TRY(pld_small_check(x, "x"));
    PLD_CHECK(rcond >= 0 && rcond < 1, PLD_ERR_ARG,
              "rcond is %g: it must be from 0 to below 1", rcond);
    solve->k = solve->a.ncolumns;
    solve->m = solve->b.ncolumns;
    int64_t all = solve->k + solve->m;
    size_t size = element_size(solve);
    PLD_TRY(pld_alloc("R", all * all, size, &solve->r));
    PLD_TRY(pld_alloc("scaled R", solve->k * solve->k, size, &solve->scaled));
    PLD_TRY(pld_alloc("solution", solve->k * solve->m, size, &solve->solution));
    PLD_TRY(pld_alloc("singular values", solve->k, sizeof(double), &solve->s));
    solve->tsqr = (struct pld_tsqr){.ctx = solve->a.ctx,
                                    .type = solve->a.type,
                                    .k = all,
                                    .tiling = &solve->a.tiling,
                                    .nparts = 2,
                                    .parts = {&solve->a, &solve->b}};
    return PLD_OK;
}

/* Length of column j of R, in rows first to end - 1; scaled so that nothing
 * overflows on the way. */
static double length_of(const struct solve *solve, int64_t j, int64_t first,
                        int64_t end)
{
    pld_type type = solve->a.type;
    int parts = type == PLD_C128 ? 2 : 1;
    int64_t all = solve->k + solve->m;
    double length = 0;
    for (int64_t i = first; i < end; i++)
        for (int p = 0; p < parts; p++)
            length = hypot(length,
                           pld_small_real(type == PLD_F32 ? PLD_F32 : PLD_F64,
                                          solve->r, (i * all + j) * parts + p));
    return length;
}

/* The exponent that brings column j of A to a length of about 1. */
static int exponent_of(const struct solve *solve, int64_t j)
{
    int exponent = 0;
    frexp(length_of(solve, j, 0, j + 1), &exponent);
    return -exponent;
}

/* R11 and R12, columns of the first scaled. */
static void take_down(struct solve *solve)
{
    size_t size = element_size(solve);
    int64_t all = solve->k + solve->m;
    for (int64_t i = 0; i < solve->k; i++) {
        const char *row = solve->r + (size_t)(i * all) * size;
        memcpy(solve->scaled + (size_t)(i * solve->k) * size, row,
               (size_t)solve->k * size);
        memcpy(solve->solution + (size_t)(i * solve->m) * size,
               row + (size_t)solve->k * size, (size_t)solve->m * size);
    }
    for (int64_t j = 0; j < solve->k; j++)
        for (int64_t i = 0; i <= j; i++)
            pld_small_scale(solve->a.type, solve->scaled, i * solve->k + j,
                            exponent_of(solve, j));
}

static pld_status check_rank(const struct solve *solve, double rcond)
{
    pld_type type = solve->a.type;
    int64_t rank = 0;
    const struct pld_lapack_svd svd = {.s = solve->s, .ldu = 1, .ldvt = 1};
    void *copy = NULL;
    PLD_TRY(pld_alloc("R", solve->k * solve->k, element_size(solve), &copy));
    memcpy(copy, solve->scaled,
           (size_t)(solve->k * solve->k) * element_size(solve));
    pld_status status =
        pld_lapack_gesdd(type, 'N', solve->k, solve->k, copy, solve->k, &svd);
    pld_free(copy);
    PLD_TRY(status);
    pld_type real = pld_real_of(type);
    for (int64_t i = 0; i < solve->k; i++)
        rank += pld_small_real(real, solve->s, i) >
                rcond * pld_small_real(real, solve->s, 0);
    PLD_CHECK(rank == solve->k, PLD_ERR_ARG,
              "a has %" PRId64 " columns, but only rank %" PRId64
              " within %g: the solution is not determined",
              solve->k, rank, rcond);
    return PLD_OK;
}

/* X = R11^-1 R12: in rows, X^T = R12^T R11^-T. */
static pld_status back_substitute(struct solve *solve)
{
    const struct pld_lapack_triangle triangle = {.side = 'R',
                                                 .uplo = 'L',
                                                 .op = 'N',
                                                 .diag = 'N',
                                                 .a = solve->scaled,
                                                 .ld = solve->k};
    PLD_TRY(pld_lapack_trsm(solve->a.type, &triangle, 1, solve->m, solve->k,
                            solve->solution, solve->m));
    for (int64_t i = 0; i < solve->k; i++)
        for (int64_t j = 0; j < solve->m; j++)
            pld_small_scale(solve->a.type, solve->solution, i * solve->m + j,
                            exponent_of(solve, i));
    return PLD_OK;
}

static pld_status solve_small(struct solve *solve, double rcond)
{
    double spacing = solve->a.type == PLD_F32 ? 0x1p-23 : 0x1p-52;
    int64_t nrows = pld_box_volume(solve->a.tiling.domain);
    take_down(solve);
    PLD_TRY(check_rank(solve, rcond > 0 ? rcond : (double)nrows * spacing));
    return back_substitute(solve);
}

pld_status pld_tall_solve(const pld_tall *a, const pld_tall *b, double rcond,
                          void *x, double *residuals)
{
    pld_status status = PLD_OK;
    struct solve solve = {.r = NULL};
    PLD_TRY_TO(out, open_both(a, b, &solve));
    PLD_TRY_TO(out, pld_agree(solve.a.ctx, prepare(rcond, x, &solve)));
    PLD_TRY_TO(out, pld_tsqr_factor(&solve.tsqr, solve.r));
    PLD_TRY_TO(out, pld_agree(solve.a.ctx, solve_small(&solve, rcond)));
    memcpy(x, solve.solution,
           (size_t)(solve.k * solve.m) * element_size(&solve));
    for (int64_t j = 0; residuals != NULL && j < solve.m; j++)
        residuals[j] =
            length_of(&solve, solve.k + j, solve.k, solve.k + solve.m);
out:
    pld_tsqr_destroy(&solve.tsqr);
    pld_free(solve.s);
    pld_free(solve.solution);
    pld_free(solve.scaled);
    pld_free(solve.r);
    pld_status second = pld_tiled_close(&solve.b);
    pld_status third = pld_tiled_close(&solve.a);
    return status != PLD_OK ? status : second != PLD_OK ? second : third;
}
