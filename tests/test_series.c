/* Time series.
 * TEST: ranks=1,2,3,4,7
 * TEST: ranks=3 env=PLD_IO=hdf5 */

#include "support/formula.h"
#include "support/harness.h"

#include "io/series.h"
#include "polder/agree.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const pld_grid_spec cells = {.ndims = 2, .size = {7, 5}};

/* What most tests write: a cell field, a vector on the nodes, 32-bit counts. */
enum { NFIELDS = 3 };

struct trio {
    pld_grid *grid;
    pld_field *fields[NFIELDS];
    pld_series_spec spec;
};

static void trio_create(struct trio *trio, pld_ctx *team,
                        const pld_grid_spec *grid)
{
    const pld_field_spec specs[NFIELDS] = {
        {.name = "h", .halo = {.all = 1}},
        {.name = "v", .ncomps = 2, .node = {true, true}},
        {.name = "count", .type = PLD_I32, .layout = PLD_INTERLEAVED}};
    assert_ok_here(pld_grid_create(team, grid, &trio->grid));
    for (int i = 0; i < NFIELDS; i++)
        assert_ok_here(
            pld_field_create(trio->grid, &specs[i], &trio->fields[i]));
    trio->spec = (pld_series_spec){.nfields = NFIELDS, .fields = trio->fields};
}

static void trio_destroy(struct trio *trio)
{
    for (int i = 0; i < NFIELDS; i++)
        assert_ok_here(pld_field_destroy(&trio->fields[i]));
    assert_ok_here(pld_grid_destroy(&trio->grid));
}

static void trio_fill(struct trio *trio, int step)
{
    for (int i = 0; i < NFIELDS; i++)
        formula_fill(trio->fields[i], 100 * step + i);
}

static bool trio_holds(struct trio *trio, int step)
{
    bool holds = true;
    for (int i = 0; i < NFIELDS; i++)
        holds = holds && formula_holds(trio->fields[i], 100 * step + i);
    return holds;
}

static void append_steps(pld_series *series, struct trio *trio, int first,
                         int end)
{
    for (int step = first; step < end; step++) {
        trio_fill(trio, step);
        assert_ok_here(pld_series_append(series, 0.25 * step));
    }
}

static void check_steps(pld_series *series, struct trio *trio, int nsteps)
{
    double time = -1;
    assert_true(pld_series_nsteps(series) == nsteps);
    for (int step = nsteps - 1; step >= 0; step--) {
        assert_ok_here(pld_series_time(series, step, &time));
        assert_true(time == 0.25 * step);
        assert_ok_here(pld_series_read(series, step));
        assert_true(trio_holds(trio, step));
    }
}

static void write_series(pld_ctx *team, const char *path, int nsteps)
{
    struct trio trio;
    pld_series *series = NULL;
    trio_create(&trio, team, &cells);
    assert_ok_here(pld_series_create(team, path, &trio.spec, &series));
    append_steps(series, &trio, 0, nsteps);
    assert_ok_here(pld_series_close(&series));
    assert_true(series == NULL);
    trio_destroy(&trio);
}

static void read_series(pld_ctx *team, const char *path, int nsteps)
{
    struct trio trio;
    pld_series *series = NULL;
    trio_create(&trio, team, &cells);
    assert_ok_here(pld_series_open(team, path, false, &trio.spec, &series));
    check_steps(series, &trio, nsteps);
    assert_ok_here(pld_series_close(&series));
    trio_destroy(&trio);
}

/* A file's text; to be freed. */
static char *text_of(const char *path)
{
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    size_t n = fread(text, 1, (1 << 20) - 1, in);
    assert_true(n > 0);
    fclose(in);
    return text;
}

static int count_in(const char *text, const char *what)
{
    int n = 0;
    for (text = strstr(text, what); text != NULL; text = strstr(text + 1, what))
        n++;
    return n;
}

TEST(steps_come_back_on_any_number_of_ranks)
{
    write_series(ctx, "series.h5", 3);
    for (int n = 1; n <= nranks; n += 2) {
        pld_ctx *team = team_create(n);
        if (team != NULL)
            read_series(team, "series.h5", 3);
        team_destroy(&team);
    }
}

