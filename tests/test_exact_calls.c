/* Exact sums: what calls accept and return.
 * TEST: ranks=1
 * TEST: ranks=1 env=PLD_EXACT_TIER=flag
 * TEST: ranks=1 env=PLD_EXACT_TIER=c11
 * TEST: ranks=1 env=PLD_EXACT_TIER=scalar */

#include "support/harness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/exact.h"
#include "support/classes.h"
#include "support/oracle.h"

enum { N = 6000 };

static double x[N];
static double y[N];

static void fill(int class)
{
    classes_fill(class, 1, N, x);
    classes_fill(class, 2, N, y);
}

static pld_exact cleared(void)
{
    pld_exact sum;
    pld_exact_clear(&sum);
    return sum;
}

static bool same(double a, double b)
{
    return pld_double_bits(a) == pld_double_bits(b);
}

/* --- Kernels ---------------------------------------------------------------
 */

TEST(the_environment_chooses_the_kernels)
{
    const char *wish = getenv("PLD_EXACT_TIER");
    if (wish != NULL)
        assert_string_equal(pld_exact_tier(), wish);
    else
        assert_string_not_equal(pld_exact_tier(), "scalar");
}

TEST(kernels_of_no_name_are_not_there)
{
    assert_false(pld_exact_use("fast"));
}

/* --- Where elements lie ------------------------------------------------------
 */

TEST(strides_skip_elements)
{
    static const int64_t strides[] = {1, 2, 3, 7, -1, -2, 0};
    fill(0);
    for (int s = 0; s < 7; s++) {
        int64_t n = 500;
        int64_t first = strides[s] < 0 ? N - 1 : 0;
        struct oracle wanted;
        struct oracle wanted_products;
        oracle_clear(&wanted);
        oracle_clear(&wanted_products);
        for (int64_t i = 0; i < n; i++) {
            oracle_add(&wanted, x[first + i * strides[s]]);
            oracle_add_product(&wanted_products, x[first + i * strides[s]],
                               y[2 * i]);
        }
        pld_exact sum = cleared();
        assert_ok_here(pld_exact_add(&sum, PLD_F64, n, x + first, strides[s]));
        assert_true(same(pld_exact_round(&sum), oracle_round(&wanted)));
        sum = cleared();
        assert_ok_here(pld_exact_add_products(&sum, PLD_F64, n, x + first,
                                              strides[s], y, 2));
        assert_true(
            same(pld_exact_round(&sum), oracle_round(&wanted_products)));
    }
}

/* Boxes within an array of 10 x 20 x 30, with every stride permuted. */
static void check_box(const int64_t count[3], const int64_t stride[3])
{
    struct oracle wanted;
    oracle_clear(&wanted);
    for (int64_t k = 0; k < count[0]; k++)
        for (int64_t j = 0; j < count[1]; j++)
            for (int64_t i = 0; i < count[2]; i++) {
                int64_t at = k * stride[0] + j * stride[1] + i * stride[2];
                oracle_add_product(&wanted, x[at], y[at]);
            }
    pld_exact_array xs = {x, {stride[0], stride[1], stride[2]}};
    pld_exact_array ys = {y, {stride[0], stride[1], stride[2]}};
    pld_exact sum = cleared();
    assert_ok_here(
        pld_exact_add_box(&sum, PLD_EXACT_PRODUCT, PLD_F64, count, xs, ys));
    assert_true(same(pld_exact_round(&sum), oracle_round(&wanted)));
}

TEST(boxes_take_rows_between_ghosts)
{
    static const int64_t strides[][3] = {{600, 30, 1}, {600, 1, 30},
                                         {1, 600, 30}, {30, 600, 1},
                                         {1, 30, 600}, {30, 1, 600}};
    static const int64_t extents[] = {10, 20, 30};
    fill(4);
    for (int s = 0; s < 6; s++)
        for (int inner = 0; inner < 4; inner++) {
            int64_t count[3];
            for (int d = 0; d < 3; d++)
                count[d] = strides[s][d] == 600  ? extents[0] - inner
                           : strides[s][d] == 30 ? extents[1] - inner * inner
                                                 : extents[2] - inner % 2;
            check_box(count, strides[s]);
        }
}

