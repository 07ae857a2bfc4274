/* Checkpoints: saved on some ranks and restored on others; damaged, foreign and
 * missing ones.
 * TEST: ranks=1,2,3,4,7
 * TEST: ranks=3 env=PLD_IO=hdf5 */

#include "support/formula.h"
#include "support/harness.h"

#include "polder/checkpoint.h"
#include "polder/file.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char folder[512];

static const char *place(const char *name)
{
    const char *base = getenv("PLD_TEST_TMPDIR");
    snprintf(folder, sizeof folder, "%s/%s", base ? base : ".", name);
    return folder;
}

/* --- What is saved -------------------------------------------------------- */

struct subject {
    struct formula u, v;
    double time;
    int64_t steps[2];
    char note[20];
    pld_checkpoint *checkpoint;
};

/* Grids, halos and layouts that depend on the team. */
static void create(pld_ctx *team, const pld_checkpoint_spec *spec,
                   struct subject *out)
{
    int n = pld_ctx_nranks(team);
    memset(out, 0, sizeof *out);
    pld_grid_spec flat = {.ndims = 2, .size = {13, 9}};
    pld_grid_spec cube = {.ndims = 3, .size = {4, 5, 6}};
    flat.nprocs[n % 2] = n;
    out->u = formula_create(
        team, &flat, &(pld_field_spec){.name = "u", .halo = {.all = n % 3}});
    out->v = formula_create(
        team, &cube,
        &(pld_field_spec){.name = "v",
                          .type = PLD_I32,
                          .ncomps = 3,
                          .layout = n % 2 ? PLD_PLANES : PLD_INTERLEAVED,
                          .node = {false, true, false}});
    assert_ok_here(pld_checkpoint_create(team, spec, &out->checkpoint));
    assert_ok_here(pld_checkpoint_add_field(out->checkpoint, out->u.field));
    assert_ok_here(pld_checkpoint_add_field(out->checkpoint, out->v.field));
    assert_ok_here(pld_checkpoint_add_numbers(out->checkpoint, "time", PLD_F64,
                                              1, &out->time));
    assert_ok_here(pld_checkpoint_add_numbers(out->checkpoint, "steps", PLD_I64,
                                              2, out->steps));
    assert_ok_here(pld_checkpoint_add_text(out->checkpoint, "note",
                                           sizeof out->note, out->note));
}

static void destroy(struct subject *subject)
{
    assert_ok_here(pld_checkpoint_destroy(&subject->checkpoint));
    formula_destroy(&subject->v);
    formula_destroy(&subject->u);
}

static void fill(struct subject *subject, int number)
{
    formula_fill(subject->u.field, number);
    formula_fill(subject->v.field, number + 1);
    subject->time = 0.1 * number;
    subject->steps[0] = number;
    subject->steps[1] = INT64_MAX - number;
    snprintf(subject->note, sizeof subject->note, "number %d", number);
}

static bool holds(struct subject *subject, int number)
{
    char note[20];
    snprintf(note, sizeof note, "number %d", number);
    return formula_holds(subject->u.field, number) &&
           formula_holds(subject->v.field, number + 1) &&
           subject->time == 0.1 * number && subject->steps[0] == number &&
           subject->steps[1] == INT64_MAX - number &&
           strcmp(subject->note, note) == 0;
}

static void save_on(pld_ctx *team, const pld_checkpoint_spec *spec, int first,
                    int last)
{
    struct subject subject;
    if (!team)
        return;
    create(team, spec, &subject);
    for (int number = first; number <= last; number++) {
        fill(&subject, number);
        assert_ok_here(pld_checkpoint_save(subject.checkpoint, number));
    }
    destroy(&subject);
}

