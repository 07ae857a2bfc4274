#include "polder/file.h"
#include "io/axes.h"
#include "io/check.h"
#include "io/data.h"
#include "io/dataset.h"
#include "io/variable.h"

#include "base/alloc.h"
#include "par/message.h"
#include "polder/agree.h"

#include <string.h>

/* Parts of fields to and from places in variables. What is asked for becomes a
 * lattice of points of the variable, and a block that has the field's points in
 * the lattice's order: data.c moves them as it moves whole fields. */

struct task {
    pld_file *file;
    const char *name;
    pld_field *field;
    pld_part part; /* complete */
    enum pld_direction direction;
    bool is_new; /* on rank 0 */
};

/* What rank 0 finds out for a component, or all of them. */
struct found {
    struct pld_lattice lattice;
    struct pld_packing packing;
    bool split; /* one component at a time */
};

/* --- What is asked for ------------------------------------------------------
 */

static bool is_zero(pld_box box)
{
    const pld_box none = {.first = {0}};
    return memcmp(&box, &none, sizeof box) == 0;
}

/* Put in what zeros stand for. */
static void complete(pld_part *part, const pld_field *field)
{
    if (is_zero(part->box))
        part->box = pld_field_domain(field);
    for (int d = field->grid->ndims; d < PLD_MAXDIM; d++) {
        part->box.first[d] = 0;
        part->box.count[d] = 1;
    }
    for (int d = 0; d < PLD_MAXDIM; d++)
        if (part->stride[d] == 0 || d >= field->grid->ndims)
            part->stride[d] = 1;
    if (part->ncomps == 0)
        part->ncomps = field->ncomps - part->comp;
    for (int v = 0; v < PLD_VARIABLE_MAXDIM; v++)
        if (part->every[v] == 0)
            part->every[v] = 1;
}

static pld_status check_part(const pld_part *part, const pld_field *field)
{
    pld_box domain = pld_field_domain(field);
    for (int d = 0; d < field->grid->ndims; d++) {
        PLD_CHECK(part->box.count[d] >= 1 && part->box.first[d] >= 0 &&
                      part->box.count[d] <=
                          domain.count[d] - part->box.first[d],
                  PLD_ERR_SHAPE,
                  "part.box has %lld points from %lld on along dimension %d, "
                  "field '%s' has %lld",
                  (long long)part->box.count[d], (long long)part->box.first[d],
                  d, field->name, (long long)domain.count[d]);
        PLD_CHECK(part->stride[d] >= 1, PLD_ERR_ARG, "part.stride[%d] is %lld",
                  d, (long long)part->stride[d]);
    }
    PLD_CHECK(part->comp >= 0 && part->ncomps >= 1 &&
                  part->ncomps <= field->ncomps - part->comp,
              PLD_ERR_SHAPE,
              "the part has %d components from %d on, field '%s' has %d",
              part->ncomps, part->comp, field->name, field->ncomps);
    for (int v = 0; v < PLD_VARIABLE_MAXDIM; v++)
        PLD_CHECK(part->every[v] >= 1 && part->at[v] >= 0, PLD_ERR_ARG,
                  "part.at[%d] is %lld, part.every[%d] is %lld", v,
                  (long long)part->at[v], v, (long long)part->every[v]);
    return PLD_OK;
}

static pld_status check_unpacking(const struct task *task)
{
    pld_type type = task->field->type;
    PLD_CHECK(!task->part.unpack || type == PLD_F64 || type == PLD_F32,
              PLD_ERR_TYPE, "field '%s' is %s: f64 or f32 is unpacked to",
              task->field->name, pld_type_name(type));
    PLD_CHECK(!task->part.unpack || task->direction == PLD_FROM_FILE,
              PLD_ERR_ARG, "part.unpack is for reading");
    return PLD_OK;
}

static pld_status agree_part(pld_ctx *ctx, const pld_part *part)
{
    int64_t numbers[2 * PLD_MAXDIM + PLD_MAXDIM + 6 + PLD_MAXDIM + 1];
    int n = 0;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        numbers[n++] = part->box.first[d];
        numbers[n++] = part->box.count[d];
        numbers[n++] = part->stride[d];
    }
    for (int d = 0; d <= PLD_MAXDIM; d++)
        numbers[n++] = part->dims[d];
    numbers[n++] = part->comp;
    numbers[n++] = part->ncomps;
    numbers[n++] = part->convert;
    numbers[n++] = part->unpack;
    numbers[n++] = part->replace;
    memcpy(&numbers[n++], &part->missing, sizeof part->missing);
    PLD_TRY(
        pld_agree_same(ctx, "part", numbers, (size_t)n * sizeof numbers[0]));
    PLD_TRY(pld_agree_same(ctx, "part.at", part->at, sizeof part->at));
    PLD_TRY(pld_agree_same(ctx, "part.every", part->every, sizeof part->every));
    return pld_agree_same(ctx, "part.reversed", part->reversed,
                          sizeof part->reversed);
}

