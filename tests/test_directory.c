/* Maps made from names, which a directory of all ranks finds.
 * TEST: ranks=1,2,3,4,7
 * TEST: ranks=4 env=PLD_FAKE_NODES=2 */

#include "support/harness.h"

#include "base/alloc.h"
#include "comm/directory_book.h"
#include "polder/map.h"
#include "polder/memory.h"
#include "polder/random.h"

#include <stdio.h>
#include <string.h>

/* --- The book --------------------------------------------------------------
 */

TEST(names_spread_over_all_ranks)
{
    int counts[7] = {0};
    bool inside = true;
    for (int64_t id = -5000; id < 5000; id++) {
        int home = pld_book_home(id * 4096, 7);
        inside = inside && home >= 0 && home < 7;
        counts[inside ? home : 0]++;
    }
    assert_all(inside);
    for (int i = 0; i < 7; i++)
        assert_all(counts[i] > 1300 && counts[i] < 1560);
}

TEST(a_book_holds_what_is_entered)
{
    struct pld_book book = {0};
    bool right = true;
    assert_ok(pld_book_create(1000, &book));
    for (int64_t i = 0; i < 1000; i++)
        assert_ok_here(
            pld_book_enter(&book, (struct pld_book_line){i * i * i - 7, i,
                                                         (int)(i % 5), false}));
    for (int64_t i = 0; i < 1000; i++) {
        const struct pld_book_line *line = pld_book_find(&book, i * i * i - 7);
        right = right && line && line->index == i && line->rank == i % 5;
    }
    assert_all(right);
    assert_all(pld_book_find(&book, 2) == NULL);
    pld_book_free(&book);
}

/* --- Maps ------------------------------------------------------------------
 */

/* Name number n: a function that takes no value twice. */
static int64_t name_of(int64_t n)
{
    return (int64_t)((uint64_t)n * UINT64_C(0x9e3779b97f4a7c15));
}

/* Who owns name n: a rank drawn for it; with `few`, only one rank owns any. */
static int owner_of(int64_t n, bool few)
{
    const pld_random random = {.seed = 5};
    return few ? nranks / 2
               : (int)pld_random_integer(random, (uint64_t)n, nranks);
}

enum { NAMES = 300, WANTED = 200 };

static void ask_for_names(bool few, bool hungry)
{
    int64_t roots[NAMES];
    int64_t values[NAMES];
    int64_t leaves[WANTED];
    int64_t numbers[WANTED];
    int64_t found[WANTED];
    pld_map_ids ids = {.roots = roots, .leaves = leaves};
    bool right = true;
    for (int64_t n = NAMES - 1; n >= 0; n--)
        if (owner_of(n, few) == rank) {
            roots[ids.nroots] = name_of(n);
            values[ids.nroots++] = n * n;
        }
    const pld_random random = {.seed = 6, .stream = (uint64_t)rank};
    for (int64_t i = 0; i < (hungry || rank % 2 == 1 ? WANTED : 0); i++) {
        numbers[i] = pld_random_integer(random, (uint64_t)i, NAMES);
        leaves[i] = name_of(numbers[i]);
        ids.nleaves++;
    }
    pld_map *map = NULL;
    assert_ok(pld_map_create_ids(ctx, &ids, &map));
    pld_entry entry = {.type = PLD_I64};
    assert_ok(pld_map_broadcast(map, entry, values, found));
    for (int64_t i = 0; i < ids.nleaves; i++)
        right = right && found[i] == numbers[i] * numbers[i];
    assert_all(right);
    assert_ok(pld_map_destroy(&map));
}

TEST(names_are_found_wherever_they_are)
{
    ask_for_names(false, true);
    ask_for_names(false, false);
    ask_for_names(true, true);
    ask_for_names(true, false);
}

TEST(nobody_may_own_or_need_anything)
{
    pld_map *map = NULL;
    pld_map_ids ids = {0};
    assert_ok(pld_map_create_ids(ctx, &ids, &map));
    assert_ok(pld_map_broadcast(map, (pld_entry){0}, NULL, NULL));
    assert_ok(pld_map_reduce(map, PLD_SUM, (pld_entry){0}, NULL, NULL));
    assert_ok(pld_map_destroy(&map));
}

TEST(extreme_names_are_names)
{
    int64_t names[] = {INT64_MIN, -1, 0, INT64_MAX};
    double values[] = {1, 2, 3, 4};
    double found[4] = {0};
    pld_map *map = NULL;
    pld_map_ids ids = {.nroots = rank == 0 ? 4 : 0,
                       .roots = names,
                       .nleaves = 4,
                       .leaves = names};
    assert_ok(pld_map_create_ids(ctx, &ids, &map));
    assert_ok(pld_map_broadcast(map, (pld_entry){0}, values, found));
    assert_all(memcmp(values, found, sizeof values) == 0);
    assert_ok(pld_map_destroy(&map));
}

