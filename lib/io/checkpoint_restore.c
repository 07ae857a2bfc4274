#include "io/checkpoint.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "io/file.h"
#include "polder/agree.h"
#include "polder/log.h"

/* --- One file ------------------------------------------------------------- */

static pld_status check_version(pld_file *file)
{
    int64_t version = 0;
    int32_t complete = 0;
    PLD_CHECK(pld_file_read_attribute(file, NULL, "polder_checkpoint", PLD_I64,
                                      1, &version) == PLD_OK,
              PLD_ERR_FORMAT, "'%s' is no checkpoint", file->path);
    PLD_CHECK(version <= PLD_CHECKPOINT_VERSION, PLD_ERR_UNSUPPORTED,
              "'%s' is a checkpoint of version %" PRId64
              ", but this library reads versions up to %d: use a newer one",
              file->path, version, (int)PLD_CHECKPOINT_VERSION);
    PLD_CHECK(pld_file_read_attribute(file, NULL, "polder_complete", PLD_I32, 1,
                                      &complete) == PLD_OK &&
                  complete == 1,
              PLD_ERR_CORRUPT, "'%s' is not complete", file->path);
    return PLD_OK;
}

static pld_status read_value(pld_file *file,
                             const struct pld_checkpoint_value *value)
{
    if (value->count == 0)
        return pld_file_read_text(file, NULL, value->name, value->size,
                                  value->memory);
    return pld_file_read_attribute(file, NULL, value->name, value->type,
                                   value->count, value->memory);
}

static pld_status read_all(const pld_checkpoint *checkpoint, pld_file *file)
{
    PLD_TRY(check_version(file));
    if (checkpoint->nfields > 0)
        PLD_TRY(pld_file_verify(file, NULL));
    for (int i = 0; i < checkpoint->nfields; i++)
        PLD_TRY(pld_file_read(file, pld_field_name(checkpoint->fields[i]),
                              checkpoint->fields[i]));
    for (int i = 0; i < checkpoint->nvalues; i++)
        PLD_TRY(read_value(file, &checkpoint->values[i]));
    return PLD_OK;
}

static pld_status read_one(const pld_checkpoint *checkpoint, int64_t number)
{
    char path[PLD_CHECKPOINT_PATH];
    pld_file *file = NULL;
    pld_checkpoint_path(checkpoint, number, path);
    PLD_TRY(pld_file_open(checkpoint->ctx, path, false, &file));
    pld_status status = read_all(checkpoint, file);
    pld_error error = *pld_error_last();
    pld_status closed = pld_file_close(&file);
    if (status != PLD_OK)
        PLD_RAISE(status, "%s", error.text);
    return closed;
}

pld_status pld_checkpoint_verify(pld_ctx *ctx, const char *path)
{
    pld_file *file = NULL;
    PLD_TRY(pld_file_open(ctx, path, false, &file));
    pld_status status = check_version(file);
    if (status == PLD_OK)
        status = pld_file_verify(file, NULL);
    pld_error error = *pld_error_last();
    pld_status closed = pld_file_close(&file);
    if (status != PLD_OK)
        PLD_RAISE(status, "%s", error.text);
    return closed;
}

/* --- The newest good one -------------------------------------------------- */

/* What there is, as rank 0 sees it. */
static pld_status share_list(const pld_checkpoint *checkpoint, int64_t *count,
                             int64_t **numbers)
{
    pld_ctx *ctx = checkpoint->ctx;
    pld_status status = PLD_OK;
    bool leads = ctx->rank == 0;
    *count = 0;
    if (leads)
        status = pld_checkpoint_list(checkpoint, count, numbers);
    PLD_TRY(pld_agree(ctx, status));
    PLD_TRY_MPI(MPI_Bcast(count, 1, MPI_INT64_T, 0, ctx->comm));
    if (!leads)
        status = pld_alloc("numbers of checkpoints", *count, sizeof **numbers,
                           numbers);
    PLD_TRY(pld_agree(ctx, status));
    PLD_TRY_MPI(MPI_Bcast(*numbers, (int)*count, MPI_INT64_T, 0, ctx->comm));
    return PLD_OK;
}

/* Add a line on one that was passed over. */
static pld_status tell(pld_checkpoint *checkpoint, int64_t number,
                       const char *reason)
{
    char *text = NULL;
    const char *old = pld_checkpoint_report(checkpoint);
    size_t size = strlen(old) + strlen(reason) + 40;
    PLD_TRY(pld_alloc("report of a restore", (int64_t)size, 1, &text));
    snprintf(text, size, "%s%" PRId64 ": %s\n", old, number, reason);
    pld_free(checkpoint->report);
    checkpoint->report = text;
    pld_log(PLD_LOG_WARNING, "checkpoint %" PRId64 " is passed over: %s",
            number, reason);
    return PLD_OK;
}

static pld_status try_all(pld_checkpoint *checkpoint, int64_t count,
                          const int64_t *numbers, int64_t *out)
{
    pld_status first = PLD_ERR_NOENT;
    for (int64_t i = 0; i < count; i++) {
        pld_status status = read_one(checkpoint, numbers[i]);
        if (status == PLD_OK) {
            *out = numbers[i];
            return PLD_OK;
        }
        char reason[sizeof pld_error_last()->text];
        memcpy(reason, pld_error_last()->text, sizeof reason);
        first = i == 0 ? status : first;
        PLD_TRY(
            pld_agree(checkpoint->ctx, tell(checkpoint, numbers[i], reason)));
    }
    PLD_RAISE(first,
              "none of the %" PRId64 " checkpoints \"%s\" in '%s' is "
              "good; the newest: %.300s",
              count, checkpoint->name, checkpoint->folder,
              pld_checkpoint_report(checkpoint));
}

static pld_status restore(pld_checkpoint *checkpoint, int64_t *out)
{
    int64_t count = 0;
    int64_t *numbers = NULL;
    pld_status status = share_list(checkpoint, &count, &numbers);
    if (status == PLD_OK && count == 0)
        status = pld_error_raise(PLD_ERR_NOENT, __FILE__, __LINE__, __func__,
                                 "there is no checkpoint \"%s\" in '%s'",
                                 checkpoint->name, checkpoint->folder);
    if (status == PLD_OK)
        status = try_all(checkpoint, count, numbers, out);
    pld_free(numbers);
    return status;
}

pld_status pld_checkpoint_restore(pld_checkpoint *checkpoint, int64_t *number)
{
    PLD_TRY(pld_checkpoint_check(checkpoint));
    pld_ctx *ctx = checkpoint->ctx;
    int64_t found = 0;
    PLD_TRY(
        pld_agree(ctx, number ? PLD_OK
                              : pld_error_raise(PLD_ERR_ARG, __FILE__, __LINE__,
                                                __func__, "number is NULL")));
    pld_free(checkpoint->report);
    checkpoint->report = NULL;
    PLD_TRY(pld_agree(ctx, restore(checkpoint, &found)));
    checkpoint->newest = found;
    checkpoint->saved = MPI_Wtime();
    *number = found;
    return PLD_OK;
}
