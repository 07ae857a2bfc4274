/* Products, symmetric products and transposes of square matrices of f64, beside
 * ScaLAPACK.
 *
 *     mpirun -n 2 --bind-to core peer_scalapack_gemm [SIZE...]
 *
 * for matrices of so many rows (1024 2048), ours cut into rows. ScaLAPACK's
 * matrices are cut into square blocks of 64, 128 and 256, dealt out to a
 * process grid of one column or of one row; of the six, the fastest counts.
 * References, in the same run:
 *   scalapack:pdgemm, pdsyrk (the lower half alone, ours both), pdtran */
#include <polder.h>
#include <polder/main.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/bench.h"

/* ScaLAPACK has no header. */
void Cblacs_get(int context, int what, int *value);
void Cblacs_gridinit(int *context, const char *order, int nrows, int ncolumns);
void Cblacs_gridinfo(int context, int *nrows, int *ncolumns, int *row,
                     int *column);
void Cblacs_gridexit(int context);
int numroc_(const int *n, const int *block, const int *process, const int *from,
            const int *nprocesses);
void descinit_(int *desc, const int *m, const int *n, const int *mblock,
               const int *nblock, const int *row, const int *column,
               const int *context, const int *ld, int *info);
void pdgemm_(const char *transa, const char *transb, const int *m, const int *n,
             const int *k, const double *alpha, const double *a, const int *ia,
             const int *ja, const int *desca, const double *b, const int *ib,
             const int *jb, const int *descb, const double *beta, double *c,
             const int *ic, const int *jc, const int *descc);
void pdsyrk_(const char *uplo, const char *trans, const int *n, const int *k,
             const double *alpha, const double *a, const int *ia, const int *ja,
             const int *desca, const double *beta, double *c, const int *ic,
             const int *jc, const int *descc);
void pdtran_(const int *m, const int *n, const double *alpha, const double *a,
             const int *ia, const int *ja, const int *desca, const double *beta,
             double *c, const int *ic, const int *jc, const int *descc);

enum { NBLOCKS = 3, NGRIDS = 2, NPEERS = NBLOCKS * NGRIDS };
static const int blocks[NBLOCKS] = {64, 128, 256};

enum operation { GEMM, SYRK, TRANSPOSE, NOPERATIONS };
static const char *const names[] = {"gemm", "syrk", "transpose"};
static const char *const peers[] = {"scalapack:pdgemm", "scalapack:pdsyrk",
                                    "scalapack:pdtran"};

/* Matrices in ScaLAPACK's way, of one block size and process grid. */
struct dealt {
    int n;
    int block;
    int context;
    int nrows, ncolumns, row, column; /* of processes */
    int desc[9];
    int count[2]; /* local rows and columns; the former are dense */
    double *of[3];
};

struct bench {
    pld_ctx *ctx;
    int64_t n;
    enum operation operation;
    pld_grid *grid;
    pld_matrix of[3];
    struct dealt dealt[NPEERS];
    pld_status status;
};

static double start(int which, int64_t i, int64_t j)
{
    return (double)((i * 7919 + j * 104729 + which * 31) % 1009) / 1009 - 0.5;
}

/* --- ScaLAPACK ------------------------------------------------------------ */

static int64_t global_index(int64_t local, int block, int process, int n)
{
    return (local / block * n + process) * block + local % block;
}

static void fill(struct dealt *dealt, int which)
{
    for (int64_t j = 0; j < dealt->count[1]; j++)
        for (int64_t i = 0; i < dealt->count[0]; i++)
            dealt->of[which][j * dealt->count[0] + i] = start(
                which, global_index(i, dealt->block, dealt->row, dealt->nrows),
                global_index(j, dealt->block, dealt->column, dealt->ncolumns));
}