TEST(rows_of_any_length_are_added_whole)
{
    fill(0);
    for (int64_t n = 1; n <= 70; n++) {
        int64_t count[3] = {1, N / 75, n};
        int64_t stride[3] = {0, 75, 1};
        check_box(count, stride);
    }
}

TEST(single_indices_and_single_rows_do)
{
    fill(0);
    for (int mask = 0; mask < 8; mask++) {
        int64_t count[3] = {mask & 1 ? 1 : 9, mask & 2 ? 1 : 19,
                            mask & 4 ? 1 : 29};
        check_box(count, (const int64_t[3]){600, 30, 1});
    }
}

TEST(no_elements_add_nothing)
{
    pld_exact sum = cleared();
    const int64_t count[3] = {4, 0, 5};
    pld_exact_array none = {.data = NULL};
    assert_ok_here(pld_exact_add(&sum, PLD_F64, 0, NULL, 1));
    assert_ok_here(
        pld_exact_add_box(&sum, PLD_EXACT_PRODUCT, PLD_F64, count, none, none));
    assert_true(same(pld_exact_round(&sum), 0.0));
}

/* --- Types ------------------------------------------------------------------
 */

TEST(floats_are_summed_exactly)
{
    static float a[N];
    static float b[N];
    for (int class = 0; class < classes_count(); class ++) {
        fill(class);
        struct oracle sum;
        struct oracle squares;
        struct oracle products;
        oracle_clear(&sum);
        oracle_clear(&squares);
        oracle_clear(&products);
        for (int i = 0; i < N; i++) {
            a[i] = fabs(x[i]) > 3e38 ? (float)(i - 9) : (float)x[i];
            b[i] = ldexpf((float)(i % 77), i % 200 - 149);
            oracle_add(&sum, (double)a[i]);
            oracle_add_product(&squares, (double)a[i], (double)a[i]);
            oracle_add_product(&products, (double)a[i], (double)b[i]);
        }
        pld_exact s = cleared();
        pld_exact q = cleared();
        pld_exact p = cleared();
        assert_ok_here(pld_exact_add(&s, PLD_F32, N, a, 1));
        assert_ok_here(pld_exact_add_squares(&q, PLD_F32, N, a, 1));
        assert_ok_here(pld_exact_add_products(&p, PLD_F32, N, a, 1, b, 1));
        if (!isnan(oracle_round(&sum)))
            assert_true(same(pld_exact_round(&s), oracle_round(&sum)));
        if (!isnan(oracle_round(&squares)))
            assert_true(same(pld_exact_round(&q), oracle_round(&squares)));
        if (!isnan(oracle_round(&products)))
            assert_true(same(pld_exact_round(&p), oracle_round(&products)));
    }
}

TEST(integers_do_not_overflow)
{
    static const int64_t big[] = {INT64_MIN, INT64_MIN, INT64_MAX, -1, 3};
    pld_exact sum = cleared();
    assert_ok_here(pld_exact_add(&sum, PLD_I64, 5, big, 1));
    assert_true(same(pld_exact_round(&sum), -0x1p63 + 1));
    sum = cleared();
    assert_ok_here(pld_exact_add_absolute(&sum, PLD_I64, 3, big, 1));
    assert_true(same(pld_exact_round(&sum), 0x3p63));
    sum = cleared();
    assert_ok_here(pld_exact_add_squares(&sum, PLD_I64, 2, big, 1));
    assert_true(same(pld_exact_round(&sum), 0x1p127));
    assert_ok_here(
        pld_exact_add_products(&sum, PLD_I64, 2, big, 1, big + 2, 1));
    assert_true(same(pld_exact_round(&sum), 0x1p126 + 0x1p64));
}

TEST(small_integers_are_summed_with_strides)
{
    static int32_t a[N];
    int64_t sum = 0;
    int64_t products = 0;
    for (int i = 0; i < N; i++)
        a[i] = (int32_t)((i * INT64_C(2654435761)) & UINT32_MAX);
    for (int i = 0; i < N / 2; i++) {
        sum += a[2 * i];
        products += (int64_t)(a[2 * i] >> 12) * (a[i] >> 12);
    }
    pld_exact s = cleared();
    assert_ok_here(pld_exact_add(&s, PLD_I32, N / 2, a, 2));
    assert_true(same(pld_exact_round(&s), (double)sum));
    for (int i = 0; i < N; i++)
        a[i] >>= 12;
    s = cleared();
    assert_ok_here(pld_exact_add_products(&s, PLD_I32, N / 2, a, 2, a, 1));
    assert_true(same(pld_exact_round(&s), (double)products));
}

