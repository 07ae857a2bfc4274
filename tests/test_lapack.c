/* Small factorisations, each multiplied out again by plain loops.
 * TEST: ranks=1 */

#include "support/harness.h"

#include "linalg/lapack.h"
#include "polder/random.h"

#include <complex.h>
#include <math.h>
#include <string.h>

enum { N = 37, M = 53 };

typedef double complex number;

static const pld_type types[] = {PLD_F32, PLD_F64, PLD_C128};
enum { NTYPES = sizeof types / sizeof *types };

static double eps_of(pld_type type)
{
    return type == PLD_F32 ? 0x1p-23 : 0x1p-52;
}

/* --- Elements of any type ------------------------------------------------- */

static number load(pld_type type, const void *a, int64_t at)
{
    if (type == PLD_F32)
        return (double)((const float *)a)[at];
    return type == PLD_F64 ? ((const double *)a)[at] : ((const number *)a)[at];
}

static void store(pld_type type, void *a, int64_t at, number value)
{
    if (type == PLD_F32)
        ((float *)a)[at] = (float)creal(value);
    else if (type == PLD_F64)
        ((double *)a)[at] = creal(value);
    else
        ((number *)a)[at] = value;
}

static double real_at(pld_type type, const void *s, int64_t at)
{
    return type == PLD_F32 ? (double)((const float *)s)[at]
                           : ((const double *)s)[at];
}

static number draw(pld_type type, int64_t at)
{
    const pld_random random = {.seed = 5};
    double re = pld_random_uniform(random, (uint64_t)(2 * at)) - 0.5;
    double im = pld_random_uniform(random, (uint64_t)(2 * at + 1)) - 0.5;
    return type == PLD_C128 ? re + im * I : re;
}

static void fill(pld_type type, int64_t count, void *a)
{
    for (int64_t i = 0; i < count; i++)
        store(type, a, i, draw(type, i));
}

/* Hermitian, and if `positive` with a heavy diagonal. */
static void fill_hermitian(pld_type type, bool positive, void *a)
{
    for (int64_t j = 0; j < N; j++)
        for (int64_t i = 0; i <= j; i++) {
            number value = draw(type, i * N + j);
            if (i == j)
                value = creal(value) + (positive ? N : 0);
            store(type, a, i + j * N, value);
            store(type, a, j + i * N, conj(value));
        }
}

static double rooms[6][M * M * 2];

/* --- Tests ---------------------------------------------------------------- */

TEST(cholesky_gives_the_matrix_again)
{
    for (int t = 0; t < NTYPES; t++) {
        pld_type type = types[t];
        void *a = rooms[0];
        void *l = rooms[1];
        double worst = 0;
        int64_t info = -1;
        fill_hermitian(type, true, a);
        fill_hermitian(type, true, l);
        assert_ok(pld_lapack_potrf(type, 'L', N, l, N, &info));
        assert_all(info == 0);
        for (int64_t i = 0; i < N; i++)
            for (int64_t j = 0; j <= i; j++) {
                number sum = -load(type, a, i + j * N);
                for (int64_t k = 0; k <= j; k++)
                    sum += load(type, l, i + k * N) *
                           conj(load(type, l, j + k * N));
                worst = fmax(worst, cabs(sum));
            }
        assert_all(worst <= 30 * eps_of(type) * N);
    }
}

TEST(cholesky_names_the_minor_that_is_not_positive)
{
    for (int t = 0; t < NTYPES; t++) {
        int64_t info = 0;
        const double bad[] = {-1, 0, NAN};
        for (int b = 0; b < 3; b++) {
            fill_hermitian(types[t], true, rooms[0]);
            store(types[t], rooms[0], 11 * (N + 1), bad[b]);
            assert_ok(pld_lapack_potrf(types[t], b == 1 ? 'U' : 'L', N,
                                       rooms[0], N, &info));
            assert_all_equal(info, 12);
        }
    }
}

TEST(lu_gives_the_matrix_again)
{
    for (int t = 0; t < NTYPES; t++) {
        pld_type type = types[t];
        void *a = rooms[0];
        void *lu = rooms[1];
        int pivots[N];
        int64_t info = -1;
        double worst = 0;
        fill(type, M * N, a);
        fill(type, M * N, lu);
        assert_ok(pld_lapack_getrf(type, M, N, lu, M, pivots, &info));
        assert_all(info == 0);
        for (int64_t i = 0; i < N; i++)
            for (int64_t j = 0; j < N; j++) {
                number here = load(type, a, i + j * M);
                store(type, a, i + j * M, load(type, a, pivots[i] - 1 + j * M));
                store(type, a, pivots[i] - 1 + j * M, here);
            }
        for (int64_t i = 0; i < M; i++)
            for (int64_t j = 0; j < N; j++) {
                number sum = -load(type, a, i + j * M);
                for (int64_t k = 0; k <= j && k <= i; k++)
                    sum += (k == i ? 1 : load(type, lu, i + k * M)) *
                           load(type, lu, k + j * M);
                worst = fmax(worst, cabs(sum));
            }
        assert_all(worst <= 30 * eps_of(type) * N);
        memset(lu, 0, sizeof rooms[1]);
        assert_ok(pld_lapack_getrf(type, M, N, lu, M, pivots, &info));
        assert_all_equal(info, 1);
    }
}

