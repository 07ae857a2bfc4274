/* Views: memory addressed by global index.
 * TEST: ranks=1,2,3,4,7 */

#include "support/harness.h"
#include "support/formula.h"

#include "mesh/field.h"

#include <string.h>

/* The number at a place of a view, whatever its type. */
static double number_at(const pld_view *view, pld_type type, int64_t place)
{
    switch (type) {
    case PLD_F64:
        return view->f64[place];
    case PLD_F32:
        return (double)view->f32[place];
    case PLD_I64:
        return (double)view->i64[place];
    case PLD_I32:
        return view->i32[place];
    default:
        return -view->c128[place][1];
    }
}

/* Whether p[k * sz + j * sy + i] is what formula_fill has set, at every own
 * point; along the last dimension by its stride in both layouts. */
static bool shows_values(const pld_field *field)
{
    pld_view v = pld_field_view(field);
    pld_box own = pld_field_owned(field);
    pld_box end = pld_box_shift(own, own.count);
    for (int64_t k = own.first[0]; k < end.first[0]; k++)
        for (int64_t j = own.first[1]; j < end.first[1]; j++)
            for (int64_t i = own.first[2]; i < end.first[2]; i++)
                for (int c = 0; c < pld_field_ncomps(field); c++) {
                    int64_t place = k * v.stride[0] + j * v.stride[1] +
                                    i * v.stride[2] + c * v.comp_stride;
                    if (number_at(&v, pld_field_type(field), place) !=
                        formula_value(3, k, j, i, c))
                        return false;
                }
    return true;
}

static void check_view(const pld_grid_spec *cells, const pld_field_spec *spec)
{
    struct formula formula = formula_create(ctx, cells, spec);
    formula_fill(formula.field, 3);
    assert_all(shows_values(formula.field));
    pld_view v = pld_field_view(formula.field);
    assert_all(pld_box_equal(v.valid, pld_field_padded(formula.field)));
    bool empty = pld_box_empty(pld_field_owned(formula.field));
    assert_all((v.data == NULL) == empty);
    int ncomps = pld_field_ncomps(formula.field);
    bool planes = spec->layout == PLD_PLANES;
    assert_all_equal(v.stride[cells->ndims - 1], planes ? 1 : ncomps);
    assert_all(planes || v.comp_stride == 1);
    for (int d = cells->ndims; d < PLD_MAXDIM; d++)
        assert_all_equal(v.stride[d], 0);
    formula_destroy(&formula);
}

TEST(views_show_what_was_filled)
{
    for (int ndims = 1; ndims <= PLD_MAXDIM; ndims++)
        for (int type = 0; type < PLD_TYPE_COUNT; type++)
            for (int layout = 0; layout < 2; layout++) {
                pld_grid_spec cells = {.ndims = ndims,
                                       .periodic = {layout, !layout}};
                for (int d = 0; d < ndims; d++)
                    cells.size[d] = 5 + 3 * d;
                pld_field_spec spec = {.type = (pld_type)type,
                                       .ncomps = 1 + type % 3,
                                       .layout = (pld_layout)layout,
                                       .node = {true},
                                       .halo = {.all = type % 2}};
                spec.halo.low[ndims - 1] = 2;
                spec.halo.high[0] = layout;
                check_view(&cells, &spec);
            }
}

TEST(views_of_empty_blocks_have_no_data)
{
    pld_grid_spec cells = {.ndims = 2, .size = {1, 2}};
    pld_field_spec spec = {.ncomps = 2, .halo = {.all = 3}};
    check_view(&cells, &spec);
}

TEST(own_memory_is_aligned_and_zero)
{
    pld_grid_spec cells = {.ndims = 2, .size = {9, 9}};
    pld_field_spec spec = {.type = PLD_C128, .ncomps = 3, .halo = {.all = 1}};
    struct formula formula = formula_create(ctx, &cells, &spec);
    pld_view v = pld_field_view(formula.field);
    pld_box all = v.valid;
    assert_all(v.data == NULL ||
               (uintptr_t)&v.c128[all.first[0] * v.stride[0] + all.first[1]] %
                       64 ==
                   0);
    bool zero = true;
    for (int64_t j = 0; j < all.count[0]; j++)
        for (int64_t i = 0; i < all.count[1]; i++) {
            const double *p = v.c128[(all.first[0] + j) * v.stride[0] +
                                     all.first[1] + i + 2 * v.comp_stride];
            zero = zero && p[0] == 0.0 && p[1] == 0.0;
        }
    assert_all(zero);
    formula_destroy(&formula);
}

TEST(components_are_an_odd_number_of_cache_lines_apart)
{
    pld_grid_spec cells = {.ndims = 2, .size = {64 * nranks, 64}};
    for (int type = 0; type < PLD_TYPE_COUNT; type++) {
        pld_field_spec spec = {.type = (pld_type)type, .ncomps = 3};
        struct formula formula = formula_create(ctx, &cells, &spec);
        pld_view v = pld_field_view(formula.field);
        int64_t bytes = v.comp_stride * (int64_t)pld_type_size((pld_type)type);
        assert_all_equal(bytes % 128, 64);
        formula_fill(formula.field, 3);
        assert_all(shows_values(formula.field));
        formula_destroy(&formula);
    }
}

TEST(views_reach_into_the_caller_s_array)
{
    enum { N = 20 };
    static float array[2][N][N];
    memset(array, 0, sizeof array);
    pld_grid_spec cells = {.ndims = 2, .size = {7, 6}};
    pld_field_spec spec = {.type = PLD_F32,
                           .ncomps = 2,
                           .halo = {.low = {1, 2}, .high = {3, 0}},
                           .memory = array,
                           .extent = {N, N}};
    struct formula formula = formula_create(ctx, &cells, &spec);
    formula_fill(formula.field, 3);
    assert_all(shows_values(formula.field));
    pld_box own = pld_field_owned(formula.field);
    bool right = true;
    for (int64_t j = 0; j < own.count[0]; j++)
        for (int64_t i = 0; i < own.count[1]; i++)
            right = right && (double)array[1][1 + j][2 + i] ==
                                 formula_value(3, own.first[0] + j,
                                               own.first[1] + i, 0, 1);
    assert_all(right);
    formula_destroy(&formula);
    assert_all(own.count[0] == 0 || array[0][1][2] > 0.0f);
}

TEST(views_of_nothing_are_empty)
{
    pld_view v = pld_field_view(NULL);
    assert_all(v.data == NULL && pld_box_empty(v.valid));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(views_show_what_was_filled),
    cmocka_unit_test(views_of_empty_blocks_have_no_data),
    cmocka_unit_test(own_memory_is_aligned_and_zero),
    cmocka_unit_test(components_are_an_odd_number_of_cache_lines_apart),
    cmocka_unit_test(views_reach_into_the_caller_s_array),
    cmocka_unit_test(views_of_nothing_are_empty)};
PLD_TEST_MAIN(tests)
