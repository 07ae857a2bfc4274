/* Vectors against loops written by hand and against separate calls of the BLAS.
 *
 *     mpirun -n 2 --bind-to core bench_vector [ELEMENTS...]
 *
 * for so many elements on each rank (10000 100000 1000000 10000000). All
 * products are exact in the library and plain elsewhere. References, in the
 * same run:
 *   limit:one-pass  one loop for updates and product, vectors as wide as the
 *                   processor has, and MPI_Allreduce: the least traffic
 *   blas:calls      a call of the BLAS for each update and product, likewise
 */
#include <polder.h>
#include <polder/main.h>

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/bench.h"

enum { NFIELDS = 4 };

struct bench {
    pld_ctx *ctx;
    int64_t n;
    pld_grid *grid;
    pld_field *f[NFIELDS];
    double *v[NFIELDS]; /* the same elements */
    double sum;
    double sign; /* so that values stay where they are */
    pld_status status;
};

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define WIDEST                                                                 \
    __attribute__((target_clones("avx512f", "avx2", "default"),                \
                   optimize("fast-math")))
#else
#define WIDEST
#endif

/* --- By hand ---------------------------------------------------------------
 */

WIDEST static double hand_axpy(int64_t n, double a, const double *x, double *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += a * x[i];
    return 0;
}

WIDEST static double hand_waxpby(int64_t n, double a, const double *x,
                                 const double *y, double *w)
{
    for (int64_t i = 0; i < n; i++)
        w[i] = a * x[i] + 0.5 * y[i];
    return 0;
}

WIDEST static double hand_axpy_norm(int64_t n, double a, const double *x,
                                    double *y)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        y[i] += a * x[i];
        sum += y[i] * y[i];
    }
    return sum;
}

WIDEST static double hand_dot(int64_t n, const double *x, const double *y)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

WIDEST static double hand_cg(int64_t n, double a, double *const *v)
{
    const double *p = v[0];
    const double *q = v[1];
    double *x = v[2];
    double *r = v[3];
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        x[i] += a * p[i];
        r[i] -= a * q[i];
        sum += r[i] * r[i];
    }
    return sum;
}

static void reduce(struct bench *b, double sum)
{
    MPI_Allreduce(&sum, &b->sum, 1, MPI_DOUBLE, MPI_SUM, pld_ctx_comm(b->ctx));
}

static double next_factor(struct bench *b)
{
    b->sign = -b->sign;
    return 1e-3 * b->sign;
}

/* --- The cases: ours, by hand, by the BLAS ----------------------------------
 */

static void our_axpy(void *data)
{
    struct bench *b = data;
    b->status |= pld_vector_axpy(next_factor(b), b->f[0], b->f[1]);
}

static void one_pass_axpy(void *data)
{
    struct bench *b = data;
    hand_axpy(b->n, next_factor(b), b->v[0], b->v[1]);
}

static void blas_axpy(void *data)
{
    struct bench *b = data;
    cblas_daxpy((int)b->n, next_factor(b), b->v[0], 1, b->v[1], 1);
}

static void our_waxpby(void *data)
{
    struct bench *b = data;
    b->status |=
        pld_vector_waxpby(next_factor(b), b->f[0], 0.5, b->f[1], b->f[2]);
}

static void one_pass_waxpby(void *data)
{
    struct bench *b = data;
    hand_waxpby(b->n, next_factor(b), b->v[0], b->v[1], b->v[2]);
}

static void blas_waxpby(void *data)
{
    struct bench *b = data;
    cblas_dcopy((int)b->n, b->v[1], 1, b->v[2], 1);
    cblas_dscal((int)b->n, 0.5, b->v[2], 1);
    cblas_daxpy((int)b->n, next_factor(b), b->v[0], 1, b->v[2], 1);
}

static void our_axpy_norm(void *data)
{
    struct bench *b = data;
    b->status |=
        pld_vector_axpy_norm2(next_factor(b), b->f[0], b->f[1], &b->sum);
    b->sum *= b->sum;
}

static void one_pass_axpy_norm(void *data)
{
    struct bench *b = data;
    reduce(b, hand_axpy_norm(b->n, next_factor(b), b->v[0], b->v[1]));
}

static void blas_axpy_norm(void *data)
{
    struct bench *b = data;
    cblas_daxpy((int)b->n, next_factor(b), b->v[0], 1, b->v[1], 1);
    reduce(b, cblas_ddot((int)b->n, b->v[1], 1, b->v[1], 1));
}

static void our_dot(void *data)
{
    struct bench *b = data;
    b->status |= pld_vector_dot(b->f[0], b->f[1], &b->sum);
}

static void one_pass_dot(void *data)
{
    struct bench *b = data;
    reduce(b, hand_dot(b->n, b->v[0], b->v[1]));
}

static void blas_dot(void *data)
{
    struct bench *b = data;
    reduce(b, cblas_ddot((int)b->n, b->v[0], 1, b->v[1], 1));
}

static void our_norm(void *data)
{
    struct bench *b = data;
    b->status |= pld_vector_norm2(b->f[0], &b->sum);
    b->sum *= b->sum;
}

static void one_pass_norm(void *data)
{
    struct bench *b = data;
    reduce(b, hand_dot(b->n, b->v[0], b->v[0]));
}

static void blas_norm(void *data)
{
    struct bench *b = data;
    double norm = cblas_dnrm2((int)b->n, b->v[0], 1);
    reduce(b, norm * norm);
}

