/* What reductions refuse.
 * TEST: ranks=1,2,3
 * TEST: ranks=3 env=PLD_TRANSPORT=message
 * TEST: ranks=5 env=PLD_FAKE_NODES=3 */

#include "support/harness.h"

#include "polder/reduce.h"
#include "polder/reduction.h"

#include "base/alloc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 100000 }; /* that do not go at once */

static double x[2];
static double out[4];
static double many[MANY];
static double sums[MANY];

static pld_status create(int n, const pld_term *terms, pld_reduction **into)
{
    pld_reduction_spec spec = {.nterms = n, .terms = terms};
    return pld_reduction_create(ctx, &spec, into);
}

static pld_status create_one(pld_term term)
{
    pld_reduction *reduction = NULL;
    return create(1, &term, &reduction);
}

static pld_term good(void)
{
    return pld_term_of(PLD_MEASURE_SUM, PLD_F64, 2, x, out);
}

TEST(missing_arguments_are_named)
{
    pld_term term = good();
    pld_reduction *reduction = NULL;
    pld_reduction_spec spec = {.nterms = 1, .terms = &term};
    assert_fails(PLD_ERR_ARG, pld_reduction_create(NULL, &spec, &reduction),
                 "ctx is NULL");
    assert_fails(PLD_ERR_ARG, pld_reduction_create(ctx, NULL, &reduction),
                 "spec is NULL");
    assert_fails(PLD_ERR_ARG, pld_reduction_create(ctx, &spec, NULL),
                 "out is NULL");
    assert_fails(PLD_ERR_ARG, create(0, &term, &reduction), "nterms is 0");
    assert_fails(PLD_ERR_ARG, create(1, NULL, &reduction), "terms is NULL");
    assert_fails(PLD_ERR_ARG, pld_reduction_once(NULL, 1, &term),
                 "ctx is NULL");
    assert_fails(PLD_ERR_ARG, pld_reduction_once(ctx, -1, &term),
                 "nterms is -1");
    assert_all(reduction == NULL);
}

TEST(terms_that_make_no_sense_are_named)
{
    pld_term term = good();
    term.what = PLD_MEASURE_KINDS;
    assert_fails(PLD_ERR_ARG, create_one(term), "term 0: there is no measure");
    term = good();
    term.type = PLD_TYPE_COUNT;
    assert_fails(PLD_ERR_TYPE, create_one(term), "type 5 is not an element");
    term = good();
    term.what = PLD_MEASURE_VARIANCE;
    term.type = PLD_C128;
    assert_fails(PLD_ERR_TYPE, create_one(term), "not defined for c128");
    term = good();
    term.flags = 4;
    assert_fails(PLD_ERR_ARG, create_one(term), "flags 4 is neither 0 nor");
    term = good();
    term.out = NULL;
    assert_fails(PLD_ERR_ARG, create_one(term), "term 0: out is NULL");
    term = good();
    term.x.data = NULL;
    assert_fails(PLD_ERR_ARG, create_one(term), "x is NULL, but its box");
    term = good();
    term.what = PLD_MEASURE_DOT;
    assert_fails(PLD_ERR_ARG, create_one(term), "y is NULL, but measure 1");
}

TEST(bins_that_make_no_sense_are_named)
{
    double edges[] = {0, 1, 1};
    pld_term term = good();
    term.what = PLD_MEASURE_HISTOGRAM;
    assert_fails(PLD_ERR_ARG, create_one(term), "nbins is 0");
    term.nbins = 2;
    assert_fails(PLD_ERR_ARG, create_one(term), "edges is NULL: give 3");
    term.edges = edges;
    assert_fails(PLD_ERR_ARG, create_one(term), "edges[2] is 1, not above 1");
    edges[2] = (double)INFINITY;
    assert_fails(PLD_ERR_ARG, create_one(term), "edges[2] is inf");
}

static void keep(const void *in, void *inout, void *data)
{
    (void)in, (void)inout, (void)data;
}

TEST(records_that_make_no_sense_are_named)
{
    pld_term term = {.what = PLD_MEASURE_CUSTOM,
                     .x = {.data = x},
                     .combine = keep,
                     .out = out};
    assert_fails(PLD_ERR_ARG, create_one(term), "bytes is 0");
    term.bytes = 8;
    term.combine = NULL;
    assert_fails(PLD_ERR_ARG, create_one(term), "combine is NULL");
    term.combine = keep;
    term.x.data = NULL;
    assert_fails(PLD_ERR_ARG, create_one(term), "every rank gives a record");
    term.x.data = x;
    term.bytes = INT64_C(1) << 40;
    assert_fails(PLD_ERR_OVERFLOW, create_one(term),
                 "records of 1099511627776 bytes are too long");
}