/* --- Words ------------------------------------------------------------------
 */

TEST(equal_values_have_equal_words)
{
    pld_exact a = cleared();
    pld_exact b = cleared();
    fill(6);
    assert_ok_here(pld_exact_add(&a, PLD_F64, N, x, 1));
    assert_ok_here(pld_exact_add(&b, PLD_F64, N, x + N - 1, -1));
    int64_t words[2][PLD_EXACT_SUM_WORDS];
    assert_ok_here(pld_exact_pack(&a, PLD_EXACT_SUMS, words[0]));
    assert_ok_here(pld_exact_pack(&b, PLD_EXACT_SUMS, words[1]));
    assert_memory_equal(words[0], words[1], sizeof words[0]);
}

TEST(a_sum_goes_on_from_its_words)
{
    fill(8);
    pld_exact whole = cleared();
    pld_exact half = cleared();
    pld_exact resumed;
    int64_t words[PLD_EXACT_PRODUCT_WORDS];
    assert_ok_here(pld_exact_add_squares(&whole, PLD_F64, N, x, 1));
    assert_ok_here(pld_exact_add_squares(&half, PLD_F64, N / 2, x, 1));
    assert_ok_here(pld_exact_pack(&half, PLD_EXACT_PRODUCTS, words));
    assert_ok_here(pld_exact_unpack(words, PLD_EXACT_PRODUCTS, &resumed));
    assert_ok_here(
        pld_exact_add_squares(&resumed, PLD_F64, N / 2, x + N / 2, 1));
    assert_true(pld_exact_sqrt(&whole) == pld_exact_sqrt(&resumed));
}

TEST(specials_travel_in_words)
{
    static const double special[] = {INFINITY, -INFINITY, NAN, 1};
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) {
            int64_t words[2][PLD_EXACT_SUM_WORDS];
            for (int k = 0; k < 2; k++) {
                pld_exact a = cleared();
                assert_ok_here(
                    pld_exact_add(&a, PLD_F64, 1, &special[k ? j : i], 1));
                assert_ok_here(pld_exact_pack(&a, PLD_EXACT_SUMS, words[k]));
            }
            for (int w = 0; w < PLD_EXACT_SUM_WORDS; w++)
                words[0][w] += words[1][w];
            pld_exact sum;
            assert_ok_here(pld_exact_unpack(words[0], PLD_EXACT_SUMS, &sum));
            double wanted = special[i] + special[j];
            double got = pld_exact_round(&sum);
            assert_true(isnan(wanted) ? isnan(got) : got == wanted);
        }
}

TEST(windows_hold_values_like_the_last_one)
{
    fill(0);
    pld_exact sum = cleared();
    assert_ok_here(pld_exact_add(&sum, PLD_F64, N, x, 1));
    int first = pld_exact_window(&sum);
    int64_t words[PLD_EXACT_WINDOW_WORDS];
    pld_exact back;
    for (double scale = 0x1p-60; scale <= 0x1p40; scale *= 0x1p10) {
        pld_exact other = cleared();
        for (int i = 0; i < N; i++)
            y[i] = x[i] * scale;
        assert_ok_here(pld_exact_add(&other, PLD_F64, N, y, 1));
        pld_exact_pack_window(&other, first, words);
        assert_true(pld_exact_unpack_window(words, first, &back));
        assert_true(pld_exact_round(&back) == pld_exact_round(&other));
    }
}

TEST(windows_tell_what_they_miss)
{
    static const double far[] = {1e300, 1e-300, -1e100};
    pld_exact sum = cleared();
    assert_ok_here(pld_exact_add(&sum, PLD_F64, 1, &(double){1}, 1));
    int first = pld_exact_window(&sum);
    int64_t words[PLD_EXACT_WINDOW_WORDS];
    for (int i = 0; i < 3; i++) {
        pld_exact other = cleared();
        assert_ok_here(pld_exact_add(&other, PLD_F64, 1, &far[i], 1));
        pld_exact_pack_window(&other, first, words);
        assert_false(pld_exact_unpack_window(words, first, &sum));
    }
    assert_true(pld_exact_round(&sum) == 1);
}

