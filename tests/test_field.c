/* Fields: their boxes, and what is written into them.
 * TEST: ranks=1,2,3,4,7 */

#include "support/harness.h"
#include "support/formula.h"

#include "mesh/block.h"

#include <stdlib.h>
#include <string.h>

enum { SHAPES = 6 };

/* Grids and staggers of all kinds, blocks of one cell and none among them. */
static pld_grid_spec cells_of(int shape)
{
    const pld_grid_spec cells[SHAPES] = {
        {.ndims = 1, .size = {11}},
        {.ndims = 1, .size = {3}, .periodic = {true}},
        {.ndims = 2, .size = {6, 9}},
        {.ndims = 2, .size = {1, 2}, .periodic = {true, false}},
        {.ndims = 3, .size = {4, 5, 6}, .periodic = {false, true, false}},
        {.ndims = 3, .size = {2, 2, 2}}};
    return cells[shape];
}

static pld_field_spec field_of(int shape, bool node)
{
    pld_field_spec spec = {.halo = {.low = {2}, .high = {1}}};
    for (int d = 0; d < cells_of(shape).ndims; d++) {
        spec.node[d] = node;
        spec.halo.high[d] = d + shape % 3;
    }
    return spec;
}

/* `check` holds on every rank for fields of all kinds. */
static void for_all_fields(bool (*check)(const pld_field *field))
{
    for (int shape = 0; shape < SHAPES; shape++)
        for (int node = 0; node < 2; node++) {
            pld_grid_spec cells = cells_of(shape);
            pld_field_spec spec = field_of(shape, node);
            struct formula formula = formula_create(ctx, &cells, &spec);
            assert_all(check(formula.field));
            formula_destroy(&formula);
        }
}

static bool is_in(pld_box box, const int64_t i[PLD_MAXDIM])
{
    return pld_box_contains(box, (pld_box){{i[0], i[1], i[2]}, {1, 1, 1}});
}

static bool owned_once(const pld_field *field)
{
    pld_box domain = pld_field_domain(field);
    int64_t points = 0;
    for (int a = 0; a < nranks; a++) {
        pld_box box = pld_field_owned_by(field, a);
        points += pld_box_volume(box);
        if (!pld_box_contains(domain, box))
            return false;
        for (int b = 0; b < a; b++)
            if (!pld_box_empty(
                    pld_box_intersect(box, pld_field_owned_by(field, b))))
                return false;
    }
    return points == pld_box_volume(domain);
}

TEST(every_point_has_one_owner)
{
    for_all_fields(owned_once);
}

static bool domain_has_nodes(const pld_field *field)
{
    pld_box cells = pld_grid_domain(pld_field_grid(field));
    pld_box domain = pld_field_domain(field);
    for (int d = 0; d < PLD_MAXDIM; d++) {
        bool more = pld_field_node(field, d) &&
                    !pld_grid_periodic(pld_field_grid(field), d);
        if (domain.first[d] != 0 || domain.count[d] != cells.count[d] + more)
            return false;
    }
    return true;
}

TEST(nodes_are_one_more_than_cells_unless_periodic)
{
    for_all_fields(domain_has_nodes);
}

TEST(last_node_goes_with_the_last_cell)
{
    if (nranks < 3)
        return;
    int64_t *cuts = calloc((size_t)nranks + 1, sizeof *cuts);
    for (int p = 2; p <= nranks; p++)
        cuts[p] = 5;
    pld_grid_spec cells = {
        .ndims = 1, .size = {5}, .nprocs = {nranks}, .cuts = {cuts}};
    pld_field_spec spec = {.node = {true}, .halo = {.all = 1}};
    struct formula formula = formula_create(ctx, &cells, &spec);
    for (int r = 0; r < nranks; r++)
        assert_all_equal(pld_box_volume(pld_field_owned_by(formula.field, r)),
                         r == 1 ? 6 : 0);
    assert_all_equal(pld_box_volume(pld_field_padded(formula.field)),
                     rank == 1 ? 8 : 0);
    formula_destroy(&formula);
    free(cuts);
}

