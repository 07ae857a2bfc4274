#include "polder/file.h"
#include "io/axes.h"
#include "io/check.h"
#include "io/data.h"
#include "io/dataset.h"
#include "io/links.h"
#include "io/pieces.h"
#include "io/variable.h"

#include "base/alloc.h"
#include "base/overflow.h"
#include "polder/agree.h"

/* Bytes of a chunk that is compressed, at most, where a row allows. */
#define CHUNK_BYTES ((int64_t)1 << 20)

/* --- Fields --------------------------------------------------------------- */

pld_status pld_dataset_bytes(const pld_field *field, int64_t *out)
{
    int64_t factors[PLD_MAXDIM + 2] = {field->ncomps,
                                       (int64_t)pld_type_size(field->type)};
    for (int d = 0; d < PLD_MAXDIM; d++)
        factors[2 + d] = pld_field_domain(field).count[d];
    return pld_size_product("bytes of the field", PLD_MAXDIM + 2, factors, out);
}

static struct pld_target target_of(const struct pld_stored *stored,
                                   const char *name, int64_t step,
                                   const pld_field *field,
                                   struct pld_checksum *checksum)
{
    return (struct pld_target){.stored = stored,
                               .name = name,
                               .step = step,
                               .ndims = field->grid->ndims,
                               .ncomps = field->ncomps,
                               .type = field->type,
                               .whole = true,
                               .checksum = checksum};
}

pld_status pld_dataset_write(pld_file *file, const struct pld_stored *stored,
                             int64_t step, const pld_field *field,
                             struct pld_checksum *checksum)
{
    struct pld_block block = pld_field_block(field);
    struct pld_target target =
        target_of(stored, field->name, step, field, checksum);
    return pld_data_write(file, &target, &block, field->owned);
}

pld_status pld_dataset_read(pld_file *file, const struct pld_stored *stored,
                            const char *name, int64_t step, pld_field *field,
                            struct pld_checksum *checksum)
{
    pld_fresh_touch(field);
    struct pld_block block = pld_field_block(field);
    struct pld_target target = target_of(stored, name, step, field, checksum);
    return pld_data_read(file, &target, &block, field->owned);
}

/* --- Laying out, on rank 0 -------------------------------------------------
 */

static pld_type type_of(const pld_file *file, const pld_field *field)
{
    return file->storage.convert ? file->storage.type : field->type;
}

static pld_status check_old(const pld_file *file, const pld_field *field,
                            hid_t dataset)
{
    struct pld_shape shape = pld_shape_of(field);
    pld_type type = type_of(file, field);
    PLD_TRY(pld_variable_check_type(dataset, field->name, type));
    return pld_variable_check_shape(dataset, field->name, 0, &shape);
}

/* Chunks as the user wants them, or whole in the last dimensions. */
static void choose_chunks(const pld_file *file, pld_type type, int npoints,
                          const struct pld_shape *shape, hsize_t *out)
{
    int64_t size[PLD_VARIABLE_MAXDIM];
    int64_t chunk[PLD_VARIABLE_MAXDIM];
    int64_t bytes = (int64_t)pld_type_size(type);
    for (int d = 0; d < shape->ndims; d++)
        size[d] = (int64_t)shape->size[d];
    pld_chunk_shape(shape->ndims, size, CHUNK_BYTES / bytes, chunk);
    for (int d = 0; d < npoints; d++)
        if (file->storage.chunk[d] > 0)
            chunk[d] = file->storage.chunk[d] < size[d] ? file->storage.chunk[d]
                                                        : size[d];
    for (int d = 0; d < shape->ndims; d++)
        out[d] = (hsize_t)chunk[d];
}

static bool is_chunked(const pld_storage *storage)
{
    bool wanted = storage->deflate > 0 || storage->filter > 0;
    for (int d = 0; d < PLD_MAXDIM; d++)
        wanted = wanted || storage->chunk[d] > 0;
    return wanted;
}

static pld_status create_as_stored(pld_file *file, const char *name,
                                   int npoints, struct pld_variable_plan *plan,
                                   int64_t bytes, hid_t *out)
{
    hsize_t chunk[PLD_VARIABLE_MAXDIM];
    const pld_storage *storage = &file->storage;
    choose_chunks(file, plan->type, npoints, &plan->shape, chunk);
    plan->chunk = is_chunked(storage) ? chunk : NULL;
    plan->deflate = storage->deflate;
    plan->filter = storage->filter;
    plan->nparams = storage->nparams;
    plan->params = storage->params;
    PLD_TRY(pld_file_check_space(file, bytes));
    return pld_variable_create(file, name, plan, out);
}

