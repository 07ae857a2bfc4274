#include <inttypes.h>
#include <string.h>

#include "polder/measure.h"
#include "tool/tool.h"

struct work {
    pld_ctx *ctx;
    pld_file *file;
    const char *path;
};

static void say_shape(const pld_ctx *ctx, const pld_variable *info)
{
    for (int d = 0; d < info->ndims; d++)
        tool_say(ctx, "%s%" PRId64, d > 0 ? " x " : "", info->size[d]);
    if (info->ndims == 0)
        tool_say(ctx, "one number");
}

static pld_status say_range(const struct work *work, const char *name,
                            const pld_variable *info)
{
    double least = 0;
    double greatest = 0;
    struct tool_field read;
    if (tool_steps(work->file, info) != 0 || info->type == PLD_C128)
        return PLD_OK;
    if (tool_read(work->ctx, work->file, work->path, name, -1, &read) !=
        PLD_OK) {
        pld_error_clear();
        return PLD_OK;
    }
    PLD_TRY(pld_field_min(read.field, 0, &least, NULL));
    PLD_TRY(pld_field_max(read.field, 0, &greatest, NULL));
    tool_say(work->ctx, "  from %.9g to %.9g", least, greatest);
    return tool_free(&read);
}

static pld_status say_variable(const char *name, void *data)
{
    const struct work *work = data;
    pld_variable info;
    char units[64];
    if (pld_file_inquire(work->file, name, &info) != PLD_OK) {
        tool_say_error(work->ctx, name);
        return PLD_OK;
    }
    tool_say(work->ctx, "%-24s %-5s ", name, pld_type_name(info.type));
    say_shape(work->ctx, &info);
    int64_t steps = tool_steps(work->file, &info);
    if (steps > 0)
        tool_say(work->ctx, "  (%" PRId64 " steps)", steps);
    PLD_TRY(say_range(work, name, &info));
    if (pld_file_read_text(work->file, name, "units", sizeof units, units) ==
        PLD_OK)
        tool_say(work->ctx, " %s", units);
    pld_error_clear();
    tool_say(work->ctx, "\n");
    return PLD_OK;
}

pld_status tool_info(pld_ctx *ctx, int nwords, char **words, bool *out)
{
    PLD_CHECK(nwords == 1, PLD_ERR_ARG, "usage: polder-file info FILE");
    struct work work = {.ctx = ctx, .path = words[0]};
    PLD_TRY(pld_file_open(ctx, work.path, false, &work.file));
    pld_status status = pld_file_variables(work.file, say_variable, &work);
    *out = status == PLD_OK;
    PLD_TRY(pld_file_close(&work.file));
    return status;
}
