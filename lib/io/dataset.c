#include "polder/file.h"
#include "io/axes.h"
#include "io/check.h"
#include "io/data.h"
#include "io/dataset.h"
#include "io/variable.h"

#include "base/overflow.h"
#include "polder/agree.h"

/* --- Fields --------------------------------------------------------------- */

pld_status pld_dataset_bytes(const pld_field *field, int64_t *out)
{
    int64_t factors[PLD_MAXDIM + 2] = {field->ncomps,
                                       (int64_t)pld_type_size(field->type)};
    for (int d = 0; d < PLD_MAXDIM; d++)
        factors[2 + d] = pld_field_domain(field).count[d];
    return pld_size_product("bytes of the field", PLD_MAXDIM + 2, factors, out);
}

static struct pld_target target_of(hid_t dataset, const char *name,
                                   int64_t step, const pld_field *field)
{
    return (struct pld_target){.dataset = dataset,
                               .name = name,
                               .step = step,
                               .ndims = field->grid->ndims,
                               .ncomps = field->ncomps,
                               .type = field->type};
}

pld_status pld_dataset_write(pld_file *file, hid_t dataset, int64_t step,
                             const pld_field *field)
{
    struct pld_block block = pld_field_block(field);
    struct pld_target target = target_of(dataset, field->name, step, field);
    return pld_data_write(file, &target, &block, field->owned);
}

pld_status pld_dataset_read(pld_file *file, hid_t dataset, const char *name,
                            int64_t step, pld_field *field)
{
    pld_fresh_touch(field);
    struct pld_block block = pld_field_block(field);
    struct pld_target target = target_of(dataset, name, step, field);
    return pld_data_read(file, &target, &block, field->owned);
}

/* --- Writing -------------------------------------------------------------- */

static pld_status open_old(const pld_file *file, const pld_field *field,
                           hid_t *out)
{
    struct pld_shape shape = pld_shape_of(field);
    PLD_TRY(pld_variable_open(file, field->name, out));
    PLD_TRY(pld_variable_check_type(*out, field->name, field->type));
    return pld_variable_check_shape(*out, field->name, 0, &shape);
}

static pld_status take_space(pld_file *file, hid_t dataset, const char *name,
                             int64_t bytes)
{
    pld_status status = PLD_OK;
    haddr_t place = H5Dget_offset(dataset);
    PLD_CHECK_TO(out, place != HADDR_UNDEF, PLD_ERR_INTERNAL,
                 "'%s' has no place in '%s'", name, file->path);
out:
    PLD_TRY(pld_agree(file->ctx, status));
    return pld_file_take_space(file, (int64_t)place, bytes);
}

static pld_status create_new(pld_file *file, const pld_field *field, hid_t *out)
{
    int64_t bytes = 0;
    PLD_TRY(pld_agree(file->ctx, pld_dataset_bytes(field, &bytes)));
    PLD_TRY(pld_file_check_space(file, bytes));
    struct pld_shape shape = pld_shape_of(field);
    pld_status status =
        pld_variable_create(file, field->name, field->type, &shape, NULL, out);
    PLD_TRY(pld_agree(file->ctx, status));
    PLD_TRY(take_space(file, *out, field->name, bytes));
    return pld_axes_attach(file, *out, field, 0);
}

static pld_status write_field(pld_file *file, const pld_field *field)
{
    pld_status status = PLD_OK;
    hid_t dataset = H5I_INVALID_HID;
    PLD_TRY(pld_agree(file->ctx, pld_file_check_writable(file)));
    PLD_TRY(pld_io_check_field(file->ctx, field));
    PLD_TRY(pld_io_check_name(file->ctx, "field", field->name, false));
    bool old = pld_variable_exists(file, field->name);
    if (old)
        status = pld_agree(file->ctx, open_old(file, field, &dataset));
    else
        status = create_new(file, field, &dataset);
    PLD_TRY_TO(out, status);
    PLD_TRY_TO(out, pld_dataset_write(file, dataset, -1, field));
out:
    pld_h5_close(dataset);
    if (status != PLD_OK && !old && !file->broken)
        H5Ldelete(file->id, field->name, H5P_DEFAULT);
    return status;
}

pld_status pld_file_write(pld_file *file, pld_field *field)
{
    PLD_TRY(pld_file_check(file));
    struct pld_io_call call = pld_io_begin(file->ctx);
    PLD_TRY(pld_io_end(&call, write_field(file, field)));
    return PLD_OK;
}

