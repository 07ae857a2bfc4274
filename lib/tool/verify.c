#include <limits.h>

#include "polder/agree.h"
#include "polder/checkpoint.h"
#include "tool/tool.h"

struct work {
    pld_ctx *ctx;
    pld_file *file;
    int ngood;
    int nbad;
    int nunknown;
};

static pld_status verify_variable(const char *name, void *data)
{
    struct work *work = data;
    pld_status status = pld_file_verify(work->file, name);
    work->ngood += status == PLD_OK;
    work->nunknown += status == PLD_ERR_NOENT; /* it has no checksums */
    if (status != PLD_OK && status != PLD_ERR_NOENT) {
        tool_say_error(work->ctx, "DAMAGED");
        work->nbad++;
    }
    pld_error_clear();
    return PLD_OK;
}

/* Also that it is complete. */
static pld_status verify_checkpoint(struct work *work, const char *path)
{
    int64_t version = 0;
    pld_status status = pld_file_read_attribute(
        work->file, NULL, "polder_checkpoint", PLD_I64, 1, &version);
    if (status == PLD_OK && pld_checkpoint_verify(work->ctx, path) != PLD_OK) {
        if (work->nbad == 0)
            tool_say_error(work->ctx, "DAMAGED");
        work->nbad++;
    }
    pld_error_clear();
    return PLD_OK;
}

static pld_status verify(pld_ctx *ctx, const char *path, bool *good)
{
    struct work work = {.ctx = ctx};
    *good = false;
    PLD_TRY(pld_file_open(ctx, path, false, &work.file));
    pld_status status = pld_file_variables(work.file, verify_variable, &work);
    if (status == PLD_OK)
        status = verify_checkpoint(&work, path);
    PLD_TRY(pld_file_close(&work.file));
    PLD_TRY(status);
    tool_say(ctx, "%s: %s: %d variables with checksums, %d without\n", path,
             work.nbad > 0    ? "DAMAGED"
             : work.ngood > 0 ? "good"
                              : "not known",
             work.ngood + work.nbad, work.nunknown);
    *good = work.nbad == 0 && work.ngood > 0;
    return PLD_OK;
}

static pld_status verify_and_count(pld_ctx *ctx, const char *path, bool *all)
{
    bool good = false;
    pld_status status = verify(ctx, path, &good);
    *all = *all && good;
    return status;
}

/* Damage that keeps a file from being opened is what was asked for. */
pld_status tool_verify(pld_ctx *ctx, int nwords, char **words, bool *out)
{
    PLD_TRY(pld_agree(
        ctx, tool_check_words(nwords, words, 1, INT_MAX, "verify FILE...")));
    *out = true;
    pld_status status = tool_each(ctx, nwords, words, verify_and_count, out);
    if (status == PLD_ERR_NOENT || status == PLD_ERR_ACCESS)
        return status;
    pld_error_clear();
    return PLD_OK;
}
