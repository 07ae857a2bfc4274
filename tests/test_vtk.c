/* Files as VTKHDF images; tests/check_files.sh lets VTK read one.
 * TEST: ranks=1,3 */

#include "support/harness.h"

#include "io/hdf5.h"
#include "polder/file.h"

#include <string.h>

enum { NZ = 4, NY = 5, NX = 6 };

static void height(const int64_t i[PLD_MAXDIM], void *value, void *data)
{
    (void)data;
    *(double *)value = (double)(i[0] * 100 + i[1] * 10 + i[2]);
}

static void wind(const int64_t i[PLD_MAXDIM], void *value, void *data)
{
    (void)data;
    for (int c = 0; c < 3; c++)
        ((float *)value)[c] = (float)(i[2 - c] + 1000 * c);
}

struct image {
    pld_grid *grid;
    pld_field *fields[2];
    pld_file *file;
};

static void create(struct image *image)
{
    const pld_axis axes[] = {{.origin = 10, .spacing = 2},
                             {.origin = -1, .spacing = 0.5},
                             {.origin = 0, .spacing = 1}};
    assert_ok(pld_grid_create(
        ctx, &(pld_grid_spec){.ndims = 3, .size = {NZ, NY, NX}}, &image->grid));
    assert_ok(pld_field_create(image->grid, &(pld_field_spec){.name = "height"},
                               &image->fields[0]));
    assert_ok(pld_field_create(
        image->grid,
        &(pld_field_spec){.name = "wind", .type = PLD_F32, .ncomps = 3},
        &image->fields[1]));
    assert_ok(pld_field_fill(image->fields[0], height, NULL));
    assert_ok(pld_field_fill(image->fields[1], wind, NULL));
    assert_ok(pld_file_create(ctx, "image.vtkhdf", &image->file));
    assert_ok(pld_file_set_axes(image->file, 3, axes));
}

static void destroy(struct image *image)
{
    assert_ok(pld_file_close(&image->file));
    assert_ok(pld_field_destroy(&image->fields[0]));
    assert_ok(pld_field_destroy(&image->fields[1]));
    assert_ok(pld_grid_destroy(&image->grid));
}

static bool has_numbers(hid_t group, const char *name, hid_t type, int n,
                        const void *expected, size_t bytes)
{
    double found[16] = {0};
    hid_t id = H5Aopen(group, name, H5P_DEFAULT);
    hid_t space = H5Aget_space(id);
    bool good = H5Sget_simple_extent_npoints(space) == n &&
                H5Aread(id, type, found) >= 0 &&
                memcmp(found, expected, bytes) == 0;
    H5Sclose(space);
    H5Aclose(id);
    return good;
}

/* The layout that VTK's documentation of the format asks for. */
static bool describes_image(void)
{
    const int64_t extent[6] = {0, NX - 1, 0, NY - 1, 0, NZ - 1};
    const double origin[3] = {0.5, -0.75, 11};
    const double spacing[3] = {1, 0.5, 2};
    hid_t file = H5Fopen("image.vtkhdf", H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t group = H5Gopen2(file, "VTKHDF", H5P_DEFAULT);
    bool good = has_numbers(group, "WholeExtent", H5T_NATIVE_INT64, 6, extent,
                            sizeof extent) &&
                has_numbers(group, "Origin", H5T_NATIVE_DOUBLE, 3, origin,
                            sizeof origin) &&
                has_numbers(group, "Spacing", H5T_NATIVE_DOUBLE, 3, spacing,
                            sizeof spacing) &&
                H5Oexists_by_name(group, "PointData/height", H5P_DEFAULT) > 0 &&
                H5Oexists_by_name(group, "PointData/wind", H5P_DEFAULT) > 0;
    H5Gclose(group);
    H5Fclose(file);
    return good;
}

static pld_status count(const char *name, void *data)
{
    (void)name;
    ++*(int *)data;
    return PLD_OK;
}

TEST(files_become_images)
{
    struct image image;
    create(&image);
    assert_ok(pld_file_write_fields(image.file, 2, image.fields));
    assert_ok(pld_file_write_vtk(image.file, 1, image.fields));
    assert_ok(pld_file_write_vtk(image.file, 2, image.fields));
    int nvariables = 0;
    assert_ok(pld_file_variables(image.file, count, &nvariables));
    assert_all_equal(nvariables, 6); /* with z, y, x and component */
    destroy(&image);
    assert_all(rank != 0 || describes_image());
}

TEST(what_vtk_cannot_show_is_refused)
{
    struct image image;
    pld_grid *flat = NULL;
    pld_field *other[2] = {NULL};
    create(&image);
    assert_ok(pld_grid_create(ctx, &(pld_grid_spec){.ndims = 2, .size = {4, 4}},
                              &flat));
    assert_ok(
        pld_field_create(flat, &(pld_field_spec){.name = "flat"}, &other[0]));
    assert_ok(pld_field_create(
        image.grid, &(pld_field_spec){.name = "complex", .type = PLD_C128},
        &other[1]));
    assert_fails(PLD_ERR_NOENT, pld_file_write_vtk(image.file, 1, image.fields),
                 "height");
    assert_fails(PLD_ERR_ARG, pld_file_write_vtk(image.file, 0, image.fields),
                 "nfields is 0");
    assert_fails(PLD_ERR_UNSUPPORTED,
                 pld_file_write_vtk(image.file, 1, &other[0]), "2 dimensions");
    assert_fails(PLD_ERR_UNSUPPORTED,
                 pld_file_write_vtk(image.file, 1, &other[1]), "c128");
    assert_ok(pld_field_destroy(&other[0]));
    assert_ok(pld_field_destroy(&other[1]));
    assert_ok(pld_grid_destroy(&flat));
    destroy(&image);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_vtk_cannot_show_is_refused),
    cmocka_unit_test(files_become_images)};

PLD_TEST_MAIN(tests)
