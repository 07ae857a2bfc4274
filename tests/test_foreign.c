/* Files that others wrote, as a bathymetry from the net: read by name, with
 * their types, chunks and filters.
 * TEST: ranks=1,2,3,4,7
 * TEST: ranks=3 env=PLD_IO=hdf5 */

#include "support/formula.h"
#include "support/harness.h"

#include "io/hdf5.h"
#include "polder/agree.h"
#include "polder/file.h"

#include <stdio.h>
#include <string.h>

enum { NLAT = 18, NLON = 31 };

static pld_file *file;

static int16_t elevation(int64_t lat, int64_t lon)
{
    return (int16_t)(100 * lat - 37 * lon - 500);
}

/* --- What the other program does, on one rank and without MPI ---------------
 */

static void put_values(hid_t where, const char *name, hid_t stored,
                       hid_t memory, int ndims, const hsize_t *size,
                       const void *values)
{
    hid_t space = H5Screate_simple(ndims, size, NULL);
    hid_t id = H5Dcreate2(where, name, stored, space, H5P_DEFAULT, H5P_DEFAULT,
                          H5P_DEFAULT);
    assert_true(id >= 0);
    assert_true(H5Dwrite(id, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >=
                0);
    H5Dclose(id);
    H5Sclose(space);
}

static void put_elevation(hid_t where)
{
    static int16_t values[NLAT][NLON];
    const hsize_t size[2] = {NLAT, NLON};
    const hsize_t chunk[2] = {5, 8};
    for (int lat = 0; lat < NLAT; lat++)
        for (int lon = 0; lon < NLON; lon++)
            values[lat][lon] = elevation(lat, lon);
    hid_t space = H5Screate_simple(2, size, NULL);
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    assert_true(H5Pset_chunk(list, 2, chunk) >= 0);
    assert_true(H5Pset_shuffle(list) >= 0 && H5Pset_deflate(list, 4) >= 0);
    hid_t id = H5Dcreate2(where, "elevation", H5T_STD_I16BE, space, H5P_DEFAULT,
                          list, H5P_DEFAULT);
    assert_true(H5Dwrite(id, H5T_NATIVE_INT16, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                         values) >= 0);
    H5Dclose(id);
    H5Pclose(list);
    H5Sclose(space);
}

static void put_text(hid_t where, const char *name, bool variable, int n)
{
    const char *pointers[2] = {"metres", "feet"};
    hsize_t length = (hsize_t)n;
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, variable ? H5T_VARIABLE : 6);
    H5Tset_strpad(type, variable ? H5T_STR_NULLTERM : H5T_STR_SPACEPAD);
    hid_t space = H5Screate_simple(1, &length, NULL);
    hid_t id = H5Acreate2(where, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    const void *values = variable ? (const void *)pointers : "metres";
    assert_true(H5Awrite(id, type, values) >= 0);
    H5Aclose(id);
    H5Sclose(space);
    H5Tclose(type);
}

static const struct numbers {
    const char *name;
    pld_type type; /* the smallest that holds them; none: PLD_TYPE_COUNT */
} numbers[] = {{"i8", PLD_I32},  {"u8", PLD_I32},         {"i16", PLD_I32},
               {"u16", PLD_I32}, {"i32", PLD_I32},        {"u32", PLD_I64},
               {"i64", PLD_I64}, {"u64", PLD_TYPE_COUNT}, {"i32be", PLD_I32},
               {"f16", PLD_F32}, {"f32", PLD_F32},        {"f32be", PLD_F32},
               {"f64", PLD_F64}, {"f64be", PLD_F64}};

enum { NNUMBERS = sizeof numbers / sizeof numbers[0] };

/* Half precision: 10 bits of significand, 5 of exponent. */
static hid_t half_type(void)
{
    hid_t type = H5Tcopy(H5T_IEEE_F32LE);
    H5Tset_fields(type, 15, 10, 5, 0, 10);
    H5Tset_size(type, 2);
    H5Tset_ebias(type, 15);
    return type;
}

static void put_numbers(hid_t where)
{
    const double values[4] = {0, 1, 2, 100};
    const hsize_t size = 4;
    hid_t half = half_type();
    const hid_t stored[NNUMBERS] = {
        H5T_STD_I8LE,   H5T_STD_U8LE,  H5T_STD_I16LE,  H5T_STD_U16LE,
        H5T_STD_I32LE,  H5T_STD_U32LE, H5T_STD_I64LE,  H5T_STD_U64LE,
        H5T_STD_I32BE,  half,          H5T_IEEE_F32LE, H5T_IEEE_F32BE,
        H5T_IEEE_F64LE, H5T_IEEE_F64BE};
    for (int i = 0; i < NNUMBERS; i++)
        put_values(where, numbers[i].name, stored[i], H5T_NATIVE_DOUBLE, 1,
                   &size, values);
    H5Tclose(half);
}

static void put_odd_things(hid_t where)
{
    const hsize_t size[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    const double number = 42;
    hid_t text = H5Tcopy(H5T_C_S1);
    put_values(where, "one", H5T_NATIVE_DOUBLE, H5T_NATIVE_DOUBLE, 0, NULL,
               &number);
    put_values(where, "nine", H5T_NATIVE_DOUBLE, H5T_NATIVE_DOUBLE, 9, size,
               &number);
    put_values(where, "letter", text, text, 1, size, "x");
    H5Tclose(text);
    hid_t group =
        H5Gcreate2(where, "group", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    put_values(group, "inner", H5T_NATIVE_INT, H5T_NATIVE_DOUBLE, 1, size,
               &number);
    H5Gclose(group);
    put_text(where, "fixed", false, 1);
    put_text(where, "variable", true, 1);
    put_text(where, "two", true, 2);
}

static void put_file(const char *path, H5F_libver_t low, hsize_t user_block)
{
    if (rank == 0) {
        hid_t access = H5Pcreate(H5P_FILE_ACCESS);
        hid_t creation = H5Pcreate(H5P_FILE_CREATE);
        assert_true(H5Pset_libver_bounds(access, low, H5F_LIBVER_LATEST) >= 0);
        assert_true(H5Pset_userblock(creation, user_block) >= 0);
        hid_t id = H5Fcreate(path, H5F_ACC_TRUNC, creation, access);
        assert_true(id >= 0);
        put_elevation(id);
        put_numbers(id);
        put_odd_things(id);
        assert_true(H5Fclose(id) >= 0);
        H5Pclose(creation);
        H5Pclose(access);
    }
    assert_ok(pld_agree(ctx, PLD_OK));
}

/* --- What we make of it ------------------------------------------------------
 */

static void open_foreign(void)
{
    put_file("foreign.nc", H5F_LIBVER_EARLIEST, 0);
    assert_ok(pld_file_open(ctx, "foreign.nc", false, &file));
}

static void check_elevation(void)
{
    double values[7 * 12];
    pld_box box = {.first = {rank % 5, 2 * rank % 13, 0}, .count = {7, 12, 1}};
    assert_ok(pld_file_read_box(file, "elevation", box, PLD_F64, values));
    bool right = true;
    for (int n = 0; n < 7 * 12; n++)
        right = right && values[n] == elevation(box.first[0] + n / 12,
                                                box.first[1] + n % 12);
    assert_all(right);
}

TEST(boxes_of_compressed_big_endian_numbers_are_read)
{
    pld_variable found;
    open_foreign();
    assert_ok(pld_file_inquire(file, "elevation", &found));
    assert_all(found.type == PLD_I32 && found.ndims == 2 &&
               found.size[0] == NLAT && found.size[1] == NLON);
    check_elevation();
    assert_ok(pld_file_close(&file));
}

/* Only the last rank reads; the others' boxes are empty. */
TEST(one_rank_may_read_alone)
{
    float value = 0;
    open_foreign();
    pld_box box = {.first = {3, 30, 0}, .count = {1, 1, rank == nranks - 1}};
    assert_ok(pld_file_read_box(file, "elevation", box, PLD_F32, &value));
    assert_all(value == (rank == nranks - 1 ? (float)elevation(3, 30) : 0));
    assert_ok(pld_file_close(&file));
}

static void fill_elevation(const int64_t index[PLD_MAXDIM], void *value,
                           void *data)
{
    (void)data;
    *(int64_t *)value = elevation(index[0], index[1]);
}

TEST(foreign_variables_fill_fields)
{
    const pld_grid_spec cells = {.ndims = 2, .size = {NLAT, NLON}};
    const pld_field_spec spec = {.type = PLD_I64, .halo = {.all = 2}};
    uint64_t expected = 0;
    uint64_t digest = 0;
    struct formula made = formula_create(ctx, &cells, &spec);
    assert_ok(pld_field_fill(made.field, fill_elevation, NULL));
    assert_ok(pld_field_digest(made.field, &expected));
    assert_ok(pld_field_set(made.field, &(int64_t){0}));
    open_foreign();
    assert_ok(pld_file_read(file, "elevation", made.field));
    assert_ok(pld_field_digest(made.field, &digest));
    assert_all(digest == expected);
    assert_ok(pld_file_close(&file));
    formula_destroy(&made);
}

TEST(every_kind_of_number_widens)
{
    double values[4];
    pld_variable found;
    const pld_box box = {.count = {4, 1, 1}};
    open_foreign();
    for (int i = 0; i < NNUMBERS; i++) {
        const char *name = numbers[i].name;
        if (numbers[i].type == PLD_TYPE_COUNT) {
            assert_fails(PLD_ERR_TYPE, pld_file_inquire(file, name, &found),
                         "64-bit unsigned integers");
            continue;
        }
        assert_ok(pld_file_inquire(file, name, &found));
        assert_all(found.type == numbers[i].type);
        if (numbers[i].type == PLD_I64 && name[0] == 'i')
            continue; /* f64 does not hold them */
        memset(values, 0, sizeof values);
        assert_ok(pld_file_read_box(file, name, box, PLD_F64, values));
        assert_all(values[0] == 0 && values[1] == 1 && values[2] == 2 &&
                   values[3] == 100);
    }
    assert_ok(pld_file_close(&file));
}

TEST(numbers_do_not_narrow)
{
    static const struct {
        const char *name;
        pld_type type;
    } narrow[] = {{"f64", PLD_F32},  {"f32", PLD_I64}, {"i64", PLD_F64},
                  {"i64", PLD_I32},  {"u32", PLD_I32}, {"i32", PLD_F32},
                  {"f64", PLD_C128}, {"u64", PLD_I64}};
    char values[64];
    open_foreign();
    for (size_t i = 0; i < sizeof narrow / sizeof narrow[0]; i++)
        assert_fails(PLD_ERR_TYPE,
                     pld_file_read_box(file, narrow[i].name,
                                       (pld_box){.count = {4, 1, 1}},
                                       narrow[i].type, values),
                     "does not hold");
    assert_ok(pld_file_close(&file));
}

TEST(odd_things_are_named)
{
    double value;
    pld_variable found;
    open_foreign();
    assert_ok(pld_file_inquire(file, "one", &found));
    assert_all(found.ndims == 0 && found.type == PLD_F64);
    const pld_box box = {.count = {1, 1, 1}};
    assert_fails(PLD_ERR_SHAPE,
                 pld_file_read_box(file, "one", box, PLD_F64, &value),
                 "'one' has 0 dimensions");
    assert_fails(PLD_ERR_UNSUPPORTED, pld_file_inquire(file, "nine", &found),
                 "'nine' has 9 dimensions");
    assert_fails(PLD_ERR_TYPE, pld_file_inquire(file, "letter", &found),
                 "'letter' has text");
    assert_fails(PLD_ERR_NOENT, pld_file_inquire(file, "group", &found),
                 "not a variable");
    assert_ok(pld_file_read_box(file, "group/inner", box, PLD_F64, &value));
    assert_all(value == 42);
    assert_fails(PLD_ERR_NOENT, pld_file_inquire(file, "group/outer", &found),
                 "elevation");
    assert_ok(pld_file_close(&file));
}

TEST(texts_of_all_kinds_are_read)
{
    char text[16];
    open_foreign();
    assert_ok(pld_file_read_text(file, NULL, "fixed", sizeof text, text));
    assert_all(strcmp(text, "metres") == 0);
    assert_ok(pld_file_read_text(file, NULL, "variable", sizeof text, text));
    assert_all(strcmp(text, "metres") == 0);
    assert_fails(PLD_ERR_SHAPE,
                 pld_file_read_text(file, NULL, "two", sizeof text, text),
                 "2 texts");
    assert_ok(pld_file_close(&file));
}

TEST(old_and_new_formats_are_read)
{
    put_file("new.h5", H5F_LIBVER_LATEST, 0);
    assert_ok(pld_file_open(ctx, "new.h5", false, &file));
    check_elevation();
    assert_ok(pld_file_close(&file));
    put_file("block.h5", H5F_LIBVER_V18, 2048);
    assert_ok(pld_file_open(ctx, "block.h5", false, &file));
    check_elevation();
    assert_ok(pld_file_close(&file));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(boxes_of_compressed_big_endian_numbers_are_read),
    cmocka_unit_test(one_rank_may_read_alone),
    cmocka_unit_test(foreign_variables_fill_fields),
    cmocka_unit_test(every_kind_of_number_widens),
    cmocka_unit_test(numbers_do_not_narrow),
    cmocka_unit_test(odd_things_are_named),
    cmocka_unit_test(texts_of_all_kinds_are_read),
    cmocka_unit_test(old_and_new_formats_are_read),
};

PLD_TEST_MAIN(tests)
