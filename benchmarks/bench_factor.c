/* Cholesky factors and solutions of distributed matrices against what the cores
 * can do at most.
 *
 *     mpirun -n 2 --bind-to core bench_factor [SIZE...]
 *
 * for matrices of so many rows (1024 2048 4096) and one right side; with one
 * BLAS thread for each rank. References, in the same run:
 *   ideal:potrf  the time of LAPACK's dpotrf on one core, all ranks doing the
 *                same at the same time, divided by the number of ranks
 *   ideal:getrf  likewise of dgetrf */
#include <polder.h>
#include <polder/main.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/bench.h"

void dpotrf_(const char *uplo, const int *n, double *a, const int *ld,
             int *info, size_t length);

struct bench {
    pld_ctx *ctx;
    int64_t n;
    pld_grid *grids[2];
    pld_field *a;
    pld_field *b;
    pld_cholesky *cholesky;
    double *local;
    pld_status status;
};

/* Positive definite: the diagonal outweighs each row. */
static double element(int64_t n, int64_t i, int64_t j)
{
    int64_t low = i < j ? i : j;
    int64_t high = i < j ? j : i;
    double value = (double)((low * 7919 + high * 104729) % 1009) / 1009 - 0.5;
    return i == j ? (double)n : value;
}

static void fill_a(const int64_t at[PLD_MAXDIM], void *value, void *data)
{
    *(double *)value = element(*(const int64_t *)data, at[0], at[1]);
}

static void fill_b(const int64_t at[PLD_MAXDIM], void *value, void *data)
{
    (void)data;
    *(double *)value = (double)(at[0] * 31 % 17) - 8;
}

/* --- What is timed -------------------------------------------------------- */

static void create(void *data)
{
    struct bench *b = data;
    pld_cholesky *cholesky = NULL;
    b->status |=
        pld_cholesky_create(NULL, &(pld_matrix){.field = b->a}, &cholesky);
    b->status |= pld_cholesky_solve(cholesky, &(pld_matrix){.field = b->b});
    b->status |= pld_cholesky_destroy(&cholesky);
}

static void again(void *data)
{
    struct bench *b = data;
    b->status |= pld_cholesky_factor(b->cholesky, &(pld_matrix){.field = b->a});
    b->status |= pld_cholesky_solve(b->cholesky, &(pld_matrix){.field = b->b});
}

static void factor(void *data)
{
    struct bench *b = data;
    b->status |= pld_cholesky_factor(b->cholesky, &(pld_matrix){.field = b->a});
}

static void limit(void *data)
{
    struct bench *b = data;
    int n = (int)b->n;
    int info = 0;
    dpotrf_("L", &n, b->local, &n, &info, 1);
    if (info != 0)
        b->status = PLD_ERR_INTERNAL;
}

static void touch(void *data, int way)
{
    struct bench *b = data;
    if (way < 3) {
        b->status |= pld_field_fill(b->b, fill_b, NULL);
        return;
    }
    for (int64_t i = 0; i < b->n; i++)
        for (int64_t j = 0; j < b->n; j++)
            b->local[i * b->n + j] = element(b->n, i, j);
}

/* --- Cases ---------------------------------------------------------------- */

static pld_status open_case(pld_ctx *ctx, int64_t n, struct bench *b)
{
    *b = (struct bench){.ctx = ctx, .n = n};
    const pld_grid_spec square = {.ndims = 2, .size = {n, n}};
    const pld_grid_spec column = {.ndims = 2, .size = {n, 1}};
    PLD_TRY(pld_grid_create(ctx, &square, &b->grids[0]));
    PLD_TRY(pld_grid_create(ctx, &column, &b->grids[1]));
    PLD_TRY(pld_field_create(b->grids[0], &(pld_field_spec){0}, &b->a));
    PLD_TRY(pld_field_create(b->grids[1], &(pld_field_spec){0}, &b->b));
    PLD_TRY(pld_field_fill(b->a, fill_a, &n));
    PLD_TRY(pld_field_fill(b->b, fill_b, NULL));
    b->local = malloc((size_t)(n * n) * sizeof(double));
    PLD_CHECK(b->local, PLD_ERR_MEMORY, "no memory");
    return PLD_OK;
}

static pld_status close_case(struct bench *b)
{
    free(b->local);
    PLD_TRY(pld_cholesky_destroy(&b->cholesky));
    PLD_TRY(pld_field_destroy(&b->b));
    PLD_TRY(pld_field_destroy(&b->a));
    PLD_TRY(pld_grid_destroy(&b->grids[1]));
    return pld_grid_destroy(&b->grids[0]);
}

/* a x = b, with x on all ranks. */
static pld_status is_right(struct bench *b, bool *out)
{
    pld_box own = pld_field_owned(b->b);
    pld_view view = pld_field_view(b->b);
    double *x = calloc((size_t)b->n, sizeof *x);
    PLD_CHECK(x, PLD_ERR_MEMORY, "no memory");
    for (int64_t i = own.first[0]; i < own.first[0] + own.count[0]; i++)
        if (own.count[1] > 0)
            x[i] = view.f64[i * view.stride[0]];
    MPI_Allreduce(MPI_IN_PLACE, x, (int)b->n, MPI_DOUBLE, MPI_SUM,
                  pld_ctx_comm(b->ctx));
    bool good = true;
    for (int64_t i = 0; i < b->n; i += 97) {
        double sum = 0;
        for (int64_t j = 0; j < b->n; j++)
            sum += element(b->n, i, j) * x[j];
        good = good && fabs(sum - ((double)(i * 31 % 17) - 8)) < 1e-10;
    }
    free(x);
    *out = bench_all(pld_ctx_comm(b->ctx), good);
    return PLD_OK;
}

static pld_status measure(pld_ctx *ctx, int64_t n)
{
    static const struct bench_way ways[] = {{"create, solve", create},
                                            {"factor, solve", again},
                                            {"factor", factor},
                                            {"ideal:potrf", limit}};
    struct bench b;
    char params[48];
    bool good = false;
    double seconds[BENCH_MAX_WAYS];
    PLD_TRY(open_case(ctx, n, &b));
    PLD_TRY(
        pld_cholesky_create(NULL, &(pld_matrix){.field = b.a}, &b.cholesky));
    again(&b);
    PLD_TRY(b.status);
    PLD_TRY(is_right(&b, &good));
    const struct bench_task task = {
        .touch_way = touch, .data = &b, .nways = 4, .ways = ways};
    bench_alternate(pld_ctx_comm(ctx), &task, n > 2048 ? 7 : 15, seconds);
    PLD_TRY(b.status);
    for (int w = 0; w < 3; w++) {
        snprintf(params, sizeof params, "n=%lld %s", (long long)n,
                 ways[w].name);
        bench_row(pld_ctx_comm(ctx), "cholesky", params, seconds[w] * 1e3, "ms",
                  ways[3].name, seconds[3] * 1e3 / pld_ctx_nranks(ctx), good);
    }
    return close_case(&b);
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    bench_head(pld_ctx_comm(ctx));
    for (int i = 1; i < argc; i++)
        PLD_TRY(measure(ctx, strtoll(argv[i], NULL, 10)));
    for (int64_t n = 1024; argc == 1 && n <= 4096; n *= 2)
        PLD_TRY(measure(ctx, n));
    return PLD_OK;
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
