/* Fields through files: what N ranks write, M ranks read.
 * TEST: ranks=1,2,3,4,7
 * TEST: ranks=1,3,4 env=PLD_IO=hdf5 */

#include "support/formula.h"
#include "support/harness.h"

#include "io/file.h"
#include "polder/digest.h"
#include "polder/halo.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const pld_grid_spec cells = {.ndims = 3, .size = {5, 6, 9}};

/* A team writes a field to a new file. */
static void write_one(pld_ctx *team, const char *path,
                      const pld_grid_spec *grid, const pld_field_spec *spec)
{
    struct formula made = formula_create(team, grid, spec);
    pld_file *file = NULL;
    formula_fill(made.field, 0);
    assert_ok_here(pld_file_create(team, path, &file));
    assert_ok_here(pld_file_write(file, made.field));
    assert_ok_here(pld_file_close(&file));
    formula_destroy(&made);
}

static void read_one(pld_ctx *team, const char *path, const pld_grid_spec *grid,
                     const pld_field_spec *spec)
{
    struct formula made = formula_create(team, grid, spec);
    pld_file *file = NULL;
    assert_ok_here(pld_file_open(team, path, false, &file));
    assert_ok_here(pld_file_read(file, pld_field_name(made.field), made.field));
    assert_ok_here(pld_file_close(&file));
    assert_true(formula_holds(made.field, 0));
    formula_destroy(&made);
}

/* All write; one, half and all of them read, with another halo, layout and
 * cuts. */
static void pass_on(const pld_grid_spec *grid, pld_field_spec spec)
{
    write_one(ctx, "pass.h5", grid, &spec);
    spec.halo = (pld_width){.low = {2}};
    spec.halo.high[grid->ndims - 1] = 1;
    spec.layout = spec.layout == PLD_PLANES ? PLD_INTERLEAVED : PLD_PLANES;
    for (int i = 0; i < 3; i++) {
        int n = i == 0 ? 1 : i == 1 ? (nranks + 1) / 2 : nranks;
        pld_ctx *team = team_create(n);
        pld_grid_spec other = *grid;
        other.nprocs[grid->ndims - 1] = n;
        if (team != NULL)
            read_one(team, "pass.h5", &other, &spec);
        team_destroy(&team);
    }
}

TEST(every_type_comes_back_on_any_number_of_ranks)
{
    const pld_grid_spec small = {.ndims = 3, .size = {2, 3, 4}};
    for (int type = 0; type < PLD_TYPE_COUNT; type++)
        pass_on(&small, (pld_field_spec){.type = (pld_type)type});
}

TEST(components_come_back_from_both_layouts)
{
    pass_on(&cells, (pld_field_spec){.ncomps = 3});
    pass_on(&cells, (pld_field_spec){.ncomps = 2,
                                     .layout = PLD_INTERLEAVED,
                                     .type = PLD_F32,
                                     .halo = {.all = 1}});
}

TEST(staggered_fields_come_back)
{
    pass_on(&cells, (pld_field_spec){.node = {true, true, true}});
    pass_on(&cells, (pld_field_spec){.node = {false, false, true}});
    pld_grid_spec ring = cells;
    ring.periodic[2] = true;
    pass_on(&ring, (pld_field_spec){.node = {false, true, true}});
}

/* Whether reading changed own points is not known: ghosts are stale. */
TEST(ghosts_of_what_is_read_are_stale)
{
    struct formula made =
        formula_create(ctx, &cells, &(pld_field_spec){.halo = {.all = 1}});
    pld_file *file = NULL;
    pld_halo *halo = NULL;
    assert_ok(pld_halo_create(
        &(pld_halo_spec){.nfields = 1, .fields = &made.field}, &halo));
    assert_ok(pld_file_create(ctx, "stale.h5", &file));
    assert_ok(pld_file_write(file, made.field));
    assert_ok(pld_halo_need(halo));
    assert_all(pld_halo_fresh(halo));
    assert_ok(pld_file_read(file, pld_field_name(made.field), made.field));
    assert_all(!pld_halo_fresh(halo));
    assert_ok(pld_file_close(&file));
    assert_ok(pld_halo_destroy(&halo));
    formula_destroy(&made);
}

