/* The choice of the process grid.
 * TEST: ranks=1 */

#include "support/harness.h"

#include "mesh/procgrid.h"

#include <math.h>
#include <string.h>

enum { MOST_RANKS = 256, BILLION = 1000000000 };

static int node_of[MOST_RANKS];
static double weights[MOST_RANKS];
static double planes[MOST_RANKS + 2];

/* A number below `bound`, from a sequence that looks random. */
static int any(int bound)
{
    static uint32_t seed = 1;
    seed = seed * 1664525u + 1013904223u;
    return (int)(seed >> 16) % bound;
}

static struct pld_procgrid any_problem(void)
{
    struct pld_procgrid problem = {.ndims = 1 + any(3),
                                   .size = {1, 1, 1},
                                   .halo = 1 + any(3),
                                   .nranks = 1 + any(1 << any(9)),
                                   .node_of = node_of,
                                   .planes = planes};
    for (int d = 0; d < problem.ndims; d++) {
        problem.size[d] = 1 + any(1 << any(12));
        problem.periodic[d] = any(2);
    }
    int ranks_per_node = 1 + any(40);
    for (int r = 0; r < problem.nranks; r++) {
        node_of[r] = r / ranks_per_node;
        weights[r] = any(10);
    }
    weights[0] = 1.0;
    problem.nnodes = node_of[problem.nranks - 1] + 1;
    if (any(4) == 0)
        problem.weights = weights;
    return problem;
}

/* The blocks nearest to cubes: of all factorisations, that whose block has the
 * smallest surface. */
static void squarish(const struct pld_procgrid *problem, int out[PLD_MAXDIM])
{
    double least = INFINITY;
    int n = problem->nranks;
    for (int a = 1; a <= n; a++)
        for (int b = 1; n % a == 0 && b <= n / a; b++) {
            int shape[] = {a, b, n / a / b};
            if (n / a % b != 0 || (problem->ndims < 3 && shape[2] > 1) ||
                (problem->ndims < 2 && b > 1))
                continue;
            double surface = 0.0;
            for (int d = 0; d < problem->ndims; d++)
                surface += shape[d] / (double)problem->size[d];
            if (surface < least) {
                least = surface;
                memcpy(out, shape, sizeof shape);
            }
        }
}

static void assert_not_worse(const struct pld_procgrid *problem,
                             const int chosen[PLD_MAXDIM],
                             const int other[PLD_MAXDIM])
{
    double ours = pld_procgrid_cost(problem, chosen);
    double theirs = pld_procgrid_cost(problem, other);
    if (ours > theirs)
        fail_msg("%d x %d x %d costs %g, %d x %d x %d costs %g", chosen[0],
                 chosen[1], chosen[2], ours, other[0], other[1], other[2],
                 theirs);
}

TEST(never_worse_than_mpi_or_squarish)
{
    for (int round = 0; round < 10000; round++) {
        struct pld_procgrid problem = any_problem();
        int chosen[PLD_MAXDIM] = {0};
        assert_true(pld_procgrid_choose(&problem, chosen));
        assert_int_equal(chosen[0] * chosen[1] * chosen[2], problem.nranks);
        int mpi[PLD_MAXDIM] = {0, 0, 0};
        MPI_Dims_create(problem.nranks, problem.ndims, mpi);
        for (int d = problem.ndims; d < PLD_MAXDIM; d++)
            mpi[d] = 1;
        assert_not_worse(&problem, chosen, mpi);
        int square[PLD_MAXDIM] = {1, 1, 1};
        squarish(&problem, square);
        assert_not_worse(&problem, chosen, square);
    }
}

/* Ranks on nodes of `per_node` one after the other. */
static struct pld_procgrid on_nodes(int n, int per_node)
{
    for (int r = 0; r < n; r++)
        node_of[r] = r / per_node;
    return (struct pld_procgrid){.ndims = 1,
                                 .size = {1, 1, 1},
                                 .halo = 1,
                                 .nranks = n,
                                 .nnodes = (n + per_node - 1) / per_node,
                                 .node_of = node_of};
}

static void assert_chooses(const struct pld_procgrid *problem, int a, int b,
                           int c)
{
    int chosen[PLD_MAXDIM] = {0};
    assert_true(pld_procgrid_choose(problem, chosen));
    assert_int_equal(chosen[0], a);
    assert_int_equal(chosen[1], b);
    assert_int_equal(chosen[2], c);
}

