/* Products of matrices: against sums of long doubles, and bit by bit against
 * the same product on one rank.
 * TEST: ranks=1,2,3,6,7
 * TEST: ranks=4 env=PLD_TRANSPORT=message
 * TEST: ranks=4 env=PLD_FAKE_NODES=2 */

#include "support/draw.h"
#include "support/formula.h"
#include "support/harness.h"

#include "polder/blas.h"
#include "polder/matrix.h"
#include "polder/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- Values --------------------------------------------------------------- */

static double value(int which, int64_t i, int64_t j, int part)
{
    const pld_random random = {.seed = (uint64_t)which,
                               .stream = (uint64_t)part};
    return pld_random_uniform(random, (uint64_t)(i * 100003 + j)) - 0.5;
}

static double rounded(pld_type type, double x)
{
    return type == PLD_F32 ? (double)(float)x : x;
}

static void fill_point(const int64_t at[PLD_MAXDIM], void *out, void *data)
{
    const int *fill = data;
    double re = value(fill[0], at[0], at[1], 0);
    if (fill[1] == PLD_F32)
        *(float *)out = (float)re;
    else
        *(double *)out = re;
    if (fill[1] == PLD_C128)
        ((double *)out)[1] = value(fill[0], at[0], at[1], 1);
}

/* --- One case ------------------------------------------------------------- */

struct matrix {
    pld_form form;
    int64_t first[2]; /* of the box in the field */
    int64_t more[2];  /* rows and columns of the field beyond the box */
    int nprocs;       /* along rows; 0: any */
    bool lone;        /* the last rank owns all */
    bool turned;      /* in memory */
    int halo;
};

struct problem {
    pld_type type;
    int64_t m, n, k;
    double alpha, beta;
    struct matrix of[3];
    bool symmetric; /* b is a turned, and not given */
    pld_half half;
    bool small; /* in as little memory as will do */
};

struct operand {
    pld_grid *grid;
    pld_matrix matrix;
};

static void size_of(const struct problem *problem, int which, int64_t out[2])
{
    const int64_t sizes[3][2] = {{problem->m, problem->k},
                                 {problem->k, problem->n},
                                 {problem->m, problem->n}};
    bool turned = problem->of[which].form != PLD_PLAIN;
    out[0] = sizes[which][turned ? 1 : 0];
    out[1] = sizes[which][turned ? 0 : 1];
}

static void create(pld_ctx *team, const struct problem *problem, int which,
                   struct operand *out)
{
    const struct matrix *shape = &problem->of[which];
    int nteam = pld_ctx_nranks(team);
    pld_grid_spec cells = {.ndims = 2};
    pld_box box = {.count = {1, 1, 1}};
    size_of(problem, which, box.count);
    for (int d = 0; d < 2; d++) {
        box.first[d] = shape->first[d];
        cells.size[d] = box.first[d] + box.count[d] + shape->more[d];
    }
    if (shape->nprocs > 0 && nteam % shape->nprocs == 0)
        cells.nprocs[0] = shape->nprocs;
    double weights[16] = {0};
    weights[nteam - 1] = 1;
    if (shape->lone)
        cells.rank_weights = weights;
    assert_ok_here(pld_grid_create(team, &cells, &out->grid));
    pld_field_spec spec = {.type = problem->type, .halo = {.all = shape->halo}};
    if (shape->turned)
        spec.order[0] = 1;
    assert_ok_here(pld_field_create(out->grid, &spec, &out->matrix.field));
    int fill[] = {which, (int)problem->type};
    assert_ok_here(pld_field_fill(out->matrix.field, fill_point, fill));
    out->matrix.box = box;
    out->matrix.form = shape->form;
}

static void destroy(struct operand *operand)
{
    assert_ok_here(pld_field_destroy(&operand->matrix.field));
    assert_ok_here(pld_grid_destroy(&operand->grid));
}

/* Element (i, j) of an operand after its form. */
static void element(const struct problem *problem, int which, int64_t i,
                    int64_t j, double out[2])
{
    const struct matrix *shape = &problem->of[which];
    if (which == 1 && problem->symmetric) {
        element(problem, 0, j, i, out);
        out[1] = -out[1];
        return;
    }
    bool turned = shape->form != PLD_PLAIN;
    int64_t row = (turned ? j : i) + shape->first[0];
    int64_t column = (turned ? i : j) + shape->first[1];
    out[0] = rounded(problem->type, value(which, row, column, 0));
    out[1] = problem->type == PLD_C128 ? value(which, row, column, 1) : 0;
    if (shape->form == PLD_CONJUGATED)
        out[1] = -out[1];
}

