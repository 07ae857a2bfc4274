/* Measures of fields against exact sums of their global values.
 * TEST: ranks=1,2,3,4,5,7 */

#include "support/harness.h"

#include "polder/exact.h"
#include "polder/measure.h"
#include "polder/random.h"

#include <math.h>
#include <string.h>

enum { NZ = 3, NY = 4, NX = 5, NCOMPS = 2, MOST = (NZ + 1) * (NY + 1) * NX };

/* A field, and the values of one component in the order of global indices. */
struct sample {
    pld_grid *grid;
    pld_field *field;
    int64_t n;
    double value[MOST];
};

static double value_at(const int64_t index[PLD_MAXDIM], int comp)
{
    const pld_random random = {.seed = 11, .stream = (uint64_t)comp};
    int64_t number = (index[0] * 100 + index[1]) * 100 + index[2];
    double x = pld_random_normal(random, (uint64_t)number);
    return ldexp(x, (int)(number % 90) - 45);
}

static void fill(const int64_t index[PLD_MAXDIM], void *value, void *data)
{
    (void)data;
    for (int c = 0; c < NCOMPS; c++)
        ((double *)value)[c] = value_at(index, c);
}

static struct sample create(const pld_grid_spec *cells, pld_field_spec spec,
                            int comp)
{
    struct sample sample = {.n = 0};
    double ghosts[NCOMPS] = {1e300, -1e300};
    spec.ncomps = NCOMPS;
    assert_ok(pld_grid_create(ctx, cells, &sample.grid));
    assert_ok(pld_field_create(sample.grid, &spec, &sample.field));
    assert_ok(pld_field_set(sample.field, ghosts));
    assert_ok(pld_field_fill(sample.field, fill, NULL));
    pld_box all = pld_field_domain(sample.field);
    int64_t at[PLD_MAXDIM];
    for (at[0] = 0; at[0] < all.count[0]; at[0]++)
        for (at[1] = 0; at[1] < all.count[1]; at[1]++)
            for (at[2] = 0; at[2] < all.count[2]; at[2]++)
                sample.value[sample.n++] = value_at(at, comp);
    return sample;
}

static void destroy(struct sample *sample)
{
    assert_ok(pld_field_destroy(&sample->field));
    assert_ok(pld_grid_destroy(&sample->grid));
}

static bool same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static pld_exact sum_of(const struct sample *sample, pld_exact_term term)
{
    pld_exact sum;
    pld_exact_clear(&sum);
    int64_t count[3] = {1, 1, sample->n};
    pld_exact_array x = {.data = sample->value, .stride = {0, 0, 1}};
    assert_ok_here(pld_exact_add_box(&sum, term, PLD_F64, count, x, x));
    return sum;
}

static void check_sums(const struct sample *sample, int comp)
{
    pld_field *field = sample->field;
    pld_exact sum = sum_of(sample, PLD_EXACT_VALUE);
    pld_exact squares = sum_of(sample, PLD_EXACT_SQUARE);
    double found[6] = {0};
    assert_ok(pld_field_sum(field, comp, &found[0]));
    assert_ok(pld_field_reduce(field, PLD_SUM, comp, &found[1]));
    assert_ok(pld_field_norm2(field, comp, &found[2]));
    assert_ok(pld_field_mean(field, comp, &found[3]));
    assert_ok(pld_field_variance(field, comp, &found[4]));
    assert_ok(pld_field_dot(field, comp, field, comp, &found[5]));
    assert_all(same(found[0], pld_exact_round(&sum)));
    assert_all(same(found[1], found[0]));
    assert_all(same(found[2], pld_exact_sqrt(&squares)));
    assert_all(same(found[3], pld_exact_mean(&sum, sample->n)));
    assert_all(
        same(found[4], pld_exact_variance(&sum, &squares, sample->n, 1)));
    assert_all(same(found[5], pld_exact_round(&squares)));
}

static void check_extremes(const struct sample *sample, int comp)
{
    int64_t low = 0;
    int64_t high = 0;
    for (int64_t i = 1; i < sample->n; i++) {
        low = sample->value[i] < sample->value[low] ? i : low;
        high = sample->value[i] > sample->value[high] ? i : high;
    }
    pld_box all = pld_field_domain(sample->field);
    double least = 0;
    double most = 0;
    double largest = 0;
    int64_t where[2][PLD_MAXDIM];
    assert_ok(pld_field_min(sample->field, comp, &least, where[0]));
    assert_ok(pld_field_max(sample->field, comp, &most, where[1]));
    assert_ok(pld_field_normmax(sample->field, comp, &largest));
    assert_all(least == sample->value[low] && most == sample->value[high]);
    assert_all(largest == fmax(-least, most));
    for (int i = 0; i < 2; i++)
        assert_all((where[i][0] * all.count[1] + where[i][1]) * all.count[2] +
                       where[i][2] ==
                   (i == 0 ? low : high));
}