static pld_status deal(int n, int block, bool is_row, int nranks,
                       struct dealt *dealt)
{
    const int zero = 0;
    int info = 0;
    *dealt = (struct dealt){.n = n, .block = block};
    Cblacs_get(0, 0, &dealt->context);
    Cblacs_gridinit(&dealt->context, "R", is_row ? 1 : nranks,
                    is_row ? nranks : 1);
    Cblacs_gridinfo(dealt->context, &dealt->nrows, &dealt->ncolumns,
                    &dealt->row, &dealt->column);
    dealt->count[0] = numroc_(&n, &block, &dealt->row, &zero, &dealt->nrows);
    dealt->count[1] =
        numroc_(&n, &block, &dealt->column, &zero, &dealt->ncolumns);
    int ld = dealt->count[0] > 1 ? dealt->count[0] : 1;
    descinit_(dealt->desc, &n, &n, &block, &block, &zero, &zero,
              &dealt->context, &ld, &info);
    PLD_CHECK(info == 0, PLD_ERR_INTERNAL, "descinit says %d", info);
    for (int i = 0; i < 3; i++) {
        dealt->of[i] =
            malloc(sizeof(double) * (size_t)ld * (size_t)(dealt->count[1] + 1));
        PLD_CHECK(dealt->of[i], PLD_ERR_MEMORY, "no memory");
        fill(dealt, i);
    }
    return PLD_OK;
}

static void put_back(struct dealt *dealt)
{
    for (int i = 0; i < 3; i++)
        free(dealt->of[i]);
    Cblacs_gridexit(dealt->context);
}

static void run_peer(struct bench *b, int peer)
{
    struct dealt *dealt = &b->dealt[peer];
    const int one = 1;
    const double alpha = 1;
    const double beta = 0;
    int n = dealt->n;
    const int *desc = dealt->desc;
    double **of = dealt->of;
    if (b->operation == GEMM)
        pdgemm_("N", "N", &n, &n, &n, &alpha, of[0], &one, &one, desc, of[1],
                &one, &one, desc, &beta, of[2], &one, &one, desc);
    else if (b->operation == SYRK)
        pdsyrk_("L", "N", &n, &n, &alpha, of[0], &one, &one, desc, &beta, of[2],
                &one, &one, desc);
    else
        pdtran_(&n, &n, &alpha, of[0], &one, &one, desc, &beta, of[2], &one,
                &one, desc);
}

static void peer0(void *data)
{
    run_peer(data, 0);
}
static void peer1(void *data)
{
    run_peer(data, 1);
}
static void peer2(void *data)
{
    run_peer(data, 2);
}
static void peer3(void *data)
{
    run_peer(data, 3);
}
static void peer4(void *data)
{
    run_peer(data, 4);
}
static void peer5(void *data)
{
    run_peer(data, 5);
}

static void ours(void *data)
{
    struct bench *b = data;
    pld_matrix in = b->of[0];
    if (b->operation == GEMM) {
        b->status |= pld_matrix_multiply(1, &in, &b->of[1], 0, &b->of[2]);
    } else if (b->operation == SYRK) {
        b->status |= pld_matrix_syrk(1, &in, 0, &b->of[2], PLD_BOTH);
    } else {
        in.form = PLD_TRANSPOSED;
        b->status |= pld_matrix_copy(&in, &b->of[2]);
    }
}

static const struct bench_way ways[] = {
    {"polder", ours}, {"peer", peer0}, {"peer", peer1}, {"peer", peer2},
    {"peer", peer3},  {"peer", peer4}, {"peer", peer5}};

/* --- Checking ------------------------------------------------------------- */

/* A sum over the lower half, which tells where elements are. */
static double weight(int64_t i, int64_t j)
{
    return i >= j ? (double)((i * 31 + j * 17) % 101) : 0;
}

static double sum_of_ours(const struct bench *b)
{
    pld_view view = pld_field_view(b->of[2].field);
    pld_box own = pld_field_owned(b->of[2].field);
    double sum = 0;
    for (int64_t i = own.first[0]; i < own.first[0] + own.count[0]; i++)
        for (int64_t j = own.first[1]; j < own.first[1] + own.count[1]; j++)
            sum += weight(i, j) *
                   view.f64[i * view.stride[0] + j * view.stride[1]];
    return sum;
}

static double sum_of_peer(const struct dealt *dealt)
{
    double sum = 0;
    for (int64_t j = 0; j < dealt->count[1]; j++)
        for (int64_t i = 0; i < dealt->count[0]; i++)
            sum +=
                weight(global_index(i, dealt->block, dealt->row, dealt->nrows),
                       global_index(j, dealt->block, dealt->column,
                                    dealt->ncolumns)) *
                dealt->of[2][j * dealt->count[0] + i];
    return sum;
}

