/* Checksums of variables: the same whoever writes, and what they find.
 * TEST: ranks=1,2,3,4,7
 * TEST: ranks=3 env=PLD_IO=hdf5 */

#include "support/formula.h"
#include "support/harness.h"

#include "base/crc32c.h"
#include "io/file.h"
#include "polder/agree.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More than two blocks of a MiB, and a rest. */
static const pld_grid_spec cells = {.ndims = 3, .size = {37, 100, 101}};
enum { NPOINTS = 37 * 100 * 101, BLOCK = 1 << 20 };
enum { NBLOCKS = (NPOINTS * 8 + BLOCK - 1) / BLOCK };

static pld_file *file;

static void write_file(pld_ctx *team, const char *path,
                       const pld_grid_spec *grid, const pld_field_spec *spec)
{
    pld_file *out = NULL;
    struct formula made = formula_create(team, grid, spec);
    formula_fill(made.field, 0);
    assert_ok_here(pld_file_create(team, path, &out));
    assert_ok_here(
        pld_file_set_storage(out, &(pld_storage){.checksums = true}));
    assert_ok_here(pld_file_write(out, made.field));
    assert_ok_here(pld_file_close(&out));
    formula_destroy(&made);
}

/* Worked out by one rank, over the numbers in their order. */
static void expect_blocks(uint32_t out[NBLOCKS])
{
    double *values = malloc(NPOINTS * sizeof *values);
    assert_non_null(values);
    for (int n = 0; n < NPOINTS; n++)
        values[n] = formula_value(0, n / 10100, n / 101 % 100, n % 101, 0);
    for (int i = 0; i < NBLOCKS; i++) {
        size_t first = (size_t)i * BLOCK;
        size_t rest = NPOINTS * sizeof *values - first;
        out[i] =
            pld_crc32c(0, (char *)values + first, rest < BLOCK ? rest : BLOCK);
    }
    free(values);
}

TEST(blocks_are_those_of_the_bytes_in_order)
{
    uint32_t expected[NBLOCKS];
    int64_t blocks[NBLOCKS];
    int64_t block = 0;
    char algorithm[16];
    pld_variable found;
    expect_blocks(expected);
    for (int d = 0; d < 3; d++)
        for (int width = 0; width < 2; width++) {
            pld_grid_spec cut = cells;
            cut.nprocs[d] = nranks;
            write_file(ctx, "blocks.h5", &cut,
                       &(pld_field_spec){.halo = {.all = width}});
            assert_ok(pld_file_open(ctx, "blocks.h5", false, &file));
            assert_ok(pld_file_inquire(file, "polder/crc/field", &found));
            assert_all(found.ndims == 1 && found.size[0] == NBLOCKS);
            pld_box box = {.count = {NBLOCKS, 1, 1}};
            assert_ok(pld_file_read_box(file, "polder/crc/field", box, PLD_I64,
                                        blocks));
            for (int i = 0; i < NBLOCKS; i++)
                assert_all(blocks[i] == expected[i]);
            assert_ok(pld_file_read_attribute(
                file, "polder/crc/field", "block_bytes", PLD_I64, 1, &block));
            assert_ok(pld_file_read_text(file, "polder/crc/field", "algorithm",
                                         sizeof algorithm, algorithm));
            assert_all(block == BLOCK && strcmp(algorithm, "crc32c") == 0);
            assert_ok(pld_file_close(&file));
        }
}

static void flip_byte(const char *path, off_t place)
{
    if (rank == 0) {
        char byte = 0;
        int fd = open(path, O_RDWR);
        assert_true(fd >= 0);
        assert_true(pread(fd, &byte, 1, place) == 1);
        byte ^= 16;
        assert_true(pwrite(fd, &byte, 1, place) == 1);
        close(fd);
    }
    assert_ok(pld_agree(ctx, PLD_OK));
}

/* Where the numbers of the field begin. */
static off_t place_of_field(const char *path)
{
    int64_t place = 0;
    if (rank == 0) {
        hid_t id = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
        hid_t dataset = H5Dopen2(id, "field", H5P_DEFAULT);
        place = (int64_t)H5Dget_offset(dataset);
        H5Dclose(dataset);
        H5Fclose(id);
    }
    MPI_Bcast(&place, 1, MPI_INT64_T, 0, pld_ctx_comm(ctx));
    return place;
}