TEST(fields_of_one_and_two_dimensions_come_back)
{
    pass_on(&(pld_grid_spec){.ndims = 1, .size = {19}}, (pld_field_spec){0});
    pass_on(&(pld_grid_spec){.ndims = 2, .size = {11, 8}},
            (pld_field_spec){.ncomps = 2, .halo = {.all = 1}});
}

TEST(ranks_may_own_nothing)
{
    pass_on(&(pld_grid_spec){.ndims = 2, .size = {1, 2}}, (pld_field_spec){0});
    pass_on(&(pld_grid_spec){.ndims = 1, .size = {1}},
            (pld_field_spec){.node = {true}});
}

/* As with more than 2 GiB a rank: many calls of HDF5, and not the same number
 * from every rank. */
static void pass_in_pieces(int64_t bytes, int64_t long_run, int64_t width)
{
    struct formula made = formula_create(
        ctx, &cells,
        &(pld_field_spec){.layout = PLD_INTERLEAVED, .halo = {.all = width}});
    pld_file *file = NULL;
    formula_fill(made.field, 0);
    assert_ok(pld_file_create(ctx, "pieces.h5", &file));
    file->bounce_bytes = bytes;
    file->piece_bytes = bytes;
    file->long_run = long_run;
    assert_ok(pld_file_write(file, made.field));
    assert_ok(pld_field_set(made.field, &(double){0}));
    assert_ok(pld_file_read(file, "field", made.field));
    assert_all(formula_holds(made.field, 0));
    assert_ok(pld_file_close(&file));
    formula_destroy(&made);
    pld_ctx *alone = team_create(1);
    if (alone != NULL)
        read_one(alone, "pieces.h5", &cells, &(pld_field_spec){0});
    team_destroy(&alone);
}

TEST(large_fields_go_in_pieces)
{
    pass_in_pieces(60, 1000, 0);
    pass_in_pieces(200, 1000, 0);
    pass_in_pieces(200, 1000, 2);
    pass_in_pieces(1000, 1000, 1);
}

TEST(each_rank_moves_long_runs_by_itself)
{
    pass_in_pieces(200, 1, 0);
    pass_in_pieces(1000, 1, 1);
    pass_in_pieces(1 << 20, 1, 2);
}

static uint64_t digest_of(const char *path)
{
    char *bytes = NULL;
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    assert_int_equal(fseek(in, 0, SEEK_END), 0);
    size_t length = (size_t)ftell(in);
    rewind(in);
    bytes = malloc(length);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, length, in), length);
    fclose(in);
    uint64_t digest = pld_digest_bytes(bytes, length, length);
    free(bytes);
    return digest;
}

static const pld_axis axes[3] = {{.units = "m", .origin = -1, .spacing = 0.5},
                                 {.units = "m", .spacing = 0.25},
                                 {.units = "m", .spacing = 2}};

static void write_rich_file(pld_ctx *team, const char *path,
                            const pld_storage *storage)
{
    pld_file *file = NULL;
    struct formula u = formula_create(
        team, &cells, &(pld_field_spec){.name = "u", .halo = {.all = 1}});
    struct formula v = formula_create(
        team, &cells,
        &(pld_field_spec){
            .name = "v", .ncomps = 3, .node = {true, true, true}});
    formula_fill(u.field, 1);
    formula_fill(v.field, 2);
    assert_ok_here(pld_file_create(team, path, &file));
    assert_ok_here(pld_file_set_storage(file, storage));
    assert_ok_here(pld_file_set_axes(file, 3, axes));
    assert_ok_here(pld_file_write(file, u.field));
    assert_ok_here(pld_file_write(file, v.field));
    assert_ok_here(pld_file_write_text(file, "u", "units", "m s-1"));
    assert_ok_here(pld_file_write_attribute(file, NULL, "step", PLD_I64, 1,
                                            &(int64_t){12}));
    assert_ok_here(pld_file_close(&file));
    formula_destroy(&u);
    formula_destroy(&v);
}

