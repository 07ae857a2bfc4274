/* Files as climate and ocean archives have them: numbers packed into integers,
 * latitudes from the north, a leading time, other orders, missing numbers,
 * filters of others.
 * TEST: ranks=1,3,4
 * TEST: ranks=2 env=PLD_IO=hdf5 */

#include "support/formula.h"
#include "support/harness.h"

#include "io/hdf5.h"
#include "polder/agree.h"
#include "polder/file.h"

#include <math.h>
#include <string.h>

enum { NTIME = 3, NLEVEL = 2, NLAT = 13, NLON = 18, FILL = -32767 };

static pld_file *file;

/* As it is stored; latitude 0 is the northern end. */
static int packed(int64_t time, int64_t level, int64_t lat, int64_t lon)
{
    if ((lat * NLON + lon) % 17 == 5)
        return FILL;
    return (int)(2000 * time - 900 * level + 31 * lat - 7 * lon);
}

/* --- What the other program does --------------------------------------------
 */

static void put_number(hid_t where, const char *name, double value)
{
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t id = H5Acreate2(where, name, H5T_IEEE_F64LE, space, H5P_DEFAULT,
                          H5P_DEFAULT);
    assert_true(H5Awrite(id, H5T_NATIVE_DOUBLE, &value) >= 0);
    H5Aclose(id);
    H5Sclose(space);
}

static void put_text(hid_t where, const char *name, const char *text)
{
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, strlen(text) + 1);
    hid_t id = H5Acreate2(where, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Awrite(id, type, text) >= 0);
    H5Aclose(id);
    H5Tclose(type);
    H5Sclose(space);
}

/* A list of one scale for a dimension of four, none for the others. */
static void put_scale(hid_t variable, int dim, hid_t where, const char *name)
{
    const hsize_t n = 4;
    hobj_ref_t reference;
    hvl_t lists[4] = {{0}};
    assert_true(H5Rcreate(&reference, where, name, H5R_OBJECT, -1) >= 0);
    lists[dim] = (hvl_t){1, &reference};
    hid_t type = H5Tvlen_create(H5T_STD_REF_OBJ);
    hid_t space = H5Screate_simple(1, &n, NULL);
    hid_t id = H5Acreate2(variable, "DIMENSION_LIST", type, space, H5P_DEFAULT,
                          H5P_DEFAULT);
    assert_true(H5Awrite(id, type, lists) >= 0);
    H5Aclose(id);
    H5Sclose(space);
    H5Tclose(type);
}

static hid_t put_values(hid_t where, const char *name, hid_t stored, int ndims,
                        const hsize_t *size, hid_t list, const int *values)
{
    hid_t space = H5Screate_simple(ndims, size, NULL);
    hid_t id =
        H5Dcreate2(where, name, stored, space, H5P_DEFAULT, list, H5P_DEFAULT);
    assert_true(id >= 0 && H5Dwrite(id, H5T_NATIVE_INT, H5S_ALL, H5S_ALL,
                                    H5P_DEFAULT, values) >= 0);
    H5Sclose(space);
    return id;
}

/* t2m(time, level, lat, lon), in int16 and chunks, as ERA5 has it; with the
 * scales of a netCDF file. */
static void put_archive(hid_t where, bool compressed)
{
    static int values[NTIME][NLEVEL][NLAT][NLON];
    const hsize_t size[4] = {NTIME, NLEVEL, NLAT, NLON};
    const hsize_t chunk[4] = {2, 1, 5, 8};
    int lats[NLAT];
    for (int t = 0; t < NTIME; t++)
        for (int l = 0; l < NLEVEL; l++)
            for (int j = 0; j < NLAT; j++)
                for (int i = 0; i < NLON; i++)
                    values[t][l][j][i] = packed(t, l, j, i);
    for (int j = 0; j < NLAT; j++)
        lats[j] = 90 - j;
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    if (compressed) {
        H5Pset_chunk(list, 4, chunk);
        H5Pset_shuffle(list);
        H5Pset_deflate(list, 1);
    }
    hid_t id =
        put_values(where, "t2m", H5T_STD_I16BE, 4, size, list, values[0][0][0]);
    hid_t lat = put_values(where, "latitude", H5T_IEEE_F32LE, 1, &size[2],
                           H5P_DEFAULT, lats);
    put_text(lat, "CLASS", "DIMENSION_SCALE");
    put_text(lat, "NAME", "latitude");
    put_scale(id, 2, where, "latitude");
    put_number(id, "scale_factor", 0.25);
    put_number(id, "add_offset", 1000);
    put_number(id, "_FillValue", FILL);
    put_text(id, "units", "K");
    H5Dclose(lat);
    H5Dclose(id);
    H5Pclose(list);
}

