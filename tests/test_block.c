/* Blocks of memory addressed by global index.
 * TEST: ranks=1 */

#include "support/harness.h"

#include "mesh/block.h"

static char target[2 * 24 * 8];

TEST(dense_blocks_have_points_in_c_order)
{
    pld_box box = {{-5, 100, 7}, {2, 3, 4}};
    struct pld_block planes = pld_block_dense(target, box, PLD_PLANES, 2, 8);
    struct pld_block mixed =
        pld_block_dense(target, box, PLD_INTERLEAVED, 2, 8);
    const int64_t last[] = {-4, 102, 10};
    assert_ptr_equal(pld_block_at(&planes, box.first), target);
    assert_ptr_equal(pld_block_at(&planes, last), target + 23 * 8);
    assert_int_equal(planes.comp_stride, 24 * 8);
    assert_ptr_equal(pld_block_at(&mixed, box.first), target);
    assert_ptr_equal(pld_block_at(&mixed, last), target + 23 * 16);
    assert_int_equal(mixed.comp_stride, 8);
}

struct rows {
    int64_t n;
    int64_t length;
    int64_t last; /* 100 i + 10 j + k of the row before */
    bool ascends;
};

static pld_status count_row(const int64_t index[PLD_MAXDIM], int64_t n,
                            void *data)
{
    struct rows *rows = data;
    int64_t here = 100 * index[0] + 10 * index[1] + index[2];
    rows->ascends = rows->ascends && here > rows->last;
    rows->last = here;
    rows->length = n;
    rows->n++;
    PLD_CHECK(rows->n < 5, PLD_ERR_STATE, "five rows are enough");
    return PLD_OK;
}

TEST(rows_come_in_global_order)
{
    pld_box box = {{1, 2, 3}, {2, 2, 4}};
    struct rows rows = {.ascends = true};
    assert_ok(pld_box_rows(box, 3, count_row, &rows));
    assert_int_equal(rows.n, 4);
    assert_int_equal(rows.length, 4);
    assert_true(rows.ascends);
}

TEST(rows_lie_along_the_last_dimension)
{
    struct rows rows = {.ascends = true};
    pld_box plane = {{1, 2, 0}, {3, 7, 1}};
    assert_ok(pld_box_rows(plane, 2, count_row, &rows));
    assert_int_equal(rows.n, 3);
    assert_int_equal(rows.length, 7);
    rows = (struct rows){.ascends = true};
    pld_box line = {{1, 0, 0}, {9, 1, 1}};
    assert_ok(pld_box_rows(line, 1, count_row, &rows));
    assert_int_equal(rows.n, 1);
    assert_int_equal(rows.length, 9);
}

TEST(empty_boxes_have_no_rows)
{
    struct rows rows = {.n = 0};
    pld_box box = {{0, 0, 0}, {4, 4, 0}};
    assert_ok(pld_box_rows(box, 3, count_row, &rows));
    assert_int_equal(rows.n, 0);
}

TEST(an_error_ends_the_rows)
{
    struct rows rows = {.n = 0};
    pld_box box = {{0, 0, 0}, {4, 4, 4}};
    assert_fails(PLD_ERR_STATE, pld_box_rows(box, 3, count_row, &rows),
                 "five rows");
    assert_int_equal(rows.n, 5);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(dense_blocks_have_points_in_c_order),
    cmocka_unit_test(rows_come_in_global_order),
    cmocka_unit_test(rows_lie_along_the_last_dimension),
    cmocka_unit_test(empty_boxes_have_no_rows),
    cmocka_unit_test(an_error_ends_the_rows)};
PLD_TEST_MAIN(tests)
