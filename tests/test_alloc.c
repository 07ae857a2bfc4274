/* Counted memory. The sanitizer would end the program where malloc fails.
 * TEST: ranks=1 env=ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=0 */

#include "support/harness.h"

#include <string.h>

#include "base/alloc.h"
#include "polder/memory.h"

TEST(blocks_are_aligned_and_zeroed)
{
    for (int64_t count = 1; count < 300; count++) {
        char *block = NULL;
        assert_ok(pld_alloc("block", count, 3, &block));
        assert_int_equal((uintptr_t)block % 64, 0);
        for (int64_t i = 0; i < 3 * count; i++)
            assert_int_equal(block[i], 0);
        memset(block, 1, (size_t)(3 * count));
        pld_free(block);
    }
}

TEST(blocks_and_bytes_are_counted)
{
    int64_t blocks = pld_memory_live_blocks();
    int64_t bytes = pld_memory_live_bytes();
    double *a = NULL;
    char *b = NULL;
    assert_ok(pld_alloc("a", 1000, sizeof *a, &a));
    assert_ok(pld_alloc("b", 7, 1, &b));
    assert_int_equal(pld_memory_live_blocks(), blocks + 2);
    assert_int_equal(pld_memory_live_bytes(), bytes + 8007);
    pld_free(a);
    pld_free(b);
    assert_int_equal(pld_memory_live_blocks(), blocks);
    assert_int_equal(pld_memory_live_bytes(), bytes);
}

TEST(peak_stays)
{
    char *block = NULL;
    int64_t bytes = 2 * pld_memory_peak_bytes();
    assert_ok(pld_alloc("block", bytes, 1, &block));
    pld_free(block);
    assert_true(pld_memory_peak_bytes() >= bytes);
    assert_true(pld_memory_live_bytes() < bytes);
}

TEST(nothing_is_no_block)
{
    int64_t blocks = pld_memory_live_blocks();
    double *none = (double *)&blocks;
    assert_ok(pld_alloc("none", 0, sizeof *none, &none));
    assert_null(none);
    pld_free(none);
    assert_int_equal(pld_memory_live_blocks(), blocks);
}

TEST(impossible_sizes_are_named)
{
    void *block = &block;
    assert_fails(PLD_ERR_ARG, pld_alloc("cuts", -3, 8, &block),
                 "cuts: count -3 is negative");
    assert_null(block);
    assert_fails(PLD_ERR_OVERFLOW,
                 pld_alloc("field h", INT64_MAX / 4, 8, &block),
                 "field h: 2305843009213693951 elements of 8 bytes");
    assert_fails(PLD_ERR_OVERFLOW, pld_alloc("x", INT64_MAX, 1, &block), "x:");
    assert_fails(PLD_ERR_MEMORY,
                 pld_alloc("field h", INT64_C(1) << 59, 8, &block),
                 "field h: no memory for 4611686018427387904 bytes");
    assert_null(block);
}

TEST(failure_can_be_ordered)
{
    char *block = NULL;
    pld_alloc_fail(2);
    assert_ok(pld_alloc("first", 1, 1, &block));
    pld_free(block);
    assert_fails(PLD_ERR_MEMORY, pld_alloc("second", 1, 1, &block),
                 "second: no memory for 1 bytes");
    assert_ok(pld_alloc("third", 1, 1, &block));
    pld_free(block);
    pld_alloc_fail(1);
    pld_alloc_fail(0);
    assert_ok(pld_alloc("fourth", 1, 1, &block));
    pld_free(block);
}

TEST(texts_are_copied)
{
    char text[] = "depth";
    char *copy = NULL;
    assert_ok(pld_alloc_text(text, &copy));
    text[0] = 'x';
    assert_string_equal(copy, "depth");
    pld_free(copy);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(blocks_are_aligned_and_zeroed),
    cmocka_unit_test(blocks_and_bytes_are_counted),
    cmocka_unit_test(peak_stays),
    cmocka_unit_test(nothing_is_no_block),
    cmocka_unit_test(impossible_sizes_are_named),
    cmocka_unit_test(failure_can_be_ordered),
    cmocka_unit_test(texts_are_copied)};

PLD_TEST_MAIN(tests)
