/* Matrices: a covariance and its largest eigenvalue.
 *
 * TEST: ranks=1,3
 *
 * Shows: a matrix is a field of two dimensions. M measurements of N quantities
 * are the rows of one; they are mixed by a product with a small matrix, their
 * covariance is a symmetric product, and its largest eigenvalue comes of a loop
 * of matrix times vector. The modes that were put in are known, so the answer
 * is, too. Neither the covariance nor the eigenvalue depends on the number of
 * ranks, in any bit.
 *
 * Build: cc ex19_covariance.c $(pkg-config --cflags --libs polder) -lm -o modes
 * Run:   mpirun -n 4 ./modes */
#include <polder.h>
#include <polder/main.h>
#include <polder/matrix.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { M = 2000, N = 60, STEPS = 60 };
static const double turn = 6.283185307179586 / M;

/* Mode j swings by itself, with a variance of its own: 9, 4, 1.8, ... */
static double variance(int64_t j)
{
    return j == 0 ? 9 : 4 * pow(0.45, (double)(j - 1));
}

static void measure(const int64_t at[PLD_MAXDIM], void *value, void *data)
{
    (void)data;
    double phase = turn * (double)(at[0] * (at[1] + 1) % M);
    *(double *)value = sqrt(2 * variance(at[1])) * cos(phase);
}

/* A reflection mixes all modes. */
static void mix(const int64_t at[PLD_MAXDIM], void *value, void *data)
{
    (void)data;
    *(double *)value = (at[0] == at[1]) - 2.0 / N;
}

static void guess(const int64_t at[PLD_MAXDIM], void *value, void *data)
{
    (void)data;
    *(double *)value = 1 + (double)at[0];
}

/* A field on a grid of its own, of `rows` rows and, with several columns, two
 * dimensions. */
static pld_status create(pld_ctx *ctx, int64_t rows, int64_t columns,
                         pld_fill *fill, pld_matrix *out)
{
    pld_grid *grid = NULL;
    const pld_grid_spec cells = {.ndims = columns > 1 ? 2 : 1,
                                 .size = {rows, columns > 1 ? columns : 0}};
    PLD_TRY(pld_grid_create(ctx, &cells, &grid));
    *out = (pld_matrix){.field = NULL};
    PLD_TRY(pld_field_create(grid, &(pld_field_spec){0}, &out->field));
    return fill ? pld_field_fill(out->field, fill, NULL) : PLD_OK;
}

static pld_status destroy(pld_matrix *matrix)
{
    pld_grid *grid = pld_field_grid(matrix->field);
    PLD_TRY(pld_field_destroy(&matrix->field));
    return pld_grid_destroy(&grid);
}

/* The power method: what is multiplied again and again turns to the largest
 * mode, and grows by its eigenvalue. */
static pld_status largest(const pld_matrix *covariance, const pld_matrix *v,
                          const pld_matrix *w, double *out)
{
    double length = 0;
    PLD_TRY(pld_field_norm2(v->field, 0, &length));
    for (int s = 0; s < STEPS; s++) {
        const pld_matrix *from = s % 2 == 0 ? v : w;
        const pld_matrix *to = s % 2 == 0 ? w : v;
        PLD_TRY(pld_matrix_gemv(1 / length, covariance, from, 0, to));
        PLD_TRY(pld_field_norm2(to->field, 0, &length));
    }
    *out = length;
    return PLD_OK;
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    enum { MODES, MIXING, MIXED, COVARIANCE, V, W, COUNT };
    pld_matrix of[COUNT];
    double value = 0;
    uint64_t digest = 0;
    (void)argc;
    (void)argv;
    PLD_TRY(create(ctx, M, N, measure, &of[MODES]));
    PLD_TRY(create(ctx, N, N, mix, &of[MIXING]));
    PLD_TRY(create(ctx, M, N, NULL, &of[MIXED]));
    PLD_TRY(create(ctx, N, N, NULL, &of[COVARIANCE]));
    PLD_TRY(create(ctx, N, 1, guess, &of[V]));
    PLD_TRY(create(ctx, N, 1, NULL, &of[W]));

    PLD_TRY(pld_matrix_multiply(1, &of[MODES], &of[MIXING], 0, &of[MIXED]));
    of[MIXED].form = PLD_TRANSPOSED; /* its rows are the quantities then */
    PLD_TRY(pld_matrix_syrk(1.0 / M, &of[MIXED], 0, &of[COVARIANCE], PLD_BOTH));
    PLD_TRY(largest(&of[COVARIANCE], &of[V], &of[W], &value));
    PLD_TRY(pld_field_digest(of[COVARIANCE].field, &digest));
    if (pld_ctx_rank(ctx) == 0)
        printf("covariance %016" PRIx64 ", largest eigenvalue %.17g\n", digest,
               value);
    for (int i = COUNT - 1; i >= 0; i--)
        PLD_TRY(destroy(&of[i]));
    PLD_CHECK(fabs(value - variance(0)) < 1e-11, PLD_ERR_INTERNAL,
              "the largest eigenvalue is %.17g, not %g", value, variance(0));
    return PLD_OK;
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
