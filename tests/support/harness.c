#include "support/harness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polder/memory.h"

pld_ctx *ctx;
int rank;
int nranks;

/* Leave the test on all ranks if it failed on any. */
static void decide(bool good, bool together, const char *file, int line)
{
    int all = good;
    if (together)
        MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT, MPI_LAND, MPI_COMM_WORLD);
    if (!all)
        _fail(file, line);
}

void test_all(bool condition, const char *text, const char *file, int line)
{
    if (!condition)
        fprintf(stderr, "%s:%d: on rank %d not so: %s\n", file, line, rank,
                text);
    decide(condition, true, file, line);
}

void test_all_equal(int64_t a, int64_t b, const char *text, const char *file,
                    int line)
{
    if (a != b)
        fprintf(stderr,
                "%s:%d: on rank %d not so: %s: %" PRId64 " and %" PRId64 "\n",
                file, line, rank, text, a, b);
    decide(a == b, true, file, line);
}

void test_ok(pld_status status, bool together, const char *call,
             const char *file, int line)
{
    if (status != PLD_OK) {
        fprintf(stderr, "%s:%d: on rank %d %s returned %s\n", file, line, rank,
                call, pld_status_name(status));
        pld_error_print(stderr);
    }
    decide(status == PLD_OK, together, file, line);
}

void test_fails(pld_status expected, pld_status status, const char *fragment,
                bool together, const char *call, const char *file, int line)
{
    const char *text = status == PLD_OK ? "" : pld_error_last()->text;
    bool good = status == expected && strstr(text, fragment) != NULL;
    if (!good)
        fprintf(stderr, "%s:%d: on rank %d %s returned %s '%s', not %s '%s'\n",
                file, line, rank, call, pld_status_name(status), text,
                pld_status_name(expected), fragment);
    pld_error_clear();
    decide(good, together, file, line);
}

void test_begin(int *argc, char ***argv)
{
    bool threads = getenv("PLD_TEST_THREADS") != NULL;
    int provided = 0;
    MPI_Init_thread(argc, argv,
                    threads ? MPI_THREAD_SERIALIZED : MPI_THREAD_SINGLE,
                    &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &nranks);
    /* CMocka's progress is wanted once, its failures from every rank. */
    if (rank != 0 && freopen("/dev/null", "w", stdout) == NULL)
        MPI_Abort(MPI_COMM_WORLD, 1);
}

int test_end(int failures)
{
    MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    MPI_Finalize();
    return failures == 0 ? 0 : 1;
}

int test_setup(void **state)
{
    (void)state;
    assert_ok(pld_ctx_create(MPI_COMM_WORLD, NULL, &ctx));
    return 0;
}

int test_teardown(void **state)
{
    (void)state;
    assert_ok(pld_ctx_destroy(&ctx));
    assert_all_equal(pld_memory_live_blocks(), 0);
    return 0;
}