static void check_field(const pld_grid_spec *cells, pld_field_spec spec)
{
    for (int comp = 0; comp < NCOMPS; comp++) {
        struct sample sample = create(cells, spec, comp);
        check_sums(&sample, comp);
        check_extremes(&sample, comp);
        destroy(&sample);
    }
}

TEST(measures_see_own_points_in_any_layout)
{
    pld_grid_spec cells = {.ndims = 3, .size = {NZ, NY, NX}};
    check_field(&cells, (pld_field_spec){.halo = {.all = 2}});
    check_field(&cells, (pld_field_spec){.layout = PLD_INTERLEAVED,
                                         .halo = {.low = {1, 0, 2}}});
}

TEST(measures_count_points_on_nodes_once)
{
    pld_grid_spec cells = {
        .ndims = 3, .size = {NZ, NY, NX}, .periodic = {false, false, true}};
    check_field(&cells, (pld_field_spec){.node = {true, true, true},
                                         .halo = {.all = 1}});
}

TEST(ranks_without_points_take_part)
{
    pld_grid_spec cells = {.ndims = 1, .size = {3}};
    check_field(&cells, (pld_field_spec){.halo = {.all = 1}});
    pld_grid_spec plane = {.ndims = 2, .size = {1, 4}};
    check_field(&plane, (pld_field_spec){.halo = {.all = 1}});
}

TEST(measures_do_not_depend_on_the_process_grid)
{
    for (int d = 0; d < 3; d++) {
        pld_grid_spec cells = {.ndims = 3, .size = {NZ, NY, NX}};
        cells.nprocs[0] = cells.nprocs[1] = cells.nprocs[2] = 1;
        cells.nprocs[d] = nranks;
        check_field(&cells, (pld_field_spec){.halo = {.all = 1}});
    }
}

TEST(boxes_of_fields_go_into_one_reduction)
{
    pld_grid_spec cells = {.ndims = 3, .size = {NZ, NY, NX}};
    struct sample sample =
        create(&cells, (pld_field_spec){.halo = {.all = 1}}, 1);
    pld_box box = {.first = {1, 1, 2}, .count = {2, 2, 3}};
    pld_box nothing = {.first = {1, 1, 1}, .count = {1, 0, 1}};
    double sum = 0;
    double empty = 7;
    double all = 0;
    pld_term terms[3];
    assert_ok(pld_field_term(sample.field, 1, &box, &terms[0]));
    assert_ok(pld_field_term(sample.field, 1, &nothing, &terms[1]));
    assert_ok(pld_field_term(sample.field, 1, NULL, &terms[2]));
    terms[0].out = &sum;
    terms[1].out = &empty;
    terms[2].out = &all;
    terms[2].what = PLD_MEASURE_NORM2;
    assert_ok(pld_reduction_once(ctx, 3, terms));

    pld_exact expected;
    pld_exact squares = sum_of(&sample, PLD_EXACT_SQUARE);
    pld_exact_array x = {.data = &sample.value[(1 * NY + 1) * NX + 2],
                         .stride = {NY * NX, NX, 1}};
    pld_exact_clear(&expected);
    assert_ok_here(pld_exact_add_box(&expected, PLD_EXACT_VALUE, PLD_F64,
                                     box.count, x, x));
    assert_all(same(sum, pld_exact_round(&expected)));
    assert_all(empty == 0);
    assert_all(same(all, pld_exact_sqrt(&squares)));
    destroy(&sample);
}

TEST(two_fields_need_not_have_one_layout)
{
    pld_grid_spec cells = {.ndims = 2, .size = {9, 8}};
    pld_field_spec specs[2] = {
        {.ncomps = NCOMPS, .halo = {.all = 1}},
        {.ncomps = NCOMPS, .layout = PLD_INTERLEAVED, .halo = {.all = 2}}};
    pld_grid *grid = NULL;
    pld_field *field[2];
    assert_ok(pld_grid_create(ctx, &cells, &grid));
    for (int i = 0; i < 2; i++) {
        assert_ok(pld_field_create(grid, &specs[i], &field[i]));
        assert_ok(pld_field_fill(field[i], fill, NULL));
    }
    double across = 0;
    double within = 0;
    double covariance = 0;
    double variance = 0;
    assert_ok(pld_field_dot(field[0], 0, field[1], 1, &across));
    assert_ok(pld_field_dot(field[0], 0, field[0], 1, &within));
    assert_ok(pld_field_measure_two(field[0], 1, field[1], 1,
                                    PLD_MEASURE_COVARIANCE, &covariance));
    assert_ok(pld_field_variance(field[0], 1, &variance));
    assert_all(same(across, within) && same(covariance, variance));
    for (int i = 0; i < 2; i++)
        assert_ok(pld_field_destroy(&field[i]));
    assert_ok(pld_grid_destroy(&grid));
}

