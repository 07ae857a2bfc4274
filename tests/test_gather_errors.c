/* What gathers refuse, and how they say so.
 * TEST: ranks=1,2,3,4,7 */

#include "support/formula.h"
#include "support/harness.h"

#include "base/alloc.h"
#include "polder/gather.h"
#include "polder/memory.h"

#include <stdio.h>

static struct formula make_square(void)
{
    const pld_grid_spec cells = {
        .ndims = 2, .size = {8, 6}, .periodic = {true}};
    return formula_create(ctx, &cells,
                          &(pld_field_spec){.name = "depth", .ncomps = 3});
}

static void assert_refused(const pld_gather_spec *spec, const char *text)
{
    pld_gather *gather = NULL;
    assert_fails(PLD_ERR_ARG, pld_gather_create(spec, &gather), text);
    assert_all(gather == NULL);
    assert_fails(PLD_ERR_ARG, pld_gather_stream(spec, 0, NULL, NULL), text);
}

TEST(box_outside_of_the_domain_is_named)
{
    struct formula square = make_square();
    pld_box box = {{0, 4, 0}, {8, 3, 1}};
    const pld_gather_spec spec = {.field = square.field, .box = &box};
    assert_refused(&spec,
                   "the box {0, 4, 0} + {8, 3, 1} leaves the domain of "
                   "field \"depth\": dimension 1 has the indices 0 to 5");
    box = (pld_box){{-1, 0, 0}, {2, 2, 1}};
    assert_refused(&spec, "dimension 0 has the indices 0 to 7");
    box = (pld_box){{1, 0, 0}, {INT64_MAX, 2, 1}};
    assert_refused(&spec, "+ {9223372036854775807, 2, 1} leaves");
    box = (pld_box){{0, 0, 1}, {2, 2, 1}};
    assert_refused(&spec, "dimension 2 has the indices 0 to 0");
    formula_destroy(&square);
}

TEST(bad_spec_is_refused_by_name)
{
    struct formula square = make_square();
    pld_field *field = square.field;
    char text[80];
    assert_fails(PLD_ERR_ARG,
                 pld_gather_create(&(pld_gather_spec){.field = field}, NULL),
                 "out is NULL");
    assert_refused(&(pld_gather_spec){.field = field, .stride = {1, -2}},
                   "stride[1] is -2");
    assert_refused(&(pld_gather_spec){.field = field, .comp = 3},
                   "comp is 3: field \"depth\" has components 0 to 2");
    assert_refused(&(pld_gather_spec){.field = field, .comp = 1, .ncomps = 3},
                   "ncomps is 3 from component 1 on: field \"depth\" has 3");
    snprintf(text, sizeof text, "root is %d: ranks are 0 to %d", nranks,
             nranks - 1);
    assert_refused(&(pld_gather_spec){.field = field, .root = nranks}, text);
    assert_refused(&(pld_gather_spec){.field = field, .root = -2},
                   "root is -2");
    formula_destroy(&square);
}

TEST(bad_roots_are_refused_by_name)
{
    struct formula square = make_square();
    const int twice[] = {nranks - 1, nranks - 1};
    const int outside[] = {0, nranks};
    char text[80];
    pld_gather_spec spec = {.field = square.field, .nroots = -1};
    assert_refused(&spec, "nroots is -1");
    spec.nroots = 2;
    assert_refused(&spec, "nroots is 2, but roots is NULL");
    spec.roots = outside;
    snprintf(text, sizeof text, "roots[1] is %d: ranks are 0 to %d", nranks,
             nranks - 1);
    assert_refused(&spec, text);
    spec.roots = twice;
    snprintf(text, sizeof text, "rank %d is named twice in roots", nranks - 1);
    assert_refused(&spec, text);
    formula_destroy(&square);
}

TEST(spec_without_a_live_field_is_refused)
{
    pld_gather *gather = NULL;
    const pld_gather_spec spec = {.field = NULL};
    double out[1];
    assert_fails(PLD_ERR_ARG, pld_gather_create(NULL, &gather), "spec is NULL");
    assert_fails(PLD_ERR_ARG, pld_gather_create(&spec, &gather),
                 "spec->field is NULL");
    assert_fails(PLD_ERR_ARG, pld_gather_stream(NULL, 0, NULL, NULL),
                 "spec is NULL");
    assert_fails(PLD_ERR_ARG, pld_gather_stream(&spec, 0, NULL, NULL),
                 "spec->field is NULL");
    assert_fails(PLD_ERR_ARG, pld_field_gather(NULL, NULL, 0, out),
                 "field is NULL");
    assert_fails(PLD_ERR_ARG, pld_field_scatter(out, NULL, 0, NULL),
                 "field is NULL");
}

TEST(ranks_that_differ_are_told)
{
    struct formula square = make_square();
    pld_gather *gather = NULL;
    const pld_box box = {{0, rank, 0}, {1, 1, 1}};
    const pld_gather_spec specs[] = {
        {.field = square.field, .box = rank < 6 ? &box : NULL},
        {.field = square.field, .scatter = rank == 0},
        {.field = square.field, .root = rank}};
    for (int i = 0; i < 3 && nranks > 1; i++)
        assert_fails(PLD_ERR_MISMATCH, pld_gather_create(&specs[i], &gather),
                     "rank 1: the gather's box, stride, components, direction "
                     "or roots differs from rank 0's");
    formula_destroy(&square);
}