static void check_bytes(const pld_storage *storage)
{
    uint64_t first = 0;
    for (int n = 1; n <= nranks; n++) {
        pld_ctx *team = team_create(n);
        if (team != NULL)
            write_rich_file(team, "bytes.h5", storage);
        team_destroy(&team);
        if (rank == 0) {
            uint64_t digest = digest_of("bytes.h5");
            first = n == 1 ? digest : first;
            assert_true(digest == first);
        }
    }
}

TEST(bytes_do_not_depend_on_the_number_of_ranks)
{
    static const pld_storage storages[] = {
        {.way = PLD_IO_DIRECT},
        {.way = PLD_IO_HDF5},
        {.way = PLD_IO_DIRECT, .checksums = true},
        {.way = PLD_IO_DIRECT, .convert = true, .type = PLD_F32}};
    for (size_t i = 0; i < sizeof storages / sizeof storages[0]; i++)
        check_bytes(&storages[i]);
}

/* Compressed, converted, and both, in chunks that stick out. */
TEST(fields_come_back_however_they_are_stored)
{
    static const pld_storage storages[] = {
        {.deflate = 1},
        {.deflate = 9, .chunk = {2, 4, 5}},
        {.convert = true, .type = PLD_F32},
        {.convert = true, .type = PLD_I32, .deflate = 2},
        {.way = PLD_IO_HDF5, .convert = true, .type = PLD_F32}};
    for (size_t i = 0; i < sizeof storages / sizeof storages[0]; i++)
        for (int width = 0; width < 2; width++) {
            struct formula made = formula_create(
                ctx, &cells,
                &(pld_field_spec){.ncomps = 2, .halo = {.all = width}});
            pld_file *file = NULL;
            formula_fill(made.field, 0);
            assert_ok(pld_file_create(ctx, "stored.h5", &file));
            assert_ok(pld_file_set_storage(file, &storages[i]));
            assert_ok(pld_file_write(file, made.field));
            assert_ok(pld_field_set(made.field, (double[2]){0}));
            assert_ok(pld_file_read(file, "field", made.field));
            assert_all(formula_holds(made.field, 0));
            assert_ok(pld_file_write(file, made.field));
            assert_ok(pld_file_write_text(file, "field", "units", "m"));
            assert_ok(pld_file_close(&file));
            formula_destroy(&made);
        }
}

TEST(several_fields_are_written_together)
{
    struct formula made[3];
    pld_field *fields[3];
    pld_file *file = NULL;
    for (int i = 0; i < 3; i++) {
        char name[2] = {(char)('a' + i), '\0'};
        made[i] = formula_create(
            ctx, &cells, &(pld_field_spec){.name = name, .ncomps = i + 1});
        fields[i] = made[i].field;
        formula_fill(fields[i], i);
    }
    assert_ok(pld_file_create(ctx, "several.h5", &file));
    assert_ok(pld_file_write(file, fields[2]));
    assert_ok(pld_file_write_fields(file, 0, NULL));
    assert_ok(pld_file_write_fields(file, 3, fields));
    assert_ok(pld_file_close(&file));
    assert_ok(pld_file_open(ctx, "several.h5", false, &file));
    for (int i = 0; i < 3; i++) {
        assert_ok(pld_field_set(fields[i], (double[3]){0}));
        assert_ok(pld_file_read(file, pld_field_name(fields[i]), fields[i]));
        assert_all(formula_holds(fields[i], i));
    }
    assert_ok(pld_file_close(&file));
    for (int i = 0; i < 3; i++)
        formula_destroy(&made[i]);
}

