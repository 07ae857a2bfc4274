/* What else is done with distributed matrices, against what the cores can do at
 * most.
 *
 *     mpirun -n 2 --bind-to core bench_matrix
 * [syrk|transpose|gemv|long|lone...]
 *
 *   syrk       c = a a', n = 2048 and 4096, cut into rows
 *   transpose  out = in', n = 4096
 *   gemv       y = a x and y = a' x, n = 4096, sums exact
 *   long       c = a' b, a and b 10^6 x 64 cut into rows
 *   lone       c = a b, n = 1024, c owned by the last rank alone
 *
 * References, in the same run, of each rank alone with its share:
 *   limit:dgemm  as many operations in one product
 *   limit:copy   memcpy of as many bytes
 *   limit:dgemv  a product of its rows and a vector */
#include <polder.h>
#include <polder/main.h>

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/bench.h"

enum kind { SYRK, TRANSPOSE, GEMV, GEMV_TURNED, LONG, LONE };

struct bench {
    pld_ctx *ctx;
    enum kind kind;
    int64_t m, n, k; /* of c = a b */
    pld_grid *grids[3];
    pld_matrix of[3]; /* a, b, c, or matrix and vectors */
    int64_t rows;     /* of the local work */
    double *local[3];
    pld_status status;
};

/* --- Ways ----------------------------------------------------------------- */

static void ours(void *data)
{
    struct bench *b = data;
    pld_matrix *of = b->of;
    switch (b->kind) {
    case SYRK:
        b->status |= pld_matrix_syrk(1, &of[0], 0, &of[2], PLD_BOTH);
        break;
    case TRANSPOSE:
        b->status |= pld_matrix_copy(&of[0], &of[2]);
        break;
    case GEMV:
    case GEMV_TURNED:
        b->status |= pld_matrix_gemv(1, &of[0], &of[1], 0, &of[2]);
        break;
    case LONG:
    case LONE:
        b->status |= pld_matrix_multiply(1, &of[0], &of[1], 0, &of[2]);
    }
}

static void limit_dgemm(void *data)
{
    struct bench *b = data;
    int m = (int)b->m;
    int n = (int)b->n;
    int k = (int)b->k;
    if (b->kind == LONG)
        cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, (int)b->rows,
                    1, b->local[0], m, b->local[1], n, 0, b->local[2], n);
    else
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)b->rows, n,
                    k, 1, b->local[0], k, b->local[1], n, 0, b->local[2], n);
}

static void limit_copy(void *data)
{
    struct bench *b = data;
    memcpy(b->local[2], b->local[0],
           (size_t)(b->rows * b->n) * sizeof *b->local[0]);
}

static void limit_dgemv(void *data)
{
    struct bench *b = data;
    int n = (int)b->n;
    bool turned = b->kind == GEMV_TURNED;
    cblas_dgemv(CblasRowMajor, turned ? CblasTrans : CblasNoTrans, (int)b->rows,
                n, 1, b->local[0], n, b->local[1], 1, 0, b->local[2], 1);
}

static void touch(void *data)
{
    (void)data;
}

/* --- Cases ---------------------------------------------------------------- */

static const struct setting {
    const char *name;
    const char *group;
    enum kind kind;
    int64_t size[3]; /* m, n, k */
    struct bench_way limit;
} settings[] = {
    {"syrk n=2048", "syrk", SYRK, {2048, 2048, 2048}, {"limit:dgemm", NULL}},
    {"syrk n=4096", "syrk", SYRK, {4096, 4096, 4096}, {"limit:dgemm", NULL}},
    {"transpose n=4096",
     "transpose",
     TRANSPOSE,
     {4096, 4096, 4096},
     {"limit:copy", limit_copy}},
    {"gemv plain n=4096",
     "gemv",
     GEMV,
     {4096, 4096, 4096},
     {"limit:dgemv", limit_dgemv}},
    {"gemv turned n=4096",
     "gemv",
     GEMV_TURNED,
     {4096, 4096, 4096},
     {"limit:dgemv", limit_dgemv}},
    {"a'b 10^6 x 64", "long", LONG, {64, 64, 1000000}, {"limit:dgemm", NULL}},
    {"c of one rank n=1024",
     "lone",
     LONE,
     {1024, 1024, 1024},
     {"limit:dgemm", NULL}}};

static double start(int which, int64_t i, int64_t j)
{
    return (double)((i * 7919 + j * 104729 + which * 31) % 1009) / 1009 - 0.5;
}

static void fill_point(const int64_t at[PLD_MAXDIM], void *out, void *data)
{
    *(double *)out = start(*(const int *)data, at[0], at[1]);
}

static pld_status make_field(struct bench *b, int which, int64_t rows,
                             int64_t columns)
{
    int nranks = pld_ctx_nranks(b->ctx);
    double *weights = calloc((size_t)nranks, sizeof *weights);
    PLD_CHECK(weights, PLD_ERR_MEMORY, "no memory");
    weights[nranks - 1] = 1;
    pld_grid_spec cells = {
        .ndims = 2, .size = {rows, columns}, .nprocs = {nranks}};
    if (b->kind == LONE && which == 2)
        cells.rank_weights = weights;
    pld_status status = pld_grid_create(b->ctx, &cells, &b->grids[which]);
    free(weights);
    PLD_TRY(status);
    PLD_TRY(pld_field_create(b->grids[which], &(pld_field_spec){0},
                             &b->of[which].field));
    return pld_field_fill(b->of[which].field, fill_point, &which);
}