TEST(bad_arrays_are_refused)
{
    struct formula square = make_square();
    char text[80];
    snprintf(text, sizeof text, "out is NULL, but rank %d is a root",
             nranks - 1);
    assert_fails(PLD_ERR_ARG,
                 pld_field_gather(square.field, NULL, nranks - 1, NULL), text);
    assert_fails(PLD_ERR_ARG,
                 pld_field_scatter(NULL, NULL, PLD_ALL_RANKS, square.field),
                 "rank 0: in is NULL, but rank 0 is a root");
    formula_destroy(&square);
}

static pld_status visit_nothing(pld_box piece, void *array, void *data)
{
    (void)piece;
    (void)array;
    (void)data;
    return PLD_OK;
}

TEST(bad_streams_are_refused)
{
    struct formula square = make_square();
    double memory[1];
    pld_gather_spec spec = {.field = square.field};
    assert_fails(PLD_ERR_ARG, pld_gather_stream(&spec, 95, visit_nothing, NULL),
                 "bytes is 95: a stream of points of 24 bytes needs 96");
    assert_ok(pld_gather_stream(&spec, 96, visit_nothing, NULL));
    assert_fails(PLD_ERR_ARG, pld_gather_stream(&spec, 0, NULL, NULL),
                 "visit is NULL, but rank 0 is a root");
    spec.memory = memory;
    assert_fails(PLD_ERR_ARG, pld_gather_stream(&spec, 0, visit_nothing, NULL),
                 "spec->memory is not NULL");
    spec.memory = NULL;
    if (nranks > 1)
        assert_fails(PLD_ERR_MISMATCH,
                     pld_gather_stream(&spec, 96 + rank, visit_nothing, NULL),
                     "the stream's bytes differs");
    formula_destroy(&square);
}

TEST(calls_out_of_order_are_refused)
{
    struct formula square = make_square();
    pld_gather *gather = NULL;
    pld_gather_info info;
    bool done = false;
    const pld_gather_spec spec = {.field = square.field};
    assert_ok(pld_gather_create(&spec, &gather));
    assert_fails(PLD_ERR_STATE, pld_gather_end(gather),
                 "call pld_gather_begin first");
    assert_fails(PLD_ERR_STATE, pld_gather_test(gather, &done),
                 "call pld_gather_begin first");
    assert_ok(pld_gather_begin(gather));
    assert_fails(PLD_ERR_STATE, pld_gather_begin(gather),
                 "call pld_gather_end first");
    assert_fails(PLD_ERR_STATE, pld_gather_run(gather),
                 "call pld_gather_end first");
    assert_fails(PLD_ERR_STATE, pld_gather_destroy(&gather),
                 "call pld_gather_end first");
    assert_fails(PLD_ERR_ARG, pld_gather_test(gather, NULL), "out is NULL");
    assert_ok(pld_gather_end(gather));
    assert_fails(PLD_ERR_ARG, pld_gather_describe(gather, NULL), "out is NULL");
    assert_fails(PLD_ERR_ARG, pld_gather_describe(NULL, &info),
                 "gather is NULL");
    assert_fails(PLD_ERR_STATE, pld_field_destroy(&square.field), "still used");
    assert_ok(pld_gather_destroy(&gather));
    assert_ok(pld_gather_destroy(&gather));
    assert_fails(PLD_ERR_ARG, pld_gather_destroy(NULL), "gather is NULL");
    formula_destroy(&square);
}

TEST(something_else_is_no_gather)
{
    int64_t words[64] = {0};
    pld_gather *gather = (pld_gather *)(void *)words;
    assert_fails(PLD_ERR_STATE, pld_gather_run(gather),
                 "gather is not a live gather");
    assert_fails(PLD_ERR_ARG, pld_gather_run(NULL), "gather is NULL");
    assert_all(pld_gather_array(gather) == NULL);
    assert_all(pld_gather_array(NULL) == NULL);
}

/* Wherever memory runs out on one rank, all get the error, and nothing is
 * left. */
TEST(lack_of_memory_is_agreed)
{
    struct formula square = make_square();
    int64_t blocks = pld_memory_live_blocks();
    bool good = true;
    for (int64_t nth = 1; nth < 60; nth++) {
        pld_gather *gather = NULL;
        const pld_gather_spec spec = {.field = square.field,
                                      .root = PLD_ALL_RANKS};
        if (rank == nranks - 1)
            pld_alloc_fail(nth);
        pld_status status = pld_gather_create(&spec, &gather);
        pld_alloc_fail(0);
        good = good && (status == PLD_OK || status == PLD_ERR_MEMORY) &&
               (status == PLD_OK) == (gather != NULL);
        if (gather)
            good = pld_gather_destroy(&gather) == PLD_OK && good;
        good = good && pld_memory_live_blocks() == blocks;
    }
    assert_all(good);
    formula_destroy(&square);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(box_outside_of_the_domain_is_named),
    cmocka_unit_test(bad_spec_is_refused_by_name),
    cmocka_unit_test(bad_roots_are_refused_by_name),
    cmocka_unit_test(spec_without_a_live_field_is_refused),
    cmocka_unit_test(ranks_that_differ_are_told),
    cmocka_unit_test(bad_arrays_are_refused),
    cmocka_unit_test(bad_streams_are_refused),
    cmocka_unit_test(calls_out_of_order_are_refused),
    cmocka_unit_test(something_else_is_no_gather),
    cmocka_unit_test(lack_of_memory_is_agreed)};
PLD_TEST_MAIN(tests)
