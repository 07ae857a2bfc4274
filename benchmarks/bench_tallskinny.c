/* Tall and skinny matrices against what the cores can do at most.
 *
 *     mpirun -n 2 --bind-to core bench_tallskinny [ROWS COLUMNS]...
 *
 * for matrices of so many rows and columns (1000000 64). Run it with one BLAS
 * thread for each rank. Reference, in the same run:
 *   limit:dgemm  each rank's share of the least number of operations, at the
 *                rate at which it multiplies square matrices of 1024 rows
 *
 * Least numbers: n k^2 for a Gram matrix, 2 n k^2 for R, 4 n k^2 for Q and R,
 * 2 n k^2 for an update. */
#include <polder.h>
#include <polder/main.h>

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/bench.h"

enum { SQUARE = 1024 };

struct bench {
    pld_ctx *ctx;
    int64_t n;
    int64_t k;
    pld_grid *grid;
    pld_field *original;
    pld_field *work;
    double *small[3]; /* k x k */
    double *square[3];
    pld_qr method;
    pld_status status;
};

static pld_tall tall_of(const struct bench *b)
{
    return (pld_tall){.matrix = b->work};
}

static void gram(void *data)
{
    struct bench *b = data;
    const pld_tall a = tall_of(b);
    b->status |= pld_tall_gram(&a, NULL, b->small[0]);
}

static void explicit_q(void *data)
{
    struct bench *b = data;
    const pld_tall a = tall_of(b);
    b->status |= pld_tall_qr(&a, b->method, b->small[0]);
}

static void only_r(void *data)
{
    struct bench *b = data;
    const pld_tall a = tall_of(b);
    b->status |= pld_tall_r(&a, b->method, b->small[0]);
}

static void update(void *data)
{
    struct bench *b = data;
    const pld_tall a = tall_of(b);
    b->status |= pld_tall_multiply(&a, b->small[2], &a);
}

static void limit(void *data)
{
    const struct bench *b = data;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, SQUARE, SQUARE,
                SQUARE, 1, b->square[0], SQUARE, b->square[1], SQUARE, 0,
                b->square[2], SQUARE);
}

/* A fresh matrix for every call. */
static void touch(void *data)
{
    struct bench *b = data;
    b->status |= pld_field_copy(b->original, b->work);
}

static void start(const int64_t at[PLD_MAXDIM], void *value, void *data)
{
    const pld_random random = {.seed = 7};
    const struct bench *b = data;
    *(double *)value =
        pld_random_uniform(random, (uint64_t)(at[0] * b->k + at[1])) - 0.5;
}

static pld_status make_arrays(struct bench *b)
{
    for (int i = 0; i < 3; i++) {
        b->small[i] = calloc((size_t)(b->k * b->k), sizeof(double));
        b->square[i] = calloc(SQUARE * SQUARE, sizeof(double));
        PLD_CHECK(b->small[i] && b->square[i], PLD_ERR_MEMORY, "no memory");
    }
    for (int i = 0; i < SQUARE * SQUARE; i++)
        b->square[0][i] = b->square[1][i] = (double)(i % 1009) / 1009 - 0.5;
    for (int64_t i = 0; i < b->k; i++) /* a reflection */
        for (int64_t j = 0; j < b->k; j++)
            b->small[2][i * b->k + j] = (i == j) - 2.0 / (double)b->k;
    return PLD_OK;
}

static pld_status create(pld_ctx *ctx, int64_t n, int64_t k, struct bench *b)
{
    *b = (struct bench){.ctx = ctx, .n = n, .k = k};
    const pld_grid_spec cells = {.ndims = 2, .size = {n, k}, .nprocs = {0, 1}};
    PLD_TRY(pld_grid_create(ctx, &cells, &b->grid));
    PLD_TRY(pld_field_create(b->grid, &(pld_field_spec){0}, &b->original));
    PLD_TRY(pld_field_create(b->grid, &(pld_field_spec){0}, &b->work));
    PLD_TRY(pld_field_fill(b->original, start, b));
    PLD_TRY(pld_field_copy(b->original, b->work));
    return make_arrays(b);
}

static pld_status destroy(struct bench *b)
{
    for (int i = 0; i < 3; i++) {
        free(b->small[i]);
        free(b->square[i]);
    }
    PLD_TRY(pld_field_destroy(&b->work));
    PLD_TRY(pld_field_destroy(&b->original));
    return pld_grid_destroy(&b->grid);
}

/* A^T A - c beside the diagonal: small[0] against small[1]. */
static double distance(const struct bench *b)
{
    double size = 0;
    double off = 0;
    for (int64_t i = 0; i < b->k * b->k; i++) {
        size = fmax(size, fabs(b->small[1][i]));
        off = fmax(off, fabs(b->small[0][i] - b->small[1][i]));
    }
    return off / size;
}