TEST(other_ranks_go_on_with_a_series)
{
    pld_ctx *team = team_create((nranks + 1) / 2);
    if (team != NULL)
        write_series(team, "goon.h5", 2);
    team_destroy(&team);
    assert_ok(pld_agree(ctx, PLD_OK));
    struct trio trio;
    pld_series *series = NULL;
    trio_create(&trio, ctx, &cells);
    assert_ok(pld_series_open(ctx, "goon.h5", true, &trio.spec, &series));
    append_steps(series, &trio, 2, 4);
    check_steps(series, &trio, 4);
    assert_ok(pld_series_close(&series));
    trio_destroy(&trio);
    read_series(ctx, "goon.h5", 4);
}

TEST(truncated_series_go_on_from_there)
{
    struct trio trio;
    pld_series *series = NULL;
    write_series(ctx, "cut.h5", 4);
    trio_create(&trio, ctx, &cells);
    assert_ok(pld_series_open(ctx, "cut.h5", true, &trio.spec, &series));
    assert_ok(pld_series_truncate(series, 1));
    check_steps(series, &trio, 1);
    append_steps(series, &trio, 1, 3);
    assert_ok(pld_series_truncate(series, 0));
    assert_all(pld_series_nsteps(series) == 0);
    append_steps(series, &trio, 0, 2);
    assert_ok(pld_series_close(&series));
    trio_destroy(&trio);
    read_series(ctx, "cut.h5", 2);
}

/* As if all ranks had died after the last append. */
TEST(steps_are_in_the_file_before_it_is_closed)
{
    struct trio trio;
    pld_series *series = NULL;
    trio_create(&trio, ctx, &cells);
    assert_ok(pld_series_create(ctx, "open.h5", &trio.spec, &series));
    append_steps(series, &trio, 0, 3);
    if (rank == 0)
        assert_int_equal(system("cp open.h5 copy.h5"), 0);
    assert_ok(pld_agree(ctx, PLD_OK));
    read_series(ctx, "copy.h5", 3);
    assert_ok(pld_series_close(&series));
    trio_destroy(&trio);
}

/* As if they had died between the values and the time. */
TEST(a_step_without_its_time_is_forgotten)
{
    struct trio trio;
    pld_series *series = NULL;
    write_series(ctx, "half.h5", 2);
    trio_create(&trio, ctx, &cells);
    assert_ok(pld_series_open(ctx, "half.h5", true, &trio.spec, &series));
    if (rank == 0)
        assert_ok_here(pld_series_set_field_lengths(series, 3));
    assert_ok(pld_series_close(&series));
    read_series(ctx, "half.h5", 2);
    assert_ok(pld_series_open(ctx, "half.h5", true, &trio.spec, &series));
    append_steps(series, &trio, 2, 3);
    assert_ok(pld_series_close(&series));
    trio_destroy(&trio);
    read_series(ctx, "half.h5", 3);
}

TEST(series_of_one_and_three_dimensions_come_back)
{
    static const pld_grid_spec grids[] = {{.ndims = 1, .size = {11}},
                                          {.ndims = 3, .size = {3, 4, 5}}};
    for (int i = 0; i < 2; i++) {
        struct formula made =
            formula_create(ctx, &grids[i], &(pld_field_spec){.ncomps = 3});
        pld_series *series = NULL;
        pld_series_spec spec = {.nfields = 1, .fields = &made.field};
        assert_ok(pld_series_create(ctx, "dims.h5", &spec, &series));
        formula_fill(made.field, 8);
        assert_ok(pld_series_append(series, 1));
        assert_ok(pld_field_set(made.field, (double[3]){0}));
        assert_ok(pld_series_read(series, 0));
        assert_all(formula_holds(made.field, 8));
        assert_ok(pld_series_close(&series));
        formula_destroy(&made);
    }
}

/* More than one chunk in each dimension that is cut, and a rest. */
TEST(fields_of_many_chunks_come_back)
{
    struct formula made =
        formula_create(ctx, &(pld_grid_spec){.ndims = 2, .size = {2011, 701}},
                       &(pld_field_spec){0});
    pld_series *series = NULL;
    pld_series_spec spec = {.nfields = 1, .fields = &made.field};
    pld_series_set_chunk_bytes(1 << 20);
    assert_ok(pld_series_create(ctx, "chunks.h5", &spec, &series));
    pld_series_set_chunk_bytes(0);
    for (int step = 0; step < 2; step++) {
        formula_fill(made.field, step);
        assert_ok(pld_series_append(series, step));
    }
    for (int step = 0; step < 2; step++) {
        assert_ok(pld_series_read(series, step));
        assert_all(formula_holds(made.field, step));
    }
    assert_ok(pld_series_close(&series));
    formula_destroy(&made);
}

