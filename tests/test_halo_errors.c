/* What halos refuse, and how they say so.
 * TEST: ranks=1,2,3,4,7 */

#include "support/harness.h"

#include "base/alloc.h"
#include "polder/halo.h"
#include "polder/memory.h"

#include <stdio.h>

/* A square on all ranks, with two fields of halo 2. */
struct square {
    pld_grid *grid;
    pld_field *fields[2];
};

static void make_square(struct square *out)
{
    const char *const names[] = {"depth", "speed"};
    const pld_grid_spec grid = {.ndims = 2, .size = {4 * nranks, 6}};
    assert_ok(pld_grid_create(ctx, &grid, &out->grid));
    for (int f = 0; f < 2; f++) {
        const pld_field_spec field = {.name = names[f], .halo = {.all = 2}};
        assert_ok(pld_field_create(out->grid, &field, &out->fields[f]));
    }
}

static void destroy_square(struct square *square)
{
    for (int f = 0; f < 2; f++)
        assert_ok(pld_field_destroy(&square->fields[f]));
    assert_ok(pld_grid_destroy(&square->grid));
}

static void assert_refused(const pld_halo_spec *spec, const char *text)
{
    pld_halo *halo = NULL;
    assert_fails(PLD_ERR_ARG, pld_halo_create(spec, &halo), text);
    assert_all(halo == NULL);
}

TEST(spec_without_any_field_is_refused)
{
    pld_field *none[] = {NULL, NULL};
    assert_refused(NULL, "spec is NULL");
    assert_refused(&(pld_halo_spec){0}, "spec->nfields is 0");
    assert_refused(&(pld_halo_spec){.nfields = 1}, "spec->fields is NULL");
    assert_refused(&(pld_halo_spec){.nfields = 2, .fields = none},
                   "none of the 2 spec->fields is a live field");
}

TEST(bad_spec_is_refused_by_name)
{
    struct square square;
    make_square(&square);
    pld_halo_spec spec = {.nfields = 2, .fields = square.fields};
    assert_fails(PLD_ERR_ARG, pld_halo_create(&spec, NULL), "out is NULL");
    spec.stencil = (pld_stencil)7;
    assert_refused(&spec, "stencil is 7");
    spec.stencil = PLD_STAR;
    spec.width.all = -1;
    assert_refused(&spec, "width.all is -1");
    spec.width = (pld_width){.all = 1, .high = {0, -2}};
    assert_refused(&spec, "width.high[1] is -2");
    spec.width = (pld_width){.all = 3};
    assert_refused(&spec, "width 3 exceeds the halo 2 of field \"depth\" at "
                          "the low side of dimension 0");
    spec.width = (pld_width){.high = {0, 0, 1}};
    assert_refused(&spec, "width 1 exceeds the halo 0 of field \"depth\" at "
                          "the high side of dimension 2");
    destroy_square(&square);
}

TEST(bad_field_on_one_rank_is_refused_on_all)
{
    struct square square;
    make_square(&square);
    pld_field *fields[] = {square.fields[0], square.fields[1]};
    const pld_halo_spec spec = {.nfields = 2, .fields = fields};
    int last = nranks - 1;
    char text[80];
    fields[0] = rank == last ? NULL : square.fields[0];
    snprintf(text, sizeof text, "rank %d: spec->fields[0] is NULL", last);
    assert_refused(&spec, text);
    fields[0] = rank == last ? square.fields[1] : square.fields[0];
    snprintf(text, sizeof text,
             "rank %d: spec->fields[0] and [1] are the same field \"speed\"",
             last);
    assert_refused(&spec, text);
    destroy_square(&square);
}

TEST(fields_of_two_contexts_are_refused)
{
    struct square square;
    make_square(&square);
    pld_ctx *other = NULL;
    pld_grid *grid = NULL;
    pld_field *stranger = NULL;
    const pld_field_spec field = {.name = "stranger", .halo = {.all = 1}};
    assert_ok(pld_ctx_create(MPI_COMM_WORLD, NULL, &other));
    assert_ok(pld_grid_create(other, &(pld_grid_spec){.ndims = 1, .size = {5}},
                              &grid));
    assert_ok(pld_field_create(grid, &field, &stranger));
    pld_field *fields[] = {square.fields[0], stranger};
    assert_refused(&(pld_halo_spec){.nfields = 2, .fields = fields},
                   "fields[1] \"stranger\" is of another context");
    assert_ok(pld_field_destroy(&stranger));
    assert_ok(pld_grid_destroy(&grid));
    assert_ok(pld_ctx_destroy(&other));
    destroy_square(&square);
}

static void assert_mismatch(const pld_halo_spec *spec, const char *text)
{
    pld_halo *halo = NULL;
    assert_fails(PLD_ERR_MISMATCH, pld_halo_create(spec, &halo), text);
    assert_all(halo == NULL);
}

