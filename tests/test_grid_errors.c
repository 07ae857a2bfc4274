/* Grids that are refused, and the lives of those that are not.
 * TEST: ranks=1,2,3,4,7 */

#include "support/harness.h"

#include "mesh/grid.h"
#include "base/alloc.h"
#include "polder/field.h"
#include "polder/memory.h"

#include <math.h>
#include <stdlib.h>

/* The spec is refused on all ranks; nothing is left. */
static void refuse(pld_status status, const pld_grid_spec *spec,
                   const char *text)
{
    pld_grid *grid = NULL;
    assert_fails(status, pld_grid_create(ctx, spec, &grid), text);
    assert_all(grid == NULL);
}

TEST(bad_sizes_are_named)
{
    refuse(PLD_ERR_ARG, NULL, "spec is NULL");
    refuse(PLD_ERR_ARG, &(pld_grid_spec){.ndims = 0}, "ndims is 0");
    refuse(PLD_ERR_ARG, &(pld_grid_spec){.ndims = 4}, "ndims is 4");
    refuse(PLD_ERR_ARG, &(pld_grid_spec){.ndims = 2, .size = {5, 0}},
           "size[1] is 0");
    refuse(PLD_ERR_ARG, &(pld_grid_spec){.ndims = 1, .size = {-3}},
           "size[0] is -3");
    refuse(PLD_ERR_ARG, &(pld_grid_spec){.ndims = 1, .size = {3, 4}},
           "size[1] is 4, but ndims is 1");
    int64_t large = INT64_C(1) << 32;
    refuse(PLD_ERR_OVERFLOW,
           &(pld_grid_spec){.ndims = 2, .size = {large, large}},
           "4294967296 x 4294967296");
    refuse(PLD_ERR_ARG, &(pld_grid_spec){.ndims = 1, .size = {3}, .halo = -1},
           "halo is -1");
}

TEST(bad_process_grids_are_named)
{
    pld_grid_spec spec = {.ndims = 2, .size = {9, 9}};
    spec.nprocs[0] = -1;
    refuse(PLD_ERR_ARG, &spec, "nprocs[0] is -1");
    spec.nprocs[0] = nranks + 1;
    refuse(PLD_ERR_ARG, &spec, "must divide the number of ranks");
    spec.nprocs[1] = 1;
    refuse(PLD_ERR_ARG, &spec, "must be the number of ranks");
    spec.nprocs[0] = INT32_MAX;
    spec.nprocs[1] = INT32_MAX;
    refuse(PLD_ERR_ARG, &spec, "must be the number of ranks");
    spec = (pld_grid_spec){.ndims = 1, .size = {9}, .nprocs = {0, 2}};
    refuse(PLD_ERR_ARG, &spec, "nprocs[1] is 2, but ndims is 1");
}

TEST(bad_weights_are_named)
{
    double *weights = calloc((size_t)nranks, sizeof *weights);
    pld_grid_spec spec = {.ndims = 1, .size = {2}, .rank_weights = weights};
    refuse(PLD_ERR_ARG, &spec, "rank_weights are all 0");
    weights[nranks - 1] = -1.0;
    refuse(PLD_ERR_ARG, &spec, "] is -1");
    weights[0] = NAN;
    refuse(PLD_ERR_ARG, &spec, "rank_weights[0] is nan");
    weights[0] = INFINITY;
    refuse(PLD_ERR_ARG, &spec, "rank_weights[0] is inf");
    spec.rank_weights = NULL;
    spec.slab_weights[0] = (double[]){1.0, -2.0};
    refuse(PLD_ERR_ARG, &spec, "slab_weights[0][1] is -2");
    spec.slab_weights[0] = (double[]){0.0, 0.0};
    refuse(PLD_ERR_ARG, &spec, "slab_weights[0] are all 0");
    spec.slab_weights[0] = (double[]){1e308, 1e308};
    refuse(PLD_ERR_ARG, &spec, "slab_weights[0]: their sum is not finite");
    spec.slab_weights[0] = NULL;
    spec.slab_weights[1] = weights;
    refuse(PLD_ERR_ARG, &spec, "slab_weights[1] or cuts[1] are given");
    free(weights);
}

TEST(bad_cuts_are_named)
{
    int64_t *cuts = calloc((size_t)nranks + 1, sizeof *cuts);
    pld_grid_spec spec = {.ndims = 1, .size = {9}, .cuts = {cuts}};
    refuse(PLD_ERR_ARG, &spec, "cuts[0] are given, but nprocs[0] is 0");
    spec.nprocs[0] = nranks;
    refuse(PLD_ERR_ARG, &spec, "is 0: the last cut is the size, 9");
    cuts[nranks] = 9;
    cuts[0] = 1;
    refuse(PLD_ERR_ARG, &spec, "cuts[0][0] is 1: the first cut is 0");
    cuts[0] = 0;
    double cost[9] = {1.0};
    spec.slab_weights[0] = cost;
    refuse(PLD_ERR_ARG, &spec, "cuts[0] and slab_weights[0] are given");
    spec.slab_weights[0] = NULL;
    if (nranks > 1) {
        cuts[1] = 10;
        refuse(PLD_ERR_ARG, &spec, "below the 10 before it: cuts ascend");
    }
    free(cuts);
}

