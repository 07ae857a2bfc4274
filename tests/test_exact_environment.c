/* Exact sums in floating-point environments that are not the usual one.
 * TEST: ranks=1 */

#include "support/harness.h"

#include <math.h>
#include <string.h>

#include "base/exact.h"
#include "support/classes.h"

#ifdef __SSE2__
#include <xmmintrin.h>

enum {
    FLUSH_TO_ZERO = 0x8000,
    DENORMALS_ARE_ZERO = 0x40,
    ROUND_UP = 0x4000,
    ROUND_DOWN = 0x2000,
    USUAL = 0x1f80,
    UNMASKED = 0,
    RAISED = 0x3f
};

static const unsigned environments[] = {
    USUAL,
    USUAL | FLUSH_TO_ZERO | DENORMALS_ARE_ZERO,
    USUAL | ROUND_UP,
    USUAL | ROUND_DOWN | FLUSH_TO_ZERO,
    UNMASKED,
    UNMASKED | ROUND_UP | ROUND_DOWN | FLUSH_TO_ZERO | DENORMALS_ARE_ZERO,
    USUAL | RAISED,
    USUAL | 0x20};
enum { NENVIRONMENTS = sizeof environments / sizeof *environments };

enum { N = 9000, NRESULTS = 8 };
static double x[N];
static double y[N];
static float f[N];

/* Everything that computes; integers tell of failures, for checks would
 * disturb the environment. */
static int compute(double results[NRESULTS])
{
    pld_exact s, a, q, p, g;
    pld_exact_clear(&s);
    pld_exact_clear(&a);
    pld_exact_clear(&q);
    pld_exact_clear(&p);
    pld_exact_clear(&g);
    int failures = pld_exact_add(&s, PLD_F64, N, x, 1) != PLD_OK;
    failures += pld_exact_add_absolute(&a, PLD_F64, N / 2, x, 2) != PLD_OK;
    failures += pld_exact_add_squares(&q, PLD_F64, N, x, 1) != PLD_OK;
    failures += pld_exact_add_products(&p, PLD_F64, N, x, 1, y, 1) != PLD_OK;
    failures += pld_exact_add_squares(&g, PLD_F32, N, f, 1) != PLD_OK;
    results[0] = pld_exact_round(&s);
    results[1] = pld_exact_round(&a);
    results[2] = pld_exact_round(&q);
    results[3] = pld_exact_round(&p);
    results[4] = pld_exact_round(&g);
    results[5] = pld_exact_mean(&s, N);
    results[6] = pld_exact_deviation(&s, &q, N, 1);
    results[7] = pld_exact_sqrt(&q);
    return failures;
}

/* Whether the results are `wanted` and the environment is as it was. */
static void check_in(unsigned environment, const double wanted[NRESULTS])
{
    double results[NRESULTS];
    unsigned before = _mm_getcsr();
    _mm_setcsr(environment);
    int failures = compute(results);
    volatile unsigned after = _mm_getcsr();
    _mm_setcsr(before);
    assert_int_equal(failures, 0);
    assert_int_equal(after, environment);
    assert_memory_equal(results, wanted, sizeof results);
}

TEST(hostile_environments_change_nothing_and_stay_as_they_are)
{
    static const char *const tiers[] = {
        "avx512", "flag", "c11", "flag-baseline", "c11-baseline", "scalar"};
    double wanted[NRESULTS];
    for (int class = 0; class < classes_count(); class ++) {
        classes_fill(class, 3, N, x);
        classes_fill(class, 4, N, y);
        for (int i = 0; i < N; i++)
            f[i] = fabs(x[i]) < 1e38 ? (float)x[i] : 0;
        assert_true(pld_exact_use("scalar"));
        assert_int_equal(compute(wanted), 0);
        for (int t = 0; t < 6; t++)
            for (int e = 0; e < NENVIRONMENTS && pld_exact_use(tiers[t]); e++)
                check_in(environments[e], wanted);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(hostile_environments_change_nothing_and_stay_as_they_are)};

#else

TEST(this_processor_has_no_mxcsr)
{
    skip();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(this_processor_has_no_mxcsr)};

#endif

PLD_TEST_MAIN(tests)