static bool padded_is_right(const pld_field *field)
{
    pld_box own = pld_field_owned(field);
    pld_box padded = pld_field_padded(field);
    if (pld_box_empty(own))
        return pld_box_empty(padded);
    for (int d = 0; d < PLD_MAXDIM; d++) {
        own.first[d] -= pld_field_halo(field, d, 0);
        own.count[d] +=
            pld_field_halo(field, d, 0) + pld_field_halo(field, d, 1);
    }
    return pld_box_equal(own, padded);
}

TEST(padded_block_is_the_own_and_its_halo)
{
    for_all_fields(padded_is_right);
}

/* Whether `i` is `width` points or more away from every face of the block. */
static bool is_interior(const pld_field *field, const int64_t i[PLD_MAXDIM],
                        int64_t width)
{
    pld_box own = pld_field_owned(field);
    for (int d = 0; d < pld_grid_ndims(pld_field_grid(field)); d++)
        if (i[d] - own.first[d] < width ||
            own.first[d] + own.count[d] - 1 - i[d] < width)
            return false;
    return is_in(own, i);
}

/* In how many of `n` boxes a point lies. */
static int count_in(const pld_box *boxes, int n, const int64_t i[PLD_MAXDIM])
{
    int in = 0;
    for (int b = 0; b < n; b++)
        in += is_in(boxes[b], i);
    return in;
}

static bool rim_of(const pld_field *field, int64_t width)
{
    pld_box rim[6];
    int nrim = pld_field_rim(field, width, rim);
    pld_box interior = pld_field_interior(field, width);
    pld_box own = pld_field_owned(field);
    bool right = true;
    int64_t i[PLD_MAXDIM];
    for (i[0] = own.first[0]; i[0] < own.first[0] + own.count[0]; i[0]++)
        for (i[1] = own.first[1]; i[1] < own.first[1] + own.count[1]; i[1]++)
            for (i[2] = own.first[2]; i[2] < own.first[2] + own.count[2];
                 i[2]++) {
                bool inside = is_interior(field, i, width);
                right = right && is_in(interior, i) == inside &&
                        count_in(rim, nrim, i) == !inside;
            }
    return right && pld_box_contains(own, interior);
}

static bool rim_is_right(const pld_field *field)
{
    return rim_of(field, -1) && rim_of(field, 0) && rim_of(field, 1) &&
           rim_of(field, 2) && rim_of(field, INT64_MAX);
}

TEST(own_points_are_interior_or_rim)
{
    for_all_fields(rim_is_right);
}

static bool is_beyond(const pld_field *field, const int64_t i[PLD_MAXDIM],
                      int d, int side)
{
    if (pld_grid_periodic(pld_field_grid(field), d))
        return false;
    return side == 0 ? i[d] < 0 : i[d] >= pld_field_domain(field).count[d];
}

static bool outside_is_right(const pld_field *field)
{
    pld_box all = pld_field_padded(field);
    bool right = true;
    int64_t i[PLD_MAXDIM];
    for (i[0] = all.first[0]; i[0] < all.first[0] + all.count[0]; i[0]++)
        for (i[1] = all.first[1]; i[1] < all.first[1] + all.count[1]; i[1]++)
            for (i[2] = all.first[2]; i[2] < all.first[2] + all.count[2];
                 i[2]++)
                for (int face = 0; face < 2 * PLD_MAXDIM; face++)
                    right = right &&
                            is_in(pld_field_outside(field, face / 2, face % 2),
                                  i) == is_beyond(field, i, face / 2, face % 2);
    return right && pld_box_empty(pld_field_outside(field, 3, 0)) &&
           pld_box_empty(pld_field_outside(field, -1, 0));
}

