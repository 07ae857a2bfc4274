/* Exact sums against an oracle, by every kernel.
 * PLD_TEST_SEEDS in the environment asks for more data: 800 make 10^6 checks.
 * TEST: ranks=1 limit=120 */

#include "support/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exact.h"
#include "support/classes.h"
#include "support/oracle.h"

enum { MAX_N = 40000, NTIERS = 6 };
static const char *const tiers[NTIERS] = {
    "avx512", "flag", "c11", "flag-baseline", "c11-baseline", "scalar"};

static int64_t nchecks;

/* What a check is about, for the one that fails. */
static struct {
    const char *tier;
    int class;
    uint64_t seed;
    int64_t n;
} now;

static void check(const char *what, bool good, double got)
{
    nchecks++;
    if (good)
        return;
    fprintf(stderr, "%s of %lld elements, class \"%s\", seed %llu, by %s: %a\n",
            what, (long long)now.n, classes_name(now.class),
            (unsigned long long)now.seed, now.tier, got);
    fail();
}

/* All NaNs are one. */
static void check_equal(const char *what, double got, double wanted)
{
    bool same = isnan(wanted) ? isnan(got)
                              : pld_double_bits(got) == pld_double_bits(wanted);
    check(what, same, got);
}

static int seeds(void)
{
    const char *text = getenv("PLD_TEST_SEEDS");
    return text != NULL ? atoi(text) : 8;
}

/* --- The data ---------------------------------------------------------------
 */

static double x[MAX_N];
static double y[MAX_N];
static struct oracle sum, absolute, squares, products, ysum;

static int64_t pick_size(uint64_t *state)
{
    static const int64_t sizes[] = {1,   2,   3,   7,    8,    9,    31,  32,
                                    33,  63,  100, 127,  255,  256,  257, 500,
                                    999, 777, 341, 1000, 2049, 4096, 8191};
    static const int64_t long_sizes[] = {8193, 16384, 20001, 32769, MAX_N};
    if (classes_random(state) % 12 == 0)
        return long_sizes[classes_random(state) % 5];
    return sizes[classes_random(state) % 23];
}

static void make_data(int class, uint64_t seed)
{
    uint64_t state = seed * 77 + (uint64_t) class;
    now.class = class;
    now.seed = seed;
    now.n = pick_size(&state);
    classes_fill(class, seed, now.n, x);
    classes_fill(seed % 3 == 0 ? class : (int)(seed % classes_count()),
                 seed + 5000000, now.n, y);
    struct oracle *all[] = {&sum, &absolute, &squares, &products, &ysum};
    for (int i = 0; i < 5; i++)
        oracle_clear(all[i]);
    for (int64_t i = 0; i < now.n; i++) {
        oracle_add(&sum, x[i]);
        oracle_add(&ysum, y[i]);
        oracle_add(&absolute, fabs(x[i]));
        oracle_add_product(&squares, x[i], x[i]);
        oracle_add_product(&products, x[i], y[i]);
    }
}

/* Exchange elements at random, of both arrays alike. */
static void permute(uint64_t *state)
{
    for (int64_t i = now.n - 1; i > 0; i--) {
        int64_t j = (int64_t)(classes_random(state) % (uint64_t)(i + 1));
        double t = x[i];
        x[i] = x[j];
        x[j] = t;
        t = y[i];
        y[i] = y[j];
        y[j] = t;
    }
}

/* --- Checks ------------------------------------------------------------------
 */

static pld_exact sum_of(pld_exact_term term, int64_t first, int64_t n)
{
    pld_exact out;
    pld_exact_clear(&out);
    const int64_t count[3] = {1, 1, n};
    pld_exact_array xs = {.data = x + first, .stride = {0, 0, 1}};
    pld_exact_array ys = {.data = y + first, .stride = {0, 0, 1}};
    assert_ok_here(pld_exact_add_box(&out, term, PLD_F64, count, xs, ys));
    return out;
}

