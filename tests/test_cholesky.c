/* Cholesky factors and what is solved with them: scaled residuals as LAPACK's
 * own tests take them, in long doubles, and the same bits as on one rank.
 * TEST: ranks=2
 * TEST: ranks=3,4,6,7 args=few
 * TEST: ranks=4 args=few env=PLD_TRANSPORT=message
 * TEST: ranks=6 args=few env=PLD_FAKE_NODES=3 */

#include "support/dense.h"

#include "polder/factor.h"

#include <float.h>
#include <math.h>

/* --- Matrices that are positive definite ---------------------------------- */

enum kind { RANDOM, GRADED, HILBERT, NKINDS };

/* a = m m^H / n + shift, with m random; graded: rows and columns scaled by
 * powers of two; or one over i + j + 1, with a diagonal that saves it. */
struct source {
    enum kind kind;
    pld_type type;
    int64_t n;
};

static dense_number value(const void *data, int64_t i, int64_t j)
{
    const struct source *source = data;
    if (source->kind == HILBERT)
        return 1.0L / (long double)(i + j + 1) +
               (i == j ? (source->type == PLD_F32 ? 1e-3L : 1e-9L) : 0);
    dense_number sum = dense_random(1, i < j ? i : j, i < j ? j : i);
    if (source->type != PLD_C128)
        sum = creall(sum);
    sum = i > j ? conjl(sum) : i == j ? creall(sum) : sum;
    sum += i == j ? (long double)source->n : 0;
    if (source->kind == GRADED)
        sum *=
            powl(2, -(long double)(i % 23)) * powl(2, -(long double)(j % 23));
    return sum;
}

/* The other triangle must not be read. */
struct half {
    struct source source;
    pld_triangle triangle;
};

static dense_number half_value(const void *data, int64_t i, int64_t j)
{
    const struct half *half = data;
    if (half->triangle == PLD_TRIANGLE_LOWER ? j > i : j < i)
        return NAN;
    return value(&half->source, i, j);
}

static dense_number side(const void *data, int64_t i, int64_t j)
{
    const struct source *source = data;
    dense_number x = dense_random(2, i, j);
    return source->type == PLD_C128 ? x : creall(x);
}

/* --- One case ------------------------------------------------------------- */

struct problem {
    struct half half;
    int64_t nsides;
    int nprocs; /* along rows; 0: any */
};

/* |l l^H - a| / (n |a| eps) */
static double factor_ratio(const struct problem *problem, pld_matrix l)
{
    int64_t n = problem->half.source.n;
    bool lower = problem->half.triangle == PLD_TRIANGLE_LOWER;
    dense_number *all = dense_gather(l);
    long double worst = 0;
    long double size = 0;
    for (int64_t i = 0; i < n; i++) {
        long double errors = 0;
        long double row = 0;
        for (int64_t j = 0; j < n; j++) {
            dense_number a = value(&problem->half.source, i, j);
            dense_number sum = -a;
            for (int64_t k = 0; k <= (i < j ? i : j); k++)
                sum += lower ? all[i * n + k] * conjl(all[j * n + k])
                             : conjl(all[k * n + i]) * all[k * n + j];
            if (lower ? j > i : j < i)
                assert_true(all[i * n + j] == 0);
            errors += cabsl(sum);
            row += cabsl(a);
        }
        worst = fmaxl(worst, errors);
        size = fmaxl(size, row);
    }
    free(all);
    return (double)(worst / ((long double)n * size *
                             dense_eps(problem->half.source.type)));
}

static void solve_on(pld_ctx *team, const struct problem *problem, bool examine,
                     uint64_t digests[2])
{
    const struct source *source = &problem->half.source;
    pld_cholesky *cholesky = NULL;
    const pld_cholesky_spec spec = {.triangle = problem->half.triangle};
    pld_matrix a =
        dense_create(team, source->type, source->n, source->n, problem->nprocs);
    pld_matrix b =
        dense_create(team, source->type, source->n, problem->nsides, 0);
    dense_fill(a, half_value, &problem->half);
    dense_fill(b, side, source);
    assert_ok_here(pld_cholesky_create(&spec, &a, &cholesky));
    assert_ok_here(pld_cholesky_solve(cholesky, &b));
    assert_ok_here(pld_field_digest(b.field, &digests[1]));
    assert_ok_here(pld_cholesky_read(cholesky, &a));
    assert_ok_here(pld_field_digest(a.field, &digests[0]));
    if (examine) {
        const struct dense_system system = {.type = source->type,
                                            .n = source->n,
                                            .nsides = problem->nsides,
                                            .a = value,
                                            .b = side,
                                            .data = source};
        assert_true(factor_ratio(problem, a) < 30);
        assert_true(dense_solve_ratio(&system, b) < 30);
    }
    assert_ok_here(pld_cholesky_destroy(&cholesky));
    dense_destroy(&a);
    dense_destroy(&b);
}

static void check(const struct problem *problem)
{
    uint64_t all[2];
    uint64_t alone[2] = {0, 0};
    pld_ctx *one = team_create(1);
    solve_on(ctx, problem, nranks == 2, all);
    memcpy(alone, all, sizeof all);
    if (one)
        solve_on(one, problem, false, alone);
    team_destroy(&one);
    assert_all(all[0] == alone[0]);
    assert_all(all[1] == alone[1]);
}

static const pld_type types[] = {PLD_F64, PLD_F32, PLD_C128};

static bool is_few;

/* --- Tests ---------------------------------------------------------------- */

TEST(systems_of_all_kinds_are_solved)
{
    for (int t = 0; t < 3; t++)
        for (int kind = 0; kind < NKINDS; kind++)
            for (int upper = 0; upper < 2; upper++) {
                if (is_few && (t + kind + upper) % 3 != 0)
                    continue;
                check(&(struct problem){
                    .half = {{(enum kind)kind, types[t], 101},
                             upper ? PLD_TRIANGLE_UPPER : PLD_TRIANGLE_LOWER},
                    .nsides = 1 + 2 * kind,
                    .nprocs = kind == 0 ? 1 : 0});
            }
}

TEST(systems_of_all_sizes_are_solved)
{
    const int64_t sizes[] = {1, 2, 193, 3, 63, 64, 65, 130};
    for (size_t i = 0; i < (is_few ? 3 : sizeof sizes / sizeof *sizes); i++)
        check(&(struct problem){
            .half = {{RANDOM, PLD_F64, sizes[i]}, PLD_TRIANGLE_LOWER},
            .nsides = 2});
}

TEST(right_sides_may_be_many)
{
    check(&(struct problem){
        .half = {{RANDOM, PLD_F64, 150}, PLD_TRIANGLE_UPPER}, .nsides = 300});
    check(&(struct problem){
        .half = {{RANDOM, PLD_C128, 70}, PLD_TRIANGLE_LOWER}, .nsides = 129});
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(systems_of_all_kinds_are_solved),
    cmocka_unit_test(systems_of_all_sizes_are_solved),
    cmocka_unit_test(right_sides_may_be_many),
};

int main(int argc, char **argv)
{
    is_few = argc > 1;
    test_begin(&argc, &argv);
    return test_end(cmocka_run_group_tests(tests, test_setup, test_teardown));
}
