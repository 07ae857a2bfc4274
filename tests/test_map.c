/* Maps, compared with what every leaf and root of all ranks holds.
 * TEST: ranks=1,2,3,4,7
 * TEST: ranks=4,7 env=PLD_TRANSPORT=message
 * TEST: ranks=4,7 env=PLD_FAKE_NODES=2 */

#include "support/harness.h"
#include "support/oracle.h"

#include "base/alloc.h"
#include "polder/map.h"
#include "polder/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- Forests: a function of the ranks ------------------------------------- */

enum { MAX_ROOTS = 60, MAX_LEAVES = 90, MAX_COMPS = 3 };

typedef enum forest {
    RANDOM,
    NEXT,      /* all roots of the next rank, in order */
    STRIDED,   /* every third root of the rank before */
    LAYERS,    /* boxes of the roots of all ranks */
    PIECES,    /* long contiguous pieces here and there */
    OWN,       /* roots of the own rank alone */
    CROWD,     /* all leaves want one root */
    SPARSE,    /* most ranks have nothing */
    ROOTLESS,  /* half of the leaves have no root */
    BACKWARDS, /* the next rank's roots from the last to the first */
    NFORESTS
} forest;

static uint64_t mix(int64_t a, int64_t b, int64_t c)
{
    uint64_t x = (uint64_t)((a * 1009 + b) * 100003 + c);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static int64_t nroots_of(forest kind, int of)
{
    if (kind == RANDOM)
        return 1 + (int64_t)(mix(kind, of, -1) % MAX_ROOTS);
    if (kind == SPARSE)
        return of == nranks / 2 ? 20 : 0;
    return MAX_ROOTS;
}

static int64_t nleaves_of(forest kind, int of)
{
    switch (kind) {
    case RANDOM:
        return (int64_t)(mix(kind, of, -2) % MAX_LEAVES);
    case STRIDED:
        return MAX_ROOTS / 3;
    case LAYERS:
        return 2 * 3 * 4;
    case SPARSE:
        return of == 0 || of == nranks - 1 ? 30 : 0;
    case ROOTLESS:
    case PIECES:
        return MAX_LEAVES;
    default:
        return MAX_ROOTS;
    }
}

struct place {
    int rank; /* -1: none */
    int64_t index;
};

/* The root of leaf i of rank r. */
static struct place root_of(forest kind, int r, int64_t i)
{
    uint64_t any = mix(kind, r, i);
    int other = (int)(any % (uint64_t)nranks);
    int next = (r + 1) % nranks;
    int before = (r + nranks - 1) % nranks;
    int64_t index = (int64_t)(any >> 20);
    switch (kind) {
    case NEXT:
        return (struct place){next, i};
    case STRIDED:
        return (struct place){before, 1 + 3 * i - 1};
    case LAYERS:
        return (struct place){next, i % 4 + i / 4 % 3 * 5 + i / 12 * 20};
    case PIECES:
        return (struct place){(r + (int)(i / 10)) % nranks,
                              (7 * (i / 10) + i % 10) % MAX_ROOTS};
    case OWN:
        return (struct place){r, index % MAX_ROOTS};
    case CROWD:
        return (struct place){nranks - 1, 5};
    case SPARSE:
        return (struct place){nranks / 2, index % 20};
    case ROOTLESS:
        return (struct place){any >> 10 & 1 ? -1 : other, index % MAX_ROOTS};
    case BACKWARDS:
        return (struct place){next, MAX_ROOTS - 1 - i};
    default:
        return (struct place){other, index % nroots_of(kind, other)};
    }
}

static pld_map *make(forest kind)
{
    int ranks[MAX_LEAVES];
    int64_t indices[MAX_LEAVES];
    pld_map *map = NULL;
    pld_map_spec spec = {.nroots = nroots_of(kind, rank),
                         .nleaves = nleaves_of(kind, rank),
                         .ranks = ranks,
                         .indices = indices};
    for (int64_t i = 0; i < spec.nleaves; i++) {
        ranks[i] = root_of(kind, rank, i).rank;
        indices[i] = root_of(kind, rank, i).index;
    }
    assert_ok(pld_map_create(ctx, &spec, &map));
    return map;
}

/* --- Values ----------------------------------------------------------------
 */

enum { ROOT, LEAF };

static double real_of(uint64_t number)
{
    static const double special[] = {NAN, INFINITY, -INFINITY, -0.0, 0.0};
    if (number % 211 < 5)
        return special[number % 211];
    return ldexp((double)(int32_t)(number >> 32), (int)(number >> 8 & 63) - 30);
}

/* Component c of an entry, as the number that makes it. */
static uint64_t number_at(int what, int of, int64_t i, int c)
{
    return mix(2 * i + what, of, c);
}

static double f64_at(int what, int of, int64_t i, int c)
{
    return real_of(number_at(what, of, i, c));
}

/* Few enough bits that sums of all fit into a double. */
static float f32_at(int what, int of, int64_t i, int c)
{
    uint64_t number = number_at(what, of, i, c);
    return ldexpf((float)(int16_t)(number >> 32), (int)(number >> 8 & 15));
}

static int64_t i64_at(int what, int of, int64_t i, int c)
{
    return (int64_t)number_at(what, of, i, c);
}

static int32_t i32_at(int what, int of, int64_t i, int c)
{
    return (int32_t)number_at(what, of, i, c);
}

/* What a type needs for this test; entries are dense arrays of components. */
static void value_at(pld_type type, int what, int of, int64_t i, int c,
                     void *out)
{
    double f64[2] = {f64_at(what, of, i, c), f64_at(what, of, i, c + 100)};
    float f32 = f32_at(what, of, i, c);
    int64_t i64 = i64_at(what, of, i, c);
    int32_t i32 = i32_at(what, of, i, c);
    if (type == PLD_F64)
        memcpy(out, f64, sizeof *f64);
    else if (type == PLD_C128)
        memcpy(out, f64, sizeof f64);
    else if (type == PLD_F32)
        memcpy(out, &f32, sizeof f32);
    else if (type == PLD_I64)
        memcpy(out, &i64, sizeof i64);
    else
        memcpy(out, &i32, sizeof i32);
}

static char *make_values(pld_type type, int ncomps, int what, int64_t n)
{
    char *values = NULL;
    size_t size = pld_type_size(type);
    assert_ok_here(pld_alloc("values", n * ncomps, size, &values));
    for (int64_t i = 0; i < n; i++)
        for (int c = 0; c < ncomps; c++)
            value_at(type, what, rank, i, c,
                     values + (i * ncomps + c) * (int64_t)size);
    return values;
}

/* --- Broadcast -------------------------------------------------------------
 */

static void broadcast_type(pld_map *map, forest kind, pld_type type, int ncomps)
{
    const pld_entry entry = {.type = type, .ncomps = ncomps};
    int64_t size = (int64_t)pld_type_size(type);
    char *roots = make_values(type, ncomps, ROOT, nroots_of(kind, rank));
    char *leaves = make_values(type, ncomps, LEAF, nleaves_of(kind, rank));
    assert_ok(pld_map_broadcast(map, entry, roots, leaves));
    bool right = true;
    for (int64_t i = 0; i < nleaves_of(kind, rank); i++)
        for (int c = 0; c < ncomps; c++) {
            char expected[16];
            struct place root = root_of(kind, rank, i);
            if (root.rank < 0)
                value_at(type, LEAF, rank, i, c, expected);
            else
                value_at(type, ROOT, root.rank, root.index, c, expected);
            right = right && memcmp(expected, leaves + (i * ncomps + c) * size,
                                    (size_t)size) == 0;
        }
    assert_all(right);
    pld_free(leaves);
    pld_free(roots);
}

TEST(leaves_get_their_roots)
{
    for (int kind = 0; kind < NFORESTS; kind++) {
        pld_map *map = make((forest)kind);
        for (int t = 0; t < 2; t++) {
            int type = (kind + 2 * t) % PLD_TYPE_COUNT;
            broadcast_type(map, (forest)kind, (pld_type)type,
                           1 + (kind / 2 + t) % MAX_COMPS);
        }
        assert_ok(pld_map_destroy(&map));
    }
}

/* Records of 40 bytes: the numbers 0 ... 39 and what they belong to. */
TEST(raw_bytes_travel)
{
    enum { BYTES = 40 };
    for (int kind = 0; kind < NFORESTS; kind++) {
        pld_map *map = make((forest)kind);
        char roots[MAX_ROOTS * BYTES];
        char leaves[MAX_LEAVES * BYTES];
        bool right = true;
        for (int i = 0; i < MAX_ROOTS * BYTES; i++)
            roots[i] = (char)(rank + 3 * i);
        memset(leaves, -1, sizeof leaves);
        pld_entry entry = {.bytes = BYTES};
        assert_ok(pld_map_broadcast(map, entry, roots, leaves));
        for (int64_t i = 0; i < nleaves_of((forest)kind, rank); i++) {
            struct place root = root_of((forest)kind, rank, i);
            for (int64_t b = 0; b < BYTES && root.rank >= 0; b++)
                right = right &&
                        leaves[i * BYTES + b] ==
                            (char)(root.rank + 3 * (root.index * BYTES + b));
        }
        assert_all(right);
        assert_ok(pld_map_destroy(&map));
    }
}

/* --- Reductions ------------------------------------------------------------
 */

/* Call `visit` for all leaves of a root, in their order. */
typedef void visit_leaf(int of, int64_t leaf, void *data);
static void for_leaves(forest kind, struct place root, visit_leaf *visit,
                       void *data)
{
    for (int r = 0; r < nranks; r++)
        for (int64_t i = 0; i < nleaves_of(kind, r); i++) {
            struct place place = root_of(kind, r, i);
            if (place.rank == root.rank && place.index == root.index)
                visit(r, i, data);
        }
}

struct result {
    pld_op op;
    pld_type type;
    int c;
    int64_t nleaves;
    struct oracle sum[2];
    double real;
    uint64_t integer;
};

static double real_value(pld_type type, int what, int of, int64_t i, int c)
{
    return type == PLD_F32 ? (double)f32_at(what, of, i, c)
                           : f64_at(what, of, i, c);
}

static double extreme(pld_op op, double a, double b)
{
    if (isnan(a) || isnan(b))
        return NAN;
    if (a == b)
        return (signbit(a) != 0) == (op == PLD_MIN) ? a : b;
    return (a < b) == (op == PLD_MIN) ? a : b;
}

static void combine_integer(struct result *result, int64_t x)
{
    int64_t old = (int64_t)result->integer;
    if (result->op == PLD_SUM || result->op == PLD_FAST_SUM)
        result->integer += (uint64_t)x;
    else if (result->op == PLD_MIN)
        result->integer = (uint64_t)(x < old ? x : old);
    else
        result->integer = (uint64_t)(x > old ? x : old);
}

static void take_value(struct result *result, int what, int of, int64_t i)
{
    pld_type type = result->type;
    int c = result->c;
    double x = real_value(type, what, of, i, c);
    bool first = what == ROOT;
    oracle_add(&result->sum[0], x);
    oracle_add(&result->sum[1], f64_at(what, of, i, c + 100));
    if (first)
        result->real = x;
    else if (result->op == PLD_FAST_SUM)
        result->real = result->real + x + 0;
    else
        result->real = extreme(result->op, result->real, x);
    int64_t integer =
        type == PLD_I32 ? i32_at(what, of, i, c) : i64_at(what, of, i, c);
    if (first)
        result->integer = (uint64_t)integer;
    else
        combine_integer(result, integer);
}

static void take_leaf(int of, int64_t leaf, void *data)
{
    struct result *result = data;
    result->nleaves++;
    take_value(result, LEAF, of, leaf);
}

static bool same_real(double a, double b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

static bool is_result(const struct result *result, const char *found)
{
    double f64[2];
    float f32;
    int64_t i64;
    int32_t i32;
    double real = result->real;
    if (result->op == PLD_SUM)
        real = oracle_round(&result->sum[0]);
    switch (result->type) {
    case PLD_F64:
        memcpy(f64, found, sizeof *f64);
        return same_real(f64[0], real);
    case PLD_C128:
        memcpy(f64, found, sizeof f64);
        return same_real(f64[0], real) &&
               same_real(f64[1], oracle_round(&result->sum[1]));
    case PLD_F32:
        memcpy(&f32, found, sizeof f32);
        return same_real((double)f32, (double)(float)real);
    case PLD_I64:
        memcpy(&i64, found, sizeof i64);
        return i64 == (int64_t)result->integer;
    default:
        memcpy(&i32, found, sizeof i32);
        return i32 == (int32_t)result->integer;
    }
}

static void reduce_type(pld_map *map, forest kind, pld_op op, pld_type type,
                        int ncomps)
{
    const pld_entry entry = {.type = type, .ncomps = ncomps};
    int64_t size = (int64_t)pld_type_size(type);
    char *roots = make_values(type, ncomps, ROOT, nroots_of(kind, rank));
    char *leaves = make_values(type, ncomps, LEAF, nleaves_of(kind, rank));
    assert_ok(pld_map_reduce(map, op, entry, leaves, roots));
    bool right = true;
    for (int64_t i = 0; i < nroots_of(kind, rank); i++)
        for (int c = 0; c < ncomps; c++) {
            struct result result = {.op = op, .type = type, .c = c};
            const char *found = roots + (i * ncomps + c) * size;
            char old[16];
            oracle_clear(&result.sum[0]);
            oracle_clear(&result.sum[1]);
            take_value(&result, ROOT, rank, i);
            for_leaves(kind, (struct place){rank, i}, take_leaf, &result);
            value_at(type, ROOT, rank, i, c, old);
            right = right && (result.nleaves > 0
                                  ? is_result(&result, found)
                                  : memcmp(old, found, (size_t)size) == 0);
        }
    assert_all(right);
    pld_free(leaves);
    pld_free(roots);
}

TEST(roots_combine_their_leaves)
{
    for (int kind = 0; kind < NFORESTS; kind++) {
        pld_map *map = make((forest)kind);
        for (int t = 0; t < 2; t++) {
            int type = (kind + 2 * t) % PLD_TYPE_COUNT;
            int op = type == PLD_C128 ? PLD_SUM : (kind + t) % (PLD_MAX + 1);
            reduce_type(map, (forest)kind, (pld_op)op, (pld_type)type,
                        1 + (kind + op) % MAX_COMPS);
        }
        reduce_type(map, (forest)kind, PLD_SUM, PLD_F64, 1);
        reduce_type(map, (forest)kind, kind % 2 ? PLD_MIN : PLD_MAX, PLD_F64,
                    1);
        assert_ok(pld_map_destroy(&map));
    }
}

TEST(fast_sums_keep_to_the_order_of_leaves)
{
    for (int kind = 0; kind < NFORESTS; kind++) {
        pld_map *map = make((forest)kind);
        reduce_type(map, (forest)kind, PLD_FAST_SUM, PLD_F64, 2);
        reduce_type(map, (forest)kind, PLD_FAST_SUM, PLD_I32, 1);
        assert_ok(pld_map_destroy(&map));
    }
}

/* --- Replace, fetch and add, collect, deal ---------------------------------
 */

static void take_last(int of, int64_t leaf, void *data)
{
    *(int64_t *)data = i64_at(LEAF, of, leaf, 0);
}

TEST(the_last_leaf_replaces)
{
    for (int kind = 0; kind < NFORESTS; kind++) {
        pld_map *map = make((forest)kind);
        int64_t roots[MAX_ROOTS];
        int64_t leaves[MAX_LEAVES];
        bool right = true;
        for (int64_t i = 0; i < MAX_ROOTS; i++)
            roots[i] = -i;
        for (int64_t i = 0; i < MAX_LEAVES; i++)
            leaves[i] = i64_at(LEAF, rank, i, 0);
        pld_entry entry = {.bytes = sizeof *roots};
        assert_ok(pld_map_replace(map, entry, leaves, roots));
        for (int64_t i = 0; i < nroots_of((forest)kind, rank); i++) {
            int64_t expected = -i;
            for_leaves((forest)kind, (struct place){rank, i}, take_last,
                       &expected);
            right = right && roots[i] == expected;
        }
        assert_all(right);
        assert_ok(pld_map_destroy(&map));
    }
}

struct running {
    int64_t sum;
    int of;
    int64_t leaf;
    int64_t before;
};

static void run_on(int of, int64_t leaf, void *data)
{
    struct running *running = data;
    if (of == running->of && leaf == running->leaf)
        running->before = running->sum;
    running->sum += leaf + 10 * of + 1;
}

static void fetch_add(forest kind, bool in_place)
{
    pld_map *map = make(kind);
    int64_t roots[MAX_ROOTS];
    int64_t leaves[MAX_LEAVES];
    int64_t before[MAX_LEAVES];
    bool right = true;
    for (int64_t i = 0; i < MAX_ROOTS; i++)
        roots[i] = 1000 * i;
    for (int64_t i = 0; i < MAX_LEAVES; i++)
        leaves[i] = before[i] = i + 10 * rank + 1;
    pld_entry entry = {.type = PLD_I64};
    int64_t *to = in_place ? leaves : before;
    assert_ok(pld_map_fetch_add(map, entry, leaves, roots, to));
    for (int64_t i = 0; i < nleaves_of(kind, rank); i++) {
        struct place root = root_of(kind, rank, i);
        struct running running = {
            .sum = 1000 * root.index, .of = rank, .leaf = i};
        for_leaves(kind, root, run_on, &running);
        right = right && (root.rank < 0 ? to[i] == i + 10 * rank + 1
                                        : to[i] == running.before);
    }
    for (int64_t i = 0; i < nroots_of(kind, rank); i++) {
        struct running running = {.sum = 1000 * i, .of = -1};
        for_leaves(kind, (struct place){rank, i}, run_on, &running);
        right = right && roots[i] == running.sum;
    }
    assert_all(right);
    assert_ok(pld_map_destroy(&map));
}

TEST(fetch_add_hands_out_in_the_order_of_leaves)
{
    for (int kind = 0; kind < NFORESTS; kind++)
        fetch_add((forest)kind, kind % 2 == 0);
}

TEST(fetch_add_takes_small_integers_and_components)
{
    pld_map *map = make(CROWD);
    int32_t roots[MAX_ROOTS][2] = {{0}};
    int32_t leaves[MAX_LEAVES][2];
    bool right = true;
    for (int i = 0; i < MAX_LEAVES; i++) {
        leaves[i][0] = 1;
        leaves[i][1] = 2;
    }
    pld_entry entry = {.type = PLD_I32, .ncomps = 2};
    assert_ok(pld_map_fetch_add(map, entry, leaves, roots, leaves));
    for (int i = 0; i < MAX_ROOTS; i++) {
        int32_t place = rank * MAX_ROOTS + i;
        right = right && leaves[i][0] == place && leaves[i][1] == 2 * place;
    }
    assert_all(right);
    assert_all(rank < nranks - 1 || roots[5][0] == nranks * MAX_ROOTS);
    assert_ok(pld_map_destroy(&map));
}

struct list {
    int64_t n;
    int64_t at[MAX_LEAVES * 16];
};

static void append(int of, int64_t leaf, void *data)
{
    struct list *list = data;
    list->at[list->n++] = 1000 * of + leaf;
}

TEST(roots_collect_all_their_leaves)
{
    for (int kind = 0; kind < NFORESTS; kind++) {
        pld_map *map = make((forest)kind);
        struct list expected = {0};
        int64_t leaves[MAX_LEAVES];
        int64_t all[MAX_LEAVES * 16];
        int64_t degrees[MAX_ROOTS];
        bool right = true;
        for (int64_t i = 0; i < MAX_LEAVES; i++)
            leaves[i] = 1000 * rank + i;
        pld_entry entry = {.type = PLD_I64};
        assert_ok(pld_map_collect(map, entry, leaves, all));
        assert_ok(pld_map_degrees(map, degrees));
        for (int64_t i = 0; i < nroots_of((forest)kind, rank); i++) {
            int64_t old = expected.n;
            for_leaves((forest)kind, (struct place){rank, i}, append,
                       &expected);
            right = right && degrees[i] == expected.n - old;
        }
        right = right &&
                memcmp(all, expected.at, (size_t)expected.n * sizeof *all) == 0;
        assert_all(right);

        /* Dealt out again, each leaf has its own back. */
        memset(leaves, -1, sizeof leaves);
        assert_ok(pld_map_deal(map, entry, all, leaves));
        for (int64_t i = 0; i < nleaves_of((forest)kind, rank); i++)
            right =
                right && leaves[i] == (root_of((forest)kind, rank, i).rank < 0
                                           ? -1
                                           : 1000 * rank + i);
        assert_all(right);
        assert_ok(pld_map_destroy(&map));
    }
}

/* --- Blocks ----------------------------------------------------------------
 */

TEST(blocks_need_no_places)
{
    for (int64_t nids = 0; nids < 50; nids += 7) {
        int64_t first = pld_map_block(nids, nranks, rank);
        int64_t end = pld_map_block(nids, nranks, rank + 1);
        int64_t wanted[40];
        int64_t found[40];
        int64_t roots[50];
        pld_map *map = NULL;
        bool right = true;
        for (int64_t i = 0; i < 40; i++) {
            uint64_t any = mix(nids, rank, i);
            wanted[i] = nids == 0 || any % 9 == 0
                            ? -1
                            : (int64_t)(any % (uint64_t)nids);
            found[i] = -5;
        }
        for (int64_t id = first; id < end; id++)
            roots[id - first] = 11 * id;
        assert_ok(pld_map_create_blocks(ctx, nids, 40, wanted, &map));
        pld_entry entry = {.type = PLD_I64};
        assert_ok(pld_map_broadcast(map, entry, roots, found));
        for (int64_t i = 0; i < 40; i++)
            right = right && found[i] == (wanted[i] < 0 ? -5 : 11 * wanted[i]);
        assert_all(right);
        assert_all(rank > 0 || first == 0);
        assert_all(rank < nranks - 1 || end == nids);
        assert_ok(pld_map_destroy(&map));
    }
}

/* --- Begin, test, end ------------------------------------------------------
 */

TEST(two_maps_are_under_way_at_a_time)
{
    pld_map *maps[2] = {make(RANDOM), make(BACKWARDS)};
    double roots[2][MAX_ROOTS];
    double leaves[2][MAX_LEAVES];
    bool right = true;
    for (int64_t i = 0; i < MAX_ROOTS; i++)
        roots[0][i] = roots[1][i] = (double)(100 * rank + i);
    for (int m = 0; m < 2; m++)
        assert_ok(pld_map_broadcast_begin(maps[m], (pld_entry){0}, roots[m],
                                          leaves[m]));
    for (int m = 0; m < 2; m++) {
        bool done = false;
        while (!done)
            assert_ok_here(pld_map_test(maps[m], &done));
        assert_ok_here(pld_map_end(maps[m]));
    }
    for (int m = 0; m < 2; m++) {
        forest kind = m == 0 ? RANDOM : BACKWARDS;
        for (int64_t i = 0; i < nleaves_of(kind, rank); i++) {
            struct place root = root_of(kind, rank, i);
            right =
                right && leaves[m][i] == (double)(100 * root.rank + root.index);
        }
    }
    assert_all(right);
    for (int m = 0; m < 2; m++)
        assert_ok(pld_map_destroy(&maps[m]));
}

TEST(a_test_turns_fetch_and_add_round)
{
    pld_map *map = make(CROWD);
    int64_t roots[MAX_ROOTS] = {0};
    int64_t leaves[MAX_LEAVES];
    bool right = true;
    bool done = false;
    for (int i = 0; i < MAX_LEAVES; i++)
        leaves[i] = 1;
    pld_entry entry = {.type = PLD_I64};
    assert_ok(pld_map_fetch_add_begin(map, entry, leaves, roots, leaves));
    while (!done)
        assert_ok_here(pld_map_test(map, &done));
    assert_ok_here(pld_map_end(map));
    for (int i = 0; i < MAX_ROOTS; i++)
        right = right && leaves[i] == (int64_t)rank * MAX_ROOTS + i;
    assert_all(right);
    assert_ok(pld_map_destroy(&map));
}

TEST(repeated_operations_allocate_nothing)
{
    pld_map *map = make(RANDOM);
    double roots[MAX_ROOTS] = {0};
    double leaves[MAX_LEAVES] = {0};
    int64_t live = 0;
    for (int i = 0; i < 20; i++) {
        assert_ok_here(pld_map_broadcast(map, (pld_entry){0}, roots, leaves));
        assert_ok_here(
            pld_map_reduce(map, PLD_SUM, (pld_entry){0}, leaves, roots));
        live = i == 0 ? pld_memory_live_blocks() : live;
    }
    assert_all_equal(pld_memory_live_blocks(), live);
    assert_ok(pld_map_destroy(&map));
}

TEST(regular_lists_take_no_memory)
{
    static const forest regular[] = {NEXT, STRIDED, LAYERS, CROWD, BACKWARDS};
    for (int k = 0; k < 5; k++) {
        pld_map *map = make(regular[k]);
        pld_map_info info;
        assert_ok(pld_map_describe(map, &info));
        assert_all(info.list_bytes <= 128 * 2 * info.npeers);
        assert_all_equal(info.nowned + info.nreceived,
                         nleaves_of(regular[k], rank));
        assert_all_equal(info.nleaves, nleaves_of(regular[k], rank));
        assert_all_equal(info.nroots, MAX_ROOTS);
        assert_all_equal(info.buffer_bytes, 0);
        assert_ok(pld_map_destroy(&map));
    }
}

/* --- What goes wrong -------------------------------------------------------
 */

TEST(specs_are_checked)
{
    pld_map *map = NULL;
    int of = 0;
    int64_t index = 0;
    pld_map_spec spec = {
        .nroots = 3, .nleaves = 1, .ranks = &of, .indices = &index};
    assert_fails(PLD_ERR_ARG, pld_map_create(NULL, &spec, &map), "ctx is NULL");
    assert_fails(PLD_ERR_ARG, pld_map_create(ctx, NULL, &map), "spec is NULL");
    assert_fails(PLD_ERR_ARG, pld_map_create(ctx, &spec, NULL), "out is NULL");
    of = nranks;
    assert_fails(PLD_ERR_ARG, pld_map_create(ctx, &spec, &map), "ranks[0]");
    of = rank == nranks - 1 ? -2 : 0;
    assert_fails(PLD_ERR_ARG, pld_map_create(ctx, &spec, &map),
                 "ranks[0] is -2");
    of = 0;
    index = -1;
    assert_fails(PLD_ERR_ARG, pld_map_create(ctx, &spec, &map),
                 "indices[0] -1 is negative");
    index = 3;
    of = nranks - 1;
    assert_fails(PLD_ERR_ARG, pld_map_create(ctx, &spec, &map), "which has 3");
    spec.indices = NULL;
    assert_fails(PLD_ERR_ARG, pld_map_create(ctx, &spec, &map),
                 "indices is NULL");
    spec.ranks = NULL;
    assert_fails(PLD_ERR_ARG, pld_map_create(ctx, &spec, &map),
                 "ranks is NULL");
    spec.nleaves = -1;
    assert_fails(PLD_ERR_ARG, pld_map_create(ctx, &spec, &map), "nleaves -1");
    spec.nroots = -1;
    assert_fails(PLD_ERR_ARG, pld_map_create(ctx, &spec, &map), "nroots -1");
    assert_all(map == NULL);
}

TEST(blocks_are_checked)
{
    pld_map *map = NULL;
    int64_t id = 5;
    assert_fails(PLD_ERR_ARG, pld_map_create_blocks(NULL, 5, 1, &id, &map),
                 "ctx is NULL");
    assert_fails(PLD_ERR_ARG, pld_map_create_blocks(ctx, 5, 1, &id, &map),
                 "leaves[0] is 5");
    assert_fails(PLD_ERR_ARG, pld_map_create_blocks(ctx, -1, 1, &id, &map),
                 "nids -1");
    assert_fails(PLD_ERR_ARG, pld_map_create_blocks(ctx, 5, -1, &id, &map),
                 "nleaves -1");
    assert_fails(PLD_ERR_ARG, pld_map_create_blocks(ctx, 5, 1, NULL, &map),
                 "leaves is NULL");
    if (nranks > 1)
        assert_fails(PLD_ERR_MISMATCH,
                     pld_map_create_blocks(ctx, 5 + rank, 0, &id, &map),
                     "nids");
    assert_all(map == NULL);
}

TEST(operations_are_checked)
{
    pld_map *map = make(NEXT);
    double roots[MAX_ROOTS] = {0};
    double leaves[MAX_LEAVES] = {0};
    const pld_entry f64 = {0};
    const pld_entry raw = {.bytes = 8};
    assert_fails(PLD_ERR_ARG, pld_map_broadcast(NULL, f64, roots, leaves),
                 "map is NULL");
    assert_fails(PLD_ERR_ARG, pld_map_broadcast(map, f64, NULL, leaves),
                 "roots is NULL");
    assert_fails(PLD_ERR_ARG, pld_map_broadcast(map, f64, roots, NULL),
                 "leaves is NULL");
    assert_fails(PLD_ERR_TYPE,
                 pld_map_broadcast(map, (pld_entry){.type = PLD_TYPE_COUNT},
                                   roots, leaves),
                 "entry.type");
    assert_fails(
        PLD_ERR_ARG,
        pld_map_broadcast(map, (pld_entry){.ncomps = -1}, roots, leaves),
        "entry.ncomps -1");
    assert_fails(PLD_ERR_TYPE, pld_map_reduce(map, PLD_SUM, raw, leaves, roots),
                 "raw bytes");
    assert_fails(PLD_ERR_ARG,
                 pld_map_reduce(map, PLD_OP_COUNT, f64, leaves, roots), "op");
    assert_fails(PLD_ERR_TYPE,
                 pld_map_reduce(map, PLD_MIN, (pld_entry){.type = PLD_C128},
                                leaves, roots),
                 "c128");
    assert_fails(PLD_ERR_TYPE,
                 pld_map_fetch_add(map, f64, leaves, roots, leaves), "f64");
    assert_fails(PLD_ERR_ARG,
                 pld_map_fetch_add(map, (pld_entry){.type = PLD_I64}, leaves,
                                   roots, NULL),
                 "before is NULL");
    assert_fails(PLD_ERR_ARG, pld_map_collect(map, f64, leaves, NULL),
                 "all is NULL");
    assert_fails(PLD_ERR_ARG, pld_map_degrees(map, NULL), "degrees is NULL");
    assert_fails(PLD_ERR_ARG, pld_map_describe(map, NULL), "out is NULL");
    if (nranks > 1)
        assert_fails(PLD_ERR_MISMATCH,
                     pld_map_broadcast(map,
                                       (pld_entry){.bytes = 8 + (size_t)rank},
                                       roots, leaves),
                     "what an entry is");
    assert_ok(pld_map_destroy(&map));
}

TEST(begin_and_end_alternate)
{
    pld_map *map = make(NEXT);
    double roots[MAX_ROOTS] = {0};
    double leaves[MAX_LEAVES] = {0};
    bool done = false;
    const pld_entry f64 = {0};
    assert_fails(PLD_ERR_STATE, pld_map_end(map), "no operation is under way");
    assert_fails(PLD_ERR_STATE, pld_map_test(map, &done), "no operation");
    assert_ok(pld_map_broadcast_begin(map, f64, roots, leaves));
    assert_fails(PLD_ERR_STATE,
                 pld_map_reduce_begin(map, PLD_SUM, f64, leaves, roots),
                 "under way");
    assert_fails(PLD_ERR_ARG, pld_map_test(map, NULL), "out is NULL");
    assert_fails(PLD_ERR_STATE, pld_map_destroy(&map), "under way");
    assert_ok(pld_map_end(map));
    assert_fails(PLD_ERR_STATE, pld_map_end(map), "no operation is under way");
    assert_ok(pld_map_destroy(&map));
    assert_ok(pld_map_destroy(&map));
    assert_fails(PLD_ERR_ARG, pld_map_destroy(NULL), "map is NULL");
}

TEST(a_lack_of_memory_is_agreed)
{
    int of = (rank + 1) % nranks;
    int64_t index = 0;
    pld_map_spec spec = {
        .nroots = 1, .nleaves = 1, .ranks = &of, .indices = &index};
    int64_t live = pld_memory_live_blocks();
    pld_map *map = NULL;
    for (int64_t nth = 1; nth < 40 && !map; nth++) {
        pld_alloc_fail(rank == nranks - 1 ? nth : 0);
        pld_status status = pld_map_create(ctx, &spec, &map);
        pld_alloc_fail(0);
        assert_all(status == PLD_OK || status == PLD_ERR_MEMORY);
        assert_all((status == PLD_OK) == (map != NULL));
        assert_all(map || pld_memory_live_blocks() == live);
    }
    assert_all(map != NULL);
    bool worked = false;
    for (int64_t nth = 1; nth < 40 && !worked; nth++) {
        double root = rank;
        double leaf = 1;
        pld_alloc_fail(rank == nranks - 1 ? nth : 0);
        pld_status status =
            pld_map_reduce(map, PLD_SUM, (pld_entry){0}, &leaf, &root);
        pld_alloc_fail(0);
        assert_all(status == PLD_OK || status == PLD_ERR_MEMORY);
        worked = status == PLD_OK;
        assert_all(root == (worked ? rank + 1 : rank));
    }
    assert_all(worked);
    assert_ok(pld_map_destroy(&map));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(leaves_get_their_roots),
    cmocka_unit_test(raw_bytes_travel),
    cmocka_unit_test(roots_combine_their_leaves),
    cmocka_unit_test(fast_sums_keep_to_the_order_of_leaves),
    cmocka_unit_test(the_last_leaf_replaces),
    cmocka_unit_test(fetch_add_hands_out_in_the_order_of_leaves),
    cmocka_unit_test(fetch_add_takes_small_integers_and_components),
    cmocka_unit_test(roots_collect_all_their_leaves),
    cmocka_unit_test(blocks_need_no_places),
    cmocka_unit_test(two_maps_are_under_way_at_a_time),
    cmocka_unit_test(a_test_turns_fetch_and_add_round),
    cmocka_unit_test(repeated_operations_allocate_nothing),
    cmocka_unit_test(regular_lists_take_no_memory),
    cmocka_unit_test(specs_are_checked),
    cmocka_unit_test(blocks_are_checked),
    cmocka_unit_test(operations_are_checked),
    cmocka_unit_test(begin_and_end_alternate),
    cmocka_unit_test(a_lack_of_memory_is_agreed)};
PLD_TEST_MAIN(tests)