static void our_cg(void *data)
{
    struct bench *b = data;
    b->status |= pld_vector_cg_step(next_factor(b), b->f[0], b->f[1], b->f[2],
                                    b->f[3], &b->sum);
}

static void one_pass_cg(void *data)
{
    struct bench *b = data;
    reduce(b, hand_cg(b->n, next_factor(b), b->v));
}

static void blas_cg(void *data)
{
    struct bench *b = data;
    double a = next_factor(b);
    cblas_daxpy((int)b->n, a, b->v[0], 1, b->v[2], 1);
    cblas_daxpy((int)b->n, -a, b->v[1], 1, b->v[3], 1);
    reduce(b, cblas_ddot((int)b->n, b->v[3], 1, b->v[3], 1));
}

static const struct {
    const char *name;
    struct bench_way ways[3];
} cases[] = {{"axpy",
              {{"ours", our_axpy},
               {"limit:one-pass", one_pass_axpy},
               {"blas:calls", blas_axpy}}},
             {"waxpby",
              {{"ours", our_waxpby},
               {"limit:one-pass", one_pass_waxpby},
               {"blas:calls", blas_waxpby}}},
             {"dot",
              {{"ours", our_dot},
               {"limit:one-pass", one_pass_dot},
               {"blas:calls", blas_dot}}},
             {"norm2",
              {{"ours", our_norm},
               {"limit:one-pass", one_pass_norm},
               {"blas:calls", blas_norm}}},
             {"axpy+norm2",
              {{"ours", our_axpy_norm},
               {"limit:one-pass", one_pass_axpy_norm},
               {"blas:calls", blas_axpy_norm}}},
             {"cg step",
              {{"ours", our_cg},
               {"limit:one-pass", one_pass_cg},
               {"blas:calls", blas_cg}}}};

/* --- Running ----------------------------------------------------------------
 */

static void start(const int64_t at[PLD_MAXDIM], void *value, void *data)
{
    const int *which = data;
    *(double *)value =
        (double)((at[0] * 7919 + *which * 104729) % 10007) / 10007 - 0.5;
}

static pld_status refill(struct bench *b)
{
    b->sign = 1;
    for (int i = 0; i < NFIELDS; i++)
        PLD_TRY(pld_field_fill(b->f[i], start, &i));
    return PLD_OK;
}

static pld_status create(pld_ctx *ctx, int64_t n, struct bench *b)
{
    *b = (struct bench){.ctx = ctx, .n = n};
    const pld_grid_spec cells = {.ndims = 1, .size = {n * pld_ctx_nranks(ctx)}};
    PLD_TRY(pld_grid_create(ctx, &cells, &b->grid));
    for (int i = 0; i < NFIELDS; i++) {
        PLD_TRY(pld_field_create(b->grid, &(pld_field_spec){0}, &b->f[i]));
        pld_view view = pld_field_view(b->f[i]);
        b->v[i] = view.f64 + pld_field_owned(b->f[i]).first[0];
    }
    return refill(b);
}

static pld_status destroy(struct bench *b)
{
    for (int i = 0; i < NFIELDS; i++)
        PLD_TRY(pld_field_destroy(&b->f[i]));
    return pld_grid_destroy(&b->grid);
}

/* Read and write everything, as a step of a solver would. */
static void touch(void *data)
{
    struct bench *b = data;
    for (int i = 0; i < NFIELDS; i++)
        for (int64_t k = 0; k < b->n; k++)
            b->v[i][k] *= 1;
}

/* The sum, and the elements, are what a loop by hand makes. */
static pld_status check(struct bench *b, const struct bench_way *ways,
                        bool *out)
{
    double sums[3];
    double last[3];
    for (int w = 0; w < 3; w++) {
        PLD_TRY(refill(b));
        b->sum = 0;
        ways[w].run(b);
        sums[w] = b->sum;
        last[w] = b->v[1][b->n - 1] + b->v[2][b->n / 2] + b->v[3][0];
    }
    bool good = b->status == PLD_OK;
    for (int w = 1; w < 3; w++)
        good = good && fabs(sums[w] - sums[0]) <= 1e-12 * (double)b->n &&
               fabs(last[w] - last[0]) <= 1e-14;
    *out = bench_all(pld_ctx_comm(b->ctx), good);
    return PLD_OK;
}

static pld_status measure(pld_ctx *ctx, int64_t n)
{
    struct bench b;
    char params[32];
    PLD_TRY(create(ctx, n, &b));
    snprintf(params, sizeof params, "n=%lld", (long long)n);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        bool good = false;
        double seconds[BENCH_MAX_WAYS];
        PLD_TRY(check(&b, cases[c].ways, &good));
        const struct bench_task task = {
            .touch = touch, .data = &b, .nways = 3, .ways = cases[c].ways};
        bench_compare(pld_ctx_comm(ctx), &task, seconds);
        PLD_TRY(b.status);
        for (int w = 1; w < 3; w++)
            bench_row(pld_ctx_comm(ctx), cases[c].name, params,
                      seconds[0] * 1e6, "us", cases[c].ways[w].name,
                      seconds[w] * 1e6, good);
    }
    return destroy(&b);
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    static const int64_t sizes[] = {10000, 100000, 1000000, 10000000};
    bench_head(pld_ctx_comm(ctx));
    for (int i = 1; i < argc; i++)
        PLD_TRY(measure(ctx, strtoll(argv[i], NULL, 10)));
    for (size_t i = 0; argc == 1 && i < sizeof sizes / sizeof *sizes; i++)
        PLD_TRY(measure(ctx, sizes[i]));
    return PLD_OK;
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
