/* What LU factors refuse, on all ranks alike, and their determinants.
 * TEST: ranks=1,3
 * TEST: ranks=4 env=PLD_FAKE_NODES=2 */

#include "support/dense.h"

#include "polder/factor.h"

#include <math.h>

enum { N = 90 };

/* Column `empty` is zeros, element (i, j) is another one. */
struct bad {
    int64_t empty;
    int64_t i, j;
    double value;
};

static dense_number spoilt(const void *data, int64_t i, int64_t j)
{
    const struct bad *bad = data;
    if (j == bad->empty)
        return 0;
    if (bad->i == i && bad->j == j)
        return bad->value;
    return i == j ? 8 : creall(dense_random(5, i, j));
}

static const struct bad nothing = {-1, -1, -1, 0};

static pld_matrix a;
static pld_matrix b;

static int open_fields(void **state)
{
    (void)state;
    a = dense_create(ctx, PLD_F64, N, N, 0);
    b = dense_create(ctx, PLD_F64, N, 2, 0);
    dense_fill(a, spoilt, &nothing);
    dense_fill(b, spoilt, &nothing);
    return 0;
}

static int close_fields(void **state)
{
    (void)state;
    dense_destroy(&a);
    dense_destroy(&b);
    return 0;
}

TEST(the_first_column_without_a_pivot_is_named)
{
    const struct bad bad[] = {{0, -1, -1, 0},
                              {70, -1, -1, 0},
                              {-1, 40, 40, NAN},
                              {-1, 31, 31, INFINITY}};
    const char *names[] = {"column 0 ", "column 70 ", "singular", "singular"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pld_lu *lu = NULL;
        dense_fill(a, spoilt, &bad[i]);
        assert_fails(PLD_ERR_ARG, pld_lu_create(&a, &lu), names[i]);
        assert_all(lu == NULL);
    }
}

TEST(factors_that_failed_solve_nothing_until_some_succeed)
{
    pld_lu *lu = NULL;
    assert_ok(pld_lu_create(&a, &lu));
    dense_fill(a, spoilt, &(struct bad){33, -1, -1, 0});
    assert_fails(PLD_ERR_ARG, pld_lu_factor(lu, &a), "column 33 ");
    assert_fails(PLD_ERR_STATE, pld_lu_solve(lu, PLD_PLAIN, &b),
                 "could not be factored");
    dense_fill(a, spoilt, &nothing);
    assert_ok(pld_lu_factor(lu, &a));
    assert_ok(pld_lu_solve(lu, PLD_PLAIN, &b));
    assert_ok(pld_lu_destroy(&lu));
}

TEST(matrices_must_be_square_and_alike)
{
    pld_lu *lu = NULL;
    double phase[2];
    double log = 0;
    pld_matrix floats = dense_create(ctx, PLD_F32, N, N, 0);
    assert_fails(PLD_ERR_SHAPE, pld_lu_create(&b, &lu), "90 x 2");
    assert_fails(PLD_ERR_ARG, pld_lu_create(NULL, &lu), "no live field");
    assert_fails(PLD_ERR_ARG, pld_lu_create(&a, NULL), "out is NULL");
    assert_ok(pld_lu_create(&a, &lu));
    assert_fails(PLD_ERR_TYPE, pld_lu_solve(lu, PLD_PLAIN, &floats), "f32");
    assert_fails(PLD_ERR_TYPE, pld_lu_read(lu, &floats), "f32");
    assert_fails(PLD_ERR_ARG, pld_lu_solve(lu, (pld_form)9, &b), "form is 9");
    pld_matrix part = {.field = b.field,
                       .box = {.first = {1}, .count = {N - 1, 2, 1}}};
    assert_fails(PLD_ERR_SHAPE, pld_lu_solve(lu, PLD_PLAIN, &part), "89 rows");
    assert_fails(PLD_ERR_SHAPE, pld_lu_factor(lu, &b), "square");
    assert_fails(PLD_ERR_ARG, pld_lu_solve(NULL, PLD_PLAIN, &b), "lu is NULL");
    assert_fails(PLD_ERR_ARG, pld_lu_rows(lu, NULL), "out is NULL");
    assert_fails(PLD_ERR_ARG, pld_lu_determinant(lu, NULL, &log),
                 "phase is NULL");
    assert_fails(PLD_ERR_ARG, pld_lu_determinant(lu, phase, NULL),
                 "log is NULL");
    if (nranks > 1)
        assert_fails(
            PLD_ERR_MISMATCH,
            pld_lu_solve(lu, rank == 1 ? PLD_TRANSPOSED : PLD_PLAIN, &b),
            "rank 1");
    assert_ok(pld_lu_destroy(&lu));
    assert_ok(pld_lu_destroy(&lu));
    assert_fails(PLD_ERR_ARG, pld_lu_destroy(NULL), "lu is NULL");
    dense_destroy(&floats);
}

TEST(nothing_is_a_matrix_too)
{
    pld_lu *lu = NULL;
    double phase[2] = {0, 0};
    double log = 1;
    pld_matrix none = {.field = a.field, .box = {.count = {0, 0, 1}}};
    pld_matrix sides = {.field = b.field, .box = {.count = {0, 2, 1}}};
    assert_ok(pld_lu_create(&none, &lu));
    assert_ok(pld_lu_solve(lu, PLD_PLAIN, &sides));
    assert_ok(pld_lu_read(lu, &none));
    assert_ok(pld_lu_rows(lu, NULL));
    assert_ok(pld_lu_determinant(lu, phase, &log));
    assert_all(log == 0 && phase[0] == 1 && phase[1] == 0);
    assert_ok(pld_lu_destroy(&lu));
}

/* Rows in the opposite order, times 3, or 3 i. */
static dense_number turned(const void *data, int64_t i, int64_t j)
{
    dense_number three = *(const bool *)data ? 3 * (dense_number)I : 3;
    return i + j == 49 ? three : 0;
}

TEST(determinants_are_right)
{
    const pld_type types[] = {PLD_F64, PLD_F32, PLD_C128};
    for (int t = 0; t < 3; t++) {
        pld_lu *lu = NULL;
        double phase[2] = {0, 0};
        double found = 0;
        bool complex_threes = types[t] == PLD_C128;
        pld_matrix m = dense_create(ctx, types[t], 50, 50, 0);
        dense_fill(m, turned, &complex_threes);
        assert_ok(pld_lu_create(&m, &lu));
        assert_ok(pld_lu_determinant(lu, phase, &found));
        assert_all(fabs(found - 50 * log(3)) < 1e-10);
        /* 25 exchanges; and i^50 = -1 */
        assert_all(phase[0] == (complex_threes ? 1 : -1) && phase[1] == 0);
        assert_ok(pld_lu_destroy(&lu));
        dense_destroy(&m);
    }
}

#define FIELD_TEST(name)                                                       \
    cmocka_unit_test_setup_teardown(name, open_fields, close_fields)

static const struct CMUnitTest tests[] = {
    FIELD_TEST(the_first_column_without_a_pivot_is_named),
    FIELD_TEST(factors_that_failed_solve_nothing_until_some_succeed),
    FIELD_TEST(matrices_must_be_square_and_alike),
    FIELD_TEST(nothing_is_a_matrix_too),
    cmocka_unit_test(determinants_are_right),
};

PLD_TEST_MAIN(tests)
