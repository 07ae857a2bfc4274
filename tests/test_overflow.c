/* Size arithmetic.
 * TEST: ranks=1 */

#include "support/harness.h"

#include "base/overflow.h"

TEST(sums_and_products_notice_overflow)
{
    int64_t out = 0;
    assert_true(pld_add_fits(INT64_MAX - 1, 1, &out));
    assert_true(out == INT64_MAX);
    assert_false(pld_add_fits(INT64_MAX, 1, &out));
    assert_true(pld_mul_fits(INT64_C(1) << 31, INT64_C(1) << 31, &out));
    assert_true(out == INT64_C(1) << 62);
    assert_false(pld_mul_fits(INT64_C(1) << 32, INT64_C(1) << 31, &out));
}

TEST(product_of_all_factors)
{
    int64_t out = -1;
    assert_ok(pld_size_product("field", 3, (int64_t[]){3, 5, 7}, &out));
    assert_int_equal(out, 105);
    assert_ok(pld_size_product("field", 0, NULL, &out));
    assert_int_equal(out, 1);
}

TEST(zero_wins_over_overflow)
{
    int64_t out = -1;
    int64_t factors[] = {INT64_MAX, INT64_MAX, 0};
    assert_ok(pld_size_product("field", 3, factors, &out));
    assert_int_equal(out, 0);
}

TEST(overflow_names_the_factors)
{
    int64_t out = -1;
    int64_t factors[] = {3000000000, 4000000000, 2};
    assert_fails(PLD_ERR_OVERFLOW,
                 pld_size_product("field h", 3, factors, &out),
                 "field h: 3000000000 x 4000000000 x 2 does not fit");
    assert_int_equal(out, -1);
}

TEST(many_factors_are_cut)
{
    int64_t out = -1;
    int64_t factors[64];
    for (int i = 0; i < 64; i++)
        factors[i] = 1000000007;
    assert_fails(PLD_ERR_OVERFLOW, pld_size_product("many", 64, factors, &out),
                 "many: 1000000007 x 1000000007 x ");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(sums_and_products_notice_overflow),
    cmocka_unit_test(product_of_all_factors),
    cmocka_unit_test(zero_wins_over_overflow),
    cmocka_unit_test(overflow_names_the_factors),
    cmocka_unit_test(many_factors_are_cut)};

PLD_TEST_MAIN(tests)
