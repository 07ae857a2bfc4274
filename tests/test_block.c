/* Blocks of memory addressed by global index.
 * TEST: ranks=1 */

#include "support/harness.h"

#include "mesh/copy.h"
#include "polder/random.h"

#include <string.h>

static uint64_t drawn;

static int64_t draw(int64_t low, int64_t high)
{
    const pld_random random = {.seed = 7};
    return low + pld_random_integer(random, drawn++, high - low + 1);
}

enum { MOST_BYTES = 10 * 10 * 10 * 3 * 16 };

static char source[MOST_BYTES];
static char target[MOST_BYTES];
static char expected[MOST_BYTES];

static pld_box draw_box(int64_t most)
{
    pld_box box;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        box.first[d] = draw(-1000, 1000);
        box.count[d] = draw(1, most);
    }
    return box;
}

/* A part of `outer`. */
static pld_box draw_part(pld_box outer)
{
    for (int d = 0; d < PLD_MAXDIM; d++) {
        int64_t skip = draw(0, outer.count[d] - 1);
        outer.first[d] += skip;
        outer.count[d] = draw(1, outer.count[d] - skip);
    }
    return outer;
}

/* All parts of a copy, a few at a time, from the last to the first. */
static void copy_in_parts(const struct pld_block *from, pld_box box,
                          const struct pld_block *to,
                          const int64_t shift[PLD_MAXDIM])
{
    struct pld_copy copy = pld_copy_prepare(from, box, to, shift);
    int64_t left = pld_copy_parts(&copy);
    while (left > 0) {
        int64_t n = draw(1, left);
        left -= n;
        pld_copy_run_parts(&copy, left, n);
    }
}

/* What pld_block_copy does, element by element. */
static void copy_slowly(const struct pld_block *from, pld_box box,
                        const struct pld_block *to, char *data,
                        const int64_t shift[PLD_MAXDIM])
{
    struct pld_block into = *to;
    into.data = data + (to->data - target);
    int64_t i[PLD_MAXDIM];
    for (i[0] = box.first[0]; i[0] < box.first[0] + box.count[0]; i[0]++)
        for (i[1] = box.first[1]; i[1] < box.first[1] + box.count[1]; i[1]++)
            for (i[2] = box.first[2]; i[2] < box.first[2] + box.count[2];
                 i[2]++)
                for (int c = 0; c < from->ncomps; c++) {
                    int64_t j[] = {i[0] + shift[0], i[1] + shift[1],
                                   i[2] + shift[2]};
                    memcpy(pld_block_at(&into, j) + c * into.comp_stride,
                           pld_block_at(from, i) + c * from->comp_stride,
                           from->size);
                }
}

static void try_copy(pld_box outer, pld_box part, pld_layout from_layout,
                     pld_layout to_layout, int ncomps, size_t size)
{
    const int64_t shift[] = {draw(-50, 50), draw(-50, 50), draw(-50, 50)};
    pld_box around = pld_box_shift(part, shift);
    for (int d = 0; d < PLD_MAXDIM; d++) {
        int64_t below = draw(0, 10 - around.count[d]);
        around.first[d] -= below;
        around.count[d] += below;
    }
    struct pld_block from =
        pld_block_dense(source, outer, from_layout, ncomps, size);
    struct pld_block to =
        pld_block_dense(target, around, to_layout, ncomps, size);
    memset(target, 0, sizeof target);
    memset(expected, 0, sizeof expected);
    copy_slowly(&from, part, &to, expected, shift);
    pld_block_copy(&from, part, &to, shift);
    assert_memory_equal(target, expected, sizeof target);
    memset(target, 0, sizeof target);
    copy_in_parts(&from, part, &to, shift);
    assert_memory_equal(target, expected, sizeof target);
}

TEST(copies_are_those_of_single_elements)
{
    const size_t sizes[] = {4, 8, 16};
    for (int b = 0; b < MOST_BYTES; b++)
        source[b] = (char)draw(1, 127);
    for (int round = 0; round < 500; round++) {
        pld_box outer = draw_box(10);
        pld_box part = round % 5 == 0 ? outer : draw_part(outer);
        try_copy(outer, part, (pld_layout)draw(0, 1), (pld_layout)draw(0, 1),
                 (int)draw(1, 3), sizes[round % 3]);
    }
}

TEST(nothing_is_copied_of_an_empty_box)
{
    pld_box box = {{0, 0, 0}, {3, 3, 3}};
    struct pld_block block = pld_block_dense(target, box, PLD_PLANES, 1, 8);
    struct pld_block none = {.ncomps = 1, .size = 8};
    box.count[1] = 0;
    pld_block_copy(&none, box, &block, (const int64_t[]){0, 0, 0});
    pld_block_copy(&block, box, &none, (const int64_t[]){0, 0, 0});
    copy_in_parts(&block, box, &none, (const int64_t[]){0, 0, 0});
}

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
    cmocka_unit_test(copies_are_those_of_single_elements),
    cmocka_unit_test(nothing_is_copied_of_an_empty_box),
    cmocka_unit_test(dense_blocks_have_points_in_c_order),
    cmocka_unit_test(rows_come_in_global_order),
    cmocka_unit_test(rows_lie_along_the_last_dimension),
    cmocka_unit_test(empty_boxes_have_no_rows),
    cmocka_unit_test(an_error_ends_the_rows)};
PLD_TEST_MAIN(tests)
