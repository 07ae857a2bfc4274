#include "polder/file.h"
#include "io/check.h"
#include "io/variable.h"

#include "par/message.h"
#include "polder/agree.h"

#include <stdio.h>
#include <string.h>

/* --- Names ---------------------------------------------------------------- */

#define NAMES 300

/* Append a name, or dots when it does not fit; the latter ends the list. */
static herr_t add_name(hid_t file, const char *name, const H5L_info_t *link,
                       void *data)
{
    (void)file;
    (void)link;
    char *names = data;
    size_t used = strlen(names);
    const char *comma = used > 0 ? ", " : "";
    if (used + strlen(name) + 8 < NAMES) {
        snprintf(names + used, NAMES - used, "%s%s", comma, name);
        return 0;
    }
    snprintf(names + used, NAMES - used, "%s...", comma);
    return 1;
}

static pld_status raise_missing(const pld_file *file, const char *name)
{
    char names[NAMES] = "";
    PLD_H5(
        PLD_ERR_CORRUPT,
        H5Literate(file->id, H5_INDEX_NAME, H5_ITER_INC, NULL, add_name, names),
        "cannot list the variables of '%s'", file->path);
    PLD_RAISE(PLD_ERR_NOENT, "no variable '%s' in '%s': there is %s", name,
              file->path, names[0] != '\0' ? names : "nothing");
}

bool pld_variable_exists(const pld_file *file, const char *name)
{
    return H5Lexists(file->id, name, H5P_DEFAULT) > 0;
}

pld_status pld_variable_open(const pld_file *file, const char *name, hid_t *out)
{
    pld_status status = PLD_OK;
    if (!pld_variable_exists(file, name))
        PLD_TRY(raise_missing(file, name));
    hid_t id = H5Oopen(file->id, name, H5P_DEFAULT);
    PLD_H5_TO(out, PLD_ERR_CORRUPT, id, "cannot open '%s' in '%s'", name,
              file->path);
    PLD_CHECK_TO(out, H5Iget_type(id) == H5I_DATASET, PLD_ERR_NOENT,
                 "'%s' in '%s' is not a variable: a group or a type", name,
                 file->path);
    *out = id;
    id = H5I_INVALID_HID;
out:
    pld_h5_close(id);
    return status;
}

/* --- Shapes --------------------------------------------------------------- */

pld_status pld_variable_shape(hid_t dataset, struct pld_shape *out)
{
    pld_status status = PLD_OK;
    hid_t space = H5Dget_space(dataset);
    PLD_H5_TO(out, PLD_ERR_CORRUPT, space, "no shape");
    out->ndims = H5Sget_simple_extent_dims(space, out->size, NULL);
    PLD_H5_TO(out, PLD_ERR_CORRUPT, out->ndims, "no dimensions");
out:
    pld_h5_close(space);
    return status;
}

struct pld_shape pld_shape_of(const pld_field *field)
{
    struct pld_shape shape = {.ndims = field->grid->ndims};
    for (int d = 0; d < shape.ndims; d++)
        shape.size[d] = (hsize_t)pld_field_domain(field).count[d];
    if (field->ncomps > 1)
        shape.size[shape.ndims++] = (hsize_t)field->ncomps;
    return shape;
}

/* "64 x 32", or "one number". */
static void say_shape(int ndims, const hsize_t *size, char *out, size_t room)
{
    snprintf(out, room, "one number");
    size_t used = 0;
    for (int d = 0; d < ndims && used < room; d++)
        used +=
            (size_t)snprintf(out + used, room - used, "%s%llu",
                             d > 0 ? " x " : "", (unsigned long long)size[d]);
}

pld_status pld_variable_check_shape(hid_t dataset, const char *name, int skip,
                                    const struct pld_shape *shape)
{
    struct pld_shape there;
    PLD_TRY(pld_variable_shape(dataset, &there));
    size_t bytes = (size_t)shape->ndims * sizeof shape->size[0];
    if (there.ndims == skip + shape->ndims &&
        memcmp(there.size + skip, shape->size, bytes) == 0)
        return PLD_OK;
    char have[128];
    char want[128];
    say_shape(there.ndims, there.size, have, sizeof have);
    say_shape(shape->ndims, shape->size, want, sizeof want);
    PLD_RAISE(PLD_ERR_SHAPE, "'%s' is %s in the file, the field is %s%s", name,
              have, want, skip > 0 ? " for each step" : "");
}

