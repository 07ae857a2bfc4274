/* Products of distributed matrices against what the cores can do at most.
 *
 *     mpirun -n 2 --bind-to core bench_gemm [SIZE...]
 *
 * for square matrices of so many rows (64 512 1024 2048), cut into rows, into
 * columns, and as the library chooses; once (gemm) and planned before
 * (planned); in f64 and, cut into rows, in f32 and c128. Run it with one BLAS
 * thread for each rank. References, in the same run:
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
    pld_type type;
    pld_product *product;
    pld_grid *grid;
    pld_field *f[3];
    int64_t rows; /* of the local product */
    void *local[3];
    pld_status status;
};

static void ours(void *data)
{
    struct bench *b = data;
    b->status |= pld_matrix_multiply(1, &(pld_matrix){.field = b->f[0]},
                                     &(pld_matrix){.field = b->f[1]}, 0,
                                     &(pld_matrix){.field = b->f[2]});
}

static void planned(void *data)
{
    struct bench *b = data;
    b->status |= pld_product_run(b->product);
}

static void limit(void *data)
{
    struct bench *b = data;
    int m = (int)b->rows;
    int n = (int)b->n;
    const double one[2] = {1, 0};
    const double zero[2] = {0, 0};
    if (b->type == PLD_F64)
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, n, 1,
                    b->local[0], n, b->local[1], n, 0, b->local[2], n);
    else if (b->type == PLD_F32)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, n, 1,
                    b->local[0], n, b->local[1], n, 0, b->local[2], n);
    else
        cblas_zgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, n, one,
                    b->local[0], n, b->local[1], n, zero, b->local[2], n);
}

static void touch(void *data)
{
    (void)data;
}

static double start(int which, int64_t i, int64_t j)
{
    return (double)((i * 7919 + j * 104729 + which * 31) % 1009) / 1009 - 0.5;
}

static void put(pld_type type, double x, void *out)
{
    if (type == PLD_F32)
        *(float *)out = (float)x;
    else
        *(double *)out = x;
    if (type == PLD_C128)
        ((double *)out)[1] = 0.25 - x;
}

struct filling {
    int which;
    pld_type type;
};

static void fill_point(const int64_t at[PLD_MAXDIM], void *out, void *data)
{
    const struct filling *filling = data;
    put(filling->type, start(filling->which, at[0], at[1]), out);
}

static pld_status make_local(struct bench *b)
{
    size_t size = pld_type_size(b->type);
    b->rows = (b->n + pld_ctx_nranks(b->ctx) - 1) / pld_ctx_nranks(b->ctx);
    for (int i = 0; i < 3; i++) {
        int64_t count = (i == 1 ? b->n : b->rows) * b->n;
        b->local[i] = malloc((size_t)count * size);
        PLD_CHECK(b->local[i], PLD_ERR_MEMORY, "no memory");
        for (int64_t k = 0; k < count; k++)
            put(b->type, (double)(k % 1009) / 1009 - 0.5,
                (char *)b->local[i] + (size_t)k * size);
    }
    return PLD_OK;
}

static pld_status create(pld_ctx *ctx, pld_type type, int64_t n, int nprocs,
                         struct bench *b)
{
    *b = (struct bench){.ctx = ctx, .n = n, .type = type};
    const pld_grid_spec cells = {
        .ndims = 2, .size = {n, n}, .nprocs = {nprocs}};
    PLD_TRY(pld_grid_create(ctx, &cells, &b->grid));
    for (int i = 0; i < 3; i++) {
        struct filling filling = {i, type};
        PLD_TRY(pld_field_create(b->grid, &(pld_field_spec){.type = type},
                                 &b->f[i]));
        PLD_TRY(pld_field_fill(b->f[i], fill_point, &filling));
    }
    const pld_product_spec spec = {
        .a.field = b->f[0], .b.field = b->f[1], .c.field = b->f[2]};
    PLD_TRY(pld_product_create(&spec, &b->product));
    return make_local(b);
}

