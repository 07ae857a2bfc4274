#include "io/checkpoint.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "io/file.h"
#include "polder/agree.h"
#include "polder/log.h"

/* --- One file --------------------------------------------------------------
 */

/* Close it; the error of what was done with it goes before that of closing. */
static pld_status close_after(pld_status status, pld_file **file)
{
    pld_error error = *pld_error_last();
    pld_status closed = pld_file_close(file);
    if (status != PLD_OK)
        PLD_RAISE(status, "%s", error.text);
    return closed;
}

static pld_status read_one(pld_checkpoint *checkpoint, int64_t number)
{
    char path[PLD_CHECKPOINT_PATH];
    pld_file *file = NULL;
    pld_checkpoint_path(checkpoint, number, path);
    PLD_TRY(pld_file_open(checkpoint->ctx, path, false, &file));
    pld_status status = pld_checkpoint_look(file);
    if (status == PLD_OK)
        status = pld_checkpoint_read(checkpoint, number, file);
    return close_after(status, &file);
}

pld_status pld_checkpoint_verify(pld_ctx *ctx, const char *path)
{
    pld_file *file = NULL;
    PLD_TRY(pld_file_open(ctx, path, false, &file));
    return close_after(pld_checkpoint_look(file), &file);
}

pld_status pld_checkpoint_tell(pld_checkpoint *checkpoint, int64_t number,
                               const char *text)
{
    char *longer = NULL;
    const char *old = pld_checkpoint_report(checkpoint);
    size_t size = strlen(old) + strlen(text) + 40;
    PLD_TRY(pld_alloc("report of a restore", (int64_t)size, 1, &longer));
    snprintf(longer, size, "%s%" PRId64 ": %s\n", old, number, text);
    pld_free(checkpoint->report);
    checkpoint->report = longer;
    pld_log(PLD_LOG_WARNING, "checkpoint %" PRId64 ": %s", number, text);
    return PLD_OK;
}

/* --- The newest good one ---------------------------------------------------
 */

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

/* Older ones are for when this one is damaged, or has gone meanwhile. */
static bool is_damage(pld_status status)
{
    return status == PLD_ERR_CORRUPT || status == PLD_ERR_FORMAT ||
           status == PLD_ERR_IO || status == PLD_ERR_NOENT;
}

static pld_status try_all(pld_checkpoint *checkpoint, int64_t count,
                          const int64_t *numbers, int64_t *out)
{
    pld_status first = PLD_ERR_NOENT;
    for (int64_t i = 0; i < count; i++) {
        pld_status status = read_one(checkpoint, numbers[i]);
        *out = numbers[i];
        if (status == PLD_OK || !is_damage(status))
            return status;
        char reason[sizeof pld_error_last()->text];
        memcpy(reason, pld_error_last()->text, sizeof reason);
        first = i == 0 ? status : first;
        status = pld_checkpoint_tell(checkpoint, numbers[i], reason);
        PLD_TRY(pld_agree(checkpoint->ctx, status));
        checkpoint->nbad = i + 1;
    }
    PLD_RAISE(first,
              "none of the %" PRId64 " checkpoints \"%s\" in '%s' is "
              "good; the newest: %.300s",
              count, checkpoint->name, checkpoint->folder,
              pld_checkpoint_report(checkpoint));
}

static pld_status raise_none(const pld_checkpoint *checkpoint)
{
    PLD_RAISE(PLD_ERR_NOENT, "there is no checkpoint \"%s\" in '%s'",
              checkpoint->name, checkpoint->folder);
}

/* Those that are passed over come first in the list, which is kept for them. */
static pld_status restore_newest(pld_checkpoint *checkpoint, int64_t *out)
{
    int64_t count = 0;
    PLD_TRY(share_list(checkpoint, &count, &checkpoint->bad));
    return count == 0 ? raise_none(checkpoint)
                      : try_all(checkpoint, count, checkpoint->bad, out);
}

/* --- Restoring -------------------------------------------------------------
 */

static void forget(pld_checkpoint *checkpoint)
{
    pld_free(checkpoint->report);
    pld_free(checkpoint->bad);
    checkpoint->report = NULL;
    checkpoint->bad = NULL;
    checkpoint->nbad = 0;
}

static void go_on_from(pld_checkpoint *checkpoint, int64_t number)
{
    checkpoint->newest = number;
    checkpoint->saved = MPI_Wtime();
    checkpoint->asked = checkpoint->saved;
}

static pld_status check_number(const int64_t *number)
{
    PLD_CHECK(number, PLD_ERR_ARG, "number is NULL");
    return PLD_OK;
}

pld_status pld_checkpoint_restore(pld_checkpoint *checkpoint, int64_t *number)
{
    PLD_TRY(pld_checkpoint_check(checkpoint));
    pld_ctx *ctx = checkpoint->ctx;
    int64_t found = 0;
    PLD_TRY(pld_agree(ctx, check_number(number)));
    forget(checkpoint);
    PLD_TRY(pld_agree(ctx, restore_newest(checkpoint, &found)));
    go_on_from(checkpoint, found);
    *number = found;
    return PLD_OK;
}

pld_status pld_checkpoint_restore_number(pld_checkpoint *checkpoint,
                                         int64_t number)
{
    PLD_TRY(pld_checkpoint_check(checkpoint));
    pld_ctx *ctx = checkpoint->ctx;
    PLD_TRY(pld_agree_same(ctx, "number", &number, sizeof number));
    forget(checkpoint);
    PLD_TRY(pld_agree(ctx, read_one(checkpoint, number)));
    go_on_from(checkpoint, number);
    checkpoint->went_back = true;
    return PLD_OK;
}
