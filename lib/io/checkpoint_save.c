#include "io/checkpoint.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/alloc.h"
#include "io/file.h"
#include "polder/agree.h"

static pld_status write_value(pld_file *file,
                              const struct pld_checkpoint_value *value)
{
    if (value->count == 0)
        return pld_file_write_text(file, NULL, value->name, value->memory);
    return pld_file_write_attribute(file, NULL, value->name, value->type,
                                    value->count, value->memory);
}

static pld_status write_fields(const pld_checkpoint *checkpoint, pld_file *file)
{
    pld_field **fields = NULL;
    pld_status status = pld_alloc("fields of a checkpoint", checkpoint->nfields,
                                  sizeof *fields, &fields);
    PLD_TRY(pld_agree(checkpoint->ctx, status));
    for (int i = 0; i < checkpoint->nfields; i++)
        fields[i] = checkpoint->fields[i].field;
    if (checkpoint->nfields > 0)
        status = pld_file_write_fields(file, checkpoint->nfields, fields);
    pld_free(fields);
    return status;
}

/* That it is complete is said last. */
static pld_status write_all(const pld_checkpoint *checkpoint, int64_t number,
                            pld_file *file)
{
    const pld_storage storage = {.checksums = true};
    const int64_t version = PLD_CHECKPOINT_VERSION;
    const int32_t complete = 1;
    PLD_TRY(pld_file_set_storage(file, &storage));
    PLD_TRY(pld_file_write_attribute(file, NULL, "polder_checkpoint", PLD_I64,
                                     1, &version));
    PLD_TRY(pld_file_write_attribute(file, NULL, "polder_number", PLD_I64, 1,
                                     &number));
    for (int i = 0; i < checkpoint->nvalues; i++)
        PLD_TRY(write_value(file, &checkpoint->values[i]));
    PLD_TRY(write_fields(checkpoint, file));
    PLD_TRY(pld_file_write_attribute(file, NULL, "polder_complete", PLD_I32, 1,
                                     &complete));
    return pld_file_sync(file);
}

static pld_status write_aside(pld_checkpoint *checkpoint, int64_t number)
{
    char path[PLD_CHECKPOINT_PATH];
    pld_file *file = NULL;
    pld_checkpoint_aside(checkpoint, number, path);
    PLD_TRY(pld_file_create(checkpoint->ctx, path, &file));
    pld_status status = write_all(checkpoint, number, file);
    pld_status closed = pld_file_close(&file);
    return status != PLD_OK ? status : closed;
}

/* On rank 0. */
static pld_status publish(pld_checkpoint *checkpoint, int64_t number)
{
    PLD_TRY(pld_checkpoint_publish(checkpoint, number));
    checkpoint->newest = number;
    pld_checkpoint_mend(checkpoint, number);
    return pld_checkpoint_thin(checkpoint);
}

static pld_status save(pld_checkpoint *checkpoint, int64_t number)
{
    pld_status status = PLD_OK;
    bool leads = checkpoint->ctx->rank == 0;
    PLD_TRY_TO(out, write_aside(checkpoint, number));
    PLD_TRY_TO(out, pld_agree(checkpoint->ctx,
                              leads ? publish(checkpoint, number) : PLD_OK));
out:
    if (status != PLD_OK && leads) {
        char path[PLD_CHECKPOINT_PATH];
        pld_checkpoint_aside(checkpoint, number, path);
        (void)unlink(path);
    }
    return status;
}

pld_status pld_checkpoint_save(pld_checkpoint *checkpoint, int64_t number)
{
    PLD_TRY(pld_checkpoint_check(checkpoint));
    pld_ctx *ctx = checkpoint->ctx;
    double start = MPI_Wtime();
    PLD_TRY(pld_agree_same(ctx, "number", &number, sizeof number));
    PLD_CHECK(number >= 0, PLD_ERR_ARG, "number is %" PRId64 ": 0 or more",
              number);
    PLD_TRY(save(checkpoint, number));
    checkpoint->newest = number;
    checkpoint->went_back = false;
    checkpoint->saved = MPI_Wtime();
    checkpoint->asked = checkpoint->saved;
    pld_checkpoint_spent(checkpoint, checkpoint->saved - start);
    return PLD_OK;
}
