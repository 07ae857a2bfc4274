/* Reductions over arrays and ranks.
 * TEST: ranks=1,2,3,4,5,7
 * TEST: ranks=1,2,5 env=PLD_TRANSPORT=message
 * TEST: ranks=3 env=PLD_FAKE_NODES=2
 * TEST: ranks=18 */

#include "support/harness.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "par/message.h"
#include "par/reduce.h"
#include "polder/exact.h"
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

/* Not so for fast sums: which NaN survives an addition is up to the machine. */
TEST(nan_has_one_bit_pattern)
{
    uint64_t odd = UINT64_C(0xfff8000000001234) + (uint64_t)rank;
    uint32_t odd32 = 0xffc01234u + (uint32_t)rank;
    double in;
    float in32;
    memcpy(&in, &odd, sizeof in);
    memcpy(&in32, &odd32, sizeof in32);
    for (int op = PLD_SUM; op <= PLD_MAX; op++) {
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

TEST(sums_of_floats_are_rounded_once)
{
    enum { N = 1000 };
    static float in[N];
    pld_exact sum;
    pld_exact_clear(&sum);
    for (int i = 0; i < N; i++)
        in[i] = 0.1f;
    for (int r = 0; r < nranks; r++)
        assert_ok_here(pld_exact_add(&sum, PLD_F32, N, in, 1));
    float out = 0;
    assert_ok(pld_reduce_array(ctx, PLD_SUM, PLD_F32, in, N, &out));
    assert_all(out == (float)pld_exact_round(&sum));
}

/* 1 + 2^-24 is a tie that 2^-60 decides; a double has no room for both. */
TEST(floats_are_not_rounded_to_double_first)
{
    static const float signs[] = {1, -1};
    for (int s = 0; s < 2; s++) {
        float in[] = {signs[s], signs[s] * 0x1p-24f, signs[s] * 0x1p-60f};
        float more[] = {signs[s], signs[s] * 0x1.8p-23f, signs[s] * -0x1p-60f};
        int64_t n = rank == nranks - 1 ? 3 : 0;
        float out = 0;
        assert_ok(pld_reduce_array(ctx, PLD_SUM, PLD_F32, in, n, &out));
        assert_all(out == signs[s] * (1 + 0x1p-23f));
        assert_ok(pld_reduce_array(ctx, PLD_SUM, PLD_F32, more, n, &out));
        assert_all(out == signs[s] * (1 + 0x1p-23f));
    }
}

/* What rank `r` adds to element i: tiny, huge and ordinary in turn. */
static double hard(int r, int i)
{
    static const double scale[] = {1,      1e17, 0x1p-1070, 1e300,
                                   1e-200, 0.1,  1e8,       0x1p-30};
    double sign = (r + i) % 2 == 0 ? 1 : -1;
    return sign * scale[(r * 3 + i) % 8] * (1 + 0.37 * i + 0.11 * r);
}

static double hard_sum(int i)
{
    pld_exact sum;
    pld_exact_clear(&sum);
    for (int r = 0; r < nranks; r++) {
        double x = hard(r, i);
        assert_ok_here(pld_exact_add(&sum, PLD_F64, 1, &x, 1));
    }
    return pld_exact_round(&sum);
}

TEST(elementwise_sums_are_exact_however_long)
{
    enum { MANY = 3000 };
    static const int counts[] = {1, 5, 16, 17, 300, MANY};
    static double in[MANY];
    static double out[MANY];
    for (int c = 0; c < 6; c++) {
        for (int i = 0; i < counts[c]; i++)
            in[i] = hard(rank, i);
        assert_ok(pld_reduce(ctx, PLD_SUM, PLD_F64, in, counts[c], out));
        bool good = true;
        for (int i = 0; i < counts[c]; i++)
            good = good && same_bits(out[i], hard_sum(i));
        assert_all(good);
    }
}

TEST(elementwise_sums_of_floats_are_exact)
{
    enum { N = 100 };
    float in[N];
    float out[N];
    for (int i = 0; i < N; i++)
        in[i] = rank == 0 ? 1 : rank == 1 ? 0x1p-24f : 0x1p-60f;
    assert_ok(pld_reduce(ctx, PLD_SUM, PLD_F32, in, N, out));
    bool good = true;
    for (int i = 0; i < N; i++)
        good = good && out[i] == (nranks > 2 ? 1 + 0x1p-23f : 1);
    assert_all(good);
}

TEST(elementwise_sums_know_the_special_values)
{
    enum { N = 20 };
    double in[N];
    double out[N];
    for (int i = 0; i < N; i++)
        in[i] = i % 5 == 0   ? (double)NAN
                : i % 5 == 1 ? (double)INFINITY
                : i % 5 == 2 ? -0.0
                : i % 5 == 3 ? DBL_MAX * (rank % 2 == 0 ? 1 : -1)
                             : (rank % 2 == 0 ? 1 : -1) * (double)INFINITY;
    assert_ok(pld_reduce(ctx, PLD_SUM, PLD_F64, in, N, out));
    for (int i = 0; i < N; i += 5) {
        assert_all(same_bits(out[i], (double)NAN));
        assert_all(out[i + 1] == (double)INFINITY);
        assert_all(same_bits(out[i + 2], 0.0));
        assert_all(out[i + 3] == (nranks % 2 == 0 ? 0.0 : DBL_MAX));
        assert_all(nranks == 1 || isnan(out[i + 4]));
    }
}

TEST(fast_sums_add_up)
{
    double in[] = {0.5, 0.25, 8};
    double out[3];
    assert_ok(pld_reduce(ctx, PLD_FAST_SUM, PLD_F64, in, 3, out));
    assert_all(out[0] == 0.5 * nranks && out[1] == 0.25 * nranks);
    assert_ok(pld_reduce_array(ctx, PLD_FAST_SUM, PLD_F64, in, 3, out));
    assert_all(out[0] == 8.75 * nranks);
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
                 "op 4 is not PLD_SUM, PLD_MIN, PLD_MAX or PLD_FAST_SUM");
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

TEST(disagreement_is_noticed)
{
    static double x[4000];
    if (nranks == 1)
        return;
    assert_fails(PLD_ERR_MISMATCH,
                 pld_reduce(ctx, PLD_SUM, PLD_F64, x, rank == 1 ? 2 : 1, x),
                 "calls for another operation");
    assert_fails(
        PLD_ERR_MISMATCH,
        pld_reduce(ctx, PLD_SUM, rank == 0 ? PLD_F64 : PLD_I64, x, 9, x),
        "calls for another operation");
    assert_fails(PLD_ERR_MISMATCH,
                 pld_reduce(ctx, PLD_MIN, PLD_F64, x, rank == 1 ? 4000 : 3, x),
                 "calls for another operation");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(doubles_are_combined_elementwise),
    cmocka_unit_test(every_type_is_summed),
    cmocka_unit_test(integers_are_ordered_with_their_sign),
    cmocka_unit_test(integer_sums_wrap),
    cmocka_unit_test(counts_beyond_the_limit_go_in_pieces),
    cmocka_unit_test(nan_anywhere_gives_nan),
    cmocka_unit_test(nan_has_one_bit_pattern),
    cmocka_unit_test(minus_zero_is_below_plus_zero),
    cmocka_unit_test(empty_ranks_take_part),
    cmocka_unit_test(nothing_at_all_has_a_result),
    cmocka_unit_test(sums_of_floats_are_rounded_once),
    cmocka_unit_test(floats_are_not_rounded_to_double_first),
    cmocka_unit_test(elementwise_sums_are_exact_however_long),
    cmocka_unit_test(elementwise_sums_of_floats_are_exact),
    cmocka_unit_test(elementwise_sums_know_the_special_values),
    cmocka_unit_test(fast_sums_add_up),
    cmocka_unit_test(reductions_are_timed),
    cmocka_unit_test(unknown_kinds_are_refused),
    cmocka_unit_test(bad_arrays_are_refused),
    cmocka_unit_test(disagreement_is_noticed)};

PLD_TEST_MAIN(tests)