TEST(ghosts_beyond_a_face_are_outside)
{
    for_all_fields(outside_is_right);
}

/* Whether every point of `box` has the number that `value` gives it. */
static bool has_values(const pld_field *field, pld_box box,
                       double (*value)(const pld_field *field,
                                       const int64_t i[PLD_MAXDIM], int comp))
{
    pld_view v = pld_field_view(field);
    bool right = true;
    int64_t i[PLD_MAXDIM];
    for (i[0] = box.first[0]; i[0] < box.first[0] + box.count[0]; i[0]++)
        for (i[1] = box.first[1]; i[1] < box.first[1] + box.count[1]; i[1]++)
            for (i[2] = box.first[2]; i[2] < box.first[2] + box.count[2];
                 i[2]++)
                for (int c = 0; c < pld_field_ncomps(field); c++)
                    right = right &&
                            v.f64[i[0] * v.stride[0] + i[1] * v.stride[1] +
                                  i[2] * v.stride[2] + c * v.comp_stride] ==
                                value(field, i, c);
    return right;
}

static double set_value(const pld_field *field, const int64_t i[PLD_MAXDIM],
                        int comp)
{
    (void)field, (void)i;
    return comp - 10.0;
}

static double filled_value(const pld_field *field, const int64_t i[PLD_MAXDIM],
                           int comp)
{
    if (is_in(pld_field_owned(field), i))
        return formula_value(1, i[0], i[1], i[2], comp);
    return set_value(field, i, comp);
}

TEST(set_writes_ghosts_and_fill_does_not)
{
    for (int shape = 0; shape < SHAPES; shape++)
        for (int layout = 0; layout < 2; layout++) {
            pld_grid_spec cells = cells_of(shape);
            pld_field_spec spec = field_of(shape, true);
            spec.ncomps = 3;
            spec.layout = (pld_layout)layout;
            struct formula formula = formula_create(ctx, &cells, &spec);
            pld_box all = pld_field_padded(formula.field);
            double values[] = {-10.0, -9.0, -8.0};
            assert_ok(pld_field_set(formula.field, values));
            assert_all(has_values(formula.field, all, set_value));
            formula_fill(formula.field, 1);
            assert_all(has_values(formula.field, all, filled_value));
            formula_destroy(&formula);
        }
}

TEST(set_writes_every_type)
{
    const double complex[2] = {1.5, -2.5};
    const float single = 1.5f;
    const int64_t wide = -1;
    const int32_t narrow = -2;
    const void *values[] = {complex, &single, &wide, &narrow, complex};
    for (int type = 0; type < PLD_TYPE_COUNT; type++) {
        pld_grid_spec cells = {.ndims = 1, .size = {20}};
        pld_field_spec spec = {.type = (pld_type)type, .halo = {.all = 1}};
        struct formula formula = formula_create(ctx, &cells, &spec);
        assert_ok(pld_field_set(formula.field, values[type]));
        pld_box all = pld_field_padded(formula.field);
        struct pld_block block = pld_field_block(formula.field);
        bool right = true;
        for (int64_t i = 0; i < all.count[0]; i++)
            right = right &&
                    memcmp(pld_block_at(&block,
                                        (int64_t[]){all.first[0] + i, 0, 0}),
                           values[type], block.size) == 0;
        assert_all(right);
        formula_destroy(&formula);
    }
}

TEST(set_leaves_the_rest_of_the_caller_s_array)
{
    enum { N = 30 };
    double array[N][N];
    for (int j = 0; j < N; j++)
        for (int i = 0; i < N; i++)
            array[j][i] = 1.0;
    pld_grid_spec cells = {.ndims = 2, .size = {8, 9}};
    pld_field_spec spec = {
        .halo = {.all = 1}, .memory = array, .extent = {N, N}};
    struct formula formula = formula_create(ctx, &cells, &spec);
    double zero = 0.0;
    assert_ok(pld_field_set(formula.field, &zero));
    pld_box all = pld_field_padded(formula.field);
    double sum = 0.0;
    for (int j = 0; j < N; j++)
        for (int i = 0; i < N; i++)
            sum += array[j][i];
    assert_all(sum == N * N - (double)pld_box_volume(all));
    formula_destroy(&formula);
}

