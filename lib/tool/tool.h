#ifndef PLD_TOOL_TOOL_H
#define PLD_TOOL_TOOL_H

#include "polder/file.h"

/* The commands of polder-file. Each gets the words after its name, and says in
 * *out whether all was as it should be. */
typedef pld_status tool_command(pld_ctx *ctx, int nwords, char **words,
                                bool *out);

tool_command tool_info;
tool_command tool_verify;
tool_command tool_compare;
tool_command tool_picture;

/* Print on rank 0. */
void tool_say(const pld_ctx *ctx, const char *format, ...) PLD_PRINTF(2, 3);

/* The last error on rank 0, in a line; it counts as dealt with. */
void tool_say_error(const pld_ctx *ctx, const char *what);

/* The word after an option, or NULL; both are taken out of the words.
 * PLD_ERR_ARG when the word is missing. */
pld_status tool_option(int *nwords, char **words, const char *option,
                       const char **out);

/* Numbers of a variable on a grid of its own: f64 of one component. */
struct tool_field {
    pld_grid *grid;
    pld_field *field;
};

/* Read a variable of 1 to 3 dimensions; with `step` from 0 on, of a series,
 * one of up to 4, the first of which is time. */
pld_status tool_read(pld_ctx *ctx, pld_file *file, const char *path,
                     const char *name, int64_t step, struct tool_field *out);
pld_status tool_free(struct tool_field *field);

/* How it can be read: steps of a series, or 0; -1: not at all. */
int64_t tool_steps(pld_file *file, const pld_variable *info);

#endif
