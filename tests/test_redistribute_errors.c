/* What redistributions refuse, and how they say so.
 * TEST: ranks=1,2,3,4,7 */

#include "support/harness.h"

#include "base/alloc.h"
#include "polder/memory.h"
#include "polder/redistribute.h"

#include <stdio.h>

/* Rows and columns of a square, with a field on each. */
struct square {
    pld_grid *grids[2];
    pld_field *rows;
    pld_field *columns;
};

static pld_field *make_field(pld_grid *grid, pld_field_spec spec)
{
    pld_field *field = NULL;
    assert_ok(pld_field_create(grid, &spec, &field));
    return field;
}

static struct square make_square(void)
{
    struct square square;
    for (int d = 0; d < 2; d++) {
        pld_grid_spec spec = {.ndims = 2, .size = {8, 9}, .nprocs = {1, 1}};
        spec.nprocs[d] = nranks;
        assert_ok(pld_grid_create(ctx, &spec, &square.grids[d]));
    }
    square.rows = make_field(square.grids[0], (pld_field_spec){.name = "rows"});
    square.columns =
        make_field(square.grids[1], (pld_field_spec){.name = "columns"});
    return square;
}

static void destroy_square(struct square *square)
{
    assert_ok(pld_field_destroy(&square->rows));
    assert_ok(pld_field_destroy(&square->columns));
    for (int d = 0; d < 2; d++)
        assert_ok(pld_grid_destroy(&square->grids[d]));
}

static void refuse(pld_status status, const pld_redistribution_spec *spec,
                   const char *text)
{
    pld_redistribution *move = NULL;
    assert_fails(status, pld_redistribution_create(spec, &move), text);
    assert_all(move == NULL);
}

TEST(spec_without_any_field_is_refused)
{
    pld_field *none[] = {NULL, NULL};
    refuse(PLD_ERR_ARG, NULL, "spec is NULL");
    refuse(PLD_ERR_ARG, &(pld_redistribution_spec){0}, "spec->nfields is 0");
    refuse(PLD_ERR_ARG, &(pld_redistribution_spec){.nfields = 2},
           "spec->from is NULL");
    refuse(PLD_ERR_ARG, &(pld_redistribution_spec){.nfields = 2, .from = none},
           "spec->to is NULL");
    refuse(PLD_ERR_ARG,
           &(pld_redistribution_spec){.nfields = 2, .from = none, .to = none},
           "none of the fields");
    assert_fails(PLD_ERR_ARG, pld_redistribute(NULL, NULL),
                 "none of the fields");
}

TEST(bad_field_on_one_rank_is_refused_on_all)
{
    struct square square = make_square();
    int last = nranks - 1;
    char text[80];
    snprintf(text, sizeof text, "rank %d: spec->to[0] is NULL", last);
    assert_fails(
        PLD_ERR_ARG,
        pld_redistribute(square.rows, rank == last ? NULL : square.columns),
        text);
    snprintf(text, sizeof text, "rank %d: spec->from[0] is NULL", last);
    assert_fails(
        PLD_ERR_ARG,
        pld_redistribute(rank == last ? NULL : square.rows, square.columns),
        text);
    snprintf(text, sizeof text,
             "rank %d: field \"rows\" is both written and read", last);
    assert_fails(PLD_ERR_ARG,
                 pld_redistribute(square.rows,
                                  rank == last ? square.rows : square.columns),
                 text);
    destroy_square(&square);
}

TEST(fields_written_twice_are_refused)
{
    struct square square = make_square();
    pld_field *from[] = {square.rows, square.rows};
    pld_field *to[] = {square.columns, square.columns};
    refuse(PLD_ERR_ARG,
           &(pld_redistribution_spec){.nfields = 2, .from = from, .to = to},
           "field \"columns\" is both written and written again");
    from[1] = square.columns;
    to[1] = square.rows;
    refuse(PLD_ERR_ARG,
           &(pld_redistribution_spec){.nfields = 2, .from = from, .to = to},
           "is both written and read");
    destroy_square(&square);
}