/* depth(lon, lat) in a group: the other order; a range of what is valid. */
static void put_turned(hid_t where)
{
    static int values[NLON][NLAT];
    const hsize_t size[2] = {NLON, NLAT};
    for (int i = 0; i < NLON; i++)
        for (int j = 0; j < NLAT; j++)
            values[i][j] = packed(0, 0, j, i);
    hid_t group =
        H5Gcreate2(where, "sea", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    hid_t id = put_values(group, "depth", H5T_STD_I32BE, 2, size, H5P_DEFAULT,
                          values[0]);
    put_number(id, "valid_min", -50);
    put_number(id, "missing_value", 31);
    H5Dclose(id);
    H5Gclose(group);
}

/* Bytes from 0 to 255 in a signed type, which only an attribute tells. */
static void put_bytes(hid_t where)
{
    static int values[NLAT][NLON];
    const hsize_t size[2] = {NLAT, NLON};
    for (int n = 0; n < NLAT * NLON; n++)
        values[n / NLON][n % NLON] = (int8_t)(uint8_t)n;
    hid_t id = put_values(where, "byte", H5T_STD_I8LE, 2, size, H5P_DEFAULT,
                          values[0]);
    put_text(id, "_Unsigned", "true");
    H5Dclose(id);
}

static void open_archive(bool compressed)
{
    if (rank == 0) {
        hid_t id =
            H5Fcreate("archive.nc", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        put_archive(id, compressed);
        put_turned(id);
        put_bytes(id);
        assert_true(H5Fclose(id) >= 0);
    }
    assert_ok(pld_agree(ctx, PLD_OK));
    assert_ok(pld_file_open(ctx, "archive.nc", false, &file));
}

/* --- Whether a field has it --------------------------------------------------
 */

/* The value at a latitude that rises with the index, and a longitude. */
typedef double value_at(int64_t lat, int64_t lon);

static bool field_has(pld_field *field, value_at *wanted)
{
    bool right = true;
    pld_view view = pld_field_view(field);
    pld_box own = pld_field_owned(field);
    bool wide = pld_field_type(field) == PLD_F64;
    for (int64_t n = 0; n < pld_box_volume(own); n++) {
        int64_t j = own.first[0] + n / own.count[1];
        int64_t i = own.first[1] + n % own.count[1];
        int64_t at = j * view.stride[0] + i * view.stride[1];
        double value = wide ? view.f64[at] : view.f32[at];
        double want = wide ? wanted(j, i) : (float)wanted(j, i);
        right = right && (value == want || (isnan(value) && isnan(want)));
    }
    return right;
}

static double temperature(int64_t lat, int64_t lon)
{
    int stored = packed(2, 1, NLAT - 1 - lat, lon);
    return stored == FILL ? NAN : 1000 + 0.25 * stored;
}

static double replaced(int64_t lat, int64_t lon)
{
    double value = temperature(lat, lon);
    return isnan(value) ? -1 : value;
}

static double depth(int64_t lat, int64_t lon)
{
    double stored = packed(0, 0, lat, lon);
    return stored < -50 || stored == 31 ? NAN : stored;
}

static double byte(int64_t lat, int64_t lon)
{
    return (double)(uint8_t)(lat * NLON + lon);
}

static struct formula make(pld_type type)
{
    const pld_grid_spec cells = {.ndims = 2, .size = {NLAT, NLON}};
    return formula_create(ctx, &cells,
                          &(pld_field_spec){.type = type, .halo = {.all = 1}});
}

static void read_and_check(const char *name, pld_type type,
                           const pld_part *part, value_at *wanted)
{
    struct formula made = make(type);
    assert_ok(pld_file_read_part(file, name, made.field, part));
    assert_all(field_has(made.field, wanted));
    formula_destroy(&made);
}

TEST(a_step_of_an_archive_is_unpacked_from_the_south)
{
    pld_part part = {.at = {2, 1}, .reversed = {[2] = true}, .unpack = true};
    for (int compressed = 0; compressed < 2; compressed++) {
        open_archive(compressed);
        read_and_check("t2m", PLD_F64, &part, temperature);
        read_and_check("t2m", PLD_F32, &part, temperature);
        assert_ok(pld_file_close(&file));
    }
    part.replace = true;
    part.missing = -1;
    open_archive(true);
    read_and_check("t2m", PLD_F64, &part, replaced);
    assert_ok(pld_file_close(&file));
}

TEST(other_orders_and_ranges_are_heeded)
{
    open_archive(false);
    read_and_check("sea/depth", PLD_F64,
                   &(pld_part){.dims = {2, 1}, .unpack = true}, depth);
    read_and_check("byte", PLD_F32, &(pld_part){.unpack = true}, byte);
    assert_ok(pld_file_close(&file));
}

static pld_status add_up(const pld_attribute *attribute, void *data)
{
    int *seen = data;
    bool number = !attribute->text && attribute->type == PLD_F32 ? true : false;
    number = number || (!attribute->text && attribute->type == PLD_F64);
    if (strcmp(attribute->name, "scale_factor") == 0 && number)
        *seen += 1;
    if (strcmp(attribute->name, "units") == 0 && attribute->text)
        *seen += 10;
    if (attribute->count == 1)
        *seen += 100;
    return PLD_OK;
}

TEST(attributes_and_dimensions_are_told)
{
    int seen = 0;
    pld_dimension found;
    float lats[NLAT];
    open_archive(true);
    assert_ok(pld_file_inquire_dimension(file, "t2m", 2, &found));
    assert_all(found.size == NLAT && found.coordinates && !found.grows &&
               strcmp(found.name, "latitude") == 0);
    assert_ok(pld_file_read_box(
        file, found.name, (pld_box){.count = {NLAT, 1, 1}}, PLD_F32, lats));
    assert_all(lats[0] == 90 && lats[NLAT - 1] == 90 - (NLAT - 1));
    assert_ok(pld_file_inquire_dimension(file, "latitude", 0, &found));
    assert_all(strcmp(found.name, "latitude") == 0);
    assert_ok(pld_file_inquire_dimension(file, "t2m", 3, &found));
    assert_all(found.size == NLON && found.name[0] == '\0');
    assert_fails(PLD_ERR_ARG,
                 pld_file_inquire_dimension(file, "t2m", 4, &found),
                 "'t2m' has 4 dimensions");
    assert_ok(pld_file_attributes(file, "t2m", add_up, &seen));
    assert_all(seen % 100 == 11 && seen >= 400);
    assert_fails(PLD_ERR_NOENT, pld_file_attributes(file, "no", add_up, &seen),
                 "no variable 'no'");
    assert_ok(pld_file_close(&file));
}

TEST(wrong_parts_are_named)
{
    struct formula made = make(PLD_F64);
    struct formula whole = make(PLD_I32);
    open_archive(false);
    const struct {
        pld_status status;
        const char *text;
        pld_part part;
    } wrong[] = {
        {PLD_ERR_SHAPE,
         "part.box has 9 points",
         {.box = {.first = {5}, .count = {9, 1, 1}}, .unpack = true}},
        {PLD_ERR_SHAPE,
         "the part wants 1 points",
         {.at = {NTIME}, .unpack = true}},
        {PLD_ERR_SHAPE, "along dimension 2", {.at = {0, 0, 1}, .unpack = true}},
        {PLD_ERR_ARG, "part.dims[0] is 5", {.dims = {5, 1}, .unpack = true}},
        {PLD_ERR_ARG, "part.dims[1] is 3", {.dims = {3, 3}, .unpack = true}},
        {PLD_ERR_ARG, "part.stride[0] is -1", {.stride = {-1}, .unpack = true}},
        {PLD_ERR_SHAPE,
         "the part has 2 components",
         {.ncomps = 2, .unpack = true}},
        {PLD_ERR_MISMATCH,
         "part.at",
         {.at = {nranks > 1 && rank == 0}, .unpack = true}}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (wrong[i].status != PLD_ERR_MISMATCH || nranks > 1)
            assert_fails(
                wrong[i].status,
                pld_file_read_part(file, "t2m", made.field, &wrong[i].part),
                wrong[i].text);
    assert_fails(PLD_ERR_TYPE,
                 pld_file_read_part(file, "t2m", whole.field,
                                    &(pld_part){.unpack = true}),
                 "f64 or f32 is unpacked to");
    assert_fails(PLD_ERR_SHAPE,
                 pld_file_read_part(file, "latitude", made.field, NULL),
                 "'latitude' has 1 dimensions, the part 2");
    assert_fails(PLD_ERR_ACCESS,
                 pld_file_write_part(file, "t2m", made.field, NULL),
                 "opened for reading");
    assert_ok(pld_file_close(&file));
    formula_destroy(&whole);
    formula_destroy(&made);
}

TEST(places_that_are_not_there_are_named)
{
    struct formula made = make(PLD_F64);
    const pld_variable like = {.type = PLD_F32, .ndims = 2, .size = {NLAT, 40}};
    assert_ok(pld_file_create(ctx, "places.h5", &file));
    assert_fails(PLD_ERR_NOENT,
                 pld_file_write_part(file, "none", made.field,
                                     &(pld_part){.at = {0, 1}}),
                 "pld_file_create_variable()");
    assert_ok(pld_file_create_variable(file, "there", &like));
    assert_fails(PLD_ERR_STATE, pld_file_create_variable(file, "there", &like),
                 "there is a variable 'there'");
    assert_fails(PLD_ERR_TYPE,
                 pld_file_write_part(file, "there", made.field, NULL),
                 "32-bit floating-point");
    assert_fails(PLD_ERR_ARG,
                 pld_file_create_variable(file, "no", &(pld_variable){0}),
                 "ndims is 0");
    assert_ok(pld_file_close(&file));
    formula_destroy(&made);
}

/* --- A filter that nobody else has -------------------------------------------
 */

static size_t flip(unsigned flags, size_t nparams, const unsigned params[],
                   size_t bytes, size_t *size, void **buffer)
{
    (void)flags;
    (void)size;
    unsigned char *data = *buffer;
    for (size_t i = 0; i < bytes; i++)
        data[i] ^= (unsigned char)(nparams > 0 ? params[0] : 0);
    return bytes;
}

static const H5Z_class2_t flipper = {.version = H5Z_CLASS_T_VERS,
                                     .id = 400,
                                     .encoder_present = 1,
                                     .decoder_present = 1,
                                     .name = "flip",
                                     .filter = flip};

TEST(filters_that_are_there_are_used_and_others_are_named)
{
    const pld_grid_spec cells = {.ndims = 3, .size = {7, 6, 5}};
    struct formula made = formula_create(ctx, &cells, &(pld_field_spec){0});
    const pld_storage storage = {
        .filter = 400, .nparams = 1, .params = {0x5a}, .deflate = 1};
    formula_fill(made.field, 0);
    assert_ok(pld_file_create(ctx, "filtered.h5", &file));
    assert_fails(PLD_ERR_UNSUPPORTED, pld_file_set_storage(file, &storage),
                 "no filter 400");
    assert_true(H5Zregister(&flipper) >= 0);
    assert_ok(pld_file_set_storage(file, &storage));
    assert_ok(pld_file_write(file, made.field));
    assert_ok(pld_file_close(&file));
    assert_ok(pld_field_set(made.field, &(double){0}));
    assert_ok(pld_file_open(ctx, "filtered.h5", false, &file));
    assert_ok(pld_file_read(file, "field", made.field));
    assert_all(formula_holds(made.field, 0));
    assert_ok(pld_file_close(&file));
    assert_true(H5Zunregister(400) >= 0);
    assert_ok(pld_file_open(ctx, "filtered.h5", false, &file));
    assert_fails(PLD_ERR_UNSUPPORTED, pld_file_read(file, "field", made.field),
                 "filter 400");
    assert_ok(pld_file_close(&file));
    formula_destroy(&made);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_step_of_an_archive_is_unpacked_from_the_south),
    cmocka_unit_test(other_orders_and_ranges_are_heeded),
    cmocka_unit_test(attributes_and_dimensions_are_told),
    cmocka_unit_test(wrong_parts_are_named),
    cmocka_unit_test(places_that_are_not_there_are_named),
    cmocka_unit_test(filters_that_are_there_are_used_and_others_are_named),
};

PLD_TEST_MAIN(tests)