TEST(windows_out_of_range_are_brought_in)
{
    pld_exact sum = cleared();
    pld_exact back;
    int64_t words[PLD_EXACT_WINDOW_WORDS];
    double tiny = 0x1p-1074;
    assert_ok_here(pld_exact_add_squares(&sum, PLD_F64, 1, &tiny, 1));
    pld_exact_pack_window(&sum, -99, words);
    assert_true(pld_exact_unpack_window(words, -99, &back));
    assert_true(pld_exact_sqrt(&back) == tiny);
    pld_exact_clear(&sum);
    pld_exact_pack_window(&sum, 1000, words);
    assert_true(pld_exact_unpack_window(words, 1000, &back));
    assert_true(same(pld_exact_round(&back), 0.0));
}

TEST(many_merges_do_not_overflow)
{
    pld_exact sum = cleared();
    assert_ok_here(pld_exact_add(&sum, PLD_F64, 1, &(double){-0.1}, 1));
    for (int i = 0; i < 60; i++) {
        pld_exact twin = sum;
        pld_exact_merge(&sum, &twin);
    }
    assert_true(pld_exact_round(&sum) == -0.1 * 0x1p60);
}

/* --- Statistics --------------------------------------------------------------
 */

TEST(statistics_of_too_few_are_not_numbers)
{
    pld_exact none = cleared();
    assert_true(isnan(pld_exact_mean(&none, 0)));
    assert_true(isnan(pld_exact_variance(&none, &none, 1, 1)));
    assert_true(isnan(pld_exact_deviation(&none, &none, 0, 0)));
    assert_true(same(pld_exact_variance(&none, &none, 1, 0), 0.0));
}

TEST(roots_of_negative_sums_are_not_numbers)
{
    pld_exact sum = cleared();
    assert_ok_here(pld_exact_add(&sum, PLD_F64, 1, &(double){-2}, 1));
    assert_true(isnan(pld_exact_sqrt(&sum)));
}

TEST(variance_survives_a_large_mean)
{
    pld_exact sum = cleared();
    pld_exact squares = cleared();
    for (int i = 0; i < N; i++)
        x[i] = 0x1p50 + i % 2;
    assert_ok_here(pld_exact_add(&sum, PLD_F64, N, x, 1));
    assert_ok_here(pld_exact_add_squares(&squares, PLD_F64, N, x, 1));
    assert_true(pld_exact_variance(&sum, &squares, N, 0) == 0.25);
    assert_true(pld_exact_deviation(&sum, &squares, N, 0) == 0.5);
    assert_true(pld_exact_mean(&sum, N) == 0x1p50 + 0.5);
}

TEST(norms_do_not_overflow_on_the_way)
{
    pld_exact squares = cleared();
    static const double big[] = {3e200, 4e200};
    static const double small[] = {3e-200, 4e-200};
    assert_ok_here(pld_exact_add_squares(&squares, PLD_F64, 2, big, 1));
    assert_true(pld_exact_round(&squares) == INFINITY);
    assert_true(fabs(pld_exact_sqrt(&squares) / 5e200 - 1) < 1e-15);
    pld_exact_clear(&squares);
    assert_ok_here(pld_exact_add_squares(&squares, PLD_F64, 2, small, 1));
    assert_true(pld_exact_round(&squares) == 0);
    assert_true(fabs(pld_exact_sqrt(&squares) / 5e-200 - 1) < 1e-15);
}

/* --- Mistakes ---------------------------------------------------------------
 */

