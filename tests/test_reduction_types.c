/* Reductions of all element types, boxes, records; prefix sums and quantiles.
 * TEST: ranks=1,2,3,4,5,7
 * TEST: ranks=1,2,5 env=PLD_TRANSPORT=message */

#include "support/harness.h"

#include "polder/exact.h"
#include "polder/random.h"
#include "polder/reduction.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 500 };

static double f64[N];
static float f32[N];
static int64_t i64[N];
static int32_t i32[N];
static double c128[N][2];

static void make_data(void)
{
    const pld_random random = {.seed = 3, .stream = 1};
    for (int i = 0; i < N; i++) {
        f64[i] = pld_random_normal(random, (uint64_t)i);
        f32[i] = (float)(f64[i] * exp(0.05 * (i % 100)));
        i64[i] = (int64_t)(f64[i] * 1e18);
        i32[i] = (int32_t)(f64[i] * 1e8);
        c128[i][0] = f64[i] * 1e10;
        c128[i][1] = -f64[N - 1 - i];
    }
}

/* This rank's elements: a block, or every nranks-th. */
static pld_term part_of(pld_measure what, const void *all, pld_type type,
                        bool cyclic, void *out)
{
    int64_t size = (int64_t)pld_type_size(type);
    int64_t first = cyclic ? rank : rank * (int64_t)N / nranks;
    int64_t n = cyclic ? (N - rank + nranks - 1) / nranks
                       : (rank + 1) * (int64_t)N / nranks - first;
    return (pld_term){.what = what,
                      .type = type,
                      .box = {.first = {0, 0, first}, .count = {1, 1, n}},
                      .x = {.data = (const char *)all + first * size,
                            .stride = {0, 0, cyclic ? nranks : 1}},
                      .out = out};
}

static void reduce(pld_measure what, const void *all, pld_type type,
                   bool cyclic, void *out)
{
    pld_term term = part_of(what, all, type, cyclic, out);
    term.y = term.x;
    assert_ok(pld_reduction_once(ctx, 1, &term));
}

