/* LU factors and what is solved with them: scaled residuals as LAPACK's own
 * tests take them, in long doubles, pivots against plain elimination, and the
 * same bits as on one rank.
 * TEST: ranks=2
 * TEST: ranks=3,4,6,7 args=few
 * TEST: ranks=4 args=few env=PLD_TRANSPORT=message
 * TEST: ranks=6 args=few env=PLD_FAKE_NODES=3 */

#include "support/dense.h"

#include "polder/factor.h"

#include <math.h>

enum kind { RANDOM, GRADED, HILBERT, NKINDS };

struct source {
    enum kind kind;
    pld_type type;
    int64_t n;
};

static dense_number value(const void *data, int64_t i, int64_t j)
{
    const struct source *source = data;
    if (source->kind == HILBERT)
        return 1.0L / (long double)(i + j + 1) + (i == j ? 1e-6L : 0);
    dense_number x = dense_random(3, i, j);
    if (source->type != PLD_C128)
        x = creall(x);
    return source->kind == GRADED ? x * powl(2, (long double)(i % 17 - j % 29))
                                  : x;
}

static dense_number side(const void *data, int64_t i, int64_t j)
{
    const struct source *source = data;
    dense_number x = dense_random(4, i, j);
    return source->type == PLD_C128 ? x : creall(x);
}

/* The form of the matrix, for residuals. */
struct formed {
    struct source source;
    pld_form form;
};

static dense_number formed_value(const void *data, int64_t i, int64_t j)
{
    const struct formed *formed = data;
    if (formed->form == PLD_PLAIN)
        return value(&formed->source, i, j);
    dense_number x = value(&formed->source, j, i);
    return formed->form == PLD_CONJUGATED ? conjl(x) : x;
}

/* --- One case ------------------------------------------------------------- */

struct problem {
    struct formed formed;
    int64_t nsides;
    int nprocs;
};

/* |l u - p a| / (n |a| eps) */
static double factor_ratio(const struct source *source, const int64_t *rows,
                           pld_matrix lu)
{
    int64_t n = source->n;
    dense_number *all = dense_gather(lu);
    long double worst = 0;
    long double size = 0;
    for (int64_t i = 0; i < n; i++) {
        long double errors = 0;
        long double row = 0;
        for (int64_t j = 0; j < n; j++) {
            dense_number a =
                dense_rounded(source->type, value(source, rows[i], j));
            dense_number sum = -a;
            for (int64_t k = 0; k <= j && k <= i; k++)
                sum += (k == i ? 1 : all[i * n + k]) * all[k * n + j];
            errors += cabsl(sum);
            row += cabsl(a);
            if (j < i) /* c128 pivots by the sum of both parts */
                assert_true(cabsl(all[i * n + j]) <= 1.4143L);
        }
        worst = fmaxl(worst, errors);
        size = fmaxl(size, row);
    }
    free(all);
    return (double)(worst / ((long double)n * size * dense_eps(source->type)));
}

static void solve_on(pld_ctx *team, const struct problem *problem, bool examine,
                     uint64_t digests[2])
{
    const struct source *source = &problem->formed.source;
    pld_lu *lu = NULL;
    int64_t *rows = malloc((size_t)source->n * sizeof *rows);
    pld_matrix a =
        dense_create(team, source->type, source->n, source->n, problem->nprocs);
    pld_matrix b =
        dense_create(team, source->type, source->n, problem->nsides, 0);
    assert_true(rows != NULL);
    dense_fill(a, value, source);
    dense_fill(b, side, source);
    assert_ok_here(pld_lu_create(&a, &lu));
    assert_ok_here(pld_lu_solve(lu, problem->formed.form, &b));
    assert_ok_here(pld_field_digest(b.field, &digests[1]));
    assert_ok_here(pld_lu_read(lu, &a));
    assert_ok_here(pld_field_digest(a.field, &digests[0]));
    assert_ok_here(pld_lu_rows(lu, rows));
    if (examine) {
        const struct dense_system system = {.type = source->type,
                                            .n = source->n,
                                            .nsides = problem->nsides,
                                            .a = formed_value,
                                            .b = side,
                                            .data = &problem->formed};
        assert_true(factor_ratio(source, rows, a) < 30);
        assert_true(dense_solve_ratio(&system, b) < 30);
    }
    assert_ok_here(pld_lu_destroy(&lu));
    free(rows);
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
            for (int form = 0; form < 3; form++) {
                if (is_few && (t + kind + form) % 4 != 0)
                    continue;
                check(&(struct problem){
                    .formed = {{(enum kind)kind, types[t], 83}, (pld_form)form},
                    .nsides = 1 + 2 * kind,
                    .nprocs = kind == 0 ? 1 : 0});
            }
}

TEST(systems_of_all_sizes_are_solved)
{
    const int64_t sizes[] = {1, 2, 193, 3, 31, 32, 33, 130};
    for (size_t i = 0; i < (is_few ? 3 : sizeof sizes / sizeof *sizes); i++)
        check(&(struct problem){.formed = {{RANDOM, PLD_F64, sizes[i]}},
                                .nsides = i == 2 ? 140 : 2});
}

/* Small integers: plain elimination is exact up to divisions, which here are by
 * pivots of 1 or -1, and every column has many elements of that modulus. */
static dense_number ties(const void *data, int64_t i, int64_t j)
{
    (void)data;
    return j == 0 ? (i % 2 ? 1 : -1) : j == i ? 2 + i % 3 : (i * j) % 3 - 1;
}

static void find_rows(int64_t n, int64_t *rows)
{
    double *a = malloc((size_t)(n * n) * sizeof *a);
    assert_true(a != NULL);
    for (int64_t i = 0; i < n; i++) {
        rows[i] = i;
        for (int64_t j = 0; j < n; j++)
            a[i * n + j] = (double)creall(ties(NULL, i, j));
    }
    for (int64_t k = 0; k < n; k++) {
        int64_t p = k;
        for (int64_t i = k + 1; i < n; i++)
            if (fabs(a[i * n + k]) > fabs(a[p * n + k]))
                p = i;
        int64_t row = rows[k];
        rows[k] = rows[p];
        rows[p] = row;
        for (int64_t j = 0; j < n; j++) {
            double x = a[k * n + j];
            a[k * n + j] = a[p * n + j];
            a[p * n + j] = x;
        }
        for (int64_t i = k + 1; i < n; i++) {
            a[i * n + k] /= a[k * n + k];
            for (int64_t j = k + 1; j < n; j++)
                a[i * n + j] -= a[i * n + k] * a[k * n + j];
        }
    }
    free(a);
}

TEST(pivots_are_the_largest_and_of_equals_the_first)
{
    enum { N = 7 };
    int64_t found[N];
    int64_t right[N];
    pld_lu *lu = NULL;
    pld_matrix a = dense_create(ctx, PLD_F64, N, N, 0);
    dense_fill(a, ties, NULL);
    find_rows(N, right);
    assert_ok(pld_lu_create(&a, &lu));
    assert_ok(pld_lu_rows(lu, found));
    assert_all(memcmp(found, right, sizeof right) == 0);
    assert_ok(pld_lu_destroy(&lu));
    dense_destroy(&a);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(systems_of_all_kinds_are_solved),
    cmocka_unit_test(systems_of_all_sizes_are_solved),
    cmocka_unit_test(pivots_are_the_largest_and_of_equals_the_first),
};

int main(int argc, char **argv)
{
    is_few = argc > 1;
    test_begin(&argc, &argv);
    return test_end(cmocka_run_group_tests(tests, test_setup, test_teardown));
}
