/* What samples refuse, and how they say so.
 * TEST: ranks=1,2,3,4,7 */

#include "support/formula.h"
#include "support/harness.h"

#include "base/alloc.h"
#include "polder/memory.h"
#include "polder/sample.h"

#include <math.h>
#include <stdio.h>

static struct formula make_square(pld_type type)
{
    const pld_grid_spec cells = {
        .ndims = 2, .size = {8, 6}, .periodic = {false, true}};
    return formula_create(
        ctx, &cells,
        &(pld_field_spec){.name = "depth", .type = type, .ncomps = 3});
}

static void assert_refused(const pld_sample_spec *spec, pld_status expected,
                           const char *text)
{
    pld_sample *sample = NULL;
    assert_fails(expected, pld_sample_create(spec, &sample), text);
    assert_all(sample == NULL);
}

TEST(point_outside_of_the_domain_is_named)
{
    struct formula square = make_square(PLD_F64);
    double points[] = {8.0, 100.0, 1.5, 2.5, 0.0, -3.0};
    const pld_sample_spec spec = {
        .field = square.field, .npoints = 3, .points = points};
    pld_sample *sample = NULL;
    assert_ok(pld_sample_create(&spec, &sample));
    assert_ok(pld_sample_destroy(&sample));
    points[2] = 8.5;
    assert_refused(&spec, PLD_ERR_ARG,
                   "point 1 (8.5, 2.5) lies outside of field \"depth\": "
                   "dimension 0 reaches from 0 to 8");
    points[2] = -1e-9;
    assert_refused(&spec, PLD_ERR_ARG, "point 1 (-1e-09, 2.5) lies outside");
    points[2] = NAN;
    assert_refused(&spec, PLD_ERR_ARG, "dimension 0 reaches from 0 to 8");
    points[2] = 1.0;
    points[5] = INFINITY;
    assert_refused(&spec, PLD_ERR_ARG,
                   "point 2 (0, inf) lies outside of field \"depth\": "
                   "dimension 1 wants finite numbers, and has the size 6");
    formula_destroy(&square);
}

TEST(point_of_one_rank_is_refused_on_all)
{
    struct formula square = make_square(PLD_F64);
    const double point[] = {9.0, 1.0};
    char text[80];
    snprintf(text, sizeof text, "rank %d: point 0 (9, 1) lies outside",
             nranks - 1);
    for (int values = 0; values < 3; values++)
        assert_refused(&(pld_sample_spec){.field = square.field,
                                          .values = (pld_sample_for)values,
                                          .npoints = rank == nranks - 1,
                                          .points = point},
                       PLD_ERR_ARG, text);
    formula_destroy(&square);
}

TEST(bad_spec_is_refused_by_name)
{
    struct formula square = make_square(PLD_F64);
    pld_field *field = square.field;
    assert_fails(PLD_ERR_ARG,
                 pld_sample_create(&(pld_sample_spec){.field = field}, NULL),
                 "out is NULL");
    assert_refused(&(pld_sample_spec){.field = field, .comp = -1}, PLD_ERR_ARG,
                   "comp is -1: field \"depth\" has components 0 to 2");
    assert_refused(&(pld_sample_spec){.field = field, .comp = 2, .ncomps = 2},
                   PLD_ERR_ARG, "ncomps is 2 from component 2 on");
    assert_refused(&(pld_sample_spec){.field = field,
                                      .interpolation = (pld_interpolation)9},
                   PLD_ERR_ARG, "interpolation is 9");
    assert_refused(
        &(pld_sample_spec){.field = field, .values = (pld_sample_for)9},
        PLD_ERR_ARG, "values is 9");
    assert_refused(&(pld_sample_spec){.field = field,
                                      .values = PLD_SAMPLE_ROOT,
                                      .root = nranks},
                   PLD_ERR_ARG, "root is");
    assert_refused(&(pld_sample_spec){.field = field, .npoints = -1},
                   PLD_ERR_ARG, "npoints is -1");
    assert_refused(&(pld_sample_spec){.field = field, .npoints = 1},
                   PLD_ERR_ARG, "points is NULL, but npoints is 1");
    formula_destroy(&square);
}

TEST(integers_are_not_interpolated)
{
    struct formula square = make_square(PLD_I32);
    assert_refused(&(pld_sample_spec){.field = square.field}, PLD_ERR_TYPE,
                   "field \"depth\" is of i32: take PLD_NEAREST");
    formula_destroy(&square);
}

TEST(spec_without_a_live_field_is_refused)
{
    pld_sample *sample = NULL;
    const pld_sample_spec spec = {.field = NULL};
    assert_fails(PLD_ERR_ARG, pld_sample_create(NULL, &sample), "spec is NULL");
    assert_fails(PLD_ERR_ARG, pld_sample_create(&spec, &sample),
                 "spec->field is NULL");
    assert_fails(PLD_ERR_ARG, pld_field_sample(NULL, PLD_LINEAR, 0, NULL, NULL),
                 "field is NULL");
}

