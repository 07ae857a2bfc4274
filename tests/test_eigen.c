/* Eigenvalues: of operators and matrices whose spectra are known, and bit by
 * bit as on one rank.
 * TEST: ranks=2,3 */

#include "support/harness.h"

#include "polder/eigen.h"
#include "polder/halo.h"
#include "polder/random.h"

#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

/* --- Dense ---------------------------------------------------------------- */

struct dense {
    pld_grid *grid;
    pld_field *a;
    pld_field *vectors;
};

/* Second differences; of c128 with a phase that does not change the spectrum:
 * element (i, i + 1) is -i. The upper triangle must not be read. */
static void second_difference(const int64_t at[PLD_MAXDIM], void *value,
                              void *data)
{
    pld_type type = *(const pld_type *)data;
    double complex x = at[0] == at[1] ? 2 : at[0] == at[1] + 1 ? -1 : 0;
    if (type == PLD_C128 && at[0] == at[1] + 1)
        x = I;
    if (at[0] < at[1])
        x = NAN;
    if (type == PLD_C128)
        *(double complex *)value = x;
    else if (type == PLD_F64)
        *(double *)value = creal(x);
    else
        *(float *)value = (float)creal(x);
}

static void dense_create(pld_ctx *team, pld_type type, int64_t n,
                         struct dense *out)
{
    const pld_grid_spec cells = {.ndims = 2, .size = {n, n}};
    const pld_field_spec spec = {.type = type, .halo = {.all = 1}};
    assert_ok_here(pld_grid_create(team, &cells, &out->grid));
    assert_ok_here(pld_field_create(out->grid, &spec, &out->a));
    assert_ok_here(pld_field_create(out->grid, &spec, &out->vectors));
    assert_ok_here(pld_field_fill(out->a, second_difference, &type));
}

static void dense_destroy(struct dense *dense)
{
    assert_ok_here(pld_field_destroy(&dense->a));
    assert_ok_here(pld_field_destroy(&dense->vectors));
    assert_ok_here(pld_grid_destroy(&dense->grid));
}

TEST(matrix_eigen_finds_a_known_spectrum)
{
    enum { N = 61 };
    const pld_type types[] = {PLD_F64, PLD_F32, PLD_C128};
    for (int t = 0; t < 3; t++) {
        struct dense dense, same;
        pld_ctx *alone;
        double values[N], other[N];
        uint64_t digest[2];
        double eps = types[t] == PLD_F32 ? 0x1p-23 : 0x1p-52;
        assert_ok_here(pld_ctx_create(MPI_COMM_SELF, NULL, &alone));
        dense_create(ctx, types[t], N, &dense);
        dense_create(alone, types[t], N, &same);
        assert_ok(pld_matrix_eigen(dense.a, values, dense.vectors));
        assert_ok(pld_matrix_eigen(same.a, other, same.vectors));
        for (int i = 0; i < N; i++)
            assert_all(fabs(values[i] - 2 + 2 * cos(pi * (i + 1) / (N + 1))) <
                       30 * 4 * eps);
        assert_all(memcmp(values, other, sizeof values) == 0);
        assert_ok(pld_field_digest(dense.vectors, &digest[0]));
        assert_ok(pld_field_digest(same.vectors, &digest[1]));
        assert_all(digest[0] == digest[1]);
        /* (A v)(i) = lambda v(i), in the middle rows. */
        pld_box all = pld_field_domain(same.vectors);
        pld_view v = pld_field_view(same.vectors);
        double worst = 0;
        for (int64_t j = 0; j < all.count[1]; j++)
            for (int64_t i = 1; i + 1 < N; i++) {
                double complex x[3];
                for (int s = 0; s < 3; s++) {
                    int64_t at = (i + s - 1) * v.stride[0] + j * v.stride[1];
                    x[s] = types[t] == PLD_F64 ? v.f64[at]
                           : types[t] == PLD_F32
                               ? (double)v.f32[at]
                               : v.c128[at][0] + I * v.c128[at][1];
                }
                double complex below = types[t] == PLD_C128 ? I : -1;
                worst =
                    fmax(worst, cabs(below * x[0] + 2 * x[1] +
                                     conj(below) * x[2] - values[j] * x[1]));
            }
        assert_all(worst < 30 * 4 * eps);
        assert_ok(pld_matrix_eigen(dense.a, other, NULL));
        for (int i = 0; i < N; i++)
            assert_all(fabs(values[i] - other[i]) < 30 * 4 * eps);
        dense_destroy(&dense);
        dense_destroy(&same);
        assert_ok_here(pld_ctx_destroy(&alone));
    }
}

