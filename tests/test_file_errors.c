/* What goes wrong with files: the same named error on every rank, and no rank
 * left waiting.
 * TEST: ranks=1,2,3,4,7
 * TEST: ranks=2 env=OMPI_MCA_sharedfp=^lockedfile
 * TEST: ranks=3 env=PLD_IO=hdf5 */

#include "support/formula.h"
#include "support/harness.h"

#include "base/alloc.h"
#include "io/file.h"
#include "io/preflight.h"
#include "polder/agree.h"
#include "polder/memory.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const pld_grid_spec cells = {.ndims = 2, .size = {6, 5}};

static pld_file *file;

/* Rank 0 makes a file of `n` bytes of `from`, all wait for it. */
static void put_bytes(const char *path, const char *from, size_t n)
{
    if (rank == 0) {
        FILE *out = fopen(path, "wb");
        assert_non_null(out);
        assert_int_equal(fwrite(from, 1, n, out), n);
        assert_int_equal(fclose(out), 0);
    }
    assert_ok(pld_agree(ctx, PLD_OK));
}

static void write_good_file(const char *path)
{
    struct formula u =
        formula_create(ctx, &cells, &(pld_field_spec){.name = "u"});
    formula_fill(u.field, 0);
    assert_ok(pld_file_create(ctx, path, &file));
    assert_ok(pld_file_write(file, u.field));
    assert_ok(pld_file_write_text(file, "u", "units", "m"));
    assert_ok(pld_file_write_attribute(file, NULL, "pair", PLD_F64, 2,
                                       (double[2]){1, 2}));
    assert_ok(pld_file_close(&file));
    formula_destroy(&u);
}

/* --- Paths -----------------------------------------------------------------
 */

TEST(missing_arguments_are_named)
{
    assert_fails(PLD_ERR_ARG, pld_file_create(NULL, "a.h5", &file), "ctx");
    assert_fails(PLD_ERR_ARG, pld_file_open(NULL, "a.h5", false, &file), "ctx");
    assert_fails(PLD_ERR_ARG, pld_file_create(ctx, NULL, &file),
                 "path is NULL");
    assert_fails(PLD_ERR_ARG, pld_file_create(ctx, "", &file), "path is empty");
    assert_fails(PLD_ERR_ARG, pld_file_open(ctx, "a.h5", true, NULL),
                 "out is NULL");
    assert_fails(PLD_ERR_ARG, pld_file_close(NULL), "file is NULL");
    assert_fails(
        PLD_ERR_ARG,
        pld_file_create(ctx, rank == nranks - 1 ? NULL : "a.h5", &file),
        "path is NULL");
    assert_all(file == NULL && access("a.h5", F_OK) != 0);
}

TEST(missing_files_and_folders_are_named)
{
    assert_fails(PLD_ERR_NOENT, pld_file_open(ctx, "none.h5", false, &file),
                 "none.h5");
    assert_fails(PLD_ERR_NOENT,
                 pld_file_open(ctx, "no/such/none.h5", false, &file),
                 "no folder 'no'");
    assert_fails(PLD_ERR_NOENT, pld_file_create(ctx, "no/such/none.h5", &file),
                 "no folder 'no'");
    put_bytes("plain", "text", 4);
    assert_fails(PLD_ERR_NOENT, pld_file_create(ctx, "plain/a.h5", &file),
                 "'plain' is not a folder");
    assert_fails(PLD_ERR_NOENT, pld_file_open(ctx, "plain/a.h5", false, &file),
                 "'plain' is not a folder");
}

TEST(folders_and_devices_are_not_files)
{
    assert_fails(PLD_ERR_ARG, pld_file_create(ctx, ".", &file), "is a folder");
    assert_fails(PLD_ERR_ARG, pld_file_open(ctx, ".", false, &file),
                 "is a folder");
    assert_fails(PLD_ERR_ARG, pld_file_create(ctx, "/dev/null", &file),
                 "not a regular file");
    assert_fails(PLD_ERR_FORMAT, pld_file_open(ctx, "/dev/null", false, &file),
                 "not a regular file");
}