/* Either all are there, or none. */
TEST(of_several_fields_none_is_left_half_made)
{
    struct formula good = formula_create(ctx, &cells, &(pld_field_spec){0});
    struct formula bad =
        formula_create(ctx, &cells, &(pld_field_spec){.name = "x"});
    pld_field *fields[2] = {good.field, bad.field};
    pld_variable found;
    pld_file *file = NULL;
    assert_ok(pld_file_create(ctx, "never.h5", &file));
    assert_fails(PLD_ERR_SHAPE, pld_file_write_fields(file, 2, fields),
                 "'x' is 9 in the file");
    assert_fails(PLD_ERR_NOENT, pld_file_inquire(file, "field", &found), "x");
    assert_fails(PLD_ERR_ARG, pld_file_write_fields(file, 2, NULL),
                 "fields is NULL");
    assert_fails(PLD_ERR_ARG, pld_file_write_fields(file, -1, fields),
                 "nfields is -1");
    assert_ok(pld_file_close(&file));
    formula_destroy(&good);
    formula_destroy(&bad);
}

static void read_line(pld_file *file, const char *name, int64_t count,
                      double *out)
{
    pld_box box = {.count = {count, 1, 1}};
    assert_ok(pld_file_read_box(file, name, box, PLD_F64, out));
}

TEST(cells_and_nodes_have_their_coordinates)
{
    double x[10];
    pld_file *file = NULL;
    write_rich_file(ctx, "axes.h5", NULL);
    assert_ok(pld_file_open(ctx, "axes.h5", false, &file));
    read_line(file, "x", 9, x);
    for (int i = 0; i < 9; i++)
        assert_all(x[i] == 2 * (i + 0.5));
    read_line(file, "x_node", 10, x);
    for (int i = 0; i < 10; i++)
        assert_all(x[i] == 2 * i);
    read_line(file, "z", 5, x);
    for (int i = 0; i < 5; i++)
        assert_all(x[i] == -1 + 0.5 * (i + 0.5));
    read_line(file, "component", 3, x);
    assert_all(x[0] == 0 && x[1] == 1 && x[2] == 2);
    char units[8];
    assert_ok(pld_file_read_text(file, "y", "units", sizeof units, units));
    assert_all(strcmp(units, "m") == 0);
    assert_ok(pld_file_close(&file));
}

TEST(without_axes_indices_are_the_coordinates)
{
    double y[6];
    pld_file *file = NULL;
    write_one(ctx, "plain.h5", &cells, &(pld_field_spec){0});
    assert_ok(pld_file_open(ctx, "plain.h5", false, &file));
    read_line(file, "y", 6, y);
    for (int j = 0; j < 6; j++)
        assert_all(y[j] == j);
    assert_ok(pld_file_close(&file));
}

TEST(grids_of_another_size_get_their_own_coordinates)
{
    pld_variable found;
    pld_file *file = NULL;
    struct formula small =
        formula_create(ctx, &(pld_grid_spec){.ndims = 1, .size = {4}},
                       &(pld_field_spec){.name = "small"});
    struct formula large =
        formula_create(ctx, &(pld_grid_spec){.ndims = 1, .size = {8}},
                       &(pld_field_spec){.name = "large"});
    struct formula third =
        formula_create(ctx, &(pld_grid_spec){.ndims = 1, .size = {8}},
                       &(pld_field_spec){.name = "third"});
    assert_ok(pld_file_create(ctx, "sizes.h5", &file));
    assert_ok(pld_file_write(file, small.field));
    assert_ok(pld_file_write(file, large.field));
    assert_ok(pld_file_write(file, third.field));
    assert_ok(pld_file_inquire(file, "x", &found));
    assert_all(found.size[0] == 4);
    assert_ok(pld_file_inquire(file, "x_2", &found));
    assert_all(found.size[0] == 8);
    assert_fails(PLD_ERR_NOENT, pld_file_inquire(file, "x_3", &found), "x_3");
    assert_ok(pld_file_close(&file));
    formula_destroy(&small);
    formula_destroy(&large);
    formula_destroy(&third);
}

