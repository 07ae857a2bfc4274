/* Triangular systems: scaled residuals in long doubles, and the same bits as on
 * one rank.
 * TEST: ranks=2
 * TEST: ranks=3 args=few
 * TEST: ranks=4 args=few env=PLD_FAKE_NODES=2 */

#include "support/dense.h"

#include "polder/factor.h"

#include <math.h>

/* The triangle of a, and what must not be read of it. */
struct source {
    pld_type type;
    pld_triangle triangle;
    bool unit;
    int64_t n;
};

static dense_number value(const void *data, int64_t i, int64_t j)
{
    const struct source *source = data;
    bool inside = source->triangle == PLD_TRIANGLE_LOWER ? i >= j : i <= j;
    if (!inside || (source->unit && i == j))
        return NAN;
    dense_number x = dense_random(6, i, j);
    x = source->type == PLD_C128 ? x : creall(x);
    return i == j ? 4 + x : x / 8;
}

struct problem {
    struct source source;
    pld_form form;
    bool right;
    int64_t nsides;
    double alpha;
};

/* op(a), or for systems on the right its transposed, whose x and b are so too.
 */
static dense_number left_value(const void *data, int64_t i, int64_t j)
{
    const struct problem *problem = data;
    bool turned = (problem->form != PLD_PLAIN) ^ problem->right;
    int64_t row = turned ? j : i;
    int64_t column = turned ? i : j;
    bool inside = problem->source.triangle == PLD_TRIANGLE_LOWER
                      ? row >= column
                      : row <= column;
    if (!inside)
        return 0;
    if (problem->source.unit && row == column)
        return 1;
    dense_number x = value(&problem->source, row, column);
    return problem->form == PLD_CONJUGATED ? conjl(x) : x;
}

static dense_number side(const void *data, int64_t i, int64_t j)
{
    const struct problem *problem = data;
    dense_number x = dense_random(7, i, j);
    return problem->source.type == PLD_C128 ? x : creall(x);
}

static dense_number scaled_side(const void *data, int64_t i, int64_t j)
{
    const struct problem *problem = data;
    return problem->alpha *
           side(data, problem->right ? j : i, problem->right ? i : j);
}

/* x on the right, turned to the left. */
static pld_matrix turn(pld_ctx *team, const struct problem *problem,
                       pld_matrix x)
{
    int64_t n = problem->source.n;
    int64_t nsides = problem->nsides;
    pld_matrix turned = dense_create(team, problem->source.type, n, nsides, 0);
    pld_box own = pld_field_owned(turned.field);
    pld_view view = pld_field_view(turned.field);
    dense_number *all = dense_gather(x);
    for (int64_t i = own.first[0]; i < own.first[0] + own.count[0]; i++)
        for (int64_t j = own.first[1]; j < own.first[1] + own.count[1]; j++) {
            int64_t at = i * view.stride[0] + j * view.stride[1];
            dense_number value_at = all[j * n + i];
            if (problem->source.type == PLD_F32)
                view.f32[at] = (float)creall(value_at);
            else if (problem->source.type == PLD_F64)
                view.f64[at] = (double)creall(value_at);
            else
                memcpy(view.c128[at],
                       (double[]){(double)creall(value_at),
                                  (double)cimagl(value_at)},
                       sizeof view.c128[at]);
        }
    free(all);
    return turned;
}

static void examine(pld_ctx *team, const struct problem *problem, pld_matrix x)
{
    const struct dense_system system = {.type = problem->source.type,
                                        .n = problem->source.n,
                                        .nsides = problem->nsides,
                                        .a = left_value,
                                        .b = scaled_side,
                                        .data = problem};
    pld_matrix left = problem->right ? turn(team, problem, x) : x;
    assert_true(dense_solve_ratio(&system, left) < 30);
    if (problem->right)
        dense_destroy(&left);
}

