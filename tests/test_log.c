/* The log. The environment is read once in a process, so each value needs a
 * run of its own.
 * TEST: ranks=1,2
 * TEST: ranks=2 env=PLD_LOG=info
 * TEST: ranks=2 env=PLD_LOG=debug:all
 * TEST: ranks=1 env=PLD_LOG=loud
 * TEST: ranks=1 env=PLD_LOG=info:some */

#include "support/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "polder/log.h"

static struct {
    int lines;
    pld_log_level level;
    int rank;
    char text[2000];
} seen;

static void keep(pld_log_level level, int from, const char *line, void *data)
{
    assert_ptr_equal(data, &seen);
    seen.lines++;
    seen.level = level;
    seen.rank = from;
    snprintf(seen.text, sizeof seen.text, "%s", line);
}

/* Runs first, while nothing has been configured. */
TEST(environment_decides)
{
    const char *value = getenv("PLD_LOG");
    pld_log_level level = PLD_LOG_SILENT;
    bool all = false;
    if (value != NULL) {
        all = strcmp(value, "debug:all") == 0;
        level = all ? PLD_LOG_DEBUG : PLD_LOG_WARNING;
        level = strcmp(value, "info") == 0 ? PLD_LOG_INFO : level;
    }
    pld_log_set_sink(keep, &seen);
    for (int l = PLD_LOG_ERROR; l <= PLD_LOG_DEBUG; l++)
        assert_all(pld_log_wants((pld_log_level)l) ==
                   ((int)level >= l && (all || rank == 0)));
    if (value != NULL && level == PLD_LOG_WARNING)
        assert_non_null(strstr(seen.text, value));
}

TEST(lines_up_to_the_level_reach_the_sink)
{
    pld_log_configure(PLD_LOG_WARNING, true);
    seen.lines = 0;
    pld_log(PLD_LOG_INFO, "too fine");
    assert_all_equal(seen.lines, 0);
    pld_log(PLD_LOG_WARNING, "slow kernels, %d times", 5);
    assert_all_equal(seen.lines, 1);
    assert_all(seen.level == PLD_LOG_WARNING);
    assert_all_equal(seen.rank, rank);
    assert_string_equal(seen.text, "slow kernels, 5 times");
}

TEST(only_rank_0_speaks_unless_all_are_asked)
{
    pld_log_configure(PLD_LOG_DEBUG, false);
    seen.lines = 0;
    pld_log(PLD_LOG_ERROR, "once");
    assert_all_equal(seen.lines, rank == 0);
}

TEST(silence_is_silent)
{
    pld_log_configure(PLD_LOG_SILENT, true);
    seen.lines = 0;
    pld_log(PLD_LOG_ERROR, "error");
    pld_log(PLD_LOG_SILENT, "nothing");
    assert_all_equal(seen.lines, 0);
}

TEST(long_lines_are_cut)
{
    pld_log_configure(PLD_LOG_ERROR, true);
    pld_log(PLD_LOG_ERROR, "%1500d", 1);
    assert_all_equal(strlen(seen.text), 1023);
}

/* What a call writes to standard error. */
static void capture(void (*call)(void), char *text, size_t size)
{
    FILE *file = tmpfile();
    int old = dup(STDERR_FILENO);
    fflush(stderr);
    dup2(fileno(file), STDERR_FILENO);
    call();
    fflush(stderr);
    dup2(old, STDERR_FILENO);
    close(old);
    rewind(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

static void warn(void)
{
    pld_log(PLD_LOG_WARNING, "slow kernels");
}

TEST(without_a_sink_lines_go_to_standard_error)
{
    char text[100];
    char expected[100];
    pld_log_set_sink(NULL, NULL);
    pld_log_configure(PLD_LOG_WARNING, true);
    capture(warn, text, sizeof text);
    snprintf(expected, sizeof expected, "polder[%d] warning: slow kernels\n",
             rank);
    assert_all(strcmp(text, expected) == 0);
    pld_log_configure(PLD_LOG_SILENT, true);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(environment_decides),
    cmocka_unit_test(lines_up_to_the_level_reach_the_sink),
    cmocka_unit_test(only_rank_0_speaks_unless_all_are_asked),
    cmocka_unit_test(silence_is_silent),
    cmocka_unit_test(long_lines_are_cut),
    cmocka_unit_test(without_a_sink_lines_go_to_standard_error)};

PLD_TEST_MAIN(tests)