TEST(permissions_are_heeded)
{
    if (geteuid() == 0)
        skip();
    write_good_file("locked.h5");
    if (rank == 0) {
        assert_int_equal(chmod("locked.h5", 0444), 0);
        assert_int_equal(mkdir("locked", 0555), 0);
    }
    assert_fails(PLD_ERR_ACCESS, pld_file_create(ctx, "locked.h5", &file),
                 "locked.h5");
    assert_fails(PLD_ERR_ACCESS, pld_file_open(ctx, "locked.h5", true, &file),
                 "locked.h5");
    assert_fails(PLD_ERR_ACCESS, pld_file_create(ctx, "locked/a.h5", &file),
                 "'locked'");
}

/* A path of `n` characters to a file in this folder. */
static char *long_path(int n)
{
    char *path = malloc((size_t)n + 1);
    assert_non_null(path);
    path[n] = '\0';
    for (int i = 0; i < n; i++)
        path[i] = i % 2 == 0 ? '.' : '/';
    memcpy(path + n - 6, "/aa.h5", 6);
    return path;
}

TEST(long_paths_are_as_good_as_short_ones)
{
    struct formula u =
        formula_create(ctx, &cells, &(pld_field_spec){.name = "u"});
    const int lengths[] = {244, 256, 1000, 4000, PATH_MAX - 2};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char *path = long_path(lengths[i]);
        formula_fill(u.field, (int)i);
        assert_ok(pld_file_create(ctx, path, &file));
        assert_ok(
            pld_file_set_storage(file, &(pld_storage){.way = PLD_IO_DIRECT}));
        assert_ok(pld_file_write(file, u.field));
        assert_ok(pld_file_close(&file));
        assert_ok(pld_field_set(u.field, &(double){0}));
        assert_ok(pld_file_open(ctx, path, false, &file));
        assert_ok(
            pld_file_set_storage(file, &(pld_storage){.way = PLD_IO_DIRECT}));
        assert_ok(pld_file_read(file, "u", u.field));
        assert_ok(pld_file_close(&file));
        assert_all(formula_holds(u.field, (int)i));
        free(path);
    }
    char *path = long_path(6000);
    assert_fails(PLD_ERR_ARG, pld_file_create(ctx, path, &file),
                 "path has 6000 characters");
    free(path);
    formula_destroy(&u);
}

TEST(long_paths_are_refused_where_open_mpi_would_abort)
{
    struct formula u =
        formula_create(ctx, &cells, &(pld_field_spec){.name = "u"});
#ifdef PLD_MPI_FLAVOUR_OPENMPI
    bool aborts = getenv("OMPI_MCA_sharedfp") == NULL;
#else
    bool aborts = false;
#endif
    for (int n = 244; n <= 246; n += 2) {
        char *path = long_path(n);
        assert_ok(pld_file_create(ctx, path, &file));
        assert_ok(
            pld_file_set_storage(file, &(pld_storage){.way = PLD_IO_HDF5}));
        pld_status status = pld_file_write(file, u.field);
        if (aborts && n > 244)
            assert_fails(PLD_ERR_ARG, status, "path has 246 characters");
        else
            assert_ok(status);
        assert_ok(pld_file_close(&file));
        free(path);
    }
    formula_destroy(&u);
}

/* --- Content ---------------------------------------------------------------
 */

TEST(other_files_are_told_from_hdf5)
{
    put_bytes("text.h5", "hello, world", 12);
    assert_fails(PLD_ERR_FORMAT, pld_file_open(ctx, "text.h5", false, &file),
                 "starts with 68 65 6c 6c 6f");
    put_bytes("empty.h5", "", 0);
    assert_fails(PLD_ERR_FORMAT, pld_file_open(ctx, "empty.h5", true, &file),
                 "'empty.h5' is empty");
    put_bytes("short.h5", "\x89H", 2);
    assert_fails(PLD_ERR_FORMAT, pld_file_open(ctx, "short.h5", false, &file),
                 "starts with 89 48");
}