TEST(xdmf_tells_of_every_step)
{
    struct trio trio;
    pld_series *series = NULL;
    trio_create(&trio, ctx, &cells);
    trio.spec.naxes = 2;
    trio.spec.axes = (const pld_axis[2]){{.origin = 3, .spacing = 0.5},
                                         {.origin = -1, .spacing = 0.25}};
    assert_ok(pld_series_create(ctx, "./xdmf.h5", &trio.spec, &series));
    append_steps(series, &trio, 0, 2);
    assert_ok(pld_series_close(&series));
    trio.spec.naxes = 0; /* known from the file */
    assert_ok(pld_series_open(ctx, "xdmf.h5", true, &trio.spec, &series));
    append_steps(series, &trio, 2, 3);
    assert_ok(pld_series_close(&series));
    if (rank == 0) {
        char *text = text_of("xdmf.h5.xdmf");
        assert_int_equal(count_in(text, "<Time Value=\"0.5\""), 2);
        assert_int_equal(count_in(text, ">xdmf.h5:/h<"), 3);
        assert_int_equal(count_in(text, "Name=\"v_1\""), 3);
        assert_int_equal(count_in(text, "Dimensions=\"1 7 5\"/>"), 3);
        assert_int_equal(count_in(text, ">0 3.25 -0.875<"), 3);
        assert_int_equal(count_in(text, "Dimensions=\"1 8 6\"/>"), 3);
        assert_int_equal(count_in(text, ">0 3 -1<"), 3);
        assert_int_equal(count_in(text, ">1 0.5 0.25<"), 6);
        assert_int_not_equal(access("xdmf.h5.xdmf.tmp", F_OK), 0);
        free(text);
    }
    trio_destroy(&trio);
}

TEST(xdmf_escapes_names)
{
    struct formula made = formula_create(
        ctx, &cells, &(pld_field_spec){.name = "a<b>&\"c'", .ncomps = 3});
    pld_series *series = NULL;
    pld_series_spec spec = {.nfields = 1, .fields = &made.field};
    assert_ok(pld_series_create(ctx, "odd.h5", &spec, &series));
    assert_ok(pld_series_append(series, 1));
    assert_ok(pld_series_close(&series));
    if (rank == 0) {
        char *text = text_of("odd.h5.xdmf");
        assert_int_equal(count_in(text, "a&lt;b&gt;&amp;&quot;c&apos;"), 2);
        assert_int_equal(count_in(text, "AttributeType=\"Vector\""), 1);
        free(text);
    }
    formula_destroy(&made);
}

/* Corners of cells and cells share a mesh; faces have one of their own. */
TEST(xdmf_has_one_mesh_for_cells_and_corners)
{
    static const pld_field_spec specs[4] = {
        {.name = "cell"},
        {.name = "corner", .node = {true, true, true}},
        {.name = "face", .node = {false, false, true}},
        {.name = "complex", .type = PLD_C128}};
    pld_grid *grid = NULL;
    pld_field *fields[4];
    assert_ok(pld_grid_create(
        ctx, &(pld_grid_spec){.ndims = 3, .size = {2, 3, 4}}, &grid));
    for (int i = 0; i < 4; i++)
        assert_ok(pld_field_create(grid, &specs[i], &fields[i]));
    pld_series *series = NULL;
    pld_series_spec spec = {.nfields = 4, .fields = fields};
    assert_ok(pld_series_create(ctx, "mesh.h5", &spec, &series));
    assert_ok(pld_series_append(series, 1));
    assert_ok(pld_series_close(&series));
    if (rank == 0) {
        char *text = text_of("mesh.h5.xdmf");
        assert_int_equal(count_in(text, "CollectionType=\"Temporal\""), 2);
        assert_int_equal(count_in(text, "Dimensions=\"3 4 5\"/>"), 1);
        assert_int_equal(count_in(text, "Dimensions=\"2 3 5\"/>"), 1);
        assert_int_equal(count_in(text, "Center=\"Cell\""), 1);
        assert_int_equal(count_in(text, "Center=\"Node\""), 2);
        assert_int_equal(count_in(text, "complex"), 0);
        free(text);
    }
    for (int i = 0; i < 4; i++)
        assert_ok(pld_field_destroy(&fields[i]));
    assert_ok(pld_grid_destroy(&grid));
}