static pld_status check_task(struct task *task)
{
    pld_ctx *ctx = task->file->ctx;
    PLD_TRY(pld_io_check_field(ctx, task->field));
    PLD_TRY(pld_io_check_name(ctx, "variable", task->name,
                              task->direction == PLD_FROM_FILE));
    complete(&task->part, task->field);
    PLD_TRY(pld_agree(ctx, check_part(&task->part, task->field)));
    PLD_TRY(pld_agree(ctx, check_unpacking(task)));
    return agree_part(ctx, &task->part);
}

/* --- A new variable, on rank 0 ----------------------------------------------
 */

static pld_status check_plain(const struct task *task)
{
    const pld_part *part = &task->part;
    bool plain = true;
    for (int v = 0; v < PLD_VARIABLE_MAXDIM; v++)
        plain = plain && part->at[v] == 0 && part->every[v] == 1 &&
                !part->reversed[v];
    for (int d = 0; d <= PLD_MAXDIM; d++)
        plain = plain && part->dims[d] == 0;
    PLD_CHECK(plain, PLD_ERR_NOENT,
              "no variable '%s' in '%s' to have a part written into it: "
              "pld_file_create_variable() makes one",
              task->name, task->file->path);
    return PLD_OK;
}

/* Coordinates of every stride-th point are those of a coarser axis. Without
 * axes they are indices. */
static void thin_axes(const struct task *task, struct pld_file_axis *axes)
{
    pld_file *file = task->file;
    int ndims = task->field->grid->ndims;
    bool given = file->naxes == ndims;
    for (int d = 0; d < ndims; d++) {
        double half = task->field->node[d] ? 0 : 0.5;
        double stride = (double)task->part.stride[d];
        double first = (double)task->part.box.first[d];
        double origin = given ? axes[d].origin : -half;
        double spacing = given ? axes[d].spacing : 1;
        axes[d].origin = origin + spacing * (first + half - half * stride);
        axes[d].spacing = spacing * stride;
        if (!given) {
            axes[d].name = (char *)pld_axes_name(file, ndims, d);
            axes[d].units = NULL;
        }
    }
    file->naxes = ndims;
}

/* The part is laid out as a field that has just its points. */
static pld_status create_for(const struct task *task, hid_t *out)
{
    pld_file *file = task->file;
    struct pld_file_axis axes[PLD_MAXDIM];
    int naxes = file->naxes;
    pld_grid grid = *task->field->grid;
    pld_field like = *task->field;
    PLD_TRY(check_plain(task));
    for (int d = 0; d < grid.ndims; d++) {
        int64_t span = task->part.box.count[d] - 1;
        grid.size[d] = span / task->part.stride[d] + 1 - like.node[d];
        grid.periodic[d] = false;
    }
    like.grid = &grid;
    like.name = (char *)task->name;
    like.ncomps = task->part.ncomps;
    memcpy(axes, file->axes, sizeof axes);
    thin_axes(task, file->axes);
    pld_status status = pld_dataset_create(file, &like, out);
    memcpy(file->axes, axes, sizeof axes);
    file->naxes = naxes;
    return status;
}

/* --- A variable that is there, on rank 0 ------------------------------------
 */

static pld_status check_type(const struct task *task, hid_t dataset)
{
    pld_type type = task->field->type;
    hid_t stored = H5Dget_type(dataset);
    H5T_class_t kind = H5Tget_class(stored);
    bool number = kind == H5T_INTEGER || kind == H5T_FLOAT;
    char words[PLD_H5_WORDS];
    pld_h5_words(stored, words);
    pld_h5_close(stored);
    if ((task->part.convert || task->part.unpack) && type != PLD_C128) {
        PLD_CHECK(number, PLD_ERR_TYPE, "'%s' has %s, field '%s' is %s",
                  task->name, words, task->field->name, pld_type_name(type));
        return PLD_OK;
    }
    if (task->direction == PLD_FROM_FILE)
        return pld_variable_check_read(dataset, task->name, type);
    if (task->is_new)
        return PLD_OK;
    return pld_variable_check_type(dataset, task->name, type);
}

