/* Fields as vectors: every element and every product compared with the same
 * arithmetic on formulas of the global index.
 * TEST: ranks=1,2,3,4,7 */

#include "support/harness.h"
#include "support/index.h"
#include "support/oracle.h"

#include "polder/vector.h"

#include <math.h>
#include <string.h>

enum { NFIELDS = 4, NCOMPS = 3, MARK = -77 };

static const int64_t size[] = {5, 7, 9};

/* Element `comp` of field `which`, real (0) or imaginary part (1), rounded as
 * its type is. */
static double value(pld_type type, int which, const int64_t *at, int comp,
                    int part)
{
    int64_t n = ((at[0] * 7 + at[1]) * 9 + at[2]) * NCOMPS + comp;
    int64_t mixed = (n * 7919 + which * 104729 + part * 1299709 + 17) % 10007;
    double x = ((double)mixed - 5003.5) * 0.37; /* never 0 */
    return type == PLD_F32 ? (double)(float)x : x;
}

struct fill {
    pld_type type;
    int which;
};

static void fill_point(const int64_t index[PLD_MAXDIM], void *out, void *data)
{
    const struct fill *fill = data;
    for (int c = 0; c < NCOMPS; c++) {
        double re = value(fill->type, fill->which, index, c, 0);
        if (fill->type == PLD_F32)
            ((float *)out)[c] = (float)re;
        else if (fill->type == PLD_F64)
            ((double *)out)[c] = re;
        else {
            ((double *)out)[2 * c] = re;
            ((double *)out)[2 * c + 1] =
                value(fill->type, fill->which, index, c, 1);
        }
    }
}

struct fields {
    pld_grid *grid;
    pld_type type;
    pld_field *f[NFIELDS];
};

/* Fields that differ in layout and halo. */
static void create(pld_type type, bool alike, struct fields *out)
{
    const pld_grid_spec cells = {.ndims = 3,
                                 .size = {size[0], size[1], size[2]}};
    assert_ok(pld_grid_create(ctx, &cells, &out->grid));
    out->type = type;
    for (int i = 0; i < NFIELDS; i++) {
        pld_field_spec spec = {.type = type, .ncomps = NCOMPS};
        spec.halo.all = alike ? 0 : i % 3;
        spec.layout = !alike && i % 2 == 1 ? PLD_INTERLEAVED : PLD_PLANES;
        assert_ok(pld_field_create(out->grid, &spec, &out->f[i]));
        const double mark[2 * NCOMPS] = {MARK, MARK, MARK, MARK, MARK, MARK};
        const float small[NCOMPS] = {MARK, MARK, MARK};
        assert_ok(pld_field_set(out->f[i],
                                type == PLD_F32 ? (const void *)small : mark));
        struct fill fill = {type, i};
        assert_ok(pld_field_fill(out->f[i], fill_point, &fill));
    }
}

static void destroy(struct fields *fields)
{
    for (int i = 0; i < NFIELDS; i++)
        assert_ok(pld_field_destroy(&fields->f[i]));
    assert_ok(pld_grid_destroy(&fields->grid));
}

static double element(const pld_field *field, const int64_t *at, int comp,
                      int part)
{
    pld_view view = pld_field_view(field);
    int64_t i = comp * view.comp_stride;
    for (int d = 0; d < 3; d++)
        i += at[d] * view.stride[d];
    switch (pld_field_type(field)) {
    case PLD_F32:
        return (double)view.f32[i];
    case PLD_C128:
        return view.c128[i][part];
    default:
        return view.f64[i];
    }
}

/* What element (at, comp, part) should be. */
typedef double expected(pld_type type, const int64_t *at, int comp, int part);

static bool holds(const pld_field *field, expected *should)
{
    pld_type type = pld_field_type(field);
    pld_box own = pld_field_owned(field);
    pld_box padded = pld_field_padded(field);
    int64_t at[PLD_MAXDIM];
    if (pld_box_empty(padded))
        return true;
    memcpy(at, padded.first, sizeof at);
    do {
        const pld_box point = {{at[0], at[1], at[2]}, {1, 1, 1}};
        for (int c = 0; c < NCOMPS; c++)
            for (int part = 0; part < (type == PLD_C128 ? 2 : 1); part++) {
                double right = pld_box_contains(own, point)
                                   ? should(type, at, c, part)
                                   : MARK;
                double found = element(field, at, c, part);
                if (memcmp(&right, &found, sizeof right) != 0)
                    return false;
            }
    } while (next_index(padded, at));
    return true;
}

