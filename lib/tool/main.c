/* polder-file: look into files without writing a program. */
#include <stdio.h>
#include <string.h>

#include "polder/context.h"
#include "polder/version.h"
#include "tool/tool.h"

static const char usage[] =
    "usage: polder-file COMMAND ...          alone, or with mpirun -n N\n"
    "\n"
    "  info FILE...               variables with their types, sizes, ranges\n"
    "  verify FILE...             compare with the checksums that are kept\n"
    "  compare A B [--tolerance T]\n"
    "                             largest differences of each variable, and\n"
    "                             whether they are above T (0)\n"
    "  picture FILE VARIABLE [-o FILE.png] [--step N] [--plane K]\n"
    "                             a slice as a picture, by gnuplot: of a\n"
    "                             series step N (the last), of three\n"
    "                             dimensions plane K of the first (middle)\n"
    "  help, --version\n"
    "\n"
    "Files are HDF5 or netCDF-4; a folder stands for all in it that end in "
    ".h5\n"
    "or .nc. Exit codes: 0 all well; 1 a difference or damage, or no "
    "checksums\n"
    "to tell by; 2 it could not be done. See polder-file(1).\n";

static const struct {
    const char *name;
    tool_command *run;
} commands[] = {{"info", tool_info},
                {"verify", tool_verify},
                {"compare", tool_compare},
                {"picture", tool_picture}};

static bool is_one_of(const char *word, const char *first, const char *second)
{
    return strcmp(word, first) == 0 || strcmp(word, second) == 0;
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
    if (nwords > 0 && strcmp(words[0], "--version") == 0) {
        tool_say(ctx, "polder-file %s\n", pld_version());
        *code = 0;
        return PLD_OK;
    }
    bool asked = nwords > 0 && (is_one_of(words[0], "help", "--help") ||
                                strcmp(words[0], "-h") == 0);
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
            fprintf(stderr, "polder-file: %s\n", tool_error());
        if (!agreed)
            MPI_Abort(MPI_COMM_WORLD, 2);
        code = 2;
    } else if (pld_ctx_destroy(&ctx) != PLD_OK) {
        pld_error_print(stderr);
    }
    MPI_Finalize();
    return code;
}
