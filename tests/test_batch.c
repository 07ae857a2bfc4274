/* Small matrices at the points of a grid: products of small integers, which
 * every type holds exactly, compared with sums by their definition.
 * TEST: ranks=1,3 */

#include "support/draw.h"
#include "support/formula.h"
#include "support/harness.h"

#include "linalg/batch_kernel.h"
#include "polder/batch.h"

#include <math.h>
#include <string.h>

enum { MOST = 33 };

/* Real or imaginary part of element (i, j) of matrix `which` at a point. */
static double part(int which, const int64_t *at, int element, int imaginary)
{
    int64_t n = (((at[0] * 31 + at[1]) * 17 + at[2]) * 1201 + element) * 3 +
                which * 7919 + imaginary * 104729;
    return (double)((n * 48271 % 2147483647) % 7 - 3);
}

struct values {
    pld_type type;
    int which;
    int n;
};

static void put(pld_type type, int i, double re, double im, void *out)
{
    if (type == PLD_F32)
        ((float *)out)[i] = (float)re;
    else if (type == PLD_F64)
        ((double *)out)[i] = re;
    else {
        ((double *)out)[2 * i] = re;
        ((double *)out)[2 * i + 1] = im;
    }
}

static void fill_point(const int64_t at[PLD_MAXDIM], void *out, void *data)
{
    const struct values *values = data;
    for (int i = 0; i < values->n; i++)
        put(values->type, i, part(values->which, at, i, 0),
            part(values->which, at, i, 1), out);
}

/* One case: sizes, forms, layouts. */
struct product {
    pld_type type;
    int m, n, k;
    pld_form form[2];
    pld_layout layout[3];
    int64_t halo[3];
    double alpha, beta;
};

static pld_field *field_of(pld_grid *grid, const struct product *p, int which,
                           int ncomps)
{
    pld_field *field = NULL;
    const pld_field_spec spec = {.type = p->type,
                                 .ncomps = ncomps,
                                 .layout = p->layout[which],
                                 .halo = {.all = p->halo[which]}};
    assert_ok(pld_field_create(grid, &spec, &field));
    struct values values = {p->type, which, ncomps};
    assert_ok(pld_field_fill(field, fill_point, &values));
    return field;
}

/* Parts of an element of an operand after taking its form. */
static void element(const struct product *p, int which, const int64_t *at,
                    int i, int j, double out[2])
{
    int columns = which == 0 ? p->k : p->n;
    int rows = which == 0 ? p->m : p->k;
    bool turned = which < 2 && p->form[which] != PLD_PLAIN;
    int stored = turned ? j * rows + i : i * columns + j;
    double sign = which < 2 && p->form[which] == PLD_CONJUGATED ? -1 : 1;
    out[0] = part(which, at, stored, 0);
    out[1] = p->type == PLD_C128 ? sign * part(which, at, stored, 1) : 0;
}

static void expected(const struct product *p, const int64_t *at, int i, int j,
                     double out[2])
{
    double sum[2] = {0, 0};
    for (int l = 0; l < p->k; l++) {
        double a[2];
        double b[2];
        element(p, 0, at, i, l, a);
        element(p, 1, at, l, j, b);
        sum[0] += a[0] * b[0] - a[1] * b[1];
        sum[1] += a[0] * b[1] + a[1] * b[0];
    }
    double old[2];
    element(p, 2, at, i, j, old);
    for (int q = 0; q < 2; q++)
        out[q] = p->alpha * sum[q] + p->beta * old[q];
}

static bool holds(const struct product *p, const pld_field *c)
{
    pld_view view = pld_field_view(c);
    pld_box own = pld_field_owned(c);
    int wrong = 0;
    for (int64_t y = own.first[0]; y < own.first[0] + own.count[0]; y++)
        for (int64_t x = own.first[1]; x < own.first[1] + own.count[1]; x++)
            for (int e = 0; e < p->m * p->n; e++) {
                const int64_t at[PLD_MAXDIM] = {y, x, 0};
                double want[2];
                expected(p, at, e / p->n, e % p->n, want);
                int64_t place = y * view.stride[0] + x * view.stride[1] +
                                e * view.comp_stride;
                if (p->type == PLD_C128)
                    wrong += view.c128[place][0] != want[0] ||
                             view.c128[place][1] != want[1];
                else
                    wrong += (p->type == PLD_F32 ? (double)view.f32[place]
                                                 : view.f64[place]) != want[0];
            }
    return wrong == 0;
}