/* --- Errors ----------------------------------------------------------------
 */

TEST(bad_specs_leave_old_files_alone)
{
    struct trio trio;
    pld_series *series = NULL;
    write_series(ctx, "old.h5", 1);
    trio_create(&trio, ctx, &cells);
    pld_series_spec spec = trio.spec;
    assert_fails(PLD_ERR_ARG, pld_series_create(ctx, "old.h5", NULL, &series),
                 "spec is NULL");
    assert_fails(PLD_ERR_ARG, pld_series_create(ctx, "old.h5", &spec, NULL),
                 "out is NULL");
    assert_fails(PLD_ERR_ARG, pld_series_create(NULL, "old.h5", &spec, &series),
                 "ctx is NULL");
    spec.nfields = 0;
    assert_fails(PLD_ERR_ARG, pld_series_create(ctx, "old.h5", &spec, &series),
                 "nfields is 0");
    spec = trio.spec;
    spec.fields = NULL;
    assert_fails(PLD_ERR_ARG, pld_series_create(ctx, "old.h5", &spec, &series),
                 "fields is NULL");
    spec = trio.spec;
    spec.naxes = 3;
    assert_fails(PLD_ERR_ARG, pld_series_create(ctx, "old.h5", &spec, &series),
                 "naxes is 3: the grid has 2 dimensions");
    spec.naxes = 2;
    assert_fails(PLD_ERR_ARG, pld_series_create(ctx, "old.h5", &spec, &series),
                 "axes is NULL");
    pld_field *twice[2] = {trio.fields[0], trio.fields[0]};
    spec = (pld_series_spec){.nfields = 2, .fields = twice};
    assert_fails(PLD_ERR_ARG, pld_series_create(ctx, "old.h5", &spec, &series),
                 "two fields are called 'h'");
    trio_destroy(&trio);
    read_series(ctx, "old.h5", 1);
}

static void refuse_field(const pld_field_spec *field, const pld_grid_spec *grid,
                         pld_status expected, const char *text)
{
    struct formula made = formula_create(ctx, grid, field);
    pld_series *series = NULL;
    pld_series_spec spec = {.nfields = 1, .fields = &made.field};
    assert_fails(expected,
                 pld_series_open(ctx, "refuse.h5", false, &spec, &series),
                 text);
    formula_destroy(&made);
}

TEST(other_fields_are_refused)
{
    write_series(ctx, "refuse.h5", 2);
    refuse_field(&(pld_field_spec){.name = "w"}, &cells, PLD_ERR_NOENT,
                 "no variable 'w'");
    refuse_field(&(pld_field_spec){.name = "h"},
                 &(pld_grid_spec){.ndims = 2, .size = {7, 6}}, PLD_ERR_SHAPE,
                 "'h' is 2 x 7 x 5 in the file, the field is 7 x 6 for each");
    refuse_field(&(pld_field_spec){.name = "h", .type = PLD_F32}, &cells,
                 PLD_ERR_TYPE, "the field is f32");
    refuse_field(&(pld_field_spec){.name = "time"}, &cells, PLD_ERR_ARG,
                 "name of the dimension");
}

TEST(other_files_are_no_series)
{
    struct trio trio;
    pld_file *file = NULL;
    pld_series *series = NULL;
    trio_create(&trio, ctx, &cells);
    assert_ok(pld_file_create(ctx, "file.h5", &file));
    assert_ok(pld_file_close(&file));
    assert_fails(PLD_ERR_FORMAT,
                 pld_series_open(ctx, "file.h5", true, &trio.spec, &series),
                 "is not a time series");
    assert_fails(PLD_ERR_NOENT,
                 pld_series_open(ctx, "none.h5", true, &trio.spec, &series),
                 "none.h5");
    assert_all(series == NULL);
    trio_destroy(&trio);
}