/* Restore; the newest that is good must be `number`. `report` must be told. */
static void restore_on(pld_ctx *team, const pld_checkpoint_spec *spec,
                       int number, const char *report)
{
    struct subject subject;
    int64_t found = -1;
    if (!team)
        return;
    create(team, spec, &subject);
    assert_ok_here(pld_checkpoint_restore(subject.checkpoint, &found));
    assert_true(found == number);
    assert_true(holds(&subject, number));
    const char *told = pld_checkpoint_report(subject.checkpoint);
    if (report ? !strstr(told, report) : *told != '\0')
        fail_msg("the report is: %s", told);
    destroy(&subject);
}

/* On rank 0: the path of a number. */
static void path_of(int number, char *path, size_t size)
{
    snprintf(path, size, "%s/checkpoint_%012d.h5", folder, number);
}

/* Every rank sees what rank 0 did to files. */
static void meet(void)
{
    MPI_Barrier(pld_ctx_comm(ctx));
}

static void damage(int number, long at, int length)
{
    char path[600];
    path_of(number, path, sizeof path);
    if (rank == 0) {
        FILE *file = fopen(path, "r+b");
        assert_non_null(file);
        fseek(file, at, at < 0 ? SEEK_END : SEEK_SET);
        for (int i = 0; i < length; i++)
            fputc(0x5a, file);
        fclose(file);
    }
    meet();
}

/* --- Tests ---------------------------------------------------------------- */

TEST(restored_on_any_number_of_ranks)
{
    const pld_checkpoint_spec spec = {.folder = place("elastic")};
    for (int n = 1; n <= nranks; n++) {
        pld_ctx *writers = team_create(n);
        save_on(writers, &spec, 10 * n, 10 * n + 1);
        team_destroy(&writers);
        for (int m = 1; m <= nranks; m += 2) {
            meet();
            pld_ctx *readers = team_create(m);
            restore_on(readers, &spec, 10 * n + 1, NULL);
            team_destroy(&readers);
            meet();
        }
    }
}

static int count_files(void)
{
    int n = 0;
    for (int number = 0; number < 100; number++) {
        char path[600];
        path_of(number, path, sizeof path);
        n += access(path, F_OK) == 0;
    }
    return n;
}

TEST(the_last_few_are_kept)
{
    pld_checkpoint_spec spec = {.folder = place("few"), .keep = 3};
    save_on(ctx, &spec, 1, 7);
    meet();
    assert_all(count_files() == 3);
    spec.keep = 0;
    meet();
    save_on(ctx, &spec, 8, 8);
    meet();
    assert_all(count_files() == 2);
    restore_on(ctx, &spec, 8, NULL);
}

TEST(a_number_can_be_saved_again)
{
    const pld_checkpoint_spec spec = {.folder = place("again")};
    save_on(ctx, &spec, 5, 5);
    save_on(ctx, &spec, 5, 5);
    restore_on(ctx, &spec, 5, NULL);
    assert_all(count_files() == 1);
}

/* Somewhere in the numbers of u: they are there as they are in memory. */
static long place_of_numbers(int number)
{
    char path[600];
    long at = -1;
    path_of(number, path, sizeof path);
    if (rank == 0) {
        double wanted = formula_value(number, 7, 3, 0, 0);
        FILE *file = fopen(path, "rb");
        char bytes[200000];
        size_t n = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        for (size_t i = 0; i + 8 <= n && at < 0; i++)
            if (memcmp(bytes + i, &wanted, 8) == 0)
                at = (long)i;
        assert_true(at > 0);
    }
    return at;
}

TEST(a_damaged_one_is_passed_over_and_named)
{
    const pld_checkpoint_spec spec = {.folder = place("flip"), .keep = 9};
    save_on(ctx, &spec, 1, 3);
    damage(3, place_of_numbers(3) + 3, 1);
    restore_on(ctx, &spec, 2, "3: ");
    char path[600];
    path_of(3, path, sizeof path);
    assert_fails(PLD_ERR_CORRUPT, pld_checkpoint_verify(ctx, path), "u");
    path_of(2, path, sizeof path);
    assert_ok(pld_checkpoint_verify(ctx, path));
    damage(2, 0, 8);
    restore_on(ctx, &spec, 1, "2: ");
}

