/* QR, least squares and singular values of tall matrices: residuals and
 * orthogonality in long double, and the same bits as on one rank.
 * TEST: ranks=3,6 */

#include "support/harness.h"
#include "support/tall.h"

#include "polder/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- Matrices ------------------------------------------------------------- */

enum kind {
    RANDOM,
    GRADED,  /* columns of 1e-300 to 1e300; f32: 1e-30 to 1e30 */
    NEAR,    /* columns that differ by 1e-15 of their length; f32: 1e-6 */
    TWICE,   /* columns that are there twice */
    NOTHING, /* a column of zeros */
    NKINDS
};

struct what {
    enum kind kind;
    pld_type type;
    int k;
};

static double complex noise(int64_t row, int64_t column)
{
    const pld_random random = {.seed = 11};
    uint64_t at = (uint64_t)(row * 1009 + column) * 2;
    return pld_random_uniform(random, at) - 0.5 +
           I * (pld_random_uniform(random, at + 1) - 0.5);
}

static double complex element(int64_t row, int64_t column, void *data)
{
    const struct what *what = data;
    bool single = what->type == PLD_F32;
    double most = single ? 30 : 300;
    switch (what->kind) {
    case GRADED:
        return noise(row, column) *
               pow(10, -most + 2 * most * (double)column /
                                   (what->k > 1 ? what->k - 1 : 1));
    case NEAR:
        return noise(row, 0) +
               (column > 0) * (single ? 1e-6 : 1e-15) * noise(row, column);
    case TWICE:
        return noise(row, column / 2);
    case NOTHING:
        return column == what->k / 2 ? 0 : noise(row, column);
    default:
        return noise(row, column);
    }
}

static const struct tall_spec cases[] = {
    {.type = PLD_F64, .size = {2300}, .ncolumns = 17, .nprocs = {0, 1}},
    {.type = PLD_F64, .size = {61}, .ncolumns = 20},
    {.type = PLD_F64,
     .size = {1500},
     .ncolumns = 1,
     .nprocs = {0, 1},
     .uneven = true},
    {.type = PLD_C128, .size = {900}, .ncolumns = 5, .nprocs = {0, 1}},
    {.type = PLD_F32, .size = {1700}, .ncolumns = 6, .nprocs = {0, 1}},
    {.type = PLD_F64,
     .ndims = 3,
     .size = {9, 17, 19},
     .ncolumns = 4,
     .uneven = true},
    {.type = PLD_F64, .size = {1100}, .ncolumns = 8, .nprocs = {1}},
};
enum { NCASES = sizeof cases / sizeof *cases, MOST = 20 * 20 };

static void create_alone(const struct tall_spec *spec, pld_ctx **alone,
                         struct tall *out)
{
    struct tall_spec single = *spec;
    memset(single.nprocs, 0, sizeof single.nprocs);
    single.uneven = false;
    assert_ok_here(pld_ctx_create(MPI_COMM_SELF, NULL, alone));
    tall_create(*alone, &single, out);
}

/* --- Ratios --------------------------------------------------------------- */

/* Q^H Q - 1, in units of rounding and columns. */
static double defect(const struct tall_spec *spec, const double complex *q)
{
    int64_t n = tall_nrows(spec);
    int k = spec->ncolumns;
    double worst = 0;
    for (int i = 0; i < k; i++)
        for (int j = 0; j <= i; j++) {
            long double complex sum = i == j ? -1 : 0;
            for (int64_t r = 0; r < n; r++)
                sum += conjl((long double complex)q[r * k + i]) * q[r * k + j];
            double one = (double)(cabsl(sum) / (k * tall_epsilon(spec->type)));
            worst = one > worst ? one : worst;
        }
    return worst;
}

/* Columns of A - Q R beside those of A, likewise. */
static double residual(const struct tall_spec *spec, const double complex *a,
                       const double complex *q, const void *r)
{
    int64_t n = tall_nrows(spec);
    int k = spec->ncolumns;
    double worst = 0;
    for (int j = 0; j < k; j++) {
        long double size = 0;
        long double error = 0;
        for (int64_t i = 0; i < n; i++) {
            long double complex sum = a[i * k + j];
            size = hypotl(size, cabsl(sum));
            for (int l = 0; l < k; l++)
                sum -= (long double complex)q[i * k + l] *
                       tall_number(spec->type, r, l * k + j);
            error = hypotl(error, cabsl(sum));
        }
        double one =
            size > 0 ? (double)(error / (size * k * tall_epsilon(spec->type)))
                     : (double)error;
        worst = one > worst ? one : worst;
    }
    return worst;
}

