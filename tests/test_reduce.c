/* Reductions over arrays and ranks.
 * TEST: ranks=1,2,3,4,7 */

#include "support/harness.h"

#include <math.h>
#include <string.h>

#include "par/message.h"
#include "par/reduce.h"
#include "polder/timer.h"

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static bool same_bits_f32(float a, float b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static int64_t sum_of_ranks(void)
{
    return (int64_t)nranks * (nranks - 1) / 2;
}

/* Whether x[i] is offset + factor * i. */
static bool is_line(const double *x, int n, double offset, double factor)
{
    for (int i = 0; i < n; i++)
        if (x[i] != offset + factor * i)
            return false;
    return true;
}

TEST(doubles_are_combined_elementwise)
{
    double in[5];
    double out[5];
    for (int i = 0; i < 5; i++)
        in[i] = 10 * i + rank;
    assert_ok(pld_reduce(ctx, PLD_SUM, PLD_F64, in, 5, out));
    assert_all(is_line(out, 5, (double)sum_of_ranks(), 10.0 * nranks));
    assert_ok(pld_reduce(ctx, PLD_MIN, PLD_F64, in, 5, out));
    assert_all(is_line(out, 5, 0, 10));
    assert_ok(pld_reduce(ctx, PLD_MAX, PLD_F64, in, 5, out));
    assert_all(is_line(out, 5, nranks - 1, 10));
}

TEST(every_type_is_summed)
{
    float f32 = (float)rank + 0.5f;
    int64_t i64 = rank - (INT64_C(1) << 40);
    int32_t i32 = -rank;
    double c128[2] = {rank, -2.0 * rank};
    assert_ok(pld_reduce(ctx, PLD_SUM, PLD_F32, &f32, 1, &f32));
    assert_ok(pld_reduce(ctx, PLD_SUM, PLD_I64, &i64, 1, &i64));
    assert_ok(pld_reduce(ctx, PLD_SUM, PLD_I32, &i32, 1, &i32));
    assert_ok(pld_reduce(ctx, PLD_SUM, PLD_C128, c128, 1, c128));
    assert_all(f32 == (float)sum_of_ranks() + 0.5f * (float)nranks);
    assert_all_equal(i64, sum_of_ranks() - nranks * (INT64_C(1) << 40));
    assert_all_equal(i32, -sum_of_ranks());
    assert_all(c128[0] == (double)sum_of_ranks());
    assert_all(c128[1] == (double)(-2 * sum_of_ranks()));
}

TEST(integers_are_ordered_with_their_sign)
{
    int64_t i64[2] = {-1 - rank, INT64_MAX - rank};
    int32_t i32[2] = {-1 - rank, INT32_MIN + rank};
    int64_t out64[2];
    int32_t out32[2];
    assert_ok(pld_reduce(ctx, PLD_MIN, PLD_I64, i64, 2, out64));
    assert_all_equal(out64[0], -nranks);
    assert_all_equal(out64[1], INT64_MAX - (nranks - 1));
    assert_ok(pld_reduce(ctx, PLD_MAX, PLD_I32, i32, 2, out32));
    assert_all_equal(out32[0], -1);
    assert_all_equal(out32[1], INT32_MIN + nranks - 1);
}

TEST(integer_sums_wrap)
{
    int64_t i64 = rank == 0 ? INT64_MAX : 1;
    int32_t i32 = rank == 0 ? INT32_MAX : 1;
    assert_ok(pld_reduce(ctx, PLD_SUM, PLD_I64, &i64, 1, &i64));
    assert_ok(pld_reduce(ctx, PLD_SUM, PLD_I32, &i32, 1, &i32));
    assert_all(i64 == (int64_t)((uint64_t)INT64_MAX + (uint64_t)(nranks - 1)));
    assert_all(i32 == (int32_t)((uint32_t)INT32_MAX + (uint32_t)(nranks - 1)));

    int32_t pair[2] = {INT32_MAX, 1};
    assert_ok(
        pld_reduce_array(ctx, PLD_SUM, PLD_I32, pair, rank == 0 ? 2 : 0, &i32));
    assert_all_equal(i32, INT32_MIN);
}

TEST(counts_beyond_the_limit_go_in_pieces)
{
    static const int64_t limits[] = {1, 24, 64};
    for (int l = 0; l < 3; l++)
        for (int count = 0; count < 10; count++) {
            double in[20];
            double out[20] = {0};
            for (int i = 0; i < 20; i++)
                in[i] = i;
            pld_message_set_limit(limits[l]);
            assert_ok(pld_reduce(ctx, PLD_SUM, PLD_C128, in, count, out));
            assert_all(is_line(out, 2 * count, 0, nranks));
            assert_all(is_line(out + 2 * count, 20 - 2 * count, 0, 0));
            assert_ok(pld_reduce(ctx, PLD_MAX, PLD_F64, in, count, in));
            assert_all(is_line(in, 20, 0, 1));
        }
    pld_message_set_limit(0);
}

TEST(nan_anywhere_gives_nan)
{
    for (int culprit = 0; culprit < nranks; culprit++)
        for (int op = PLD_SUM; op < PLD_OP_COUNT; op++) {
            double out = 0;
            double in = rank == culprit ? (double)NAN : rank;
            assert_ok(pld_reduce_f64(ctx, op, in, &out));
            assert_all(isnan(out));
            float out32 = 0;
            float in32[3] = {1, rank == culprit ? NAN : 2, 3};
            assert_ok(pld_reduce_array(ctx, op, PLD_F32, in32, 3, &out32));
            assert_all(isnan(out32));
        }
}

/* Not so for sums: which NaN survives an addition is up to the machine. */
TEST(least_and_greatest_nan_has_one_bit_pattern)
{
    uint64_t odd = UINT64_C(0xfff8000000001234) + (uint64_t)rank;
    uint32_t odd32 = 0xffc01234u + (uint32_t)rank;
    double in;
    float in32;
    memcpy(&in, &odd, sizeof in);
    memcpy(&in32, &odd32, sizeof in32);
    for (int op = PLD_MIN; op <= PLD_MAX; op++) {
        double out = 0;
        float out32 = 0;
        assert_ok(pld_reduce_f64(ctx, op, in, &out));
        assert_all(same_bits(out, (double)NAN));
        assert_ok(pld_reduce(ctx, op, PLD_F32, &in32, 1, &out32));
        assert_all(same_bits_f32(out32, NAN));
        assert_ok(pld_reduce_array(ctx, op, PLD_F32, &in32, 1, &out32));
        assert_all(same_bits_f32(out32, NAN));
    }
}

TEST(minus_zero_is_below_plus_zero)
{
    for (int culprit = 0; culprit < nranks && nranks > 1; culprit++) {
        double out = 1;
        assert_ok(
            pld_reduce_f64(ctx, PLD_MIN, rank == culprit ? -0.0 : 0.0, &out));
        assert_all(same_bits(out, -0.0));
        assert_ok(
            pld_reduce_f64(ctx, PLD_MAX, rank == culprit ? 0.0 : -0.0, &out));
        assert_all(same_bits(out, 0.0));
    }
    double both[] = {0.0, -0.0, 0.0};
    double out = 1;
    assert_ok(pld_reduce_array(ctx, PLD_MIN, PLD_F64, both, 3, &out));
    assert_all(same_bits(out, -0.0));
    assert_ok(pld_reduce_array(ctx, PLD_MAX, PLD_F64, both, 3, &out));
    assert_all(same_bits(out, 0.0));
}

TEST(empty_ranks_take_part)
{
    double in[] = {3, -4, 5};
    double out = 0;
    int64_t count = rank == nranks - 1 ? 3 : 0;
    const double *mine = count > 0 ? in : NULL;
    assert_ok(pld_reduce_array(ctx, PLD_SUM, PLD_F64, mine, count, &out));
    assert_all(out == 4);
    assert_ok(pld_reduce_array(ctx, PLD_MIN, PLD_F64, mine, count, &out));
    assert_all(out == -4);
    assert_ok(pld_reduce_array(ctx, PLD_MAX, PLD_F64, mine, count, &out));
    assert_all(out == 5);
}

/* Reduce nothing at all. */
static void reduce_nothing(pld_op op, pld_type type, void *out)
{
    assert_ok(pld_reduce_array(ctx, op, type, NULL, 0, out));
}

TEST(nothing_at_all_has_a_result)
{
    double f64 = 1;
    float f32 = 1;
    int64_t i64 = 1;
    int32_t i32 = 1;
    double c128[2] = {1, 1};
    reduce_nothing(PLD_MIN, PLD_F64, &f64);
    assert_all(f64 == (double)INFINITY);
    reduce_nothing(PLD_MAX, PLD_F32, &f32);
    assert_all(f32 == -INFINITY);
    reduce_nothing(PLD_MIN, PLD_I64, &i64);
    assert_all(i64 == INT64_MAX);
    reduce_nothing(PLD_MAX, PLD_I64, &i64);
    assert_all(i64 == INT64_MIN);
    reduce_nothing(PLD_MIN, PLD_I32, &i32);
    assert_all(i32 == INT32_MAX);
    reduce_nothing(PLD_MAX, PLD_I32, &i32);
    assert_all(i32 == INT32_MIN);
    reduce_nothing(PLD_SUM, PLD_I32, &i32);
    assert_all(i32 == 0);
    reduce_nothing(PLD_SUM, PLD_C128, c128);
    assert_all(c128[0] == 0 && c128[1] == 0);
}

TEST(single_precision_sums_are_rounded_once)
{
    enum { N = 100000 };
    static float in[N];
    double sum = 0;
    for (int i = 0; i < N; i++)
        in[i] = 0.1f;
    for (int i = 0; i < N; i++)
        sum += (double)0.1f;
    float out = 0;
    assert_ok(pld_reduce_array(ctx, PLD_SUM, PLD_F32, in, N, &out));
    assert_all(fabs((double)out - sum * nranks) < 6e-8 * sum * nranks);
}

TEST(strided_pieces_accumulate)
{
    int32_t in[] = {5, 100, 6, 100, 7, 100};
    int32_t out = 0;
    struct pld_accumulator acc;
    assert_ok(pld_accumulator_start(&acc, PLD_SUM, PLD_I32));
    pld_accumulator_add(&acc, in, 2, 8);
    pld_accumulator_add(&acc, in + 4, 1, 8);
    assert_ok(pld_accumulator_finish(ctx, &acc, &out));
    assert_all_equal(out, 18 * nranks);
}

TEST(reductions_are_timed)
{
    int64_t calls = pld_timer_calls(ctx, "reduce");
    double out = 0;
    assert_ok(pld_reduce_f64(ctx, PLD_SUM, 1, &out));
    assert_ok(pld_reduce_array(ctx, PLD_SUM, PLD_F64, &out, 1, &out));
    assert_all_equal(pld_timer_calls(ctx, "reduce"), calls + 2);
}

TEST(unknown_kinds_are_refused)
{
    double x = 1;
    assert_fails(PLD_ERR_ARG, pld_reduce_f64(ctx, PLD_OP_COUNT, x, &x),
                 "op 3 is not PLD_SUM, PLD_MIN or PLD_MAX");
    assert_fails(PLD_ERR_TYPE,
                 pld_reduce(ctx, PLD_SUM, PLD_TYPE_COUNT, &x, 1, &x),
                 "type 5 is not an element type");
    assert_fails(PLD_ERR_TYPE,
                 pld_reduce_array(ctx, PLD_MIN, PLD_C128, &x, 0, &x),
                 "c128 has no minimum or maximum");
}

TEST(bad_arrays_are_refused)
{
    double x[4] = {0};
    assert_fails(PLD_ERR_ARG, pld_reduce_f64(NULL, PLD_SUM, 1, x),
                 "ctx is NULL");
    assert_fails(PLD_ERR_ARG, pld_reduce_f64(ctx, PLD_SUM, 1, NULL),
                 "out is NULL");
    assert_fails(PLD_ERR_ARG, pld_reduce(ctx, PLD_SUM, PLD_F64, x, -1, x),
                 "count -1 is negative");
    assert_fails(PLD_ERR_ARG, pld_reduce(ctx, PLD_SUM, PLD_F64, NULL, 2, x),
                 "in is NULL, but count is 2");
    assert_fails(PLD_ERR_ARG, pld_reduce(ctx, PLD_SUM, PLD_F64, x, 2, NULL),
                 "out is NULL, but count is 2");
    assert_fails(PLD_ERR_OVERFLOW,
                 pld_reduce(ctx, PLD_SUM, PLD_F64, x, INT64_MAX / 4, x),
                 "count 2305843009213693951 is too large");
    assert_fails(PLD_ERR_ARG, pld_reduce(ctx, PLD_SUM, PLD_F64, x, 3, x + 1),
                 "in and out overlap");
    assert_fails(PLD_ERR_ARG,
                 pld_reduce_array(ctx, PLD_SUM, PLD_F64, NULL, 2, x),
                 "in is NULL, but count is 2");
}

TEST(disagreement_is_noticed_in_debug_builds)
{
#ifdef PLD_DEBUG
    if (nranks == 1)
        return;
    double x[2] = {0};
    assert_fails(PLD_ERR_MISMATCH,
                 pld_reduce(ctx, PLD_SUM, PLD_F64, x, rank == 1 ? 2 : 1, x),
                 "rank 1: op, type or count of a reduction differs");
#else
    print_message("needs a debug build\n");
    skip();
#endif
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(doubles_are_combined_elementwise),
    cmocka_unit_test(every_type_is_summed),
    cmocka_unit_test(integers_are_ordered_with_their_sign),
    cmocka_unit_test(integer_sums_wrap),
    cmocka_unit_test(counts_beyond_the_limit_go_in_pieces),
    cmocka_unit_test(nan_anywhere_gives_nan),
    cmocka_unit_test(least_and_greatest_nan_has_one_bit_pattern),
    cmocka_unit_test(minus_zero_is_below_plus_zero),
    cmocka_unit_test(empty_ranks_take_part),
    cmocka_unit_test(nothing_at_all_has_a_result),
    cmocka_unit_test(single_precision_sums_are_rounded_once),
    cmocka_unit_test(strided_pieces_accumulate),
    cmocka_unit_test(reductions_are_timed),
    cmocka_unit_test(unknown_kinds_are_refused),
    cmocka_unit_test(bad_arrays_are_refused),
    cmocka_unit_test(disagreement_is_noticed_in_debug_builds)};

PLD_TEST_MAIN(tests)