static pld_status look_at(const struct task *task, hid_t dataset, int comp,
                          struct found *found, struct pld_stored *stored)
{
    struct pld_shape shape;
    int64_t sizes[PLD_VARIABLE_MAXDIM];
    PLD_TRY(check_type(task, dataset));
    PLD_TRY(pld_variable_shape(dataset, &shape));
    for (int v = 0; v < shape.ndims && v < PLD_VARIABLE_MAXDIM; v++)
        sizes[v] = (int64_t)shape.size[v];
    PLD_TRY(pld_lattice_make(task->name, &task->part, task->field->grid->ndims,
                             shape.ndims, sizes, comp, &found->lattice,
                             &found->split));
    if (task->part.unpack)
        PLD_TRY(pld_packing_find(dataset, task->name, &found->packing));
    if (task->part.replace)
        found->packing.replacement = task->part.missing;
    return pld_stored_find_part(dataset, &found->lattice, sizes, stored);
}

/* A new one has all its space from the start. */
static pld_status take_space(const struct task *task,
                             const struct pld_stored *stored)
{
    const struct pld_bricks *bricks = &stored->bricks;
    if (!task->is_new || !stored->reachable || stored->chunked)
        return PLD_OK;
    return pld_file_take_space(task->file, bricks->places[0],
                               bricks->point * bricks->size[0] *
                                   bricks->size[1] * bricks->size[2]);
}

static pld_status find(struct task *task, int comp, struct found *found,
                       struct pld_stored *stored)
{
    pld_status status = PLD_OK;
    pld_file *file = task->file;
    bool writes = task->direction == PLD_TO_FILE;
    hid_t dataset = H5I_INVALID_HID;
    if (writes && !pld_variable_exists(file, task->name)) {
        task->is_new = true;
        PLD_TRY_TO(out, create_for(task, &dataset));
    } else {
        PLD_TRY_TO(out, pld_variable_open(file, task->name, &dataset));
    }
    PLD_TRY_TO(out, look_at(task, dataset, comp, found, stored));
    PLD_TRY_TO(out, take_space(task, stored));
    if (writes)
        PLD_TRY_TO(out, pld_checksum_drop(file, task->name));
out:
    pld_h5_close(dataset);
    return status;
}

/* --- Moving -----------------------------------------------------------------
 */

/* The field's points by their index in the lattice. */
static struct pld_block block_of(const struct task *task,
                                 const struct pld_lattice *lattice, int comp)
{
    const pld_part *part = &task->part;
    struct pld_block block = pld_block_components(
        pld_field_block(task->field), part->comp + comp, lattice->ncomps);
    struct pld_block out = block;
    int64_t first[PLD_MAXDIM] = {0};
    memset(out.stride, 0, sizeof out.stride);
    for (int n = 0; n < lattice->npoints; n++) {
        int d = lattice->from[n];
        int64_t last = part->stride[d] * (lattice->count[n] - 1);
        int64_t stride = part->stride[d] * block.stride[d];
        first[d] = part->box.first[d] + (lattice->reversed[n] ? last : 0);
        out.stride[n] = lattice->reversed[n] ? -stride : stride;
    }
    out.data = pld_block_at(&block, first);
    return out;
}

static pld_status move(const struct task *task, const struct found *found,
                       const struct pld_stored *stored, int comp)
{
    const struct pld_lattice *lattice = &found->lattice;
    struct pld_target target = {.name = task->name,
                                .stored = stored,
                                .step = -1,
                                .ndims = lattice->npoints,
                                .ncomps = lattice->ncomps,
                                .type = task->field->type,
                                .whole = true,
                                .lattice = lattice,
                                .packing =
                                    task->part.unpack ? &found->packing : NULL};
    struct pld_block block = block_of(task, lattice, comp);
    pld_box own = pld_lattice_own(lattice, &task->part, task->field->owned);
    return task->direction == PLD_TO_FILE
               ? pld_data_write(task->file, &target, &block, own)
               : pld_data_read(task->file, &target, &block, own);
}

/* One component, or all: *split says. */
static pld_status move_from(struct task *task, int comp, bool *split)
{
    pld_status status = PLD_OK;
    pld_file *file = task->file;
    struct found found = {.split = false};
    struct pld_stored stored = {.places = NULL};
    PLD_TRY(pld_file_describe(file));
    if (pld_file_leads(file))
        status = find(task, comp, &found, &stored);
    PLD_TRY_TO(out, pld_stored_share(file->ctx, status, 1, &stored));
    PLD_TRY_TO(out, pld_broadcast(file->ctx, &found, (int64_t)sizeof found, 0));
    *split = found.split;
    PLD_TRY_TO(out, move(task, &found, &stored, comp));
out:
    pld_stored_free(1, &stored);
    return status;
}