TEST(a_series_without_xdmf_is_not_begun)
{
    struct trio trio;
    pld_series *series = NULL;
    trio_create(&trio, ctx, &cells);
    if (rank == 0)
        assert_int_equal(mkdir("blocked.h5.xdmf.tmp", 0755), 0);
    assert_fails(PLD_ERR_IO,
                 pld_series_create(ctx, "blocked.h5", &trio.spec, &series),
                 "cannot write 'blocked.h5.xdmf.tmp'");
    assert_all(series == NULL && access("blocked.h5", F_OK) != 0);
    trio_destroy(&trio);
}

TEST(steps_and_times_are_checked)
{
    double time;
    struct trio trio;
    pld_series *series = NULL;
    trio_create(&trio, ctx, &cells);
    assert_ok(pld_series_create(ctx, "steps.h5", &trio.spec, &series));
    append_steps(series, &trio, 0, 1);
    assert_fails(PLD_ERR_ARG, pld_series_append(series, NAN), "time is nan");
    assert_fails(PLD_ERR_ARG, pld_series_read(series, 1),
                 "step 1 is not there: 'steps.h5' has 1");
    assert_fails(PLD_ERR_ARG, pld_series_time(series, -1, &time), "step -1");
    assert_fails(PLD_ERR_ARG, pld_series_time(series, 0, NULL), "out is NULL");
    assert_fails(PLD_ERR_ARG, pld_series_truncate(series, 2), "nsteps is 2");
    if (nranks > 1) {
        assert_fails(PLD_ERR_MISMATCH, pld_series_append(series, rank), "time");
        assert_fails(PLD_ERR_MISMATCH, pld_series_truncate(series, rank == 0),
                     "nsteps");
    }
    assert_ok(pld_series_close(&series));
    assert_fails(PLD_ERR_ARG, pld_series_append(series, 1), "series is NULL");
    assert_fails(PLD_ERR_ARG, pld_series_read(series, 0), "series is NULL");
    assert_all(pld_series_nsteps(series) == 0);
    assert_ok(pld_series_close(&series));
    assert_fails(PLD_ERR_ARG, pld_series_close(NULL), "series is NULL");
    assert_ok(pld_series_open(ctx, "steps.h5", false, &trio.spec, &series));
    assert_fails(PLD_ERR_ACCESS, pld_series_append(series, 1),
                 "opened for reading");
    assert_fails(PLD_ERR_ACCESS, pld_series_truncate(series, 0),
                 "opened for reading");
    assert_ok(pld_series_close(&series));
    trio_destroy(&trio);
}

TEST(fields_live_as_long_as_their_series)
{
    struct trio trio;
    pld_series *series = NULL;
    trio_create(&trio, ctx, &cells);
    assert_ok(pld_series_create(ctx, "live.h5", &trio.spec, &series));
    assert_fails(PLD_ERR_STATE, pld_field_destroy(&trio.fields[1]), "v");
    assert_ok(pld_series_close(&series));
    trio_destroy(&trio);
}

/* The last test: what all the others have left. */
TEST(hdf5_has_nothing_open)
{
    assert_all(H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL) == 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(steps_come_back_on_any_number_of_ranks),
    cmocka_unit_test(other_ranks_go_on_with_a_series),
    cmocka_unit_test(truncated_series_go_on_from_there),
    cmocka_unit_test(steps_are_in_the_file_before_it_is_closed),
    cmocka_unit_test(a_step_without_its_time_is_forgotten),
    cmocka_unit_test(series_of_one_and_three_dimensions_come_back),
    cmocka_unit_test(fields_of_many_chunks_come_back),
    cmocka_unit_test(xdmf_tells_of_every_step),
    cmocka_unit_test(xdmf_escapes_names),
    cmocka_unit_test(xdmf_has_one_mesh_for_cells_and_corners),
    cmocka_unit_test(bad_specs_leave_old_files_alone),
    cmocka_unit_test(other_fields_are_refused),
    cmocka_unit_test(other_files_are_no_series),
    cmocka_unit_test(a_series_without_xdmf_is_not_begun),
    cmocka_unit_test(steps_and_times_are_checked),
    cmocka_unit_test(fields_live_as_long_as_their_series),
    cmocka_unit_test(hdf5_has_nothing_open),
};

PLD_TEST_MAIN(tests)
