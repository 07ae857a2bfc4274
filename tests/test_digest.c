/* Digests.
 * TEST: ranks=1 */

#include "support/harness.h"

#include <string.h>

#include "polder/digest.h"

TEST(empty_input_has_the_published_digest)
{
    assert_true(pld_digest_bytes(NULL, 0, 0) == UINT64_C(0x2d06800538d394c2));
}

TEST(every_bit_and_the_seed_count)
{
    unsigned char data[100] = {0};
    uint64_t plain = pld_digest_bytes(data, sizeof data, 0);
    assert_true(plain == pld_digest_bytes(data, sizeof data, 0));
    assert_true(plain != pld_digest_bytes(data, sizeof data, 1));
    assert_true(plain != pld_digest_bytes(data, sizeof data - 1, 0));
    for (int bit = 0; bit < 800; bit++) {
        data[bit / 8] ^= (unsigned char)(1 << bit % 8);
        assert_true(plain != pld_digest_bytes(data, sizeof data, 0));
        data[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
}

TEST(element_digest_depends_on_place_and_bits)
{
    for (uint64_t index = 0; index < 64; index++) {
        uint64_t plain = pld_digest_element(index, 0);
        assert_true(plain != 0);
        for (int bit = 0; bit < 64; bit++) {
            uint64_t one = UINT64_C(1) << bit;
            assert_true(plain != pld_digest_element(index, one));
            assert_true(plain != pld_digest_element(index ^ one, 0));
        }
    }
}

TEST(exchanged_values_are_noticed)
{
    for (uint64_t i = 0; i < 100; i++)
        for (uint64_t j = 0; j < i; j++)
            assert_true(pld_digest_element(i, i) + pld_digest_element(j, j) !=
                        pld_digest_element(i, j) + pld_digest_element(j, i));
}

/* Small integers on a small grid, as in tests: no accidental cancellation. */
TEST(single_changes_give_distinct_sums)
{
    enum { N = 4096 };
    static uint64_t seen[N];
    for (uint64_t i = 0; i < N; i++) {
        seen[i] = pld_digest_element(i / 16, i % 16);
        for (uint64_t j = 0; j < i; j++)
            assert_true(seen[i] != seen[j]);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(empty_input_has_the_published_digest),
    cmocka_unit_test(every_bit_and_the_seed_count),
    cmocka_unit_test(element_digest_depends_on_place_and_bits),
    cmocka_unit_test(exchanged_values_are_noticed),
    cmocka_unit_test(single_changes_give_distinct_sums)};

PLD_TEST_MAIN(tests)
