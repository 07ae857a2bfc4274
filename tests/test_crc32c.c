/* CRC-32C, with the CPU's instruction and without.
 * TEST: ranks=1 */

#include "support/harness.h"

#include "base/crc32c.h"

#include <stdlib.h>
#include <string.h>

enum { LENGTH = 200000 };

static unsigned char bytes[LENGTH];

static void fill(void)
{
    for (int i = 0; i < LENGTH; i++)
        bytes[i] = (unsigned char)(i * 2654435761u >> 13);
}

/* Bit by bit, from the definition. */
static uint32_t update_bits(uint32_t crc, const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0x82f63b78) : 0);
    }
    return crc;
}

static uint32_t by_bits(const unsigned char *p, size_t n)
{
    return ~update_bits(UINT32_MAX, p, n);
}

/* RFC 3720, appendix B.4. */
TEST(known_values_are_found)
{
    unsigned char text[32];
    for (int way = PLD_CRC32C_BEST; way <= PLD_CRC32C_PORTABLE; way++) {
        pld_crc32c_set_way((enum pld_crc32c_way)way);
        memset(text, 0, sizeof text);
        assert_true(pld_crc32c(0, text, 32) == 0x8a9136aa);
        memset(text, 0xff, sizeof text);
        assert_true(pld_crc32c(0, text, 32) == 0x62a8ab43);
        for (int i = 0; i < 32; i++)
            text[i] = (unsigned char)i;
        assert_true(pld_crc32c(0, text, 32) == 0x46dd794e);
        assert_true(pld_crc32c(0, "123456789", 9) == 0xe3069283);
        assert_true(pld_crc32c(0, "", 0) == 0);
    }
    pld_crc32c_set_way(PLD_CRC32C_BEST);
}

TEST(every_length_and_alignment_is_right)
{
    fill();
    for (int way = PLD_CRC32C_BEST; way <= PLD_CRC32C_PORTABLE; way++) {
        pld_crc32c_set_way((enum pld_crc32c_way)way);
        for (size_t first = 0; first < 9; first++)
            for (size_t n = 0; n < 70; n++)
                assert_true(pld_crc32c(0, bytes + first, n) ==
                            by_bits(bytes + first, n));
        for (size_t n = 49151; n < 49154; n++)
            assert_true(pld_crc32c(0, bytes, n) == by_bits(bytes, n));
        for (size_t n = 1022; n < 1700; n += 3)
            assert_true(pld_crc32c(7, bytes + 5, n) ==
                        ~update_bits(~7u, bytes + 5, n));
        assert_true(pld_crc32c(0, bytes, LENGTH) == by_bits(bytes, LENGTH));
    }
    pld_crc32c_set_way(PLD_CRC32C_BEST);
}

TEST(parts_make_the_whole_in_any_order)
{
    fill();
    static const int cuts[] = {0, 1, 9, 4096, 100001, 199999, LENGTH};
    uint32_t part = 0;
    for (int i = 5; i >= 0; i--) {
        uint32_t own =
            pld_crc32c_part(bytes + cuts[i], (size_t)(cuts[i + 1] - cuts[i]));
        part ^= pld_crc32c_move(own, LENGTH - cuts[i + 1]);
    }
    assert_true(pld_crc32c_whole(part, LENGTH) == by_bits(bytes, LENGTH));
    assert_true(pld_crc32c_whole(0, 0) == 0);
}

TEST(it_goes_on_from_what_was_before)
{
    fill();
    uint32_t crc = pld_crc32c(0, bytes, 77777);
    crc = pld_crc32c(crc, bytes + 77777, LENGTH - 77777);
    assert_true(crc == by_bits(bytes, LENGTH));
}

TEST(moving_goes_far)
{
    uint32_t far = pld_crc32c_move(1, (int64_t)1 << 40);
    uint32_t twice = pld_crc32c_move(1, (int64_t)1 << 39);
    assert_true(far == pld_crc32c_move(twice, (int64_t)1 << 39));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(known_values_are_found),
    cmocka_unit_test(every_length_and_alignment_is_right),
    cmocka_unit_test(parts_make_the_whole_in_any_order),
    cmocka_unit_test(it_goes_on_from_what_was_before),
    cmocka_unit_test(moving_goes_far),
};

PLD_TEST_MAIN(tests)
