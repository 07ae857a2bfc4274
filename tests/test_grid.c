/* Grids: how they are cut, and who owns what.
 * TEST: ranks=1,2,3,4,7
 * TEST: ranks=4,7 env=PLD_FAKE_NODES=3 */

#include "support/harness.h"

#include "mesh/grid.h"

#include <math.h>
#include <stdlib.h>

/* Every cell lies in the block of its owner and in no other: then the blocks'
 * volumes add up to the domain's. */
static bool owners_are_right(const pld_grid *grid)
{
    pld_box domain = pld_grid_domain(grid);
    int64_t cells = 0;
    for (int r = 0; r < nranks; r++)
        cells += pld_box_volume(pld_grid_owned_by(grid, r));
    if (cells != pld_box_volume(domain))
        return false;
    int64_t i[PLD_MAXDIM];
    for (i[0] = 0; i[0] < domain.count[0]; i[0]++)
        for (i[1] = 0; i[1] < domain.count[1]; i[1]++)
            for (i[2] = 0; i[2] < domain.count[2]; i[2]++) {
                pld_box point = {{i[0], i[1], i[2]}, {1, 1, 1}};
                int owner = pld_grid_owner(grid, i);
                if (owner < 0 ||
                    !pld_box_contains(pld_grid_owned_by(grid, owner), point))
                    return false;
            }
    return true;
}

static void check_grid(const pld_grid_spec *spec)
{
    pld_grid *grid = NULL;
    assert_ok(pld_grid_create(ctx, spec, &grid));
    assert_all(owners_are_right(grid));
    assert_all(
        pld_box_equal(pld_grid_owned(grid), pld_grid_owned_by(grid, rank)));
    assert_ok(pld_grid_destroy(&grid));
    assert_all(grid == NULL);
}

TEST(blocks_cover_all_cells_in_any_shape)
{
    const int64_t sizes[][PLD_MAXDIM] = {
        {1, 1, 1}, {1, 5, 2}, {7, 1, 1}, {4, 6, 3}, {3, 2, 9}};
    for (int ndims = 1; ndims <= PLD_MAXDIM; ndims++)
        for (int s = 0; s < 5; s++) {
            pld_grid_spec spec = {.ndims = ndims};
            for (int d = 0; d < ndims; d++)
                spec.size[d] = sizes[s][d];
            check_grid(&spec);
        }
}

TEST(more_ranks_than_cells_leave_some_empty)
{
    pld_grid_spec spec = {.ndims = 1, .size = {2}};
    pld_grid *grid = NULL;
    assert_ok(pld_grid_create(ctx, &spec, &grid));
    int nempty = 0;
    for (int r = 0; r < nranks; r++)
        nempty += pld_box_empty(pld_grid_owned_by(grid, r));
    assert_all_equal(nempty, nranks > 2 ? nranks - 2 : 0);
    assert_all(owners_are_right(grid));
    assert_ok(pld_grid_destroy(&grid));
}

TEST(ranks_have_places_in_c_order)
{
    pld_grid_spec spec = {.ndims = 3, .size = {8, 8, 8}};
    pld_grid *grid = NULL;
    assert_ok(pld_grid_create(ctx, &spec, &grid));
    int expected = 0;
    int at[PLD_MAXDIM];
    for (at[0] = 0; at[0] < pld_grid_nprocs(grid, 0); at[0]++)
        for (at[1] = 0; at[1] < pld_grid_nprocs(grid, 1); at[1]++)
            for (at[2] = 0; at[2] < pld_grid_nprocs(grid, 2); at[2]++) {
                int coords[PLD_MAXDIM];
                pld_grid_coords(grid, expected, coords);
                assert_all(coords[0] == at[0] && coords[1] == at[1] &&
                           coords[2] == at[2]);
                assert_all_equal(pld_grid_rank_at(grid, at), expected);
                expected++;
            }
    assert_all_equal(expected, nranks);
    assert_all_equal(pld_grid_rank_at(grid, (int[]){nranks, 0, 0}), -1);
    assert_all_equal(pld_grid_rank_at(grid, (int[]){0, -1, 0}), -1);
    assert_ok(pld_grid_destroy(&grid));
}

