/* Lists of indices: what they take, and copies by them.
 * TEST: ranks=1 */

#include "support/harness.h"

#include "base/alloc.h"
#include "comm/pattern.h"
#include "polder/random.h"

#include <string.h>

enum { ARRAY = 6000, LIST = 1500, MOST_BYTES = 40 };

/* --- Lists -----------------------------------------------------------------
 */

typedef enum shape {
    NOTHING,
    SINGLE,
    DENSE,
    EVEN,
    REVERSED,
    LAYERS,
    CUBE,
    REPEATED,
    SHORT_RUNS,
    LONG_RUNS,
    SCATTERED,
    NSHAPES
} shape;

/* Entry i of a list. */
static int64_t index_of(shape kind, int64_t i)
{
    const pld_random random = {.seed = 21, .stream = kind};
    switch (kind) {
    case SINGLE:
        return 17;
    case DENSE:
        return 5 + i;
    case EVEN:
        return 3 * i;
    case REVERSED:
        return 5000 - i;
    case LAYERS:
        return i % 30 + i / 30 * 100;
    case CUBE:
        return 1 + i % 10 + i / 10 % 15 * 20 + i / 150 * 500;
    case REPEATED:
        return 9;
    case SHORT_RUNS:
        return 4 * (i / 2) + i % 2 +
               pld_random_integer(random, (uint64_t)(i / 2), 2);
    case LONG_RUNS:
        return (i / 50 * 7 % 30) * 100 + i % 50 + i / 700;
    default:
        return pld_random_integer(random, (uint64_t)i, ARRAY);
    }
}

static int64_t length_of(shape kind)
{
    return kind == NOTHING ? 0 : kind == SINGLE ? 1 : LIST;
}

static void make(shape kind, struct pld_pattern *out)
{
    int64_t indices[LIST];
    for (int64_t i = 0; i < length_of(kind); i++)
        indices[i] = index_of(kind, i);
    assert_ok(pld_pattern_create(length_of(kind), indices, out));
}

TEST(lists_take_what_their_shape_needs)
{
    static const pld_pattern_kind kinds[NSHAPES] = {
        [SHORT_RUNS] = PLD_PATTERN_NARROW,
        [LONG_RUNS] = PLD_PATTERN_RUNS,
        [SCATTERED] = PLD_PATTERN_NARROW};
    for (int kind = 0; kind < NSHAPES; kind++) {
        struct pld_pattern list;
        make((shape)kind, &list);
        assert_all_equal(list.kind, kinds[kind]);
        int64_t bytes = pld_pattern_bytes(&list);
        if (kinds[kind] == PLD_PATTERN_BOX)
            assert_all_equal(bytes, 0);
        else if (kinds[kind] == PLD_PATTERN_NARROW)
            assert_all_equal(bytes, 4 * LIST);
        else
            assert_all(bytes <= LIST / 50 * 2 * 16);
        pld_pattern_destroy(&list);
    }
    const int64_t far[] = {0, INT64_C(1) << 40, 5};
    struct pld_pattern list;
    int64_t found[3];
    assert_ok(pld_pattern_create(3, far, &list));
    assert_all_equal(list.kind, PLD_PATTERN_WIDE);
    pld_pattern_expand(&list, 0, 3, found);
    assert_all(memcmp(far, found, sizeof far) == 0);
    pld_pattern_destroy(&list);
}

TEST(lists_give_back_their_indices)
{
    for (int kind = 0; kind < NSHAPES; kind++) {
        struct pld_pattern list;
        bool right = true;
        make((shape)kind, &list);
        for (int64_t first = 0; first < list.n; first += 37) {
            int64_t found[PLD_PATTERN_CHUNK];
            int64_t rest = list.n - first;
            int n = rest < PLD_PATTERN_CHUNK ? (int)rest : PLD_PATTERN_CHUNK;
            pld_pattern_expand(&list, first, n, found);
            for (int i = 0; i < n; i++)
                right = right && found[i] == index_of((shape)kind, first + i);
        }
        assert_all(right);
        pld_pattern_destroy(&list);
    }
}

/* --- Copies ----------------------------------------------------------------
 */

static const size_t sizes[] = {1, 4, 8, 16, 24, 32, 40};
enum { NSIZES = sizeof sizes / sizeof *sizes };

static char from[ARRAY * MOST_BYTES];
static char to[ARRAY * MOST_BYTES];
static char expected[ARRAY * MOST_BYTES];

static void reset(void)
{
    for (size_t i = 0; i < sizeof from; i++)
        from[i] = (char)(i * 7 + i / 255);
    memset(to, -1, sizeof to);
    memset(expected, -1, sizeof expected);
}

static void expect(int64_t from_index, int64_t to_index, size_t bytes)
{
    memcpy(expected + to_index * (int64_t)bytes,
           from + from_index * (int64_t)bytes, bytes);
}

static bool as_expected(void)
{
    return memcmp(to, expected, sizeof to) == 0;
}

/* In parts of any length, as transports ask for them. */
TEST(entries_are_gathered_and_scattered)
{
    static const int64_t parts[] = {1, 13, 512, LIST};
    for (int kind = 0; kind < NSHAPES; kind++)
        for (int run = 0; run < NSIZES; run++) {
            size_t bytes = sizes[run];
            int64_t part = parts[(run + kind) % 4];
            int64_t size = (int64_t)bytes;
            struct pld_pattern list;
            make((shape)kind, &list);
            reset();
            for (int64_t i = 0; i < list.n; i += part) {
                int64_t n = list.n - i < part ? list.n - i : part;
                pld_pattern_gather(&list, i, n, bytes, from, to + i * size);
            }
            for (int64_t i = 0; i < list.n; i++)
                expect(index_of((shape)kind, i), i, bytes);
            assert_all(as_expected());
            reset();
            for (int64_t i = 0; i < list.n; i += part) {
                int64_t n = list.n - i < part ? list.n - i : part;
                pld_pattern_scatter(&list, i, n, bytes, from + i * size, to);
            }
            for (int64_t i = 0; i < list.n; i++)
                expect(i, index_of((shape)kind, i), bytes);
            assert_all(as_expected());
            pld_pattern_destroy(&list);
        }
}

TEST(entries_are_copied_from_list_to_list)
{
    for (int a = DENSE; a < NSHAPES; a++)
        for (int b = DENSE; b < NSHAPES; b++) {
            size_t bytes = sizes[(a + b) % NSIZES];
            struct pld_pattern lists[2];
            make((shape)a, &lists[0]);
            make((shape)b, &lists[1]);
            reset();
            pld_pattern_copy(&lists[0], &lists[1], bytes, from, to);
            for (int64_t i = 0; i < LIST; i++)
                expect(index_of((shape)a, i), index_of((shape)b, i), bytes);
            assert_all(as_expected());
            pld_pattern_destroy(&lists[1]);
            pld_pattern_destroy(&lists[0]);
        }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(lists_take_what_their_shape_needs),
    cmocka_unit_test(lists_give_back_their_indices),
    cmocka_unit_test(entries_are_gathered_and_scattered),
    cmocka_unit_test(entries_are_copied_from_list_to_list)};
PLD_TEST_MAIN(tests)