TEST(one_cut_short_anywhere_is_passed_over)
{
    const pld_checkpoint_spec spec = {.folder = place("cut"), .keep = 9};
    save_on(ctx, &spec, 1, 2);
    char path[600];
    path_of(2, path, sizeof path);
    long size = 0;
    if (rank == 0) {
        FILE *file = fopen(path, "rb");
        fseek(file, 0, SEEK_END);
        size = ftell(file);
        fclose(file);
    }
    for (int part = 9; part >= 0; part--) {
        meet();
        if (rank == 0)
            assert_int_equal(truncate(path, size * part / 10), 0);
        meet();
        restore_on(ctx, &spec, 1, "2: ");
    }
}

TEST(what_is_no_checkpoint_is_named)
{
    const pld_checkpoint_spec spec = {.folder = place("foreign")};
    struct subject subject;
    int64_t number = 0;
    create(ctx, &spec, &subject);
    assert_fails(PLD_ERR_NOENT,
                 pld_checkpoint_restore(subject.checkpoint, &number),
                 "there is no checkpoint \"checkpoint\"");
    char path[600];
    path_of(7, path, sizeof path);
    pld_file *file = NULL;
    assert_ok(pld_file_create(ctx, path, &file));
    assert_ok(pld_file_write(file, subject.u.field));
    assert_ok(pld_file_close(&file));
    assert_fails(PLD_ERR_FORMAT,
                 pld_checkpoint_restore(subject.checkpoint, &number),
                 "is no checkpoint");
    const int64_t later = 9;
    assert_ok(pld_file_open(ctx, path, true, &file));
    assert_ok(pld_file_write_attribute(file, NULL, "polder_checkpoint", PLD_I64,
                                       1, &later));
    assert_ok(pld_file_close(&file));
    assert_fails(PLD_ERR_UNSUPPORTED,
                 pld_checkpoint_restore(subject.checkpoint, &number),
                 "of version 9");
    destroy(&subject);
}

TEST(another_shape_is_named)
{
    const pld_checkpoint_spec spec = {.folder = place("shape")};
    save_on(ctx, &spec, 1, 1);
    struct formula u =
        formula_create(ctx, &(pld_grid_spec){.ndims = 2, .size = {13, 10}},
                       &(pld_field_spec){.name = "u"});
    pld_checkpoint *checkpoint = NULL;
    int64_t number = 0;
    assert_ok(pld_checkpoint_create(ctx, &spec, &checkpoint));
    assert_ok(pld_checkpoint_add_field(checkpoint, u.field));
    assert_fails(PLD_ERR_SHAPE, pld_checkpoint_restore(checkpoint, &number),
                 "13 x 9");
    assert_fails(PLD_ERR_STATE, pld_field_destroy(&u.field), "");
    assert_ok(pld_checkpoint_destroy(&checkpoint));
    formula_destroy(&u);
}

/* --- What does not fit ---------------------------------------------------- */

/* A field "u" that fits and another of this name and type; all of it is to be
 * left as it was when that does not. */
static void refuse(pld_status expected, const char *name, pld_type type,
                   int64_t rows, int64_t nsteps, int64_t room,
                   const char *fragment)
{
    const pld_checkpoint_spec spec = {.folder = folder};
    struct formula u =
        formula_create(ctx, &(pld_grid_spec){.ndims = 2, .size = {13, 9}},
                       &(pld_field_spec){.name = "u"});
    struct formula v =
        formula_create(ctx, &(pld_grid_spec){.ndims = 3, .size = {rows, 5, 6}},
                       &(pld_field_spec){.name = name,
                                         .type = type,
                                         .ncomps = 3,
                                         .node = {false, true, false}});
    pld_checkpoint *checkpoint = NULL;
    int64_t steps[3] = {-1, -2, -3};
    char note[20] = "before";
    int64_t number = 77;
    formula_fill(u.field, 50);
    formula_fill(v.field, 51);
    assert_ok(pld_checkpoint_create(ctx, &spec, &checkpoint));
    assert_ok(pld_checkpoint_add_field(checkpoint, u.field));
    assert_ok(pld_checkpoint_add_field(checkpoint, v.field));
    assert_ok(pld_checkpoint_add_text(checkpoint, "note", room, note));
    assert_ok(pld_checkpoint_add_numbers(checkpoint, "steps", PLD_I64, nsteps,
                                         steps));
    assert_fails(expected, pld_checkpoint_restore(checkpoint, &number),
                 fragment);
    assert_fails(expected, pld_checkpoint_restore_number(checkpoint, 1),
                 "checkpoint_000000000001.h5");
    assert_all(formula_holds(u.field, 50) && formula_holds(v.field, 51));
    assert_all(number == 77 && strcmp(note, "before") == 0);
    assert_all(steps[0] == -1 && steps[1] == -2);
    assert_ok(pld_checkpoint_destroy(&checkpoint));
    formula_destroy(&v);
    formula_destroy(&u);
}