TEST(a_flipped_bit_is_found_and_named)
{
    struct formula made =
        formula_create(ctx, &cells, &(pld_field_spec){.halo = {.all = 1}});
    write_file(ctx, "flip.h5", &cells, &(pld_field_spec){0});
    off_t place = place_of_field("flip.h5") + BLOCK + 12345;
    for (int flipped = 0; flipped < 2; flipped++) {
        assert_ok(pld_file_open(ctx, "flip.h5", false, &file));
        assert_ok(pld_file_read(file, "field", made.field));
        assert_ok(
            pld_file_set_storage(file, &(pld_storage){.checksums = true}));
        const char *text = "'field' in 'flip.h5' is damaged: block 1, in which "
                           "its slices 12 to 25 lie";
        if (flipped == 0) {
            assert_ok(pld_file_read(file, "field", made.field));
            assert_ok(pld_file_verify(file, "field"));
            assert_ok(pld_file_verify(file, NULL));
        } else {
            assert_fails(PLD_ERR_CORRUPT,
                         pld_file_read(file, "field", made.field), text);
            assert_fails(PLD_ERR_CORRUPT, pld_file_verify(file, "field"), text);
            assert_fails(PLD_ERR_CORRUPT, pld_file_verify(file, NULL), text);
        }
        assert_ok(pld_file_close(&file));
        flip_byte("flip.h5", place);
    }
    formula_destroy(&made);
}

/* Compressed, converted, with components, and written over. */
TEST(checksums_follow_what_is_written)
{
    static const pld_storage storages[] = {
        {.checksums = true, .deflate = 1},
        {.checksums = true, .convert = true, .type = PLD_F32},
        {.checksums = true, .convert = true, .type = PLD_I32, .deflate = 1}};
    const pld_grid_spec small = {.ndims = 3, .size = {5, 6, 7}};
    for (int i = 0; i < 3; i++) {
        struct formula made = formula_create(
            ctx, &small, &(pld_field_spec){.ncomps = 2, .halo = {.all = 1}});
        assert_ok(pld_file_create(ctx, "follow.h5", &file));
        assert_ok(pld_file_set_storage(file, &storages[i]));
        for (int shift = 0; shift < 2; shift++) {
            formula_fill(made.field, shift);
            assert_ok(pld_file_write(file, made.field));
            assert_ok(pld_file_verify(file, NULL));
            assert_ok(pld_file_read(file, "field", made.field));
            assert_all(formula_holds(made.field, shift));
        }
        assert_ok(pld_file_close(&file));
        formula_destroy(&made);
    }
}

TEST(variables_without_checksums_are_named)
{
    struct formula made = formula_create(ctx, &cells, &(pld_field_spec){0});
    assert_ok(pld_file_create(ctx, "without.h5", &file));
    assert_ok(pld_file_write(file, made.field));
    assert_ok(pld_file_verify(file, NULL));
    assert_fails(PLD_ERR_NOENT, pld_file_verify(file, "field"),
                 "'field' in 'without.h5' has no checksums");
    assert_fails(PLD_ERR_NOENT, pld_file_verify(file, "none"),
                 "no variable 'none'");
    assert_ok(pld_file_set_storage(file, &(pld_storage){.checksums = true}));
    assert_ok(pld_file_read(file, "field", made.field));
    assert_ok(pld_file_close(&file));
    formula_destroy(&made);
}

/* The last test: what all the others have left. */
TEST(hdf5_has_nothing_open)
{
    assert_all(H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL) == 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(blocks_are_those_of_the_bytes_in_order),
    cmocka_unit_test(a_flipped_bit_is_found_and_named),
    cmocka_unit_test(checksums_follow_what_is_written),
    cmocka_unit_test(variables_without_checksums_are_named),
    cmocka_unit_test(hdf5_has_nothing_open),
};

PLD_TEST_MAIN(tests)
