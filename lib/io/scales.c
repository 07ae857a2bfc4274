#include "io/attribute.h"
#include "io/axes.h"
#include "io/variable.h"

#include "base/alloc.h"

#include <hdf5_hl.h>
#include <stdio.h>
#include <string.h>

#define NAME_ROOM (PLD_AXIS_NAME + 32)

/* A scale as a variable needs it. */
struct scale {
    const char *name;
    const char *units;  /* NULL: none */
    const char *letter; /* X, Y, Z; NULL: none */
    pld_type type;
    int64_t count;
    double *values;
    bool exact; /* the values of one that is there must be these */
};

static pld_status write_values(hid_t dataset, const char *name,
                               const double *values)
{
    PLD_H5(PLD_ERR_IO,
           H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                    values),
           "cannot write dimension '%s'", name);
    return PLD_OK;
}

static pld_status create_scale(const pld_file *file, const char *name,
                               const struct scale *scale, hid_t *out)
{
    struct pld_variable_plan plan = {
        .type = scale->type,
        .shape = {.ndims = 1, .size = {(hsize_t)scale->count}}};
    PLD_TRY(pld_variable_create(file, name, &plan, out));
    PLD_H5(PLD_ERR_IO, H5DSset_scale(*out, name),
           "cannot make '%s' a dimension", name);
    if (scale->units != NULL)
        PLD_TRY(pld_attribute_put_text(*out, "units", scale->units));
    if (scale->letter != NULL)
        PLD_TRY(pld_attribute_put_text(*out, "axis", scale->letter));
    return write_values(*out, name, scale->values);
}

static bool has_length(hid_t dataset, int64_t count)
{
    struct pld_shape shape;
    return H5DSis_scale(dataset) > 0 &&
           pld_variable_shape(dataset, &shape) == PLD_OK && shape.ndims == 1 &&
           shape.size[0] == (hsize_t)count;
}

/* Whether an object of that name is just this scale. */
static pld_status compare_scale(const char *name, hid_t dataset,
                                const struct scale *scale, bool *same)
{
    pld_status status = PLD_OK;
    double *there = NULL;
    *same = has_length(dataset, scale->count);
    if (!*same || !scale->exact)
        return PLD_OK;
    size_t size = sizeof *there;
    PLD_TRY(pld_alloc("coordinates", scale->count, size, &there));
    PLD_H5_TO(out, PLD_ERR_IO,
              H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                      there),
              "cannot read dimension '%s'", name);
    *same = memcmp(there, scale->values, (size_t)scale->count * size) == 0;
out:
    pld_free(there);
    return status;
}

/* Open the scale if it is there; *out stays below 0 if the name is taken by
 * another. */
static pld_status try_scale(const pld_file *file, const char *name,
                            const struct scale *scale, hid_t *out)
{
    pld_status status = PLD_OK;
    bool same = false;
    hid_t there = H5Oopen(file->id, name, H5P_DEFAULT);
    if (there >= 0 && H5Iget_type(there) == H5I_DATASET)
        PLD_TRY_TO(out, compare_scale(name, there, scale, &same));
    if (same) {
        *out = there;
        there = H5I_INVALID_HID;
    }
out:
    pld_h5_close(there);
    return status;
}

/* Names that are taken get a number: x, x_2, x_3... */
static pld_status find_scale(const pld_file *file, const struct scale *scale,
                             hid_t *out)
{
    char name[NAME_ROOM];
    snprintf(name, sizeof name, "%s", scale->name);
    for (int i = 2; pld_variable_exists(file, name); i++) {
        PLD_TRY(try_scale(file, name, scale, out));
        if (*out >= 0)
            return PLD_OK;
        snprintf(name, sizeof name, "%s_%d", scale->name, i);
    }
    return create_scale(file, name, scale, out);
}

static pld_status attach_scale(const pld_file *file, hid_t dataset, int dim,
                               const struct scale *scale)
{
    pld_status status = PLD_OK;
    hid_t id = H5I_INVALID_HID;
    PLD_TRY_TO(out, find_scale(file, scale, &id));
    PLD_H5_TO(out, PLD_ERR_IO, H5DSattach_scale(dataset, id, (unsigned)dim),
              "cannot attach dimension '%s'", scale->name);
out:
    pld_h5_close(id);
    return status;
}

/* --- The scales of a field ------------------------------------------------ */

/* Where the points of a field lie; the indices when no axes are given. */
static double coordinate(const pld_file *file, const pld_field *field, int dim,
                         int64_t index)
{
    if (file->naxes != field->grid->ndims)
        return (double)index;
    const struct pld_file_axis *axis = &file->axes[dim];
    double half = field->node[dim] ? 0 : 0.5;
    return axis->origin + ((double)index + half) * axis->spacing;
}

static pld_status attach_dim(const pld_file *file, hid_t dataset,
                             const pld_field *field, int skip, int dim)
{
    static const char *const letters[PLD_MAXDIM] = {"Z", "Y", "X"};
    int ndims = field->grid->ndims;
    bool given = file->naxes == ndims;
    char name[NAME_ROOM];
    snprintf(name, sizeof name, "%s%s", pld_axes_name(file, ndims, dim),
             field->node[dim] ? "_node" : "");
    struct scale scale = {.name = name,
                          .units = given ? file->axes[dim].units : NULL,
                          .letter = letters[PLD_MAXDIM - ndims + dim],
                          .type = PLD_F64,
                          .count = pld_field_domain(field).count[dim],
                          .exact = given};
    PLD_TRY(pld_alloc("coordinates", scale.count, sizeof *scale.values,
                      &scale.values));
    for (int64_t i = 0; i < scale.count; i++)
        scale.values[i] = coordinate(file, field, dim, i);
    pld_status status = attach_scale(file, dataset, skip + dim, &scale);
    pld_free(scale.values);
    return status;
}

static pld_status attach_components(const pld_file *file, hid_t dataset,
                                    const pld_field *field, int dim)
{
    struct scale scale = {
        .name = "component", .type = PLD_I32, .count = field->ncomps};
    PLD_TRY(pld_alloc("numbers of components", scale.count,
                      sizeof *scale.values, &scale.values));
    for (int c = 0; c < field->ncomps; c++)
        scale.values[c] = c;
    pld_status status = attach_scale(file, dataset, dim, &scale);
    pld_free(scale.values);
    return status;
}

pld_status pld_axes_attach(const pld_file *file, hid_t dataset,
                           const pld_field *field, int skip)
{
    int ndims = field->grid->ndims;
    for (int d = 0; d < ndims; d++)
        PLD_TRY(attach_dim(file, dataset, field, skip, d));
    if (field->ncomps > 1)
        PLD_TRY(attach_components(file, dataset, field, skip + ndims));
    return PLD_OK;
}
