#include "io/attribute.h"
#include "io/axes.h"
#include "io/links.h"
#include "io/variable.h"

#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

#define NAME_ROOM (PLD_AXIS_NAME + 32)

/* A scale as a variable needs it. */
struct scale {
    struct pld_scale_key key;
    const char *units;  /* NULL: none */
    const char *letter; /* X, Y, Z; NULL: none */
};

/* --- One scale ------------------------------------------------------------ */

static pld_status make_values(const struct pld_scale_key *key, double **out)
{
    PLD_TRY(pld_alloc("coordinates", key->count, sizeof **out, out));
    for (int64_t i = 0; i < key->count; i++)
        (*out)[i] = key->origin + ((double)i + key->half) * key->spacing;
    return PLD_OK;
}

static pld_status write_values(hid_t dataset, const struct scale *scale)
{
    double *values = NULL;
    pld_status status = make_values(&scale->key, &values);
    if (status == PLD_OK && H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL,
                                     H5S_ALL, H5P_DEFAULT, values) < 0)
        status = pld_h5_raise(PLD_ERR_IO, __FILE__, __LINE__, __func__,
                              "cannot write dimension '%s'", scale->key.name);
    pld_free(values);
    return status;
}

static pld_status create_scale(const pld_file *file, const char *name,
                               const struct scale *scale, hid_t *out)
{
    struct pld_variable_plan plan = {
        .type = scale->key.type,
        .shape = {.ndims = 1, .size = {(hsize_t)scale->key.count}}};
    PLD_TRY(pld_variable_create(file, name, &plan, out));
    PLD_TRY(pld_scale_mark(*out, name));
    if (scale->units != NULL)
        PLD_TRY(pld_attribute_put_text(*out, "units", scale->units));
    if (scale->letter != NULL)
        PLD_TRY(pld_attribute_put_text(*out, "axis", scale->letter));
    return write_values(*out, scale);
}

static bool has_length(hid_t dataset, int64_t count)
{
    struct pld_shape shape;
    return pld_scale_is(dataset) &&
           pld_variable_shape(dataset, &shape) == PLD_OK && shape.ndims == 1 &&
           shape.size[0] == (hsize_t)count;
}

/* Whether an object of that name is just this scale. */
static pld_status compare_scale(const char *name, hid_t dataset,
                                const struct pld_scale_key *key, bool *same)
{
    pld_status status = PLD_OK;
    double *there = NULL;
    double *values = NULL;
    *same = has_length(dataset, key->count);
    if (!*same || !key->exact)
        return PLD_OK;
    size_t size = sizeof *there;
    PLD_TRY_TO(out, pld_alloc("coordinates", key->count, size, &there));
    PLD_TRY_TO(out, make_values(key, &values));
    PLD_H5_TO(out, PLD_ERR_IO,
              H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                      there),
              "cannot read dimension '%s'", name);
    *same = memcmp(there, values, (size_t)key->count * size) == 0;
out:
    pld_free(values);
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
        PLD_TRY_TO(out, compare_scale(name, there, &scale->key, &same));
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
    snprintf(name, sizeof name, "%s", scale->key.name);
    for (int i = 2; pld_variable_exists(file, name); i++) {
        PLD_TRY(try_scale(file, name, scale, out));
        if (*out >= 0)
            return PLD_OK;
        snprintf(name, sizeof name, "%s_%d", scale->key.name, i);
    }
    return create_scale(file, name, scale, out);
}

/* As it is remembered from another variable, or found in the file. */
static pld_status take_scale(pld_file *file, const struct scale *scale,
                             struct pld_scale_known **out)
{
    pld_status status = PLD_OK;
    hid_t id = H5I_INVALID_HID;
    *out = pld_scale_recall(file, &scale->key);
    if (*out != NULL)
        return PLD_OK;
    PLD_TRY_TO(out, find_scale(file, scale, &id));
    PLD_TRY_TO(out, pld_scale_remember(file, &scale->key, id, out));
out:
    pld_h5_close(id);
    return status;
}

/* --- The scales of a field ------------------------------------------------ */

/* Where the points of a field lie; the indices when no axes are given. */
static pld_status take_dim(pld_file *file, const pld_field *field, int dim,
                           struct pld_scale_known **out)
{
    static const char *const letters[PLD_MAXDIM] = {"Z", "Y", "X"};
    int ndims = field->grid->ndims;
    bool given = file->naxes == ndims;
    char name[NAME_ROOM];
    snprintf(name, sizeof name, "%s%s", pld_axes_name(file, ndims, dim),
             field->node[dim] ? "_node" : "");
    struct scale scale = {.key = {.name = name,
                                  .type = PLD_F64,
                                  .count = pld_field_domain(field).count[dim],
                                  .spacing = 1,
                                  .exact = given},
                          .letter = letters[PLD_MAXDIM - ndims + dim]};
    if (given) {
        const struct pld_file_axis *axis = &file->axes[dim];
        scale.units = axis->units;
        scale.key.origin = axis->origin;
        scale.key.half = field->node[dim] ? 0 : 0.5;
        scale.key.spacing = axis->spacing;
    }
    return take_scale(file, &scale, out);
}

static pld_status take_components(pld_file *file, const pld_field *field,
                                  struct pld_scale_known **out)
{
    const struct scale scale = {.key = {.name = "component",
                                        .type = PLD_I32,
                                        .count = field->ncomps,
                                        .spacing = 1}};
    return take_scale(file, &scale, out);
}

pld_status pld_axes_attach(pld_file *file, hid_t dataset,
                           const pld_field *field,
                           struct pld_scale_known *leading)
{
    struct pld_scale_known *scales[PLD_MAXDIM + 2];
    int n = 0;
    if (leading != NULL)
        scales[n++] = leading;
    for (int d = 0; d < field->grid->ndims; d++)
        PLD_TRY(take_dim(file, field, d, &scales[n++]));
    if (field->ncomps > 1)
        PLD_TRY(take_components(file, field, &scales[n++]));
    return pld_links_make(dataset, n, scales);
}