TEST(two_ranks_leave_rows_whole)
{
    struct pld_procgrid problem = on_nodes(2, 2);
    problem.ndims = 3;
    problem.size[0] = problem.size[1] = problem.size[2] = 128;
    assert_chooses(&problem, 2, 1, 1);
    problem.ndims = 2;
    problem.size[2] = 1;
    assert_chooses(&problem, 2, 1, 1);
}

TEST(long_dimension_is_cut)
{
    struct pld_procgrid problem = on_nodes(6, 6);
    problem.ndims = 2;
    problem.size[0] = 10;
    problem.size[1] = 100000;
    assert_chooses(&problem, 1, 6, 1);
}

TEST(rows_stay_on_their_node)
{
    struct pld_procgrid problem = on_nodes(16, 8);
    problem.ndims = 2;
    problem.size[0] = problem.size[1] = 20000;
    int chosen[PLD_MAXDIM] = {0};
    assert_true(pld_procgrid_choose(&problem, chosen));
    double blocked = pld_procgrid_cost(&problem, (int[]){8, 2, 1});
    for (int r = 0; r < 16; r++)
        node_of[r] = r % 2;
    double scattered = pld_procgrid_cost(&problem, (int[]){8, 2, 1});
    assert_true(blocked < scattered);
}

TEST(given_entries_stay)
{
    struct pld_procgrid problem = on_nodes(12, 12);
    problem.ndims = 3;
    problem.size[0] = problem.size[1] = problem.size[2] = 100;
    int chosen[PLD_MAXDIM] = {0, 0, 4};
    assert_true(pld_procgrid_choose(&problem, chosen));
    assert_int_equal(chosen[2], 4);
    assert_int_equal(chosen[0] * chosen[1], 3);
    int all[PLD_MAXDIM] = {2, 2, 3};
    assert_true(pld_procgrid_choose(&problem, all));
    assert_int_equal(all[1], 2);
}

TEST(impossible_entries_are_told)
{
    struct pld_procgrid problem = on_nodes(12, 12);
    problem.ndims = 2;
    assert_false(pld_procgrid_choose(&problem, (int[]){5, 0, 0}));
    assert_false(pld_procgrid_choose(&problem, (int[]){2, 2, 0}));
}

TEST(rank_of_weight_0_gets_a_plane_of_its_own)
{
    struct pld_procgrid problem = on_nodes(4, 4);
    problem.ndims = 2;
    problem.size[0] = problem.size[1] = 100000;
    assert_chooses(&problem, 4, 1, 1);
    memcpy(weights, (double[]){1, 1, 1, 0}, 4 * sizeof *weights);
    problem.weights = weights;
    problem.planes = planes;
    int chosen[PLD_MAXDIM] = {0};
    assert_true(pld_procgrid_choose(&problem, chosen));
    assert_true(chosen[0] == 4 || chosen[1] == 4);
}

/* No factorisation of a million ranks is left out, and no sum overflows. */
TEST(many_ranks_are_quick)
{
    struct pld_procgrid problem = {.ndims = 3,
                                   .size = {BILLION, 4, 2},
                                   .halo = 1,
                                   .nranks = 720720,
                                   .nnodes = 1};
    int chosen[PLD_MAXDIM] = {0};
    assert_true(pld_procgrid_choose(&problem, chosen));
    assert_int_equal(chosen[0], 720720);
    problem.nranks = 2147483647;
    problem.ndims = 1;
    problem.size[1] = problem.size[2] = 1;
    assert_chooses(&problem, 2147483647, 1, 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(never_worse_than_mpi_or_squarish),
    cmocka_unit_test(two_ranks_leave_rows_whole),
    cmocka_unit_test(long_dimension_is_cut),
    cmocka_unit_test(rows_stay_on_their_node),
    cmocka_unit_test(given_entries_stay),
    cmocka_unit_test(impossible_entries_are_told),
    cmocka_unit_test(rank_of_weight_0_gets_a_plane_of_its_own),
    cmocka_unit_test(many_ranks_are_quick)};
PLD_TEST_MAIN(tests)
