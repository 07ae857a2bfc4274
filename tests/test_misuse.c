/* What a user may do wrong, and the words that come back on every rank. Each
 * test is one mistake; files have theirs in test_file_errors.
 * TEST: ranks=1,2,3,4,7 */

#include "support/harness.h"

#include "polder/halo.h"
#include "polder/timer.h"

#include <math.h>

static pld_grid *grid;

static int make_grid(void **state)
{
    (void)state;
    pld_grid_spec spec = {
        .ndims = 2, .size = {24, 24}, .periodic = {true, true}};
    assert_ok(pld_grid_create(ctx, &spec, &grid));
    return 0;
}

static int drop_grid(void **state)
{
    (void)state;
    assert_ok(pld_grid_destroy(&grid));
    return 0;
}

static pld_status try_grid(pld_grid_spec spec)
{
    pld_grid *made = NULL;
    pld_status status = pld_grid_create(ctx, &spec, &made);
    assert_all(made == NULL);
    return status;
}

static pld_status try_field(pld_field_spec spec)
{
    pld_field *made = NULL;
    pld_status status = pld_field_create(grid, &spec, &made);
    assert_all(made == NULL);
    return status;
}

static pld_field *make_field(int64_t width)
{
    pld_field_spec spec = {.name = "depth", .halo = {.all = width}};
    pld_field *field = NULL;
    assert_ok(pld_field_create(grid, &spec, &field));
    return field;
}

static pld_status try_halo(pld_halo_spec spec)
{
    pld_halo *made = NULL;
    pld_status status = pld_halo_create(&spec, &made);
    assert_all(made == NULL);
    return status;
}

TEST(m01_no_dimensions)
{
    assert_fails(PLD_ERR_ARG, try_grid((pld_grid_spec){.size = {8}}), "ndims");
}

TEST(m02_negative_size)
{
    pld_grid_spec spec = {.ndims = 2, .size = {8, -5}};
    assert_fails(PLD_ERR_ARG, try_grid(spec), "-5");
}

TEST(m03_more_cells_than_an_index_can_count)
{
    int64_t huge = INT64_C(1) << 40;
    pld_grid_spec spec = {.ndims = 2, .size = {huge, huge}};
    assert_fails(PLD_ERR_OVERFLOW, try_grid(spec), "1099511627776");
}

TEST(m04_process_grid_of_other_size)
{
    pld_grid_spec spec = {
        .ndims = 2, .size = {8, 8}, .nprocs = {nranks + 1, 1}};
    assert_fails(PLD_ERR_ARG, try_grid(spec), "nprocs");
}

TEST(m05_weight_that_is_not_a_number)
{
    double weights[16] = {NAN};
    pld_grid_spec spec = {.ndims = 1, .size = {8}, .rank_weights = weights};
    assert_fails(PLD_ERR_ARG, try_grid(spec), "rank_weights[0]");
}

TEST(m06_cuts_that_go_back)
{
    int64_t cuts[16] = {0};
    for (int part = 1; part < nranks; part++)
        cuts[part] = 9;
    cuts[nranks] = 8;
    if (nranks == 1)
        cuts[0] = 1;
    pld_grid_spec spec = {
        .ndims = 1, .size = {8}, .nprocs = {nranks}, .cuts = {cuts}};
    assert_fails(PLD_ERR_ARG, try_grid(spec), "cuts[0]");
}

TEST(m07_ranks_ask_for_different_grids)
{
    pld_grid_spec spec = {.ndims = 1, .size = {8 + (rank == nranks - 1)}};
    if (nranks > 1)
        assert_fails(PLD_ERR_MISMATCH, try_grid(spec), "differs");
}

TEST(m08_one_rank_forgets_an_argument)
{
    pld_grid_spec spec = {.ndims = 1, .size = {8}};
    pld_grid *made = NULL;
    pld_grid_spec *mine = rank == nranks - 1 ? NULL : &spec;
    assert_fails(PLD_ERR_ARG, pld_grid_create(ctx, mine, &made),
                 "spec is NULL");
}

TEST(m09_field_without_grid)
{
    pld_field *made = NULL;
    pld_field_spec spec = {.name = "depth"};
    assert_fails(PLD_ERR_ARG, pld_field_create(NULL, &spec, &made),
                 "grid is NULL");
}

TEST(m10_unknown_type)
{
    pld_field_spec spec = {.type = (pld_type)77};
    assert_fails(PLD_ERR_TYPE, try_field(spec), "77");
}

TEST(m11_negative_components)
{
    assert_fails(PLD_ERR_ARG, try_field((pld_field_spec){.ncomps = -2}), "-2");
}

TEST(m12_negative_halo)
{
    pld_field_spec spec = {.halo = {.low = {0, -1}}};
    assert_fails(PLD_ERR_ARG, try_field(spec), "-1");
}

TEST(m13_halo_wider_than_padding_of_wrapped_array)
{
    static double array[26 * 26];
    pld_field_spec spec = {
        .halo = {.all = 2}, .memory = array, .extent = {26, 26}};
    /* Only a rank with all of the 24 x 24 cells has too little. */
    if (nranks == 1)
        assert_fails(PLD_ERR_SHAPE, try_field(spec), "halo");
}

TEST(m14_field_larger_than_memory_can_be)
{
    pld_field_spec spec = {.ncomps = 1 << 30,
                           .halo = {.all = INT64_C(1) << 20}};
    assert_fails(PLD_ERR_OVERFLOW, try_field(spec), "bytes of a field");
}