static bool same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static bool same_f32(float a, float b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/* To the nearest float, where a double in between does no harm. */
static float nearest_float(const pld_exact *sum)
{
    return (float)pld_exact_round(sum);
}

TEST(floats_are_reduced_exactly)
{
    make_data();
    pld_exact sum;
    pld_exact squares;
    pld_exact_clear(&sum);
    pld_exact_clear(&squares);
    assert_ok_here(pld_exact_add(&sum, PLD_F32, N, f32, 1));
    assert_ok_here(pld_exact_add_squares(&squares, PLD_F32, N, f32, 1));
    for (int cyclic = 0; cyclic < 2; cyclic++) {
        float s = 0;
        float d = 0;
        double norm = 0;
        double variance = 0;
        reduce(PLD_MEASURE_SUM, f32, PLD_F32, cyclic, &s);
        reduce(PLD_MEASURE_DOT, f32, PLD_F32, cyclic, &d);
        reduce(PLD_MEASURE_NORM2, f32, PLD_F32, cyclic, &norm);
        reduce(PLD_MEASURE_VARIANCE, f32, PLD_F32, cyclic, &variance);
        assert_all(same_f32(s, nearest_float(&sum)));
        assert_all(same_f32(d, nearest_float(&squares)));
        assert_all(same(norm, pld_exact_sqrt(&squares)));
        assert_all(same(variance, pld_exact_variance(&sum, &squares, N, 1)));
    }
}

TEST(integers_wrap_and_their_statistics_do_not)
{
    make_data();
    uint64_t sum = 0;
    uint64_t dot = 0;
    pld_exact exact;
    pld_exact_clear(&exact);
    assert_ok_here(pld_exact_add(&exact, PLD_I64, N, i64, 1));
    for (int i = 0; i < N; i++) {
        sum += (uint64_t)i64[i];
        dot += (uint64_t)i64[i] * (uint64_t)i64[i];
    }
    for (int cyclic = 0; cyclic < 2; cyclic++) {
        int64_t s = 0;
        int64_t d = 0;
        double mean = 0;
        reduce(PLD_MEASURE_SUM, i64, PLD_I64, cyclic, &s);
        reduce(PLD_MEASURE_DOT, i64, PLD_I64, cyclic, &d);
        reduce(PLD_MEASURE_MEAN, i64, PLD_I64, cyclic, &mean);
        assert_all_equal(s, (int64_t)sum);
        assert_all_equal(d, (int64_t)dot);
        assert_all(same(mean, pld_exact_mean(&exact, N)));
    }
}

TEST(small_integers_have_extremes_and_norms)
{
    make_data();
    int32_t low = i32[0];
    int32_t high = i32[0];
    int64_t norm1 = 0;
    for (int i = 0; i < N; i++) {
        low = i32[i] < low ? i32[i] : low;
        high = i32[i] > high ? i32[i] : high;
        norm1 += llabs((long long)i32[i]);
    }
    int32_t found[2] = {0, 0};
    double norms[2] = {0, 0};
    reduce(PLD_MEASURE_MIN, i32, PLD_I32, true, &found[0]);
    reduce(PLD_MEASURE_MAX, i32, PLD_I32, true, &found[1]);
    reduce(PLD_MEASURE_NORM1, i32, PLD_I32, true, &norms[0]);
    reduce(PLD_MEASURE_NORMMAX, i32, PLD_I32, true, &norms[1]);
    assert_all(found[0] == low && found[1] == high);
    assert_all(norms[0] == (double)norm1);
    assert_all(norms[1] == fmax(-(double)low, high));
}

/* conj(x) x is real; conj(x) y with y = i x is i |x|^2. */
TEST(complex_numbers_are_reduced_by_parts)
{
    make_data();
    static double turned[N][2];
    pld_exact sums[2];
    pld_exact squares;
    pld_exact_clear(&squares);
    for (int part = 0; part < 2; part++) {
        pld_exact_clear(&sums[part]);
        assert_ok_here(
            pld_exact_add(&sums[part], PLD_F64, N, &c128[0][part], 2));
        assert_ok_here(
            pld_exact_add_squares(&squares, PLD_F64, N, &c128[0][part], 2));
    }
    for (int i = 0; i < N; i++) {
        turned[i][0] = -c128[i][1];
        turned[i][1] = c128[i][0];
    }
    for (int cyclic = 0; cyclic < 2; cyclic++) {
        double s[2], d[2], mean[2], norm, turn[2];
        reduce(PLD_MEASURE_SUM, c128, PLD_C128, cyclic, s);
        reduce(PLD_MEASURE_DOT, c128, PLD_C128, cyclic, d);
        reduce(PLD_MEASURE_MEAN, c128, PLD_C128, cyclic, mean);
        reduce(PLD_MEASURE_NORM2, c128, PLD_C128, cyclic, &norm);
        assert_all(same(s[0], pld_exact_round(&sums[0])));
        assert_all(same(s[1], pld_exact_round(&sums[1])));
        assert_all(same(d[0], pld_exact_round(&squares)) && same(d[1], 0));
        assert_all(same(mean[1], pld_exact_mean(&sums[1], N)));
        assert_all(same(norm, pld_exact_sqrt(&squares)));
        pld_term term = part_of(PLD_MEASURE_DOT, c128, PLD_C128, cyclic, turn);
        term.y = part_of(PLD_MEASURE_DOT, turned, PLD_C128, cyclic, NULL).x;
        assert_ok(pld_reduction_once(ctx, 1, &term));
        assert_all(same(turn[0], 0) && same(turn[1], d[0]));
    }
}

TEST(fast_measures_are_close_and_mix_with_exact_ones)
{
    make_data();
    double fast[4] = {0};
    double slow[4] = {0};
    double complex[2][2];
    static const pld_measure what[] = {PLD_MEASURE_SUM, PLD_MEASURE_DOT,
                                       PLD_MEASURE_NORM1, PLD_MEASURE_NORM2};
    pld_term terms[10];
    for (int i = 0; i < 8; i++) {
        terms[i] = part_of(what[i / 2], f64, PLD_F64, i / 2 % 2,
                           i % 2 ? &fast[i / 2] : &slow[i / 2]);
        terms[i].y = terms[i].x;
        terms[i].flags = i % 2 ? PLD_FAST : 0;
    }
    for (int i = 0; i < 2; i++) {
        terms[8 + i] = part_of(PLD_MEASURE_DOT, c128, PLD_C128, i, complex[i]);
        terms[8 + i].y = terms[8 + i].x;
        terms[8 + i].flags = i ? PLD_FAST : 0;
    }
    assert_ok(pld_reduction_once(ctx, 10, terms));
    for (int i = 0; i < 4; i++)
        assert_all(fabs(fast[i] - slow[i]) <= 1e-11 * fabs(slow[i]) + 1e-12);
    assert_all(fabs(complex[1][0] / complex[0][0] - 1) < 1e-12);
    assert_ok(pld_reduction_once(ctx, 1, &terms[1]));
    assert_all(fabs(fast[0] - slow[0]) < 1e-11);
}

/* --- Boxes -----------------------------------------------------------------
 */

/* Rank r owns plane k = r of a 3-D array, in a padded box with strides. */
TEST(boxes_have_strides_and_global_places)
{
    enum { NY = 3, NX = 4, ROW = 7, PLANE = 40 };
    double memory[PLANE];
    for (int i = 0; i < PLANE; i++)
        memory[i] = 1e300;
    double *first = memory + ROW + 2;
    for (int j = 0; j < NY; j++)
        for (int i = 0; i < NX; i++)
            first[j * ROW + i] = (j + i) % 2 == 0 ? 5 : 100 * rank + 10 * j + i;
    double sum = 0;
    double least = 0;
    int64_t where[3] = {0};
    pld_term term = {.type = PLD_F64,
                     .box = {.first = {rank, 10, 20}, .count = {1, NY, NX}},
                     .x = {.data = first, .stride = {PLANE, ROW, 1}},
                     .out = &sum};
    pld_term terms[] = {term, term};
    terms[1].what = PLD_MEASURE_MIN;
    terms[1].out = &least;
    terms[1].where = where;
    assert_ok(pld_reduction_once(ctx, 2, terms));
    assert_all(sum == 100 * nranks + 300 * nranks * (nranks - 1));
    assert_all(least == 1);
    assert_all(where[0] == 0 && where[1] == 10 && where[2] == 21);
}

TEST(lowest_of_equal_places_wins)
{
    double same_everywhere[3] = {4, 4, 4};
    double value = 0;
    int64_t where[3] = {9, 9, 9};
    pld_term term =
        pld_term_of(PLD_MEASURE_MAX, PLD_F64, 3, same_everywhere, &value);
    term.box.first[2] = 3 * (nranks - 1 - rank);
    term.where = where;
    assert_ok(pld_reduction_once(ctx, 1, &term));
    assert_all(value == 4 && where[0] == 0 && where[1] == 0 && where[2] == 0);
}

TEST(nothing_at_all_has_measures)
{
    double sum = 9, mean = 9, least = 9, most = 9, norm = 9;
    bool any = true, all = false;
    int64_t where[3] = {0, 0, 0};
    pld_term terms[] = {
        pld_term_of(PLD_MEASURE_SUM, PLD_F64, 0, NULL, &sum),
        pld_term_of(PLD_MEASURE_MEAN, PLD_F64, 0, NULL, &mean),
        pld_term_of(PLD_MEASURE_MIN, PLD_F64, 0, NULL, &least),
        pld_term_of(PLD_MEASURE_MAX, PLD_F64, 0, NULL, &most),
        pld_term_of(PLD_MEASURE_NORMMAX, PLD_F64, 0, NULL, &norm),
        pld_term_of(PLD_MEASURE_ANY, PLD_F64, 0, NULL, &any),
        pld_term_of(PLD_MEASURE_ALL, PLD_F64, 0, NULL, &all)};
    terms[2].where = where;
    assert_ok(pld_reduction_once(ctx, 7, terms));
    assert_all(sum == 0 && isnan(mean) && norm == 0 && !any && all);
    assert_all(least == (double)INFINITY && most == -(double)INFINITY);
    assert_all(where[0] == -1 && where[1] == -1 && where[2] == -1);
}

/* --- Records ---------------------------------------------------------------
 */

/* Neither associative nor commutative: only one order gives this. */
static void chain(const void *in, void *inout, void *data)
{
    double *to = inout;
    ++*(int *)data;
    *to = *to / 3 + *(const double *)in;
}

TEST(records_are_combined_in_the_order_of_ranks)
{
    double mine[2] = {rank + 1.5, rank};
    double expected = 1.5;
    double out[2] = {0, 0};
    double sum = 0;
    int calls = 0;
    for (int r = 1; r < nranks; r++)
        expected = expected / 3 + (r + 1.5);
    pld_term terms[] = {
        {.what = PLD_MEASURE_CUSTOM,
         .x = {.data = &mine[0]},
         .bytes = sizeof mine[0],
         .combine = chain,
         .data = &calls,
         .out = &out[0]},
        pld_term_of(PLD_MEASURE_SUM, PLD_F64, 1, &mine[1], &sum),
        {.what = PLD_MEASURE_CUSTOM,
         .x = {.data = &mine[1]},
         .bytes = sizeof mine[1],
         .combine = chain,
         .data = &calls,
         .out = &out[1]}};
    assert_ok(pld_reduction_once(ctx, 3, terms));
    assert_all(same(out[0], expected));
    assert_all(sum == nranks * (nranks - 1) / 2);
    assert_all_equal(calls, 2 * (nranks - 1));
    assert_ok(pld_reduction_once(ctx, 1, &terms[0]));
    assert_all(same(out[0], expected));
}

/* --- Prefix sums -----------------------------------------------------------
 */

TEST(prefix_sums_are_those_of_the_whole_array)
{
    make_data();
    pld_exact sum;
    double expected[N];
    double found[N];
    pld_exact_clear(&sum);
    for (int i = 0; i < N; i++) {
        expected[i] = pld_exact_round(&sum);
        assert_ok_here(pld_exact_add(&sum, PLD_F64, 1, &f64[i], 1));
    }
    for (int share = 0; share < 2; share++) {
        int64_t first = share ? rank * (int64_t)N / nranks : 0;
        int64_t end = share ? (rank + 1) * (int64_t)N / nranks
                            : (rank == nranks / 2 ? N : 0);
        int64_t n = end - first;
        memcpy(found, f64 + first, (size_t)n * sizeof *f64);
        assert_ok(pld_prefix(ctx, PLD_F64, found, n, found));
        assert_all(memcmp(found, expected + first, (size_t)n * sizeof *found) ==
                   0);
    }
}

TEST(prefix_sums_of_all_types_start_at_zero)
{
    int64_t whole = rank + 1;
    int32_t narrow = INT32_MAX;
    float single = 0.5f;
    double complex[2] = {rank, 1};
    assert_ok(pld_prefix(ctx, PLD_I64, &whole, 1, &whole));
    assert_ok(pld_prefix(ctx, PLD_I32, &narrow, 1, &narrow));
    assert_ok(pld_prefix(ctx, PLD_F32, &single, 1, &single));
    assert_ok(pld_prefix(ctx, PLD_C128, complex, 1, complex));
    assert_all_equal(whole, (int64_t)rank * (rank + 1) / 2);
    assert_all_equal(narrow, (int32_t)((uint32_t)rank * (uint32_t)INT32_MAX));
    assert_all(single == 0.5f * (float)rank);
    assert_all(complex[0] == rank * (rank - 1) / 2 && complex[1] == rank);
}

/* --- Quantiles -------------------------------------------------------------
 */

enum { NFRACTIONS = 7 };
static const double fractions[NFRACTIONS] = {0, 0.5, 1, 0.25, 0.001, 0.9, 0.5};

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Element number max(1, ceil(f N)) of the sorted ones. */
static void expect_quantiles(double sorted[N], double out[NFRACTIONS])
{
    qsort(sorted, N, sizeof *sorted, compare);
    for (int q = 0; q < NFRACTIONS; q++) {
        int64_t place = (int64_t)ceil(fractions[q] * N);
        out[q] = sorted[place < 1 ? 0 : place - 1];
    }
}

static void select_quantiles(const void *all, pld_type type, void *out)
{
    pld_term term = part_of(PLD_MEASURE_SUM, all, type, true, NULL);
    assert_ok(
        pld_quantiles(ctx, type, term.box, term.x, NFRACTIONS, fractions, out));
}

TEST(quantiles_are_elements_of_the_sorted_array)
{
    make_data();
    double sorted[N];
    double expected[NFRACTIONS];
    double found[NFRACTIONS];
    for (int i = 100; i < 200; i++)
        f64[i] = f64[i % 7];
    memcpy(sorted, f64, sizeof sorted);
    expect_quantiles(sorted, expected);
    select_quantiles(f64, PLD_F64, found);
    assert_all(memcmp(found, expected, sizeof found) == 0);
}

TEST(quantiles_of_all_types)
{
    make_data();
    double sorted[N];
    double expected[NFRACTIONS];
    float single[NFRACTIONS];
    int32_t narrow[NFRACTIONS];
    int64_t whole[NFRACTIONS];
    for (int i = 0; i < N; i++) {
        sorted[i] = (double)f32[i];
        i64[i] = i32[i];
    }
    expect_quantiles(sorted, expected);
    select_quantiles(f32, PLD_F32, single);
    for (int q = 0; q < NFRACTIONS; q++)
        assert_all((double)single[q] == expected[q]);
    for (int i = 0; i < N; i++)
        sorted[i] = i32[i];
    expect_quantiles(sorted, expected);
    select_quantiles(i32, PLD_I32, narrow);
    select_quantiles(i64, PLD_I64, whole);
    for (int q = 0; q < NFRACTIONS; q++)
        assert_all(narrow[q] == expected[q] && whole[q] == narrow[q]);
}

TEST(quantiles_with_a_nan_are_nan)
{
    make_data();
    double found[NFRACTIONS];
    f64[N - 1] = (double)NAN;
    select_quantiles(f64, PLD_F64, found);
    for (int q = 0; q < NFRACTIONS; q++)
        assert_all(isnan(found[q]));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(floats_are_reduced_exactly),
    cmocka_unit_test(integers_wrap_and_their_statistics_do_not),
    cmocka_unit_test(small_integers_have_extremes_and_norms),
    cmocka_unit_test(complex_numbers_are_reduced_by_parts),
    cmocka_unit_test(fast_measures_are_close_and_mix_with_exact_ones),
    cmocka_unit_test(boxes_have_strides_and_global_places),
    cmocka_unit_test(lowest_of_equal_places_wins),
    cmocka_unit_test(nothing_at_all_has_measures),
    cmocka_unit_test(records_are_combined_in_the_order_of_ranks),
    cmocka_unit_test(prefix_sums_are_those_of_the_whole_array),
    cmocka_unit_test(prefix_sums_of_all_types_start_at_zero),
    cmocka_unit_test(quantiles_are_elements_of_the_sorted_array),
    cmocka_unit_test(quantiles_of_all_types),
    cmocka_unit_test(quantiles_with_a_nan_are_nan)};

PLD_TEST_MAIN(tests)
