/* Reductions of distributed arrays against exact sums of the whole array.
 * TEST: ranks=1,2,3,4,5,7
 * TEST: ranks=1,2,3,7 env=PLD_TRANSPORT=message
 * TEST: ranks=2,5 env=PLD_FAKE_NODES=2
 * TEST: ranks=7 env=PLD_FAKE_NODES=3 */

#include "support/harness.h"

#include "polder/exact.h"
#include "polder/random.h"
#include "polder/reduction.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Every rank knows the whole array; its own elements are a strided part. */
enum { N = 700, NBINS = 5 };

static const double edges[NBINS + 1] = {-3, -1, -0.5, 0, 0.25, 3};

enum distribution { BLOCKS, CYCLIC, REVERSED, LAST_RANK, DISTRIBUTIONS };

static pld_term part_of(const void *all, pld_type type, int how)
{
    int64_t size = (int64_t)pld_type_size(type);
    int64_t first = rank * (int64_t)N / nranks;
    int64_t end = (rank + 1) * (int64_t)N / nranks;
    int64_t n = end - first;
    int64_t stride = 1;
    if (how == CYCLIC) {
        first = rank;
        n = (N - rank + nranks - 1) / nranks;
        stride = nranks;
    } else if (how == REVERSED) {
        first = end - 1;
        stride = -1;
    } else if (how == LAST_RANK) {
        first = 0;
        n = rank == nranks - 1 ? N : 0;
    }
    return (pld_term){.type = type,
                      .box = {.first = {0, 0, first}, .count = {1, 1, n}},
                      .x = {.data = (const char *)all + first * size,
                            .stride = {0, 0, stride}}};
}

/* --- Data ----------------------------------------------------------------- */

enum data {
    NORMAL,
    WIDE,
    CANCELLING,
    HUGE_ONES,
    DENORMAL,
    TIES,
    INTEGRAL,
    ZEROS,
    INFINITE,
    NOT_NUMBERS,
    KINDS_OF_DATA
};

static double value(int kind, int64_t i, uint64_t stream)
{
    const pld_random random = {.seed = 7, .stream = stream};
    double x = pld_random_normal(random, (uint64_t)i);
    double other = pld_random_normal(random, (uint64_t)(i / 2));
    switch (kind) {
    case WIDE:
        return ldexp(x, (int)(i * 37 % 600) - 300);
    case CANCELLING:
        return i % 2 == 0 ? 1e16 * other : -1e16 * other + x;
    case HUGE_ONES:
        return (i % 2 == 0 ? 1 : -1) * DBL_MAX * (0.5 + 0.5 * fmin(1, x * x));
    case DENORMAL:
        return x * 0x1p-1070;
    case TIES:
        return i == 0 ? 1 : i == 1 ? 0x1p-53 : i == N - 1 ? 0x1p-1074 : 0;
    case INTEGRAL:
        return floor(100 * x);
    case ZEROS:
        return i % 3 == 0 ? -0.0 : 0.0;
    case INFINITE:
        return i == N / 2 ? -(double)INFINITY : x;
    case NOT_NUMBERS:
        return i == N / 3 || i == N - 2 ? (double)NAN : x;
    default:
        return x;
    }
}

static void make_data(int kind, uint64_t stream, double *out)
{
    for (int64_t i = 0; i < N; i++)
        out[i] = value(kind, i, stream);
}

/* --- What is expected ------------------------------------------------------
 */

struct results {
    double sum, dot, norm1, norm2, normmax, mean, variance, deviation;
    double covariance, least, greatest;
    int64_t where_least[3], where_greatest[3];
    int64_t count;
    bool any, all;
    int64_t histogram[NBINS];
    double weighted[NBINS];
};

static int bin_of(double x)
{
    for (int b = 0; b < NBINS; b++)
        if (x >= edges[b] &&
            (x < edges[b + 1] || (b == NBINS - 1 && x == edges[NBINS])))
            return b;
    return -1;
}

