/* Products of small matrices at the points of a grid, c = a b, f64.
 *
 *     mpirun -n 2 --bind-to core bench_batch [N...]
 *
 * for matrices of so many rows and columns (2 3 4 6 8 12 16 24 32), as many of
 * them as fit into the caches of a core, and as need 96 MiB. Cases: `planes`
 * and `interleaved` are the layouts of the fields. References, in the same run:
 *   blas:calls      cblas_dgemm for each point, matrices densely in memory
 *   limit:one-pass  c[i] = a[i] + b[i] over the same bytes: the least traffic
 *   limit:dgemm     the same operations in products of 256 x 256
 */
#include <polder.h>
#include <polder/main.h>

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/bench.h"

enum { OPERANDS = 3, LARGE = 256 };

struct bench {
    pld_ctx *ctx;
    int n;
    int64_t points; /* of a rank */
    pld_grid *grid;
    pld_field *planes[OPERANDS];
    pld_field *interleaved[OPERANDS];
    double *dense[OPERANDS]; /* of `interleaved` */
    double *large[OPERANDS];
    pld_status status;
};

/* --- The ways ---------------------------------------------------------------
 */

static void multiply(struct bench *b, pld_field *const *fields)
{
    b->status |= pld_batch_multiply(1, &(pld_batch){.field = fields[0]},
                                    &(pld_batch){.field = fields[1]}, 0,
                                    &(pld_batch){.field = fields[2]});
}

static void our_planes(void *data)
{
    struct bench *b = data;
    multiply(b, b->planes);
}

static void our_interleaved(void *data)
{
    struct bench *b = data;
    multiply(b, b->interleaved);
}

static void blas_calls(void *data)
{
    struct bench *b = data;
    int64_t size = (int64_t)b->n * b->n;
    for (int64_t p = 0; p < b->points; p++)
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, b->n, b->n, b->n,
                    1, b->dense[0] + p * size, b->n, b->dense[1] + p * size,
                    b->n, 0, b->dense[2] + p * size, b->n);
}

static void one_pass(void *data)
{
    struct bench *b = data;
    int64_t elements = b->points * b->n * b->n;
    for (int64_t i = 0; i < elements; i++)
        b->dense[2][i] = b->dense[0][i] + b->dense[1][i];
}

static void dgemm(void *data)
{
    struct bench *b = data;
    double all = (double)b->points * b->n * b->n * b->n;
    double times = all / ((double)LARGE * LARGE * LARGE);
    /* The last one has fewer rows, so that operations are as many. */
    for (; times > 0; times -= 1) {
        int rows = times < 1 ? (int)ceil(times * LARGE) : LARGE;
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, LARGE,
                    LARGE, 1, b->large[0], LARGE, b->large[1], LARGE, 0,
                    b->large[2], LARGE);
    }
}

static const struct bench_way ways[] = {{"planes", our_planes},
                                        {"interleaved", our_interleaved},
                                        {"blas:calls", blas_calls},
                                        {"limit:one-pass", one_pass},
                                        {"limit:dgemm", dgemm}};
enum { OURS = 2, WAYS = sizeof ways / sizeof *ways };

/* --- Running ----------------------------------------------------------------
 */

struct values {
    int which;
    int n;
};

static void start(const int64_t at[PLD_MAXDIM], void *value, void *data)
{
    const struct values *values = data;
    for (int i = 0; i < values->n; i++)
        ((double *)value)[i] =
            (double)((at[0] * 7919 + i * 31 + values->which * 104729) % 1009) /
                1009 -
            0.5;
}

static pld_status create_field(struct bench *b, int which, pld_layout layout,
                               pld_field **out)
{
    struct values values = {which, b->n * b->n};
    const pld_field_spec spec = {.ncomps = values.n, .layout = layout};
    PLD_TRY(pld_field_create(b->grid, &spec, out));
    return pld_field_fill(*out, start, &values);
}