static void check_whole(void)
{
    pld_exact s = sum_of(PLD_EXACT_VALUE, 0, now.n);
    pld_exact a = sum_of(PLD_EXACT_ABSOLUTE, 0, now.n);
    pld_exact q = sum_of(PLD_EXACT_SQUARE, 0, now.n);
    pld_exact p = sum_of(PLD_EXACT_PRODUCT, 0, now.n);
    check_equal("sum", pld_exact_round(&s), oracle_round(&sum));
    check_equal("sum of magnitudes", pld_exact_round(&a),
                oracle_round(&absolute));
    check_equal("sum of squares", pld_exact_round(&q), oracle_round(&squares));
    check_equal("sum of products", pld_exact_round(&p),
                oracle_round(&products));
}

static void check_statistics(void)
{
    int n = (int)now.n;
    pld_exact s = sum_of(PLD_EXACT_VALUE, 0, n);
    pld_exact q = sum_of(PLD_EXACT_SQUARE, 0, n);
    pld_exact p = sum_of(PLD_EXACT_PRODUCT, 0, n);
    pld_exact t;
    pld_exact_clear(&t);
    assert_ok_here(pld_exact_add(&t, PLD_F64, n, y, 1));
    check_equal("mean", pld_exact_mean(&s, n), oracle_mean(&sum, n));
    check_equal("variance", pld_exact_variance(&s, &q, n, 1),
                oracle_moment(&sum, &sum, &squares, n, 1));
    check_equal("covariance", pld_exact_covariance(&s, &t, &p, n, 0),
                oracle_moment(&sum, &ysum, &products, n, 0));
    double norm = pld_exact_sqrt(&q);
    check("norm", oracle_is_root(&squares, norm), norm);
    double deviation = pld_exact_deviation(&s, &q, n, 1);
    check("deviation", oracle_is_deviation(&sum, &squares, n, 1, deviation),
          deviation);
}

/* Pieces of a partition, summed each by itself and brought together in random
 * order: merged, or as words. */
static double sum_of_pieces(pld_exact_term term, uint64_t *state)
{
    enum { MAX_PIECES = 40, WORDS = PLD_EXACT_PRODUCT_WORDS };
    pld_exact_form form =
        term == PLD_EXACT_VALUE ? PLD_EXACT_SUMS : PLD_EXACT_PRODUCTS;
    int64_t total[WORDS] = {0};
    pld_exact merged;
    pld_exact_clear(&merged);
    for (int64_t first = 0; first < now.n;) {
        int64_t left = now.n - first;
        int64_t n =
            1 + (int64_t)(classes_random(state) % (uint64_t)(2 + left / 4));
        n = n < left ? n : left;
        pld_exact piece = sum_of(term, first, n);
        if (classes_random(state) % 2 == 0) {
            pld_exact_merge(&piece, &merged);
            merged = piece;
        } else {
            int64_t words[WORDS];
            assert_ok_here(pld_exact_pack(&piece, form, words));
            for (int i = 0; i < pld_exact_words(form); i++)
                total[i] += words[i];
        }
        first += n;
    }
    pld_exact rest;
    assert_ok_here(pld_exact_unpack(total, form, &rest));
    pld_exact_merge(&merged, &rest);
    return pld_exact_round(&merged);
}

static void check_pieces(void)
{
    uint64_t state = now.seed;
    permute(&state);
    check_equal("partitioned sum", sum_of_pieces(PLD_EXACT_VALUE, &state),
                oracle_round(&sum));
    check_equal("partitioned sum of products",
                sum_of_pieces(PLD_EXACT_PRODUCT, &state),
                oracle_round(&products));
}

TEST(every_class_of_data_is_summed_exactly_by_every_kernel)
{
    for (int class = 0; class < classes_count(); class ++)
        for (int seed = 0; seed < seeds(); seed++) {
            make_data(class, (uint64_t)seed);
            for (int t = 0; t < NTIERS; t++) {
                if (!pld_exact_use(tiers[t]))
                    continue;
                now.tier = tiers[t];
                check_whole();
                check_pieces();
                if (t == seed % NTIERS || seed % 4 == 3)
                    check_statistics();
            }
        }
    print_message("%lld checks\n", (long long)nchecks);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_class_of_data_is_summed_exactly_by_every_kernel)};

PLD_TEST_MAIN(tests)