static pld_batch batch_of(pld_field *field, int rows, int columns,
                          pld_form form)
{
    bool turned = form != PLD_PLAIN;
    return (pld_batch){.field = field,
                       .rows = turned ? columns : rows,
                       .columns = turned ? rows : columns,
                       .form = form};
}

static void check_product(pld_grid *grid, const struct product *p)
{
    pld_field *a = field_of(grid, p, 0, p->m * p->k);
    pld_field *b = field_of(grid, p, 1, p->k * p->n);
    pld_field *c = field_of(grid, p, 2, p->m * p->n);
    const pld_batch left = batch_of(a, p->m, p->k, p->form[0]);
    const pld_batch right = batch_of(b, p->k, p->n, p->form[1]);
    const pld_batch out = batch_of(c, p->m, p->n, PLD_PLAIN);
    assert_ok(pld_batch_multiply(p->alpha, &left, &right, p->beta, &out));
    assert_all(holds(p, c));
    assert_ok(pld_field_destroy(&a));
    assert_ok(pld_field_destroy(&b));
    assert_ok(pld_field_destroy(&c));
}

static pld_grid *grid_of(int64_t rows, int64_t columns)
{
    pld_grid *grid = NULL;
    const pld_grid_spec cells = {.ndims = 2, .size = {rows, columns}};
    assert_ok(pld_grid_create(ctx, &cells, &grid));
    return grid;
}

static struct product draw_product(int most)
{
    static const pld_type types[] = {PLD_F64, PLD_F32, PLD_C128};
    static const double factors[] = {0, 1, -1, 0.5, 2};
    struct product p = {.type = types[draw(0, 2)],
                        .m = (int)draw(1, most),
                        .n = (int)draw(1, most),
                        .k = (int)draw(1, most),
                        .alpha = factors[draw(1, 4)],
                        .beta = factors[draw(0, 4)]};
    for (int i = 0; i < 2; i++)
        p.form[i] = (pld_form)draw(0, 2);
    bool alike = draw_bool();
    for (int i = 0; i < 3; i++) {
        p.layout[i] = i > 0 && alike ? p.layout[0] : (pld_layout)draw(0, 1);
        p.halo[i] = draw(0, 2);
    }
    return p;
}

TEST(products_are_right_in_all_layouts_and_forms)
{
    pld_grid *grid = grid_of(5, 21);
    for (int i = 0; i < 150; i++) {
        struct product p = draw_product(9);
        check_product(grid, &p);
    }
    assert_ok(pld_grid_destroy(&grid));
}

TEST(large_ones_are_right_too)
{
    pld_grid *grid = grid_of(1, 5);
    for (int i = 0; i < 25; i++) {
        struct product p = draw_product(MOST);
        check_product(grid, &p);
    }
    assert_ok(pld_grid_destroy(&grid));
}

/* By the BLAS where there is one: all ways that operands can lie, and vectors.
 */
TEST(what_the_blas_gets_is_right)
{
    static const int sizes[][3] = {
        {17, 18, 19}, {70, 65, 1}, {1, 70, 65}, {70, 1, 65}};
    pld_grid *grid = grid_of(1, 3);
    for (int i = 0; i < 4; i++)
        for (int way = 0; way < 36; way++) {
            const struct product p = {
                .type = PLD_C128,
                .m = sizes[i][0],
                .n = sizes[i][1],
                .k = sizes[i][2],
                .form = {(pld_form)(way % 3), (pld_form)(way / 3 % 3)},
                .layout = {(pld_layout)(way / 9 % 2), (pld_layout)(way / 18),
                           PLD_INTERLEAVED},
                .alpha = 1};
            check_product(grid, &p);
        }
    assert_ok(pld_grid_destroy(&grid));
}

/* More points than the caches hold: brought together in strips. */
TEST(many_points_are_right)
{
    pld_grid *grid = grid_of(1, 3001);
    struct product p = {.m = 6, .n = 5, .k = 7, .alpha = 2, .beta = -1};
    check_product(grid, &p);
    p.type = PLD_F32;
    check_product(grid, &p);
    assert_ok(pld_grid_destroy(&grid));
}

TEST(ranks_may_own_nothing)
{
    pld_grid *grid = grid_of(1, 2);
    struct product p = draw_product(5);
    check_product(grid, &p);
    assert_ok(pld_grid_destroy(&grid));
}

/* --- Kernels of all kinds of CPU ------------------------------------------ */