/* All ways have one result. */
static bool agree(struct bench *b)
{
    MPI_Comm comm = pld_ctx_comm(b->ctx);
    double sums[1 + NPEERS];
    bool good = true;
    for (int w = 0; w <= NPEERS; w++) {
        ways[w].run(b);
        sums[w] = w == 0 ? sum_of_ours(b) : sum_of_peer(&b->dealt[w - 1]);
    }
    MPI_Allreduce(MPI_IN_PLACE, sums, 1 + NPEERS, MPI_DOUBLE, MPI_SUM, comm);
    for (int w = 1; w <= NPEERS; w++)
        good = good &&
               fabs(sums[w] - sums[0]) <= 1e-10 * (double)(b->n * b->n * b->n);
    return good;
}

/* --- Cases ---------------------------------------------------------------- */

static void fill_point(const int64_t at[PLD_MAXDIM], void *out, void *data)
{
    *(double *)out = start(*(const int *)data, at[0], at[1]);
}

static void touch(void *data)
{
    (void)data;
}

static pld_status create(pld_ctx *ctx, int64_t n, struct bench *b)
{
    int nranks = pld_ctx_nranks(ctx);
    const pld_grid_spec cells = {
        .ndims = 2, .size = {n, n}, .nprocs = {nranks}};
    *b = (struct bench){.ctx = ctx, .n = n};
    PLD_TRY(pld_grid_create(ctx, &cells, &b->grid));
    for (int i = 0; i < 3; i++) {
        PLD_TRY(
            pld_field_create(b->grid, &(pld_field_spec){0}, &b->of[i].field));
        PLD_TRY(pld_field_fill(b->of[i].field, fill_point, &i));
    }
    for (int i = 0; i < NPEERS; i++)
        PLD_TRY(deal((int)n, blocks[i % NBLOCKS], i >= NBLOCKS, nranks,
                     &b->dealt[i]));
    return PLD_OK;
}

static pld_status destroy(struct bench *b)
{
    for (int i = 0; i < NPEERS; i++)
        put_back(&b->dealt[i]);
    for (int i = 0; i < 3; i++)
        PLD_TRY(pld_field_destroy(&b->of[i].field));
    return pld_grid_destroy(&b->grid);
}

static pld_status measure(struct bench *b, enum operation operation)
{
    double seconds[BENCH_MAX_WAYS];
    char params[64];
    int best = 1;
    b->operation = operation;
    bool good = agree(b);
    const struct bench_task task = {
        .touch = touch, .data = b, .nways = 1 + NPEERS, .ways = ways};
    bench_alternate(pld_ctx_comm(b->ctx), &task, b->n > 3000 ? 3 : 7, seconds);
    PLD_TRY(b->status);
    for (int w = 2; w <= NPEERS; w++)
        best = seconds[w] < seconds[best] ? w : best;
    snprintf(params, sizeof params, "n=%lld peer's block=%d grid=%dx%d",
             (long long)b->n, b->dealt[best - 1].block,
             b->dealt[best - 1].nrows, b->dealt[best - 1].ncolumns);
    bench_row(pld_ctx_comm(b->ctx), names[operation], params, seconds[0] * 1e3,
              "ms", peers[operation], seconds[best] * 1e3, good);
    return PLD_OK;
}

static pld_status run_size(pld_ctx *ctx, int64_t n)
{
    struct bench b;
    PLD_TRY(create(ctx, n, &b));
    for (int i = 0; i < NOPERATIONS; i++)
        PLD_TRY(measure(&b, (enum operation)i));
    return destroy(&b);
}

static pld_status body(pld_ctx *ctx, int argc, char **argv)
{
    bench_head(pld_ctx_comm(ctx));
    for (int i = 1; i < argc; i++)
        PLD_TRY(run_size(ctx, atoll(argv[i])));
    for (int64_t n = 1024; argc == 1 && n <= 2048; n *= 2)
        PLD_TRY(run_size(ctx, n));
    return PLD_OK;
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, body);
}