TEST(a_file_can_be_written_to_again)
{
    pld_file *file = NULL;
    struct formula made =
        formula_create(ctx, &cells, &(pld_field_spec){.name = "u"});
    write_rich_file(ctx, "again.h5", NULL);
    assert_ok(pld_file_open(ctx, "again.h5", true, &file));
    formula_fill(made.field, 5);
    assert_ok(pld_file_write(file, made.field));
    assert_ok(pld_file_close(&file));
    assert_ok(pld_file_open(ctx, "again.h5", false, &file));
    assert_ok(pld_field_set(made.field, &(double){0}));
    assert_ok(pld_file_read(file, "u", made.field));
    assert_all(formula_holds(made.field, 5));
    assert_ok(pld_file_close(&file));
    formula_destroy(&made);
}

TEST(numbers_widen_on_reading)
{
    pld_file *file = NULL;
    static const pld_type wider[][2] = {
        {PLD_I32, PLD_I64}, {PLD_I32, PLD_F64}, {PLD_F32, PLD_F64}};
    for (int i = 0; i < 3; i++) {
        write_one(ctx, "widen.h5", &cells,
                  &(pld_field_spec){.type = wider[i][0], .halo = {.all = 1}});
        read_one(ctx, "widen.h5", &cells,
                 &(pld_field_spec){.type = wider[i][1], .ncomps = 1});
    }
    assert_all(file == NULL);
}

TEST(variables_are_described)
{
    pld_variable found;
    pld_file *file = NULL;
    write_rich_file(ctx, "inquire.h5", NULL);
    assert_ok(pld_file_open(ctx, "inquire.h5", false, &file));
    assert_ok(pld_file_inquire(file, "v", &found));
    assert_all(found.type == PLD_F64 && found.ndims == 4);
    assert_all(found.size[0] == 6 && found.size[1] == 7 &&
               found.size[2] == 10 && found.size[3] == 3);
    assert_ok(pld_file_inquire(file, "component", &found));
    assert_all(found.type == PLD_I32 && found.ndims == 1);
    assert_ok(pld_file_close(&file));
}

/* Each rank asks for a box of its own; some for none. */
TEST(boxes_are_read_one_by_one)
{
    pld_file *file = NULL;
    double values[2 * 3 * 4];
    write_one(ctx, "box.h5", &cells, &(pld_field_spec){0});
    assert_ok(pld_file_open(ctx, "box.h5", false, &file));
    pld_box box = {.first = {rank % 4, rank % 3, rank % 5},
                   .count = {2, 3, rank % 2 == 0 ? 4 : 0}};
    assert_ok(pld_file_read_box(file, "field", box, PLD_F64, values));
    bool right = true;
    for (int n = 0; n < 2 * 3 * 4 && box.count[2] > 0; n++)
        right = right && values[n] == formula_value(0, box.first[0] + n / 12,
                                                    box.first[1] + n / 4 % 3,
                                                    box.first[2] + n % 4, 0);
    assert_all(right);
    assert_ok(pld_file_close(&file));
}

TEST(attributes_come_back)
{
    pld_file *file = NULL;
    double numbers[3] = {1.5, NAN, -0.0};
    double complex[2] = {1, -2};
    int64_t step = INT64_MAX;
    char text[32];
    write_one(ctx, "attributes.h5", &cells, &(pld_field_spec){0});
    assert_ok(pld_file_open(ctx, "attributes.h5", true, &file));
    assert_ok(
        pld_file_write_attribute(file, "field", "three", PLD_F64, 3, numbers));
    assert_ok(
        pld_file_write_attribute(file, NULL, "step", PLD_I32, 1, &(int){7}));
    assert_ok(pld_file_write_attribute(file, NULL, "step", PLD_I64, 1, &step));
    assert_ok(pld_file_write_attribute(file, NULL, "z", PLD_C128, 1, complex));
    assert_ok(pld_file_write_text(file, "field", "empty", ""));
    assert_ok(pld_file_write_text(file, NULL, "title", "Zuiderzee \xc3\xa9"));
    assert_ok(pld_file_close(&file));

    double back[3];
    assert_ok(pld_file_open(ctx, "attributes.h5", false, &file));
    assert_ok(
        pld_file_read_attribute(file, "field", "three", PLD_F64, 3, back));
    assert_all(memcmp(back, numbers, sizeof back) == 0);
    step = 0;
    assert_ok(pld_file_read_attribute(file, NULL, "step", PLD_I64, 1, &step));
    assert_all(step == INT64_MAX);
    assert_ok(pld_file_read_attribute(file, NULL, "z", PLD_C128, 1, back));
    assert_all(back[0] == 1 && back[1] == -2);
    assert_ok(pld_file_read_text(file, "field", "empty", sizeof text, text));
    assert_all(text[0] == '\0');
    assert_ok(pld_file_read_text(file, NULL, "title", sizeof text, text));
    assert_all(strcmp(text, "Zuiderzee \xc3\xa9") == 0);
    assert_ok(pld_file_close(&file));
}