TEST(calls_out_of_order_are_refused)
{
    pld_term term = good();
    pld_reduction *reduction = NULL;
    assert_ok(create(1, &term, &reduction));
    assert_fails(PLD_ERR_STATE, pld_reduction_end(reduction), "has not begun");
    assert_ok(pld_reduction_begin(reduction));
    assert_fails(PLD_ERR_STATE, pld_reduction_begin(reduction),
                 "has begun already");
    assert_fails(PLD_ERR_STATE, pld_reduction_run(reduction),
                 "has begun already");
    assert_fails(PLD_ERR_STATE, pld_reduction_destroy(&reduction),
                 "under way: end it first");
    assert_ok(pld_reduction_end(reduction));
    assert_fails(PLD_ERR_STATE, pld_ctx_destroy(&(pld_ctx *){ctx}),
                 "1 reduction still live");
    assert_ok(pld_reduction_destroy(&reduction));
    assert_ok(pld_reduction_destroy(&reduction));
    assert_fails(PLD_ERR_ARG, pld_reduction_destroy(NULL), "reduction is NULL");
    assert_fails(PLD_ERR_ARG, pld_reduction_run(NULL), "reduction is NULL");
}

TEST(ranks_that_disagree_are_found_when_it_is_created)
{
    if (nranks == 1)
        return;
    pld_term terms[] = {good(), good()};
    pld_reduction *reduction = NULL;
    bool last = rank == nranks - 1;
    assert_fails(PLD_ERR_MISMATCH, create(last ? 2 : 1, terms, &reduction),
                 "nterms differs from rank 0's");
    terms[1].what = last ? PLD_MEASURE_NORM1 : PLD_MEASURE_SUM;
    assert_fails(PLD_ERR_MISMATCH, create(2, terms, &reduction),
                 "what, type, flags, bins or where of a term differs");
    terms[1].what = PLD_MEASURE_HISTOGRAM;
    terms[1].nbins = 1;
    terms[1].edges = last ? (double[]){0, 2} : (double[]){0, 1};
    assert_fails(PLD_ERR_MISMATCH, create(2, terms, &reduction),
                 "bins or where of a term differs");
}

TEST(one_bad_rank_makes_all_fail)
{
    pld_term term = good();
    pld_reduction *reduction = NULL;
    if (rank == nranks - 1)
        term.x.data = NULL;
    assert_fails(PLD_ERR_ARG, create(1, &term, &reduction), "x is NULL");
}

TEST(a_wrong_argument_on_one_rank_leaves_none_waiting)
{
    char named[32];
    snprintf(named, sizeof named, "rank %d: ", nranks - 1);
    bool last = rank == nranks - 1;
    double value = 1;
    double sum = 0;
    assert_fails(
        PLD_ERR_ARG,
        pld_reduce(ctx, PLD_SUM, PLD_F64, last ? NULL : &value, 1, &sum),
        named);
    assert_fails(PLD_ERR_ARG,
                 pld_reduce_f64(ctx, PLD_MAX, value, last ? NULL : &sum),
                 named);
    assert_fails(PLD_ERR_ARG,
                 pld_reduce(ctx, last ? PLD_OP_COUNT : PLD_MIN, PLD_F64, &value,
                            1, &sum),
                 named);
    assert_fails(
        PLD_ERR_ARG,
        pld_reduce(ctx, PLD_SUM, PLD_F64, many, last ? -1 : MANY, sums), named);
    assert_fails(
        PLD_ERR_ARG,
        pld_reduce_array(ctx, PLD_SUM, PLD_F64, &value, last ? -1 : 1, &sum),
        named);
    pld_term term = good();
    term.out = last ? NULL : out;
    assert_fails(PLD_ERR_ARG, pld_reduction_once(ctx, 1, &term), named);
    assert_fails(PLD_ERR_ARG,
                 pld_prefix(ctx, PLD_F64, &value, last ? -1 : 1, &sum), named);
    double fraction = last ? 2 : 0.5;
    assert_fails(
        PLD_ERR_ARG,
        pld_quantiles(ctx, PLD_F64, term.box, term.x, 1, &fraction, out),
        named);
}

TEST(operations_that_differ_between_ranks_are_found)
{
    if (nranks == 1)
        return;
    double value = 1;
    double sum = 0;
    pld_op op = rank == 1 ? PLD_MAX : PLD_SUM;
    assert_fails(PLD_ERR_MISMATCH,
                 pld_reduce(ctx, op, PLD_F64, &value, 1, &sum), "");
    assert_fails(PLD_ERR_MISMATCH,
                 pld_reduce_array(ctx, op, PLD_F64, &value, 1, &sum), "");
    double fraction = rank == 1 ? 0.25 : 0.5;
    pld_term term = good();
    assert_fails(
        PLD_ERR_MISMATCH,
        pld_quantiles(ctx, PLD_F64, term.box, term.x, 1, &fraction, out),
        "fractions of quantiles");
    pld_term terms[] = {good(), good()};
    assert_fails(PLD_ERR_MISMATCH,
                 pld_reduction_once(ctx, rank == 1 ? 2 : 1, terms), "");
}

