/* One number for a whole field: sum, minimum, maximum, digest.
 * TEST: ranks=1,2,3,4,7 */

#include "support/harness.h"
#include "support/formula.h"

#include "polder/digest.h"

#include <math.h>
#include <string.h>

enum { NZ = 4, NY = 5, NX = 6, NCOMPS = 2 };

static const pld_grid_spec cells = {.ndims = 3, .size = {NZ, NY, NX}};

/* A field with values by formula, and other ones in its ghosts. */
static struct formula make(pld_type type, pld_layout layout, int64_t halo)
{
    pld_field_spec spec = {.type = type,
                           .ncomps = NCOMPS,
                           .layout = layout,
                           .halo = {.all = halo}};
    struct formula formula = formula_create(ctx, &cells, &spec);
    double poison[2 * NCOMPS] = {-1e30, 1e30, -1e30, 1e30};
    assert_ok(pld_field_set(formula.field, poison));
    formula_fill(formula.field, 0);
    return formula;
}

/* Sum, minimum and maximum of the formula over the domain. */
static double serial(pld_op op, int comp)
{
    double result = op == PLD_SUM ? 0.0 : formula_value(0, 0, 0, 0, comp);
    for (int64_t k = 0; k < NZ; k++)
        for (int64_t j = 0; j < NY; j++)
            for (int64_t i = 0; i < NX; i++) {
                double value = formula_value(0, k, j, i, comp);
                result = op == PLD_SUM   ? result + value
                         : op == PLD_MIN ? fmin(result, value)
                                         : fmax(result, value);
            }
    return result;
}

static double as_double(pld_type type, const void *value)
{
    const double *f64 = value;
    const float *f32 = value;
    const int64_t *i64 = value;
    const int32_t *i32 = value;
    switch (type) {
    case PLD_F32:
        return (double)*f32;
    case PLD_I64:
        return (double)*i64;
    case PLD_I32:
        return *i32;
    default:
        return *f64;
    }
}

TEST(reductions_see_own_points_of_one_component)
{
    for (int type = 0; type < PLD_TYPE_COUNT; type++)
        for (int layout = 0; layout < 2; layout++) {
            struct formula formula =
                make((pld_type)type, (pld_layout)layout, 2);
            for (int comp = 0; comp < NCOMPS; comp++)
                for (int op = 0; op <= PLD_MAX; op++) {
                    if (type == PLD_C128 && op != PLD_SUM)
                        continue;
                    double out[2] = {0.0, 0.0};
                    assert_ok(
                        pld_field_reduce(formula.field, (pld_op)op, comp, out));
                    assert_all(as_double((pld_type)type, out) ==
                               serial((pld_op)op, comp));
                    assert_all(type != PLD_C128 || out[1] == -out[0]);
                }
            formula_destroy(&formula);
        }
}

TEST(bad_reductions_are_named)
{
    struct formula formula = make(PLD_C128, PLD_PLANES, 0);
    double out[2];
    pld_field *field = formula.field;
    assert_fails(PLD_ERR_ARG, pld_field_reduce(NULL, PLD_SUM, 0, out),
                 "field is NULL");
    assert_fails(PLD_ERR_ARG, pld_field_reduce(field, PLD_SUM, 0, NULL),
                 "out is NULL");
    assert_fails(PLD_ERR_ARG, pld_field_reduce(field, PLD_SUM, NCOMPS, out),
                 "comp is 2, but there are 2 components");
    assert_fails(PLD_ERR_ARG, pld_field_reduce(field, PLD_SUM, -1, out),
                 "comp is -1");
    assert_fails(PLD_ERR_ARG, pld_field_reduce(field, (pld_op)9, 0, out),
                 "op 9");
    assert_fails(PLD_ERR_TYPE, pld_field_reduce(field, PLD_MIN, 0, out),
                 "c128 has no minimum");
    assert_fails(PLD_ERR_ARG, pld_field_digest(NULL, &(uint64_t){0}),
                 "field is NULL");
    assert_fails(PLD_ERR_ARG, pld_field_digest(field, NULL), "out is NULL");
    formula_destroy(&formula);
}