/* Whether an element of c is near to what it should be. */
static bool is_near(const struct problem *problem, int64_t i, int64_t j,
                    const double found[2])
{
    long double sum[2] = {0, 0};
    double size = 0;
    double eps = problem->type == PLD_F32 ? 0x1p-23 : 0x1p-52;
    for (int64_t l = 0; l < problem->k; l++) {
        double a[2];
        double b[2];
        element(problem, 0, i, l, a);
        element(problem, 1, l, j, b);
        sum[0] += (long double)a[0] * b[0] - (long double)a[1] * b[1];
        sum[1] += (long double)a[0] * b[1] + (long double)a[1] * b[0];
        size += (fabs(a[0]) + fabs(a[1])) * (fabs(b[0]) + fabs(b[1]));
    }
    double c[2];
    element(problem, 2, i, j, c);
    double most = eps * (sqrt((double)problem->k) + 4) *
                  (fabs(problem->alpha) * size + fabs(problem->beta));
    for (int part = 0; part < 2; part++) {
        long double right =
            problem->alpha * sum[part] + problem->beta * (long double)c[part];
        if (part == 1 && problem->symmetric && i == j)
            right = 0;
        if (fabsl(found[part] - right) > most)
            return false;
    }
    return true;
}

static void read_element(const pld_field *field, int64_t row, int64_t column,
                         double out[2])
{
    pld_view view = pld_field_view(field);
    int64_t at = row * view.stride[0] + column * view.stride[1];
    pld_type type = pld_field_type(field);
    out[1] = 0;
    if (type == PLD_F32)
        out[0] = (double)view.f32[at];
    else if (type == PLD_F64)
        out[0] = view.f64[at];
    else
        memcpy(out, view.c128[at], 2 * sizeof *out);
}

static bool is_written(const struct problem *problem, const pld_box *box,
                       int64_t i, int64_t j)
{
    const pld_box point = {{i, j, 0}, {1, 1, 1}};
    if (!pld_box_contains(*box, point))
        return false;
    return problem->half == PLD_BOTH || j - box->first[1] <= i - box->first[0];
}

/* A sample of the elements of this rank, and all around them as it was. */
static bool is_right(const struct problem *problem, const pld_matrix *c)
{
    pld_box own = pld_field_owned(c->field);
    int64_t rows = 7 + own.count[0] / 15;
    int64_t columns = 5 + own.count[1] / 12;
    for (int64_t i = own.first[0]; i < own.first[0] + own.count[0]; i += rows)
        for (int64_t j = own.first[1] + i % 5; j < own.first[1] + own.count[1];
             j += columns) {
            double found[2];
            double start[2];
            read_element(c->field, i, j, found);
            element(problem, 2, i - c->box.first[0], j - c->box.first[1],
                    start);
            bool written = is_written(problem, &c->box, i, j);
            if (written && !is_near(problem, i - c->box.first[0],
                                    j - c->box.first[1], found))
                return false;
            if (!written && memcmp(found, start, sizeof found) != 0)
                return false;
        }
    return true;
}

static pld_product_spec spec_of(const struct problem *problem,
                                const struct operand of[3])
{
    pld_product_spec spec = {.a = of[0].matrix,
                             .c = of[2].matrix,
                             .alpha = problem->alpha,
                             .beta = problem->beta,
                             .half = problem->half};
    if (!problem->symmetric)
        spec.b = of[1].matrix;
    return spec;
}

/* In the least memory, twice: the second time must find nothing changed. */
static void multiply_small(const struct problem *problem,
                           const struct operand of[3])
{
    pld_product *product = NULL;
    pld_product_info info;
    pld_product_spec spec = spec_of(problem, of);
    assert_ok_here(pld_product_estimate(&spec, &info));
    spec.memory = info.least;
    assert_ok_here(pld_product_create(&spec, &product));
    assert_ok_here(pld_product_run(product));
    if (problem->beta == 0)
        assert_ok_here(pld_product_run(product));
    assert_ok_here(pld_product_destroy(&product));
}