/* Whether a is below b, as the minimum sees it. */
static bool below(double a, double b)
{
    if (isnan(a) || isnan(b))
        return isnan(a) && !isnan(b);
    return a < b || (a == b && signbit(a) && !signbit(b));
}

static void expect_extremes(const double *x, struct results *out)
{
    int64_t low = 0;
    int64_t high = 0;
    for (int64_t i = 1; i < N; i++) {
        if (below(x[i], x[low]))
            low = i;
        if (isnan(x[i]) ? !isnan(x[high]) : below(x[high], x[i]))
            if (!isnan(x[high]))
                high = i;
        double size = fabs(x[i]);
        if (isnan(size) || size > out->normmax)
            out->normmax = isnan(out->normmax) ? out->normmax : size;
    }
    out->least = x[low];
    out->greatest = x[high];
    out->where_least[2] = low;
    out->where_greatest[2] = high;
}

static void expect_bins(const double *x, const double *y, struct results *out)
{
    for (int b = 0; b < NBINS; b++) {
        pld_exact weight;
        pld_exact_clear(&weight);
        for (int64_t i = 0; i < N; i++)
            if (bin_of(x[i]) == b) {
                out->histogram[b]++;
                assert_ok_here(pld_exact_add(&weight, PLD_F64, 1, &y[i], 1));
            }
        out->weighted[b] = pld_exact_round(&weight);
    }
}

static struct results expect(const double *x, const double *y)
{
    struct results out = {.normmax = fabs(x[0]), .any = false, .all = true};
    pld_exact s, t, q, p, a;
    pld_exact *sums[] = {&s, &t, &q, &p, &a};
    for (int i = 0; i < 5; i++)
        pld_exact_clear(sums[i]);
    assert_ok_here(pld_exact_add(&s, PLD_F64, N, x, 1));
    assert_ok_here(pld_exact_add(&t, PLD_F64, N, y, 1));
    assert_ok_here(pld_exact_add_squares(&q, PLD_F64, N, x, 1));
    assert_ok_here(pld_exact_add_products(&p, PLD_F64, N, x, 1, y, 1));
    assert_ok_here(pld_exact_add_absolute(&a, PLD_F64, N, x, 1));
    out.sum = pld_exact_round(&s);
    out.dot = pld_exact_round(&p);
    out.norm1 = pld_exact_round(&a);
    out.norm2 = pld_exact_sqrt(&q);
    out.mean = pld_exact_mean(&s, N);
    out.variance = pld_exact_variance(&s, &q, N, 1);
    out.deviation = pld_exact_deviation(&s, &q, N, 1);
    out.covariance = pld_exact_covariance(&s, &t, &p, N, 1);
    for (int64_t i = 0; i < N; i++) {
        out.count += x[i] != 0;
        out.any = out.any || x[i] != 0;
        out.all = out.all && x[i] != 0;
    }
    expect_extremes(x, &out);
    expect_bins(x, y, &out);
    return out;
}

/* --- Batches ---------------------------------------------------------------
 */

enum { NTERMS = PLD_MEASURE_CUSTOM }; /* all measures before that one */

/* All measures of x, with y, into `out`; place is only asked for where the
 * distribution has global indices. */
static void make_terms(const double *x, const double *y, int how,
                       struct results *out, pld_term terms[NTERMS])
{
    void *places[NTERMS] = {
        &out->sum,        &out->dot,   &out->norm1,    &out->norm2,
        &out->normmax,    &out->mean,  &out->variance, &out->deviation,
        &out->covariance, &out->least, &out->greatest, &out->count,
        &out->any,        &out->all,   out->histogram, out->weighted};
    *out = (struct results){.sum = -99};
    for (int m = 0; m < NTERMS; m++) {
        terms[m] = part_of(x, PLD_F64, how);
        terms[m].what = (pld_measure)m;
        terms[m].y = part_of(y, PLD_F64, how).x;
        terms[m].nbins = NBINS;
        terms[m].edges = edges;
        terms[m].out = places[m];
    }
    if (how == BLOCKS || how == LAST_RANK) {
        terms[PLD_MEASURE_MIN].where = out->where_least;
        terms[PLD_MEASURE_MAX].where = out->where_greatest;
    }
}

