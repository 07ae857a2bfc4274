#include "tool/tool.h"

struct work {
    pld_ctx *ctx;
    pld_file *file;
    int64_t ngood;
    int64_t nbad;
};

static pld_status verify_variable(const char *name, void *data)
{
    struct work *work = data;
    pld_status status = pld_file_verify(work->file, name);
    if (status == PLD_OK) {
        work->ngood++;
        return PLD_OK;
    }
    /* No checksums are kept of it. */
    if (status != PLD_ERR_NOENT) {
        tool_say_error(work->ctx, "damaged");
        work->nbad++;
    }
    pld_error_clear();
    return PLD_OK;
}

static pld_status verify(pld_ctx *ctx, const char *path, bool *good)
{
    struct work work = {.ctx = ctx};
    PLD_TRY(pld_file_open(ctx, path, false, &work.file));
    pld_status status = pld_file_variables(work.file, verify_variable, &work);
    PLD_TRY(pld_file_close(&work.file));
    PLD_TRY(status);
    tool_say(ctx, "%s: %lld variables are what was written, %lld are not%s\n",
             path, (long long)work.ngood, (long long)work.nbad,
             work.ngood + work.nbad == 0 ? ": no checksums are kept" : "");
    *good = *good && work.nbad == 0;
    return PLD_OK;
}

pld_status tool_verify(pld_ctx *ctx, int nwords, char **words, bool *out)
{
    PLD_CHECK(nwords >= 1, PLD_ERR_ARG, "usage: polder-file verify FILE...");
    *out = true;
    for (int i = 0; i < nwords; i++) {
        if (verify(ctx, words[i], out) == PLD_OK)
            continue;
        tool_say_error(ctx, words[i]);
        *out = false;
    }
    return PLD_OK;
}
