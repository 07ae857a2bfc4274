#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "polder/agree.h"
#include "polder/reduce.h"
#include "tool/tool.h"

struct work {
    pld_ctx *ctx;
    pld_file *file;
    int nvariables;
};

static void say_shape(const pld_ctx *ctx, const pld_variable *info)
{
    for (int d = 0; d < info->ndims; d++)
        tool_say(ctx, "%s%" PRId64, d > 0 ? " x " : "", info->size[d]);
    if (info->ndims == 0)
        tool_say(ctx, "one number");
}

/* --- Ranges --------------------------------------------------------------- */

enum { LEAST, GREATEST, NOT_NUMBERS, NRANGE };

static void add_range(const struct tool_part parts[2], void *data)
{
    double *range = data;
    for (int64_t i = 0; i < parts[0].count; i++) {
        double value = tool_value(&parts[0], i, 0);
        if (isnan(value))
            range[NOT_NUMBERS] = -1;
        range[LEAST] = value < range[LEAST] ? value : range[LEAST];
        range[GREATEST] = -value < range[GREATEST] ? -value : range[GREATEST];
    }
}

/* Minima, the second of what was negated. */
static pld_status say_range(const struct work *work, const char *name)
{
    double range[NRANGE] = {INFINITY, INFINITY, 0};
    if (tool_visit_all(work->ctx, 1, &work->file, name, add_range, range) !=
        PLD_OK) {
        pld_error_clear();
        return PLD_OK;
    }
    PLD_TRY(pld_reduce(work->ctx, PLD_MIN, PLD_F64, range, NRANGE, range));
    if (range[LEAST] < INFINITY || range[GREATEST] < INFINITY)
        tool_say(work->ctx, "  from %.9g to %.9g", range[LEAST],
                 -range[GREATEST]);
    if (range[NOT_NUMBERS] < 0)
        tool_say(work->ctx, "  with NaN");
    return PLD_OK;
}

/* --- Variables ------------------------------------------------------------ */

static pld_status say_variable(const char *name, void *data)
{
    struct work *work = data;
    pld_variable info;
    char units[64];
    work->nvariables++;
    if (pld_file_inquire(work->file, name, &info) != PLD_OK) {
        tool_say_error(work->ctx, name);
        return PLD_OK;
    }
    tool_say(work->ctx, "  %-22s %-5s ", name, pld_type_name(info.type));
    say_shape(work->ctx, &info);
    int64_t steps = tool_steps(work->file, &info);
    if (steps > 0)
        tool_say(work->ctx, "  (%" PRId64 " steps)", steps);
    if (info.type != PLD_C128)
        PLD_TRY(say_range(work, name));
    if (pld_file_read_text(work->file, name, "units", sizeof units, units) ==
        PLD_OK)
        tool_say(work->ctx, " %s", units);
    pld_error_clear();
    tool_say(work->ctx, "\n");
    return PLD_OK;
}

/* What it is, as far as it says so. */
static void say_kind(const struct work *work, const char *path)
{
    static const char *const names[] = {"title", "Conventions"};
    int64_t number = 0;
    tool_say(work->ctx, "%s:", path);
    for (int i = 0; i < 2; i++) {
        char text[200];
        if (pld_file_read_text(work->file, NULL, names[i], sizeof text, text) ==
            PLD_OK)
            tool_say(work->ctx, " %s", text);
    }
    if (pld_file_read_attribute(work->file, NULL, "polder_number", PLD_I64, 1,
                                &number) == PLD_OK)
        tool_say(work->ctx, ", checkpoint %" PRId64, number);
    pld_error_clear();
    tool_say(work->ctx, "\n");
}

static pld_status say_file(pld_ctx *ctx, const char *path, bool *good)
{
    struct work work = {.ctx = ctx};
    (void)good;
    PLD_TRY(pld_file_open(ctx, path, false, &work.file));
    say_kind(&work, path);
    pld_status status = pld_file_variables(work.file, say_variable, &work);
    if (status == PLD_OK && work.nvariables == 0)
        tool_say(ctx, "  no variables\n");
    PLD_TRY(pld_file_close(&work.file));
    return status;
}

pld_status tool_info(pld_ctx *ctx, int nwords, char **words, bool *out)
{
    PLD_TRY(pld_agree(
        ctx, tool_check_words(nwords, words, 1, INT_MAX, "info FILE...")));
    *out = true;
    return tool_each(ctx, nwords, words, say_file, out);
}