static size_t length_of(const char *path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return (size_t)info.st_size;
}

TEST(files_cut_short_are_damaged)
{
    write_good_file("whole.h5");
    size_t length = length_of("whole.h5");
    char *bytes = malloc(length);
    assert_non_null(bytes);
    FILE *in = fopen("whole.h5", "rb");
    assert_non_null(in);
    assert_int_equal(fread(bytes, 1, length, in), length);
    fclose(in);
    const size_t cuts[] = {8, 9, 15, 30, 47, 48, 96, length / 2, length - 1};
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        put_bytes("cut.h5", bytes, cuts[i]);
        assert_fails(PLD_ERR_CORRUPT,
                     pld_file_open(ctx, "cut.h5", false, &file),
                     "is cut short");
    }
    put_bytes("cut.h5", bytes, length);
    assert_ok(pld_file_open(ctx, "cut.h5", false, &file));
    assert_ok(pld_file_close(&file));
    free(bytes);
}

/* At every byte near the ends, and at many between; on one rank. */
TEST(no_cut_goes_unnoticed)
{
    write_good_file("sweep.h5");
    pld_ctx *alone = team_create(1);
    if (alone != NULL) {
        int64_t length = (int64_t)length_of("sweep.h5");
        for (int64_t n = length - 1; n >= 0; n--) {
            if (n > 128 && n < length - 64 && n % 13 != 0)
                continue;
            pld_file *cut = NULL;
            assert_int_equal(truncate("sweep.h5", n), 0);
            pld_status status = pld_file_open(alone, "sweep.h5", false, &cut);
            assert_true(status == (n < 8 ? PLD_ERR_FORMAT : PLD_ERR_CORRUPT));
            assert_true(cut == NULL);
        }
    }
    team_destroy(&alone);
}

TEST(damaged_metadata_is_an_error)
{
    pld_variable found;
    write_good_file("good.h5");
    size_t length = length_of("good.h5");
    char *bytes = malloc(length);
    assert_non_null(bytes);
    FILE *in = fopen("good.h5", "rb");
    assert_non_null(in);
    assert_int_equal(fread(bytes, 1, length, in), length);
    fclose(in);
    bytes[44] ^= 1; /* in the checksum of the superblock */
    put_bytes("damaged.h5", bytes, length);
    assert_fails(PLD_ERR_CORRUPT,
                 pld_file_open(ctx, "damaged.h5", false, &file), "HDF5 says:");
    bytes[44] ^= 1;
    bytes[60] ^= 1; /* in the root group, which is read when it is used */
    put_bytes("damaged.h5", bytes, length);
    assert_ok(pld_file_open(ctx, "damaged.h5", false, &file));
    assert_fails(PLD_ERR_CORRUPT, pld_file_inquire(file, "u", &found),
                 "cannot list the variables");
    assert_ok(pld_file_close(&file));
    free(bytes);
}

/* --- Variables -------------------------------------------------------------
 */

static void open_good_file(bool writable)
{
    write_good_file("variables.h5");
    assert_ok(pld_file_open(ctx, "variables.h5", writable, &file));
}

TEST(missing_variables_tell_what_is_there)
{
    pld_variable found;
    struct formula u = formula_create(ctx, &cells, &(pld_field_spec){0});
    open_good_file(false);
    assert_fails(PLD_ERR_NOENT, pld_file_inquire(file, "v", &found),
                 "no variable 'v' in 'variables.h5': there is u, x, y");
    assert_fails(PLD_ERR_NOENT, pld_file_read(file, "a/b", u.field),
                 "no variable 'a/b'");
    assert_fails(PLD_ERR_NOENT, pld_file_inquire(file, "/", &found),
                 "not a variable");
    assert_fails(
        PLD_ERR_NOENT,
        pld_file_read_box(file, "w", (pld_box){.count = {0}}, PLD_F64, NULL),
        "no variable 'w'");
    assert_ok(pld_file_close(&file));
    assert_ok(pld_file_create(ctx, "nothing.h5", &file));
    assert_fails(PLD_ERR_NOENT, pld_file_inquire(file, "v", &found),
                 "there is nothing");
    assert_ok(pld_file_close(&file));
    formula_destroy(&u);
}