static bool same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static bool same_places(const struct results *a, const struct results *b)
{
    return memcmp(a->where_least, b->where_least, sizeof a->where_least) == 0 &&
           memcmp(a->where_greatest, b->where_greatest,
                  sizeof a->where_greatest) == 0;
}

static bool same_results(const struct results *a, const struct results *b)
{
    bool good = same(a->sum, b->sum) && same(a->dot, b->dot) &&
                same(a->norm1, b->norm1) && same(a->norm2, b->norm2) &&
                same(a->normmax, b->normmax) && same(a->mean, b->mean) &&
                same(a->variance, b->variance) &&
                same(a->deviation, b->deviation) &&
                same(a->covariance, b->covariance) &&
                same(a->least, b->least) && same(a->greatest, b->greatest) &&
                a->count == b->count && a->any == b->any && a->all == b->all;
    for (int i = 0; i < NBINS; i++)
        good = good && a->histogram[i] == b->histogram[i] &&
               same(a->weighted[i], b->weighted[i]);
    return good;
}

static pld_reduction *plan(int n, const pld_term *terms)
{
    pld_reduction_spec spec = {.nterms = n, .terms = terms};
    pld_reduction *reduction = NULL;
    assert_ok(pld_reduction_create(ctx, &spec, &reduction));
    return reduction;
}

static double x[N];
static double y[N];

TEST(all_measures_in_one_batch_are_those_of_the_whole_array)
{
    for (int kind = 0; kind < KINDS_OF_DATA; kind++) {
        make_data(kind, 1, x);
        make_data(kind == INFINITE ? NORMAL : kind, 2, y);
        struct results expected = expect(x, y);
        for (int how = 0; how < DISTRIBUTIONS; how++) {
            struct results found;
            pld_term terms[NTERMS];
            make_terms(x, y, how, &found, terms);
            assert_ok(pld_reduction_once(ctx, NTERMS, terms));
            assert_all(same_results(&found, &expected));
            if (terms[PLD_MEASURE_MIN].where != NULL)
                assert_all(same_places(&found, &expected));
        }
    }
}

TEST(each_measure_alone_is_what_it_is_in_a_batch)
{
    make_data(WIDE, 1, x);
    make_data(WIDE, 2, y);
    struct results expected = expect(x, y);
    struct results found;
    pld_term terms[NTERMS];
    make_terms(x, y, CYCLIC, &found, terms);
    for (int m = 0; m < NTERMS; m++)
        assert_ok(pld_reduction_once(ctx, 1, &terms[m]));
    assert_all(same_results(&found, &expected));
    make_terms(x, y, BLOCKS, &found, terms);
    assert_ok(pld_reduction_once(ctx, 1, &terms[PLD_MEASURE_MIN]));
    assert_ok(pld_reduction_once(ctx, 1, &terms[PLD_MEASURE_MAX]));
    assert_all(same_places(&found, &expected));
}

TEST(runs_follow_the_data)
{
    make_data(NORMAL, 1, x);
    make_data(NORMAL, 2, y);
    struct results found;
    pld_term terms[NTERMS];
    make_terms(x, y, BLOCKS, &found, terms);
    pld_reduction *reduction = plan(NTERMS, terms);
    for (int run = 0; run < 4; run++) {
        x[run] += 1;
        struct results expected = expect(x, y);
        assert_ok(pld_reduction_run(reduction));
        assert_all(same_results(&found, &expected));
    }
    assert_ok(pld_reduction_destroy(&reduction));
    assert_all(reduction == NULL);
}

