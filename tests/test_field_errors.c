/* Fields that are refused, and the lives of those that are not.
 * TEST: ranks=1,2,3,4,7 */

#include "support/harness.h"

#include "base/alloc.h"
#include "mesh/field.h"
#include "polder/memory.h"

#include <stdlib.h>

static pld_grid *grid; /* 2-D, 8 x 9 */

static int make_grid(void **state)
{
    (void)state;
    pld_grid_spec spec = {.ndims = 2, .size = {8, 9}};
    assert_ok(pld_grid_create(ctx, &spec, &grid));
    return 0;
}

static int drop_grid(void **state)
{
    (void)state;
    assert_ok(pld_grid_destroy(&grid));
    return 0;
}

/* The spec is refused on all ranks; nothing is left. */
static void refuse(pld_status status, pld_field_spec spec, const char *text)
{
    pld_field *field = NULL;
    assert_fails(status, pld_field_create(grid, &spec, &field), text);
    assert_all(field == NULL);
    assert_all_equal(grid->nfields, 0);
}

TEST(bad_specs_are_named)
{
    refuse(PLD_ERR_TYPE, (pld_field_spec){.type = (pld_type)9},
           "field \"field\": type 9");
    refuse(PLD_ERR_ARG, (pld_field_spec){.name = "u", .ncomps = -2},
           "field \"u\": ncomps is -2");
    refuse(PLD_ERR_ARG, (pld_field_spec){.layout = (pld_layout)2},
           "layout is 2");
    refuse(PLD_ERR_ARG, (pld_field_spec){.node = {false, false, true}},
           "node[2] is set, but the grid has 2 dimensions");
    refuse(PLD_ERR_ARG, (pld_field_spec){.halo = {.all = -1}},
           "halo.all is -1");
    refuse(PLD_ERR_ARG, (pld_field_spec){.halo = {.low = {0, -3}}},
           "halo.low[1] is -3");
    refuse(PLD_ERR_ARG, (pld_field_spec){.halo = {.high = {-4}}},
           "halo.high[0] is -4");
    refuse(PLD_ERR_ARG, (pld_field_spec){.halo = {.high = {0, 0, 1}}},
           "halo.high[2] is 1, but the grid has 2 dimensions");
    refuse(PLD_ERR_ARG, (pld_field_spec){.order = {0, 2}},
           "order[1] is 2, but the grid has 2 dimensions");
    refuse(PLD_ERR_ARG, (pld_field_spec){.order = {1, 0, 2}},
           "order[2] is 2, but the grid has 2 dimensions");
    refuse(PLD_ERR_ARG, (pld_field_spec){.order = {-1, 0}},
           "order[0] is -1, but the grid has 2 dimensions");
    refuse(PLD_ERR_ARG, (pld_field_spec){.order = {1, 1}},
           "order names dimension 1 twice");
}

TEST(null_arguments_are_named)
{
    pld_field *field = NULL;
    pld_field_spec spec = {.ncomps = 1};
    assert_fails(PLD_ERR_ARG, pld_field_create(NULL, &spec, &field),
                 "grid is NULL");
    assert_fails(PLD_ERR_ARG, pld_field_create(grid, NULL, &field),
                 "spec is NULL");
    assert_fails(PLD_ERR_ARG, pld_field_create(grid, &spec, NULL),
                 "out is NULL");
    assert_fails(PLD_ERR_ARG, pld_field_destroy(NULL), "field is NULL");
    assert_ok(pld_field_destroy(&field));
    assert_fails(PLD_ERR_ARG, pld_field_set(NULL, &spec), "field is NULL");
    assert_fails(PLD_ERR_ARG, pld_field_fill(NULL, NULL, NULL),
                 "field is NULL");
    assert_fails(PLD_ERR_ARG, pld_field_copy(NULL, NULL), "from is NULL");
    assert_all(pld_field_grid(NULL) == NULL);
    assert_all_equal(pld_field_type(NULL), PLD_TYPE_COUNT);
    assert_all_equal(pld_field_ncomps(NULL), 0);
    assert_all_equal(pld_field_halo(NULL, 0, 0), 0);
    assert_all(pld_box_empty(pld_field_domain(NULL)));
    assert_all(pld_box_empty(pld_field_owned(NULL)));
    assert_all(pld_box_empty(pld_field_owned_by(NULL, 0)));
    assert_all(pld_box_empty(pld_field_interior(NULL, 1)));
    assert_all(pld_box_empty(pld_field_outside(NULL, 0, 0)));
}

TEST(null_values_are_named)
{
    pld_field *field = NULL;
    assert_ok(pld_field_create(grid, &(pld_field_spec){.name = "u"}, &field));
    assert_fails(PLD_ERR_ARG, pld_field_set(field, NULL), "value is NULL");
    assert_fails(PLD_ERR_ARG, pld_field_fill(field, NULL, NULL),
                 "field \"u\": fill is NULL");
    assert_fails(PLD_ERR_ARG, pld_field_copy(field, NULL), "to is NULL");
    assert_ok(pld_field_destroy(&field));
}