TEST(histograms_and_quantiles_of_fields)
{
    pld_grid_spec cells = {.ndims = 3, .size = {NZ, NY, NX}};
    struct sample sample = create(&cells, (pld_field_spec){.name = "u"}, 0);
    double edges[] = {-1e30, 0, 1e30};
    double fractions[] = {0, 1};
    int64_t counts[2] = {0};
    int64_t negative = 0;
    double ends[2] = {0};
    double least = 0;
    double most = 0;
    for (int64_t i = 0; i < sample.n; i++)
        negative += sample.value[i] < 0;
    assert_ok(pld_field_histogram(sample.field, 0, 2, edges, counts));
    assert_ok(pld_field_quantiles(sample.field, 0, 2, fractions, ends));
    assert_ok(pld_field_min(sample.field, 0, &least, NULL));
    assert_ok(pld_field_max(sample.field, 0, &most, NULL));
    assert_all_equal(counts[0], negative);
    assert_all_equal(counts[1], sample.n - negative);
    assert_all(ends[0] == least && ends[1] == most);
    destroy(&sample);
}

TEST(a_wrong_component_on_one_rank_leaves_none_waiting)
{
    pld_grid *grid = NULL;
    pld_field *field = NULL;
    const pld_grid_spec cells = {.ndims = 1, .size = {20}};
    assert_ok(pld_grid_create(ctx, &cells, &grid));
    assert_ok(pld_field_create(grid, &(pld_field_spec){0}, &field));
    int comp = rank == nranks - 1 ? 7 : 0;
    double half = 0.5;
    double out = 0;
    int64_t where[PLD_MAXDIM];
    assert_fails(PLD_ERR_ARG, pld_field_sum(field, comp, &out), "comp is 7");
    assert_fails(PLD_ERR_ARG, pld_field_max(field, comp, &out, where),
                 "comp is 7");
    assert_fails(PLD_ERR_ARG, pld_field_dot(field, 0, field, comp, &out),
                 "comp is 7");
    assert_fails(PLD_ERR_ARG, pld_field_quantiles(field, comp, 1, &half, &out),
                 "comp is 7");
    assert_ok(pld_field_destroy(&field));
    assert_ok(pld_grid_destroy(&grid));
}

TEST(bad_arguments_are_named)
{
    pld_grid_spec cells = {.ndims = 2, .size = {4, 5}};
    struct sample u = create(&cells, (pld_field_spec){.name = "u"}, 0);
    struct sample v = create(&cells, (pld_field_spec){.name = "v"}, 0);
    pld_field *w = NULL;
    pld_field *single = NULL;
    pld_field_spec nodes = {.name = "w", .node = {true}};
    pld_field_spec floats = {.name = "s", .type = PLD_F32};
    assert_ok(pld_field_create(u.grid, &nodes, &w));
    assert_ok(pld_field_create(u.grid, &floats, &single));
    double out = 0;
    pld_term term;
    pld_box beyond = {.first = {0, 0, 0}, .count = {4, 6, 1}};
    assert_fails(PLD_ERR_ARG, pld_field_sum(NULL, 0, &out), "field is NULL");
    assert_fails(PLD_ERR_ARG, pld_field_mean(u.field, 2, &out),
                 "comp is 2, but there are 2");
    assert_fails(PLD_ERR_ARG, pld_field_mean(u.field, 0, NULL), "out is NULL");
    assert_fails(PLD_ERR_ARG, pld_field_term(u.field, 0, NULL, NULL),
                 "out is NULL");
    assert_fails(PLD_ERR_SHAPE, pld_field_term(u.field, 0, &beyond, &term),
                 "the box reaches beyond the domain");
    assert_fails(PLD_ERR_SHAPE, pld_field_dot(u.field, 0, v.field, 0, &out),
                 "\"u\" and \"v\" live on different grids");
    assert_fails(PLD_ERR_SHAPE, pld_field_dot(u.field, 0, w, 0, &out),
                 "differ in stagger in dimension 0");
    assert_fails(PLD_ERR_TYPE, pld_field_dot(u.field, 0, single, 0, &out),
                 "\"s\" is f32, but the first field is f64");
    assert_fails(PLD_ERR_ARG, pld_field_term_second(u.field, 0, NULL),
                 "term is NULL");
    assert_ok(pld_field_destroy(&single));
    assert_ok(pld_field_destroy(&w));
    destroy(&v);
    destroy(&u);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(measures_see_own_points_in_any_layout),
    cmocka_unit_test(measures_count_points_on_nodes_once),
    cmocka_unit_test(ranks_without_points_take_part),
    cmocka_unit_test(measures_do_not_depend_on_the_process_grid),
    cmocka_unit_test(boxes_of_fields_go_into_one_reduction),
    cmocka_unit_test(two_fields_need_not_have_one_layout),
    cmocka_unit_test(histograms_and_quantiles_of_fields),
    cmocka_unit_test(a_wrong_component_on_one_rank_leaves_none_waiting),
    cmocka_unit_test(bad_arguments_are_named)};

PLD_TEST_MAIN(tests)
