#include "polder/file.h"
#include "io/check.h"
#include "io/data.h"
#include "io/variable.h"

#include "polder/agree.h"

static pld_status check_output(pld_box box, pld_type type, const void *out)
{
    PLD_CHECK(pld_type_size(type) > 0, PLD_ERR_ARG, "type %d is not a type",
              (int)type);
    PLD_CHECK(out != NULL || pld_box_empty(box), PLD_ERR_ARG, "out is NULL");
    return PLD_OK;
}

/* On rank 0. */
static pld_status find(const pld_file *file, const char *name, pld_type type,
                       struct pld_stored *stored)
{
    pld_status status = PLD_OK;
    struct pld_shape shape;
    hid_t dataset = H5I_INVALID_HID;
    PLD_TRY_TO(out, pld_variable_open(file, name, &dataset));
    PLD_TRY_TO(out, pld_variable_check_read(dataset, name, type));
    PLD_TRY_TO(out, pld_variable_shape(dataset, &shape));
    PLD_CHECK_TO(out, shape.ndims >= 1 && shape.ndims <= PLD_MAXDIM,
                 PLD_ERR_SHAPE, "'%s' has %d dimensions, boxes have 1 to %d",
                 name, shape.ndims, PLD_MAXDIM);
    PLD_TRY_TO(out, pld_stored_find(dataset, -1, shape.ndims, 1, stored));
out:
    pld_h5_close(dataset);
    return status;
}

static pld_status check_box(const char *name, const struct pld_stored *stored,
                            pld_box box)
{
    for (int d = 0; d < PLD_MAXDIM && !pld_box_empty(box); d++) {
        int64_t size = stored->bricks.size[d];
        PLD_CHECK(box.first[d] >= 0 && box.count[d] <= size - box.first[d],
                  PLD_ERR_SHAPE,
                  "box wants %lld from %lld on along dimension %d, '%s' has "
                  "%lld",
                  (long long)box.count[d], (long long)box.first[d], d, name,
                  (long long)size);
    }
    return PLD_OK;
}

static pld_status read_found(pld_file *file, const struct pld_target *target,
                             pld_box box, void *out)
{
    PLD_TRY(pld_agree(file->ctx, check_box(target->name, target->stored, box)));
    if (pld_box_empty(box))
        box = (pld_box){.count = {0}};
    struct pld_block block =
        pld_block_dense(out, box, PLD_PLANES, 1, pld_type_size(target->type));
    return pld_data_read(file, target, &block, box);
}

static pld_status read_box(pld_file *file, const char *name, pld_box box,
                           pld_type type, void *out_values)
{
    pld_status status = PLD_OK;
    struct pld_stored stored = {.places = NULL};
    PLD_TRY(pld_io_check_name(file->ctx, "variable", name, true));
    PLD_TRY(pld_agree(file->ctx, check_output(box, type, out_values)));
    PLD_TRY(pld_agree_same(file->ctx, "type", &type, sizeof type));
    PLD_TRY(pld_file_describe(file));
    if (pld_file_leads(file))
        status = find(file, name, type, &stored);
    PLD_TRY_TO(out, pld_stored_share(file->ctx, status, 1, &stored));
    struct pld_target target = {.name = name,
                                .stored = &stored,
                                .step = -1,
                                .ndims = stored.ndims,
                                .ncomps = 1,
                                .type = type};
    PLD_TRY_TO(out, read_found(file, &target, box, out_values));
out:
    pld_stored_free(1, &stored);
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
