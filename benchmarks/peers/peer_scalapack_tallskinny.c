/* Tall and skinny matrices beside ScaLAPACK.
 *
 *     mpirun -n 2 --bind-to core peer_scalapack_tallskinny [ROWS COLUMNS]...
 *
 * for matrices of so many rows and columns (1000000 64). Theirs is cut into
 * rows in blocks of 32, 64 or 128, whichever is the fastest: pdsyrk the upper
 * triangle of A^T A pdgeqrf           R, with Q as reflectors pdgeqrf+pdorgqr
 * R and Q */
#include <polder.h>
#include <polder/main.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/bench.h"

void Cblacs_pinfo(int *rank, int *nranks);
void Cblacs_get(int context, int what, int *value);
void Cblacs_gridinit(int *context, const char *order, int nrows, int ncolumns);
void Cblacs_gridexit(int context);
int numroc_(const int *n, const int *block, const int *at, const int *first,
            const int *nprocs);
void descinit_(int *desc, const int *m, const int *n, const int *mb,
               const int *nb, const int *row, const int *column,
               const int *context, const int *ld, int *info);
void pdsyrk_(const char *uplo, const char *trans, const int *n, const int *k,
             const double *alpha, const double *a, const int *ia, const int *ja,
             const int *desc_a, const double *beta, double *c, const int *ic,
             const int *jc, const int *desc_c);
void pdgeqrf_(const int *m, const int *n, double *a, const int *ia,
              const int *ja, const int *desc, double *tau, double *work,
              const int *lwork, int *info);
void pdorgqr_(const int *m, const int *n, const int *k, double *a,
              const int *ia, const int *ja, const int *desc, const double *tau,
              double *work, const int *lwork, int *info);

enum { NBLOCKS = 3 };
static const int blocks[NBLOCKS] = {32, 64, 128};

/* A in one of the layouts. */
struct theirs {
    int block;
    int nlocal; /* rows */
    int desc_a[9];
    int desc_c[9];
    double *original;
    double *a;
    double *c;
    double *tau;
    double *work;
    int lwork;
};

struct bench {
    pld_ctx *ctx;
    int n;
    int k;
    int context; /* of BLACS */
    pld_grid *grid;
    pld_field *original;
    pld_field *ours;
    double *small;
    struct theirs theirs[NBLOCKS];
    bool with_q;
    bool factors;
    pld_status status;
};

static const int one = 1;
static const int zero = 0;

static double value(const struct bench *b, int64_t i, int64_t j)
{
    const pld_random random = {.seed = 7};
    return pld_random_uniform(random, (uint64_t)(i * b->k + j)) - 0.5;
}

static void start(const int64_t at[PLD_MAXDIM], void *out, void *data)
{
    *(double *)out = value(data, at[0], at[1]);
}

static void run_ours(void *data)
{
    struct bench *b = data;
    const pld_tall a = {.matrix = b->ours};
    b->status |= b->with_q    ? pld_tall_qr(&a, PLD_QR_AUTO, b->small)
                 : b->factors ? pld_tall_r(&a, PLD_QR_AUTO, b->small)
                              : pld_tall_gram(&a, NULL, b->small);
}

static void must(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "%s failed\n", what);
    MPI_Abort(MPI_COMM_WORLD, 1);
}

static void run_theirs(struct bench *b, int which)
{
    struct theirs *t = &b->theirs[which];
    const double alpha = 1;
    const double beta = 0;
    int info = 0;
    if (!b->factors) {
        pdsyrk_("U", "T", &b->k, &b->n, &alpha, t->a, &one, &one, t->desc_a,
                &beta, t->c, &one, &one, t->desc_c);
        return;
    }
    pdgeqrf_(&b->n, &b->k, t->a, &one, &one, t->desc_a, t->tau, t->work,
             &t->lwork, &info);
    must(info == 0, "pdgeqrf");
    if (b->with_q)
        pdorgqr_(&b->n, &b->k, &b->k, t->a, &one, &one, t->desc_a, t->tau,
                 t->work, &t->lwork, &info);
    must(info == 0, "pdorgqr");
}

static void run_0(void *data)
{
    run_theirs(data, 0);
}

static void run_1(void *data)
{
    run_theirs(data, 1);
}

static void run_2(void *data)
{
    run_theirs(data, 2);
}

static void touch(void *data, int way)
{
    struct bench *b = data;
    if (way == 0) {
        b->status |= pld_field_copy(b->original, b->ours);
        return;
    }
    const struct theirs *t = &b->theirs[way - 1];
    memcpy(t->a, t->original,
           (size_t)t->nlocal * (size_t)b->k * sizeof(double));
}