/* --- Types ---------------------------------------------------------------- */

pld_status pld_variable_check_read(hid_t dataset, const char *name,
                                   pld_type type)
{
    hid_t stored = H5Dget_type(dataset);
    PLD_H5(PLD_ERR_CORRUPT, stored, "no type of '%s'", name);
    bool holds = pld_h5_holds(type, stored);
    char words[PLD_H5_WORDS];
    pld_h5_words(stored, words);
    pld_h5_close(stored);
    PLD_CHECK(holds, PLD_ERR_TYPE, "'%s' has %s, which %s does not hold", name,
              words, pld_type_name(type));
    return PLD_OK;
}

pld_status pld_variable_check_type(hid_t dataset, const char *name,
                                   pld_type type)
{
    pld_status status = PLD_OK;
    char words[PLD_H5_WORDS];
    hid_t ours = H5I_INVALID_HID;
    hid_t stored = H5Dget_type(dataset);
    PLD_H5_TO(out, PLD_ERR_CORRUPT, stored, "no type of '%s'", name);
    PLD_TRY_TO(out, pld_h5_file_type(type, &ours));
    pld_h5_words(stored, words);
    PLD_CHECK_TO(out, H5Tequal(stored, ours) > 0, PLD_ERR_TYPE,
                 "'%s' has %s in the file, the field is %s", name, words,
                 pld_type_name(type));
out:
    pld_h5_close(ours);
    pld_h5_close(stored);
    return status;
}

/* --- Creating ------------------------------------------------------------- */

static bool sticks_out(const struct pld_variable_plan *plan)
{
    bool out = plan->chunk != NULL && plan->shape.ndims == 1;
    for (int d = 0; plan->chunk && !plan->grows && d < plan->shape.ndims; d++)
        out = out || plan->shape.size[d] % plan->chunk[d] != 0;
    return out;
}

static pld_status set_filters(hid_t list, const struct pld_variable_plan *plan)
{
    if (plan->deflate > 0) {
        PLD_H5(PLD_ERR_UNSUPPORTED, H5Pset_shuffle(list),
               "HDF5 cannot shuffle");
        PLD_H5(PLD_ERR_UNSUPPORTED,
               H5Pset_deflate(list, (unsigned)plan->deflate),
               "HDF5 cannot compress");
    }
    if (plan->filter > 0)
        PLD_H5(PLD_ERR_UNSUPPORTED,
               H5Pset_filter(list, plan->filter, H5Z_FLAG_MANDATORY,
                             (size_t)plan->nparams, plan->params),
               "HDF5 does not take filter %d", plan->filter);
    return PLD_OK;
}

/* Space is taken at once and not filled: all of it will be written. Where it
 * may not be, in the last chunks, zeros are better than what memory held.
 * Compressed chunks take what they need when they are written. */
static pld_status set_filling(hid_t list, const struct pld_variable_plan *plan)
{
    bool filled = plan->zeroed || sticks_out(plan);
    if (plan->deflate > 0 || plan->filter > 0)
        return set_filters(list, plan);
    PLD_H5(PLD_ERR_INTERNAL, H5Pset_alloc_time(list, H5D_ALLOC_TIME_EARLY),
           "HDF5 cannot take space early");
    PLD_H5(PLD_ERR_INTERNAL,
           H5Pset_fill_time(list,
                            filled ? H5D_FILL_TIME_ALLOC : H5D_FILL_TIME_NEVER),
           "HDF5 cannot choose whether to fill");
    return PLD_OK;
}

static pld_status make_layout(const struct pld_variable_plan *plan, hid_t *out)
{
    pld_status status = PLD_OK;
    const unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    PLD_H5_TO(out, PLD_ERR_INTERNAL, list, "no dataset creation list");
    PLD_H5_TO(out, PLD_ERR_INTERNAL, H5Pset_obj_track_times(list, false),
              "HDF5 cannot leave out time stamps");
    PLD_H5_TO(out, PLD_ERR_INTERNAL, H5Pset_attr_creation_order(list, order),
              "HDF5 cannot keep the order of attributes");
    if (plan->chunk != NULL)
        PLD_H5_TO(out, PLD_ERR_INTERNAL,
                  H5Pset_chunk(list, plan->shape.ndims, plan->chunk),
                  "HDF5 refuses the chunks");
    PLD_TRY_TO(out, set_filling(list, plan));
    *out = list;
    list = H5I_INVALID_HID;
out:
    pld_h5_close(list);
    return status;
}