static void multiply(const struct problem *problem, const struct operand of[3])
{
    const pld_matrix *c = &of[2].matrix;
    if (problem->small)
        multiply_small(problem, of);
    else if (problem->symmetric)
        assert_ok_here(pld_matrix_syrk(problem->alpha, &of[0].matrix,
                                       problem->beta, c, problem->half));
    else
        assert_ok_here(pld_matrix_multiply(problem->alpha, &of[0].matrix,
                                           &of[1].matrix, problem->beta, c));
}

static uint64_t multiply_on(pld_ctx *team, const struct problem *problem)
{
    struct operand of[3];
    uint64_t digest = 0;
    for (int which = 0; which < 3; which++)
        create(team, problem, which, &of[which]);
    multiply(problem, of);
    if (!is_right(problem, &of[2].matrix)) {
        fprintf(stderr, "m %d n %d k %d type %d alpha %g beta %g forms %d %d\n",
                (int)problem->m, (int)problem->n, (int)problem->k,
                (int)problem->type, problem->alpha, problem->beta,
                (int)problem->of[0].form, (int)problem->of[1].form);
        assert_true(false);
    }
    assert_ok_here(pld_field_digest(of[2].matrix.field, &digest));
    for (int which = 2; which >= 0; which--)
        destroy(&of[which]);
    return digest;
}

/* Some kernels compute a few columns of f32 in another order than the rest. */
static bool is_position_free(pld_type type)
{
    pld_blas blas;
    assert_ok_here(pld_blas_info(&blas));
    return type != PLD_F32 || (strcmp(blas.kernels, "Haswell") != 0 &&
                               strcmp(blas.kernels, "Zen") != 0);
}

/* On all ranks, on one rank: the same bits. */
static void check(const struct problem *problem)
{
    pld_ctx *one = team_create(1);
    uint64_t all = multiply_on(ctx, problem);
    uint64_t alone = one ? multiply_on(one, problem) : all;
    team_destroy(&one);
    assert_all(all == alone || !is_position_free(problem->type));
}

static const pld_type types[] = {PLD_F64, PLD_F32, PLD_C128};

/* --- Tests ---------------------------------------------------------------- */

TEST(products_of_plain_matrices)
{
    const int64_t sizes[][3] = {{64, 64, 64},    {1, 1, 1},     {130, 57, 600},
                                {5, 200, 3},     {300, 2, 513}, {256, 256, 512},
                                {150, 133, 257}, {201, 140, 99}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int beta = 0; beta < 2; beta++)
            check(&(struct problem){.type = types[i % 3],
                                    .m = sizes[i][0],
                                    .n = sizes[i][1],
                                    .k = sizes[i][2],
                                    .alpha = beta ? -1.5 : 1,
                                    .beta = beta ? 0.75 : 0});
}

TEST(products_of_any_matrices)
{
    for (int i = 0; i < 8; i++) {
        struct problem problem = {.type = types[draw(0, 2)],
                                  .m = draw(1, 90),
                                  .n = draw(1, 90),
                                  .k = draw(1, i % 4 == 0 ? 1100 : 90),
                                  .alpha = draw(0, 1) ? 1 : 0.3,
                                  .beta = (double)draw(0, 1) * 1.25};
        for (int which = 0; which < 3; which++) {
            struct matrix *shape = &problem.of[which];
            if (which < 2)
                shape->form = (pld_form)draw(0, 2);
            for (int d = 0; d < 2; d++) {
                shape->first[d] = draw(0, 1) * draw(0, 20);
                shape->more[d] = draw(0, 1) * draw(0, 20);
            }
            shape->nprocs = (int)draw(0, nranks);
            shape->turned = draw(0, 2) == 0;
            shape->halo = (int)draw(0, 1);
        }
        check(&problem);
    }
}

/* Long ones are added up in a tree. */
TEST(products_of_long_sums)
{
    for (int i = 0; i < 3; i++) {
        struct problem problem = {.type = types[i],
                                  .m = 40 + 30 * i,
                                  .n = 33,
                                  .k = 8192 + 1700 * i,
                                  .alpha = i == 1 ? -2 : 1,
                                  .beta = i == 1 ? 0.5 : 0,
                                  .symmetric = i == 2};
        problem.of[0].form = i == 2 ? PLD_CONJUGATED : PLD_TRANSPOSED;
        problem.of[i % 2].nprocs = nranks;
        problem.n = problem.symmetric ? problem.m : problem.n;
        check(&problem);
    }
}