static void create_theirs(struct bench *b, int which)
{
    struct theirs *t = &b->theirs[which];
    int rank = pld_ctx_rank(b->ctx);
    int nranks = pld_ctx_nranks(b->ctx);
    int info = 0;
    t->block = blocks[which];
    t->nlocal = numroc_(&b->n, &t->block, &rank, &zero, &nranks);
    int ld = t->nlocal > 1 ? t->nlocal : 1;
    descinit_(t->desc_a, &b->n, &b->k, &t->block, &t->block, &zero, &zero,
              &b->context, &ld, &info);
    must(info == 0, "descinit");
    descinit_(t->desc_c, &b->k, &b->k, &t->block, &t->block, &zero, &zero,
              &b->context, &b->k, &info);
    must(info == 0, "descinit");
    size_t n = (size_t)ld * (size_t)b->k;
    t->original = calloc(n, sizeof(double));
    t->a = calloc(n, sizeof(double));
    t->c = calloc((size_t)(b->k * b->k), sizeof(double));
    t->tau = calloc((size_t)b->k, sizeof(double));
    t->lwork = (ld + 2 * b->k + 2 * t->block) * t->block + 4 * t->block;
    t->work = calloc((size_t)t->lwork, sizeof(double));
    must(t->original && t->a && t->c && t->tau && t->work, "calloc");
    for (int i = 0; i < t->nlocal; i++) {
        int64_t row =
            ((int64_t)(i / t->block) * nranks + rank) * t->block + i % t->block;
        for (int j = 0; j < b->k; j++)
            t->original[(int64_t)j * ld + i] = value(b, row, j);
    }
}

static void destroy_theirs(struct theirs *t)
{
    free(t->original);
    free(t->a);
    free(t->c);
    free(t->tau);
    free(t->work);
}

static pld_status create(pld_ctx *ctx, int n, int k, struct bench *b)
{
    *b = (struct bench){.ctx = ctx, .n = n, .k = k};
    const pld_grid_spec cells = {.ndims = 2, .size = {n, k}, .nprocs = {0, 1}};
    PLD_TRY(pld_grid_create(ctx, &cells, &b->grid));
    PLD_TRY(pld_field_create(b->grid, &(pld_field_spec){0}, &b->original));
    PLD_TRY(pld_field_create(b->grid, &(pld_field_spec){0}, &b->ours));
    PLD_TRY(pld_field_fill(b->original, start, b));
    b->small = calloc((size_t)(k * k), sizeof(double));
    must(b->small != NULL, "calloc");
    Cblacs_get(0, 0, &b->context);
    Cblacs_gridinit(&b->context, "R", pld_ctx_nranks(ctx), 1);
    for (int i = 0; i < NBLOCKS; i++)
        create_theirs(b, i);
    return PLD_OK;
}

static pld_status destroy(struct bench *b)
{
    for (int i = 0; i < NBLOCKS; i++)
        destroy_theirs(&b->theirs[i]);
    Cblacs_gridexit(b->context);
    free(b->small);
    PLD_TRY(pld_field_destroy(&b->ours));
    PLD_TRY(pld_field_destroy(&b->original));
    return pld_grid_destroy(&b->grid);
}

/* The first element of both Gram matrices, or of both R but for the sign. */
static bool agree(const struct bench *b, int which)
{
    const struct theirs *t = &b->theirs[which];
    double found = b->factors ? fabs(t->a[0]) : t->c[0];
    bool good = pld_ctx_rank(b->ctx) > 0 || b->with_q ||
                fabs(found - b->small[0]) < 1e-10 * b->small[0];
    return bench_all(pld_ctx_comm(b->ctx), good);
}

static pld_status measure(struct bench *b, const char *name, const char *peer)
{
    const struct bench_way ways[] = {{"ours", run_ours},
                                     {"theirs", run_0},
                                     {"theirs", run_1},
                                     {"theirs", run_2}};
    double seconds[BENCH_MAX_WAYS];
    char params[64];
    char reference[64];
    bool good = true;
    for (int way = 0; way < 1 + NBLOCKS; way++) {
        touch(b, way);
        ways[way].run(b);
        PLD_TRY(b->status);
        good = good && (way == 0 || agree(b, way - 1));
    }
    const struct bench_task task = {
        .touch_way = touch, .data = b, .nways = 1 + NBLOCKS, .ways = ways};
    bench_alternate(pld_ctx_comm(b->ctx), &task, 3, seconds);
    PLD_TRY(b->status);
    int best = 1;
    for (int way = 2; way <= NBLOCKS; way++)
        if (seconds[way] < seconds[best])
            best = way;
    snprintf(params, sizeof params, "n=%d k=%d", b->n, b->k);
    snprintf(reference, sizeof reference, "%s block %d", peer,
             blocks[best - 1]);
    bench_row(pld_ctx_comm(b->ctx), name, params, seconds[0] * 1e3, "ms",
              reference, seconds[best] * 1e3, good);
    return PLD_OK;
}

static pld_status measure_all(pld_ctx *ctx, int n, int k)
{
    struct bench b;
    PLD_TRY(create(ctx, n, k, &b));
    PLD_TRY(measure(&b, "gram", "pdsyrk"));
    b.factors = true;
    PLD_TRY(measure(&b, "r_auto", "pdgeqrf"));
    b.with_q = true;
    PLD_TRY(measure(&b, "qr_auto", "pdgeqrf+pdorgqr"));
    return destroy(&b);
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    bench_head(pld_ctx_comm(ctx));
    for (int i = 1; i + 1 < argc; i += 2)
        PLD_TRY(measure_all(ctx, atoi(argv[i]), atoi(argv[i + 1])));
    return argc > 2 ? PLD_OK : measure_all(ctx, 1000000, 64);
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
