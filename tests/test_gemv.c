/* Matrix times vector, and copies of matrices in any form: against formulas,
 * element by element.
 * TEST: ranks=1,3
 * TEST: ranks=4 env=PLD_FAKE_NODES=2 */

#include "support/draw.h"
#include "support/formula.h"
#include "support/harness.h"

#include "polder/matrix.h"

#include <math.h>
#include <string.h>

static const pld_type types[] = {PLD_F64, PLD_F32, PLD_C128};

/* Integers, so that sums are exact in any order. */
static double value(int which, int64_t i, int64_t j, int part)
{
    return (double)((i * 7919 + j * 104729 + which * 31 + part * 17) % 201 -
                    100);
}

static void put(pld_type type, const double value[2], void *out)
{
    if (type == PLD_F32)
        *(float *)out = (float)value[0];
    else
        memcpy(out, value, pld_type_size(type));
}

struct filling {
    int which;
    pld_type type;
};

static void fill_point(const int64_t at[PLD_MAXDIM], void *out, void *data)
{
    const struct filling *filling = data;
    const double both[] = {value(filling->which, at[0], at[1], 0),
                           value(filling->which, at[0], at[1], 1)};
    put(filling->type, both, out);
}

struct operand {
    pld_grid *grid;
    pld_matrix matrix;
    int which;
};

struct shape {
    int ndims;
    int64_t size[2];
    int64_t first[2]; /* of the box; as much again lies behind it */
    int nprocs;       /* along rows; 0: any */
    bool turned;      /* in memory */
    pld_form form;
};

static struct operand create(pld_ctx *team, int which, pld_type type,
                             const struct shape *shape)
{
    struct operand out = {.which = which};
    out.matrix.box.count[2] = 1;
    pld_grid_spec cells = {.ndims = shape->ndims};
    pld_box *box = &out.matrix.box;
    for (int d = 0; d < shape->ndims; d++) {
        cells.size[d] = shape->size[d] + 2 * shape->first[d];
        box->first[d] = shape->first[d];
        box->count[d] = shape->size[d];
    }
    if (shape->ndims == 2 && shape->nprocs > 0 &&
        pld_ctx_nranks(team) % shape->nprocs == 0)
        cells.nprocs[0] = shape->nprocs;
    assert_ok_here(pld_grid_create(team, &cells, &out.grid));
    pld_field_spec spec = {.type = type, .halo = {.all = which % 2}};
    if (shape->turned && shape->ndims == 2)
        spec.order[0] = 1;
    assert_ok_here(pld_field_create(out.grid, &spec, &out.matrix.field));
    struct filling filling = {which, type};
    assert_ok_here(pld_field_fill(out.matrix.field, fill_point, &filling));
    out.matrix.form = shape->form;
    return out;
}

static void destroy(struct operand *operand)
{
    assert_ok_here(pld_field_destroy(&operand->matrix.field));
    assert_ok_here(pld_grid_destroy(&operand->grid));
}

/* Element (i, j) of the box before anything was done. */
static void start(const struct operand *operand, pld_type type, int64_t i,
                  int64_t j, double out[2])
{
    const pld_box *box = &operand->matrix.box;
    out[0] = value(operand->which, box->first[0] + i, box->first[1] + j, 0);
    out[1] = type == PLD_C128 ? value(operand->which, box->first[0] + i,
                                      box->first[1] + j, 1)
                              : 0;
}

/* The same after the form. */
static void element(const struct operand *operand, pld_type type, int64_t i,
                    int64_t j, double out[2])
{
    bool turned = operand->matrix.form != PLD_PLAIN;
    start(operand, type, turned ? j : i, turned ? i : j, out);
    if (operand->matrix.form == PLD_CONJUGATED)
        out[1] = -out[1];
}

/* Whether an own point holds a value. */
static bool holds(const pld_field *field, const int64_t at[2],
                  const double right[2])
{
    pld_view view = pld_field_view(field);
    pld_type type = pld_field_type(field);
    int64_t offset = at[0] * view.stride[0] + at[1] * view.stride[1];
    if (type == PLD_F32)
        return view.f32[offset] == (float)right[0];
    if (type == PLD_F64)
        return view.f64[offset] == right[0];
    return view.c128[offset][0] == right[0] && view.c128[offset][1] == right[1];
}

/* --- Matrix times vector -------------------------------------------------- */

struct problem {
    pld_type type;
    double alpha, beta;
    struct shape a, x, y;
};

static int64_t length(const struct shape *vector)
{
    return vector->ndims == 1 || vector->size[0] > 1 ? vector->size[0]
                                                     : vector->size[1];
}