static void all_nan(const int64_t at[PLD_MAXDIM], void *value, void *data)
{
    (void)at;
    (void)data;
    *(double *)value = NAN;
}

TEST(matrix_eigen_says_what_is_wrong)
{
    struct dense dense;
    pld_grid *grid;
    pld_field *large;
    double values[8];
    const pld_grid_spec cells = {.ndims = 2, .size = {5000, 5000}};
    const pld_grid_spec oblong = {.ndims = 2, .size = {5, 6}};
    dense_create(ctx, PLD_F64, 8, &dense);
    assert_fails(PLD_ERR_ARG, pld_matrix_eigen(dense.a, NULL, NULL),
                 "values is NULL");
    assert_ok(pld_field_fill(dense.a, all_nan, NULL));
    assert_fails(PLD_ERR_ARG, pld_matrix_eigen(dense.a, values, NULL),
                 "is not finite");
    assert_ok(pld_grid_create(ctx, &cells, &grid));
    assert_ok(
        pld_field_create(grid, &(pld_field_spec){.type = PLD_F32}, &large));
    assert_fails(PLD_ERR_OVERFLOW, pld_matrix_eigen(large, values, NULL),
                 "at most 4096");
    assert_ok(pld_field_destroy(&large));
    assert_ok(pld_grid_destroy(&grid));
    assert_ok(pld_grid_create(ctx, &oblong, &grid));
    assert_ok(pld_field_create(grid, &(pld_field_spec){0}, &large));
    assert_fails(PLD_ERR_SHAPE, pld_matrix_eigen(large, values, NULL),
                 "a is 5 x 6");
    assert_fails(PLD_ERR_SHAPE, pld_matrix_eigen(dense.a, values, large),
                 "vectors is 5 x 6");
    assert_ok(pld_field_destroy(&large));
    assert_ok(pld_grid_destroy(&grid));
    dense_destroy(&dense);
}

/* --- A few pairs ---------------------------------------------------------- */

/* Minus the Laplacian on a box, 0 beyond it: eigenvalues are sums of 2 - 2 cos
 * (pi i / (n + 1)). On a ring of c128 with a twist: 2 - 2 cos((2 pi i + 1) /
 * n).
 */
struct problem {
    pld_type type;
    int ndims;
    int64_t size[PLD_MAXDIM];
    bool ring;
    pld_grid *grid;
    pld_field *x, *y, *vectors;
    pld_halo *halo;
    int fail_at;
    int ncalls;
};

static double complex number(const struct problem *p, pld_view v, int64_t at)
{
    return p->type == PLD_F64   ? v.f64[at]
           : p->type == PLD_F32 ? (double)v.f32[at]
                                : v.c128[at][0] + I * v.c128[at][1];
}

static double complex at_point(const struct problem *p, pld_view v,
                               const int64_t at[PLD_MAXDIM], int dim, int by)
{
    int64_t i = 0;
    if (!p->ring && (at[dim] + by < 0 || at[dim] + by >= p->size[dim]))
        return 0;
    for (int d = 0; d < PLD_MAXDIM; d++)
        i += (at[d] + (d == dim ? by : 0)) * v.stride[d];
    return number(p, v, i) *
           (p->ring ? cexp(I * (double)by / (double)p->size[0]) : 1);
}

static void apply_at(const struct problem *p, pld_view x, pld_view y,
                     const int64_t at[PLD_MAXDIM])
{
    double complex sum = 0;
    int64_t to = 0;
    for (int d = 0; d < p->ndims; d++)
        sum += 2 * at_point(p, x, at, d, 0) - at_point(p, x, at, d, -1) -
               at_point(p, x, at, d, 1);
    for (int d = 0; d < PLD_MAXDIM; d++)
        to += at[d] * y.stride[d];
    if (p->type == PLD_F64)
        y.f64[to] = creal(sum);
    else if (p->type == PLD_F32)
        y.f32[to] = (float)creal(sum);
    else {
        y.c128[to][0] = creal(sum);
        y.c128[to][1] = cimag(sum);
    }
}