/* The exact sum of products over the whole domain. */
typedef double factor(pld_type type, const int64_t *at, int comp, int part);

static double dot(pld_type type, factor *x, factor *y, int xpart, int ypart,
                  int more_xpart, int more_ypart)
{
    struct oracle sum;
    int64_t at[PLD_MAXDIM] = {0};
    const pld_box all = {{0, 0, 0}, {size[0], size[1], size[2]}};
    oracle_clear(&sum);
    do
        for (int c = 0; c < NCOMPS; c++) {
            oracle_add_product(&sum, x(type, at, c, xpart),
                               y(type, at, c, ypart));
            double sign = xpart == 0 && ypart == 1 ? -1 : 1;
            if (type == PLD_C128)
                oracle_add_product(&sum, sign * x(type, at, c, more_xpart),
                                   y(type, at, c, more_ypart));
        }
    while (next_index(all, at));
    return oracle_round(&sum);
}

static const pld_type types[] = {PLD_F64, PLD_F32, PLD_C128};

/* --- Updates -------------------------------------------------------------- */

static double f0(pld_type type, const int64_t *at, int comp, int part)
{
    return value(type, 0, at, comp, part);
}

static double f1(pld_type type, const int64_t *at, int comp, int part)
{
    return value(type, 1, at, comp, part);
}

/* beta y + alpha x as the type rounds it. */
static double combine(pld_type type, double beta, double y, double alpha,
                      double x)
{
    if (type == PLD_F32) {
        float by = (float)beta * (float)y;
        float ax = (float)alpha * (float)x;
        return (double)(float)(by + ax);
    }
    return beta * y + alpha * x;
}

static double axpby(pld_type type, const int64_t *at, int comp, int part)
{
    return combine(type, -0.7, f1(type, at, comp, part), 1.3,
                   f0(type, at, comp, part));
}

static double axpy(pld_type type, const int64_t *at, int comp, int part)
{
    return combine(type, 1, f1(type, at, comp, part), 1.3,
                   f0(type, at, comp, part));
}

static double waxpby(pld_type type, const int64_t *at, int comp, int part)
{
    double y = f1(type, at, comp, part);
    double by = type == PLD_F32 ? (double)((float)-0.7 * (float)y) : -0.7 * y;
    return combine(type, 1, by, 1.3, f0(type, at, comp, part));
}

static double scaled(pld_type type, const int64_t *at, int comp, int part)
{
    double x = f0(type, at, comp, part);
    return type == PLD_F32 ? (double)((float)1.3 * (float)x) : 1.3 * x;
}

static void check_updates(pld_type type, bool alike)
{
    struct fields v;
    create(type, alike, &v);
    assert_ok(pld_vector_waxpby(1.3, v.f[0], -0.7, v.f[1], v.f[2]));
    assert_all(holds(v.f[2], waxpby));
    assert_ok(pld_vector_copy(v.f[1], v.f[2]));
    assert_all(holds(v.f[2], f1));
    assert_ok(pld_vector_axpby(1.3, v.f[0], -0.7, v.f[2]));
    assert_all(holds(v.f[2], axpby));
    assert_ok(pld_vector_copy(v.f[1], v.f[3]));
    assert_ok(pld_vector_axpy(1.3, v.f[0], v.f[3]));
    assert_all(holds(v.f[3], axpy));
    assert_ok(pld_vector_swap(v.f[0], v.f[1]));
    assert_all(holds(v.f[0], f1));
    assert_all(holds(v.f[1], f0));
    assert_ok(pld_vector_scale(1.3, v.f[1]));
    assert_all(holds(v.f[1], scaled));
    destroy(&v);
}

TEST(vector_updates_round_as_plain_loops)
{
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        check_updates(types[t], true);
        check_updates(types[t], false);
    }
}