TEST(memory_that_overlaps_is_refused)
{
    struct square square = make_square();
    double memory[100] = {0};
    pld_field *one = make_field(
        square.grids[0], (pld_field_spec){.name = "one", .memory = memory});
    pld_field *other = make_field(
        square.grids[1], (pld_field_spec){.name = "other", .memory = memory});
    if (nranks < 8)
        assert_fails(PLD_ERR_ARG, pld_redistribute(one, other),
                     "its memory overlaps that of \"one\", which is read");
    assert_ok(pld_field_destroy(&one));
    assert_ok(pld_field_destroy(&other));
    destroy_square(&square);
}

TEST(unlike_fields_are_refused)
{
    struct square square = make_square();
    const struct {
        pld_field_spec spec;
        pld_status status;
        const char *text;
    } unlike[] = {
        {{.type = PLD_I32}, PLD_ERR_TYPE, "is f64, but \"other\" is i32"},
        {{.ncomps = 2}, PLD_ERR_SHAPE, "has 1 components, but \"other\" has 2"},
        {{.node = {false, true}},
         PLD_ERR_SHAPE,
         "along dimension 1 field \"rows\" lies on the cells, but \"other\" on "
         "the nodes"}};
    for (int i = 0; i < 3; i++) {
        pld_field_spec spec = unlike[i].spec;
        spec.name = "other";
        pld_field *other = make_field(square.grids[1], spec);
        assert_fails(unlike[i].status, pld_redistribute(square.rows, other),
                     unlike[i].text);
        assert_ok(pld_field_destroy(&other));
    }
    destroy_square(&square);
}

static void refuse_grid(const struct square *square, pld_ctx *owner,
                        pld_grid_spec cells, pld_status status,
                        const char *text)
{
    pld_grid *grid = NULL;
    assert_ok(pld_grid_create(owner, &cells, &grid));
    pld_field *other = make_field(grid, (pld_field_spec){.name = "other"});
    assert_fails(status, pld_redistribute(square->rows, other), text);
    assert_ok(pld_field_destroy(&other));
    assert_ok(pld_grid_destroy(&grid));
}

TEST(grids_of_another_size_or_context_are_refused)
{
    struct square square = make_square();
    pld_ctx *stranger = NULL;
    refuse_grid(&square, ctx, (pld_grid_spec){.ndims = 2, .size = {8, 10}},
                PLD_ERR_SHAPE,
                "along dimension 1 field \"rows\" has 9 points, but \"other\" "
                "has 10");
    refuse_grid(&square, ctx, (pld_grid_spec){.ndims = 1, .size = {8}},
                PLD_ERR_SHAPE, "has 2 dimensions, but \"other\" has 1");
    assert_ok(pld_ctx_create(MPI_COMM_WORLD, NULL, &stranger));
    refuse_grid(&square, stranger, (pld_grid_spec){.ndims = 2, .size = {8, 9}},
                PLD_ERR_ARG, "spec->to[0] \"other\" is of another context");
    assert_ok(pld_ctx_destroy(&stranger));
    destroy_square(&square);
}

TEST(ranks_that_disagree_are_told_so)
{
    if (nranks == 1)
        return;
    struct square square = make_square();
    pld_field *more[] = {
        make_field(square.grids[1], (pld_field_spec){.name = "columns"}),
        make_field(square.grids[1], (pld_field_spec){.name = "poles"})};
    bool odd = rank == nranks - 1;
    pld_field *from[] = {square.rows, square.rows};
    pld_field *to[] = {square.columns, more[0]};
    refuse(PLD_ERR_MISMATCH,
           &(pld_redistribution_spec){
               .nfields = odd ? 1 : 2, .from = from, .to = to},
           "the redistribution's nfields differs");
    to[0] = odd ? more[1] : square.columns;
    refuse(PLD_ERR_MISMATCH,
           &(pld_redistribution_spec){.nfields = 2, .from = from, .to = to},
           "the redistribution's from[0] or to[0] differs");
    for (int i = 0; i < 2; i++)
        assert_ok(pld_field_destroy(&more[i]));
    destroy_square(&square);
}

