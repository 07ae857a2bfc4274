/* Element types.
 * TEST: ranks=1 */

#include "support/harness.h"

#include "polder/types.h"

TEST(sizes_are_those_of_c)
{
    assert_int_equal(pld_type_size(PLD_F64), sizeof(double));
    assert_int_equal(pld_type_size(PLD_F32), sizeof(float));
    assert_int_equal(pld_type_size(PLD_I64), sizeof(int64_t));
    assert_int_equal(pld_type_size(PLD_I32), sizeof(int32_t));
    assert_int_equal(pld_type_size(PLD_C128), 2 * sizeof(double));
}

TEST(names_are_short_words)
{
    assert_string_equal(pld_type_name(PLD_F64), "f64");
    assert_string_equal(pld_type_name(PLD_C128), "c128");
}

TEST(what_is_no_type_has_no_size)
{
    assert_int_equal(pld_type_size(PLD_TYPE_COUNT), 0);
    assert_int_equal(pld_type_size((pld_type)-1), 0);
    assert_string_equal(pld_type_name((pld_type)-1), "?");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(sizes_are_those_of_c),
    cmocka_unit_test(names_are_short_words),
    cmocka_unit_test(what_is_no_type_has_no_size)};

PLD_TEST_MAIN(tests)