static hid_t make_space(const struct pld_variable_plan *plan)
{
    hsize_t most[H5S_MAX_RANK];
    memcpy(most, plan->shape.size, sizeof most);
    if (plan->grows)
        most[0] = H5S_UNLIMITED;
    return H5Screate_simple(plan->shape.ndims, plan->shape.size, most);
}

static pld_status make_type(const struct pld_variable_plan *plan, hid_t *out)
{
    if (plan->stored <= 0)
        return pld_h5_file_type(plan->type, out);
    *out = H5Tcopy(plan->stored);
    PLD_H5(PLD_ERR_MEMORY, *out, "no type for a variable");
    return PLD_OK;
}

pld_status pld_variable_create(const pld_file *file, const char *name,
                               const struct pld_variable_plan *plan, hid_t *out)
{
    pld_status status = PLD_OK;
    hid_t stored = H5I_INVALID_HID;
    hid_t layout = H5I_INVALID_HID;
    hid_t space = make_space(plan);
    PLD_H5_TO(out, PLD_ERR_SHAPE, space, "no space for '%s'", name);
    PLD_TRY_TO(out, make_type(plan, &stored));
    PLD_TRY_TO(out, make_layout(plan, &layout));
    *out = H5Dcreate2(file->id, name, stored, space, H5P_DEFAULT, layout,
                      H5P_DEFAULT);
    PLD_H5_TO(out, PLD_ERR_IO, *out, "cannot create '%s' in '%s'", name,
              file->path);
out:
    pld_h5_close(layout);
    pld_h5_close(stored);
    pld_h5_close(space);
    return status;
}

/* --- Looking up ----------------------------------------------------------- */

static pld_status describe(hid_t dataset, const char *name, pld_variable *out)
{
    struct pld_shape shape;
    PLD_TRY(pld_variable_shape(dataset, &shape));
    PLD_CHECK(shape.ndims <= PLD_VARIABLE_MAXDIM, PLD_ERR_UNSUPPORTED,
              "'%s' has %d dimensions, more than %d", name, shape.ndims,
              PLD_VARIABLE_MAXDIM);
    hid_t stored = H5Dget_type(dataset);
    PLD_H5(PLD_ERR_CORRUPT, stored, "no type of '%s'", name);
    pld_variable found = {.type = pld_h5_smallest(stored),
                          .ndims = shape.ndims};
    char words[PLD_H5_WORDS];
    pld_h5_words(stored, words);
    pld_h5_close(stored);
    PLD_CHECK(found.type != PLD_TYPE_COUNT, PLD_ERR_TYPE,
              "'%s' has %s, which no type here holds", name, words);
    for (int d = 0; d < shape.ndims; d++)
        found.size[d] = (int64_t)shape.size[d];
    *out = found;
    return PLD_OK;
}

static pld_status look_up(const pld_file *file, const char *name,
                          pld_variable *out)
{
    hid_t dataset = H5I_INVALID_HID;
    PLD_TRY(pld_variable_open(file, name, &dataset));
    pld_status status = describe(dataset, name, out);
    pld_h5_close(dataset);
    return status;
}

static pld_status inquire(pld_file *file, const char *name, pld_variable *out)
{
    pld_status status = PLD_OK;
    pld_variable found = {.ndims = 0};
    PLD_TRY(pld_io_check_name(file->ctx, "variable", name, true));
    PLD_TRY(pld_io_check_pointer(file->ctx, "out", out));
    PLD_TRY(pld_file_describe(file));
    if (pld_file_leads(file))
        status = look_up(file, name, &found);
    PLD_TRY(pld_agree(file->ctx, status));
    PLD_TRY(pld_broadcast(file->ctx, &found, (int64_t)sizeof found, 0));
    *out = found;
    return PLD_OK;
}

pld_status pld_file_inquire(pld_file *file, const char *name, pld_variable *out)
{
    PLD_TRY(pld_file_check(file));
    struct pld_io_call call = pld_io_begin(file->ctx);
    PLD_TRY(pld_io_end(&call, inquire(file, name, out)));
    return PLD_OK;
}
