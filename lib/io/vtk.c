#include "io/attribute.h"
#include "io/check.h"
#include "io/file.h"
#include "io/variable.h"
#include "mesh/field.h"

#include "polder/agree.h"

#include <stdio.h>
#include <string.h>

/* VTKHDF, version 1.0, which VTK reads from 9.1 on: a group that says where the
 * points of an image lie, x first, and in it one with an entry for each array.
 * Entries are soft links: those who list a file's variables do not follow them.
 * See "VTKHDF File Format" (Kitware). */

static const char group_name[] = "VTKHDF";

/* --- What can be shown ---------------------------------------------------- */

static pld_status check_alike(const pld_field *first, const pld_field *field)
{
    PLD_CHECK(field->grid->ndims == PLD_MAXDIM, PLD_ERR_UNSUPPORTED,
              "field '%s' has %d dimensions: VTKHDF images have 3, give its "
              "grid more of size 1",
              field->name, field->grid->ndims);
    PLD_CHECK(field->type != PLD_C128, PLD_ERR_UNSUPPORTED,
              "field '%s' is c128: VTK has no complex numbers", field->name);
    PLD_CHECK(field->grid == first->grid, PLD_ERR_SHAPE,
              "fields '%s' and '%s' live on different grids", first->name,
              field->name);
    PLD_CHECK(memcmp(field->node, first->node, sizeof field->node) == 0,
              PLD_ERR_SHAPE, "fields '%s' and '%s' differ in stagger",
              first->name, field->name);
    return PLD_OK;
}

static pld_status check_fields(const pld_file *file, int nfields,
                               pld_field *const *fields)
{
    PLD_TRY(pld_file_check_writable(file));
    PLD_CHECK(nfields >= 1, PLD_ERR_ARG, "nfields is %d: give one or more",
              nfields);
    PLD_CHECK(fields != NULL, PLD_ERR_ARG, "fields is NULL");
    for (int i = 0; i < nfields; i++) {
        PLD_TRY(pld_field_check(fields[i], "one of fields"));
        PLD_CHECK(fields[i]->grid->ctx == file->ctx, PLD_ERR_ARG,
                  "field '%s' lives on another context than the file",
                  fields[i]->name);
        PLD_TRY(check_alike(fields[0], fields[i]));
    }
    return PLD_OK;
}

/* --- Writing -------------------------------------------------------------- */

/* Of fixed length without a zero, as VTK compares it. */
static pld_status put_type(hid_t group)
{
    static const char type[] = "ImageData";
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t stored = H5Tcopy(H5T_C_S1);
    H5Tset_size(stored, sizeof type - 1);
    H5Tset_strpad(stored, H5T_STR_NULLPAD);
    pld_status status =
        pld_attribute_put(group, "Type", stored, space, stored, type);
    pld_h5_close(stored);
    pld_h5_close(space);
    return status;
}

/* Where the points are; along x, y, z. */
static pld_status put_geometry(const pld_file *file, hid_t group,
                               const pld_field *field)
{
    static const int64_t version[2] = {1, 0};
    static const double direction[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    int64_t extent[2 * PLD_MAXDIM] = {0};
    double origin[PLD_MAXDIM];
    double spacing[PLD_MAXDIM];
    bool given = file->naxes == PLD_MAXDIM;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        int k = PLD_MAXDIM - 1 - d;
        const struct pld_file_axis *axis = &file->axes[d];
        double half = field->node[d] ? 0 : 0.5;
        extent[2 * k + 1] = pld_field_domain(field).count[d] - 1;
        spacing[k] = given ? axis->spacing : 1;
        origin[k] = given ? axis->origin + half * axis->spacing : 0;
    }
    PLD_TRY(pld_attribute_put_numbers(group, "Version", PLD_I64, 2, version));
    PLD_TRY(put_type(group));
    PLD_TRY(
        pld_attribute_put_numbers(group, "WholeExtent", PLD_I64, 6, extent));
    PLD_TRY(pld_attribute_put_numbers(group, "Origin", PLD_F64, 3, origin));
    PLD_TRY(pld_attribute_put_numbers(group, "Spacing", PLD_F64, 3, spacing));
    return pld_attribute_put_numbers(group, "Direction", PLD_F64, 9, direction);
}

static pld_status create_group(hid_t where, const char *name, hid_t *out)
{
    hid_t list = H5Pcreate(H5P_GROUP_CREATE);
    H5Pset_obj_track_times(list, false);
    H5Pset_link_creation_order(list,
                               H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    *out = H5Gcreate2(where, name, H5P_DEFAULT, list, H5P_DEFAULT);
    pld_h5_close(list);
    PLD_H5(PLD_ERR_IO, *out, "cannot create group '%s'", name);
    return PLD_OK;
}

/* Whether it is there, and of the field's shape. */
static pld_status check_written(const pld_file *file, const pld_field *field)
{
    hid_t dataset = H5I_INVALID_HID;
    struct pld_shape shape = pld_shape_of(field);
    PLD_TRY(pld_variable_open(file, field->name, &dataset));
    pld_status status =
        pld_variable_check_shape(dataset, field->name, 0, &shape);
    pld_h5_close(dataset);
    return status;
}

static pld_status link_field(hid_t arrays, const pld_field *field)
{
    char target[512];
    snprintf(target, sizeof target, "/%s", field->name);
    PLD_H5(
        PLD_ERR_IO,
        H5Lcreate_soft(target, arrays, field->name, H5P_DEFAULT, H5P_DEFAULT),
        "cannot link '%s'", field->name);
    return PLD_OK;
}

static pld_status write_group(pld_file *file, int nfields,
                              pld_field *const *fields)
{
    pld_status status = PLD_OK;
    hid_t group = H5I_INVALID_HID;
    hid_t arrays = H5I_INVALID_HID;
    for (int i = 0; i < nfields; i++)
        PLD_TRY_TO(out, check_written(file, fields[i]));
    PLD_TRY_TO(out, pld_file_check_space(file, 0));
    if (pld_variable_exists(file, group_name))
        PLD_H5_TO(out, PLD_ERR_IO, H5Ldelete(file->id, group_name, H5P_DEFAULT),
                  "cannot replace '%s'", group_name);
    PLD_TRY_TO(out, create_group(file->id, group_name, &group));
    PLD_TRY_TO(out, put_geometry(file, group, fields[0]));
    PLD_TRY_TO(out, create_group(group, "PointData", &arrays));
    for (int i = 0; i < nfields; i++)
        PLD_TRY_TO(out, link_field(arrays, fields[i]));
out:
    pld_h5_close(arrays);
    pld_h5_close(group);
    return status;
}

static pld_status write_vtk(pld_file *file, int nfields,
                            pld_field *const *fields)
{
    pld_status status = PLD_OK;
    PLD_TRY(pld_agree(file->ctx, check_fields(file, nfields, fields)));
    PLD_TRY(pld_agree_same(file->ctx, "nfields", &nfields, sizeof nfields));
    for (int i = 0; i < nfields; i++)
        PLD_TRY(pld_agree_same(file->ctx, "name of a field", fields[i]->name,
                               strlen(fields[i]->name)));
    PLD_TRY(pld_file_describe(file));
    if (pld_file_leads(file))
        status = write_group(file, nfields, fields);
    return pld_agree(file->ctx, status);
}

pld_status pld_file_write_vtk(pld_file *file, int nfields,
                              pld_field *const *fields)
{
    PLD_TRY(pld_file_check(file));
    struct pld_io_call call = pld_io_begin(file->ctx);
    PLD_TRY(pld_io_end(&call, write_vtk(file, nfields, fields)));
    return PLD_OK;
}