static bool is_triangle(const struct tall_spec *spec, const void *r)
{
    int k = spec->ncolumns;
    bool good = true;
    for (int i = 0; i < k; i++) {
        double complex diagonal = tall_number(spec->type, r, i * k + i);
        good = good && creal(diagonal) >= 0 && cimag(diagonal) == 0;
        for (int j = 0; j < i; j++)
            good = good && tall_number(spec->type, r, i * k + j) == 0;
    }
    return good;
}

/* --- QR ------------------------------------------------------------------- */

static void check_qr(const struct tall_spec *spec, struct what *what,
                     pld_qr method)
{
    struct tall a;
    struct tall same;
    pld_ctx *alone;
    double complex r[MOST];
    double complex other[MOST];
    size_t bytes =
        (size_t)(spec->ncolumns * spec->ncolumns) * pld_type_size(spec->type);
    tall_create(ctx, spec, &a);
    tall_fill(&a, element, what);
    double complex *before = tall_all(&a);
    create_alone(spec, &alone, &same);
    tall_fill(&same, element, what);
    assert_ok(pld_tall_r(&same.tall, method, other));
    assert_ok(pld_tall_r(&a.tall, method, r));
    assert_all(memcmp(r, other, bytes) == 0);
    assert_ok(pld_tall_qr(&a.tall, method, r));
    assert_ok(pld_tall_qr(&same.tall, method, other));
    assert_all(memcmp(r, other, bytes) == 0);
    assert_all(tall_digest(&a) == tall_digest(&same));
    double complex *q = tall_all(&a);
    assert_all(is_triangle(spec, r));
    if (rank == 0) {
        assert_true(defect(spec, q) < 30);
        assert_true(residual(spec, before, q, r) < 30);
    }
    free(q);
    free(before);
    tall_destroy(&a);
    tall_destroy(&same);
    assert_ok_here(pld_ctx_destroy(&alone));
}

TEST(qr_of_random_matrices)
{
    for (int c = 0; c < NCASES; c++)
        for (int method = PLD_QR_AUTO; method <= PLD_QR_HOUSEHOLDER; method++) {
            struct what what = {RANDOM, cases[c].type, cases[c].ncolumns};
            check_qr(&cases[c], &what, (pld_qr)method);
        }
}

TEST(qr_of_difficult_matrices)
{
    for (int c = 0; c < NCASES; c += 3)
        for (int kind = GRADED; kind < NKINDS; kind++) {
            struct what what = {(enum kind)kind, cases[c].type,
                                cases[c].ncolumns};
            check_qr(&cases[c], &what, PLD_QR_AUTO);
            check_qr(&cases[c], &what, PLD_QR_HOUSEHOLDER);
        }
}

TEST(qr_by_cholesky_says_when_it_cannot)
{
    struct tall a;
    double r[MOST];
    struct what what = {NOTHING, PLD_F64, 17};
    tall_create(ctx, &cases[0], &a);
    tall_fill(&a, element, &what);
    assert_fails(PLD_ERR_ARG, pld_tall_r(&a.tall, PLD_QR_CHOLESKY, r),
                 "PLD_QR_HOUSEHOLDER");
    tall_destroy(&a);
}

static double complex spoil(int64_t row, int64_t column, void *data)
{
    const double *value = data;
    return row == 700 && column == 3 ? *value : noise(row, column);
}

TEST(qr_names_values_that_are_not_finite)
{
    double values[] = {NAN, INFINITY};
    for (int v = 0; v < 2; v++)
        for (int method = PLD_QR_AUTO; method <= PLD_QR_HOUSEHOLDER;
             method += 2) {
            struct tall a;
            double r[MOST];
            tall_create(ctx, &cases[0], &a);
            tall_fill(&a, spoil, &values[v]);
            assert_fails(PLD_ERR_ARG, pld_tall_r(&a.tall, (pld_qr)method, r),
                         "not finite");
            assert_fails(PLD_ERR_ARG, pld_tall_qr(&a.tall, (pld_qr)method, r),
                         "not finite");
            tall_destroy(&a);
        }
}

TEST(qr_says_what_is_wrong)
{
    struct tall a;
    const struct tall_spec wide = {.type = PLD_F64, .size = {5}, .ncolumns = 9};
    double r[81];
    tall_create(ctx, &wide, &a);
    assert_fails(PLD_ERR_SHAPE, pld_tall_qr(&a.tall, PLD_QR_AUTO, r),
                 "a has 5 rows and 9 columns");
    assert_fails(PLD_ERR_SHAPE, pld_tall_r(&a.tall, PLD_QR_AUTO, r),
                 "a has 5 rows and 9 columns");
    assert_fails(PLD_ERR_SHAPE, pld_tall_svd(&a.tall, r, NULL),
                 "a has 5 rows and 9 columns");
    tall_destroy(&a);
    tall_create(ctx, &cases[6], &a);
    assert_fails(PLD_ERR_ARG, pld_tall_qr(&a.tall, (pld_qr)7, r),
                 "method is 7");
    assert_fails(PLD_ERR_ARG, pld_tall_r(&a.tall, PLD_QR_AUTO, NULL),
                 "r is NULL");
    tall_destroy(&a);
}

