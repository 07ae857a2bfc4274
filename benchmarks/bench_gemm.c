/* Products of distributed matrices against what the cores can do at most.
 *
 *     mpirun -n 2 --bind-to core bench_gemm [SIZE...]
 *
 * for square matrices of so many rows (512 1024 2048), cut into rows, into
 * columns, and as the library chooses. Run it with one BLAS thread for each
 * rank. References, in the same run:
 *   limit:dgemm  each rank multiplies its share of rows by a matrix that it
 *                holds in full: no data moves between ranks */
#include <polder.h>
#include <polder/main.h>

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/bench.h"

struct bench {
    pld_ctx *ctx;
    int64_t n;
    pld_grid *grid;
    pld_field *f[3];
    int64_t rows; /* of the local product */
    double *local[3];
    pld_status status;
};

static void ours(void *data)
{
    struct bench *b = data;
    b->status |= pld_matrix_multiply(1, &(pld_matrix){.field = b->f[0]},
                                     &(pld_matrix){.field = b->f[1]}, 0,
                                     &(pld_matrix){.field = b->f[2]});
}

static void limit(void *data)
{
    struct bench *b = data;
    int n = (int)b->n;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)b->rows, n, n,
                1, b->local[0], n, b->local[1], n, 0, b->local[2], n);
}

static void touch(void *data)
{
    (void)data;
}

static void start(const int64_t at[PLD_MAXDIM], void *value, void *data)
{
    const int *which = data;
    *(double *)value =
        (double)((at[0] * 7919 + at[1] * 104729 + *which * 31) % 1009) / 1009 -
        0.5;
}

static pld_status create(pld_ctx *ctx, int64_t n, int nprocs, struct bench *b)
{
    *b = (struct bench){.ctx = ctx, .n = n};
    const pld_grid_spec cells = {
        .ndims = 2, .size = {n, n}, .nprocs = {nprocs}};
    PLD_TRY(pld_grid_create(ctx, &cells, &b->grid));
    for (int i = 0; i < 3; i++) {
        PLD_TRY(pld_field_create(b->grid, &(pld_field_spec){0}, &b->f[i]));
        PLD_TRY(pld_field_fill(b->f[i], start, &i));
    }
    b->rows = (n + pld_ctx_nranks(ctx) - 1) / pld_ctx_nranks(ctx);
    for (int i = 0; i < 3; i++) {
        int64_t count = (i == 1 ? n : b->rows) * n;
        b->local[i] = malloc((size_t)count * sizeof(double));
        PLD_CHECK(b->local[i], PLD_ERR_MEMORY, "no memory");
        for (int64_t k = 0; k < count; k++)
            b->local[i][k] = (double)(k % 1009) / 1009 - 0.5;
    }
    return PLD_OK;
}

static pld_status destroy(struct bench *b)
{
    for (int i = 0; i < 3; i++) {
        free(b->local[i]);
        PLD_TRY(pld_field_destroy(&b->f[i]));
    }
    return pld_grid_destroy(&b->grid);
}

/* Some elements against plain sums. */
static bool is_right(const struct bench *b)
{
    pld_box own = pld_field_owned(b->f[2]);
    pld_view c = pld_field_view(b->f[2]);
    bool good = true;
    for (int s = 0; s < 50 && own.count[0] * own.count[1] > 0; s++) {
        int64_t i = own.first[0] + (s * 7919) % own.count[0];
        int64_t j = own.first[1] + (s * 104729) % own.count[1];
        double sum = 0;
        for (int64_t k = 0; k < b->n; k++) {
            double x = 0;
            double y = 0;
            start((const int64_t[]){i, k, 0}, &x, &(int){0});
            start((const int64_t[]){k, j, 0}, &y, &(int){1});
            sum += x * y;
        }
        double found = c.f64[i * c.stride[0] + j * c.stride[1]];
        good = good && fabs(found - sum) <= 1e-13 * (double)b->n;
    }
    return bench_all(pld_ctx_comm(b->ctx), good);
}

static pld_status measure(pld_ctx *ctx, int64_t n, int nprocs, const char *cut)
{
    static const struct bench_way ways[] = {{"ours", ours},
                                            {"limit:dgemm", limit}};
    struct bench b;
    char params[48];
    double seconds[BENCH_MAX_WAYS];
    PLD_TRY(create(ctx, n, nprocs, &b));
    ours(&b);
    PLD_TRY(b.status);
    bool good = is_right(&b);
    const struct bench_task task = {
        .touch = touch, .data = &b, .nways = 2, .ways = ways};
    bench_compare(pld_ctx_comm(ctx), &task, seconds);
    PLD_TRY(b.status);
    snprintf(params, sizeof params, "n=%lld cut=%s", (long long)n, cut);
    bench_row(pld_ctx_comm(ctx), "gemm", params, seconds[0] * 1e3, "ms",
              ways[1].name, seconds[1] * 1e3, good);
    return destroy(&b);
}

static pld_status measure_cuts(pld_ctx *ctx, int64_t n)
{
    int nranks = pld_ctx_nranks(ctx);
    PLD_TRY(measure(ctx, n, nranks, "rows"));
    if (nranks == 1)
        return PLD_OK;
    PLD_TRY(measure(ctx, n, 1, "columns"));
    return nranks > 3 ? measure(ctx, n, 0, "chosen") : PLD_OK;
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    static const int64_t sizes[] = {512, 1024, 2048};
    bench_head(pld_ctx_comm(ctx));
    for (int i = 1; i < argc; i++)
        PLD_TRY(measure_cuts(ctx, strtoll(argv[i], NULL, 10)));
    for (size_t i = 0; argc == 1 && i < sizeof sizes / sizeof *sizes; i++)
        PLD_TRY(measure_cuts(ctx, sizes[i]));
    return PLD_OK;
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