pld_status pld_dataset_create(pld_file *file, const pld_field *field,
                              hid_t *out)
{
    int64_t bytes = 0;
    struct pld_variable_plan plan = {.type = type_of(file, field),
                                     .shape = pld_shape_of(field)};
    PLD_TRY(pld_dataset_bytes(field, &bytes));
    PLD_TRY(create_as_stored(file, field->name, field->grid->ndims, &plan,
                             bytes, out));
    return pld_axes_attach(file, *out, field, NULL);
}

pld_status pld_dataset_create_empty(pld_file *file, const char *name,
                                    const pld_variable *like, hid_t *out)
{
    int64_t bytes = 0;
    int64_t factors[PLD_VARIABLE_MAXDIM + 1] = {
        (int64_t)pld_type_size(like->type)};
    struct pld_variable_plan plan = {
        .type = like->type, .shape = {.ndims = like->ndims}, .zeroed = true};
    for (int d = 0; d < like->ndims; d++) {
        factors[1 + d] = like->size[d];
        plan.shape.size[d] = (hsize_t)like->size[d];
    }
    PLD_TRY(pld_size_product("bytes of the variable", 1 + like->ndims, factors,
                             &bytes));
    int npoints = like->ndims < PLD_MAXDIM ? like->ndims : PLD_MAXDIM;
    return create_as_stored(file, name, npoints, &plan, bytes, out);
}

static pld_status lay_out(pld_file *file, const pld_field *field, bool is_new,
                          struct pld_stored *stored)
{
    pld_status status = PLD_OK;
    hid_t dataset = H5I_INVALID_HID;
    if (is_new) {
        PLD_TRY_TO(out, pld_dataset_create(file, field, &dataset));
    } else {
        PLD_TRY_TO(out, pld_variable_open(file, field->name, &dataset));
        PLD_TRY_TO(out, check_old(file, field, dataset));
    }
    PLD_TRY_TO(out, pld_stored_find(dataset, -1, field->grid->ndims,
                                    field->ncomps, stored));
    if (!is_new)
        PLD_TRY_TO(out, pld_checksum_look(file, field->name, &stored->block));
    else if (file->storage.checksums)
        stored->block = PLD_CHECKSUM_BLOCK;
out:
    pld_h5_close(dataset);
    return status;
}

/* Fields to be written together. */
struct batch {
    int nfields;
    pld_field *const *fields;
    bool *is_new; /* on rank 0 */
    struct pld_stored *stored;
    struct pld_checksum *checksums; /* of those that have some */
};

/* New variables have all their space from the start. They lie behind all that
 * was there, so that it is taken at once. */
static pld_status take_space(pld_file *file, const struct batch *batch)
{
    int64_t first = INT64_MAX;
    int64_t end = 0;
    for (int i = 0; i < batch->nfields; i++) {
        const struct pld_bricks *bricks = &batch->stored[i].bricks;
        if (!batch->is_new[i] || batch->stored[i].chunked ||
            !batch->stored[i].reachable)
            continue;
        int64_t place = bricks->places[0];
        int64_t last = place + bricks->point * bricks->size[0] *
                                   bricks->size[1] * bricks->size[2];
        first = place < first ? place : first;
        end = last > end ? last : end;
    }
    return first < end ? pld_file_take_space(file, first, end - first) : PLD_OK;
}

static pld_status lay_out_all(pld_file *file, struct batch *batch)
{
    for (int i = 0; i < batch->nfields; i++) {
        const pld_field *field = batch->fields[i];
        batch->is_new[i] = !pld_variable_exists(file, field->name);
        PLD_TRY(lay_out(file, field, batch->is_new[i], &batch->stored[i]));
    }
    return take_space(file, batch);
}

static void remove_new(pld_file *file, const struct batch *batch)
{
    for (int i = batch->nfields - 1; i >= 0; i--)
        if (batch->is_new[i] &&
            pld_variable_exists(file, batch->fields[i]->name)) {
            pld_links_drop(file, batch->fields[i]->name);
            H5Ldelete(file->id, batch->fields[i]->name, H5P_DEFAULT);
        }
}