/* --- Reading -------------------------------------------------------------- */

static pld_status open_for_field(const pld_file *file, const char *name,
                                 const pld_field *field, hid_t *out)
{
    struct pld_shape shape = pld_shape_of(field);
    PLD_TRY(pld_variable_open(file, name, out));
    PLD_TRY(pld_variable_check_read(*out, name, field->type));
    return pld_variable_check_shape(*out, name, 0, &shape);
}

static pld_status read_field(pld_file *file, const char *name, pld_field *field)
{
    pld_status status = PLD_OK;
    hid_t dataset = H5I_INVALID_HID;
    PLD_TRY(pld_io_check_field(file->ctx, field));
    PLD_TRY(pld_io_check_name(file->ctx, "variable", name, true));
    status = open_for_field(file, name, field, &dataset);
    PLD_TRY_TO(out, pld_agree(file->ctx, status));
    PLD_TRY_TO(out, pld_dataset_read(file, dataset, name, -1, field));
out:
    pld_h5_close(dataset);
    return status;
}

pld_status pld_file_read(pld_file *file, const char *name, pld_field *field)
{
    PLD_TRY(pld_file_check(file));
    struct pld_io_call call = pld_io_begin(file->ctx);
    PLD_TRY(pld_io_end(&call, read_field(file, name, field)));
    return PLD_OK;
}

/* --- Boxes ---------------------------------------------------------------- */

static pld_status check_box(hid_t dataset, const char *name, pld_box box,
                            int *ndims)
{
    struct pld_shape shape;
    PLD_TRY(pld_variable_shape(dataset, &shape));
    PLD_CHECK(shape.ndims >= 1 && shape.ndims <= PLD_MAXDIM, PLD_ERR_SHAPE,
              "'%s' has %d dimensions, boxes have 1 to %d", name, shape.ndims,
              PLD_MAXDIM);
    *ndims = shape.ndims;
    for (int d = 0; d < PLD_MAXDIM && !pld_box_empty(box); d++) {
        int64_t size = d < shape.ndims ? (int64_t)shape.size[d] : 1;
        PLD_CHECK(box.first[d] >= 0 && box.count[d] <= size - box.first[d],
                  PLD_ERR_SHAPE,
                  "box wants %lld from %lld on along dimension %d, '%s' has "
                  "%lld",
                  (long long)box.count[d], (long long)box.first[d], d, name,
                  (long long)size);
    }
    return PLD_OK;
}

static pld_status open_for_box(const pld_file *file, const char *name,
                               pld_box box, struct pld_target *target)
{
    PLD_TRY(pld_variable_open(file, name, &target->dataset));
    PLD_TRY(pld_variable_check_read(target->dataset, name, target->type));
    return check_box(target->dataset, name, box, &target->ndims);
}

static pld_status check_output(pld_box box, pld_type type, const void *out)
{
    PLD_CHECK(pld_type_size(type) > 0, PLD_ERR_ARG, "type %d is not a type",
              (int)type);
    PLD_CHECK(out != NULL || pld_box_empty(box), PLD_ERR_ARG, "out is NULL");
    return PLD_OK;
}

static pld_status read_box(pld_file *file, const char *name, pld_box box,
                           pld_type type, void *out_values)
{
    pld_status status = PLD_OK;
    struct pld_target target = {.dataset = H5I_INVALID_HID,
                                .name = name,
                                .step = -1,
                                .ncomps = 1,
                                .type = type};
    PLD_TRY(pld_io_check_name(file->ctx, "variable", name, true));
    PLD_TRY(pld_agree(file->ctx, check_output(box, type, out_values)));
    PLD_TRY(pld_agree_same(file->ctx, "type", &type, sizeof type));
    status = open_for_box(file, name, box, &target);
    PLD_TRY_TO(out, pld_agree(file->ctx, status));
    if (pld_box_empty(box))
        box = (pld_box){.count = {0}};
    struct pld_block block =
        pld_block_dense(out_values, box, PLD_PLANES, 1, pld_type_size(type));
    PLD_TRY_TO(out, pld_data_read(file, &target, &block, box));
out:
    pld_h5_close(target.dataset);
    return status;
}

pld_status pld_file_read_box(pld_file *file, const char *name, pld_box box,
                             pld_type type, void *out)
{
    PLD_TRY(pld_file_check(file));
    struct pld_io_call call = pld_io_begin(file->ctx);
    PLD_TRY(pld_io_end(&call, read_box(file, name, box, type, out)));
    return PLD_OK;
}