static double copied_value(const pld_field *field, const int64_t i[PLD_MAXDIM],
                           int comp)
{
    bool both = true;
    pld_box own = pld_field_owned(field);
    for (int d = 0; d < pld_grid_ndims(pld_field_grid(field)); d++)
        both = both && i[d] >= own.first[d] - 1 &&
               i[d] < own.first[d] + own.count[d] + 2;
    return both ? set_value(field, i, comp) : 0.0;
}

TEST(copy_takes_the_ghosts_that_both_have)
{
    pld_grid_spec cells = {.ndims = 2, .size = {9, 8}};
    pld_field_spec spec = {.ncomps = 3,
                           .halo = {.low = {1, 1}, .high = {2, 3}}};
    struct formula formula = formula_create(ctx, &cells, &spec);
    pld_field *wide = NULL;
    spec.layout = PLD_INTERLEAVED;
    spec.halo = (pld_width){.low = {3, 1}, .high = {2, 2}};
    assert_ok(pld_field_create(formula.grid, &spec, &wide));
    double values[] = {-10.0, -9.0, -8.0};
    assert_ok(pld_field_set(formula.field, values));
    assert_ok(pld_field_copy(formula.field, wide));
    assert_all(has_values(wide, pld_field_padded(wide), copied_value));
    assert_ok(pld_field_copy(wide, wide));
    assert_ok(pld_field_destroy(&wide));
    formula_destroy(&formula);
}

TEST(fields_tell_what_they_are)
{
    pld_grid_spec cells = {.ndims = 2, .size = {9, 8}};
    pld_field_spec spec = {.name = "depth",
                           .type = PLD_I32,
                           .node = {false, true},
                           .halo = {.all = 2, .low = {3}, .high = {1}}};
    struct formula formula = formula_create(ctx, &cells, &spec);
    const pld_field *field = formula.field;
    assert_all(pld_field_grid(field) == formula.grid);
    assert_all(strcmp(pld_field_name(field), "depth") == 0);
    assert_all_equal(pld_field_type(field), PLD_I32);
    assert_all_equal(pld_field_ncomps(field), 1);
    assert_all(!pld_field_node(field, 0) && pld_field_node(field, 1));
    assert_all_equal(pld_field_halo(field, 0, 0), 3);
    assert_all_equal(pld_field_halo(field, 0, 1), 2);
    assert_all_equal(pld_field_halo(field, 1, 0), 2);
    assert_all_equal(pld_field_halo(field, 2, 0), 0);
    formula_destroy(&formula);
    struct formula unnamed =
        formula_create(ctx, &cells, &(pld_field_spec){.ncomps = 1});
    assert_all(strcmp(pld_field_name(unnamed.field), "field") == 0);
    formula_destroy(&unnamed);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_point_has_one_owner),
    cmocka_unit_test(nodes_are_one_more_than_cells_unless_periodic),
    cmocka_unit_test(last_node_goes_with_the_last_cell),
    cmocka_unit_test(padded_block_is_the_own_and_its_halo),
    cmocka_unit_test(own_points_are_interior_or_rim),
    cmocka_unit_test(ghosts_beyond_a_face_are_outside),
    cmocka_unit_test(set_writes_ghosts_and_fill_does_not),
    cmocka_unit_test(set_writes_every_type),
    cmocka_unit_test(set_leaves_the_rest_of_the_caller_s_array),
    cmocka_unit_test(copy_takes_the_ghosts_that_both_have),
    cmocka_unit_test(fields_tell_what_they_are)};
PLD_TEST_MAIN(tests)
