/* Cholesky and LU factors of distributed matrices, and solving with them,
 * against what the cores can do at most.
 *
 *     mpirun -n 2 --bind-to core bench_factor [SIZE...]
 *
 * for matrices of so many rows (1024 2048 4096) and one right side, with one
 * BLAS thread for each rank: all from the creation of a factor on, or factoring
 * again in the same memory. Reference, in the same run:
 *   ideal:potrf, ideal:getrf   the time of LAPACK on one core, all ranks doing
 *                              the same at once, over the number of ranks */
#include <polder.h>
#include <polder/main.h>

#include <stdio.h>
#include <stdlib.h>

#include "support/bench.h"
#include "support/equations.h"

void dpotrf_(const char *uplo, const int *n, double *a, const int *ld,
             int *info, size_t length);
void dgetrf_(const int *m, const int *n, double *a, const int *ld, int *pivots,
             int *info);

struct bench {
    struct equations equations;
    pld_matrix a;
    pld_matrix b;
    pld_cholesky *cholesky;
    pld_lu *lu;
    double *local;
    int *pivots;
    pld_status status;
};

/* --- What is timed -------------------------------------------------------- */

static pld_status cholesky_all(struct bench *b)
{
    pld_cholesky *cholesky = NULL;
    PLD_TRY(pld_cholesky_create(NULL, &b->a, &cholesky));
    PLD_TRY(pld_cholesky_solve(cholesky, &b->b));
    return pld_cholesky_destroy(&cholesky);
}

static pld_status lu_all(struct bench *b)
{
    pld_lu *lu = NULL;
    PLD_TRY(pld_lu_create(&b->a, &lu));
    PLD_TRY(pld_lu_solve(lu, PLD_PLAIN, &b->b));
    return pld_lu_destroy(&lu);
}

static bool is_positive(const struct bench *b)
{
    return b->equations.kind == EQUATIONS_POSITIVE;
}

static void all(void *data)
{
    struct bench *b = data;
    b->status |= is_positive(b) ? cholesky_all(b) : lu_all(b);
}

static void factor(void *data)
{
    struct bench *b = data;
    b->status |= is_positive(b) ? pld_cholesky_factor(b->cholesky, &b->a)
                                : pld_lu_factor(b->lu, &b->a);
}

static void solve(void *data)
{
    struct bench *b = data;
    b->status |= is_positive(b) ? pld_cholesky_solve(b->cholesky, &b->b)
                                : pld_lu_solve(b->lu, PLD_PLAIN, &b->b);
}

static void both(void *data)
{
    factor(data);
    solve(data);
}

static void ideal(void *data)
{
    struct bench *b = data;
    int n = (int)b->equations.n;
    int info = 0;
    if (is_positive(b))
        dpotrf_("L", &n, b->local, &n, &info, 1);
    else
        dgetrf_(&n, &n, b->local, &n, b->pivots, &info);
    if (info != 0)
        b->status = PLD_ERR_INTERNAL;
}

enum { ALL, BOTH, FACTOR, SOLVE, IDEAL, NWAYS };
static const struct bench_way ways[] = {{"create+solve+destroy", all},
                                        {"factor+solve", both},
                                        {"factor", factor},
                                        {"solve", solve},
                                        {"ideal", ideal}};

static void touch(void *data, int way)
{
    struct bench *b = data;
    int64_t n = b->equations.n;
    b->status |= equations_renew(&b->equations);
    for (int64_t i = 0; way == IDEAL && i < n; i++)
        for (int64_t j = 0; j < n; j++)
            b->local[i * n + j] = equations_a(b->equations.kind, n, i, j);
}

/* --- Cases ---------------------------------------------------------------- */

static pld_status open_case(pld_ctx *ctx, enum equations_kind kind, int64_t n,
                            struct bench *b)
{
    *b = (struct bench){.status = PLD_OK};
    PLD_TRY(equations_create(ctx, kind, n, &b->equations));
    b->a.field = b->equations.a;
    b->b.field = b->equations.b;
    b->local = malloc((size_t)(n * n) * sizeof(double));
    b->pivots = malloc((size_t)n * sizeof(int));
    PLD_CHECK(b->local && b->pivots, PLD_ERR_MEMORY, "no memory");
    if (kind == EQUATIONS_POSITIVE)
        return pld_cholesky_create(NULL, &b->a, &b->cholesky);
    return pld_lu_create(&b->a, &b->lu);
}

static pld_status close_case(struct bench *b)
{
    free(b->pivots);
    free(b->local);
    PLD_TRY(pld_cholesky_destroy(&b->cholesky));
    PLD_TRY(pld_lu_destroy(&b->lu));
    return equations_destroy(&b->equations);
}

static pld_status measure(pld_ctx *ctx, enum equations_kind kind, int64_t n)
{
    struct bench b;
    double seconds[BENCH_MAX_WAYS];
    MPI_Comm comm = pld_ctx_comm(ctx);
    bool positive = kind == EQUATIONS_POSITIVE;
    PLD_TRY(open_case(ctx, kind, n, &b));
    solve(&b);
    PLD_TRY(b.status);
    bool good = equations_solved(&b.equations);
    const struct bench_task task = {
        .touch_way = touch, .data = &b, .nways = NWAYS, .ways = ways};
    bench_alternate(comm, &task, n > 2048 ? 5 : 15, seconds);
    PLD_TRY(b.status);
    for (int w = 0; w < IDEAL; w++) {
        char params[48];
        snprintf(params, sizeof params, "n=%lld %s", (long long)n,
                 ways[w].name);
        bench_row(comm, positive ? "cholesky" : "lu", params, seconds[w] * 1e3,
                  "ms", positive ? "ideal:potrf" : "ideal:getrf",
                  seconds[IDEAL] * 1e3 / pld_ctx_nranks(ctx), good);
    }
    return close_case(&b);
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
