#include "support/equations.h"

#include <math.h>
#include <stdlib.h>

#include "support/bench.h"

/* Some bits of a number that depend on all of those of another one. */
static double scramble(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return (double)(x >> 40) * 0x1p-24 - 0.5;
}

double equations_a(enum equations_kind kind, int64_t n, int64_t i, int64_t j)
{
    if (kind == EQUATIONS_GENERAL)
        return scramble((uint64_t)(i * n + j + 1));
    if (i == j)
        return (double)n;
    return scramble((uint64_t)((i < j ? i : j) * n + (i < j ? j : i) + 1));
}

double equations_b(int64_t i)
{
    return (double)(i * 31 % 17) - 8;
}

static void fill_a(const int64_t at[PLD_MAXDIM], void *value, void *data)
{
    const struct equations *equations = data;
    *(double *)value = equations_a(equations->kind, equations->n, at[0], at[1]);
}

static void fill_b(const int64_t at[PLD_MAXDIM], void *value, void *data)
{
    (void)data;
    *(double *)value = equations_b(at[0]);
}

pld_status equations_renew(struct equations *equations)
{
    return pld_field_fill(equations->b, fill_b, NULL);
}

pld_status equations_create(pld_ctx *ctx, enum equations_kind kind, int64_t n,
                            struct equations *out)
{
    *out = (struct equations){.kind = kind, .n = n, .ctx = ctx};
    const pld_grid_spec square = {.ndims = 2, .size = {n, n}};
    const pld_grid_spec column = {.ndims = 2, .size = {n, 1}};
    PLD_TRY(pld_grid_create(ctx, &square, &out->grids[0]));
    PLD_TRY(pld_grid_create(ctx, &column, &out->grids[1]));
    PLD_TRY(pld_field_create(out->grids[0], &(pld_field_spec){0}, &out->a));
    PLD_TRY(pld_field_create(out->grids[1], &(pld_field_spec){0}, &out->b));
    PLD_TRY(pld_field_fill(out->a, fill_a, out));
    return equations_renew(out);
}

pld_status equations_destroy(struct equations *equations)
{
    PLD_TRY(pld_field_destroy(&equations->b));
    PLD_TRY(pld_field_destroy(&equations->a));
    PLD_TRY(pld_grid_destroy(&equations->grids[1]));
    return pld_grid_destroy(&equations->grids[0]);
}

/* Every 97th row. */
bool equations_hold(enum equations_kind kind, int64_t n, const double *x)
{
    double size = 0;
    bool good = true;
    for (int64_t j = 0; j < n; j++)
        size = fmax(size, fabs(x[j]));
    for (int64_t i = 0; i < n; i += 97) {
        double sum = -equations_b(i);
        double row = 0;
        for (int64_t j = 0; j < n; j++) {
            sum += equations_a(kind, n, i, j) * x[j];
            row += fabs(equations_a(kind, n, i, j));
        }
        good = good && fabs(sum) <= 30 * 0x1p-52 * (double)n * row * size;
    }
    return good;
}

bool equations_solved(const struct equations *equations)
{
    int64_t n = equations->n;
    MPI_Comm comm = pld_ctx_comm(equations->ctx);
    pld_box own = pld_field_owned(equations->b);
    pld_view view = pld_field_view(equations->b);
    double *x = calloc((size_t)n, sizeof *x);
    if (!bench_all(comm, x != NULL))
        return false;
    for (int64_t i = 0; own.count[1] > 0 && i < own.count[0]; i++)
        x[own.first[0] + i] = view.f64[(own.first[0] + i) * view.stride[0]];
    MPI_Allreduce(MPI_IN_PLACE, x, (int)n, MPI_DOUBLE, MPI_SUM, comm);
    bool good = equations_hold(equations->kind, n, x);
    free(x);
    return bench_all(comm, good);
}