/* Small integers, so exact with and without fused arithmetic. */
static bool kernel_is_right(const struct pld_batch_kernel *kernel, int n)
{
    enum { LANES = 32 };
    static double a[MOST * MOST * LANES];
    static double b[MOST * MOST * LANES];
    static double c[MOST * MOST * LANES];
    int lanes = kernel->lanes;
    const struct pld_batch_shape shape = {.m = n, .n = n, .k = n, .alpha = 1};
    for (int i = 0; i < n * n * lanes; i++) {
        a[i] = (double)draw(-5, 5);
        b[i] = (double)draw(-5, 5);
        c[i] = NAN;
    }
    kernel->groups(
        &shape, 1,
        &(struct pld_batch_side){(char *)a, (int64_t)n * lanes, lanes, 0},
        &(struct pld_batch_side){(char *)b, (int64_t)n * lanes, lanes, 0},
        &(struct pld_batch_side){(char *)c, (int64_t)n * lanes, lanes, 0});
    for (int e = 0; e < n * n * lanes; e++) {
        double sum = 0;
        for (int l = 0; l < n; l++)
            sum += a[(e / lanes / n * n + l) * lanes + e % lanes] *
                   b[(l * n + e / lanes % n) * lanes + e % lanes];
        if (c[e] != sum)
            return false;
    }
    kernel->points(&shape, 1, &(struct pld_batch_side){(char *)a, n, 1, 0},
                   &(struct pld_batch_side){(char *)b, n, 1, 0},
                   &(struct pld_batch_side){(char *)c, n, 1, 0});
    for (int e = 0; e < n * n; e++) {
        double sum = 0;
        for (int l = 0; l < n; l++)
            sum += a[e / n * n + l] * b[l * n + e % n];
        if (c[e] != sum)
            return false;
    }
    return true;
}

TEST(kernels_of_other_processors_are_right)
{
    bool right = true;
    for (int n = 1; n <= 19; n++) {
        right = right && kernel_is_right(&pld_batch_baseline[PLD_BATCH_F64], n);
#if defined(__x86_64__) && defined(__GNUC__)
        if (__builtin_cpu_supports("fma"))
            right = right && kernel_is_right(&pld_batch_avx2[PLD_BATCH_F64], n);
#endif
    }
    assert_all(right);
}

/* --- Bits ----------------------------------------------------------------- */

static void fill_any(const int64_t at[PLD_MAXDIM], void *out, void *data)
{
    const struct values *values = data;
    for (int i = 0; i < values->n; i++)
        ((double *)out)[i] =
            sin((double)(at[0] * 977 + at[1] * 31 + i * 7 + values->which));
}

/* Digest of a product of n x n matrices on a grid of `team`. */
static uint64_t digest_of(pld_ctx *team, int n, pld_layout layout)
{
    pld_grid *grid = NULL;
    pld_field *fields[3] = {NULL};
    pld_batch batches[3];
    uint64_t digest = 0;
    const pld_grid_spec cells = {.ndims = 2, .size = {5, 13}};
    assert_ok_here(pld_grid_create(team, &cells, &grid));
    for (int i = 0; i < 3; i++) {
        struct values values = {PLD_F64, i, n * n};
        assert_ok_here(pld_field_create(
            grid, &(pld_field_spec){.ncomps = n * n, .layout = layout},
            &fields[i]));
        assert_ok_here(pld_field_fill(fields[i], fill_any, &values));
        batches[i] = (pld_batch){.field = fields[i]};
    }
    assert_ok_here(
        pld_batch_multiply(0.7, &batches[0], &batches[1], 0.3, &batches[2]));
    assert_ok_here(pld_field_digest(fields[2], &digest));
    for (int i = 0; i < 3; i++)
        assert_ok_here(pld_field_destroy(&fields[i]));
    assert_ok_here(pld_grid_destroy(&grid));
    return digest;
}

TEST(bits_depend_neither_on_ranks_nor_on_layout)
{
    for (int n = 2; n <= 9; n++) {
        uint64_t alone = 0;
        pld_ctx *team = team_create(1);
        if (team)
            alone = digest_of(team, n, PLD_PLANES);
        team_destroy(&team);
        uint64_t planes = digest_of(ctx, n, PLD_PLANES);
        assert_all(rank != 0 || planes == alone);
        assert_all(digest_of(ctx, n, PLD_INTERLEAVED) == planes);
    }
}

