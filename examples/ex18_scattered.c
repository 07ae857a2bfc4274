/* A dense system: a smooth surface through scattered points.
 *
 * TEST: ranks=1,3
 *
 * Shows: heights are known at N points without any order. The surface
 *
 *     s(x) = sum over j of w_j phi(|x - x_j|)
 *
 * with Wendland's function phi goes through all of them if a w = heights, where
 * a_ij = phi(|x_i - x_j|) is positive definite: Cholesky. The matrix is a field
 * on a grid of N x N cells, filled by a function of the row and column; the
 * tiles, and who works on them, are the library's. The weights are the same
 * bits on any number of ranks.
 *
 * Build: cc ex18_scattered.c $(pkg-config --cflags --libs polder) -lm -o
 * scattered Run:   mpirun -n 4 ./scattered */
#include <polder.h>
#include <polder/main.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { N = 700, NTESTS = 40 };

/* Digits of i behind the point, in the other order: points spread evenly. */
static double spread(int64_t i, int64_t base)
{
    double x = 0;
    for (double digit = 1; i > 0; i /= base)
        x += (double)(i % base) * (digit /= (double)base);
    return x;
}

static double height(double x, double y)
{
    return sin(3 * x) * cos(2 * y) + 0.2 * x;
}

static double phi(double dx, double dy)
{
    double r = sqrt(dx * dx + dy * dy) / 0.8;
    return r < 1 ? pow(1 - r, 4) * (4 * r + 1) : 0;
}

static double phi_between(int64_t i, int64_t j)
{
    return phi(spread(i, 2) - spread(j, 2), spread(i, 3) - spread(j, 3));
}

static void fill_a(const int64_t at[PLD_MAXDIM], void *value, void *data)
{
    (void)data;
    *(double *)value = phi_between(at[0], at[1]);
}

static void fill_heights(const int64_t at[PLD_MAXDIM], void *value, void *data)
{
    (void)data;
    *(double *)value = height(spread(at[0], 2), spread(at[0], 3));
}

static pld_status make_field(pld_ctx *ctx, int64_t columns, pld_fill *fill,
                             pld_matrix *out)
{
    pld_grid *grid = NULL;
    const pld_grid_spec cells = {.ndims = 2, .size = {N, columns}};
    PLD_TRY(pld_grid_create(ctx, &cells, &grid));
    PLD_TRY(pld_field_create(grid, &(pld_field_spec){0}, &out->field));
    return pld_field_fill(out->field, fill, NULL);
}

static pld_status drop_field(pld_matrix *matrix)
{
    pld_grid *grid = pld_field_grid(matrix->field);
    PLD_TRY(pld_field_destroy(&matrix->field));
    return pld_grid_destroy(&grid);
}

/* The surface at a point: an exact sum, so the same bits too. */
static pld_status surface_at(pld_ctx *ctx, pld_matrix weights, double x,
                             double y, double *out)
{
    double terms[N];
    pld_box own = pld_field_owned(weights.field);
    pld_view w = pld_field_view(weights.field);
    int64_t n = own.count[1] > 0 ? own.count[0] : 0;
    for (int64_t k = 0; k < n; k++) {
        int64_t j = own.first[0] + k;
        terms[k] =
            w.f64[j * w.stride[0]] * phi(x - spread(j, 2), y - spread(j, 3));
    }
    return pld_reduce_array(ctx, PLD_SUM, PLD_F64, terms, n, out);
}

/* At points between the given ones. */
static pld_status find_error(pld_ctx *ctx, pld_matrix weights, double *out)
{
    *out = 0;
    for (int64_t k = 0; k < NTESTS; k++) {
        double x = 0.1 + 0.8 * spread(k, 5);
        double y = 0.1 + 0.8 * spread(k, 7);
        double found = 0;
        PLD_TRY(surface_at(ctx, weights, x, y, &found));
        *out = fmax(*out, fabs(found - height(x, y)));
    }
    return PLD_OK;
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    pld_matrix a = {.field = NULL};
    pld_matrix weights = {.field = NULL};
    pld_cholesky *cholesky = NULL;
    double error = 0;
    uint64_t digest = 0;
    PLD_TRY(make_field(ctx, N, fill_a, &a));
    PLD_TRY(make_field(ctx, 1, fill_heights, &weights));

    PLD_TRY(pld_cholesky_create(NULL, &a, &cholesky));
    PLD_TRY(pld_cholesky_solve(cholesky, &weights));
    PLD_TRY(pld_cholesky_destroy(&cholesky));

    PLD_TRY(find_error(ctx, weights, &error));
    PLD_TRY(pld_field_digest(weights.field, &digest));
    if (pld_ctx_rank(ctx) == 0)
        printf("%d points on %d ranks: error between them %.2e, weights "
               "%016" PRIx64 "\n",
               N, pld_ctx_nranks(ctx), error, digest);
    PLD_TRY(drop_field(&weights));
    PLD_TRY(drop_field(&a));
    PLD_CHECK(error < 1e-3, PLD_ERR_INTERNAL, "the surface is off by %g",
              error);
    return PLD_OK;
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