/* --- Writing ----------------------------------------------------------------
 */

static pld_status allocate(struct batch *batch)
{
    PLD_TRY(pld_alloc("fields of a file", batch->nfields, sizeof *batch->is_new,
                      &batch->is_new));
    PLD_TRY(pld_alloc("fields of a file", batch->nfields, sizeof *batch->stored,
                      &batch->stored));
    return pld_alloc("checksums of fields", batch->nfields,
                     sizeof *batch->checksums, &batch->checksums);
}

static pld_status begin_checksums(struct batch *batch)
{
    for (int i = 0; i < batch->nfields; i++)
        if (batch->stored[i].block > 0)
            PLD_TRY(pld_checksum_begin(&batch->stored[i],
                                       batch->stored[i].block,
                                       &batch->checksums[i]));
    return PLD_OK;
}

static pld_status put_checksums(pld_file *file, const struct batch *batch)
{
    for (int i = 0; i < batch->nfields; i++)
        if (batch->stored[i].block > 0)
            PLD_TRY(pld_checksum_put(file, batch->fields[i]->name,
                                     &batch->checksums[i]));
    return PLD_OK;
}

static pld_status write_checksums(pld_file *file, struct batch *batch)
{
    pld_status status = PLD_OK;
    int n = 0;
    for (int i = 0; i < batch->nfields; i++) {
        if (batch->stored[i].block == 0)
            continue;
        PLD_TRY(pld_checksum_join(file->ctx, &batch->checksums[i]));
        n++;
    }
    if (n == 0)
        return PLD_OK;
    PLD_TRY(pld_file_describe(file));
    if (pld_file_leads(file))
        status = put_checksums(file, batch);
    return pld_agree(file->ctx, status);
}

static pld_status write_all(pld_file *file, struct batch *batch)
{
    pld_status status = PLD_OK;
    PLD_TRY(pld_file_describe(file));
    if (pld_file_leads(file))
        status = lay_out_all(file, batch);
    PLD_TRY(pld_stored_share(file->ctx, status, batch->nfields, batch->stored));
    PLD_TRY(pld_agree(file->ctx, begin_checksums(batch)));
    for (int i = 0; i < batch->nfields; i++) {
        bool checked = batch->stored[i].block > 0;
        PLD_TRY(pld_dataset_write(file, &batch->stored[i], -1, batch->fields[i],
                                  checked ? &batch->checksums[i] : NULL));
    }
    return write_checksums(file, batch);
}

static void free_batch(struct batch *batch)
{
    for (int i = 0; i < batch->nfields && batch->checksums != NULL; i++)
        pld_checksum_free(&batch->checksums[i]);
    if (batch->stored != NULL)
        pld_stored_free(batch->nfields, batch->stored);
    pld_free(batch->checksums);
    pld_free(batch->stored);
    pld_free(batch->is_new);
}

static pld_status write_batch(pld_file *file, struct batch *batch)
{
    pld_status status = PLD_OK;
    PLD_TRY_TO(out, pld_agree(file->ctx, allocate(batch)));
    PLD_TRY_TO(out, write_all(file, batch));
out:
    if (status != PLD_OK && file->id >= 0 && batch->is_new != NULL)
        remove_new(file, batch);
    free_batch(batch);
    return status;
}

static pld_status check_count(int nfields, pld_field *const *fields)
{
    PLD_CHECK(nfields >= 0, PLD_ERR_ARG, "nfields is %d", nfields);
    PLD_CHECK(fields != NULL || nfields == 0, PLD_ERR_ARG, "fields is NULL");
    return PLD_OK;
}

static pld_status write_fields(pld_file *file, int nfields,
                               pld_field *const *fields)
{
    PLD_TRY(pld_agree(file->ctx, pld_file_check_writable(file)));
    PLD_TRY(pld_agree(file->ctx, check_count(nfields, fields)));
    PLD_TRY(pld_agree_same(file->ctx, "nfields", &nfields, sizeof nfields));
    for (int i = 0; i < nfields; i++) {
        PLD_TRY(pld_io_check_field(file->ctx, fields[i]));
        PLD_TRY(pld_io_check_name(file->ctx, "field", fields[i]->name, false));
    }
    return write_batch(file,
                       &(struct batch){.nfields = nfields, .fields = fields});
}