TEST(sizes_beyond_63_bits_are_named)
{
    refuse(PLD_ERR_OVERFLOW, (pld_field_spec){.halo = {.all = INT64_MAX}},
           "make indices beyond 63 bits");
    int64_t wide = INT64_C(1) << 61;
    refuse(PLD_ERR_OVERFLOW, (pld_field_spec){.halo = {.low = {wide}}},
           "bytes of a field");
    refuse(PLD_ERR_OVERFLOW, (pld_field_spec){.halo = {.all = wide}},
           "does not fit into 63 bits");

    pld_grid_spec large = {.ndims = 1, .size = {INT64_MAX}};
    pld_grid *line = NULL;
    pld_field *field = NULL;
    assert_ok(pld_grid_create(ctx, &large, &line));
    assert_fails(PLD_ERR_OVERFLOW,
                 pld_field_create(line, &(pld_field_spec){.ncomps = 2}, &field),
                 "does not fit into 63 bits");
    assert_all(field == NULL);
    assert_ok(pld_grid_destroy(&line));
}

TEST(wrapped_arrays_must_hold_the_halo)
{
    static double array[30][30];
    pld_box own = pld_grid_owned(grid);
    pld_field_spec spec = {.name = "u",
                           .halo = {.low = {1, 2}, .high = {1, 3}},
                           .memory = array,
                           .extent = {30, own.count[1] + 4}};
    refuse(PLD_ERR_SHAPE, spec, "own points with halo 2 and 3 need");
    spec.extent[1] = 30;
    spec.extent[2] = 2;
    refuse(PLD_ERR_ARG, spec, "extent[2] is 2, but the grid has 2 dimensions");
    spec.extent[2] = 1;
    spec.extent[0] = -1;
    refuse(PLD_ERR_ARG, spec, "extent[0] is -1");
    spec.extent[0] = 0;
    spec.memory = (char *)array + 2;
    refuse(PLD_ERR_ARG, spec, "is not aligned for f64");
    spec.type = PLD_F32;
    refuse(PLD_ERR_ARG, spec, "is not aligned for f32");
    spec.memory = array;
    pld_field *field = NULL;
    assert_ok(pld_field_create(grid, &spec, &field));
    assert_ok(pld_field_destroy(&field));
}

TEST(either_all_ranks_wrap_or_none)
{
    static double array[8][9];
    pld_field_spec spec = {.memory = rank == 0 ? array : NULL};
    if (nranks > 1)
        refuse(PLD_ERR_ARG, spec, "memory is NULL, but other ranks wrap");
    int64_t *cuts = calloc((size_t)nranks + 1, sizeof *cuts);
    for (int p = 1; p <= nranks; p++)
        cuts[p] = 8;
    pld_grid_spec on_one = {
        .ndims = 2, .size = {8, 9}, .nprocs = {nranks, 1}, .cuts = {cuts}};
    pld_grid *lone = NULL;
    pld_field *field = NULL;
    assert_ok(pld_grid_create(ctx, &on_one, &lone));
    assert_ok(pld_field_create(lone, &spec, &field));
    assert_all((pld_field_view(field).data == array) == (rank == 0));
    assert_ok(pld_field_destroy(&field));
    assert_ok(pld_grid_destroy(&lone));
    free(cuts);
}

TEST(specs_that_differ_between_ranks_are_named)
{
    if (nranks == 1)
        return;
    bool odd = rank == nranks - 1;
    refuse(PLD_ERR_MISMATCH, (pld_field_spec){.name = odd ? "v" : "u"},
           "the name of field");
    refuse(PLD_ERR_MISMATCH,
           (pld_field_spec){.name = "u", .type = odd ? PLD_F32 : PLD_F64},
           "type of field \"u\" differs");
    refuse(PLD_ERR_MISMATCH, (pld_field_spec){.ncomps = odd ? 2 : 1},
           "ncomps of field");
    refuse(PLD_ERR_MISMATCH,
           (pld_field_spec){.layout = odd ? PLD_INTERLEAVED : PLD_PLANES},
           "layout of field");
    refuse(PLD_ERR_MISMATCH, (pld_field_spec){.node = {odd}}, "node of field");
    refuse(PLD_ERR_MISMATCH, (pld_field_spec){.halo = {.all = odd}},
           "halo of field");
    refuse(PLD_ERR_MISMATCH, (pld_field_spec){.order = {odd, !odd}},
           "order of field");
    refuse(PLD_ERR_ARG, (pld_field_spec){.ncomps = odd ? -1 : 1},
           "ncomps is -1");
}