TEST(qr_gives_the_matrix_again)
{
    for (int t = 0; t < NTYPES; t++) {
        pld_type type = types[t];
        void *a = rooms[0];
        void *q = rooms[1];
        void *r = rooms[2];
        double worst = 0;
        fill(type, M * N, a);
        fill(type, M * N, q);
        assert_ok(pld_lapack_geqrf(type, M, N, q, M, rooms[3]));
        for (int64_t j = 0; j < N; j++)
            for (int64_t i = 0; i < N; i++)
                store(type, r, i + j * N,
                      i <= j ? load(type, q, i + j * M) : 0);
        assert_ok(pld_lapack_orgqr(type, M, N, N, q, M, rooms[3]));
        for (int64_t i = 0; i < M; i++)
            for (int64_t j = 0; j < N; j++) {
                number sum = -load(type, a, i + j * M);
                for (int64_t k = 0; k <= j; k++)
                    sum += load(type, q, i + k * M) * load(type, r, k + j * N);
                worst = fmax(worst, cabs(sum));
            }
        assert_all(worst <= 30 * eps_of(type) * N);
    }
}

TEST(svd_gives_the_matrix_again)
{
    for (int t = 0; t < NTYPES; t++) {
        pld_type type = types[t];
        void *a = rooms[0];
        const struct pld_lapack_svd svd = {rooms[2], rooms[3], M, rooms[4], N};
        double worst = 0;
        fill(type, M * N, a);
        fill(type, M * N, rooms[1]);
        assert_ok(pld_lapack_gesdd(type, 'S', M, N, rooms[1], M, &svd));
        for (int64_t i = 0; i < M; i++)
            for (int64_t j = 0; j < N; j++) {
                number sum = -load(type, a, i + j * M);
                for (int64_t k = 0; k < N; k++)
                    sum += load(type, svd.u, i + k * M) *
                           real_at(type, svd.s, k) *
                           load(type, svd.vt, k + j * N);
                worst = fmax(worst, cabs(sum));
            }
        assert_all(worst <= 30 * eps_of(type) * N);
        fill(type, M * N, a);
        store(type, a, 7, NAN);
        assert_fails(PLD_ERR_ARG, pld_lapack_gesdd(type, 'N', M, N, a, M, &svd),
                     "NaN");
    }
}

TEST(eigenvectors_give_the_matrix_again)
{
    for (int t = 0; t < NTYPES; t++) {
        pld_type type = types[t];
        void *a = rooms[0];
        void *v = rooms[1];
        void *w = rooms[2];
        double worst = 0;
        fill_hermitian(type, false, a);
        fill_hermitian(type, false, v);
        assert_ok(pld_lapack_syevd(type, 'V', 'L', N, v, N, w));
        for (int64_t i = 0; i < N; i++)
            for (int64_t j = 0; j < N; j++) {
                number sum = -load(type, a, i + j * N);
                for (int64_t k = 0; k < N; k++)
                    sum += load(type, v, i + k * N) * real_at(type, w, k) *
                           conj(load(type, v, j + k * N));
                worst = fmax(worst, cabs(sum));
            }
        assert_all(worst <= 30 * eps_of(type) * N);
    }
}

TEST(triangles_are_solved)
{
    for (int t = 0; t < NTYPES; t++) {
        pld_type type = types[t];
        void *a = rooms[0];
        void *x = rooms[1];
        const struct pld_lapack_triangle triangle = {'L', 'U', 'C', 'N', a, N};
        double worst = 0;
        fill_hermitian(type, true, a);
        fill(type, N * 3, x);
        assert_ok(pld_lapack_trsm(type, &triangle, 2, N, 3, x, N));
        for (int64_t i = 0; i < N; i++)
            for (int64_t j = 0; j < 3; j++) {
                number sum = -2 * draw(type, i + j * N);
                for (int64_t k = 0; k <= i; k++)
                    sum += conj(load(type, a, k + i * N)) *
                           load(type, x, k + j * N);
                worst = fmax(worst, cabs(sum));
            }
        assert_all(worst <= 30 * eps_of(type) * N);
    }
}

TEST(lapack_refuses_other_types_and_sizes)
{
    int64_t info = 0;
    assert_fails(PLD_ERR_TYPE,
                 pld_lapack_potrf(PLD_I32, 'L', 1, rooms[0], 1, &info), "i32");
    assert_fails(
        PLD_ERR_OVERFLOW,
        pld_lapack_potrf(PLD_F64, 'L', (int64_t)1 << 31, rooms[0], 1, &info),
        "2147483648");
    assert_ok(pld_lapack_potrf(PLD_F64, 'L', 0, NULL, 0, &info));
    assert_all_equal(info, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(cholesky_gives_the_matrix_again),
    cmocka_unit_test(cholesky_names_the_minor_that_is_not_positive),
    cmocka_unit_test(lu_gives_the_matrix_again),
    cmocka_unit_test(qr_gives_the_matrix_again),
    cmocka_unit_test(svd_gives_the_matrix_again),
    cmocka_unit_test(eigenvectors_give_the_matrix_again),
    cmocka_unit_test(triangles_are_solved),
    cmocka_unit_test(lapack_refuses_other_types_and_sizes),
};

PLD_TEST_MAIN(tests)