TEST(m15_destroying_what_is_in_use)
{
    pld_field *field = make_field(1);
    assert_fails(PLD_ERR_STATE, pld_grid_destroy(&grid), "1 field");
    pld_ctx *same = ctx;
    assert_fails(PLD_ERR_STATE, pld_ctx_destroy(&same), "live");
    pld_halo_spec spec = {.nfields = 1, .fields = &field};
    pld_halo *halo = NULL;
    assert_ok(pld_halo_create(&spec, &halo));
    assert_fails(PLD_ERR_STATE, pld_field_destroy(&field), "depth");
    assert_ok(pld_halo_destroy(&halo));
    assert_ok(pld_field_destroy(&field));
}

TEST(m16_using_what_was_destroyed)
{
    pld_field *field = make_field(1);
    assert_ok(pld_field_destroy(&field));
    uint64_t digest = 0;
    assert_fails(PLD_ERR_ARG, pld_field_digest(field, &digest),
                 "field is NULL");
    assert_fails(PLD_ERR_ARG, pld_halo_exchange(NULL), "halo is NULL");
}

TEST(m17_halo_of_nothing)
{
    assert_fails(PLD_ERR_ARG, try_halo((pld_halo_spec){.nfields = 0}),
                 "nfields");
}

TEST(m18_halo_wider_than_the_field_has)
{
    pld_field *field = make_field(1);
    pld_halo_spec spec = {.nfields = 1, .fields = &field, .width = {.all = 3}};
    assert_fails(PLD_ERR_ARG, try_halo(spec), "\"depth\"");
    assert_ok(pld_field_destroy(&field));
}

TEST(m19_begin_end_out_of_order)
{
    pld_field *field = make_field(1);
    pld_halo_spec spec = {.nfields = 1, .fields = &field};
    pld_halo *halo = NULL;
    assert_ok(pld_halo_create(&spec, &halo));
    assert_fails(PLD_ERR_STATE, pld_halo_end(halo), "begin");
    assert_ok(pld_halo_begin(halo));
    assert_fails(PLD_ERR_STATE, pld_halo_begin(halo), "under way");
    assert_fails(PLD_ERR_STATE, pld_halo_destroy(&halo), "end");
    assert_ok(pld_halo_end(halo));
    assert_ok(pld_halo_destroy(&halo));
    assert_ok(pld_field_destroy(&field));
}

TEST(m20_ranks_exchange_different_widths)
{
    pld_field *field = make_field(2);
    pld_halo_spec spec = {
        .nfields = 1, .fields = &field, .width = {.all = 1 + (rank == 0)}};
    if (nranks > 1)
        assert_fails(PLD_ERR_MISMATCH, try_halo(spec), "differs");
    assert_ok(pld_field_destroy(&field));
}

TEST(m21_minimum_of_complex_numbers)
{
    double z[2] = {1, 2};
    assert_fails(PLD_ERR_TYPE, pld_reduce(ctx, PLD_MIN, PLD_C128, z, 1, z),
                 "c128");
}

TEST(m22_negative_count)
{
    double x = 0;
    assert_fails(PLD_ERR_ARG, pld_reduce(ctx, PLD_SUM, PLD_F64, &x, -3, &x),
                 "-3");
}

TEST(m23_component_that_is_not_there)
{
    pld_field *field = make_field(0);
    double x = 0;
    assert_fails(PLD_ERR_ARG, pld_field_reduce(field, PLD_SUM, 4, &x), "4");
    assert_ok(pld_field_destroy(&field));
}

TEST(m24_timer_ended_before_it_began)
{
    assert_fails(PLD_ERR_STATE, pld_timer_end(ctx, "solve"), "'solve'");
}

#define WITH_GRID(test)                                                        \
    cmocka_unit_test_setup_teardown(test, make_grid, drop_grid)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(m01_no_dimensions),
    cmocka_unit_test(m02_negative_size),
    cmocka_unit_test(m03_more_cells_than_an_index_can_count),
    cmocka_unit_test(m04_process_grid_of_other_size),
    cmocka_unit_test(m05_weight_that_is_not_a_number),
    cmocka_unit_test(m06_cuts_that_go_back),
    cmocka_unit_test(m07_ranks_ask_for_different_grids),
    cmocka_unit_test(m08_one_rank_forgets_an_argument),
    cmocka_unit_test(m09_field_without_grid),
    WITH_GRID(m10_unknown_type),
    WITH_GRID(m11_negative_components),
    WITH_GRID(m12_negative_halo),
    WITH_GRID(m13_halo_wider_than_padding_of_wrapped_array),
    WITH_GRID(m14_field_larger_than_memory_can_be),
    WITH_GRID(m15_destroying_what_is_in_use),
    WITH_GRID(m16_using_what_was_destroyed),
    WITH_GRID(m17_halo_of_nothing),
    WITH_GRID(m18_halo_wider_than_the_field_has),
    WITH_GRID(m19_begin_end_out_of_order),
    WITH_GRID(m20_ranks_exchange_different_widths),
    cmocka_unit_test(m21_minimum_of_complex_numbers),
    cmocka_unit_test(m22_negative_count),
    WITH_GRID(m23_component_that_is_not_there),
    cmocka_unit_test(m24_timer_ended_before_it_began),
};
PLD_TEST_MAIN(tests)