static void right_sum(const struct problem *problem, const struct operand of[3],
                      int64_t i, double out[2])
{
    double x[2];
    double a[2];
    bool lies = problem->x.ndims == 2 && problem->x.size[0] == 1;
    out[0] = out[1] = 0;
    for (int64_t j = 0; j < length(&problem->x); j++) {
        element(&of[0], problem->type, i, j, a);
        start(&of[1], problem->type, lies ? 0 : j, lies ? j : 0, x);
        out[0] += a[0] * x[0] - a[1] * x[1];
        out[1] += a[0] * x[1] + a[1] * x[0];
    }
}

static bool is_right(const struct problem *problem, const struct operand of[3])
{
    const pld_matrix *y = &of[2].matrix;
    pld_box own = pld_field_owned(y->field);
    bool lies = problem->y.ndims == 2 && problem->y.size[0] == 1;
    for (int64_t i = 0; i < length(&problem->y); i++) {
        const int64_t at[] = {y->box.first[0] + (lies ? 0 : i),
                              y->box.first[1] + (lies ? i : 0)};
        double sum[2];
        double old[2];
        if (!pld_box_contains(own, (pld_box){{at[0], at[1], 0}, {1, 1, 1}}))
            continue;
        right_sum(problem, of, i, sum);
        start(&of[2], problem->type, lies ? 0 : i, lies ? i : 0, old);
        for (int part = 0; part < 2; part++)
            sum[part] = problem->alpha * sum[part] + problem->beta * old[part];
        if (!holds(y->field, at, sum))
            return false;
    }
    return true;
}

static void check(const struct problem *problem)
{
    struct operand of[] = {create(ctx, 0, problem->type, &problem->a),
                           create(ctx, 1, problem->type, &problem->x),
                           create(ctx, 2, problem->type, &problem->y)};
    assert_ok(pld_matrix_gemv(problem->alpha, &of[0].matrix, &of[1].matrix,
                              problem->beta, &of[2].matrix));
    assert_all(is_right(problem, of));
    for (int which = 2; which >= 0; which--)
        destroy(&of[which]);
}

/* A vector in one dimension, as a column or as a row. */
static struct shape vector_of(int64_t n)
{
    int kind = (int)draw(0, 2);
    struct shape shape = {.ndims = kind == 0 ? 1 : 2, .size = {n, 1}};
    if (kind == 2) {
        shape.size[0] = 1;
        shape.size[1] = n;
    }
    shape.first[0] = draw(0, 1) * draw(0, 9);
    shape.nprocs = (int)draw(0, nranks);
    return shape;
}

TEST(matrix_times_vector)
{
    for (int i = 0; i < 12; i++) {
        int64_t m = i < 2 ? 4500 : draw(1, 150);
        int64_t n = i == 2 ? 4500 : draw(1, 150);
        struct problem problem = {.type = types[i % 3],
                                  .alpha = i % 4 ? 1 : -2,
                                  .beta = i % 5 ? 0 : 0.5,
                                  .x = vector_of(n),
                                  .y = vector_of(m)};
        struct shape *a = &problem.a;
        a->ndims = 2;
        a->form = (pld_form)draw(0, 2);
        a->size[0] = a->form == PLD_PLAIN ? m : n;
        a->size[1] = a->form == PLD_PLAIN ? n : m;
        a->first[0] = draw(0, 1) * draw(0, 9);
        a->first[1] = draw(0, 1) * draw(0, 9);
        a->nprocs = (int)draw(0, nranks);
        a->turned = draw_bool();
        check(&problem);
    }
}

static void hostile(const int64_t at[PLD_MAXDIM], void *out, void *data)
{
    (void)data;
    *(double *)out = at[1] == 0 ? 1e300 : at[1] == 90 ? -1e300 : 1e-300;
}

/* 1e300 + 89 1e-300 - 1e300, which no sum in doubles keeps. */
TEST(sums_are_exact)
{
    const struct shape shape = {.ndims = 2, .size = {50, 91}};
    const struct shape x = {.ndims = 1, .size = {91}};
    const struct shape y = {.ndims = 1, .size = {50}};
    const double one = 1;
    struct operand of[] = {create(ctx, 0, PLD_F64, &shape),
                           create(ctx, 1, PLD_F64, &x),
                           create(ctx, 2, PLD_F64, &y)};
    double least = 0;
    double most = 0;
    assert_ok(pld_field_fill(of[0].matrix.field, hostile, NULL));
    assert_ok(pld_field_set(of[1].matrix.field, &one));
    assert_ok(
        pld_matrix_gemv(1, &of[0].matrix, &of[1].matrix, 0, &of[2].matrix));
    assert_ok(pld_field_reduce(of[2].matrix.field, PLD_MIN, 0, &least));
    assert_ok(pld_field_reduce(of[2].matrix.field, PLD_MAX, 0, &most));
    assert_all(least == 89 * 1e-300 && most == least);
    for (int which = 2; which >= 0; which--)
        destroy(&of[which]);
}