TEST(what_does_not_fit_leaves_everything_as_it_was)
{
    const pld_checkpoint_spec spec = {.folder = place("fit")};
    save_on(ctx, &spec, 1, 1);
    refuse(PLD_ERR_SHAPE, "v", PLD_I32, 5, 2, 20, "'v' is 4 x 6 x 6 x 3");
    refuse(PLD_ERR_TYPE, "v", PLD_F32, 4, 2, 20, "which f32 does not hold");
    refuse(PLD_ERR_ARG, "w", PLD_I32, 4, 2, 20, "there is no \"w\" in '");
    refuse(PLD_ERR_SHAPE, "v", PLD_I32, 4, 3, 20, "'steps'");
    refuse(PLD_ERR_OVERFLOW, "v", PLD_I32, 4, 2, 5, "'note'");
}

TEST(what_was_added_later_may_be_optional)
{
    const pld_checkpoint_spec spec = {.folder = place("optional")};
    struct subject subject;
    int64_t found = 0;
    double added = 12;
    save_on(ctx, &spec, 3, 3);
    create(ctx, &spec, &subject);
    assert_ok(pld_checkpoint_add_numbers(subject.checkpoint, "added", PLD_F64,
                                         1, &added));
    assert_fails(PLD_ERR_ARG,
                 pld_checkpoint_restore(subject.checkpoint, &found),
                 "there is no \"added\" in '");
    struct formula w =
        formula_create(ctx, &(pld_grid_spec){.ndims = 1, .size = {8}},
                       &(pld_field_spec){.name = "w"});
    formula_fill(w.field, 9);
    assert_ok(pld_checkpoint_add_field(subject.checkpoint, w.field));
    assert_fails(PLD_ERR_NOENT,
                 pld_checkpoint_set_optional(subject.checkpoint, "x"), "\"x\"");
    assert_ok(pld_checkpoint_set_optional(subject.checkpoint, "added"));
    assert_ok(pld_checkpoint_set_optional(subject.checkpoint, "w"));
    assert_ok(pld_checkpoint_restore(subject.checkpoint, &found));
    assert_all(found == 3 && holds(&subject, 3));
    assert_all(added == 12 && formula_holds(w.field, 9));
    assert_all(strcmp(pld_checkpoint_report(subject.checkpoint),
                      "3: \"w\" is not in it, and stays as it is\n"
                      "3: \"added\" is not in it, and stays as it is\n") == 0);
    destroy(&subject);
    formula_destroy(&w);
}

/* --- Which are kept, and gone on from ------------------------------------- */

TEST(damaged_ones_do_not_count_as_kept)
{
    const pld_checkpoint_spec spec = {.folder = place("count"), .keep = 2};
    struct subject subject;
    int64_t found = 0;
    save_on(ctx, &spec, 1, 2);
    damage(2, place_of_numbers(2) + 3, 1);
    create(ctx, &spec, &subject);
    assert_ok(pld_checkpoint_restore(subject.checkpoint, &found));
    assert_all(found == 1);
    fill(&subject, 3);
    assert_ok(pld_checkpoint_save(subject.checkpoint, 3));
    meet();
    assert_all(count_files() == 3); /* 1 and 3, and 2 between them */
    meet();
    fill(&subject, 4);
    assert_ok(pld_checkpoint_save(subject.checkpoint, 4));
    meet();
    assert_all(count_files() == 2);
    destroy(&subject);
}

