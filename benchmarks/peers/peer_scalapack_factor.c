/* Cholesky and LU factors of distributed matrices and solving with them, beside
 * ScaLAPACK.
 *
 *     mpirun -n 2 --bind-to core peer_scalapack_factor [SIZE...]
 *
 * for matrices of so many rows (1024 2048 4096) and one right side, f64, with
 * one BLAS thread for each rank. Reference, in the same run:
 *   scalapack:...   pdpotrf and pdpotrs, pdgetrf and pdgetrs, whose matrix lies
 *                   as they want it, on the best of all process grids and of
 *                   blocks of 32 to 256 */
#include <polder.h>
#include <polder/main.h>

#include <stdio.h>
#include <stdlib.h>

#include "support/bench.h"
#include "support/equations.h"

void Cblacs_get(int context, int what, int *value);
void Cblacs_gridinit(int *context, const char *layout, int rows, int columns);
void Cblacs_gridinfo(int context, int *rows, int *columns, int *row,
                     int *column);
void Cblacs_gridexit(int context);
int numroc_(const int *n, const int *block, const int *at, const int *first,
            const int *count);
void descinit_(int *desc, const int *m, const int *n, const int *mb,
               const int *nb, const int *row, const int *column,
               const int *context, const int *ld, int *info);
void pdpotrf_(const char *uplo, const int *n, double *a, const int *ia,
              const int *ja, const int *desca, int *info, size_t length);
void pdpotrs_(const char *uplo, const int *n, const int *nsides, double *a,
              const int *ia, const int *ja, const int *desca, double *b,
              const int *ib, const int *jb, const int *descb, int *info,
              size_t length);
void pdgetrf_(const int *m, const int *n, double *a, const int *ia,
              const int *ja, const int *desca, int *pivots, int *info);
void pdgetrs_(const char *op, const int *n, const int *nsides, double *a,
              const int *ia, const int *ja, const int *desca, const int *pivots,
              double *b, const int *ib, const int *jb, const int *descb,
              int *info, size_t length);

/* A matrix and a right side as ScaLAPACK holds them. */
struct layout {
    int context;
    int block;
    int procs[2];
    int place[2];
    int count[2]; /* of own rows and columns */
    int a_desc[9];
    int b_desc[9];
};

struct bench {
    struct equations equations;
    struct layout layout;
    double *a;
    double *b;
    int *pivots;
    pld_status status;
};

/* --- ScaLAPACK's side ----------------------------------------------------- */

static void lay_out(int n, int block, int rows, int columns, struct layout *out)
{
    const int zero = 0;
    const int one = 1;
    int info = 0;
    out->block = block;
    Cblacs_get(0, 0, &out->context);
    Cblacs_gridinit(&out->context, "R", rows, columns);
    Cblacs_gridinfo(out->context, &out->procs[0], &out->procs[1],
                    &out->place[0], &out->place[1]);
    for (int d = 0; d < 2; d++)
        out->count[d] =
            numroc_(&n, &block, &out->place[d], &zero, &out->procs[d]);
    int ld = out->count[0] > 0 ? out->count[0] : 1;
    descinit_(out->a_desc, &n, &n, &block, &block, &zero, &zero, &out->context,
              &ld, &info);
    descinit_(out->b_desc, &n, &one, &block, &block, &zero, &zero,
              &out->context, &ld, &info);
}

/* Global index of an own one. */
static int64_t global(const struct layout *layout, int d, int own)
{
    int64_t block = layout->block;
    return (own / block * layout->procs[d] + layout->place[d]) * block +
           own % block;
}

static void fill(struct bench *b)
{
    const struct layout *layout = &b->layout;
    int64_t rows = layout->count[0];
    for (int j = 0; j < layout->count[1]; j++)
        for (int i = 0; i < rows; i++)
            b->a[j * rows + i] =
                equations_a(b->equations.kind, b->equations.n,
                            global(layout, 0, i), global(layout, 1, j));
    for (int i = 0; i < rows; i++)
        b->b[i] = equations_b(global(layout, 0, i));
}

static void scalapack(void *data)
{
    struct bench *b = data;
    struct layout *layout = &b->layout;
    const int n = (int)b->equations.n;
    const int one = 1;
    int info[2] = {0, 0};
    if (b->equations.kind == EQUATIONS_POSITIVE) {
        pdpotrf_("L", &n, b->a, &one, &one, layout->a_desc, &info[0], 1);
        pdpotrs_("L", &n, &one, b->a, &one, &one, layout->a_desc, b->b, &one,
                 &one, layout->b_desc, &info[1], 1);
    } else {
        pdgetrf_(&n, &n, b->a, &one, &one, layout->a_desc, b->pivots, &info[0]);
        pdgetrs_("N", &n, &one, b->a, &one, &one, layout->a_desc, b->pivots,
                 b->b, &one, &one, layout->b_desc, &info[1], 1);
    }
    if (info[0] != 0 || info[1] != 0)
        b->status = PLD_ERR_INTERNAL;
}

static bool scalapack_solved(const struct bench *b, MPI_Comm comm)
{
    int64_t n = b->equations.n;
    double *x = calloc((size_t)n, sizeof *x);
    if (!bench_all(comm, x != NULL))
        return false;
    for (int i = 0; b->layout.place[1] == 0 && i < b->layout.count[0]; i++)
        x[global(&b->layout, 0, i)] = b->b[i];
    MPI_Allreduce(MPI_IN_PLACE, x, (int)n, MPI_DOUBLE, MPI_SUM, comm);
    bool good = equations_hold(b->equations.kind, n, x);
    free(x);
    return bench_all(comm, good);
}

