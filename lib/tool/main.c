/* polder-file: look into files without writing a program. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "polder/context.h"
#include "tool/tool.h"

static const char usage[] =
    "usage: polder-file COMMAND ...          alone, or with mpirun -n N\n"
    "\n"
    "  info FILE                  variables with their types, sizes, ranges\n"
    "  verify FILE...             compare with the checksums that are kept\n"
    "  compare A B [--tolerance T]\n"
    "                             largest differences of each variable;\n"
    "                             exit code 1 if one is above T (0)\n"
    "  picture FILE VARIABLE [-o FILE.png] [--step N] [--plane K]\n"
    "                             a slice as a picture, by gnuplot: of three\n"
    "                             dimensions plane K of the first (middle)\n";

static const struct {
    const char *name;
    tool_command *run;
} commands[] = {{"info", tool_info},
                {"verify", tool_verify},
                {"compare", tool_compare},
                {"picture", tool_picture}};

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

void tool_say_error(const pld_ctx *ctx, const char *what)
{
    tool_say(ctx, "%s: %s\n", what, pld_error_last()->text);
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

/* The exit code: 0 all well, 1 a difference or damage was found. */
static pld_status run(pld_ctx *ctx, int nwords, char **words, int *code)
{
    bool good = true;
    *code = 2;
    for (size_t i = 0; nwords > 0 && i < sizeof commands / sizeof *commands;
         i++)
        if (strcmp(words[0], commands[i].name) == 0) {
            PLD_TRY(commands[i].run(ctx, nwords - 1, words + 1, &good));
            *code = good ? 0 : 1;
            return PLD_OK;
        }
    bool asked = nwords > 0 && strcmp(words[0], "--help") == 0;
    if (nwords > 0 && !asked)
        tool_say(ctx, "no command %s\n", words[0]);
    tool_say(ctx, "%s", usage);
    *code = asked ? 0 : 2;
    return PLD_OK;
}

int main(int argc, char **argv)
{
    pld_ctx *ctx = NULL;
    int code = 2;
    MPI_Init(&argc, &argv);
    pld_status status = pld_ctx_create(
        MPI_COMM_WORLD, &(pld_ctx_spec){.allow_singletons = true}, &ctx);
    if (status == PLD_OK)
        status = run(ctx, argc - 1, argv + 1, &code);
    if (status != PLD_OK) {
        bool agreed = ctx && pld_error_last()->agreed;
        if (!agreed || pld_ctx_rank(ctx) == 0)
            fprintf(stderr, "polder-file: %s\n", pld_error_last()->text);
        if (!agreed)
            MPI_Abort(MPI_COMM_WORLD, 2);
        code = 2;
    } else if (pld_ctx_destroy(&ctx) != PLD_OK) {
        pld_error_print(stderr);
    }
    MPI_Finalize();
    return code;
}