TEST(a_run_can_go_back)
{
    const pld_checkpoint_spec spec = {.folder = place("back"), .keep = 9};
    struct subject subject;
    save_on(ctx, &spec, 1, 5);
    create(ctx, &spec, &subject);
    assert_fails(PLD_ERR_NOENT,
                 pld_checkpoint_restore_number(subject.checkpoint, 9),
                 "checkpoint_000000000009.h5");
    assert_ok(pld_checkpoint_restore_number(subject.checkpoint, 2));
    assert_all(holds(&subject, 2));
    fill(&subject, 3);
    assert_ok(pld_checkpoint_save(subject.checkpoint, 3));
    meet();
    assert_all(count_files() == 3);
    destroy(&subject);
    restore_on(ctx, &spec, 3, NULL);
}

/* --- Damage at any place -------------------------------------------------- */

static int64_t read_bytes(const char *path, char *bytes, int64_t room)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t n = fread(bytes, 1, (size_t)room, file);
    fclose(file);
    assert_true((int64_t)n < room);
    return (int64_t)n;
}

static void write_bytes(const char *path, const char *bytes, int64_t n)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, (size_t)n, file), n);
    assert_int_equal(fclose(file), 0);
}

/* Either nothing that is restored has changed, or the error names the file and
 * nothing in memory has. */
static void look_at_damaged(pld_ctx *alone, const pld_checkpoint_spec *spec,
                            const char *path, int64_t at)
{
    struct subject subject;
    int64_t found = 0;
    create(alone, spec, &subject);
    fill(&subject, 60);
    pld_status status = pld_checkpoint_restore(subject.checkpoint, &found);
    bool good = status == PLD_OK ? holds(&subject, 1) : holds(&subject, 60);
    if (status != PLD_OK)
        good = good && strstr(pld_error_last()->text, path) &&
               (status == PLD_ERR_CORRUPT || status == PLD_ERR_FORMAT);
    if (!good)
        fail_msg("byte %d: %s %s", (int)at, pld_status_name(status),
                 pld_error_last()->text);
    pld_error_clear();
    destroy(&subject);
}

/* In the run on one rank; with PLD_TEST_SWEEP=all at every byte. */
static void sweep(bool cut)
{
    if (nranks > 1)
        skip();
    char bytes[100000];
    char path[600];
    pld_ctx *alone = team_create(1);
    const pld_checkpoint_spec spec = {.folder = place(cut ? "cuts" : "flips")};
    save_on(alone, &spec, 1, 1);
    path_of(1, path, sizeof path);
    int64_t n = alone ? read_bytes(path, bytes, sizeof bytes) : 0;
    for (int64_t i = 0; i < n; i += getenv("PLD_TEST_SWEEP") ? 1 : 61) {
        char old = bytes[i];
        bytes[i] = (char)(cut ? old : old ^ 1 << i % 8);
        write_bytes(path, bytes, cut ? i : n);
        bytes[i] = old;
        look_at_damaged(alone, &spec, path, i);
    }
    team_destroy(&alone);
}

TEST(no_flipped_bit_is_restored)
{
    sweep(false);
}

TEST(no_cut_is_restored)
{
    sweep(true);
}

/* --- Arguments ------------------------------------------------------------ */