TEST(owners_wrap_where_it_is_periodic)
{
    pld_grid_spec spec = {
        .ndims = 2, .size = {5, 4}, .periodic = {true, false}};
    pld_grid *grid = NULL;
    assert_ok(pld_grid_create(ctx, &spec, &grid));
    for (int64_t j = -12; j < 12; j++) {
        int64_t inside[] = {((j % 5) + 5) % 5, 3, 0};
        int64_t index[] = {j, 3, 0};
        assert_all_equal(pld_grid_owner(grid, index),
                         pld_grid_owner(grid, inside));
    }
    assert_all_equal(pld_grid_owner(grid, (int64_t[]){0, 4, 0}), -1);
    assert_all_equal(pld_grid_owner(grid, (int64_t[]){0, -1, 0}), -1);
    assert_all_equal(pld_grid_owner(grid, (int64_t[]){0, 0, 1}), -1);
    assert_all(pld_grid_periodic(grid, 0) && !pld_grid_periodic(grid, 1) &&
               !pld_grid_periodic(grid, 2) && !pld_grid_periodic(grid, -1));
    assert_ok(pld_grid_destroy(&grid));
}

TEST(given_cuts_are_taken)
{
    int64_t *cuts = calloc((size_t)nranks + 1, sizeof *cuts);
    for (int p = 1; p <= nranks; p++)
        cuts[p] = p == nranks ? 10 : p / 2;
    pld_grid_spec spec = {
        .ndims = 2, .size = {10, 3}, .nprocs = {nranks, 1}, .cuts = {cuts}};
    pld_grid *grid = NULL;
    assert_ok(pld_grid_create(ctx, &spec, &grid));
    for (int p = 0; p <= nranks; p++)
        assert_all_equal(pld_grid_cut(grid, 0, p), cuts[p]);
    assert_all_equal(pld_grid_cut(grid, 1, 1), 3);
    assert_all_equal(pld_grid_cut(grid, 0, nranks + 1), -1);
    assert_all_equal(pld_grid_cut(grid, 3, 0), -1);
    assert_all(owners_are_right(grid));
    assert_ok(pld_grid_destroy(&grid));
    free(cuts);
}

/* Cells of a rank on a line of ranks. */
static int64_t cells_of(const pld_grid *grid, int r)
{
    return pld_grid_cut(grid, 0, r + 1) - pld_grid_cut(grid, 0, r);
}

TEST(fast_ranks_get_more_cells)
{
    double *weights = calloc((size_t)nranks, sizeof *weights);
    for (int r = 0; r < nranks; r++)
        weights[r] = r == 0 ? 3.0 : 1.0;
    int64_t size = 10 * (nranks + 2);
    pld_grid_spec spec = {.ndims = 1, .size = {size}, .rank_weights = weights};
    pld_grid *grid = NULL;
    assert_ok(pld_grid_create(ctx, &spec, &grid));
    for (int r = 0; r < nranks; r++)
        assert_all_equal(cells_of(grid, r), r == 0 ? 30 : 10);
    assert_ok(pld_grid_destroy(&grid));
    free(weights);
}

TEST(planes_of_ranks_share_by_the_sum_of_their_weights)
{
    if (nranks != 4)
        return;
    double weights[] = {1, 1, 2, 2};
    pld_grid_spec spec = {
        .ndims = 2, .size = {30, 8}, .nprocs = {2, 2}, .rank_weights = weights};
    pld_grid *grid = NULL;
    assert_ok(pld_grid_create(ctx, &spec, &grid));
    assert_all_equal(pld_grid_cut(grid, 0, 1), 10);
    assert_all_equal(pld_grid_cut(grid, 1, 1), 4);
    assert_ok(pld_grid_destroy(&grid));
}

