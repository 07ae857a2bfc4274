#ifndef PLD_TESTS_HARNESS_H
#define PLD_TESTS_HARNESS_H

/* What every unit test uses. A test program is:
 *
 *     TEST(grid_covers_all) { assert_all(pld_ctx_nranks(ctx) == nranks); }
 *
 *     static const struct CMUnitTest tests[] = {
 *         cmocka_unit_test(grid_covers_all)};
 *     PLD_TEST_MAIN(tests)
 *
 * and its first comment says "TEST: ranks=1,2,3,4,7". All ranks run all tests.
 * assert_all, assert_ok and assert_fails reduce over all ranks first, so that
 * none is left waiting when one fails: all ranks must reach them. The
 * assert_..._here forms are for what other ranks do not reach. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "polder/context.h"
#include "polder/status.h"

/* The context over all ranks, made before the first test and destroyed after
 * the last, when the library must have given all its memory back. */
extern pld_ctx *ctx;
extern int rank;
extern int nranks;

#define TEST(name) static void name(void **state __attribute__((unused)))

/* `condition` holds on every rank. */
#define assert_all(condition)                                                  \
    test_all((condition), #condition, __FILE__, __LINE__)

/* Both integers are equal on every rank. */
#define assert_all_equal(a, b)                                                 \
    test_all_equal((a), (b), #a " == " #b, __FILE__, __LINE__)

/* The call returns PLD_OK on every rank. */
#define assert_ok(call) test_ok((call), true, #call, __FILE__, __LINE__)
#define assert_ok_here(call) test_ok((call), false, #call, __FILE__, __LINE__)

/* The call returns `expected` on every rank, with `fragment` in its text. */
#define assert_fails(expected, call, fragment)                                 \
    test_fails((expected), (call), fragment, true, #call, __FILE__, __LINE__)
#define assert_fails_here(expected, call, fragment)                            \
    test_fails((expected), (call), fragment, false, #call, __FILE__, __LINE__)

/* Starts MPI, with thread level SERIALIZED if PLD_TEST_THREADS is set. */
#define PLD_TEST_MAIN(tests)                                                   \
    int main(int argc, char **argv)                                            \
    {                                                                          \
        test_begin(&argc, &argv);                                              \
        return test_end(                                                       \
            cmocka_run_group_tests(tests, test_setup, test_teardown));         \
    }

void test_all(bool condition, const char *text, const char *file, int line);
void test_all_equal(int64_t a, int64_t b, const char *text, const char *file,
                    int line);
void test_ok(pld_status status, bool together, const char *call,
             const char *file, int line);
void test_fails(pld_status expected, pld_status status, const char *fragment,
                bool together, const char *call, const char *file, int line);
void test_begin(int *argc, char ***argv);
int test_end(int failures);
int test_setup(void **state);
int test_teardown(void **state);

#endif
