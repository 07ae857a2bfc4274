/* Copies between blocks, compared with copies of single elements.
 * TEST: ranks=1 */

#include "support/draw.h"
#include "support/harness.h"

#include "mesh/copy.h"

#include <string.h>

enum { MOST_BYTES = 16 << 20, MOST_LOOPS = PLD_MAXDIM + 1 };

static _Alignas(64) char source[MOST_BYTES];
static _Alignas(64) char target[MOST_BYTES];
static _Alignas(64) char expected[MOST_BYTES];

struct shape {
    int64_t count[PLD_MAXDIM];
    int ncomps;
    size_t size;
    int64_t most_padding;
};

/* Lay out the points of a shape in some order, with some padding, from some
 * address on; index 0 is the first point. */
static struct pld_block draw_block(const struct shape *shape, char *memory,
                                   int64_t *bytes)
{
    struct pld_block block = {.ncomps = shape->ncomps, .size = shape->size};
    int64_t stride = (int64_t)shape->size;
    int left[MOST_LOOPS] = {0, 1, 2, PLD_MAXDIM};
    for (int n = MOST_LOOPS; n > 0; n--) {
        int which = (int)draw(0, n - 1);
        int dim = left[which];
        left[which] = left[n - 1];
        bool is_comp = dim == PLD_MAXDIM;
        *(is_comp ? &block.comp_stride : &block.stride[dim]) = stride;
        int64_t padding = draw(0, shape->most_padding);
        stride *= padding + (is_comp ? shape->ncomps : shape->count[dim]);
    }
    int64_t start = draw(0, 20) * (shape->size == 4 ? 4 : 8);
    block.data = memory + (draw(0, 1) ? start : 0);
    *bytes = stride + start;
    assert_true(*bytes <= MOST_BYTES);
    return block;
}

static void copy_slowly(const struct pld_block *from, pld_box box,
                        const struct pld_block *to,
                        const int64_t shift[PLD_MAXDIM])
{
    int64_t i[PLD_MAXDIM];
    for (i[0] = box.first[0]; i[0] < box.first[0] + box.count[0]; i[0]++)
        for (i[1] = box.first[1]; i[1] < box.first[1] + box.count[1]; i[1]++)
            for (i[2] = box.first[2]; i[2] < box.first[2] + box.count[2];
                 i[2]++)
                for (int c = 0; c < from->ncomps; c++) {
                    int64_t j[] = {i[0] + shift[0], i[1] + shift[1],
                                   i[2] + shift[2]};
                    memcpy(pld_block_at(to, j) + c * to->comp_stride,
                           pld_block_at(from, i) + c * from->comp_stride,
                           from->size);
                }
}

/* All parts of a copy, past the caches where it can, some at a time, from the
 * last to the first. */
static void copy_in_parts(const struct pld_block *from, pld_box box,
                          const struct pld_block *to,
                          const int64_t shift[PLD_MAXDIM])
{
    struct pld_copy copy = pld_copy_prepare(from, box, to, shift);
    pld_copy_choose(&copy, INT64_MAX);
    int64_t left = pld_copy_parts(&copy);
    while (left > 0) {
        int64_t n = draw(1, left);
        left -= n;
        pld_copy_run_parts(&copy, left, n);
    }
}

static pld_box draw_part(const struct shape *shape, bool whole)
{
    pld_box part;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        int64_t skip = whole ? 0 : draw(0, shape->count[d] - 1);
        part.first[d] = skip;
        part.count[d] =
            whole ? shape->count[d] : draw(1, shape->count[d] - skip);
    }
    return part;
}

static void try_copy(const struct shape *shape, bool whole)
{
    int64_t from_bytes = 0;
    int64_t bytes = 0;
    struct pld_block from = draw_block(shape, source, &from_bytes);
    struct pld_block to = draw_block(shape, target, &bytes);
    const int64_t shift[] = {draw(-50, 50), draw(-50, 50), draw(-50, 50)};
    const int64_t back[] = {-shift[0], -shift[1], -shift[2]};
    to.data = pld_block_at(&to, back);
    pld_box part = draw_part(shape, whole);
    struct pld_block slow = to;
    slow.data = expected + (to.data - target);
    memset(expected, 0, (size_t)bytes);
    copy_slowly(&from, part, &slow, shift);
    memset(target, 0, (size_t)bytes);
    pld_block_copy(&from, part, &to, shift);
    assert_memory_equal(target, expected, (size_t)bytes);
    memset(target, 0, (size_t)bytes);
    copy_in_parts(&from, part, &to, shift);
    assert_memory_equal(target, expected, (size_t)bytes);
}

static const size_t sizes[] = {4, 8, 16};

static void draw_source(void)
{
    for (int64_t b = 0; b < MOST_BYTES; b += 8) {
        const int64_t word = draw(1, INT64_MAX - 1);
        memcpy(source + b, &word, sizeof word);
    }
}

static void try_small(int rounds)
{
    for (int round = 0; round < rounds; round++) {
        struct shape shape = {.ncomps = (int)draw(1, 3),
                              .size = sizes[round % 3],
                              .most_padding = draw(0, 1) * 3};
        for (int d = 0; d < PLD_MAXDIM; d++)
            shape.count[d] = draw(0, 1) ? draw(1, 5) : draw(6, 22);
        try_copy(&shape, draw(0, 3) == 0);
    }
}

/* Of megabytes, which go past the caches. */
static void try_large(int rounds)
{
    for (int round = 0; round < rounds; round++) {
        size_t size = sizes[round % 3];
        int64_t points = (5 << 20) / (int64_t)size;
        int64_t rows = draw(8, 100);
        struct shape shape = {.count = {rows, draw(1, 30)},
                              .ncomps = (int)draw(1, 2),
                              .size = size};
        shape.count[2] = points / (rows * shape.count[1] * shape.ncomps);
        shape.count[2] = (shape.count[2] + 31) / 16 * 16;
        try_copy(&shape, true);
    }
}

static void try_tier(const char *name)
{
    if (!pld_copy_use(name))
        skip();
    draw_source();
    try_small(700);
    try_large(9);
    assert_true(pld_copy_use(NULL));
}

TEST(copies_are_those_of_single_elements)
{
    try_tier("baseline");
}

TEST(copies_are_so_with_avx2)
{
    try_tier("avx2");
}

TEST(copies_are_so_with_avx512)
{
    try_tier("avx512");
}

TEST(there_is_no_other_tier)
{
    assert_false(pld_copy_use("avx1024"));
}

TEST(nothing_is_copied_of_an_empty_box)
{
    pld_box box = {{0, 0, 0}, {3, 3, 3}};
    const int64_t shift[PLD_MAXDIM] = {0, 0, 0};
    struct pld_block block = pld_block_dense(target, box, PLD_PLANES, 1, 8);
    struct pld_block none = {.ncomps = 1, .size = 8};
    box.count[1] = 0;
    pld_block_copy(&none, box, &block, shift);
    pld_block_copy(&block, box, &none, shift);
    copy_in_parts(&block, box, &none, shift);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(copies_are_those_of_single_elements),
    cmocka_unit_test(copies_are_so_with_avx2),
    cmocka_unit_test(copies_are_so_with_avx512),
    cmocka_unit_test(there_is_no_other_tier),
    cmocka_unit_test(nothing_is_copied_of_an_empty_box)};
PLD_TEST_MAIN(tests)