/* Of several ranks the lowest one is heard, and an error before a mismatch. */
TEST(the_lowest_error_is_told)
{
    char named[32];
    int low = nranks > 1 ? 1 : 0;
    double value = 1;
    double sum = 0;
    snprintf(named, sizeof named, "rank %d: in is NULL", low);
    assert_fails(PLD_ERR_ARG,
                 pld_reduce(ctx, rank == 0 && nranks > 1 ? PLD_MIN : PLD_SUM,
                            PLD_F64, rank >= low ? NULL : &value, 1, &sum),
                 named);
}

TEST(lack_of_memory_leaves_nothing_behind)
{
    double edges[] = {0, 1};
    pld_term terms[] = {good(), good(), good()};
    terms[1].what = PLD_MEASURE_MAX;
    terms[2].what = PLD_MEASURE_HISTOGRAM;
    terms[2].nbins = 1;
    terms[2].edges = edges;
    pld_reduction *reduction = NULL;
    for (int nth = 1; nth < 10; nth++) {
        if (rank == 0)
            pld_alloc_fail(nth);
        pld_status status = create(3, terms, &reduction);
        pld_alloc_fail(0);
        if (status == PLD_OK) {
            assert_ok(pld_reduction_destroy(&reduction));
            return;
        }
        assert_all(status == PLD_ERR_MEMORY && reduction == NULL);
    }
}

TEST(quantiles_refuse_what_has_no_order)
{
    pld_operand operand = {.data = x};
    pld_box box = {.count = {1, 1, 2}};
    pld_box nothing = {.count = {0, 0, 0}};
    double half = 0.5;
    double bad = 1.5;
    assert_fails(PLD_ERR_ARG,
                 pld_quantiles(NULL, PLD_F64, box, operand, 1, &half, out),
                 "ctx is NULL");
    assert_fails(PLD_ERR_TYPE,
                 pld_quantiles(ctx, PLD_C128, box, operand, 1, &half, out),
                 "c128 has no order");
    assert_fails(PLD_ERR_ARG,
                 pld_quantiles(ctx, PLD_F64, box, operand, 0, &half, out),
                 "n is 0");
    assert_fails(PLD_ERR_ARG,
                 pld_quantiles(ctx, PLD_F64, box, operand, 1, &bad, out),
                 "fractions[0] is 1.5");
    assert_fails(PLD_ERR_ARG,
                 pld_quantiles(ctx, PLD_F64, box, operand, 1, NULL, out),
                 "fractions is NULL");
    assert_fails(PLD_ERR_ARG,
                 pld_quantiles(ctx, PLD_F64, box, operand, 1, &half, NULL),
                 "out is NULL");
    operand.data = NULL;
    assert_fails(PLD_ERR_ARG,
                 pld_quantiles(ctx, PLD_F64, box, operand, 1, &half, out),
                 "x is NULL");
    assert_fails(PLD_ERR_ARG,
                 pld_quantiles(ctx, PLD_F64, nothing, operand, 1, &half, out),
                 "no rank has an element");
}

TEST(prefix_sums_refuse_bad_arrays)
{
    assert_fails(PLD_ERR_ARG, pld_prefix(NULL, PLD_F64, x, 1, out),
                 "ctx is NULL");
    assert_fails(PLD_ERR_TYPE, pld_prefix(ctx, PLD_TYPE_COUNT, x, 1, out),
                 "type 5 is not an element type");
    assert_fails(PLD_ERR_ARG, pld_prefix(ctx, PLD_F64, x, -1, out),
                 "count -1 is negative");
    assert_fails(PLD_ERR_ARG, pld_prefix(ctx, PLD_F64, NULL, 1, out),
                 "in is NULL");
    assert_fails(PLD_ERR_ARG, pld_prefix(ctx, PLD_F64, x, 1, NULL),
                 "out is NULL");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(missing_arguments_are_named),
    cmocka_unit_test(terms_that_make_no_sense_are_named),
    cmocka_unit_test(bins_that_make_no_sense_are_named),
    cmocka_unit_test(records_that_make_no_sense_are_named),
    cmocka_unit_test(calls_out_of_order_are_refused),
    cmocka_unit_test(ranks_that_disagree_are_found_when_it_is_created),
    cmocka_unit_test(one_bad_rank_makes_all_fail),
    cmocka_unit_test(a_wrong_argument_on_one_rank_leaves_none_waiting),
    cmocka_unit_test(operations_that_differ_between_ranks_are_found),
    cmocka_unit_test(the_lowest_error_is_told),
    cmocka_unit_test(lack_of_memory_leaves_nothing_behind),
    cmocka_unit_test(quantiles_refuse_what_has_no_order),
    cmocka_unit_test(prefix_sums_refuse_bad_arrays)};

PLD_TEST_MAIN(tests)
