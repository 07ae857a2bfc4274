#include "polder/file.h"
#include "io/check.h"
#include "io/data.h"
#include "io/pieces.h"
#include "io/variable.h"

#include "base/alloc.h"
#include "par/message.h"
#include "polder/agree.h"

#include <string.h>

/* Checking a variable against its checksums: the ranks take turns with pieces
 * of it, none is kept. */

/* What is read, with the type that it is stored as. */
struct reading {
    pld_file *file;
    struct pld_stored stored;
    struct pld_checksum checksum;
    struct pld_target target;
    struct pld_bounce *buffer;
};

/* --- On rank 0 ---------------------------------------------------------------
 */

static pld_type own_type(hid_t dataset)
{
    hid_t stored = H5Dget_type(dataset);
    pld_type type = pld_h5_smallest(stored);
    pld_h5_close(stored);
    return type;
}

/* Dimensions beyond three are components. */
static pld_status look(const pld_file *file, const char *name, hid_t dataset,
                       struct reading *out)
{
    struct pld_shape shape;
    struct pld_target *target = &out->target;
    int64_t block = 0;
    PLD_TRY(pld_checksum_look(file, name, &block));
    PLD_CHECK(block > 0, PLD_ERR_NOENT, "'%s' in '%s' has no checksums", name,
              file->path);
    PLD_TRY(pld_variable_shape(dataset, &shape));
    target->type = own_type(dataset);
    PLD_CHECK(shape.ndims >= 1 && shape.ndims <= PLD_MAXDIM + 1 &&
                  target->type != PLD_TYPE_COUNT,
              PLD_ERR_FORMAT, "'%s' in '%s' is no field", name, file->path);
    target->ndims = shape.ndims < PLD_MAXDIM ? shape.ndims : PLD_MAXDIM;
    target->ncomps = shape.ndims > PLD_MAXDIM ? (int)shape.size[PLD_MAXDIM] : 1;
    PLD_TRY(pld_stored_find(dataset, -1, target->ndims, target->ncomps,
                            &out->stored));
    out->stored.block = block;
    return PLD_OK;
}

static pld_status find(const pld_file *file, const char *name,
                       struct reading *out)
{
    hid_t dataset = H5I_INVALID_HID;
    PLD_TRY(pld_variable_open(file, name, &dataset));
    pld_status status = look(file, name, dataset, out);
    pld_h5_close(dataset);
    return status;
}

/* --- On all ------------------------------------------------------------------
 */

static pld_status share(struct reading *reading, pld_status status)
{
    pld_ctx *ctx = reading->file->ctx;
    struct pld_target *target = &reading->target;
    int told[3] = {target->ndims, target->ncomps, (int)target->type};
    PLD_TRY(pld_stored_share(ctx, status, 1, &reading->stored));
    PLD_TRY_MPI(MPI_Bcast(told, 3, MPI_INT, 0, ctx->comm));
    target->ndims = told[0];
    target->ncomps = told[1];
    target->type = (pld_type)told[2];
    target->stored = &reading->stored;
    target->checksum = &reading->checksum;
    status = pld_checksum_begin(&reading->stored, reading->stored.block,
                                &reading->checksum);
    return pld_agree(ctx, status);
}

static pld_status read_piece(struct reading *reading, pld_box piece)
{
    const struct pld_target *target = &reading->target;
    struct pld_block block =
        pld_block_dense(reading->buffer->data, piece, PLD_INTERLEAVED,
                        target->ncomps, pld_type_size(target->type));
    return pld_data_read(reading->file, target, &block, piece);
}

static pld_status read_all(struct reading *reading)
{
    pld_file *file = reading->file;
    pld_ctx *ctx = file->ctx;
    const struct pld_bricks *whole = &reading->checksum.whole;
    int64_t limit = file->bounce_bytes / whole->point;
    pld_box box = {.first = {0}};
    memcpy(box.count, whole->size, sizeof box.count);
    struct pld_cutting cutting = pld_cut_box(box, limit > 1 ? limit : 1);
    int64_t most = pld_box_volume(pld_cut_piece(&cutting, 0)) * whole->point;
    reading->buffer = &file->bounces[PLD_BOUNCE_SLAB];
    PLD_TRY(pld_agree(ctx, pld_bounce_need(reading->buffer, most)));
    for (int64_t i = 0; i < cutting.npieces; i += ctx->nranks)
        PLD_TRY(read_piece(reading, pld_cut_piece(&cutting, i + ctx->rank)));
    return PLD_OK;
}

static pld_status verify_one(pld_file *file, const char *name)
{
    pld_status status = PLD_OK;
    struct reading reading = {.file = file,
                              .target = {.name = name, .step = -1}};
    PLD_TRY(pld_file_describe(file));
    if (pld_file_leads(file))
        status = find(file, name, &reading);
    PLD_TRY_TO(out, share(&reading, status));
    PLD_TRY_TO(out, read_all(&reading));
    PLD_TRY_TO(out, pld_checksum_agree(file, name, &reading.checksum));
out:
    pld_checksum_free(&reading.checksum);
    pld_stored_free(1, &reading.stored);
    return status;
}

/* The name of the i-th variable that has some, to be freed. */
static pld_status name_of(pld_file *file, int64_t i, char **out)
{
    pld_ctx *ctx = file->ctx;
    pld_status status = PLD_OK;
    int64_t room = 0;
    PLD_TRY(pld_file_describe(file));
    if (pld_file_leads(file))
        status = pld_checksum_name(file, i, NULL, &room);
    PLD_TRY(pld_agree(ctx, status));
    PLD_TRY(pld_broadcast(ctx, &room, (int64_t)sizeof room, 0));
    PLD_TRY(pld_agree(ctx, pld_alloc("name", room, 1, out)));
    if (pld_file_leads(file))
        status = pld_checksum_name(file, i, *out, &room);
    PLD_TRY(pld_agree(ctx, status));
    return pld_broadcast(ctx, *out, room, 0);
}

static pld_status verify_all(pld_file *file)
{
    pld_status status = PLD_OK;
    int64_t count = 0;
    PLD_TRY(pld_file_describe(file));
    if (pld_file_leads(file))
        status = pld_checksum_count(file, &count);
    PLD_TRY(pld_agree(file->ctx, status));
    PLD_TRY(pld_broadcast(file->ctx, &count, (int64_t)sizeof count, 0));
    for (int64_t i = 0; i < count; i++) {
        char *name = NULL;
        status = name_of(file, i, &name);
        if (status == PLD_OK)
            status = verify_one(file, name);
        pld_free(name);
        PLD_TRY(status);
    }
    return PLD_OK;
}

static pld_status verify(pld_file *file, const char *name)
{
    int all = name == NULL;
    PLD_TRY(pld_agree_same(file->ctx, "variable", &all, sizeof all));
    if (all)
        return verify_all(file);
    PLD_TRY(pld_io_check_name(file->ctx, "variable", name, true));
    return verify_one(file, name);
}

pld_status pld_file_verify(pld_file *file, const char *name)
{
    PLD_TRY(pld_file_check(file));
    struct pld_io_call call = pld_io_begin(file->ctx);
    PLD_TRY(pld_io_end(&call, verify(file, name)));
    return PLD_OK;
}
