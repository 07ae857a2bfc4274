#include "polder/file.h"
#include "io/check.h"
#include "io/links.h"
#include "io/variable.h"

#include "base/alloc.h"
#include "par/message.h"
#include "polder/agree.h"

#include <string.h>

/* What a file says of attributes and dimensions: rank 0 looks it up, the others
 * are told. */

/* --- Dimensions --------------------------------------------------------------
 */

/* netCDF keeps dimensions without coordinates as scales of this name. */
static bool has_coordinates(hid_t scale)
{
    static const char none[] = "This is a netCDF dimension but not a netCDF";
    char name[sizeof none + 32];
    pld_scale_name(scale, sizeof name, name);
    return strncmp(name, none, sizeof none - 1) != 0;
}

static void take_scale(hid_t scale, pld_dimension *out)
{
    ssize_t length = H5Iget_name(scale, out->name, sizeof out->name);
    if (length <= 0 || length >= (ssize_t)sizeof out->name) {
        out->name[0] = '\0';
        return;
    }
    memmove(out->name, out->name + 1, (size_t)length);
    out->coordinates = has_coordinates(scale);
}

/* The first scale of a list of references for each dimension. */
static pld_status take_first(hid_t dataset, hid_t list, int dim, int ndims,
                             pld_dimension *out)
{
    pld_status status = PLD_OK;
    hvl_t lists[H5S_MAX_RANK] = {{0}};
    hid_t type = H5Tvlen_create(H5T_STD_REF_OBJ);
    hid_t space = H5Aget_space(list);
    if (H5Sget_simple_extent_npoints(space) != ndims)
        goto out;
    PLD_H5_TO(out, PLD_ERR_CORRUPT, H5Aread(list, type, lists),
              "cannot read the dimensions");
    if (lists[dim].len > 0) {
        hid_t scale =
            H5Rdereference2(dataset, H5P_DEFAULT, H5R_OBJECT, lists[dim].p);
        if (scale >= 0)
            take_scale(scale, out);
        pld_h5_close(scale);
    }
    H5Dvlen_reclaim(type, space, H5P_DEFAULT, lists);
out:
    pld_h5_close(space);
    pld_h5_close(type);
    return status;
}

static pld_status find_scale(hid_t dataset, int dim, int ndims,
                             pld_dimension *out)
{
    if (ndims == 1 && pld_scale_is(dataset)) {
        take_scale(dataset, out);
        return PLD_OK;
    }
    if (H5Aexists(dataset, "DIMENSION_LIST") <= 0)
        return PLD_OK;
    hid_t list = H5Aopen(dataset, "DIMENSION_LIST", H5P_DEFAULT);
    PLD_H5(PLD_ERR_CORRUPT, list, "cannot open the dimensions");
    pld_status status = take_first(dataset, list, dim, ndims, out);
    pld_h5_close(list);
    return status;
}

static pld_status describe_dimension(hid_t dataset, const char *name, int dim,
                                     pld_dimension *out)
{
    pld_status status = PLD_OK;
    hsize_t size[H5S_MAX_RANK];
    hsize_t most[H5S_MAX_RANK];
    hid_t space = H5Dget_space(dataset);
    PLD_H5_TO(out, PLD_ERR_CORRUPT, space, "no shape of '%s'", name);
    int ndims = H5Sget_simple_extent_dims(space, size, most);
    PLD_CHECK_TO(out, dim >= 0 && dim < ndims, PLD_ERR_ARG,
                 "dim is %d: '%s' has %d dimensions", dim, name, ndims);
    out->size = (int64_t)size[dim];
    out->grows = most[dim] == H5S_UNLIMITED;
    PLD_TRY_TO(out, find_scale(dataset, dim, ndims, out));
out:
    pld_h5_close(space);
    return status;
}

static pld_status look_up_dimension(const pld_file *file, const char *variable,
                                    int dim, pld_dimension *out)
{
    hid_t dataset = H5I_INVALID_HID;
    PLD_TRY(pld_variable_open(file, variable, &dataset));
    pld_status status = describe_dimension(dataset, variable, dim, out);
    pld_h5_close(dataset);
    return status;
}

static pld_status inquire_dimension(pld_file *file, const char *variable,
                                    int dim, pld_dimension *out)
{
    pld_ctx *ctx = file->ctx;
    pld_status status = PLD_OK;
    pld_dimension found = {.size = 0};
    PLD_TRY(pld_io_check_name(ctx, "variable", variable, true));
    PLD_TRY(pld_agree_same(ctx, "dim", &dim, sizeof dim));
    PLD_TRY(pld_io_check_pointer(ctx, "out", out));
    PLD_TRY(pld_file_describe(file));
    if (pld_file_leads(file))
        status = look_up_dimension(file, variable, dim, &found);
    PLD_TRY(pld_agree(ctx, status));
    PLD_TRY(pld_broadcast(ctx, &found, (int64_t)sizeof found, 0));
    *out = found;
    return PLD_OK;
}

