/* What Cholesky factors refuse, on all ranks alike.
 * TEST: ranks=1,3
 * TEST: ranks=4 env=PLD_FAKE_NODES=2 */

#include "support/dense.h"

#include "polder/factor.h"

#include <math.h>

enum { N = 150 };

static dense_number heavy(const void *data, int64_t i, int64_t j)
{
    (void)data;
    return i == j ? 10 : 0.01L / (1 + (i < j ? j - i : i - j));
}

/* One element of it is another one. */
struct bad {
    int64_t i, j;
    double value;
};

static dense_number spoilt(const void *data, int64_t i, int64_t j)
{
    const struct bad *bad = data;
    return bad->i == i && bad->j == j ? bad->value : heavy(NULL, i, j);
}

static pld_matrix a;
static pld_matrix b;

static int open_fields(void **state)
{
    (void)state;
    a = dense_create(ctx, PLD_F64, N, N, 0);
    b = dense_create(ctx, PLD_F64, N, 3, 0);
    dense_fill(a, heavy, NULL);
    dense_fill(b, heavy, NULL);
    return 0;
}

static int close_fields(void **state)
{
    (void)state;
    dense_destroy(&a);
    dense_destroy(&b);
    return 0;
}

TEST(the_first_minor_that_is_not_positive_is_named)
{
    const struct bad bad[] = {{0, 0, -1},      {140, 140, 0},
                              {70, 70, NAN},   {100, 20, NAN},
                              {149, 3, 1e200}, {99, 99, -INFINITY}};
    const char *names[] = {"order 1 ",   "order 141 ", "order 71 ",
                           "order 101 ", "order 150 ", "order 100 "};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pld_cholesky *cholesky = NULL;
        dense_fill(a, spoilt, &bad[i]);
        assert_fails(PLD_ERR_ARG, pld_cholesky_create(NULL, &a, &cholesky),
                     names[i]);
        assert_all(cholesky == NULL);
    }
}

TEST(a_factor_that_failed_solves_nothing_until_one_succeeds)
{
    pld_cholesky *cholesky = NULL;
    assert_ok(pld_cholesky_create(NULL, &a, &cholesky));
    dense_fill(a, spoilt, &(struct bad){30, 30, -5});
    assert_fails(PLD_ERR_ARG, pld_cholesky_factor(cholesky, &a), "order 31 ");
    assert_fails(PLD_ERR_STATE, pld_cholesky_solve(cholesky, &b),
                 "could not be factored");
    assert_fails(PLD_ERR_STATE, pld_cholesky_read(cholesky, &a),
                 "could not be factored");
    dense_fill(a, heavy, NULL);
    assert_ok(pld_cholesky_factor(cholesky, &a));
    assert_ok(pld_cholesky_solve(cholesky, &b));
    assert_ok(pld_cholesky_destroy(&cholesky));
}

TEST(matrices_must_be_square_of_numbers_and_alike)
{
    pld_cholesky *cholesky = NULL;
    double log = 0;
    pld_matrix floats = dense_create(ctx, PLD_F32, N, N, 0);
    assert_fails(PLD_ERR_SHAPE, pld_cholesky_create(NULL, &b, &cholesky),
                 "150 x 3");
    assert_fails(PLD_ERR_ARG, pld_cholesky_create(NULL, NULL, &cholesky),
                 "no live field");
    assert_fails(PLD_ERR_ARG, pld_cholesky_create(NULL, &a, NULL),
                 "out is NULL");
    assert_fails(
        PLD_ERR_ARG,
        pld_cholesky_create(&(pld_cholesky_spec){.triangle = (pld_triangle)7},
                            &a, &cholesky),
        "triangle is 7");
    pld_matrix turned = {.field = a.field, .form = PLD_TRANSPOSED};
    assert_fails(PLD_ERR_ARG, pld_cholesky_create(NULL, &turned, &cholesky),
                 "form is 1");
    assert_ok(pld_cholesky_create(NULL, &a, &cholesky));
    assert_fails(PLD_ERR_TYPE, pld_cholesky_solve(cholesky, &floats), "f32");
    assert_fails(PLD_ERR_TYPE, pld_cholesky_factor(cholesky, &floats), "f32");
    pld_matrix part = {.field = b.field,
                       .box = {.first = {1}, .count = {N - 1, 3, 1}}};
    assert_fails(PLD_ERR_SHAPE, pld_cholesky_solve(cholesky, &part),
                 "149 rows");
    part = (pld_matrix){.field = a.field,
                        .box = {.first = {1, 1}, .count = {N - 1, N - 1, 1}}};
    assert_fails(PLD_ERR_SHAPE, pld_cholesky_factor(cholesky, &part),
                 "149 rows");
    assert_fails(PLD_ERR_ARG, pld_cholesky_solve(NULL, &b), "cholesky is NULL");
    assert_fails(PLD_ERR_ARG, pld_cholesky_log_determinant(cholesky, NULL),
                 "out is NULL");
    assert_ok(pld_cholesky_log_determinant(cholesky, &log));
    assert_all(log > 0);
    assert_ok(pld_cholesky_destroy(&cholesky));
    assert_ok(pld_cholesky_destroy(&cholesky));
    assert_fails(PLD_ERR_ARG, pld_cholesky_destroy(NULL), "cholesky is NULL");
    dense_destroy(&floats);
}