TEST(values_may_move_far_between_runs)
{
    static const double scales[] = {1, 1e200, 1e200, 1e-200, 1e-200, 1, 1, 1};
    double sum = 0;
    pld_term term = part_of(x, PLD_F64, BLOCKS);
    term.out = &sum;
    pld_reduction *reduction = plan(1, &term);
    for (int run = 0; run < 8; run++) {
        make_data(NORMAL, 1, x);
        for (int i = 0; i < N; i++)
            x[i] *= scales[run];
        double expected = expect(x, y).sum;
        assert_ok(pld_reduction_run(reduction));
        assert_all(same(sum, expected));
    }
    assert_ok(pld_reduction_destroy(&reduction));
}

/* Rows that are the same memory. Takes a while: only if PLD_TEST_LARGE is set.
 */
TEST(more_elements_than_an_int_counts_are_reduced)
{
    enum { ROW = 2100 };
    const int64_t nrows = 1 << 20;
    static double row[ROW];
    if (getenv("PLD_TEST_LARGE") == NULL)
        return;
    for (int i = 0; i < ROW; i++)
        row[i] = i % 2 == 0 ? 3 : -1;
    double sum = 0;
    double mean = 0;
    double norm = 0;
    pld_term terms[3];
    for (int i = 0; i < 3; i++)
        terms[i] = (pld_term){.type = PLD_F64,
                              .box = {.count = {1, nrows, ROW}},
                              .x = {.data = row, .stride = {0, 0, 1}}};
    terms[0].what = PLD_MEASURE_SUM, terms[0].out = &sum;
    terms[1].what = PLD_MEASURE_MEAN, terms[1].out = &mean;
    terms[2].what = PLD_MEASURE_NORM2, terms[2].out = &norm;
    assert_ok(pld_reduction_once(ctx, 3, terms));
    double n = (double)nranks * (double)nrows * ROW;
    assert_all(sum == n && mean == 1 && norm == sqrt(5 * n));
}

TEST(several_may_be_under_way)
{
    make_data(NORMAL, 1, x);
    make_data(CANCELLING, 2, y);
    struct results expected[2] = {expect(x, y), expect(y, x)};
    struct results found[2];
    pld_term terms[2][NTERMS];
    pld_reduction *reductions[2];
    make_terms(x, y, BLOCKS, &found[0], terms[0]);
    make_terms(y, x, CYCLIC, &found[1], terms[1]);
    for (int i = 0; i < 2; i++)
        reductions[i] = plan(NTERMS, terms[i]);
    for (int run = 0; run < 2; run++) {
        for (int i = 0; i < 2; i++)
            assert_ok(pld_reduction_begin(reductions[i]));
        for (int i = 0; i < 2; i++)
            assert_ok(pld_reduction_end(reductions[i]));
        assert_all(same_results(&found[0], &expected[0]));
        assert_all(same_results(&found[1], &expected[1]));
    }
    for (int i = 0; i < 2; i++)
        assert_ok(pld_reduction_destroy(&reductions[i]));
}

TEST(elements_may_change_once_it_has_begun)
{
    double mine = rank + 1;
    double sum = 0;
    pld_term term = pld_term_of(PLD_MEASURE_SUM, PLD_F64, 1, &mine, &sum);
    pld_reduction *reduction = plan(1, &term);
    assert_ok(pld_reduction_begin(reduction));
    mine = -1;
    assert_ok(pld_reduction_end(reduction));
    assert_all(sum == nranks * (nranks + 1) / 2);
    assert_ok(pld_reduction_destroy(&reduction));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(all_measures_in_one_batch_are_those_of_the_whole_array),
    cmocka_unit_test(each_measure_alone_is_what_it_is_in_a_batch),
    cmocka_unit_test(runs_follow_the_data),
    cmocka_unit_test(values_may_move_far_between_runs),
    cmocka_unit_test(more_elements_than_an_int_counts_are_reduced),
    cmocka_unit_test(several_may_be_under_way),
    cmocka_unit_test(elements_may_change_once_it_has_begun)};

PLD_TEST_MAIN(tests)