TEST(many_names_are_cut_off)
{
    pld_variable found;
    char name[64];
    assert_ok(pld_file_create(ctx, "many.h5", &file));
    for (int i = 0; i < 8; i++) {
        snprintf(name, sizeof name, "a_rather_long_name_of_a_variable_%d_%d", i,
                 i);
        struct formula made =
            formula_create(ctx, &(pld_grid_spec){.ndims = 1, .size = {2}},
                           &(pld_field_spec){.name = name});
        assert_ok(pld_file_write(file, made.field));
        formula_destroy(&made);
    }
    assert_fails(PLD_ERR_NOENT, pld_file_inquire(file, "v", &found),
                 "variable_0_0, ");
    assert_fails(PLD_ERR_NOENT, pld_file_inquire(file, "v", &found), "...");
    assert_ok(pld_file_close(&file));
}

TEST(other_shapes_are_refused)
{
    double values[64];
    struct formula wide =
        formula_create(ctx, &(pld_grid_spec){.ndims = 2, .size = {6, 7}},
                       &(pld_field_spec){.name = "u"});
    struct formula vector = formula_create(
        ctx, &cells, &(pld_field_spec){.name = "u", .ncomps = 2});
    open_good_file(true);
    assert_fails(PLD_ERR_SHAPE, pld_file_read(file, "u", wide.field),
                 "'u' is 6 x 5 in the file, the field is 6 x 7");
    assert_fails(PLD_ERR_SHAPE, pld_file_write(file, wide.field),
                 "'u' is 6 x 5 in the file, the field is 6 x 7");
    assert_fails(PLD_ERR_SHAPE, pld_file_write(file, vector.field),
                 "the field is 6 x 5 x 2");
    pld_box box = {.first = {4, 0, 0}, .count = {1, 1, 1}};
    box.count[0] = rank == nranks - 1 ? 3 : 1;
    assert_fails(PLD_ERR_SHAPE,
                 pld_file_read_box(file, "u", box, PLD_F64, values),
                 "box wants 3 from 4 on along dimension 0, 'u' has 6");
    box = (pld_box){.first = {0, -1, 0}, .count = {1, 1, 1}};
    assert_fails(PLD_ERR_SHAPE,
                 pld_file_read_box(file, "u", box, PLD_F64, values),
                 "from -1 on");
    box = (pld_box){.count = {1, 1, 2}};
    assert_fails(PLD_ERR_SHAPE,
                 pld_file_read_box(file, "u", box, PLD_F64, values),
                 "dimension 2, 'u' has 1");
    assert_ok(pld_file_close(&file));
    formula_destroy(&wide);
    formula_destroy(&vector);
}

TEST(other_types_are_refused)
{
    double value;
    struct formula whole = formula_create(
        ctx, &cells, &(pld_field_spec){.name = "u", .type = PLD_I64});
    open_good_file(true);
    assert_fails(PLD_ERR_TYPE, pld_file_read(file, "u", whole.field),
                 "'u' has 64-bit floating-point numbers, which i64 does not "
                 "hold");
    assert_fails(PLD_ERR_TYPE, pld_file_write(file, whole.field),
                 "the field is i64");
    pld_box box = {.count = {1, 1, 1}};
    assert_fails(PLD_ERR_TYPE,
                 pld_file_read_box(file, "u", box, PLD_F32, &value),
                 "f32 does not hold");
    assert_fails(PLD_ERR_ARG,
                 pld_file_read_box(file, "u", box, (pld_type)77, &value),
                 "type 77 is not a type");
    assert_fails(PLD_ERR_ARG, pld_file_read_box(file, "u", box, PLD_F64, NULL),
                 "out is NULL");
    assert_ok(pld_file_close(&file));
    formula_destroy(&whole);
}

