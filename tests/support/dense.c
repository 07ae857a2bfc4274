#include "support/dense.h"

#include "polder/random.h"

#include <math.h>

/* Nothing here needs a BLAS. */

pld_matrix dense_create(pld_ctx *team, pld_type type, int64_t rows,
                        int64_t columns, int nprocs)
{
    pld_grid *grid = NULL;
    pld_matrix matrix = {.field = NULL};
    pld_grid_spec cells = {.ndims = 2, .size = {rows, columns}};
    if (nprocs > 0 && pld_ctx_nranks(team) % nprocs == 0)
        cells.nprocs[0] = nprocs;
    assert_ok_here(pld_grid_create(team, &cells, &grid));
    assert_ok_here(
        pld_field_create(grid, &(pld_field_spec){.type = type}, &matrix.field));
    return matrix;
}

void dense_destroy(pld_matrix *matrix)
{
    pld_grid *grid = pld_field_grid(matrix->field);
    assert_ok_here(pld_field_destroy(&matrix->field));
    assert_ok_here(pld_grid_destroy(&grid));
}

struct filling {
    pld_type type;
    dense_value *value;
    const void *data;
};

static void put(pld_type type, dense_number x, void *out)
{
    if (type == PLD_F32)
        *(float *)out = (float)creall(x);
    else
        *(double *)out = (double)creall(x);
    if (type == PLD_C128)
        ((double *)out)[1] = (double)cimagl(x);
}

static dense_number take(pld_type type, const void *at)
{
    if (type == PLD_F32)
        return (long double)*(const float *)at;
    const double *parts = at;
    return type == PLD_F64 ? parts[0] : parts[0] + (dense_number)I * parts[1];
}

dense_number dense_rounded(pld_type type, dense_number x)
{
    double room[2] = {0, 0};
    put(type, x, room);
    return take(type, room);
}

static void fill_point(const int64_t at[PLD_MAXDIM], void *out, void *data)
{
    const struct filling *filling = data;
    put(filling->type, filling->value(filling->data, at[0], at[1]), out);
}

void dense_fill(pld_matrix matrix, dense_value *value, const void *data)
{
    struct filling filling = {pld_field_type(matrix.field), value, data};
    assert_ok_here(pld_field_fill(matrix.field, fill_point, &filling));
}

dense_number *dense_gather(pld_matrix matrix)
{
    const pld_field *field = matrix.field;
    pld_box domain = pld_field_domain(field);
    pld_box own = pld_field_owned(field);
    pld_view view = pld_field_view(field);
    pld_type type = pld_field_type(field);
    int64_t count = domain.count[0] * domain.count[1];
    double *parts = calloc((size_t)count * 2, sizeof *parts);
    dense_number *all = malloc((size_t)count * sizeof *all);
    assert_true(parts && all);
    for (int64_t i = own.first[0]; i < own.first[0] + own.count[0]; i++)
        for (int64_t j = own.first[1]; j < own.first[1] + own.count[1]; j++) {
            int64_t at = i * view.stride[0] + j * view.stride[1];
            dense_number x = type == PLD_F32   ? take(type, &view.f32[at])
                             : type == PLD_F64 ? take(type, &view.f64[at])
                                               : take(type, view.c128[at]);
            parts[2 * (i * domain.count[1] + j)] = (double)creall(x);
            parts[2 * (i * domain.count[1] + j) + 1] = (double)cimagl(x);
        }
    MPI_Allreduce(MPI_IN_PLACE, parts, (int)(2 * count), MPI_DOUBLE, MPI_SUM,
                  pld_ctx_comm(pld_grid_ctx(pld_field_grid(field))));
    for (int64_t i = 0; i < count; i++)
        all[i] = parts[2 * i] + (dense_number)I * parts[2 * i + 1];
    free(parts);
    return all;
}

dense_number dense_random(int which, int64_t i, int64_t j)
{
    const pld_random random = {.seed = (uint64_t)which};
    double parts[2];
    for (int part = 0; part < 2; part++)
        parts[part] =
            floor(pld_random_uniform(random,
                                     (uint64_t)((i * 100003 + j) * 2 + part)) *
                  0x1p20) *
                0x1p-20 -
            0.5;
    return parts[0] + (dense_number)I * parts[1];
}

long double dense_eps(pld_type type)
{
    return type == PLD_F32 ? 0x1p-23L : 0x1p-52L;
}

/* The matrix that was given is the rounded one. */
double dense_solve_ratio(const struct dense_system *system, pld_matrix x)
{
    int64_t n = system->n;
    int64_t nsides = system->nsides;
    dense_number *found = dense_gather(x);
    dense_number *rests = calloc((size_t)(n * nsides), sizeof *rests);
    long double norm = 0;
    assert_true(rests != NULL);
    for (int64_t i = 0; i < n; i++) {
        long double row = 0;
        for (int64_t s = 0; s < nsides; s++)
            rests[i * nsides + s] =
                dense_rounded(system->type, system->b(system->data, i, s));
        for (int64_t j = 0; j < n; j++) {
            dense_number a =
                dense_rounded(system->type, system->a(system->data, i, j));
            row += cabsl(a);
            for (int64_t s = 0; s < nsides; s++)
                rests[i * nsides + s] -= a * found[j * nsides + s];
        }
        norm = fmaxl(norm, row);
    }
    double worst = 0;
    for (int64_t s = 0; s < nsides; s++) {
        long double error = 0;
        long double size = 0;
        for (int64_t i = 0; i < n; i++) {
            error = fmaxl(error, cabsl(rests[i * nsides + s]));
            size = fmaxl(size, cabsl(found[i * nsides + s]));
        }
        long double scale =
            (long double)n * norm * size * dense_eps(system->type);
        worst = fmax(worst, (double)(error / scale));
    }
    free(rests);
    free(found);
    return isnan(worst) ? INFINITY : worst;
}