static pld_status apply(void *data)
{
    struct problem *p = data;
    PLD_TRY(pld_halo_begin(p->halo));
    PLD_TRY(pld_halo_end(p->halo));
    PLD_CHECK(++p->ncalls != p->fail_at, PLD_ERR_ARG, "call %d fails",
              p->ncalls);
    pld_view x = pld_field_view(p->x);
    pld_view y = pld_field_view(p->y);
    pld_box own = pld_field_owned(p->x);
    int64_t at[PLD_MAXDIM];
    for (at[0] = own.first[0]; at[0] < own.first[0] + own.count[0]; at[0]++)
        for (at[1] = own.first[1]; at[1] < own.first[1] + own.count[1]; at[1]++)
            for (at[2] = own.first[2]; at[2] < own.first[2] + own.count[2];
                 at[2]++)
                apply_at(p, x, y, at);
    return pld_field_touch(p->y);
}

static void problem_create(pld_ctx *team, struct problem *p, int npairs)
{
    pld_grid_spec cells = {.ndims = p->ndims, .periodic = {p->ring}};
    memcpy(cells.size, p->size, sizeof cells.size);
    assert_ok_here(pld_grid_create(team, &cells, &p->grid));
    const pld_field_spec spec = {.type = p->type, .halo = {.all = 1}};
    const pld_field_spec many = {.type = p->type, .ncomps = npairs};
    assert_ok_here(pld_field_create(p->grid, &spec, &p->x));
    assert_ok_here(pld_field_create(p->grid, &spec, &p->y));
    assert_ok_here(pld_field_create(p->grid, &many, &p->vectors));
    const pld_halo_spec halo = {.nfields = 1, .fields = &p->x};
    assert_ok_here(pld_halo_create(&halo, &p->halo));
}

