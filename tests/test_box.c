/* Boxes, against sets of points.
 * TEST: ranks=1 */

#include "support/harness.h"

#include "polder/box.h"

/* All boxes of the indices -1, 0, 1 in three dimensions, empty ones too; a set
 * of their points is 27 bits. */
enum { FIRST = -1, N = 3, NBOXES = 9 * 9 * 9 };

static pld_box boxes[NBOXES];
static uint32_t points[NBOXES];

static bool holds(pld_box box, const int64_t index[PLD_MAXDIM])
{
    for (int d = 0; d < PLD_MAXDIM; d++)
        if (index[d] < box.first[d] || index[d] >= box.first[d] + box.count[d])
            return false;
    return true;
}

static uint32_t points_of(pld_box box)
{
    uint32_t set = 0;
    for (int p = 0; p < N * N * N; p++) {
        int64_t index[] = {FIRST + p / (N * N), FIRST + p / N % N,
                           FIRST + p % N};
        set |= (uint32_t)holds(box, index) << p;
    }
    return set;
}

static void make_boxes(void)
{
    int64_t intervals[9][2];
    int n = 0;
    for (int64_t first = 0; first < N; first++)
        for (int64_t count = 0; count <= N - first; count++, n++) {
            intervals[n][0] = FIRST + first;
            intervals[n][1] = count;
        }
    for (int b = 0; b < NBOXES; b++) {
        int at[] = {b / 81, b / 9 % 9, b % 9};
        for (int d = 0; d < PLD_MAXDIM; d++) {
            boxes[b].first[d] = intervals[at[d]][0];
            boxes[b].count[d] = intervals[at[d]][1];
        }
        points[b] = points_of(boxes[b]);
    }
}

/* Whether `check` holds for all pairs of boxes. */
static bool for_all_pairs(bool (*check)(int a, int b))
{
    make_boxes();
    for (int a = 0; a < NBOXES; a++)
        for (int b = 0; b < NBOXES; b++)
            if (!check(a, b)) {
                print_error("boxes %d and %d\n", a, b);
                return false;
            }
    return true;
}

static bool intersects(int a, int b)
{
    pld_box common = pld_box_intersect(boxes[a], boxes[b]);
    if (points_of(common) != (points[a] & points[b]))
        return false;
    return points_of(common) != 0 ||
           (common.count[0] == 0 && common.count[1] == 0 &&
            common.count[2] == 0);
}

TEST(intersection_holds_the_common_points)
{
    assert_true(for_all_pairs(intersects));
}

static bool contains(int a, int b)
{
    bool expected = (points[b] & ~points[a]) == 0;
    return pld_box_contains(boxes[a], boxes[b]) == expected;
}

TEST(a_box_contains_the_boxes_of_its_points)
{
    assert_true(for_all_pairs(contains));
}

static bool equals(int a, int b)
{
    return pld_box_equal(boxes[a], boxes[b]) == (points[a] == points[b]);
}

TEST(boxes_are_equal_when_their_points_are)
{
    assert_true(for_all_pairs(equals));
}

static bool subtracts(int a, int b)
{
    pld_box rest[6];
    int n = pld_box_subtract(boxes[a], boxes[b], rest);
    uint32_t sum = 0;
    for (int i = 0; i < n; i++) {
        uint32_t part = points_of(rest[i]);
        if (part == 0 || (part & sum) != 0)
            return false;
        sum |= part;
    }
    return sum == (points[a] & ~points[b]);
}

TEST(difference_is_cut_into_boxes_that_do_not_overlap)
{
    assert_true(for_all_pairs(subtracts));
}

TEST(volume_counts_points)
{
    make_boxes();
    for (int b = 0; b < NBOXES; b++) {
        int n = 0;
        for (int p = 0; p < N * N * N; p++)
            n += points[b] >> p & 1;
        assert_int_equal(pld_box_volume(boxes[b]), n);
        assert_int_equal(pld_box_empty(boxes[b]), n == 0);
    }
}

TEST(difference_comes_in_order_of_dimension)
{
    pld_box a = {{0, 0, 0}, {3, 3, 3}};
    pld_box b = {{1, 1, 1}, {1, 1, 1}};
    pld_box expected[6] = {{{0, 0, 0}, {1, 3, 3}}, {{2, 0, 0}, {1, 3, 3}},
                           {{1, 0, 0}, {1, 1, 3}}, {{1, 2, 0}, {1, 1, 3}},
                           {{1, 1, 0}, {1, 1, 1}}, {{1, 1, 2}, {1, 1, 1}}};
    pld_box rest[6];
    assert_int_equal(pld_box_subtract(a, b, rest), 6);
    for (int i = 0; i < 6; i++)
        assert_true(pld_box_equal(rest[i], expected[i]));
}

TEST(shift_moves_the_corner_alone)
{
    pld_box box = {{1, 2, 3}, {4, 5, 6}};
    pld_box moved = pld_box_shift(box, (const int64_t[]){-10, 0, 10});
    assert_true(pld_box_equal(moved, (pld_box){{-9, 2, 13}, {4, 5, 6}}));
}

TEST(negative_counts_are_empty)
{
    pld_box box = {{0, 0, 0}, {2, -1, 2}};
    assert_true(pld_box_empty(box));
    assert_int_equal(pld_box_volume(box), 0);
    assert_true(pld_box_equal(box, (pld_box){{7, 7, 7}, {0, 1, 1}}));
}

TEST(volume_saturates)
{
    pld_box box = {{0, 0, 0}, {INT64_MAX, 2, 1}};
    assert_true(pld_box_volume(box) == INT64_MAX);
}

TEST(boxes_may_end_at_the_largest_index)
{
    pld_box all = {{5, 0, 0}, {INT64_MAX, 1, 1}};
    pld_box low = {{0, 0, 0}, {10, 1, 1}};
    pld_box common = {{5, 0, 0}, {5, 1, 1}};
    assert_true(pld_box_equal(pld_box_intersect(all, low), common));
    pld_box rest[6];
    assert_int_equal(pld_box_subtract(all, low, rest), 1);
    assert_int_equal(rest[0].first[0], 10);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(intersection_holds_the_common_points),
    cmocka_unit_test(a_box_contains_the_boxes_of_its_points),
    cmocka_unit_test(boxes_are_equal_when_their_points_are),
    cmocka_unit_test(difference_is_cut_into_boxes_that_do_not_overlap),
    cmocka_unit_test(volume_counts_points),
    cmocka_unit_test(difference_comes_in_order_of_dimension),
    cmocka_unit_test(shift_moves_the_corner_alone),
    cmocka_unit_test(negative_counts_are_empty),
    cmocka_unit_test(volume_saturates),
    cmocka_unit_test(boxes_may_end_at_the_largest_index)};
PLD_TEST_MAIN(tests)