TEST(names_are_checked)
{
    pld_variable found;
    struct formula slash =
        formula_create(ctx, &cells, &(pld_field_spec){.name = "a/b"});
    struct formula x =
        formula_create(ctx, &cells, &(pld_field_spec){.name = "x"});
    open_good_file(true);
    assert_fails(PLD_ERR_ARG, pld_file_write(file, slash.field),
                 "'a/b' has a slash");
    assert_fails(PLD_ERR_SHAPE, pld_file_write(file, x.field),
                 "'x' is 5 in the file");
    assert_fails(PLD_ERR_ARG, pld_file_inquire(file, "", &found),
                 "name of the variable is ''");
    assert_fails(PLD_ERR_ARG, pld_file_inquire(file, NULL, &found),
                 "name of the variable is NULL");
    assert_fails(PLD_ERR_ARG, pld_file_inquire(file, "u", NULL), "out is NULL");
    assert_ok(pld_file_close(&file));
    formula_destroy(&slash);
    formula_destroy(&x);
}

/* --- Attributes ------------------------------------------------------------
 */

TEST(attributes_are_checked)
{
    double values[4];
    char text[8];
    open_good_file(true);
    assert_fails(PLD_ERR_NOENT,
                 pld_file_read_attribute(file, "u", "none", PLD_F64, 1, values),
                 "'u' in 'variables.h5' has no attribute 'none'");
    assert_fails(PLD_ERR_NOENT, pld_file_read_text(file, "v", "units", 8, text),
                 "no variable 'v'");
    assert_fails(
        PLD_ERR_SHAPE,
        pld_file_read_attribute(file, NULL, "pair", PLD_F64, 3, values),
        "has 2 numbers, 3 are asked for");
    assert_fails(
        PLD_ERR_TYPE,
        pld_file_read_attribute(file, NULL, "pair", PLD_I32, 2, values),
        "which i32 does not hold");
    assert_fails(PLD_ERR_TYPE, pld_file_read_text(file, NULL, "pair", 8, text),
                 "not a text");
    assert_fails(
        PLD_ERR_TYPE,
        pld_file_read_attribute(file, "u", "units", PLD_F64, 1, values),
        "has text");
    assert_fails(PLD_ERR_OVERFLOW,
                 pld_file_read_text(file, "u", "units", 1, text),
                 "needs 2 bytes, size is 1");
    assert_fails(PLD_ERR_ARG, pld_file_read_text(file, "u", "units", 8, NULL),
                 "out is NULL");
    assert_fails(PLD_ERR_ARG,
                 pld_file_write_attribute(file, "u", "a", PLD_F64, 0, values),
                 "count is 0");
    assert_fails(PLD_ERR_ARG,
                 pld_file_write_attribute(file, "u", "a", PLD_F64, 1, NULL),
                 "NULL");
    assert_fails(PLD_ERR_ARG,
                 pld_file_write_attribute(file, "u", NULL, PLD_F64, 1, values),
                 "name of the attribute is NULL");
    assert_fails(
        PLD_ERR_ARG,
        pld_file_write_attribute(file, "u", "a", (pld_type)-1, 1, values),
        "type -1 is not a type");
    assert_fails(PLD_ERR_ARG, pld_file_write_text(file, "u", "a", NULL),
                 "text is NULL");
    assert_ok(pld_file_close(&file));
}

TEST(axes_are_checked)
{
    pld_axis axes[3] = {{.origin = NAN}};
    open_good_file(true);
    assert_fails(PLD_ERR_ARG, pld_file_set_axes(file, 4, axes), "naxes is 4");
    assert_fails(PLD_ERR_ARG, pld_file_set_axes(file, 2, NULL), "axes is NULL");
    assert_fails(PLD_ERR_ARG, pld_file_set_axes(file, 1, axes), "axis 0");
    axes[0] = (pld_axis){.name = "a/b"};
    assert_fails(PLD_ERR_ARG, pld_file_set_axes(file, 1, axes), "'a/b'");
    assert_ok(pld_file_close(&file));
}