TEST(specs_that_differ_between_ranks_are_named)
{
    if (nranks == 1)
        return;
    bool odd = rank == nranks - 1;
    double *weights = calloc((size_t)nranks, sizeof *weights);
    double cost[5] = {1, 1, 1, 1, odd ? 2 : 1};
    int64_t *cuts = calloc((size_t)nranks + 1, sizeof *cuts);
    weights[0] = odd ? 2.0 : 1.0;
    cuts[nranks] = 5;
    cuts[1] = odd ? 3 : 5;
    for (int p = 2; p < nranks; p++)
        cuts[p] = 5;
    pld_grid_spec same = {.ndims = 2, .size = {5, 5}};

    pld_grid_spec spec = same;
    spec.size[1] = odd ? 6 : 5;
    refuse(PLD_ERR_MISMATCH, &spec, "size differs");
    spec = same;
    spec.ndims = odd ? 1 : 2;
    spec.size[1] = odd ? 0 : 5;
    refuse(PLD_ERR_MISMATCH, &spec, "ndims differs");
    spec = same;
    spec.periodic[0] = odd;
    refuse(PLD_ERR_MISMATCH, &spec, "periodic differs");
    spec = same;
    spec.nprocs[odd] = nranks;
    refuse(PLD_ERR_MISMATCH, &spec, "nprocs differs");
    spec = same;
    spec.halo = odd;
    refuse(PLD_ERR_MISMATCH, &spec, "halo differs");
    spec = same;
    spec.rank_weights = weights;
    refuse(PLD_ERR_MISMATCH, &spec, "rank_weights differs");
    spec.rank_weights = NULL;
    spec.slab_weights[1] = cost;
    refuse(PLD_ERR_MISMATCH, &spec, "slab_weights[1] differs");
    spec.slab_weights[1] = NULL;
    spec.nprocs[0] = nranks;
    spec.cuts[0] = cuts;
    refuse(PLD_ERR_MISMATCH, &spec, "cuts[0] differs");
    free(weights);
    free(cuts);
}

TEST(one_bad_rank_refuses_all)
{
    pld_grid_spec spec = {.ndims = 1, .size = {rank == nranks - 1 ? -1 : 5}};
    refuse(PLD_ERR_ARG, &spec, "size[0] is -1");
    pld_grid *grid = NULL;
    spec.size[0] = 5;
    assert_fails(PLD_ERR_ARG,
                 pld_grid_create(ctx, &spec, rank == 0 ? NULL : &grid),
                 "out is NULL");
    assert_all(grid == NULL);
}

TEST(lack_of_memory_on_one_rank_leaves_nothing)
{
    double *weights = calloc((size_t)nranks, sizeof *weights);
    weights[0] = 1.0;
    pld_grid_spec spec = {.ndims = 2, .size = {5, 5}, .rank_weights = weights};
    int64_t before = pld_memory_live_blocks();
    for (int nth = 1; nth <= 3; nth++) {
        pld_alloc_fail(rank == nranks - 1 ? nth : 0);
        refuse(PLD_ERR_MEMORY, &spec, "no memory");
        pld_alloc_fail(0);
        assert_all_equal(pld_memory_live_blocks(), before);
    }
    free(weights);
}

TEST(null_grids_are_harmless_or_named)
{
    pld_grid *grid = NULL;
    assert_ok(pld_grid_destroy(&grid));
    assert_fails(PLD_ERR_ARG, pld_grid_destroy(NULL), "grid is NULL");
    assert_fails(PLD_ERR_ARG,
                 pld_grid_create(NULL, &(pld_grid_spec){.ndims = 1}, &grid),
                 "ctx is NULL");
    assert_all(pld_grid_ctx(NULL) == NULL);
    assert_all_equal(pld_grid_ndims(NULL), 0);
    assert_all(pld_box_empty(pld_grid_domain(NULL)));
    assert_all(pld_box_empty(pld_grid_owned(NULL)));
    assert_all_equal(pld_grid_owner(NULL, (int64_t[]){0, 0, 0}), -1);
    assert_all_equal(pld_grid_rank_at(NULL, (int[]){0, 0, 0}), -1);
}

TEST(what_is_no_grid_is_noticed)
{
    struct pld_grid other = {.ctx = ctx};
    pld_grid *grid = &other;
    assert_fails(PLD_ERR_STATE, pld_grid_destroy(&grid), "not a live grid");
    pld_field *field = NULL;
    assert_fails(PLD_ERR_STATE,
                 pld_field_create(grid, &(pld_field_spec){0}, &field),
                 "grid is not a live grid");
}

TEST(grids_live_as_long_as_their_fields)
{
    pld_grid_spec spec = {.ndims = 1, .size = {50}};
    pld_grid *grid = NULL;
    pld_field *fields[2] = {NULL, NULL};
    assert_ok(pld_grid_create(ctx, &spec, &grid));
    for (int i = 0; i < 2; i++)
        assert_ok(pld_field_create(grid, &(pld_field_spec){0}, &fields[i]));
    assert_fails(PLD_ERR_STATE, pld_grid_destroy(&grid),
                 "the grid still has 2 fields: destroy them first");
    assert_ok(pld_field_destroy(&fields[0]));
    assert_fails(PLD_ERR_STATE, pld_grid_destroy(&grid),
                 "the grid still has 1 field: destroy it first");
    pld_ctx *same = ctx;
    assert_fails(PLD_ERR_STATE, pld_ctx_destroy(&same), "1 grid and 1 field");
    assert_ok(pld_field_destroy(&fields[1]));
    assert_ok(pld_grid_destroy(&grid));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(bad_sizes_are_named),
    cmocka_unit_test(bad_process_grids_are_named),
    cmocka_unit_test(bad_weights_are_named),
    cmocka_unit_test(bad_cuts_are_named),
    cmocka_unit_test(specs_that_differ_between_ranks_are_named),
    cmocka_unit_test(one_bad_rank_refuses_all),
    cmocka_unit_test(lack_of_memory_on_one_rank_leaves_nothing),
    cmocka_unit_test(null_grids_are_harmless_or_named),
    cmocka_unit_test(what_is_no_grid_is_noticed),
    cmocka_unit_test(grids_live_as_long_as_their_fields)};
PLD_TEST_MAIN(tests)
