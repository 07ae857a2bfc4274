#include "io/checkpoint.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "io/checksum.h"
#include "io/file.h"
#include "io/variable.h"
#include "polder/agree.h"

/* The file's name before what is wrong in it. */
static pld_status name_file(const pld_file *file, pld_status status)
{
    char text[sizeof pld_error_last()->text];
    if (status == PLD_OK || strstr(pld_error_last()->text, file->path))
        return status;
    memcpy(text, pld_error_last()->text, sizeof text);
    PLD_RAISE(status, "'%s': %s", file->path, text);
}

/* --- Is it good? -----------------------------------------------------------
 */

static pld_status check_version(pld_file *file)
{
    int64_t version = 0;
    int32_t complete = 0;
    pld_status status = pld_file_read_attribute(file, NULL, "polder_checkpoint",
                                                PLD_I64, 1, &version);
    PLD_CHECK(status != PLD_ERR_NOENT, PLD_ERR_FORMAT, "'%s' is no checkpoint",
              file->path);
    PLD_TRY(name_file(file, status));
    PLD_CHECK(version <= PLD_CHECKPOINT_VERSION, PLD_ERR_UNSUPPORTED,
              "'%s' is a checkpoint of version %" PRId64
              ", but this library reads versions up to %d: use a newer one",
              file->path, version, (int)PLD_CHECKPOINT_VERSION);
    status = pld_file_read_attribute(file, NULL, "polder_complete", PLD_I32, 1,
                                     &complete);
    PLD_CHECK(status == PLD_OK && complete == 1, PLD_ERR_CORRUPT,
              "'%s' is not complete", file->path);
    return PLD_OK;
}

pld_status pld_checkpoint_look(pld_file *file)
{
    PLD_TRY(check_version(file));
    return pld_file_verify(file, NULL);
}

/* --- Does it fit? ----------------------------------------------------------
 */

/* What the ranks are to know of it. */
enum fit { HERE, MISSING };

static pld_status miss(pld_checkpoint *checkpoint, int64_t number,
                       const pld_file *file, const char *name, bool optional)
{
    char text[300];
    PLD_CHECK(optional, PLD_ERR_ARG,
              "there is no \"%s\" in '%s': see pld_checkpoint_set_optional()",
              name, file->path);
    snprintf(text, sizeof text, "\"%.200s\" is not in it, and stays as it is",
             name);
    return pld_checkpoint_tell(checkpoint, number, text);
}

/* On rank 0. */
static pld_status fit_field(const pld_file *file, const pld_field *field,
                            enum fit *fit)
{
    pld_status status = PLD_OK;
    const char *name = pld_field_name(field);
    struct pld_shape shape = pld_shape_of(field);
    hid_t dataset = H5I_INVALID_HID;
    int64_t block = 0;
    htri_t there = H5Lexists(file->id, name, H5P_DEFAULT);
    PLD_H5(PLD_ERR_CORRUPT, there, "cannot look for '%s' in '%s'", name,
           file->path);
    *fit = MISSING;
    if (there == 0)
        return PLD_OK;
    PLD_TRY_TO(out, pld_variable_open(file, name, &dataset));
    PLD_TRY_TO(out, pld_variable_check_read(dataset, name, field->type));
    PLD_TRY_TO(out, pld_variable_check_shape(dataset, name, 0, &shape));
    PLD_TRY_TO(out, pld_checksum_look(file, name, &block));
    PLD_CHECK_TO(out, block > 0, PLD_ERR_CORRUPT,
                 "'%s' in '%s' has no checksums", name, file->path);
    *fit = HERE;
out:
    pld_h5_close(dataset);
    return status;
}

/* On rank 0, for all. */
static pld_status look_for_fields(const pld_checkpoint *checkpoint,
                                  pld_file *file, enum fit *fits)
{
    for (int i = 0; i < checkpoint->nfields && pld_file_leads(file); i++) {
        const pld_field *field = checkpoint->fields[i].field;
        PLD_TRY(name_file(file, fit_field(file, field, &fits[i])));
    }
    return PLD_OK;
}