/* One run; the second one of two counts. */
static double try_layout(struct bench *b, MPI_Comm comm)
{
    double seconds = 0;
    for (int i = 0; i < 2; i++) {
        fill(b);
        MPI_Barrier(comm);
        seconds = -MPI_Wtime();
        scalapack(b);
        seconds += MPI_Wtime();
        MPI_Allreduce(MPI_IN_PLACE, &seconds, 1, MPI_DOUBLE, MPI_MAX, comm);
    }
    return seconds;
}

static void choose_layout(struct bench *b, MPI_Comm comm)
{
    static const int blocks[] = {32, 64, 96, 128, 192, 256};
    double least = 0;
    int nranks = 1;
    struct layout best = {.block = 0};
    MPI_Comm_size(comm, &nranks);
    for (int rows = 1; rows <= nranks; rows++)
        for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
            if (nranks % rows != 0)
                continue;
            lay_out((int)b->equations.n, blocks[i], rows, nranks / rows,
                    &b->layout);
            double seconds = try_layout(b, comm);
            bool better = best.block == 0 || seconds < least;
            struct layout worse = better ? best : b->layout;
            if (better) {
                best = b->layout;
                least = seconds;
            }
            if (worse.block > 0)
                Cblacs_gridexit(worse.context);
        }
    b->layout = best;
}

/* --- Ours ----------------------------------------------------------------- */

static pld_status solve_positive(struct bench *b)
{
    pld_cholesky *cholesky = NULL;
    const pld_matrix a = {.field = b->equations.a};
    const pld_matrix sides = {.field = b->equations.b};
    PLD_TRY(pld_cholesky_create(NULL, &a, &cholesky));
    PLD_TRY(pld_cholesky_solve(cholesky, &sides));
    return pld_cholesky_destroy(&cholesky);
}

static pld_status solve_general(struct bench *b)
{
    pld_lu *lu = NULL;
    const pld_matrix a = {.field = b->equations.a};
    const pld_matrix sides = {.field = b->equations.b};
    PLD_TRY(pld_lu_create(&a, &lu));
    PLD_TRY(pld_lu_solve(lu, PLD_PLAIN, &sides));
    return pld_lu_destroy(&lu);
}

static void ours(void *data)
{
    struct bench *b = data;
    b->status |= b->equations.kind == EQUATIONS_POSITIVE ? solve_positive(b)
                                                         : solve_general(b);
}

/* --- Both ----------------------------------------------------------------- */

static void touch(void *data, int way)
{
    struct bench *b = data;
    if (way == 0)
        b->status |= equations_renew(&b->equations);
    else
        fill(b);
}

static pld_status measure(pld_ctx *ctx, enum equations_kind kind, int64_t n)
{
    static const struct bench_way ways[] = {{"polder", ours},
                                            {"scalapack", scalapack}};
    struct bench b = {.status = PLD_OK};
    MPI_Comm comm = pld_ctx_comm(ctx);
    double seconds[BENCH_MAX_WAYS];
    char params[80];
    char name[60];
    PLD_TRY(equations_create(ctx, kind, n, &b.equations));
    b.a = malloc((size_t)(n * n) * sizeof *b.a);
    b.b = malloc((size_t)n * sizeof *b.b);
    b.pivots = malloc((size_t)(n + 256) * sizeof *b.pivots);
    PLD_CHECK(b.a && b.b && b.pivots, PLD_ERR_MEMORY, "no memory");
    choose_layout(&b, comm);
    fill(&b);
    scalapack(&b);
    bool good = scalapack_solved(&b, comm);
    ours(&b);
    PLD_TRY(b.status);
    good = good && equations_solved(&b.equations);
    const struct bench_task task = {
        .touch_way = touch, .data = &b, .nways = 2, .ways = ways};
    bench_alternate(comm, &task, n > 2048 ? 7 : 15, seconds);
    PLD_TRY(b.status);
    snprintf(params, sizeof params, "n=%lld factor and solve", (long long)n);
    snprintf(name, sizeof name, "scalapack:%dx%d:block=%d", b.layout.procs[0],
             b.layout.procs[1], b.layout.block);
    bench_row(comm, kind == EQUATIONS_POSITIVE ? "cholesky" : "lu", params,
              seconds[0] * 1e3, "ms", name, seconds[1] * 1e3, good);
    Cblacs_gridexit(b.layout.context);
    free(b.pivots);
    free(b.b);
    free(b.a);
    return equations_destroy(&b.equations);
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    static const int64_t sizes[] = {1024, 2048, 4096};
    bench_head(pld_ctx_comm(ctx));
    for (int kind = EQUATIONS_POSITIVE; kind <= EQUATIONS_GENERAL; kind++) {
        for (int i = 1; i < argc; i++)
            PLD_TRY(measure(ctx, (enum equations_kind)kind,
                            strtoll(argv[i], NULL, 10)));
        for (size_t i = 0; argc == 1 && i < sizeof sizes / sizeof *sizes; i++)
            PLD_TRY(measure(ctx, (enum equations_kind)kind, sizes[i]));
    }
    return PLD_OK;
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