TEST(ranks_that_mean_different_boxes_are_told)
{
    pld_cholesky *cholesky = NULL;
    pld_matrix part = {.field = a.field,
                       .box = {.count = {N - (rank == 1), N - (rank == 1), 1}}};
    if (nranks > 1)
        assert_fails(PLD_ERR_MISMATCH,
                     pld_cholesky_create(NULL, &part, &cholesky), "rank 1");
    pld_matrix bad = {.field = rank == nranks - 1 ? b.field : a.field};
    if (nranks > 1)
        assert_fails(PLD_ERR_SHAPE, pld_cholesky_create(NULL, &bad, &cholesky),
                     "square");
}

TEST(nothing_is_a_matrix_too)
{
    pld_cholesky *cholesky = NULL;
    double log = 1;
    pld_matrix none = {.field = a.field, .box = {.count = {0, 0, 1}}};
    pld_matrix sides = {.field = b.field, .box = {.count = {0, 3, 1}}};
    pld_matrix few = {.field = b.field, .box = {.count = {N, 0, 1}}};
    assert_ok(pld_cholesky_create(NULL, &none, &cholesky));
    assert_ok(pld_cholesky_solve(cholesky, &sides));
    assert_ok(pld_cholesky_read(cholesky, &none));
    assert_ok(pld_cholesky_log_determinant(cholesky, &log));
    assert_all(log == 0);
    assert_ok(pld_cholesky_destroy(&cholesky));
    assert_ok(pld_cholesky_create(NULL, &a, &cholesky));
    assert_ok(pld_cholesky_solve(cholesky, &few));
    assert_ok(pld_cholesky_destroy(&cholesky));
}

/* Of a diagonal that is all 3: in each type, and in a box in the middle. */
static dense_number threes(const void *data, int64_t i, int64_t j)
{
    (void)data;
    return i == j ? 3 : 0;
}

TEST(determinants_are_right)
{
    const pld_type types[] = {PLD_F64, PLD_F32, PLD_C128};
    for (int t = 0; t < 3; t++) {
        pld_cholesky *cholesky = NULL;
        double log_found = 0;
        pld_matrix m = dense_create(ctx, types[t], N, N, 0);
        dense_fill(m, threes, NULL);
        m.box = (pld_box){.first = {7, 7}, .count = {100, 100, 1}};
        assert_ok(pld_cholesky_create(NULL, &m, &cholesky));
        assert_ok(pld_cholesky_log_determinant(cholesky, &log_found));
        assert_all(fabs(log_found - 100 * log(3)) <
                   (types[t] == PLD_F32 ? 1e-4 : 1e-10));
        assert_ok(pld_cholesky_destroy(&cholesky));
        dense_destroy(&m);
    }
}

#define FIELD_TEST(name)                                                       \
    cmocka_unit_test_setup_teardown(name, open_fields, close_fields)

static const struct CMUnitTest tests[] = {
    FIELD_TEST(the_first_minor_that_is_not_positive_is_named),
    FIELD_TEST(a_factor_that_failed_solves_nothing_until_one_succeeds),
    FIELD_TEST(matrices_must_be_square_of_numbers_and_alike),
    FIELD_TEST(ranks_that_mean_different_boxes_are_told),
    FIELD_TEST(nothing_is_a_matrix_too),
    cmocka_unit_test(determinants_are_right),
};

PLD_TEST_MAIN(tests)