/* --- State -----------------------------------------------------------------
 */

TEST(files_open_for_reading_are_not_written)
{
    struct formula u =
        formula_create(ctx, &cells, &(pld_field_spec){.name = "u"});
    open_good_file(false);
    assert_fails(PLD_ERR_ACCESS, pld_file_write(file, u.field),
                 "opened for reading");
    assert_fails(PLD_ERR_ACCESS, pld_file_write_text(file, "u", "a", "b"),
                 "opened for reading");
    assert_fails(
        PLD_ERR_ACCESS,
        pld_file_write_attribute(file, NULL, "a", PLD_F64, 1, &(double){1}),
        "opened for reading");
    assert_fails(PLD_ERR_ACCESS,
                 pld_file_set_axes(file, 1, &(pld_axis){.spacing = 1}),
                 "opened for reading");
    assert_ok(pld_file_close(&file));
    formula_destroy(&u);
}

TEST(one_writer_has_a_file)
{
    pld_file *second = NULL;
    struct formula u =
        formula_create(ctx, &cells, &(pld_field_spec){.name = "u"});
    open_good_file(true);
    assert_fails(PLD_ERR_STATE, pld_file_create(ctx, "variables.h5", &second),
                 "'variables.h5' is being written");
    assert_fails(PLD_ERR_STATE,
                 pld_file_open(ctx, "variables.h5", true, &second),
                 "'variables.h5' is being written");
    assert_ok(pld_file_open(ctx, "variables.h5", false, &second));
    assert_ok(pld_file_close(&second));
    assert_ok(pld_file_read(file, "u", u.field));
    assert_all(formula_holds(u.field, 0));
    assert_ok(pld_file_close(&file));
    assert_ok(pld_file_open(ctx, "variables.h5", true, &file));
    assert_ok(pld_file_close(&file));
    formula_destroy(&u);
}

TEST(storage_is_checked)
{
    open_good_file(true);
    assert_fails(PLD_ERR_ARG,
                 pld_file_set_storage(file, &(pld_storage){.deflate = 10}),
                 "deflate is 10");
    assert_fails(PLD_ERR_ARG,
                 pld_file_set_storage(file, &(pld_storage){.way = (pld_io)3}),
                 "way 3");
    assert_fails(PLD_ERR_ARG,
                 pld_file_set_storage(file, &(pld_storage){.chunk = {0, -1}}),
                 "chunk[1] is -1");
    assert_fails(
        PLD_ERR_ARG,
        pld_file_set_storage(
            file, &(pld_storage){.convert = true, .type = (pld_type)9}),
        "type 9");
    if (nranks > 1)
        assert_fails(
            PLD_ERR_MISMATCH,
            pld_file_set_storage(file, &(pld_storage){.deflate = rank == 0}),
            "storage");
    assert_ok(pld_file_close(&file));
}

TEST(closed_files_are_not_used)
{
    pld_variable found;
    struct formula u = formula_create(ctx, &cells, &(pld_field_spec){0});
    open_good_file(false);
    assert_ok(pld_file_close(&file));
    assert_all(file == NULL);
    assert_ok(pld_file_close(&file));
    assert_fails(PLD_ERR_ARG, pld_file_write(file, u.field), "file is NULL");
    assert_fails(PLD_ERR_ARG, pld_file_read(file, "u", u.field),
                 "file is NULL");
    assert_fails(PLD_ERR_ARG, pld_file_inquire(file, "u", &found),
                 "file is NULL");
    formula_destroy(&u);
}