TEST(rank_of_weight_0_gets_nothing)
{
    for (int ndims = 1; ndims <= PLD_MAXDIM; ndims++) {
        double *weights = calloc((size_t)nranks, sizeof *weights);
        for (int r = 0; r < nranks; r++)
            weights[r] = r == nranks - 1 && nranks > 1 ? 0.0 : 1e300 * (r + 1);
        pld_grid_spec spec = {.ndims = ndims, .rank_weights = weights};
        for (int d = 0; d < ndims; d++)
            spec.size[d] = 9;
        pld_grid *grid = NULL;
        assert_ok(pld_grid_create(ctx, &spec, &grid));
        assert_all(owners_are_right(grid));
        assert_all_equal(pld_box_empty(pld_grid_owned_by(grid, nranks - 1)),
                         nranks > 1);
        assert_ok(pld_grid_destroy(&grid));
        free(weights);
    }
}

TEST(slabs_of_uneven_cost_are_shared_evenly)
{
    double cost[60];
    double total = 0.0;
    for (int i = 0; i < 60; i++)
        total += cost[i] = i < 30 ? 1.0 : 3.0;
    pld_grid_spec spec = {.ndims = 1, .size = {60}, .slab_weights = {cost}};
    pld_grid *grid = NULL;
    assert_ok(pld_grid_create(ctx, &spec, &grid));
    for (int r = 0; r < nranks; r++) {
        double sum = 0.0;
        for (int64_t i = pld_grid_cut(grid, 0, r);
             i < pld_grid_cut(grid, 0, r + 1); i++)
            sum += cost[i];
        assert_all(fabs(sum - total / nranks) <= 3.0);
    }
    assert_ok(pld_grid_destroy(&grid));
}

TEST(slab_cost_and_rank_weights_go_together)
{
    if (nranks != 2)
        return;
    double cost[] = {1, 1, 1, 1, 8};
    double weights[] = {1, 2};
    pld_grid_spec spec = {.ndims = 1,
                          .size = {5},
                          .rank_weights = weights,
                          .slab_weights = {cost}};
    pld_grid *grid = NULL;
    assert_ok(pld_grid_create(ctx, &spec, &grid));
    assert_all_equal(pld_grid_cut(grid, 0, 1), 4);
    assert_ok(pld_grid_destroy(&grid));
}

TEST(ranks_outside_own_nothing)
{
    pld_grid_spec spec = {.ndims = 1, .size = {50}};
    pld_grid *grid = NULL;
    assert_ok(pld_grid_create(ctx, &spec, &grid));
    int coords[PLD_MAXDIM];
    pld_grid_coords(grid, nranks, coords);
    assert_all(coords[0] == -1 && coords[2] == -1);
    assert_all(pld_box_empty(pld_grid_owned_by(grid, nranks)));
    assert_all(pld_box_empty(pld_grid_owned_by(grid, -1)));
    assert_ok(pld_grid_destroy(&grid));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(blocks_cover_all_cells_in_any_shape),
    cmocka_unit_test(more_ranks_than_cells_leave_some_empty),
    cmocka_unit_test(ranks_have_places_in_c_order),
    cmocka_unit_test(owners_wrap_where_it_is_periodic),
    cmocka_unit_test(given_cuts_are_taken),
    cmocka_unit_test(fast_ranks_get_more_cells),
    cmocka_unit_test(planes_of_ranks_share_by_the_sum_of_their_weights),
    cmocka_unit_test(rank_of_weight_0_gets_nothing),
    cmocka_unit_test(slabs_of_uneven_cost_are_shared_evenly),
    cmocka_unit_test(slab_cost_and_rank_weights_go_together),
    cmocka_unit_test(ranks_outside_own_nothing)};
PLD_TEST_MAIN(tests)
