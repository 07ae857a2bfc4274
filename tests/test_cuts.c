/* Cuts of one dimension, against all cuts that there are.
 * TEST: ranks=1 */

#include "support/harness.h"

#include "mesh/cuts.h"

#include <math.h>

enum { MOST_PARTS = 12, MOST_CELLS = 40 };

/* A number below `bound`, from a sequence that looks random. */
static int any(int bound)
{
    static uint32_t seed = 1;
    seed = seed * 1664525u + 1013904223u;
    return (int)(seed >> 16) % bound;
}

static void assert_are_cuts(int64_t size, int nparts, const int64_t *cuts)
{
    assert_true(cuts[0] == 0);
    assert_true(cuts[nparts] == size);
    for (int p = 0; p < nparts; p++)
        assert_true(cuts[p] <= cuts[p + 1]);
}

TEST(equal_parts_differ_by_at_most_one_cell)
{
    for (int nparts = 1; nparts <= MOST_PARTS; nparts++)
        for (int64_t size = 1; size <= MOST_CELLS; size++) {
            int64_t cuts[MOST_PARTS + 1];
            pld_cuts_equal(size, nparts, cuts);
            assert_are_cuts(size, nparts, cuts);
            for (int p = 0; p < nparts; p++) {
                int64_t n = cuts[p + 1] - cuts[p];
                assert_true(n == size / nparts ||
                            n == (size + nparts - 1) / nparts);
            }
            assert_true(cuts[1] > 0);
        }
}

TEST(equal_cuts_are_among_those_of_more_parts)
{
    for (int nparts = 1; nparts <= MOST_PARTS / 3; nparts++)
        for (int64_t size = 1; size <= MOST_CELLS; size++) {
            int64_t cuts[MOST_PARTS + 1];
            int64_t finer[MOST_PARTS + 1];
            pld_cuts_equal(size, nparts, cuts);
            pld_cuts_equal(size, 3 * nparts, finer);
            for (int p = 0; p <= nparts; p++)
                assert_true(cuts[p] == finer[3 * p]);
        }
}

TEST(equal_cuts_of_the_largest_size_do_not_overflow)
{
    enum { NPARTS = 1000003 };
    static int64_t cuts[NPARTS + 1];
    pld_cuts_equal(INT64_MAX, NPARTS, cuts);
    assert_are_cuts(INT64_MAX, NPARTS, cuts);
    for (int p = 0; p < NPARTS; p++)
        assert_true(cuts[p + 1] - cuts[p] - INT64_MAX / NPARTS <= 1);
}

TEST(weighted_parts_are_within_a_cell_of_their_share)
{
    for (int round = 0; round < 5000; round++) {
        int nparts = 1 + any(MOST_PARTS);
        int64_t size = 1 + any(1000);
        double weights[MOST_PARTS];
        double total = 0.0;
        for (int p = 0; p < nparts; p++) {
            weights[p] = p == 0 ? 1.5 : any(8) / 4.0;
            total += weights[p];
        }
        int64_t cuts[MOST_PARTS + 1];
        pld_cuts_by_weight(size, nparts, weights, cuts);
        assert_are_cuts(size, nparts, cuts);
        for (int p = 0; p < nparts; p++) {
            double share = (double)size * weights[p] / total;
            assert_true(fabs((double)(cuts[p + 1] - cuts[p]) - share) <=
                        1.0 + 1e-9);
            assert_true(weights[p] > 0.0 || cuts[p] == cuts[p + 1]);
        }
    }
}

TEST(weight_0_gives_an_empty_part_of_any_size)
{
    const int64_t sizes[] = {1, 10, INT64_MAX - 1, INT64_MAX};
    const double weights[] = {0, 1, 0, 0, 3, 0};
    for (int i = 0; i < 4; i++) {
        int64_t cuts[7];
        pld_cuts_by_weight(sizes[i], 6, weights, cuts);
        assert_are_cuts(sizes[i], 6, cuts);
        for (int p = 0; p < 6; p++)
            assert_true(weights[p] > 0.0 || cuts[p] == cuts[p + 1]);
    }
}

TEST(equal_weights_cut_like_none)
{
    for (int64_t size = 1; size <= MOST_CELLS; size++) {
        double weights[] = {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1};
        int64_t weighted[8];
        int64_t equal[8];
        pld_cuts_by_weight(size, 7, weights, weighted);
        pld_cuts_equal(size, 7, equal);
        assert_memory_equal(weighted, equal, sizeof equal);
    }
}

