/* Compact exact sums: windows and carries.
 * TEST: ranks=1 */

#include "support/classes.h"
#include "support/harness.h"

#include "comm/cells.h"

#include <math.h>

/* Sums of three limbs from here on. */
enum { FIRST = 40, LIMBS = 3 };
static const double unit = 0x1p-554;              /* of limb FIRST */
static const double top_unit = 0x1p-554 * 0x1p80; /* of the highest */
static const int64_t limit = (INT64_C(1) << 61) - 1;

static struct pld_cells make_cells(int64_t nsums)
{
    struct pld_cells cells = {.nsums = nsums, .window = pld_window_empty()};
    const struct pld_window window = {.first = FIRST, .end = FIRST + LIMBS};
    assert_ok(pld_cells_widen(&cells, window));
    return cells;
}

static bool same_bits(double a, double b)
{
    return pld_double_bits(a) == pld_double_bits(b);
}

static double value_of(const struct pld_cells *cells, int64_t number)
{
    pld_exact room;
    pld_exact_clear(&room);
    return pld_cells_round(cells, number, &room);
}

TEST(window_has_the_limbs_that_values_touch)
{
    const double values[] = {unit, 0.0, top_unit * 3};
    struct pld_window window = pld_window_of(3, values);
    assert_all(window.first == FIRST && window.end == FIRST + LIMBS);
    assert_all(!window.special);
    const double specials[] = {0.0, -INFINITY};
    window = pld_window_of(2, specials);
    assert_all(window.special && window.end <= window.first);
}

TEST(sums_are_exact_while_the_window_widens)
{
    enum { NSUMS = 5, N = 300 };
    for (int class = 0; class < classes_count(); class ++) {
        double x[N];
        pld_exact sums[NSUMS];
        struct pld_cells cells = {.nsums = NSUMS, .window = pld_window_empty()};
        bool right = true;
        classes_fill(class, 1, N, x);
        for (int s = 0; s < NSUMS; s++)
            pld_exact_clear(&sums[s]);
        for (int i = 0; i < N; i++) {
            assert_ok(pld_cells_widen(&cells, pld_window_of(1, &x[i])));
            pld_cells_add(&cells, i % NSUMS, x[i]);
            pld_exact_deposit_double(&sums[i % NSUMS], x[i]);
        }
        for (int settled = 0; settled < 2; settled++) {
            for (int s = 0; s < NSUMS; s++)
                right = right && same_bits(value_of(&cells, s),
                                           pld_exact_round(&sums[s]));
            assert_ok(pld_cells_widen(&cells, pld_cells_needed(&cells)));
            pld_cells_settle(&cells);
        }
        assert_all(right);
        pld_cells_clear(&cells);
        assert_all(value_of(&cells, 0) == 0);
    }
}

TEST(limb_at_its_limit_is_carried)
{
    for (int sign = -1; sign <= 1; sign += 2) {
        struct pld_cells cells = make_cells(1);
        cells.words[0] = sign * limit;
        pld_cells_add(&cells, 0, sign * unit);
        assert_all(cells.words[0] == 0 && !cells.full);
        assert_all(cells.words[1] == sign * (INT64_C(1) << 21));
        assert_all(value_of(&cells, 0) == sign * 0x1p61 * unit);
        pld_cells_clear(&cells);
    }
}

TEST(highest_limb_at_its_limit_asks_for_one_more)
{
    struct pld_cells cells = make_cells(1);
    cells.words[LIMBS - 1] = limit;
    pld_cells_add(&cells, 0, top_unit);
    assert_all(cells.full && cells.words[LIMBS - 1] == limit + 1);
    assert_all(pld_cells_needed(&cells).end == FIRST + LIMBS + 1);
    assert_ok(pld_cells_widen(&cells, pld_cells_needed(&cells)));
    pld_cells_add(&cells, 0, top_unit);
    assert_all(!cells.full && cells.words[LIMBS - 1] == 1);
    assert_all(cells.words[LIMBS] == INT64_C(1) << 21);
    pld_cells_clear(&cells);
}

TEST(settled_limbs_are_small_and_worth_the_same)
{
    enum { NSUMS = 50 };
    const int64_t half = INT64_C(1) << 39;
    uint64_t seed = 3;
    struct pld_cells cells = make_cells(NSUMS);
    double before[NSUMS];
    bool small = true;
    for (int i = 0; i < NSUMS * LIMBS; i++)
        cells.words[i] = (int64_t)classes_random(&seed) / 2;
    for (int s = 0; s < NSUMS; s++)
        before[s] = value_of(&cells, s);
    assert_ok(pld_cells_widen(&cells, pld_cells_needed(&cells)));
    pld_cells_settle(&cells);
    for (int i = 0; i < NSUMS * (LIMBS + 1); i++)
        small = small && cells.words[i] <= half && cells.words[i] >= -half;
    for (int s = 0; s < NSUMS; s++)
        small = small && value_of(&cells, s) == before[s];
    assert_all(small);
    assert_all(pld_cells_needed(&cells).end == cells.window.end);
    pld_cells_clear(&cells);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(window_has_the_limbs_that_values_touch),
    cmocka_unit_test(sums_are_exact_while_the_window_widens),
    cmocka_unit_test(limb_at_its_limit_is_carried),
    cmocka_unit_test(highest_limb_at_its_limit_asks_for_one_more),
    cmocka_unit_test(settled_limbs_are_small_and_worth_the_same)};

PLD_TEST_MAIN(tests)
