/* Random numbers by index.
 * TEST: ranks=1 */

#include "support/harness.h"

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "polder/digest.h"
#include "polder/random.h"

static const pld_random some = {.seed = 20240229, .stream = 3};

/* Counter, key and result of the three published vectors of Philox 4x32-10:
 * Random123, tests/kat_vectors. */
TEST(philox_gives_the_published_answers)
{
    static const struct {
        uint32_t counter[4], key[2], result[4];
    } known[] = {{{0, 0, 0, 0},
                  {0, 0},
                  {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
                 {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                  {0xffffffff, 0xffffffff},
                  {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
                 {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                  {0xa4093822, 0x299f31d0},
                  {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};
    for (int i = 0; i < 3; i++) {
        uint32_t out[4];
        pld_philox(known[i].counter, known[i].key, out);
        assert_memory_equal(out, known[i].result, sizeof out);
    }
}

TEST(seed_is_key_and_index_and_stream_the_counter)
{
    pld_random pi = {.seed = UINT64_C(0x299f31d0a4093822),
                     .stream = UINT64_C(0x0370734413198a2e)};
    static const uint32_t answer[4] = {0xd16cfe09, 0x94fdcceb, 0x5001e420,
                                       0x24126ea1};
    uint32_t out[4];
    pld_random_bits(pi, UINT64_C(0x85a308d3243f6a88), out);
    assert_memory_equal(out, answer, sizeof out);
}

TEST(uniform_is_a_multiple_of_2_to_the_minus_53_below_1)
{
    for (uint64_t i = 0; i < 10000; i++) {
        double x = pld_random_uniform(some, i);
        assert_true(x >= 0 && x < 1);
        assert_true(floor(x * 0x1p53) == x * 0x1p53);
    }
}

/* Mean and mean square of n numbers; their own spread is known, and five times
 * that is never exceeded by chance. */
static void check_moments(double (*draw)(pld_random, uint64_t), double mean,
                          double square, double tolerance)
{
    enum { N = 100000 };
    double sum = 0;
    double squares = 0;
    for (uint64_t i = 0; i < N; i++) {
        double x = draw(some, i);
        sum += x;
        squares += x * x;
    }
    assert_true(fabs(sum / N - mean) < tolerance);
    assert_true(fabs(squares / N - square) < 2 * tolerance);
}

TEST(moments_are_right)
{
    check_moments(pld_random_uniform, 0.5, 1.0 / 3, 5 * 0.289 / sqrt(1e5));
    check_moments(pld_random_normal, 0, 1, 5 / sqrt(1e5));
}

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-15 * fabs(b);
}

/* True values, and the accuracy that the paper promises, rounded up. */
TEST(quantiles_are_right)
{
    assert_true(near(pld_normal_quantile(0.25), -0.6744897501960817));
    assert_true(near(pld_normal_quantile(0.975), 1.959963984540054));
    assert_true(near(pld_normal_quantile(0.08), -1.4050715603096326));
    assert_true(near(pld_normal_quantile(0.001), -3.090232306167814));
    assert_true(near(pld_normal_quantile(1e-20), -9.262340089798408));
    assert_true(pld_normal_quantile(0.5) == 0);
}

TEST(quantile_is_odd_and_increasing)
{
    double last = -INFINITY;
    for (int i = 1; i < 4096; i++) {
        double z = pld_normal_quantile(i / 4096.0);
        assert_true(z > last);
        assert_true(z == -pld_normal_quantile(1 - i / 4096.0));
        last = z;
    }
}

TEST(extreme_uniforms_stay_finite)
{
    assert_true(near(pld_normal_quantile(0x1p-53), -8.2095361516013868));
    assert_true(near(pld_normal_quantile(1 - 0x1p-53), 8.2095361516013868));
}

/* A number may not change from one compiler, machine or version to another:
 * users compare runs by their digests. */
TEST(normals_have_these_bits_for_ever)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < 10000; i++) {
        double z = pld_random_normal(some, i);
        uint64_t bits;
        memcpy(&bits, &z, sizeof bits);
        sum += pld_digest_element(i, bits);
    }
    assert_true(sum == UINT64_C(0x629753cf0696a0ff));
}

TEST(integers_lie_in_range_and_are_even_in_number)
{
    enum { BOUND = 6, N = 60000 };
    int64_t count[BOUND] = {0};
    for (uint64_t i = 0; i < N; i++) {
        int64_t x = pld_random_integer(some, i, BOUND);
        assert_true(x >= 0 && x < BOUND);
        count[x]++;
    }
    for (int x = 0; x < BOUND; x++)
        assert_true(fabs((double)count[x] - N / BOUND) < 5 * sqrt(N / BOUND));
}

TEST(integers_below_powers_of_2_are_the_top_bits)
{
    for (uint64_t i = 0; i < 1000; i++) {
        uint32_t bits[4];
        pld_random_bits(some, i, bits);
        uint64_t top = (uint64_t)bits[3] << 32 | bits[2];
        assert_true(pld_random_integer(some, i, 1) == 0);
        assert_true(pld_random_integer(some, i, 2) == (int64_t)(top >> 63));
        assert_true(pld_random_integer(some, i, INT64_C(1) << 62) ==
                    (int64_t)(top >> 2));
    }
}

TEST(integers_of_no_range_are_0)
{
    assert_true(pld_random_integer(some, 0, 0) == 0);
    assert_true(pld_random_integer(some, 0, -5) == 0);
    assert_true(pld_random_integer(some, 0, INT64_MAX) >= 0);
}

TEST(seed_stream_and_index_all_matter)
{
    static double seen[512];
    for (uint64_t i = 0; i < 512; i++) {
        pld_random r = {.seed = i / 64, .stream = i / 8 % 8};
        seen[i] = pld_random_uniform(r, i % 8);
        for (uint64_t j = 0; j < i; j++)
            assert_true(seen[i] != seen[j]);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(philox_gives_the_published_answers),
    cmocka_unit_test(seed_is_key_and_index_and_stream_the_counter),
    cmocka_unit_test(uniform_is_a_multiple_of_2_to_the_minus_53_below_1),
    cmocka_unit_test(moments_are_right),
    cmocka_unit_test(quantiles_are_right),
    cmocka_unit_test(quantile_is_odd_and_increasing),
    cmocka_unit_test(extreme_uniforms_stay_finite),
    cmocka_unit_test(normals_have_these_bits_for_ever),
    cmocka_unit_test(integers_lie_in_range_and_are_even_in_number),
    cmocka_unit_test(integers_below_powers_of_2_are_the_top_bits),
    cmocka_unit_test(integers_of_no_range_are_0),
    cmocka_unit_test(seed_stream_and_index_all_matter)};

PLD_TEST_MAIN(tests)