static double product_of(pld_type type, const int64_t *at, int comp, int part)
{
    double a = f0(type, at, comp, part);
    double b = f1(type, at, comp, part);
    return type == PLD_F32 ? (double)((float)a * (float)b) : a * b;
}

static double quotient_of(pld_type type, const int64_t *at, int comp, int part)
{
    double a = f0(type, at, comp, part);
    double b = f1(type, at, comp, part);
    return type == PLD_F32 ? (double)((float)a / (float)b) : a / b;
}

TEST(vector_multiplies_and_divides_pointwise)
{
    for (int t = 0; t < 2; t++)
        for (int alike = 0; alike < 2; alike++) {
            struct fields v;
            create(types[t], alike, &v);
            assert_ok(pld_vector_multiply(v.f[0], v.f[1], v.f[2]));
            assert_all(holds(v.f[2], product_of));
            assert_ok(pld_vector_divide(v.f[0], v.f[1], v.f[2]));
            assert_all(holds(v.f[2], quotient_of));
            destroy(&v);
        }
}

static double turned(pld_type type, const int64_t *at, int comp, int part)
{
    double re = f0(type, at, comp, 0);
    double im = f0(type, at, comp, 1);
    return part == 0 ? 0.5 * re - 2 * im : 0.5 * im + 2 * re;
}

static double back(pld_type type, const int64_t *at, int comp, int part)
{
    return f0(type, at, comp, part);
}

TEST(vector_knows_complex_factors)
{
    struct fields v;
    create(PLD_C128, false, &v);
    pld_update turn = {.y = v.f[1], .x = v.f[0], .alpha = 0.5, .alpha_imag = 2};
    assert_ok(pld_vector_run(1, &turn, 0, NULL));
    assert_all(holds(v.f[1], turned));
    /* i^4 is 1, whatever is rounded. */
    pld_update quarter = {.y = v.f[0], .beta_imag = 1, .x = v.f[0]};
    for (int i = 0; i < 4; i++)
        assert_ok(pld_vector_run(1, &quarter, 0, NULL));
    assert_all(holds(v.f[0], back));
    /* x x / x: with values that divide without rounding. */
    const double two[2 * NCOMPS] = {0, 2, 0, 2, 0, 2};
    assert_ok(pld_field_set(v.f[2], two));
    pld_update both = {
        .y = v.f[0], .x = v.f[0], .alpha = 1, .times = v.f[2], .over = v.f[2]};
    assert_ok(pld_vector_run(1, &both, 0, NULL));
    pld_field *copy = v.f[0];
    double norm = 0;
    double right = 0;
    assert_ok(pld_vector_norm2(copy, &norm));
    right = sqrt(dot(PLD_C128, f0, f0, 0, 0, 1, 1));
    assert_all(fabs(norm - right) <= 1e-15 * right);
    destroy(&v);
}

static double zero(pld_type type, const int64_t *at, int comp, int part)
{
    (void)type, (void)at, (void)comp, (void)part;
    return 0;
}

TEST(vector_with_beta_0_never_reads_y)
{
    struct fields v;
    create(PLD_F64, false, &v);
    const double nan3[NCOMPS] = {NAN, NAN, NAN};
    assert_ok(pld_field_set(v.f[2], nan3));
    pld_update one = {.y = v.f[2], .x = v.f[0], .alpha = 0};
    assert_ok(pld_vector_run(1, &one, 0, NULL));
    double sum = -1;
    assert_ok(pld_vector_dot(v.f[2], v.f[2], &sum));
    assert_all(sum == 0);
    pld_update constant = {.y = v.f[0], .alpha = 0};
    assert_ok(pld_vector_run(1, &constant, 0, NULL));
    assert_all(holds(v.f[0], zero));
    destroy(&v);
}

/* --- Products ------------------------------------------------------------- */

static void check_products(pld_type type, bool alike)
{
    struct fields v;
    create(type, alike, &v);
    double found[2] = {0, 0};
    double norm = 0;
    assert_ok(pld_vector_dot(v.f[0], v.f[1], found));
    double right = dot(type, f0, f1, 0, 0, 1, 1);
    assert_all(found[0] == right);
    if (type == PLD_C128) {
        right = dot(type, f0, f1, 0, 1, 1, 0);
        assert_all(found[1] == right);
    }
    assert_ok(pld_vector_norm2(v.f[0], &norm));
    right = sqrt(dot(type, f0, f0, 0, 0, 1, 1));
    assert_all(fabs(norm - right) <= 2e-16 * right);
    destroy(&v);
}