TEST(ranks_that_disagree_are_told_so)
{
    if (nranks == 1)
        return;
    struct square square;
    make_square(&square);
    bool odd = rank == nranks - 1;
    pld_field *swapped[] = {square.fields[odd ? 1 : 0],
                            square.fields[odd ? 0 : 1]};
    const char *common = "the halo's nfields, stencil or width differs";
    assert_mismatch(
        &(pld_halo_spec){.nfields = odd ? 1 : 2, .fields = square.fields},
        common);
    assert_mismatch(&(pld_halo_spec){.nfields = 2,
                                     .fields = square.fields,
                                     .stencil = odd ? PLD_BOX : PLD_STAR},
                    common);
    assert_mismatch(&(pld_halo_spec){.nfields = 2,
                                     .fields = square.fields,
                                     .width = {.all = odd ? 1 : 2}},
                    common);
    assert_mismatch(&(pld_halo_spec){.nfields = 2, .fields = swapped},
                    "the halo's fields[0] differs");
    destroy_square(&square);
}

TEST(calls_out_of_order_are_refused)
{
    struct square square;
    pld_halo *halo = NULL;
    make_square(&square);
    const pld_halo_spec spec = {.nfields = 2, .fields = square.fields};
    assert_ok(pld_halo_create(&spec, &halo));
    assert_fails(PLD_ERR_STATE, pld_halo_end(halo), "no exchange is under way");
    bool done;
    assert_fails(PLD_ERR_STATE, pld_halo_test(halo, &done),
                 "no exchange is under way");
    assert_ok(pld_halo_begin(halo));
    assert_fails(PLD_ERR_ARG, pld_halo_test(halo, NULL), "out is NULL");
    assert_fails(PLD_ERR_STATE, pld_halo_begin(halo),
                 "an exchange is under way");
    assert_fails(PLD_ERR_STATE, pld_halo_exchange(halo),
                 "an exchange is under way");
    assert_fails(PLD_ERR_STATE, pld_halo_destroy(&halo),
                 "an exchange is under way");
    assert_ok(pld_halo_end(halo));
    assert_fails(PLD_ERR_STATE, pld_field_destroy(&square.fields[0]), "depth");
    assert_ok(pld_halo_destroy(&halo));
    destroy_square(&square);
}

TEST(null_is_named)
{
    pld_halo *none = NULL;
    pld_halo_info info;
    assert_fails(PLD_ERR_ARG, pld_halo_begin(NULL), "halo is NULL");
    assert_fails(PLD_ERR_ARG, pld_halo_end(NULL), "halo is NULL");
    assert_fails(PLD_ERR_ARG, pld_halo_test(NULL, &(bool){false}),
                 "halo is NULL");
    assert_fails(PLD_ERR_ARG, pld_halo_exchange(NULL), "halo is NULL");
    assert_fails(PLD_ERR_ARG, pld_halo_destroy(NULL), "halo is NULL");
    assert_fails(PLD_ERR_ARG, pld_halo_describe(NULL, &info), "halo is NULL");
    assert_ok(pld_halo_destroy(&none));
    struct square square;
    make_square(&square);
    const pld_halo_spec spec = {.nfields = 2, .fields = square.fields};
    assert_ok(pld_halo_create(&spec, &none));
    assert_fails(PLD_ERR_ARG, pld_halo_describe(none, NULL), "out is NULL");
    assert_ok(pld_halo_destroy(&none));
    destroy_square(&square);
}

TEST(what_is_no_live_halo_is_noticed)
{
    int64_t something[32] = {0};
    pld_halo *halo = (pld_halo *)(void *)something;
    pld_halo_info info;
    const char *text = "is not a live halo";
    assert_fails(PLD_ERR_STATE, pld_halo_begin(halo), text);
    assert_fails(PLD_ERR_STATE, pld_halo_end(halo), text);
    assert_fails(PLD_ERR_STATE, pld_halo_exchange(halo), text);
    assert_fails(PLD_ERR_STATE, pld_halo_describe(halo, &info), text);
    assert_fails(PLD_ERR_STATE, pld_halo_destroy(&halo), text);
}

TEST(memory_that_fails_on_one_rank_fails_on_all)
{
    struct square square;
    pld_halo *halo = NULL;
    make_square(&square);
    const pld_halo_spec spec = {.nfields = 2, .fields = square.fields};
    int64_t before = pld_memory_live_blocks();
    for (int nth = 1; nth <= 12; nth++) {
        if (rank == nth % nranks)
            pld_alloc_fail(nth);
        assert_fails(PLD_ERR_MEMORY, pld_halo_create(&spec, &halo),
                     "no memory");
        pld_alloc_fail(0);
        assert_all(halo == NULL);
        assert_all_equal(pld_memory_live_blocks(), before);
    }
    destroy_square(&square);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(spec_without_any_field_is_refused),
    cmocka_unit_test(bad_spec_is_refused_by_name),
    cmocka_unit_test(bad_field_on_one_rank_is_refused_on_all),
    cmocka_unit_test(fields_of_two_contexts_are_refused),
    cmocka_unit_test(ranks_that_disagree_are_told_so),
    cmocka_unit_test(calls_out_of_order_are_refused),
    cmocka_unit_test(null_is_named),
    cmocka_unit_test(what_is_no_live_halo_is_noticed),
    cmocka_unit_test(memory_that_fails_on_one_rank_fails_on_all)};

PLD_TEST_MAIN(tests)