static pld_status make_fields(struct bench *b)
{
    bool vectors = b->kind == GEMV || b->kind == GEMV_TURNED;
    bool turned = b->kind == GEMV_TURNED || b->kind == LONG;
    int64_t of[3][2] = {{b->m, b->k}, {b->k, b->n}, {b->m, b->n}};
    if (b->kind == LONG) {
        of[0][0] = b->k;
        of[0][1] = b->m;
    }
    if (vectors)
        of[1][1] = of[2][1] = 1;
    for (int i = 0; i < 3; i++)
        PLD_TRY(make_field(b, i, of[i][0], of[i][1]));
    if (turned || b->kind == TRANSPOSE)
        b->of[0].form = PLD_TRANSPOSED;
    return PLD_OK;
}

/* Rows of the local work with as many operations as a rank's share. */
static int64_t local_rows(const struct bench *b)
{
    int nranks = pld_ctx_nranks(b->ctx);
    int64_t all = b->kind == LONG ? b->k : b->m;
    if (b->kind == SYRK)
        all /= 2;
    return (all + nranks - 1) / nranks;
}

static pld_status make_local(struct bench *b)
{
    bool is_long = b->kind == LONG;
    b->rows = local_rows(b);
    const int64_t count[] = {b->rows * (is_long ? b->m : b->k),
                             (is_long ? b->rows : b->k) * b->n,
                             (is_long ? b->m : b->rows) * b->n};
    for (int i = 0; i < 3; i++) {
        b->local[i] = malloc((size_t)count[i] * sizeof(double));
        PLD_CHECK(b->local[i], PLD_ERR_MEMORY, "no memory");
        for (int64_t k = 0; k < count[i]; k++)
            b->local[i][k] = (double)(k % 1009) / 1009 - 0.5;
    }
    return PLD_OK;
}

static pld_status destroy(struct bench *b)
{
    for (int i = 0; i < 3; i++) {
        free(b->local[i]);
        PLD_TRY(pld_field_destroy(&b->of[i].field));
        PLD_TRY(pld_grid_destroy(&b->grids[i]));
    }
    return PLD_OK;
}

static double right_value(const struct bench *b, int64_t i, int64_t j)
{
    double sum = 0;
    bool turned = b->of[0].form != PLD_PLAIN;
    if (b->kind == TRANSPOSE)
        return start(0, j, i);
    for (int64_t k = 0; k < b->k; k++) {
        double x = turned ? start(0, k, i) : start(0, i, k);
        double y = b->kind == SYRK ? start(0, j, k) : start(1, k, j);
        sum += x * y;
    }
    return sum;
}

static bool is_right(const struct bench *b)
{
    pld_field *c = b->of[2].field;
    pld_box own = pld_field_owned(c);
    pld_view view = pld_field_view(c);
    bool good = true;
    for (int s = 0; s < 20 && own.count[0] * own.count[1] > 0; s++) {
        int64_t i = own.first[0] + (s * 7919) % own.count[0];
        int64_t j = own.first[1] + (s * 104729) % own.count[1];
        double found = view.f64[i * view.stride[0] + j * view.stride[1]];
        good =
            good && fabs(found - right_value(b, i, j)) <= 1e-13 * (double)b->k;
    }
    return bench_all(pld_ctx_comm(b->ctx), good);
}

static pld_status measure(pld_ctx *ctx, const struct setting *setting)
{
    struct bench b = {.ctx = ctx,
                      .kind = setting->kind,
                      .m = setting->size[0],
                      .n = setting->size[1],
                      .k = setting->size[2]};
    struct bench_way ways[] = {{"ours", ours}, setting->limit};
    double seconds[BENCH_MAX_WAYS];
    if (!ways[1].run)
        ways[1].run = limit_dgemm;
    PLD_TRY(make_fields(&b));
    PLD_TRY(make_local(&b));
    ours(&b);
    PLD_TRY(b.status);
    bool good = is_right(&b);
    const struct bench_task task = {
        .touch = touch, .data = &b, .nways = 2, .ways = ways};
    bench_alternate(pld_ctx_comm(ctx), &task, 9, seconds);
    PLD_TRY(b.status);
    bench_row(pld_ctx_comm(ctx), "matrix", setting->name, seconds[0] * 1e3,
              "ms", ways[1].name, seconds[1] * 1e3, good);
    return destroy(&b);
}

static bool is_wanted(const struct setting *setting, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], setting->group) == 0)
            return true;
    return argc == 1;
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    bench_head(pld_ctx_comm(ctx));
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (is_wanted(&settings[i], argc, argv))
            PLD_TRY(measure(ctx, &settings[i]));
    return PLD_OK;
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
