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

/* --- Words ---------------------------------------------------------------- */

/* Print on rank 0. */
void tool_say(const pld_ctx *ctx, const char *format, ...) PLD_PRINTF(2, 3);

/* The text of the last error, without the rank that told of it. */
const char *tool_error(void);

/* The last error on rank 0, in a line; it counts as dealt with. */
void tool_say_error(const pld_ctx *ctx, const char *what);

/* The word after an option, or NULL; both are taken out of the words.
 * PLD_ERR_ARG when the word is missing. */
pld_status tool_option(int *nwords, char **words, const char *option,
                       const char **out);

/* Check how many words are left, and that none of them is an option. All ranks
 * have the same words, so errors of them are agreed upon. */
pld_status tool_check_words(int nwords, char **words, int least, int most,
                            const char *usage);

/* The number in a word, from 0 on; `absent` when the word is NULL. */
pld_status tool_number(const char *option, const char *word, double absent,
                       bool whole, double *out);

/* Called for one file after the other; says whether all was well in *good. */
typedef pld_status tool_file(pld_ctx *ctx, const char *path, bool *good);

/* Each of the files, and those in folders whose names end in .h5 or .nc. Goes
 * on after errors, which it prints, and returns the first. *Collective*. */
pld_status tool_each(pld_ctx *ctx, int nwords, char **words, tool_file *run,
                     bool *good);

/* --- Numbers -------------------------------------------------------------- */

/* Steps of a time series that it has, by its shape; 0: it is none. */
int64_t tool_steps(pld_file *file, const pld_variable *info);

/* Some numbers of a variable, on this rank. */
struct tool_part {
    pld_type type;
    int64_t count;
    const void *data;
};

/* The real part of a number, or with `part` 1 the imaginary one. */
double tool_value(const struct tool_part *part, int64_t i, int imaginary);

/* The difference of two numbers, exact where they are whole. Of one that is not
 * a number alone it is INFINITY. */
double tool_gap(const struct tool_part parts[2], int64_t i);

typedef void tool_visit(const struct tool_part parts[2], void *data);

/* Visit all numbers of a variable, as f64, or i64 and c128, in one file or of
 * one name and shape in two at a time, each on one rank. No more is held than a
 * few megabytes, but for variables of four dimensions. PLD_ERR_UNSUPPORTED for
 * others than 1 to 4. *Collective, agreed*. */
pld_status tool_visit_all(pld_ctx *ctx, int nfiles, pld_file *const *files,
                          const char *name, tool_visit *visit, void *data);

#endif