pld_status pld_file_write_fields(pld_file *file, int nfields,
                                 pld_field *const *fields)
{
    PLD_TRY(pld_file_check(file));
    struct pld_io_call call = pld_io_begin(file->ctx);
    PLD_TRY(pld_io_end(&call, write_fields(file, nfields, fields)));
    return PLD_OK;
}

pld_status pld_file_write(pld_file *file, pld_field *field)
{
    PLD_TRY(pld_file_check(file));
    struct pld_io_call call = pld_io_begin(file->ctx);
    PLD_TRY(pld_io_end(&call, write_fields(file, 1, &field)));
    return PLD_OK;
}

/* --- Reading -------------------------------------------------------------- */

static pld_status find_for_field(const pld_file *file, const char *name,
                                 const pld_field *field,
                                 struct pld_stored *stored)
{
    pld_status status = PLD_OK;
    hid_t dataset = H5I_INVALID_HID;
    struct pld_shape shape = pld_shape_of(field);
    PLD_TRY_TO(out, pld_variable_open(file, name, &dataset));
    PLD_TRY_TO(out, pld_variable_check_read(dataset, name, field->type));
    PLD_TRY_TO(out, pld_variable_check_shape(dataset, name, 0, &shape));
    PLD_TRY_TO(out, pld_stored_find(dataset, -1, field->grid->ndims,
                                    field->ncomps, stored));
    if (file->storage.checksums)
        PLD_TRY_TO(out, pld_checksum_look(file, name, &stored->block));
out:
    pld_h5_close(dataset);
    return status;
}

static pld_status read_checked(pld_file *file, const char *name,
                               const struct pld_stored *stored,
                               pld_field *field)
{
    pld_status status = PLD_OK;
    struct pld_checksum checksum = {.blocks = NULL};
    status = pld_checksum_begin(stored, stored->block, &checksum);
    PLD_TRY_TO(out, pld_agree(file->ctx, status));
    PLD_TRY_TO(out, pld_dataset_read(file, stored, name, -1, field, &checksum));
    PLD_TRY_TO(out, pld_checksum_agree(file, name, &checksum));
out:
    pld_checksum_free(&checksum);
    return status;
}

static pld_status read_field(pld_file *file, const char *name, pld_field *field)
{
    pld_status status = PLD_OK;
    struct pld_stored stored = {.places = NULL};
    PLD_TRY(pld_io_check_field(file->ctx, field));
    PLD_TRY(pld_io_check_name(file->ctx, "variable", name, true));
    PLD_TRY(pld_file_describe(file));
    if (pld_file_leads(file))
        status = find_for_field(file, name, field, &stored);
    PLD_TRY_TO(out, pld_stored_share(file->ctx, status, 1, &stored));
    if (stored.block > 0)
        PLD_TRY_TO(out, read_checked(file, name, &stored, field));
    else
        PLD_TRY_TO(out, pld_dataset_read(file, &stored, name, -1, field, NULL));
out:
    pld_stored_free(1, &stored);
    return status;
}

static pld_status read_fields(pld_file *file, int nfields,
                              pld_field *const *fields)
{
    PLD_TRY(pld_agree(file->ctx, check_count(nfields, fields)));
    PLD_TRY(pld_agree_same(file->ctx, "nfields", &nfields, sizeof nfields));
    for (int i = 0; i < nfields; i++)
        PLD_TRY(pld_io_check_field(file->ctx, fields[i]));
    for (int i = 0; i < nfields; i++)
        PLD_TRY(read_field(file, fields[i]->name, fields[i]));
    return PLD_OK;
}

pld_status pld_file_read_fields(pld_file *file, int nfields,
                                pld_field *const *fields)
{
    PLD_TRY(pld_file_check(file));
    struct pld_io_call call = pld_io_begin(file->ctx);
    PLD_TRY(pld_io_end(&call, read_fields(file, nfields, fields)));
    return PLD_OK;
}

pld_status pld_file_read(pld_file *file, const char *name, pld_field *field)
{
    PLD_TRY(pld_file_check(file));
    struct pld_io_call call = pld_io_begin(file->ctx);
    PLD_TRY(pld_io_end(&call, read_field(file, name, field)));
    return PLD_OK;
}