TEST(long_attributes_come_back)
{
    enum { MANY = 20000 };
    pld_file *file = NULL;
    double *numbers = malloc(MANY * sizeof *numbers);
    assert_non_null(numbers);
    for (int i = 0; i < MANY; i++)
        numbers[i] = i;
    assert_ok(pld_file_create(ctx, "long.h5", &file));
    assert_ok(
        pld_file_write_attribute(file, NULL, "many", PLD_F64, MANY, numbers));
    memset(numbers, 0, MANY * sizeof *numbers);
    assert_ok(
        pld_file_read_attribute(file, NULL, "many", PLD_F64, MANY, numbers));
    bool right = true;
    for (int i = 0; i < MANY; i++)
        right = right && numbers[i] == i;
    assert_all(right);
    assert_ok(pld_file_close(&file));
    free(numbers);
}

TEST(the_users_error_printing_is_left_alone)
{
    H5E_auto2_t before = NULL;
    H5E_auto2_t after = NULL;
    void *data = NULL;
    pld_file *file = NULL;
    H5Eget_auto2(H5E_DEFAULT, &before, &data);
    assert_fails(PLD_ERR_NOENT, pld_file_open(ctx, "none.h5", false, &file),
                 "none.h5");
    H5Eget_auto2(H5E_DEFAULT, &after, &data);
    assert_all(before == after && before != NULL);
}

TEST(time_in_files_is_counted)
{
    int64_t calls = pld_timer_calls(ctx, "file");
    write_one(ctx, "timed.h5", &cells, &(pld_field_spec){0});
    assert_all(pld_timer_calls(ctx, "file") == calls + 3);
    assert_all(pld_timer_seconds(ctx, "file") > 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_type_comes_back_on_any_number_of_ranks),
    cmocka_unit_test(components_come_back_from_both_layouts),
    cmocka_unit_test(staggered_fields_come_back),
    cmocka_unit_test(ghosts_of_what_is_read_are_stale),
    cmocka_unit_test(fields_of_one_and_two_dimensions_come_back),
    cmocka_unit_test(ranks_may_own_nothing),
    cmocka_unit_test(large_fields_go_in_pieces),
    cmocka_unit_test(each_rank_moves_long_runs_by_itself),
    cmocka_unit_test(bytes_do_not_depend_on_the_number_of_ranks),
    cmocka_unit_test(fields_come_back_however_they_are_stored),
    cmocka_unit_test(several_fields_are_written_together),
    cmocka_unit_test(of_several_fields_none_is_left_half_made),
    cmocka_unit_test(cells_and_nodes_have_their_coordinates),
    cmocka_unit_test(without_axes_indices_are_the_coordinates),
    cmocka_unit_test(grids_of_another_size_get_their_own_coordinates),
    cmocka_unit_test(a_file_can_be_written_to_again),
    cmocka_unit_test(numbers_widen_on_reading),
    cmocka_unit_test(variables_are_described),
    cmocka_unit_test(boxes_are_read_one_by_one),
    cmocka_unit_test(attributes_come_back),
    cmocka_unit_test(long_attributes_come_back),
    cmocka_unit_test(the_users_error_printing_is_left_alone),
    cmocka_unit_test(time_in_files_is_counted),
};

PLD_TEST_MAIN(tests)