/* --- What goes wrong -------------------------------------------------------
 */

TEST(a_name_that_nobody_owns_is_named)
{
    int64_t root = rank;
    int64_t leaf = rank == nranks - 1 ? 4711 : 0;
    pld_map *map = NULL;
    pld_map_ids ids = {
        .nroots = 1, .roots = &root, .nleaves = 1, .leaves = &leaf};
    char text[80];
    snprintf(text, sizeof text,
             "id 4711, which rank %d needs, is owned by no rank", nranks - 1);
    assert_fails(PLD_ERR_NOENT, pld_map_create_ids(ctx, &ids, &map), text);
    assert_all(map == NULL);
}

TEST(a_name_that_two_ranks_own_is_named)
{
    int64_t root = rank == nranks - 1 ? 0 : rank;
    pld_map *map = NULL;
    pld_map_ids ids = {.nroots = 1, .roots = &root};
    if (nranks > 1)
        assert_fails(PLD_ERR_EXISTS, pld_map_create_ids(ctx, &ids, &map),
                     "id 0 is owned by rank 0 and by rank");
    const int64_t twice[] = {8, 9, 8};
    ids = (pld_map_ids){.nroots = rank == 0 ? 3 : 0, .roots = twice};
    assert_fails(PLD_ERR_EXISTS, pld_map_create_ids(ctx, &ids, &map),
                 "id 8 is owned twice by rank 0: as roots 0 and 2");
    assert_all(map == NULL);
}

TEST(lists_of_names_are_checked)
{
    pld_map *map = NULL;
    pld_map_ids ids = {.nroots = rank == nranks - 1 ? -1 : 0};
    assert_fails(PLD_ERR_ARG, pld_map_create_ids(NULL, &ids, &map),
                 "ctx is NULL");
    assert_fails(PLD_ERR_ARG, pld_map_create_ids(ctx, NULL, &map),
                 "ids is NULL");
    assert_fails(PLD_ERR_ARG, pld_map_create_ids(ctx, &ids, NULL),
                 "out is NULL");
    assert_fails(PLD_ERR_ARG, pld_map_create_ids(ctx, &ids, &map),
                 "nroots -1 is negative");
    ids = (pld_map_ids){.nroots = 2};
    assert_fails(PLD_ERR_ARG, pld_map_create_ids(ctx, &ids, &map),
                 "roots is NULL, but nroots is 2");
    ids = (pld_map_ids){.nleaves = -3};
    assert_fails(PLD_ERR_ARG, pld_map_create_ids(ctx, &ids, &map),
                 "nleaves -3 is negative");
    ids = (pld_map_ids){.nleaves = 1};
    assert_fails(PLD_ERR_ARG, pld_map_create_ids(ctx, &ids, &map),
                 "leaves is NULL, but nleaves is 1");
}

TEST(a_lack_of_memory_is_agreed)
{
    int64_t root = rank;
    int64_t leaf = (rank + 1) % nranks;
    int64_t live = pld_memory_live_blocks();
    pld_map *map = NULL;
    pld_map_ids ids = {
        .nroots = 1, .roots = &root, .nleaves = 1, .leaves = &leaf};
    for (int64_t nth = 1; nth < 60 && !map; nth++) {
        pld_alloc_fail(rank == nranks - 1 ? nth : 0);
        pld_status status = pld_map_create_ids(ctx, &ids, &map);
        pld_alloc_fail(0);
        assert_all(status == PLD_OK || status == PLD_ERR_MEMORY);
        assert_all((status == PLD_OK) == (map != NULL));
        assert_all(map || pld_memory_live_blocks() == live);
    }
    assert_all(map != NULL);
    assert_ok(pld_map_destroy(&map));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(names_spread_over_all_ranks),
    cmocka_unit_test(a_book_holds_what_is_entered),
    cmocka_unit_test(names_are_found_wherever_they_are),
    cmocka_unit_test(nobody_may_own_or_need_anything),
    cmocka_unit_test(extreme_names_are_names),
    cmocka_unit_test(a_name_that_nobody_owns_is_named),
    cmocka_unit_test(a_name_that_two_ranks_own_is_named),
    cmocka_unit_test(lists_of_names_are_checked),
    cmocka_unit_test(a_lack_of_memory_is_agreed)};
PLD_TEST_MAIN(tests)