static uint64_t solve_on(pld_ctx *team, const struct problem *problem,
                         bool examined)
{
    int64_t n = problem->source.n;
    bool right = problem->right;
    uint64_t digest = 0;
    pld_triangular_spec spec = {.triangle = problem->source.triangle,
                                .unit = problem->source.unit,
                                .right = right,
                                .alpha = problem->alpha};
    spec.a = dense_create(team, problem->source.type, n, n, 0);
    spec.a.form = problem->form;
    spec.b =
        dense_create(team, problem->source.type, right ? problem->nsides : n,
                     right ? n : problem->nsides, 0);
    dense_fill(spec.a, value, &problem->source);
    dense_fill(spec.b, side, problem);
    assert_ok_here(pld_matrix_solve_triangular(&spec));
    assert_ok_here(pld_field_digest(spec.b.field, &digest));
    if (examined)
        examine(team, problem, spec.b);
    dense_destroy(&spec.a);
    dense_destroy(&spec.b);
    return digest;
}

static const pld_type types[] = {PLD_F64, PLD_F32, PLD_C128};

static bool is_few;

TEST(triangles_of_all_kinds_are_solved)
{
    int n = 0;
    for (int t = 0; t < 3; t++)
        for (int kind = 0; kind < 24; kind++) {
            if (is_few && n++ % 7 != 0)
                continue;
            const struct problem problem = {
                .source = {types[t],
                           kind % 2 ? PLD_TRIANGLE_UPPER : PLD_TRIANGLE_LOWER,
                           kind / 2 % 2, 101},
                .right = kind / 4 % 2,
                .form = (pld_form)(kind / 8),
                .nsides = kind % 5 + 1,
                .alpha = kind % 3 ? 1 : -0.5};
            pld_ctx *one = team_create(1);
            uint64_t all = solve_on(ctx, &problem, nranks == 2);
            uint64_t alone = one ? solve_on(one, &problem, false) : all;
            team_destroy(&one);
            assert_all(all == alone);
        }
}

static dense_number one_zero(const void *data, int64_t i, int64_t j)
{
    (void)data;
    return i == j && i != 77 ? 2 : i > j ? 1 : 0;
}

TEST(triangular_systems_that_make_no_sense_are_named)
{
    pld_triangular_spec spec = {.alpha = 0};
    assert_fails(PLD_ERR_ARG, pld_matrix_solve_triangular(NULL), "NULL");
    assert_fails(PLD_ERR_ARG, pld_matrix_solve_triangular(&spec),
                 "no live field");
    spec.a = dense_create(ctx, PLD_F64, 90, 90, 0);
    spec.b = dense_create(ctx, PLD_F64, 90, 4, 0);
    pld_triangular_spec bad = spec;
    dense_fill(spec.a, one_zero, NULL);
    assert_fails(PLD_ERR_ARG, pld_matrix_solve_triangular(&spec),
                 "element 77 ");
    bad.right = true;
    assert_fails(PLD_ERR_SHAPE, pld_matrix_solve_triangular(&bad), "4 columns");
    bad = spec;
    bad.a = spec.b;
    assert_fails(PLD_ERR_SHAPE, pld_matrix_solve_triangular(&bad), "90 x 4");
    bad = spec;
    bad.triangle = (pld_triangle)5;
    assert_fails(PLD_ERR_ARG, pld_matrix_solve_triangular(&bad),
                 "triangle is 5");
    bad = spec;
    bad.unit = rank == 0;
    if (nranks > 1)
        assert_fails(PLD_ERR_MISMATCH, pld_matrix_solve_triangular(&bad),
                     "rank 1");
    spec.unit = true;
    assert_ok(pld_matrix_solve_triangular(&spec));
    dense_destroy(&spec.a);
    dense_destroy(&spec.b);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(triangles_of_all_kinds_are_solved),
    cmocka_unit_test(triangular_systems_that_make_no_sense_are_named),
};

int main(int argc, char **argv)
{
    is_few = argc > 1;
    test_begin(&argc, &argv);
    return test_end(cmocka_run_group_tests(tests, test_setup, test_teardown));
}