/* Q^T Q - 1, and R^T R against the Gram matrix of what was factored. */
static pld_status check_qr(struct bench *b, bool with_q, double *orthogonality,
                           bool *good)
{
    const pld_tall original = {.matrix = b->original};
    const pld_tall q = {.matrix = b->work};
    int k = (int)b->k;
    PLD_TRY(pld_tall_gram(&original, NULL, b->small[1]));
    double *r = calloc((size_t)(k * k), sizeof *r);
    PLD_CHECK(r, PLD_ERR_MEMORY, "no memory");
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, k, k, k, 1,
                b->small[0], k, b->small[0], k, 0, r, k);
    for (int i = 0; i < k * k; i++)
        b->small[0][i] = r[i];
    free(r);
    *good = distance(b) < 1e-13;
    *orthogonality = 0;
    if (!with_q)
        return PLD_OK;
    PLD_TRY(pld_tall_gram(&q, NULL, b->small[0]));
    for (int i = 0; i < k * k; i++)
        *orthogonality =
            fmax(*orthogonality, fabs(b->small[0][i] - (i % (k + 1) == 0)));
    *good = *good && *orthogonality <= 1e-14;
    return PLD_OK;
}

/* Against sums of some columns. */
static bool gram_is_right(const struct bench *b)
{
    pld_box own = pld_field_owned(b->work);
    pld_view a = pld_field_view(b->work);
    bool good = true;
    for (int64_t j = 0; j < b->k; j += 7) {
        long double sum = 0;
        for (int64_t i = own.first[0]; i < own.first[0] + own.count[0]; i++)
            sum += (long double)a.f64[i * a.stride[0]] *
                   a.f64[i * a.stride[0] + j * a.stride[1]];
        double parts[2] = {(double)sum, 0};
        MPI_Allreduce(&parts[0], &parts[1], 1, MPI_DOUBLE, MPI_SUM,
                      pld_ctx_comm(b->ctx));
        good = good && fabs(parts[1] - b->small[0][j]) < 1e-13 * b->small[0][0];
    }
    return good;
}

struct kind {
    const char *name;
    void (*run)(void *data);
    pld_qr method;
    double flops; /* least number, in n k^2 */
    bool factors;
    bool with_q;
};

static pld_status measure(struct bench *b, const struct kind *kind)
{
    const struct bench_way ways[] = {{"ours", kind->run},
                                     {"limit:dgemm", limit}};
    double seconds[BENCH_MAX_WAYS];
    double orthogonality = 0;
    bool good = true;
    char params[96];
    b->method = kind->method;
    touch(b);
    kind->run(b);
    PLD_TRY(b->status);
    if (kind->factors)
        PLD_TRY(check_qr(b, kind->with_q, &orthogonality, &good));
    else if (kind->run == gram)
        good = gram_is_right(b);
    const struct bench_task task = {
        .touch = touch, .data = b, .nways = 2, .ways = ways};
    bench_alternate(pld_ctx_comm(b->ctx), &task, 7, seconds);
    PLD_TRY(b->status);
    double rate = 2.0 * SQUARE * SQUARE * SQUARE / seconds[1];
    double least = kind->flops * (double)b->n * (double)(b->k * b->k) /
                   (rate * pld_ctx_nranks(b->ctx));
    snprintf(params, sizeof params, "n=%lld k=%lld orthogonality=%.1e",
             (long long)b->n, (long long)b->k, orthogonality);
    bench_row(pld_ctx_comm(b->ctx), kind->name, params, seconds[0] * 1e3, "ms",
              ways[1].name, least * 1e3, good);
    return PLD_OK;
}

static pld_status measure_all(pld_ctx *ctx, int64_t n, int64_t k)
{
    static const struct kind kinds[] = {
        {.name = "gram", .run = gram, .flops = 1},
        {.name = "update", .run = update, .flops = 2},
        {.name = "qr_auto",
         .run = explicit_q,
         .method = PLD_QR_AUTO,
         .flops = 4,
         .factors = true,
         .with_q = true},
        {.name = "qr_householder",
         .run = explicit_q,
         .method = PLD_QR_HOUSEHOLDER,
         .flops = 4,
         .factors = true,
         .with_q = true},
        {.name = "r_auto",
         .run = only_r,
         .method = PLD_QR_AUTO,
         .flops = 2,
         .factors = true},
        {.name = "r_householder",
         .run = only_r,
         .method = PLD_QR_HOUSEHOLDER,
         .flops = 2,
         .factors = true}};
    struct bench b;
    PLD_TRY(create(ctx, n, k, &b));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        PLD_TRY(measure(&b, &kinds[i]));
    return destroy(&b);
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    bench_head(pld_ctx_comm(ctx));
    for (int i = 1; i + 1 < argc; i += 2)
        PLD_TRY(measure_all(ctx, strtoll(argv[i], NULL, 10),
                            strtoll(argv[i + 1], NULL, 10)));
    return argc > 2 ? PLD_OK : measure_all(ctx, 1000000, 64);
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