/* --- What is refused ------------------------------------------------------ */

TEST(a_nan_in_c_does_no_harm_without_beta)
{
    pld_grid *grid = grid_of(3, 11);
    struct product p = {.m = 3, .n = 3, .k = 3, .alpha = 1};
    pld_field *a = field_of(grid, &p, 0, 9);
    pld_field *b = field_of(grid, &p, 1, 9);
    pld_field *c = field_of(grid, &p, 2, 9);
    const double nans[9] = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    assert_ok(pld_field_set(c, nans));
    assert_ok(pld_batch_multiply(1, &(pld_batch){.field = a},
                                 &(pld_batch){.field = b}, 0,
                                 &(pld_batch){.field = c}));
    assert_all(holds(&p, c));
    assert_ok(pld_field_destroy(&a));
    assert_ok(pld_field_destroy(&b));
    assert_ok(pld_field_destroy(&c));
    assert_ok(pld_grid_destroy(&grid));
}

TEST(wrong_arguments_are_named)
{
    pld_grid *grid = grid_of(3, 4);
    pld_grid *other = grid_of(3, 4);
    struct product p = {.m = 2, .n = 2, .k = 2, .alpha = 1};
    pld_field *square = field_of(grid, &p, 0, 4);
    pld_field *odd = field_of(grid, &p, 1, 6);
    pld_field *out = field_of(grid, &p, 2, 4);
    pld_field *away = field_of(other, &p, 1, 4);
    pld_field *integers = NULL;
    assert_ok(pld_field_create(
        grid, &(pld_field_spec){.type = PLD_I64, .ncomps = 4}, &integers));
    const pld_batch a = {.field = square};
    const pld_batch c = {.field = out};
    const pld_batch turned = {.field = out, .form = PLD_TRANSPOSED};
    const pld_batch six = {.field = odd};
    const pld_batch wide = {.field = odd, .rows = 2, .columns = 3};
    const pld_batch five = {.field = odd, .rows = 5};
    const pld_batch form = {.field = square, .form = (pld_form)9};
    const pld_batch far = {.field = away};
    const pld_batch whole = {.field = integers};
    assert_fails(PLD_ERR_ARG, pld_batch_multiply(1, &a, NULL, 0, &c),
                 "b is NULL");
    assert_fails(PLD_ERR_ARG, pld_batch_multiply(1, &a, &(pld_batch){0}, 0, &c),
                 "b->field is NULL");
    assert_fails(PLD_ERR_ARG, pld_batch_multiply(1, &a, &a, 0, &a),
                 "c and a are one field");
    assert_fails(PLD_ERR_ARG, pld_batch_multiply(1, &a, &a, 0, &turned),
                 "c->form is 1");
    assert_fails(PLD_ERR_ARG, pld_batch_multiply(1, &a, &form, 0, &c),
                 "b->form is 9");
    assert_fails(PLD_ERR_SHAPE, pld_batch_multiply(1, &a, &six, 0, &c),
                 "no square matrix");
    assert_fails(PLD_ERR_SHAPE, pld_batch_multiply(1, &a, &five, 0, &c),
                 "b is 5 x 1, but field");
    assert_fails(PLD_ERR_SHAPE, pld_batch_multiply(1, &a, &wide, 0, &c),
                 "they do not multiply");
    assert_fails(PLD_ERR_SHAPE, pld_batch_multiply(1, &a, &far, 0, &c),
                 "another grid");
    assert_fails(PLD_ERR_TYPE, pld_batch_multiply(1, &whole, &a, 0, &c), "i64");
    pld_field *fields[] = {square, odd, out, away, integers};
    for (int i = 0; i < 5; i++)
        assert_ok(pld_field_destroy(&fields[i]));
    assert_ok(pld_grid_destroy(&grid));
    assert_ok(pld_grid_destroy(&other));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(products_are_right_in_all_layouts_and_forms),
    cmocka_unit_test(large_ones_are_right_too),
    cmocka_unit_test(what_the_blas_gets_is_right),
    cmocka_unit_test(many_points_are_right),
    cmocka_unit_test(ranks_may_own_nothing),
    cmocka_unit_test(kernels_of_other_processors_are_right),
    cmocka_unit_test(bits_depend_neither_on_ranks_nor_on_layout),
    cmocka_unit_test(a_nan_in_c_does_no_harm_without_beta),
    cmocka_unit_test(wrong_arguments_are_named)};

PLD_TEST_MAIN(tests)