/* Work is shared out, and results go to the one who owns them. */
TEST(products_of_lone_owners)
{
    for (int i = 0; i < 4; i++) {
        struct problem problem = {.type = types[i % 2 * 2],
                                  .m = 290 + i,
                                  .n = 310,
                                  .k = 200,
                                  .alpha = i < 2 ? 1 : 0.5,
                                  .beta = i < 2 ? 0 : -1};
        problem.of[2].lone = true;
        problem.of[i % 2].lone = i > 1;
        problem.of[2].first[1] = i * 3;
        problem.of[2].turned = i == 3;
        check(&problem);
    }
}

TEST(symmetric_products)
{
    const int64_t sizes[][2] = {{1, 5},     {65, 30},  {300, 600},
                                {450, 260}, {97, 513}, {610, 300}};
    for (int i = 0; i < 12; i++) {
        struct problem problem = {.type = types[i % 3],
                                  .m = sizes[i % 6][0],
                                  .n = sizes[i % 6][0],
                                  .k = sizes[i % 6][1],
                                  .alpha = i % 4 ? 1 : 2,
                                  .beta = i % 5 ? 0 : 0.5,
                                  .symmetric = true,
                                  .half = i < 6 ? PLD_BOTH : PLD_LOWER};
        struct matrix *a = &problem.of[0];
        a->form = i % 2 == 0                 ? PLD_PLAIN
                  : problem.type == PLD_C128 ? PLD_CONJUGATED
                                             : PLD_TRANSPOSED;
        a->first[i % 2] = draw(0, 9);
        problem.of[2].first[1] = draw(0, 9);
        problem.of[2].nprocs = (int)draw(0, nranks);
        problem.of[2].turned = i % 3 == 1;
        check(&problem);
    }
}

TEST(products_in_little_memory)
{
    for (int i = 0; i < 4; i++) {
        struct problem problem = {.type = types[i % 3],
                                  .m = 500,
                                  .n = i == 3 ? 500 : 430,
                                  .k = 700,
                                  .alpha = 1,
                                  .beta = i % 2,
                                  .symmetric = i == 3,
                                  .small = true};
        problem.of[0].nprocs = i == 1 ? nranks : 0;
        check(&problem);
        problem.small = false;
    }
}

/* Tiles change nothing: the digest is that of the product in one piece. */
TEST(memory_does_not_change_bits)
{
    struct problem problem = {.m = 400, .n = 390, .k = 530, .alpha = 1};
    uint64_t whole = multiply_on(ctx, &problem);
    problem.small = true;
    assert_all(multiply_on(ctx, &problem) == whole);
}

TEST(product_with_beta_0_never_reads_c)
{
    struct problem problem = {.m = 33, .n = 20, .k = 40, .alpha = 1};
    struct operand of[3];
    for (int which = 0; which < 3; which++)
        create(ctx, &problem, which, &of[which]);
    const double nan1 = NAN;
    assert_ok(pld_field_set(of[2].matrix.field, &nan1));
    assert_ok(
        pld_matrix_multiply(1, &of[0].matrix, &of[1].matrix, 0, &of[2].matrix));
    assert_all(is_right(&problem, &of[2].matrix));
    for (int which = 2; which >= 0; which--)
        destroy(&of[which]);
}

TEST(product_of_a_field_with_itself)
{
    struct problem problem = {.m = 70, .n = 70, .k = 70, .alpha = 1};
    struct operand of[3];
    for (int which = 0; which < 3; which++)
        create(ctx, &problem, which, &of[which]);
    pld_matrix turned = of[0].matrix;
    turned.form = PLD_TRANSPOSED;
    assert_ok(pld_matrix_multiply(1, &of[0].matrix, &turned, 0, &of[2].matrix));
    /* Symmetric to the last bit, as products commute. */
    double trace = 0;
    double sum = 0;
    assert_ok(pld_field_reduce(of[0].matrix.field, PLD_SUM, 0, &sum));
    pld_box own = pld_field_owned(of[2].matrix.field);
    for (int64_t i = own.first[0]; i < own.first[0] + own.count[0]; i++)
        if (i >= own.first[1] && i < own.first[1] + own.count[1]) {
            double found[2];
            read_element(of[2].matrix.field, i, i, found);
            trace += found[0];
        }
    assert_ok(pld_reduce_f64(ctx, PLD_SUM, trace, &trace));
    double right = 0;
    for (int64_t i = 0; i < 70; i++)
        for (int64_t j = 0; j < 70; j++)
            right += value(0, i, j, 0) * value(0, i, j, 0);
    assert_all(fabs(trace - right) <= 1e-12 * right);
    for (int which = 2; which >= 0; which--)
        destroy(&of[which]);
}