TEST(defaults_may_be_written_out)
{
    bool odd = rank == nranks - 1;
    pld_field_spec spec = {.name = odd ? "field" : NULL, .ncomps = odd};
    if (odd)
        spec.halo.low[0] = spec.halo.high[0] = spec.halo.low[1] =
            spec.halo.high[1] = 2;
    else
        spec.halo.all = 2;
    spec.order[1] = odd;
    pld_field *field = NULL;
    assert_ok(pld_field_create(grid, &spec, &field));
    assert_ok(pld_field_destroy(&field));
}

static pld_field *make(pld_field_spec spec)
{
    pld_field *field = NULL;
    assert_ok(pld_field_create(grid, &spec, &field));
    return field;
}

TEST(copies_between_unlike_fields_are_named)
{
    pld_field *u = make((pld_field_spec){.name = "u"});
    pld_field *single = make((pld_field_spec){.type = PLD_F32});
    pld_field *pair = make((pld_field_spec){.ncomps = 2});
    pld_field *nodes = make((pld_field_spec){.name = "n", .node = {0, true}});
    assert_fails(PLD_ERR_TYPE, pld_field_copy(u, single),
                 "field \"u\" is f64, but \"field\" is f32");
    assert_fails(PLD_ERR_SHAPE, pld_field_copy(u, pair),
                 "field \"u\" has 1 components, but \"field\" has 2");
    assert_fails(PLD_ERR_SHAPE, pld_field_copy(nodes, u),
                 "along dimension 1 field \"n\" lies on the nodes");
    pld_grid *first = grid;
    assert_int_equal(make_grid(NULL), 0);
    pld_field *elsewhere = make((pld_field_spec){.name = "w"});
    assert_fails(PLD_ERR_ARG, pld_field_copy(u, elsewhere),
                 "fields \"u\" and \"w\" live on two grids");
    assert_ok(pld_field_destroy(&elsewhere));
    assert_int_equal(drop_grid(NULL), 0);
    grid = first;
    pld_field **all[] = {&u, &single, &pair, &nodes};
    for (int i = 0; i < 4; i++)
        assert_ok(pld_field_destroy(all[i]));
}

static void never(const int64_t index[PLD_MAXDIM], void *value, void *data)
{
    (void)index, (void)value, (void)data;
    abort();
}

TEST(lack_of_memory_on_one_rank_leaves_nothing)
{
    int64_t before = pld_memory_live_blocks();
    /* Elements for which the segment has no room lie elsewhere. */
    int last = ctx->segment != NULL ? 2 : 3;
    for (int nth = 1; nth <= last; nth++) {
        pld_alloc_fail(rank == 0 ? nth : 0);
        refuse(PLD_ERR_MEMORY, (pld_field_spec){.name = "u"}, "no memory");
        pld_alloc_fail(0);
        assert_all_equal(pld_memory_live_blocks(), before);
    }
    pld_field *pair = make((pld_field_spec){.ncomps = 2});
    pld_alloc_fail(1);
    assert_fails(PLD_ERR_MEMORY, pld_field_fill(pair, never, NULL),
                 "components of a point");
    assert_ok(pld_field_destroy(&pair));
}

TEST(fields_live_as_long_as_their_users)
{
    pld_field *field = make((pld_field_spec){.name = "u"});
    pld_field_retain(field);
    pld_field_retain(field);
    assert_fails(
        PLD_ERR_STATE, pld_field_destroy(&field),
        "field \"u\" is still used by 2 halos, redistributions or series");
    pld_field_release(field);
    pld_field_release(field);
    assert_ok(pld_field_destroy(&field));
    assert_all(field == NULL);
}

TEST(what_is_no_field_is_noticed)
{
    struct pld_field other = {.grid = grid};
    pld_field *field = &other;
    double value = 1.0;
    assert_fails(PLD_ERR_STATE, pld_field_set(field, &value),
                 "field is not a live field");
    assert_fails(PLD_ERR_STATE, pld_field_destroy(&field),
                 "*field is not a live field");
}

#define ON_GRID(test)                                                          \
    cmocka_unit_test_setup_teardown(test, make_grid, drop_grid)

static const struct CMUnitTest tests[] = {
    ON_GRID(bad_specs_are_named),
    ON_GRID(null_arguments_are_named),
    ON_GRID(null_values_are_named),
    ON_GRID(sizes_beyond_63_bits_are_named),
    ON_GRID(wrapped_arrays_must_hold_the_halo),
    ON_GRID(either_all_ranks_wrap_or_none),
    ON_GRID(specs_that_differ_between_ranks_are_named),
    ON_GRID(defaults_may_be_written_out),
    ON_GRID(copies_between_unlike_fields_are_named),
    ON_GRID(lack_of_memory_on_one_rank_leaves_nothing),
    ON_GRID(fields_live_as_long_as_their_users),
    ON_GRID(what_is_no_field_is_noticed)};
PLD_TEST_MAIN(tests)
