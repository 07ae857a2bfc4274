#include <dirent.h>
#include <math.h>
#include <mpi.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polder/agree.h"
#include "tool/tool.h"

void tool_say(const pld_ctx *ctx, const char *format, ...)
{
    va_list values;
    if (pld_ctx_rank(ctx) != 0)
        return;
    va_start(values, format);
    vprintf(format, values);
    va_end(values);
    fflush(stdout);
}

const char *tool_error(void)
{
    const char *text = pld_error_last()->text;
    int length = 0;
    (void)sscanf(text, "rank %*d: %n", &length);
    return text + length;
}

void tool_say_error(const pld_ctx *ctx, const char *what)
{
    tool_say(ctx, "%s: %s\n", what, tool_error());
    pld_error_clear();
}

pld_status tool_option(int *nwords, char **words, const char *option,
                       const char **out)
{
    *out = NULL;
    for (int i = 0; i < *nwords; i++) {
        if (strcmp(words[i], option) != 0)
            continue;
        PLD_CHECK(i + 1 < *nwords, PLD_ERR_ARG, "%s: its value is missing",
                  option);
        *out = words[i + 1];
        for (int j = i; j + 2 < *nwords; j++)
            words[j] = words[j + 2];
        *nwords -= 2;
        return PLD_OK;
    }
    return PLD_OK;
}

pld_status tool_check_words(int nwords, char **words, int least, int most,
                            const char *usage)
{
    for (int i = 0; i < nwords; i++)
        PLD_CHECK(words[i][0] != '-', PLD_ERR_ARG,
                  "no option %s; usage: polder-file %s", words[i], usage);
    PLD_CHECK(nwords >= least && nwords <= most, PLD_ERR_ARG,
              "usage: polder-file %s", usage);
    return PLD_OK;
}

pld_status tool_number(const char *option, const char *word, double absent,
                       bool whole, double *out)
{
    char *end = NULL;
    *out = absent;
    if (!word)
        return PLD_OK;
    *out = strtod(word, &end);
    PLD_CHECK(end != word && *end == '\0' && *out >= 0 &&
                  (!whole || *out == floor(*out)),
              PLD_ERR_ARG, "%s is '%s': a %snumber from 0 on", option, word,
              whole ? "whole " : "");
    return PLD_OK;
}

/* --- Files and folders ---------------------------------------------------- */

static int is_data(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return entry->d_name[0] != '.' && dot &&
           (strcmp(dot, ".h5") == 0 || strcmp(dot, ".nc") == 0);
}

/* Rank 0 looks; -1: it is no folder. */
static int list_folder(pld_ctx *ctx, const char *path, struct dirent ***names)
{
    int n = -1;
    *names = NULL;
    if (pld_ctx_rank(ctx) == 0)
        n = scandir(path, names, is_data, alphasort);
    MPI_Bcast(&n, 1, MPI_INT, 0, pld_ctx_comm(ctx));
    return n;
}

struct run {
    pld_ctx *ctx;
    tool_file *file;
    bool *good;
    pld_status first;
};

static void run_file(struct run *run, const char *path)
{
    pld_status status = run->file(run->ctx, path, run->good);
    if (status == PLD_OK)
        return;
    bool named = strstr(pld_error_last()->text, path) != NULL;
    if (named)
        tool_say(run->ctx, "%s\n", tool_error());
    else
        tool_say_error(run->ctx, path);
    pld_error_clear();
    run->first = run->first == PLD_OK ? status : run->first;
}

static void run_folder(struct run *run, const char *folder, int n,
                       struct dirent **names)
{
    char path[4096];
    if (n == 0)
        tool_say(run->ctx, "%s: no file in it ends in .h5 or .nc\n", folder);
    for (int i = 0; i < n; i++) {
        if (names)
            snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        MPI_Bcast(path, sizeof path, MPI_CHAR, 0, pld_ctx_comm(run->ctx));
        run_file(run, path);
    }
}

static pld_status raise_some(pld_status status)
{
    PLD_CHECK(status == PLD_OK, status, "not all files could be looked at");
    return PLD_OK;
}

pld_status tool_each(pld_ctx *ctx, int nwords, char **words, tool_file *file,
                     bool *good)
{
    struct run run = {.ctx = ctx, .file = file, .good = good};
    for (int i = 0; i < nwords; i++) {
        struct dirent **names = NULL;
        int n = list_folder(ctx, words[i], &names);
        if (n < 0)
            run_file(&run, words[i]);
        else
            run_folder(&run, words[i], n, names);
        for (int k = 0; k < n && names; k++)
            free(names[k]);
        free(names);
    }
    return pld_agree(ctx, raise_some(run.first));
}