TEST(vector_products_are_exact)
{
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        check_products(types[t], true);
        check_products(types[t], false);
    }
}

TEST(vector_products_see_what_updates_made)
{
    struct fields v;
    create(PLD_F64, false, &v);
    double found = 0;
    assert_ok(pld_vector_axpby_dot(1.3, v.f[0], -0.7, v.f[1], v.f[0], &found));
    assert_all(holds(v.f[1], axpby));
    assert_all(found == dot(PLD_F64, axpby, f0, 0, 0, 0, 0));
    assert_ok(pld_vector_copy(v.f[2], v.f[1]));
    struct fill fill = {PLD_F64, 1};
    assert_ok(pld_field_fill(v.f[1], fill_point, &fill));
    assert_ok(pld_vector_axpy_norm2(1.3, v.f[0], v.f[1], &found));
    double right = sqrt(dot(PLD_F64, axpy, axpy, 0, 0, 0, 0));
    assert_all(fabs(found - right) <= 2e-16 * right);
    destroy(&v);
}

static double sum_of_three(pld_type type, const int64_t *at, int comp, int part)
{
    double y = value(type, 3, at, comp, part);
    for (int k = 0; k < 3; k++)
        y = y + (k + 0.3) * value(type, k, at, comp, part);
    return y;
}

TEST(vector_takes_many_at_once)
{
    struct fields v;
    create(PLD_F64, false, &v);
    const double alpha[] = {0.3, 1.3, 2.3};
    const pld_field *const x[] = {v.f[0], v.f[1], v.f[2]};
    double found[3] = {0};
    assert_ok(pld_vector_multi_axpy(3, alpha, x, v.f[3]));
    assert_all(holds(v.f[3], sum_of_three));
    assert_ok(pld_vector_multi_dot(3, x, v.f[3], found));
    assert_all(found[0] == dot(PLD_F64, f0, sum_of_three, 0, 0, 0, 0));
    assert_all(found[1] == dot(PLD_F64, f1, sum_of_three, 0, 0, 0, 0));
    assert_ok(pld_vector_multi_axpy(0, NULL, NULL, v.f[3]));
    assert_ok(pld_vector_multi_dot(0, NULL, v.f[3], NULL));
    destroy(&v);
}

static double new_r(pld_type type, const int64_t *at, int comp, int part)
{
    return value(type, 3, at, comp, part) +
           -1.3 * value(type, 1, at, comp, part);
}

static double new_x(pld_type type, const int64_t *at, int comp, int part)
{
    return value(type, 2, at, comp, part) + 1.3 * f0(type, at, comp, part);
}

TEST(vector_makes_the_step_of_conjugate_gradients)
{
    struct fields v;
    create(PLD_F64, true, &v);
    double found = 0;
    assert_ok(pld_vector_cg_step(1.3, v.f[0], v.f[1], v.f[2], v.f[3], &found));
    assert_all(holds(v.f[2], new_x));
    assert_all(holds(v.f[3], new_r));
    assert_all(found == dot(PLD_F64, new_r, new_r, 0, 0, 0, 0));
    destroy(&v);
}

/* --- Sizes ---------------------------------------------------------------- */

TEST(vector_goes_through_long_rows_in_tiles)
{
    pld_grid *grid = NULL;
    pld_field *x = NULL;
    const int64_t n = 100003;
    double found = 0;
    assert_ok(
        pld_grid_create(ctx, &(pld_grid_spec){.ndims = 1, .size = {n}}, &grid));
    assert_ok(
        pld_field_create(grid, &(pld_field_spec){.halo = {.all = 2}}, &x));
    const double one = 1;
    assert_ok(pld_field_set(x, &one));
    assert_ok(pld_vector_axpy_norm2(1, x, x, &found));
    assert_all(found == sqrt(4.0 * (double)n));
    assert_ok(pld_field_destroy(&x));
    assert_ok(pld_grid_destroy(&grid));
}