static double worst_ratio(const double *before, int nparts,
                          const double *weights, const int64_t *cuts)
{
    double worst = 0.0;
    for (int p = 0; p < nparts; p++) {
        double cost = before[cuts[p + 1]] - before[cuts[p]];
        double weight = weights == NULL ? 1.0 : weights[p];
        if (weight > 0.0)
            worst = fmax(worst, cost / weight);
        else if (cuts[p + 1] > cuts[p])
            worst = INFINITY;
    }
    return worst;
}

/* The least worst ratio over all cuts, by trying them. */
static double try_all(int64_t size, const double *before, int nparts,
                      const double *weights, int64_t *cuts, int part)
{
    if (part == nparts)
        return worst_ratio(before, nparts, weights, cuts);
    double best = INFINITY;
    int64_t lowest = part == 0 ? 0 : cuts[part - 1];
    int64_t highest = part == 0 ? 0 : size;
    for (int64_t cut = lowest; cut <= highest; cut++) {
        cuts[part] = cut;
        best =
            fmin(best, try_all(size, before, nparts, weights, cuts, part + 1));
    }
    return best;
}

static void check_by_cost(int64_t size, const double *before, int nparts,
                          const double *weights)
{
    int64_t cuts[MOST_PARTS + 1];
    int64_t all[MOST_PARTS + 1];
    pld_cuts_by_cost(size, before, nparts, weights, cuts);
    assert_are_cuts(size, nparts, cuts);
    all[nparts] = size;
    double least = try_all(size, before, nparts, weights, all, 0);
    double ours = worst_ratio(before, nparts, weights, cuts);
    assert_true(ours <= least * (1.0 + 1e-15));
}

TEST(cuts_by_cost_are_the_best_of_all)
{
    for (int round = 0; round < 1500; round++) {
        int nparts = 1 + any(4);
        int64_t size = 1 + any(8);
        double before[9] = {0};
        for (int64_t i = 0; i < size; i++)
            before[i + 1] = before[i] + any(4) * 0.37;
        double weights[4] = {0};
        for (int p = 0; p < nparts; p++)
            weights[p] = any(4);
        weights[any(nparts)] = 1.0;
        check_by_cost(size, before, nparts, NULL);
        check_by_cost(size, before, nparts, weights);
    }
}

TEST(cuts_by_equal_cost_leave_no_short_last_part)
{
    for (int nparts = 1; nparts <= MOST_PARTS; nparts++)
        for (int64_t size = 1; size <= MOST_CELLS; size++) {
            double before[MOST_CELLS + 1];
            for (int64_t i = 0; i <= size; i++)
                before[i] = (double)i;
            int64_t cuts[MOST_PARTS + 1];
            pld_cuts_by_cost(size, before, nparts, NULL, cuts);
            assert_are_cuts(size, nparts, cuts);
            for (int p = 0; p < nparts; p++) {
                int64_t n = cuts[p + 1] - cuts[p];
                assert_true(n == size / nparts ||
                            n == (size + nparts - 1) / nparts);
            }
        }
}

TEST(one_expensive_slab_stands_alone)
{
    double before[11] = {0};
    for (int i = 0; i < 10; i++)
        before[i + 1] = before[i] + (i == 4 ? 100.0 : 1.0);
    int64_t cuts[4];
    pld_cuts_by_cost(10, before, 3, NULL, cuts);
    assert_int_equal(cuts[1], 4);
    assert_int_equal(cuts[2], 5);
}

TEST(owner_is_the_part_that_is_not_empty)
{
    const int64_t cuts[] = {0, 0, 2, 2, 2, 5, 6, 6};
    const int owners[] = {1, 1, 4, 4, 4, 5};
    for (int i = 0; i < 6; i++)
        assert_int_equal(pld_cuts_owner(cuts, 7, i), owners[i]);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(equal_parts_differ_by_at_most_one_cell),
    cmocka_unit_test(equal_cuts_are_among_those_of_more_parts),
    cmocka_unit_test(equal_cuts_of_the_largest_size_do_not_overflow),
    cmocka_unit_test(weighted_parts_are_within_a_cell_of_their_share),
    cmocka_unit_test(weight_0_gives_an_empty_part_of_any_size),
    cmocka_unit_test(equal_weights_cut_like_none),
    cmocka_unit_test(cuts_by_cost_are_the_best_of_all),
    cmocka_unit_test(cuts_by_equal_cost_leave_no_short_last_part),
    cmocka_unit_test(one_expensive_slab_stands_alone),
    cmocka_unit_test(owner_is_the_part_that_is_not_empty)};
PLD_TEST_MAIN(tests)