TEST(ranks_that_differ_are_told)
{
    struct formula square = make_square(PLD_F64);
    const pld_sample_spec specs[] = {
        {.field = square.field, .comp = rank == 0},
        {.field = square.field, .values = PLD_SAMPLE_ROOT, .root = rank}};
    for (int i = 0; i < 2 && nranks > 1; i++)
        assert_refused(&specs[i], PLD_ERR_MISMATCH,
                       "rank 1: the sample's components, interpolation, values "
                       "or root differs from rank 0's");
    formula_destroy(&square);
}

TEST(calls_out_of_order_are_refused)
{
    struct formula square = make_square(PLD_F64);
    const double point[] = {3.25, 3.25};
    pld_sample *sample = NULL;
    pld_sample_info info;
    double out[3];
    bool done = false;
    assert_ok(pld_sample_create(&(pld_sample_spec){.field = square.field,
                                                   .npoints = 1,
                                                   .points = point},
                                &sample));
    assert_fails(PLD_ERR_STATE, pld_sample_end(sample, out),
                 "call pld_sample_begin first");
    assert_fails(PLD_ERR_STATE, pld_sample_test(sample, &done),
                 "call pld_sample_begin first");
    assert_ok(pld_sample_begin(sample));
    assert_fails(PLD_ERR_STATE, pld_sample_begin(sample),
                 "call pld_sample_end first");
    assert_fails(PLD_ERR_STATE, pld_sample_destroy(&sample),
                 "call pld_sample_end first");
    assert_fails(PLD_ERR_ARG, pld_sample_test(sample, NULL), "out is NULL");
    assert_ok(pld_sample_end(sample, out));
    assert_fails(PLD_ERR_ARG, pld_sample_run(sample, NULL),
                 "out is NULL, but rank");
    assert_ok(pld_sample_run(sample, out));
    assert_fails(PLD_ERR_ARG, pld_sample_describe(sample, NULL), "out is NULL");
    assert_fails(PLD_ERR_ARG, pld_sample_describe(NULL, &info),
                 "sample is NULL");
    assert_fails(PLD_ERR_STATE, pld_field_destroy(&square.field), "still used");
    assert_ok(pld_sample_destroy(&sample));
    assert_ok(pld_sample_destroy(&sample));
    assert_fails(PLD_ERR_ARG, pld_sample_destroy(NULL), "sample is NULL");
    formula_destroy(&square);
}

TEST(something_else_is_no_sample)
{
    int64_t words[64] = {0};
    pld_sample *sample = (pld_sample *)(void *)words;
    assert_fails(PLD_ERR_STATE, pld_sample_run(sample, NULL),
                 "sample is not a live sample");
    assert_all(pld_sample_npoints(sample) == 0);
    assert_all(pld_sample_npoints(NULL) == 0);
}

/* Wherever memory runs out on one rank, all get the error, and nothing is
 * left. */
TEST(lack_of_memory_is_agreed)
{
    struct formula square = make_square(PLD_F64);
    const double points[] = {0.1, 0.1, 7.9, 5.9, 4.0, 3.0};
    int64_t blocks = pld_memory_live_blocks();
    bool good = true;
    for (int64_t nth = 1; nth < 80; nth++) {
        pld_sample *sample = NULL;
        const pld_sample_spec spec = {.field = square.field,
                                      .values = PLD_SAMPLE_ALL,
                                      .npoints = rank == 0 ? 3 : 0,
                                      .points = points};
        if (rank == nranks - 1)
            pld_alloc_fail(nth);
        pld_status status = pld_sample_create(&spec, &sample);
        pld_alloc_fail(0);
        good = good && (status == PLD_OK || status == PLD_ERR_MEMORY) &&
               (status == PLD_OK) == (sample != NULL);
        if (sample)
            good = pld_sample_destroy(&sample) == PLD_OK && good;
        good = good && pld_memory_live_blocks() == blocks;
    }
    assert_all(good);
    formula_destroy(&square);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(point_outside_of_the_domain_is_named),
    cmocka_unit_test(point_of_one_rank_is_refused_on_all),
    cmocka_unit_test(bad_spec_is_refused_by_name),
    cmocka_unit_test(integers_are_not_interpolated),
    cmocka_unit_test(spec_without_a_live_field_is_refused),
    cmocka_unit_test(ranks_that_differ_are_told),
    cmocka_unit_test(calls_out_of_order_are_refused),
    cmocka_unit_test(something_else_is_no_sample),
    cmocka_unit_test(lack_of_memory_is_agreed)};
PLD_TEST_MAIN(tests)
