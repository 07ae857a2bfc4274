#include "polder/log.h"
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"silent", "error", "warning", "info",
                                    "debug"};
enum { NLEVELS = sizeof names / sizeof *names };

static struct {
    bool configured; /* by a call or from the environment */
    pld_log_level level;
    bool all_ranks;
    bool rank_known;
    int rank;
    pld_log_sink *sink;
    void *data;
} state;

/* The level named by the first `length` characters; NLEVELS if none is. */
static int find_level(const char *text, size_t length)
{
    int level = 0;
    while (level < NLEVELS && (strlen(names[level]) != length ||
                               strncmp(names[level], text, length) != 0))
        level++;
    return level;
}

/* PLD_LOG=LEVEL or LEVEL:all. Who sets it wants to see something: a value that
 * is no level counts as "warning", with a warning. */
static void read_environment(void)
{
    state.configured = true;
    const char *text = getenv("PLD_LOG");
    if (text == NULL || *text == '\0')
        return;
    size_t length = strcspn(text, ":");
    int level = find_level(text, length);
    bool known = level < NLEVELS &&
                 (text[length] == '\0' || strcmp(text + length, ":all") == 0);
    state.level = known ? (pld_log_level)level : PLD_LOG_WARNING;
    state.all_ranks = known && text[length] == ':';
    if (!known)
        pld_log(PLD_LOG_WARNING,
                "PLD_LOG=%s is not error, warning, info or debug, alone or "
                "with :all",
                text);
}

void pld_log_set_rank(int rank)
{
    if (state.rank_known)
        return;
    state.rank_known = true;
    state.rank = rank;
}

void pld_log_configure(pld_log_level level, int all_ranks)
{
    state.configured = true;
    state.level = level;
    state.all_ranks = all_ranks != 0;
}

void pld_log_set_sink(pld_log_sink *sink, void *data)
{
    state.sink = sink;
    state.data = data;
}

int pld_log_wants(pld_log_level level)
{
    if (!state.configured)
        read_environment();
    return level > PLD_LOG_SILENT && level <= state.level &&
           (state.all_ranks || state.rank == 0);
}

void pld_log(pld_log_level level, const char *format, ...)
{
    if (!pld_log_wants(level))
        return;
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);

    if (state.sink != NULL) {
        state.sink(level, state.rank, line, state.data);
        return;
    }
    const char *name = (int)level < NLEVELS ? names[level] : "?";
    fprintf(stderr, "polder[%d] %s: %s\n", state.rank, name, line);
}