TEST(what_does_not_multiply_is_named)
{
    struct problem problem = {.m = 10, .n = 20, .k = 30, .alpha = 1};
    struct problem single = problem;
    struct operand of[3];
    struct operand other;
    single.type = PLD_F32;
    for (int which = 0; which < 3; which++)
        create(ctx, &problem, which, &of[which]);
    create(ctx, &single, 1, &other);
    const pld_matrix *a = &of[0].matrix;
    const pld_matrix *b = &of[1].matrix;
    const pld_matrix *c = &of[2].matrix;
    assert_fails(PLD_ERR_SHAPE, pld_matrix_multiply(1, b, a, 0, c),
                 "a is 30 x 20, b is 10 x 30, c is 10 x 20");
    assert_fails(PLD_ERR_TYPE, pld_matrix_multiply(1, a, &other.matrix, 0, c),
                 "b is f32, but c is f64");
    assert_fails(PLD_ERR_ARG, pld_matrix_multiply(1, a, b, 0, NULL),
                 "c->field is NULL");
    assert_fails_here(PLD_ERR_ARG, pld_matrix_multiply(1, NULL, NULL, 0, NULL),
                      "none of a, b, c has a live field");
    assert_fails(PLD_ERR_ARG, pld_matrix_multiply(1, a, b, 0, a),
                 "share elements");
    pld_matrix wrong = *c;
    wrong.form = PLD_TRANSPOSED;
    assert_fails(PLD_ERR_ARG, pld_matrix_multiply(1, a, b, 0, &wrong),
                 "c is taken as it is");
    wrong.form = (pld_form)9;
    assert_fails(PLD_ERR_ARG, pld_matrix_multiply(1, &wrong, b, 0, c),
                 "a->form is 9");
    wrong = *c;
    wrong.box.first[0] = 5;
    assert_fails(PLD_ERR_SHAPE, pld_matrix_multiply(1, a, b, 0, &wrong),
                 "10 rows from 5 on");
    pld_product *product = NULL;
    pld_product_info info;
    pld_product_spec spec = {.a = *a, .b = *b, .c = *c, .memory = 1000};
    assert_fails(PLD_ERR_MEMORY, pld_product_create(&spec, &product),
                 "memory is 1000, but this product takes");
    assert_ok(pld_product_estimate(&spec, &info));
    assert_all(info.bytes == 0 && info.least > 1000);
    spec.memory = -1;
    assert_fails(PLD_ERR_ARG, pld_product_create(&spec, &product),
                 "memory is -1");
    spec.memory = 0;
    spec.half = PLD_LOWER;
    assert_fails(PLD_ERR_ARG, pld_product_create(&spec, &product),
                 "half is PLD_LOWER, but b is given");
    assert_fails(PLD_ERR_SHAPE, pld_matrix_syrk(1, a, 0, c, PLD_BOTH),
                 "c is 10 x 20");
    assert_fails(PLD_ERR_ARG, pld_matrix_multiply(1, a, NULL, 0, c),
                 "b->field is NULL");
    assert_fails(PLD_ERR_ARG, pld_product_run(NULL), "product is NULL");
    assert_fails(PLD_ERR_ARG, pld_product_destroy(NULL), "product is NULL");
    if (nranks > 1)
        assert_fails(PLD_ERR_MISMATCH,
                     pld_matrix_multiply(rank == 1 ? 2 : 1, a, b, 0, c),
                     "alpha, beta");
    destroy(&other);
    for (int which = 2; which >= 0; which--)
        destroy(&of[which]);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(products_of_plain_matrices),
    cmocka_unit_test(products_of_any_matrices),
    cmocka_unit_test(products_of_long_sums),
    cmocka_unit_test(products_of_lone_owners),
    cmocka_unit_test(symmetric_products),
    cmocka_unit_test(products_in_little_memory),
    cmocka_unit_test(memory_does_not_change_bits),
    cmocka_unit_test(product_with_beta_0_never_reads_c),
    cmocka_unit_test(product_of_a_field_with_itself),
    cmocka_unit_test(what_does_not_multiply_is_named)};

PLD_TEST_MAIN(tests)