TEST(mistakes_are_named)
{
    pld_exact sum = cleared();
    pld_exact_array array = {x, {0, 0, 1}};
    static const int64_t one[3] = {1, 1, 1};
    assert_fails(PLD_ERR_ARG, pld_exact_add(NULL, PLD_F64, 1, x, 1),
                 "sum is NULL");
    assert_fails(PLD_ERR_ARG, pld_exact_add(&sum, PLD_F64, -3, x, 1),
                 "count -3");
    assert_fails(PLD_ERR_ARG, pld_exact_add(&sum, PLD_F64, 3, NULL, 1),
                 "x is NULL");
    assert_fails(PLD_ERR_ARG,
                 pld_exact_add_products(&sum, PLD_F64, 3, x, 1, NULL, 1),
                 "y is NULL");
    assert_fails(PLD_ERR_TYPE, pld_exact_add(&sum, PLD_C128, 3, x, 1), "c128");
    assert_fails(PLD_ERR_TYPE, pld_exact_add_squares(&sum, 77, 3, x, 1),
                 "type ?");
    assert_fails(PLD_ERR_ARG,
                 pld_exact_add_box(&sum, 9, PLD_F64, one, array, array),
                 "term 9");
    assert_fails(
        PLD_ERR_ARG,
        pld_exact_add_box(&sum, PLD_EXACT_VALUE, PLD_F64, NULL, array, array),
        "count is NULL");
    assert_true(same(pld_exact_round(&sum), 0.0));
}

TEST(words_that_cannot_be_are_refused)
{
    pld_exact sum = cleared();
    int64_t words[PLD_EXACT_PRODUCT_WORDS] = {-1};
    assert_fails(PLD_ERR_CORRUPT, pld_exact_unpack(words, PLD_EXACT_SUMS, &sum),
                 "word 0 is -1");
    words[0] = 0;
    words[7] = INT64_MIN;
    assert_fails(PLD_ERR_CORRUPT, pld_exact_unpack(words, PLD_EXACT_SUMS, &sum),
                 "word 7");
    assert_fails(PLD_ERR_ARG, pld_exact_unpack(NULL, PLD_EXACT_SUMS, &sum),
                 "words is NULL");
    assert_fails(PLD_ERR_ARG, pld_exact_unpack(words, PLD_EXACT_SUMS, NULL),
                 "sum is NULL");
    assert_fails(PLD_ERR_ARG, pld_exact_pack(NULL, PLD_EXACT_SUMS, words),
                 "sum is NULL");
    assert_fails(PLD_ERR_ARG, pld_exact_pack(&sum, PLD_EXACT_SUMS, NULL),
                 "words is NULL");
}

TEST(products_do_not_fit_the_words_of_sums)
{
    pld_exact sum = cleared();
    int64_t words[PLD_EXACT_PRODUCT_WORDS];
    assert_ok_here(
        pld_exact_add_squares(&sum, PLD_F64, 1, &(double){1e-200}, 1));
    assert_fails(PLD_ERR_OVERFLOW, pld_exact_pack(&sum, PLD_EXACT_SUMS, words),
                 "PLD_EXACT_PRODUCTS");
    assert_ok_here(pld_exact_pack(&sum, PLD_EXACT_PRODUCTS, words));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_environment_chooses_the_kernels),
    cmocka_unit_test(kernels_of_no_name_are_not_there),
    cmocka_unit_test(strides_skip_elements),
    cmocka_unit_test(boxes_take_rows_between_ghosts),
    cmocka_unit_test(rows_of_any_length_are_added_whole),
    cmocka_unit_test(single_indices_and_single_rows_do),
    cmocka_unit_test(no_elements_add_nothing),
    cmocka_unit_test(floats_are_summed_exactly),
    cmocka_unit_test(integers_do_not_overflow),
    cmocka_unit_test(small_integers_are_summed_with_strides),
    cmocka_unit_test(equal_values_have_equal_words),
    cmocka_unit_test(a_sum_goes_on_from_its_words),
    cmocka_unit_test(specials_travel_in_words),
    cmocka_unit_test(windows_hold_values_like_the_last_one),
    cmocka_unit_test(windows_tell_what_they_miss),
    cmocka_unit_test(windows_out_of_range_are_brought_in),
    cmocka_unit_test(many_merges_do_not_overflow),
    cmocka_unit_test(statistics_of_too_few_are_not_numbers),
    cmocka_unit_test(roots_of_negative_sums_are_not_numbers),
    cmocka_unit_test(variance_survives_a_large_mean),
    cmocka_unit_test(norms_do_not_overflow_on_the_way),
    cmocka_unit_test(mistakes_are_named),
    cmocka_unit_test(words_that_cannot_be_are_refused),
    cmocka_unit_test(products_do_not_fit_the_words_of_sums)};

PLD_TEST_MAIN(tests)