TEST(contexts_wait_for_their_files)
{
    pld_ctx *team = team_create(1);
    if (team != NULL) {
        pld_file *own = NULL;
        assert_ok_here(pld_file_create(team, "own.h5", &own));
        pld_ctx *same = team;
        assert_fails_here(PLD_ERR_STATE, pld_ctx_destroy(&same), "file");
        assert_ok_here(pld_file_close(&own));
    }
    team_destroy(&team);
}

TEST(fields_of_other_contexts_are_refused)
{
    pld_ctx *team = team_create(nranks);
    struct formula u = formula_create(team, &cells, &(pld_field_spec){0});
    assert_ok(pld_file_create(ctx, "other.h5", &file));
    assert_fails(PLD_ERR_ARG, pld_file_write(file, u.field), "another context");
    assert_fails(PLD_ERR_ARG, pld_file_write(file, NULL), "field");
    assert_ok(pld_file_close(&file));
    formula_destroy(&u);
    team_destroy(&team);
}

/* --- Ranks that disagree ---------------------------------------------------
 */

TEST(ranks_must_say_the_same)
{
    if (nranks == 1)
        skip();
    bool last = rank == nranks - 1;
    pld_variable found;
    struct formula u =
        formula_create(ctx, &cells, &(pld_field_spec){.name = "u"});
    struct formula v =
        formula_create(ctx, &cells, &(pld_field_spec){.name = "v"});
    struct formula w = formula_create(
        ctx, &cells, &(pld_field_spec){.name = "u", .type = PLD_I32});
    assert_fails(PLD_ERR_MISMATCH,
                 pld_file_create(ctx, last ? "b.h5" : "a.h5", &file), "path");
    open_good_file(true);
    pld_file *second = NULL;
    assert_fails(PLD_ERR_MISMATCH,
                 pld_file_open(ctx, "variables.h5", last, &second),
                 "whether to write");
    assert_fails(PLD_ERR_MISMATCH,
                 pld_file_write(file, last ? v.field : u.field), "field");
    assert_fails(PLD_ERR_MISMATCH,
                 pld_file_write(file, last ? w.field : u.field), "type");
    assert_fails(PLD_ERR_MISMATCH,
                 pld_file_inquire(file, last ? "v" : "u", &found), "variable");
    assert_fails(PLD_ERR_MISMATCH,
                 pld_file_write_text(file, NULL, "a", last ? "b" : "c"),
                 "text");
    assert_fails(PLD_ERR_MISMATCH,
                 pld_file_write_text(file, last ? NULL : "u", "a", "c"),
                 "variable");
    assert_fails(PLD_ERR_MISMATCH,
                 pld_file_write_attribute(file, NULL, "a", PLD_I32, 1, &last),
                 "values");
    assert_fails(PLD_ERR_MISMATCH,
                 pld_file_set_axes(file, 1, &(pld_axis){.origin = last}),
                 "origin");
    assert_ok(pld_file_close(&file));
    formula_destroy(&u);
    formula_destroy(&v);
    formula_destroy(&w);
}

/* --- Space -----------------------------------------------------------------
 */

TEST(too_little_space_is_told_with_figures)
{
    assert_fails(PLD_ERR_SPACE, pld_space_check(".", INT64_MAX / 2),
                 "needs 4.61e+03 PB");
    assert_ok(pld_space_check(".", 1));
}

TEST(space_that_is_not_there_is_not_taken)
{
    if (rank == 0) {
        FILE *out = fopen("space.bin", "wb");
        assert_non_null(out);
        assert_int_equal(fclose(out), 0);
        assert_ok_here(pld_space_take("space.bin", 0, 10000));
        assert_int_equal(length_of("space.bin"), 10000);
        assert_ok_here(pld_space_take("space.bin", -1, 10000));
        assert_int_equal(length_of("space.bin"), 20000);
        assert_fails_here(PLD_ERR_SPACE,
                          pld_space_take("space.bin", 0, (int64_t)1 << 60),
                          "no space: needs 1.15e+03 PB");
        assert_int_equal(length_of("space.bin"), 20000);
    }
    assert_ok(pld_agree(ctx, PLD_OK));
}