static uint64_t digest_of(pld_field *field)
{
    uint64_t digest = 0;
    assert_ok(pld_field_digest(field, &digest));
    return digest;
}

static uint64_t bits_of(double value)
{
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static uint64_t word_of(pld_type type, double value)
{
    float single = (float)value;
    uint32_t half = 0;
    switch (type) {
    case PLD_F32:
        memcpy(&half, &single, sizeof half);
        return half;
    case PLD_I32:
        return (uint32_t)(int32_t)value;
    case PLD_I64:
        return (uint64_t)(int64_t)value;
    default:
        return bits_of(value);
    }
}

/* The digest as it is defined, from the global values alone. */
static uint64_t serial_digest(pld_type type)
{
    uint64_t sum = 0;
    uint64_t number = 0;
    for (int64_t k = 0; k < NZ; k++)
        for (int64_t j = 0; j < NY; j++)
            for (int64_t i = 0; i < NX; i++)
                for (int c = 0; c < NCOMPS; c++) {
                    double value = formula_value(0, k, j, i, c);
                    sum += pld_digest_element(number++, word_of(type, value));
                    if (type == PLD_C128)
                        sum += pld_digest_element(number++, bits_of(-value));
                }
    return sum;
}

TEST(digest_depends_on_the_global_values_alone)
{
    for (int type = 0; type < PLD_TYPE_COUNT; type++)
        for (int layout = 0; layout < 2; layout++) {
            struct formula formula =
                make((pld_type)type, (pld_layout)layout, 2 * layout);
            assert_all(digest_of(formula.field) ==
                       serial_digest((pld_type)type));
            formula_destroy(&formula);
        }
}

TEST(digest_does_not_depend_on_the_process_grid)
{
    for (int d = 0; d < 3; d++) {
        pld_grid_spec line = cells;
        line.nprocs[0] = line.nprocs[1] = line.nprocs[2] = 1;
        line.nprocs[d] = nranks;
        pld_field_spec spec = {.ncomps = NCOMPS};
        struct formula formula = formula_create(ctx, &line, &spec);
        formula_fill(formula.field, 0);
        assert_all(digest_of(formula.field) == serial_digest(PLD_F64));
        formula_destroy(&formula);
    }
}

TEST(digest_tells_the_sign_of_zero_and_nans_apart)
{
    struct formula formula = make(PLD_F64, PLD_PLANES, 0);
    const double values[] = {0.0, -0.0, NAN, -NAN};
    uint64_t digests[4];
    for (int i = 0; i < 4; i++) {
        double both[] = {values[i], values[i]};
        assert_ok(pld_field_set(formula.field, both));
        digests[i] = digest_of(formula.field);
        for (int j = 0; j < i; j++)
            assert_all(digests[i] != digests[j]);
    }
    formula_destroy(&formula);
}

TEST(digest_tells_components_apart)
{
    struct formula formula = make(PLD_F64, PLD_PLANES, 0);
    assert_ok(pld_field_set(formula.field, (double[]){1.0, 2.0}));
    uint64_t one_way = digest_of(formula.field);
    assert_ok(pld_field_set(formula.field, (double[]){2.0, 1.0}));
    assert_all(one_way != digest_of(formula.field));
    formula_destroy(&formula);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(reductions_see_own_points_of_one_component),
    cmocka_unit_test(bad_reductions_are_named),
    cmocka_unit_test(digest_depends_on_the_global_values_alone),
    cmocka_unit_test(digest_does_not_depend_on_the_process_grid),
    cmocka_unit_test(digest_tells_the_sign_of_zero_and_nans_apart),
    cmocka_unit_test(digest_tells_components_apart)};
PLD_TEST_MAIN(tests)