static pld_status move_all(struct task *task)
{
    bool split = true;
    for (int comp = 0; comp < task->part.ncomps && split; comp++)
        PLD_TRY(move_from(task, comp, &split));
    return PLD_OK;
}

static pld_status write_part(struct task *task)
{
    pld_file *file = task->file;
    PLD_TRY(pld_agree(file->ctx, pld_file_check_writable(file)));
    PLD_TRY(check_task(task));
    pld_status status = move_all(task);
    if (status != PLD_OK && task->is_new && file->id >= 0 &&
        pld_variable_exists(file, task->name))
        H5Ldelete(file->id, task->name, H5P_DEFAULT);
    return status;
}

static pld_status read_part(struct task *task)
{
    PLD_TRY(check_task(task));
    pld_fresh_touch(task->field);
    return move_all(task);
}

/* The same on all ranks: whether there is a part. */
static pld_status run(pld_file *file, const char *name, pld_field *field,
                      const pld_part *part, enum pld_direction direction)
{
    struct task task = {
        .file = file, .name = name, .field = field, .direction = direction};
    if (part != NULL)
        task.part = *part;
    return direction == PLD_TO_FILE ? write_part(&task) : read_part(&task);
}

pld_status pld_file_write_part(pld_file *file, const char *name,
                               pld_field *field, const pld_part *part)
{
    PLD_TRY(pld_file_check(file));
    struct pld_io_call call = pld_io_begin(file->ctx);
    PLD_TRY(pld_io_end(&call, run(file, name, field, part, PLD_TO_FILE)));
    return PLD_OK;
}

pld_status pld_file_read_part(pld_file *file, const char *name,
                              pld_field *field, const pld_part *part)
{
    PLD_TRY(pld_file_check(file));
    struct pld_io_call call = pld_io_begin(file->ctx);
    PLD_TRY(pld_io_end(&call, run(file, name, field, part, PLD_FROM_FILE)));
    return PLD_OK;
}

/* --- A variable for parts ---------------------------------------------------
 */

static pld_status check_like(const pld_variable *like)
{
    PLD_CHECK(like != NULL, PLD_ERR_ARG, "like is NULL");
    PLD_CHECK(pld_type_size(like->type) > 0, PLD_ERR_ARG,
              "type %d is not a type", (int)like->type);
    PLD_CHECK(like->ndims >= 1 && like->ndims <= PLD_VARIABLE_MAXDIM,
              PLD_ERR_ARG, "ndims is %d: 1 to %d", like->ndims,
              PLD_VARIABLE_MAXDIM);
    for (int d = 0; d < like->ndims; d++)
        PLD_CHECK(like->size[d] >= 1, PLD_ERR_ARG, "size[%d] is %lld", d,
                  (long long)like->size[d]);
    return PLD_OK;
}

static pld_status agree_like(pld_ctx *ctx, const pld_variable *like)
{
    PLD_TRY(pld_agree(ctx, check_like(like)));
    int64_t numbers[2 + PLD_VARIABLE_MAXDIM] = {like->type, like->ndims};
    for (int d = 0; d < like->ndims; d++)
        numbers[2 + d] = like->size[d];
    return pld_agree_same(ctx, "like", numbers, sizeof numbers);
}

static pld_status make_variable(pld_file *file, const char *name,
                                const pld_variable *like)
{
    hid_t dataset = H5I_INVALID_HID;
    PLD_CHECK(!pld_variable_exists(file, name), PLD_ERR_STATE,
              "there is a variable '%s' in '%s'", name, file->path);
    pld_status status = pld_dataset_create_empty(file, name, like, &dataset);
    pld_h5_close(dataset);
    return status;
}

static pld_status create_variable(pld_file *file, const char *name,
                                  const pld_variable *like)
{
    pld_ctx *ctx = file->ctx;
    PLD_TRY(pld_agree(ctx, pld_file_check_writable(file)));
    PLD_TRY(pld_io_check_name(ctx, "variable", name, false));
    PLD_TRY(agree_like(ctx, like));
    PLD_TRY(pld_file_describe(file));
    pld_status status = PLD_OK;
    if (pld_file_leads(file))
        status = make_variable(file, name, like);
    return pld_agree(ctx, status);
}

pld_status pld_file_create_variable(pld_file *file, const char *name,
                                    const pld_variable *like)
{
    PLD_TRY(pld_file_check(file));
    struct pld_io_call call = pld_io_begin(file->ctx);
    PLD_TRY(pld_io_end(&call, create_variable(file, name, like)));
    return PLD_OK;
}