/* --- Reflectors ----------------------------------------------------------- */

TEST(factors_apply_q_both_ways)
{
    for (int c = 0; c < NCASES; c++) {
        struct tall a, b;
        pld_tall_factors *factors = NULL;
        double complex r[MOST], product[MOST];
        struct what what = {RANDOM, cases[c].type, cases[c].ncolumns};
        int k = cases[c].ncolumns;
        tall_create(ctx, &cases[c], &a);
        tall_fill(&a, element, &what);
        struct tall_spec other = cases[c];
        other.uneven = !other.uneven;
        tall_create(ctx, &other, &b);
        double complex *before = tall_all(&a);
        assert_ok(pld_tall_factor(&a.tall, r, &factors));
        /* Q^H A = R, and Q R = A. */
        assert_ok(pld_tall_factors_reduce(factors, &a.tall, product));
        double size = 0;
        double error = 0;
        for (int i = 0; i < k * k; i++) {
            size = hypot(size, cabs(tall_number(cases[c].type, r, i)));
            error = hypot(error, cabs(tall_number(cases[c].type, r, i) -
                                      tall_number(cases[c].type, product, i)));
        }
        assert_all(error < 30 * size * tall_epsilon(cases[c].type));
        assert_ok(pld_tall_factors_expand(factors, r, &b.tall));
        double complex *after = tall_all(&b);
        double worst = 0;
        for (int64_t i = 0; i < tall_nrows(&cases[c]) * k; i++)
            worst = fmax(worst, cabs(after[i] - before[i]));
        assert_all(worst < 30 * k * tall_epsilon(cases[c].type));
        assert_ok(pld_tall_factors_destroy(&factors));
        assert_all(factors == NULL);
        free(before);
        free(after);
        tall_destroy(&a);
        tall_destroy(&b);
    }
    assert_fails(PLD_ERR_ARG, pld_tall_factors_reduce(NULL, NULL, NULL),
                 "factors is NULL");
}

/* --- Least squares -------------------------------------------------------- */

static double complex target(int64_t row, int64_t column, void *data)
{
    (void)data;
    return noise(row, 500 + column) + noise(row, 1);
}

/* A^H (B - A X) beside |A| |B|, in units of rounding. */
static double gradient(const struct tall_spec *spec, int m,
                       const double complex *a, const double complex *b,
                       const void *x, double *lengths)
{
    int64_t n = tall_nrows(spec);
    int k = spec->ncolumns;
    double worst = 0;
    for (int j = 0; j < m; j++) {
        long double complex dots[64] = {0};
        long double sizes[64] = {0};
        long double length = 0;
        for (int64_t i = 0; i < n; i++) {
            long double complex rest = b[i * m + j];
            long double size = cabsl(rest);
            for (int l = 0; l < k; l++)
                rest -= (long double complex)a[i * k + l] *
                        tall_number(spec->type, x, l * m + j);
            length = hypotl(length, cabsl(rest));
            for (int l = 0; l < k; l++) {
                dots[l] += conjl((long double complex)a[i * k + l]) * rest;
                sizes[l] += cabsl(a[i * k + l]) * size;
            }
        }
        for (int l = 0; l < k; l++)
            worst = fmax(worst,
                         (double)(cabsl(dots[l]) /
                                  (sizes[l] * k * tall_epsilon(spec->type))));
        lengths[j] = (double)length;
    }
    return worst;
}

TEST(solve_finds_least_squares)
{
    for (int c = 0; c < NCASES; c++) {
        enum { M = 2 };
        struct tall a, b;
        double complex x[MOST];
        double lengths[M], residuals[M];
        struct what what = {RANDOM, cases[c].type, cases[c].ncolumns};
        struct tall_spec other = cases[c];
        other.ncolumns = M;
        tall_create(ctx, &cases[c], &a);
        tall_fill(&a, element, &what);
        tall_create(ctx, &other, &b);
        tall_fill(&b, target, NULL);
        double complex *all_a = tall_all(&a);
        double complex *all_b = tall_all(&b);
        assert_ok(pld_tall_solve(&a.tall, &b.tall, 0, x, residuals));
        double ratio = gradient(&cases[c], M, all_a, all_b, x, lengths);
        assert_all(ratio < 30);
        for (int j = 0; j < M; j++)
            assert_all(fabs(residuals[j] - lengths[j]) <=
                       100 * tall_epsilon(cases[c].type) * lengths[j]);
        free(all_a);
        free(all_b);
        tall_destroy(&a);
        tall_destroy(&b);
    }
}