/* --- Errors --------------------------------------------------------------- */

TEST(vector_names_what_does_not_go_together)
{
    struct fields v;
    struct fields w;
    pld_field *integers = NULL;
    pld_field *thin = NULL;
    pld_field *nodes = NULL;
    create(PLD_F64, true, &v);
    create(PLD_F32, true, &w);
    assert_ok(pld_field_create(
        v.grid, &(pld_field_spec){.name = "n", .type = PLD_I64}, &integers));
    assert_ok(
        pld_field_create(v.grid, &(pld_field_spec){.name = "thin"}, &thin));
    assert_ok(pld_field_create(
        v.grid,
        &(pld_field_spec){.ncomps = NCOMPS, .node = {false, true, false}},
        &nodes));
    double out = 0;
    assert_fails(PLD_ERR_TYPE, pld_vector_scale(2, integers), "\"n\" is i64");
    assert_fails(PLD_ERR_SHAPE, pld_vector_copy(v.f[0], w.f[0]),
                 "another grid");
    assert_fails(PLD_ERR_SHAPE, pld_vector_copy(v.f[0], thin),
                 "3 components, but \"thin\" has 1");
    assert_fails(PLD_ERR_SHAPE, pld_vector_copy(v.f[0], nodes),
                 "differ in stagger in dimension 1");
    assert_fails(PLD_ERR_ARG, pld_vector_copy(NULL, v.f[0]), "x is NULL");
    assert_fails(PLD_ERR_ARG, pld_vector_copy(v.f[0], NULL), "updates[0].y");
    assert_fails(PLD_ERR_ARG, pld_vector_dot(v.f[0], v.f[1], NULL),
                 "products[0].out is NULL");
    assert_fails(PLD_ERR_ARG, pld_vector_run(-1, NULL, 0, NULL),
                 "nupdates is -1");
    assert_fails(PLD_ERR_ARG, pld_vector_run(0, NULL, 2, NULL),
                 "products is NULL, but nproducts is 2");
    pld_update update = {.y = v.f[0], .alpha_imag = 1};
    assert_fails(PLD_ERR_TYPE, pld_vector_run(1, &update, 0, NULL),
                 "need fields of c128");
    pld_product product = {.x = v.f[0], .y = v.f[1], .root = true, .out = &out};
    assert_fails(PLD_ERR_ARG, pld_vector_run(0, NULL, 1, &product),
                 "leave out y");
    assert_fails(PLD_ERR_ARG, pld_vector_swap(v.f[0], NULL), "y");
    assert_ok(pld_field_destroy(&nodes));
    assert_ok(pld_field_destroy(&thin));
    assert_ok(pld_field_destroy(&integers));
    destroy(&w);
    destroy(&v);
}

TEST(a_wrong_argument_on_one_rank_leaves_none_waiting)
{
    struct fields fields;
    create(PLD_F64, true, &fields);
    double out = 0;
    double *result = rank == nranks - 1 ? NULL : &out;
    assert_fails(PLD_ERR_ARG, pld_vector_dot(fields.f[0], fields.f[1], result),
                 "out is NULL");
    assert_fails(PLD_ERR_ARG,
                 pld_vector_axpby_dot(1, fields.f[1], 0, fields.f[0],
                                      fields.f[2], result),
                 "out is NULL");
    destroy(&fields);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(vector_updates_round_as_plain_loops),
    cmocka_unit_test(vector_multiplies_and_divides_pointwise),
    cmocka_unit_test(vector_knows_complex_factors),
    cmocka_unit_test(vector_with_beta_0_never_reads_y),
    cmocka_unit_test(vector_products_are_exact),
    cmocka_unit_test(vector_products_see_what_updates_made),
    cmocka_unit_test(vector_takes_many_at_once),
    cmocka_unit_test(vector_makes_the_step_of_conjugate_gradients),
    cmocka_unit_test(vector_goes_through_long_rows_in_tiles),
    cmocka_unit_test(a_wrong_argument_on_one_rank_leaves_none_waiting),
    cmocka_unit_test(vector_names_what_does_not_go_together)};

PLD_TEST_MAIN(tests)