static pld_status destroy(struct bench *b)
{
    PLD_TRY(pld_product_destroy(&b->product));
    for (int i = 0; i < 3; i++) {
        free(b->local[i]);
        PLD_TRY(pld_field_destroy(&b->f[i]));
    }
    return pld_grid_destroy(&b->grid);
}

static double element(const struct bench *b, int64_t i, int64_t j)
{
    pld_view c = pld_field_view(b->f[2]);
    int64_t at = i * c.stride[0] + j * c.stride[1];
    return b->type == PLD_F32   ? (double)c.f32[at]
           : b->type == PLD_F64 ? c.f64[at]
                                : c.c128[at][0];
}

/* Some elements, or their real parts, against plain sums. */
static bool is_right(const struct bench *b)
{
    pld_box own = pld_field_owned(b->f[2]);
    double eps = b->type == PLD_F32 ? 1e-5 : 1e-13;
    bool good = true;
    for (int s = 0; s < 50 && own.count[0] * own.count[1] > 0; s++) {
        int64_t i = own.first[0] + (s * 7919) % own.count[0];
        int64_t j = own.first[1] + (s * 104729) % own.count[1];
        double sum = 0;
        for (int64_t k = 0; k < b->n; k++) {
            double x = start(0, i, k);
            double y = start(1, k, j);
            sum += x * y;
            if (b->type == PLD_C128)
                sum -= (0.25 - x) * (0.25 - y);
        }
        good = good && fabs(element(b, i, j) - sum) <= eps * (double)b->n;
    }
    return bench_all(pld_ctx_comm(b->ctx), good);
}

static pld_status measure(pld_ctx *ctx, pld_type type, int64_t n, int nprocs,
                          const char *cut)
{
    static const struct bench_way ways[] = {
        {"gemm", ours}, {"planned", planned}, {"limit:dgemm", limit}};
    struct bench b;
    char params[48];
    bool good[2];
    double seconds[BENCH_MAX_WAYS];
    PLD_TRY(create(ctx, type, n, nprocs, &b));
    for (int w = 0; w < 2; w++) {
        PLD_TRY(pld_field_set(b.f[2], (double[2]){0, 0}));
        ways[w].run(&b);
        PLD_TRY(b.status);
        good[w] = is_right(&b);
    }
    const struct bench_task task = {
        .touch = touch, .data = &b, .nways = 3, .ways = ways};
    if (n > 2048)
        bench_alternate(pld_ctx_comm(ctx), &task, 5, seconds);
    else
        bench_compare(pld_ctx_comm(ctx), &task, seconds);
    PLD_TRY(b.status);
    snprintf(params, sizeof params, "%s n=%lld cut=%s", pld_type_name(type),
             (long long)n, cut);
    for (int w = 0; w < 2; w++)
        bench_row(pld_ctx_comm(ctx), ways[w].name, params, seconds[w] * 1e3,
                  "ms", ways[2].name, seconds[2] * 1e3, good[w]);
    return destroy(&b);
}

static pld_status measure_cuts(pld_ctx *ctx, int64_t n)
{
    int nranks = pld_ctx_nranks(ctx);
    PLD_TRY(measure(ctx, PLD_F64, n, nranks, "rows"));
    if (nranks == 1)
        return PLD_OK;
    PLD_TRY(measure(ctx, PLD_F64, n, 1, "columns"));
    return nranks > 3 ? measure(ctx, PLD_F64, n, 0, "chosen") : PLD_OK;
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    static const int64_t sizes[] = {64, 512, 1024, 2048};
    int nranks = pld_ctx_nranks(ctx);
    bench_head(pld_ctx_comm(ctx));
    for (int i = 1; i < argc; i++)
        PLD_TRY(measure_cuts(ctx, strtoll(argv[i], NULL, 10)));
    for (size_t i = 0; argc == 1 && i < sizeof sizes / sizeof *sizes; i++)
        PLD_TRY(measure_cuts(ctx, sizes[i]));
    if (argc > 1)
        return PLD_OK;
    PLD_TRY(measure(ctx, PLD_F32, 1024, nranks, "rows"));
    return measure(ctx, PLD_C128, 1024, nranks, "rows");
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