TEST(many_numbers_and_long_paths_are_saved)
{
    enum { MANY = 20000 };
    static double numbers[MANY];
    char path[4001];
    place("long");
    size_t length = strlen(folder);
    memset(path, '/', sizeof path);
    memcpy(path, folder, length);
    path[4000] = '\0';
    pld_checkpoint *checkpoint = NULL;
    int64_t found = 0;
    const pld_checkpoint_spec spec = {.folder = path};
    assert_ok(pld_checkpoint_create(ctx, &spec, &checkpoint));
    assert_ok(
        pld_checkpoint_add_numbers(checkpoint, "many", PLD_F64, MANY, numbers));
    for (int i = 0; i < MANY; i++)
        numbers[i] = i / 7.0;
    assert_ok(pld_checkpoint_save(checkpoint, 1));
    memset(numbers, 0, sizeof numbers);
    assert_ok(pld_checkpoint_restore(checkpoint, &found));
    assert_all(numbers[1] == 1 / 7.0 && numbers[MANY - 1] == (MANY - 1) / 7.0);
    assert_ok(pld_checkpoint_destroy(&checkpoint));
}

TEST(wrong_arguments_are_named)
{
    pld_checkpoint *one = NULL;
    pld_checkpoint *two = NULL;
    pld_checkpoint_spec spec = {.folder = NULL};
    int64_t x = 0;
    assert_fails(PLD_ERR_ARG, pld_checkpoint_create(ctx, &spec, &one),
                 "spec->folder is NULL");
    spec.folder = place("arguments");
    spec.name = "a/b";
    assert_fails(PLD_ERR_ARG, pld_checkpoint_create(ctx, &spec, &one),
                 "spec->name is 'a/b'");
    spec.name = NULL;
    spec.keep = -1;
    assert_fails(PLD_ERR_ARG, pld_checkpoint_create(ctx, &spec, &one),
                 "keep is -1");
    spec.keep = 0;
    spec.mtbf = NAN;
    assert_fails(PLD_ERR_ARG, pld_checkpoint_create(ctx, &spec, &one),
                 "mtbf is nan");
    spec.mtbf = 0;
    assert_ok(pld_checkpoint_create(ctx, &spec, &one));
    assert_fails(PLD_ERR_STATE, pld_checkpoint_create(ctx, &spec, &two),
                 "being written by another program, or opened twice");
    assert_ok(pld_checkpoint_add_numbers(one, "x", PLD_I64, 1, &x));
    assert_fails(PLD_ERR_EXISTS,
                 pld_checkpoint_add_numbers(one, "x", PLD_I64, 1, &x),
                 "\"x\" already");
    assert_fails(PLD_ERR_ARG,
                 pld_checkpoint_add_numbers(one, "y", PLD_I64, 1, NULL),
                 "\"y\" is NULL");
    assert_fails(PLD_ERR_ARG,
                 pld_checkpoint_add_numbers(one, "y", PLD_I64, 0, &x),
                 "\"y\" has no elements");
    assert_fails(PLD_ERR_ARG, pld_checkpoint_save(one, -4), "number is -4");
    assert_fails(PLD_ERR_ARG, pld_checkpoint_restore(one, NULL),
                 "number is NULL");
    assert_fails(PLD_ERR_ARG,
                 pld_checkpoint_add_numbers(one, "polder_x", PLD_I64, 1, &x),
                 "names that begin with polder");
    if (nranks > 1)
        assert_fails(PLD_ERR_MISMATCH, pld_checkpoint_save(one, rank),
                     "number");
    assert_ok(pld_checkpoint_destroy(&one));
    assert_ok(pld_checkpoint_destroy(&one));
    assert_fails(PLD_ERR_ARG, pld_checkpoint_save(NULL, 1),
                 "checkpoint is NULL");
    spec.folder = place("no/such/folder");
    assert_fails(PLD_ERR_NOENT, pld_checkpoint_create(ctx, &spec, &one),
                 "no/such/folder");
}

TEST(a_signal_on_any_rank_asks_for_one)
{
    const pld_checkpoint_spec spec = {.folder = place("signal"),
                                      .signals = true};
    pld_checkpoint *checkpoint = NULL;
    pld_checkpoint_info info;
    bool due = true;
    assert_ok(pld_checkpoint_create(ctx, &spec, &checkpoint));
    assert_ok(pld_checkpoint_due(checkpoint, &due));
    assert_all(!due);
    if (rank == nranks - 1)
        raise(SIGUSR1);
    assert_ok(pld_checkpoint_due(checkpoint, &due));
    assert_all(due);
    assert_ok(pld_checkpoint_describe(checkpoint, &info));
    assert_all(info.signal == SIGUSR1);
    assert_ok(pld_checkpoint_due(checkpoint, &due));
    assert_all(!due);
    assert_ok(pld_checkpoint_destroy(&checkpoint));
}