static pld_status fit_fields(pld_checkpoint *checkpoint, int64_t number,
                             pld_file *file, enum fit *fits)
{
    int nfields = checkpoint->nfields;
    struct pld_io_call call = pld_io_begin(file->ctx);
    pld_status status = look_for_fields(checkpoint, file, fits);
    PLD_TRY(pld_io_end(&call, pld_agree(file->ctx, status)));
    PLD_TRY_MPI(MPI_Bcast(fits, nfields, MPI_INT, 0, file->ctx->comm));
    for (int i = 0; i < nfields && status == PLD_OK; i++)
        if (fits[i] == MISSING)
            status = miss(checkpoint, number, file,
                          pld_field_name(checkpoint->fields[i].field),
                          checkpoint->fields[i].optional);
    return pld_agree(file->ctx, status);
}

/* --- Values, kept aside until all is there ---------------------------------
 */

static int64_t bytes_of(const struct pld_checkpoint_value *value)
{
    return value->count == 0
               ? value->size
               : value->count * (int64_t)pld_type_size(value->type);
}

static pld_status get_value(pld_checkpoint *checkpoint, int64_t number,
                            pld_file *file,
                            const struct pld_checkpoint_value *value, void *out)
{
    pld_status status =
        value->count == 0
            ? pld_file_read_text(file, NULL, value->name, value->size, out)
            : pld_file_read_attribute(file, NULL, value->name, value->type,
                                      value->count, out);
    if (status == PLD_ERR_NOENT)
        return miss(checkpoint, number, file, value->name, value->optional);
    return name_file(file, status);
}

static void put_values(const pld_checkpoint *checkpoint, const char *aside)
{
    for (int i = 0; i < checkpoint->nvalues; i++) {
        const struct pld_checkpoint_value *value = &checkpoint->values[i];
        memcpy(value->memory, aside, (size_t)bytes_of(value));
        aside += bytes_of(value);
    }
}

/* What is missing stays as it is: it is there from the beginning. */
static pld_status get_values(pld_checkpoint *checkpoint, int64_t number,
                             pld_file *file, char *aside)
{
    for (int i = 0; i < checkpoint->nvalues; i++) {
        const struct pld_checkpoint_value *value = &checkpoint->values[i];
        memcpy(aside, value->memory, (size_t)bytes_of(value));
        PLD_TRY(get_value(checkpoint, number, file, value, aside));
        aside += bytes_of(value);
    }
    return PLD_OK;
}

/* --- Reading ---------------------------------------------------------------
 */

static pld_status read_fields(const pld_checkpoint *checkpoint, pld_file *file,
                              const enum fit *fits)
{
    PLD_TRY(pld_file_set_storage(file, &(pld_storage){.checksums = true}));
    for (int i = 0; i < checkpoint->nfields; i++) {
        pld_field *field = checkpoint->fields[i].field;
        if (fits[i] == HERE)
            PLD_TRY(pld_file_read(file, pld_field_name(field), field));
    }
    return PLD_OK;
}

static pld_status make_room(const pld_checkpoint *checkpoint, enum fit **fits,
                            char **aside)
{
    int64_t bytes = 0;
    for (int i = 0; i < checkpoint->nvalues; i++)
        bytes += bytes_of(&checkpoint->values[i]);
    PLD_TRY(pld_alloc("fields of a checkpoint", checkpoint->nfields,
                      sizeof **fits, fits));
    return pld_alloc("values of a checkpoint", bytes, 1, aside);
}

pld_status pld_checkpoint_read(pld_checkpoint *checkpoint, int64_t number,
                               pld_file *file)
{
    pld_status status = PLD_OK;
    enum fit *fits = NULL;
    char *aside = NULL;
    PLD_TRY_TO(out, pld_agree(file->ctx, make_room(checkpoint, &fits, &aside)));
    PLD_TRY_TO(out, pld_file_describe(file));
    PLD_TRY_TO(out, fit_fields(checkpoint, number, file, fits));
    PLD_TRY_TO(out, get_values(checkpoint, number, file, aside));
    PLD_TRY_TO(out, read_fields(checkpoint, file, fits));
    put_values(checkpoint, aside);
out:
    pld_free(aside);
    pld_free(fits);
    return status;
}