TEST(calls_out_of_order_are_refused)
{
    struct square square = make_square();
    pld_redistribution *move = NULL;
    bool done = false;
    const pld_redistribution_spec spec = {
        .nfields = 1, .from = &square.rows, .to = &square.columns};
    assert_ok(pld_redistribution_create(&spec, &move));
    const char *idle = "the redistribution is not under way";
    const char *busy = "the redistribution is under way";
    assert_fails(PLD_ERR_STATE, pld_redistribution_end(move), idle);
    assert_fails(PLD_ERR_STATE, pld_redistribution_test(move, &done), idle);
    assert_ok(pld_redistribution_begin(move));
    assert_fails(PLD_ERR_STATE, pld_redistribution_begin(move), busy);
    assert_fails(PLD_ERR_STATE, pld_redistribution_run(move), busy);
    assert_fails(PLD_ERR_STATE, pld_redistribution_destroy(&move), busy);
    assert_fails(PLD_ERR_ARG, pld_redistribution_test(move, NULL),
                 "out is NULL");
    assert_ok(pld_redistribution_end(move));
    assert_fails(PLD_ERR_STATE, pld_field_destroy(&square.rows), "rows");
    assert_fails(PLD_ERR_STATE, pld_field_destroy(&square.columns), "columns");
    assert_ok(pld_redistribution_destroy(&move));
    destroy_square(&square);
}

TEST(what_is_no_redistribution_is_noticed)
{
    int64_t something[16] = {0};
    pld_redistribution *wrong = (pld_redistribution *)(void *)something;
    pld_redistribution *none = NULL;
    pld_redistribution_info info;
    bool done = false;
    const char *text = "is not a live one";
    assert_fails(PLD_ERR_STATE, pld_redistribution_begin(wrong), text);
    assert_fails(PLD_ERR_STATE, pld_redistribution_test(wrong, &done), text);
    assert_fails(PLD_ERR_STATE, pld_redistribution_end(wrong), text);
    assert_fails(PLD_ERR_STATE, pld_redistribution_run(wrong), text);
    assert_fails(PLD_ERR_STATE, pld_redistribution_describe(wrong, &info),
                 text);
    assert_fails(PLD_ERR_STATE, pld_redistribution_destroy(&wrong), text);
    assert_fails(PLD_ERR_ARG, pld_redistribution_begin(NULL), "is NULL");
    assert_fails(PLD_ERR_ARG, pld_redistribution_describe(NULL, &info),
                 "is NULL");
    assert_fails(PLD_ERR_ARG, pld_redistribution_destroy(NULL), "is NULL");
    assert_ok(pld_redistribution_destroy(&none));
}

TEST(missing_results_are_named)
{
    struct square square = make_square();
    pld_redistribution *move = NULL;
    const pld_redistribution_spec spec = {
        .nfields = 1, .from = &square.rows, .to = &square.columns};
    assert_fails(PLD_ERR_ARG, pld_redistribution_create(&spec, NULL),
                 "out is NULL");
    assert_ok(pld_redistribution_create(&spec, &move));
    assert_fails(PLD_ERR_ARG, pld_redistribution_describe(move, NULL),
                 "out is NULL");
    assert_ok(pld_redistribution_destroy(&move));
    destroy_square(&square);
}

TEST(memory_that_fails_on_one_rank_fails_on_all)
{
    struct square square = make_square();
    int64_t before = pld_memory_live_blocks();
    for (int nth = 1; nth <= 12; nth++) {
        if (rank == nth % nranks)
            pld_alloc_fail(nth);
        assert_fails(PLD_ERR_MEMORY,
                     pld_redistribute(square.rows, square.columns),
                     "no memory");
        pld_alloc_fail(0);
        assert_all_equal(pld_memory_live_blocks(), before);
    }
    destroy_square(&square);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(spec_without_any_field_is_refused),
    cmocka_unit_test(bad_field_on_one_rank_is_refused_on_all),
    cmocka_unit_test(fields_written_twice_are_refused),
    cmocka_unit_test(memory_that_overlaps_is_refused),
    cmocka_unit_test(unlike_fields_are_refused),
    cmocka_unit_test(grids_of_another_size_or_context_are_refused),
    cmocka_unit_test(ranks_that_disagree_are_told_so),
    cmocka_unit_test(calls_out_of_order_are_refused),
    cmocka_unit_test(what_is_no_redistribution_is_noticed),
    cmocka_unit_test(missing_results_are_named),
    cmocka_unit_test(memory_that_fails_on_one_rank_fails_on_all)};
PLD_TEST_MAIN(tests)
