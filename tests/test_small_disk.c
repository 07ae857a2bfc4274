/* A disk that is too small, named by PLD_TEST_SMALL_DISK (a folder with a few
 * megabytes free): errors on all ranks, nobody hangs, old files stay.
 * check_files.sh makes one and runs this there.
 * TEST: ranks=2 */

#include "support/formula.h"
#include "support/harness.h"

#include "polder/agree.h"
#include "polder/series.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[256];

static void name_file(const char *name)
{
    const char *folder = getenv("PLD_TEST_SMALL_DISK");
    if (folder == NULL)
        skip();
    snprintf(path, sizeof path, "%s/%s", folder, name);
}

/* 1000 doubles to a row. */
static struct formula rows(int64_t n)
{
    return formula_create(ctx, &(pld_grid_spec){.ndims = 2, .size = {n, 1000}},
                          &(pld_field_spec){.name = "u"});
}

TEST(fields_that_do_not_fit_are_told_beforehand)
{
    pld_file *file = NULL;
    pld_variable found;
    name_file("fields.h5");
    struct formula small = rows(50);
    struct formula large =
        formula_create(ctx, &(pld_grid_spec){.ndims = 2, .size = {2000, 1000}},
                       &(pld_field_spec){.name = "large"});
    formula_fill(small.field, 0);
    assert_ok(pld_file_create(ctx, path, &file));
    assert_ok(pld_file_write(file, small.field));
    assert_fails(PLD_ERR_SPACE, pld_file_write(file, large.field),
                 "no space: needs 16.3 MB");
    assert_fails(PLD_ERR_NOENT, pld_file_inquire(file, "large", &found), "u");
    assert_ok(pld_file_read(file, "u", small.field));
    assert_all(formula_holds(small.field, 0));
    assert_ok(pld_file_close(&file));
    formula_destroy(&small);
    formula_destroy(&large);
}

TEST(series_end_with_the_disk_and_keep_their_steps)
{
    pld_series *series = NULL;
    name_file("series.h5");
    struct formula made = rows(60);
    pld_series_spec spec = {.nfields = 1, .fields = &made.field};
    assert_ok(pld_series_create(ctx, path, &spec, &series));
    int nsteps = 0;
    pld_status status = PLD_OK;
    while (nsteps < 50 && status == PLD_OK) {
        formula_fill(made.field, nsteps);
        status = pld_series_append(series, nsteps);
        nsteps += status == PLD_OK;
    }
    assert_all(nsteps > 0 && nsteps < 50);
    assert_fails(PLD_ERR_SPACE, status, "no space");
    assert_ok(pld_series_close(&series));
    assert_ok(pld_series_open(ctx, path, false, &spec, &series));
    assert_all(pld_series_nsteps(series) == nsteps);
    assert_ok(pld_series_read(series, nsteps - 1));
    assert_all(formula_holds(made.field, nsteps - 1));
    assert_ok(pld_series_close(&series));
    formula_destroy(&made);
}

/* HDF5 through MPI-IO must not meet the end of the disk. */
TEST(compressed_fields_that_do_not_fit_are_told_beforehand)
{
    pld_file *file = NULL;
    name_file("compressed.h5");
    struct formula large =
        formula_create(ctx, &(pld_grid_spec){.ndims = 2, .size = {2000, 1000}},
                       &(pld_field_spec){.name = "large"});
    assert_ok(pld_file_create(ctx, path, &file));
    assert_ok(pld_file_set_storage(file, &(pld_storage){.deflate = 1}));
    assert_fails(PLD_ERR_SPACE, pld_file_write(file, large.field),
                 "no space: needs 16.3 MB");
    assert_ok(pld_file_close(&file));
    formula_destroy(&large);
}

/* Somebody else takes all that is left. */
static void fill_disk(void)
{
    if (rank == 0) {
        char command[320];
        snprintf(command, sizeof command,
                 "cat /dev/zero >%s.rest 2>/dev/null; true", path);
        assert_int_equal(system(command), 0);
    }
    assert_ok(pld_agree(ctx, PLD_OK));
}

TEST(files_close_on_a_full_disk)
{
    pld_file *file = NULL;
    name_file("close.h5");
    struct formula made = rows(10);
    formula_fill(made.field, 0);
    assert_ok(pld_file_create(ctx, path, &file));
    assert_ok(pld_file_write(file, made.field));
    fill_disk();
    assert_fails(PLD_ERR_SPACE, pld_file_write_text(file, "u", "a", "b"),
                 "no space");
    assert_ok(pld_file_close(&file));
    assert_ok(pld_file_open(ctx, path, false, &file));
    assert_ok(pld_file_read(file, "u", made.field));
    assert_all(formula_holds(made.field, 0));
    assert_ok(pld_file_close(&file));
    formula_destroy(&made);
}

TEST(full_disks_take_no_file)
{
    pld_file *file = NULL;
    name_file("none.h5");
    fill_disk();
    assert_fails(PLD_ERR_SPACE, pld_file_create(ctx, path, &file), "no space");
    assert_all(access(path, F_OK) != 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(fields_that_do_not_fit_are_told_beforehand),
    cmocka_unit_test(series_end_with_the_disk_and_keep_their_steps),
    cmocka_unit_test(compressed_fields_that_do_not_fit_are_told_beforehand),
    cmocka_unit_test(files_close_on_a_full_disk),
    cmocka_unit_test(full_disks_take_no_file),
};

PLD_TEST_MAIN(tests)