/* --- Copies --------------------------------------------------------------- */

static void check_copy(pld_type type, const struct shape *from,
                       const struct shape *to)
{
    struct operand in = create(ctx, 0, type, from);
    struct operand out = create(ctx, 1, type, to);
    bool good = true;
    assert_ok(pld_matrix_copy(&in.matrix, &out.matrix));
    pld_box own = pld_field_owned(out.matrix.field);
    for (int64_t i = own.first[0]; i < own.first[0] + own.count[0]; i++)
        for (int64_t j = own.first[1]; j < own.first[1] + own.count[1]; j++) {
            double right[2] = {value(1, i, j, 0), value(1, i, j, 1)};
            const int64_t at[] = {i, j};
            if (pld_box_contains(out.matrix.box,
                                 (pld_box){{i, j, 0}, {1, 1, 1}}))
                element(&in, type, i - out.matrix.box.first[0],
                        j - out.matrix.box.first[1], right);
            good = good && holds(out.matrix.field, at, right);
        }
    assert_all(good);
    destroy(&out);
    destroy(&in);
}

TEST(copies_in_any_form)
{
    for (int i = 0; i < 12; i++) {
        struct shape from = {.ndims = 2, .form = (pld_form)(i % 3)};
        struct shape to = {.ndims = 2};
        for (int d = 0; d < 2; d++) {
            to.size[d] = i == 3 ? 1 : draw(1, i == 7 ? 400 : 60);
            to.first[d] = draw(0, 1) * draw(0, 9);
            from.first[d] = draw(0, 1) * draw(0, 9);
            from.size[i % 3 ? 1 - d : d] = to.size[d];
        }
        to.nprocs = (int)draw(0, nranks);
        from.nprocs = (int)draw(0, nranks);
        to.turned = draw_bool();
        from.turned = draw_bool();
        check_copy(types[i / 3 % 3], &from, &to);
    }
}

/* --- Errors --------------------------------------------------------------- */

TEST(what_does_not_fit_is_named)
{
    const struct shape shape = {.ndims = 2, .size = {10, 20}};
    const struct shape other = {.ndims = 2, .size = {10, 21}};
    const struct shape line = {.ndims = 1, .size = {20}};
    struct operand a = create(ctx, 0, PLD_F64, &shape);
    struct operand b = create(ctx, 1, PLD_F64, &other);
    struct operand x = create(ctx, 2, PLD_F64, &line);
    struct operand single = create(ctx, 2, PLD_F32, &line);
    pld_matrix turned = a.matrix;
    turned.form = PLD_TRANSPOSED;
    assert_fails(PLD_ERR_SHAPE, pld_matrix_copy(&a.matrix, &b.matrix),
                 "in is 10 x 20 after its form, but out is 10 x 21");
    assert_fails(PLD_ERR_ARG, pld_matrix_copy(&a.matrix, &a.matrix),
                 "share elements");
    assert_fails(PLD_ERR_ARG, pld_matrix_copy(&a.matrix, &turned),
                 "out is taken as it is");
    assert_fails(PLD_ERR_ARG, pld_matrix_copy(&a.matrix, NULL), "out is NULL");
    assert_fails(PLD_ERR_SHAPE, pld_matrix_copy(&a.matrix, &x.matrix),
                 "has 1 dimensions, but a matrix has 2");
    assert_fails(PLD_ERR_SHAPE,
                 pld_matrix_gemv(1, &a.matrix, &x.matrix, 0, &b.matrix),
                 "a is 10 x 20 after its form, but y is 10 x 21");
    assert_fails(PLD_ERR_SHAPE,
                 pld_matrix_gemv(1, &turned, &x.matrix, 0, &x.matrix),
                 "but x is 20 x 1");
    assert_fails(PLD_ERR_TYPE,
                 pld_matrix_gemv(1, &a.matrix, &single.matrix, 0, &x.matrix),
                 "x is f32, but y is f64");
    assert_fails(PLD_ERR_ARG, pld_matrix_gemv(1, &a.matrix, NULL, 0, &x.matrix),
                 "x is NULL");
    destroy(&single);
    destroy(&x);
    destroy(&b);
    destroy(&a);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(matrix_times_vector), cmocka_unit_test(sums_are_exact),
    cmocka_unit_test(copies_in_any_form),
    cmocka_unit_test(what_does_not_fit_is_named)};

PLD_TEST_MAIN(tests)