static void problem_destroy(struct problem *p)
{
    assert_ok_here(pld_halo_destroy(&p->halo));
    assert_ok_here(pld_field_destroy(&p->vectors));
    assert_ok_here(pld_field_destroy(&p->y));
    assert_ok_here(pld_field_destroy(&p->x));
    assert_ok_here(pld_grid_destroy(&p->grid));
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* All eigenvalues, ascending; to be freed. */
static double *spectrum_of(const struct problem *p, int64_t *n)
{
    int64_t count[PLD_MAXDIM] = {1, 1, 1};
    for (int d = 0; d < p->ndims; d++)
        count[d] = p->size[d];
    *n = count[0] * count[1] * count[2];
    double *out = calloc((size_t)*n, sizeof *out);
    for (int64_t i = 0; i < *n; i++) {
        const int64_t at[] = {i / (count[1] * count[2]),
                              i / count[2] % count[1], i % count[2]};
        for (int d = 0; d < p->ndims; d++)
            out[i] += 2 - 2 * cos(p->ring ? (2 * pi * (double)at[d] + 1) /
                                                (double)count[d]
                                          : pi * (double)(at[d] + 1) /
                                                (double)(count[d] + 1));
    }
    qsort(out, (size_t)*n, sizeof *out, ascending);
    return out;
}

static void check_few(struct problem shape, int npairs, bool largest)
{
    struct problem problem = shape;
    struct problem same = shape;
    pld_ctx *alone;
    double values[16], other[16];
    pld_eigen_info info;
    uint64_t digests[2];
    int64_t n = 0;
    assert_ok_here(pld_ctx_create(MPI_COMM_SELF, NULL, &alone));
    problem_create(ctx, &problem, npairs);
    problem_create(alone, &same, npairs);
    pld_eigen_spec spec = {.npairs = npairs,
                           .largest = largest,
                           .x = problem.x,
                           .y = problem.y,
                           .apply = apply,
                           .data = &problem};
    assert_ok(pld_eigen_few(&spec, values, problem.vectors, &info));
    spec.x = same.x;
    spec.y = same.y;
    spec.data = &same;
    assert_ok(pld_eigen_few(&spec, other, same.vectors, NULL));
    assert_all(memcmp(values, other, (size_t)npairs * sizeof *values) == 0);
    assert_ok(pld_field_digest(problem.vectors, &digests[0]));
    assert_ok(pld_field_digest(same.vectors, &digests[1]));
    assert_all(digests[0] == digests[1]);
    double *all = spectrum_of(&problem, &n);
    double close = shape.type == PLD_F32 ? 1e-4 : 1e-12;
    for (int i = 0; i < npairs; i++)
        assert_all(fabs(values[i] - all[largest ? n - 1 - i : i]) < close);
    assert_all(info.nsteps > 0 && info.napplied == problem.ncalls);
    /* Orthonormal. */
    double complex gram[256];
    const pld_tall tall = {.nfields = 1, .fields = &problem.vectors};
    assert_ok(pld_tall_gram(&tall, NULL, gram));
    double eps = shape.type == PLD_F32 ? 0x1p-23 : 0x1p-52;
    for (int i = 0; i < npairs * npairs; i++) {
        double complex g = shape.type == PLD_C128  ? gram[i]
                           : shape.type == PLD_F64 ? ((double *)gram)[i]
                                                   : ((float *)gram)[i];
        assert_all(cabs(g - (i % (npairs + 1) == 0)) < 100 * eps);
    }
    free(all);
    problem_destroy(&problem);
    problem_destroy(&same);
    assert_ok_here(pld_ctx_destroy(&alone));
}

TEST(eigen_few_finds_both_ends)
{
    const struct problem box = {.type = PLD_F64, .ndims = 3, .size = {6, 6, 7}};
    check_few(box, 5, false); /* 3 coincide */
    check_few(box, 4, true);
}

TEST(eigen_few_takes_all_types)
{
    const struct problem plate = {.type = PLD_F32, .ndims = 2, .size = {10, 9}};
    const struct problem ring = {
        .type = PLD_C128, .ndims = 1, .size = {36}, .ring = true};
    check_few(plate, 2, false);
    check_few(ring, 3, false);
}

TEST(eigen_few_says_what_is_wrong)
{
    struct problem p = {.type = PLD_F64, .ndims = 1, .size = {40}};
    double values[4];
    problem_create(ctx, &p, 2);
    pld_eigen_spec spec = {
        .npairs = 2, .x = p.x, .y = p.y, .apply = apply, .data = &p};
    assert_fails(PLD_ERR_ARG, pld_eigen_few(NULL, values, p.vectors, NULL),
                 "spec is NULL");
    assert_fails(PLD_ERR_ARG, pld_eigen_few(&spec, NULL, p.vectors, NULL),
                 "values is NULL");
    spec.npairs = 3;
    assert_fails(PLD_ERR_SHAPE, pld_eigen_few(&spec, values, p.vectors, NULL),
                 "vectors has 2 components, but spec->npairs is 3");
    spec.npairs = 2;
    spec.nguards = 20;
    assert_fails(PLD_ERR_SHAPE, pld_eigen_few(&spec, values, p.vectors, NULL),
                 "take pld_matrix_eigen()");
    spec.nguards = 0;
    spec.most_steps = 2;
    assert_fails(PLD_ERR_CONVERGENCE,
                 pld_eigen_few(&spec, values, p.vectors, NULL),
                 "after 2 steps");
    spec.most_steps = 0;
    p.ncalls = 0;
    p.fail_at = rank == nranks - 1 ? 7 : 0;
    assert_fails(PLD_ERR_ARG, pld_eigen_few(&spec, values, p.vectors, NULL),
                 "call 7 fails");
    spec.y = p.x;
    assert_fails(PLD_ERR_ARG, pld_eigen_few(&spec, values, p.vectors, NULL),
                 "are the same field");
    spec.y = p.y;
    spec.apply = NULL;
    assert_fails(PLD_ERR_ARG, pld_eigen_few(&spec, values, p.vectors, NULL),
                 "spec->apply is NULL");
    problem_destroy(&p);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(matrix_eigen_finds_a_known_spectrum),
    cmocka_unit_test(matrix_eigen_says_what_is_wrong),
    cmocka_unit_test(eigen_few_finds_both_ends),
    cmocka_unit_test(eigen_few_takes_all_types),
    cmocka_unit_test(eigen_few_says_what_is_wrong),
};

PLD_TEST_MAIN(tests)