pld_status pld_file_inquire_dimension(pld_file *file, const char *variable,
                                      int dim, pld_dimension *out)
{
    PLD_TRY(pld_file_check(file));
    struct pld_io_call call = pld_io_begin(file->ctx);
    PLD_TRY(pld_io_end(&call, inquire_dimension(file, variable, dim, out)));
    return PLD_OK;
}

/* --- Attributes
 * --------------------------------------------------------------- */

/* An attribute and, behind it, its name. */
struct entry {
    pld_attribute attribute;
    int64_t name_bytes;
};

struct entries {
    char *data;
    int64_t bytes;
    int64_t room;
    pld_status status;
};

static pld_status append(struct entries *entries, const void *data,
                         int64_t bytes)
{
    if (entries->bytes + bytes > entries->room) {
        char *larger = NULL;
        int64_t room = 2 * (entries->bytes + bytes);
        PLD_TRY(pld_alloc("attributes", room, 1, &larger));
        if (entries->bytes > 0)
            memcpy(larger, entries->data, (size_t)entries->bytes);
        pld_free(entries->data);
        entries->data = larger;
        entries->room = room;
    }
    memcpy(entries->data + entries->bytes, data, (size_t)bytes);
    entries->bytes += bytes;
    return PLD_OK;
}

static pld_attribute describe_attribute(hid_t id)
{
    hid_t type = H5Aget_type(id);
    hid_t space = H5Aget_space(id);
    pld_attribute out = {.text = H5Tget_class(type) == H5T_STRING,
                         .count = H5Sget_simple_extent_npoints(space),
                         .type = PLD_TYPE_COUNT};
    if (!out.text)
        out.type = pld_h5_smallest(type);
    pld_h5_close(space);
    pld_h5_close(type);
    return out;
}

static herr_t add_attribute(hid_t object, const char *name,
                            const H5A_info_t *info, void *data)
{
    struct entries *entries = data;
    (void)info;
    hid_t id = H5Aopen(object, name, H5P_DEFAULT);
    if (id < 0)
        return -1;
    struct entry entry = {.attribute = describe_attribute(id),
                          .name_bytes = (int64_t)strlen(name) + 1};
    H5Aclose(id);
    entries->status = append(entries, &entry, (int64_t)sizeof entry);
    if (entries->status == PLD_OK)
        entries->status = append(entries, name, entry.name_bytes);
    return entries->status == PLD_OK ? 0 : -1;
}

static pld_status collect(const pld_file *file, const char *variable,
                          struct entries *entries)
{
    hsize_t next = 0;
    hid_t object = H5I_INVALID_HID;
    if (variable != NULL)
        PLD_TRY(pld_variable_open(file, variable, &object));
    herr_t code =
        H5Aiterate2(variable != NULL ? object : file->id, H5_INDEX_NAME,
                    H5_ITER_INC, &next, add_attribute, entries);
    pld_h5_close(object);
    PLD_TRY(entries->status);
    PLD_H5(PLD_ERR_CORRUPT, code, "cannot list the attributes of '%s'",
           variable != NULL ? variable : file->path);
    return PLD_OK;
}

static pld_status check_owner(pld_ctx *ctx, const char *variable)
{
    int whole = variable == NULL;
    PLD_TRY(pld_agree_same(ctx, "variable", &whole, sizeof whole));
    return whole ? PLD_OK : pld_io_check_name(ctx, "variable", variable, true);
}

static pld_status share(pld_file *file, const char *variable,
                        struct entries *entries)
{
    pld_ctx *ctx = file->ctx;
    bool leads = pld_file_leads(file);
    PLD_TRY(check_owner(ctx, variable));
    PLD_TRY(pld_file_describe(file));
    PLD_TRY(pld_agree(ctx, leads ? collect(file, variable, entries) : PLD_OK));
    PLD_TRY_MPI(MPI_Bcast(&entries->bytes, 1, MPI_INT64_T, 0, ctx->comm));
    PLD_TRY(pld_agree(ctx, leads ? PLD_OK
                                 : pld_alloc("attributes", entries->bytes, 1,
                                             &entries->data)));
    return pld_broadcast(ctx, entries->data, entries->bytes, 0);
}

static pld_status visit_all(const struct entries *entries,
                            pld_file_visit_attribute *visit, void *data)
{
    for (int64_t at = 0; at < entries->bytes;) {
        struct entry entry;
        memcpy(&entry, entries->data + at, sizeof entry);
        at += (int64_t)sizeof entry;
        entry.attribute.name = entries->data + at;
        at += entry.name_bytes;
        PLD_TRY(visit(&entry.attribute, data));
    }
    return PLD_OK;
}

pld_status pld_file_attributes(pld_file *file, const char *variable,
                               pld_file_visit_attribute *visit, void *data)
{
    struct entries entries = {.status = PLD_OK};
    PLD_TRY(pld_file_check(file));
    PLD_TRY(pld_io_check_pointer(file->ctx, "visit", (const void *)&visit));
    struct pld_io_call call = pld_io_begin(file->ctx);
    pld_status status = share(file, variable, &entries);
    if (pld_io_end(&call, status) == PLD_OK)
        status = visit_all(&entries, visit, data);
    pld_free(entries.data);
    PLD_TRY(status);
    return PLD_OK;
}