static pld_status create(pld_ctx *ctx, int n, int64_t points, struct bench *b)
{
    *b = (struct bench){.ctx = ctx, .n = n, .points = points};
    const pld_grid_spec cells = {.ndims = 1,
                                 .size = {points * pld_ctx_nranks(ctx)}};
    PLD_TRY(pld_grid_create(ctx, &cells, &b->grid));
    for (int i = 0; i < OPERANDS; i++) {
        PLD_TRY(create_field(b, i, PLD_PLANES, &b->planes[i]));
        PLD_TRY(create_field(b, i, PLD_INTERLEAVED, &b->interleaved[i]));
        pld_view view = pld_field_view(b->interleaved[i]);
        b->dense[i] = view.f64 + view.valid.first[0] * view.stride[0];
        b->large[i] = calloc(LARGE * LARGE, sizeof(double));
    }
    return PLD_OK;
}

static pld_status destroy(struct bench *b)
{
    for (int i = 0; i < OPERANDS; i++) {
        PLD_TRY(pld_field_destroy(&b->planes[i]));
        PLD_TRY(pld_field_destroy(&b->interleaved[i]));
        free(b->large[i]);
    }
    return pld_grid_destroy(&b->grid);
}

/* Both layouts against the BLAS at every point, with its rounding. */
static bool check(struct bench *b)
{
    our_planes(b);
    our_interleaved(b);
    pld_view planes = pld_field_view(b->planes[2]);
    int64_t elements = b->points * b->n * b->n;
    double *kept = malloc((size_t)elements * sizeof *kept);
    double worst = 0;
    for (int64_t i = 0; i < elements; i++)
        kept[i] = b->dense[2][i];
    blas_calls(b);
    for (int64_t i = 0; i < elements; i++) {
        int64_t point = i / (b->n * b->n) + planes.valid.first[0];
        int64_t e = i % (b->n * b->n);
        double other =
            planes.f64[point * planes.stride[0] + e * planes.comp_stride];
        worst = fmax(worst, fmax(fabs(kept[i] - b->dense[2][i]),
                                 fabs(other - b->dense[2][i])));
    }
    free(kept);
    return bench_all(pld_ctx_comm(b->ctx), worst < 1e-13);
}

/* Every way works on data of its own: read and write it. */
static void touch(void *data, int way)
{
    struct bench *b = data;
    pld_field *const *fields = way == 0 ? b->planes : b->interleaved;
    for (int i = 0; i < OPERANDS; i++) {
        pld_view view = pld_field_view(fields[i]);
        int64_t elements =
            way == 0 ? view.comp_stride * b->n * b->n : b->points * b->n * b->n;
        double *first = view.f64 + view.valid.first[0] * view.stride[0];
        for (int64_t e = 0; e < elements; e++)
            first[e] *= 1;
    }
}

static pld_status measure(pld_ctx *ctx, int n, int64_t bytes)
{
    struct bench b;
    char params[48];
    double seconds[BENCH_MAX_WAYS];
    int64_t points = bytes / (3 * 8 * n * n) / 16 * 16;
    PLD_TRY(create(ctx, n, points, &b));
    bool good = check(&b);
    const struct bench_task task = {
        .touch_way = touch, .data = &b, .nways = WAYS, .ways = ways};
    if (bytes > 1 << 24)
        bench_alternate(pld_ctx_comm(ctx), &task, 7, seconds);
    else
        bench_compare(pld_ctx_comm(ctx), &task, seconds);
    PLD_TRY(b.status);
    snprintf(params, sizeof params, "n=%d points=%lld", n, (long long)points);
    for (int ours = 0; ours < OURS; ours++)
        for (int w = OURS; w < WAYS; w++)
            bench_row(pld_ctx_comm(ctx), ways[ours].name, params,
                      seconds[ours] * 1e6, "us", ways[w].name, seconds[w] * 1e6,
                      good);
    return destroy(&b);
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    static const int sizes[] = {2, 3, 4, 6, 8, 12, 16, 24, 32};
    enum { CACHED = 384 << 10, LONG = 96 << 20 };
    int nsizes = argc > 1 ? argc - 1 : (int)(sizeof sizes / sizeof *sizes);
    bench_head(pld_ctx_comm(ctx));
    for (int i = 0; i < nsizes; i++) {
        int n = argc > 1 ? atoi(argv[i + 1]) : sizes[i];
        PLD_TRY(measure(ctx, n, CACHED));
        PLD_TRY(measure(ctx, n, LONG));
    }
    return PLD_OK;
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