/* The system would end a process that goes beyond the limit. */
TEST(limits_on_files_are_heeded)
{
    struct rlimit limit;
    struct formula u =
        formula_create(ctx, &(pld_grid_spec){.ndims = 2, .size = {600, 1000}},
                       &(pld_field_spec){.name = "large"});
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    struct rlimit low = {.rlim_cur = 3 << 20, .rlim_max = limit.rlim_max};
    assert_ok(pld_file_create(ctx, "limit.h5", &file));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    pld_status status = pld_file_write(file, u.field);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_fails(PLD_ERR_SPACE, status, "would grow beyond 3.15 MB");
    assert_ok(pld_file_write_text(file, NULL, "title", "still good"));
    assert_ok(pld_file_close(&file));
    formula_destroy(&u);
}

/* The last rank runs out of memory at each of its allocations in turn. */
TEST(memory_that_fails_on_one_rank_fails_on_all)
{
    struct formula u =
        formula_create(ctx, &cells, &(pld_field_spec){.halo = {.all = 1}});
    formula_fill(u.field, 0);
    int64_t live = pld_memory_live_blocks();
    pld_status status = PLD_ERR_MEMORY;
    for (int nth = 1; status == PLD_ERR_MEMORY; nth++) {
        pld_file *broke = NULL;
        pld_alloc_fail(rank == nranks - 1 ? nth : 0);
        status = pld_file_create(ctx, "memory.h5", &broke);
        if (status == PLD_OK)
            status = pld_file_write(broke, u.field);
        if (status == PLD_OK)
            status = pld_file_read(broke, "field", u.field);
        pld_alloc_fail(0);
        assert_all(status == PLD_OK || status == PLD_ERR_MEMORY);
        assert_ok(pld_file_close(&broke));
        assert_all(pld_memory_live_blocks() == live);
        assert_all(status == PLD_OK || nth < 20);
    }
    assert_all(formula_holds(u.field, 0));
    formula_destroy(&u);
}

/* The last test: what all the others have left. */
TEST(hdf5_has_nothing_open)
{
    assert_all(H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL) == 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(missing_arguments_are_named),
    cmocka_unit_test(missing_files_and_folders_are_named),
    cmocka_unit_test(folders_and_devices_are_not_files),
    cmocka_unit_test(permissions_are_heeded),
    cmocka_unit_test(long_paths_are_as_good_as_short_ones),
    cmocka_unit_test(long_paths_are_refused_where_open_mpi_would_abort),
    cmocka_unit_test(other_files_are_told_from_hdf5),
    cmocka_unit_test(files_cut_short_are_damaged),
    cmocka_unit_test(no_cut_goes_unnoticed),
    cmocka_unit_test(damaged_metadata_is_an_error),
    cmocka_unit_test(missing_variables_tell_what_is_there),
    cmocka_unit_test(many_names_are_cut_off),
    cmocka_unit_test(other_shapes_are_refused),
    cmocka_unit_test(other_types_are_refused),
    cmocka_unit_test(names_are_checked),
    cmocka_unit_test(attributes_are_checked),
    cmocka_unit_test(axes_are_checked),
    cmocka_unit_test(files_open_for_reading_are_not_written),
    cmocka_unit_test(one_writer_has_a_file),
    cmocka_unit_test(storage_is_checked),
    cmocka_unit_test(closed_files_are_not_used),
    cmocka_unit_test(contexts_wait_for_their_files),
    cmocka_unit_test(fields_of_other_contexts_are_refused),
    cmocka_unit_test(ranks_must_say_the_same),
    cmocka_unit_test(too_little_space_is_told_with_figures),
    cmocka_unit_test(space_that_is_not_there_is_not_taken),
    cmocka_unit_test(limits_on_files_are_heeded),
    cmocka_unit_test(memory_that_fails_on_one_rank_fails_on_all),
    cmocka_unit_test(hdf5_has_nothing_open),
};

PLD_TEST_MAIN(tests)