TEST(solve_names_the_rank)
{
    struct tall a, b;
    double x[MOST];
    struct what what = {TWICE, PLD_F64, 17};
    struct tall_spec other = cases[0];
    other.ncolumns = 1;
    tall_create(ctx, &cases[0], &a);
    tall_fill(&a, element, &what);
    tall_create(ctx, &other, &b);
    tall_fill(&b, target, NULL);
    assert_fails(PLD_ERR_ARG, pld_tall_solve(&a.tall, &b.tall, 0, x, NULL),
                 "a has 17 columns, but only rank 9");
    what.kind = GRADED; /* is of full rank */
    tall_fill(&a, element, &what);
    assert_ok(pld_tall_solve(&a.tall, &b.tall, 0, x, NULL));
    assert_fails(PLD_ERR_ARG, pld_tall_solve(&a.tall, &b.tall, -1, x, NULL),
                 "rcond is -1");
    assert_fails(PLD_ERR_ARG, pld_tall_solve(&a.tall, &b.tall, 0, NULL, NULL),
                 "x is NULL");
    assert_fails(PLD_ERR_ARG, pld_tall_solve(&a.tall, NULL, 0, x, NULL),
                 "b is NULL");
    tall_destroy(&a);
    tall_destroy(&b);
}

/* --- Singular values ------------------------------------------------------ */

/* A = U diag(s) V^H for known ones: columns of the discrete cosine transform,
 * V a reflection. */
struct known {
    int64_t n;
    int k;
};

static double known_value(int i)
{
    return pow(0.25, i);
}

static double known_v(int k, int i, int j)
{
    double length = 0;
    for (int l = 0; l < k; l++)
        length += (l + 1) * (l + 1);
    return (i == j) - 2.0 * (i + 1) * (j + 1) / length;
}

static double known_u(int64_t n, int64_t row, int column)
{
    double scale = sqrt((column == 0 ? 1.0 : 2.0) / (double)n);
    return scale * cos(3.141592653589793 * column * (2 * (double)row + 1) /
                       (2 * (double)n));
}

static double complex known_element(int64_t row, int64_t column, void *data)
{
    const struct known *known = data;
    double sum = 0;
    for (int l = 0; l < known->k; l++)
        sum += known_u(known->n, row, l) * known_value(l) *
               known_v(known->k, (int)column, l);
    return sum;
}

TEST(svd_finds_known_singular_values)
{
    for (int c = 0; c < NCASES; c++) {
        struct tall a;
        double s[32];
        double complex vh[MOST];
        int k = cases[c].ncolumns;
        double eps = tall_epsilon(cases[c].type);
        struct known known = {tall_nrows(&cases[c]), k};
        tall_create(ctx, &cases[c], &a);
        tall_fill(&a, known_element, &known);
        double complex *before = tall_all(&a);
        assert_ok(pld_tall_svd(&a.tall, s, vh));
        for (int i = 0; i < k; i++)
            assert_all(fabs(s[i] - known_value(i)) < 30 * eps);
        double complex *u = tall_all(&a);
        assert_all(defect(&cases[c], u) < 30);
        double worst = 0;
        for (int64_t i = 0; i < known.n; i++)
            for (int j = 0; j < k; j++) {
                double complex sum = 0;
                for (int l = 0; l < k; l++)
                    sum += u[i * k + l] * s[l] *
                           tall_number(cases[c].type, vh, l * k + j);
                worst = fmax(worst, cabs(sum - before[i * k + j]));
            }
        assert_all(worst < 30 * eps);
        free(before);
        free(u);
        tall_destroy(&a);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(qr_of_random_matrices),
    cmocka_unit_test(qr_of_difficult_matrices),
    cmocka_unit_test(qr_by_cholesky_says_when_it_cannot),
    cmocka_unit_test(qr_names_values_that_are_not_finite),
    cmocka_unit_test(qr_says_what_is_wrong),
    cmocka_unit_test(factors_apply_q_both_ways),
    cmocka_unit_test(solve_finds_least_squares),
    cmocka_unit_test(solve_names_the_rank),
    cmocka_unit_test(svd_finds_known_singular_values),
};

PLD_TEST_MAIN(tests)