TEST(intervals_follow_from_cost_and_failures)
{
    const pld_checkpoint_spec spec = {.folder = place("due"), .mtbf = 1e-9};
    pld_checkpoint *checkpoint = NULL;
    pld_checkpoint_info info;
    bool due = false;
    assert_ok(pld_checkpoint_create(ctx, &spec, &checkpoint));
    assert_ok(pld_checkpoint_describe(checkpoint, &info));
    assert_all(info.newest == -1 && info.cost == 0);
    assert_all(info.interval == sqrt(2 * 1e-9));
    for (int i = 0; i < 1000000 && !due; i++)
        assert_ok_here(pld_checkpoint_due(checkpoint, &due));
    assert_all(due);
    assert_ok(pld_checkpoint_save(checkpoint, 3));
    assert_ok(pld_checkpoint_describe(checkpoint, &info));
    assert_all(info.newest == 3 && info.cost > 0);
    assert_all(info.interval == sqrt(2 * info.cost * 1e-9));
    assert_ok(pld_checkpoint_destroy(&checkpoint));
}

/* Whether it is due, and due again. */
static void ask_twice(double walltime, bool expected)
{
    const pld_checkpoint_spec spec = {.folder = place("end"),
                                      .walltime = walltime};
    pld_checkpoint *checkpoint = NULL;
    pld_checkpoint_info info;
    bool due = false;
    assert_ok(pld_checkpoint_create(ctx, &spec, &checkpoint));
    assert_ok(pld_checkpoint_due(checkpoint, &due));
    assert_all(due == expected);
    assert_ok(pld_checkpoint_describe(checkpoint, &info));
    assert_all(info.ending == expected && info.signal == 0);
    assert_ok(pld_checkpoint_due(checkpoint, &due));
    assert_all(!due);
    assert_ok(pld_checkpoint_destroy(&checkpoint));
}

TEST(one_is_due_while_there_is_time)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)time(NULL) + 6);
    unsetenv("SLURM_JOB_END_TIME");
    ask_twice(0, false);
    ask_twice(6, true);
    ask_twice(1000, false);
    setenv("SLURM_JOB_END_TIME", text, 1);
    ask_twice(0, true);
    ask_twice(-1, false);
    ask_twice(1000, false);
    unsetenv("SLURM_JOB_END_TIME");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(restored_on_any_number_of_ranks),
    cmocka_unit_test(the_last_few_are_kept),
    cmocka_unit_test(a_number_can_be_saved_again),
    cmocka_unit_test(a_damaged_one_is_passed_over_and_named),
    cmocka_unit_test(one_cut_short_anywhere_is_passed_over),
    cmocka_unit_test(what_is_no_checkpoint_is_named),
    cmocka_unit_test(another_shape_is_named),
    cmocka_unit_test(what_does_not_fit_leaves_everything_as_it_was),
    cmocka_unit_test(what_was_added_later_may_be_optional),
    cmocka_unit_test(damaged_ones_do_not_count_as_kept),
    cmocka_unit_test(a_run_can_go_back),
    cmocka_unit_test(no_flipped_bit_is_restored),
    cmocka_unit_test(no_cut_is_restored),
    cmocka_unit_test(many_numbers_and_long_paths_are_saved),
    cmocka_unit_test(wrong_arguments_are_named),
    cmocka_unit_test(a_signal_on_any_rank_asks_for_one),
    cmocka_unit_test(intervals_follow_from_cost_and_failures),
    cmocka_unit_test(one_is_due_while_there_is_time)};

PLD_TEST_MAIN(tests)
