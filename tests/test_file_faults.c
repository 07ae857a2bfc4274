/* The system fails at any call of writing, on one rank: the same named error on
 * all, or none and everything is written; nothing is lost, nothing left, no
 * rank waits. PLD_TEST_FAULTS=all for all errors at all calls.
 * TEST: ranks=2 limit=120 */

#include "posix/calls.h"
#include "support/formula.h"
#include "support/harness.h"

#include "io/hdf5.h"
#include "polder/checkpoint.h"
#include "polder/file.h"
#include "polder/memory.h"
#include "polder/series.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const pld_grid_spec cells = {.ndims = 2, .size = {12, 50}};

/* All that has been asked for was done before the failure, on all ranks. */
struct outcome {
    pld_status status;
    int ndone;
    int nsteps; /* of a series */
    char text[sizeof pld_error_last()->text];
};

static bool goes_on(struct outcome *outcome, pld_status status)
{
    if (status == PLD_OK) {
        outcome->ndone++;
        return true;
    }
    if (outcome->status == PLD_OK) {
        outcome->status = status;
        memcpy(outcome->text, pld_error_last()->text, sizeof outcome->text);
    }
    pld_error_clear();
    return false;
}

/* --- What is tried -------------------------------------------------------- */

/* Each does its work, and is asked afterwards whether all is right. */
struct subject {
    const char *name;
    void (*run)(struct formula *u, struct outcome *outcome);
    void (*look)(struct formula *u, const struct outcome *outcome);
};

static void write_file(struct formula *u, struct outcome *outcome)
{
    pld_file *file = NULL;
    formula_fill(u->field, 5);
    if (!goes_on(outcome, pld_file_create(ctx, "faulty/file.h5", &file)))
        return;
    if (goes_on(outcome, pld_file_write(file, u->field)))
        goes_on(outcome, pld_file_write_text(file, "u", "units", "m"));
    goes_on(outcome, pld_file_close(&file));
}

static void look_at_file(struct formula *u, const struct outcome *outcome)
{
    pld_file *file = NULL;
    if (outcome->ndone == 0)
        assert_all(access("faulty/file.h5", F_OK) != 0);
    if (outcome->status == PLD_OK) {
        assert_ok(pld_field_set(u->field, &(double){0}));
        assert_ok(pld_file_open(ctx, "faulty/file.h5", false, &file));
        assert_ok(pld_file_read(file, "u", u->field));
        assert_all(formula_holds(u->field, 5));
        assert_ok(pld_file_close(&file));
    }
}

static void write_series(struct formula *u, struct outcome *outcome)
{
    pld_series *series = NULL;
    const pld_series_spec spec = {.nfields = 1, .fields = &u->field};
    pld_status status =
        pld_series_create(ctx, "faulty/series.h5", &spec, &series);
    if (!goes_on(outcome, status))
        return;
    for (int step = 0; step < 2 && outcome->status == PLD_OK; step++) {
        formula_fill(u->field, step);
        outcome->nsteps += goes_on(outcome, pld_series_append(series, step));
    }
    goes_on(outcome, pld_series_close(&series));
}

static void look_at_series(struct formula *u, const struct outcome *outcome)
{
    pld_series *series = NULL;
    const pld_series_spec spec = {.nfields = 1, .fields = &u->field};
    if (outcome->nsteps == 0)
        return;
    assert_ok(pld_series_open(ctx, "faulty/series.h5", false, &spec, &series));
    assert_all(pld_series_nsteps(series) >= outcome->nsteps);
    for (int step = 0; step < outcome->nsteps; step++) {
        assert_ok(pld_series_read(series, step));
        assert_all(formula_holds(u->field, step));
    }
    assert_ok(pld_series_close(&series));
}

static const pld_checkpoint_spec place = {.folder = "faulty"};

static pld_status open_checkpoint(struct formula *u, pld_checkpoint **out)
{
    pld_status status = pld_checkpoint_create(ctx, &place, out);
    return status == PLD_OK ? pld_checkpoint_add_field(*out, u->field) : status;
}

/* The first one is good before anything fails. */
static void save(struct formula *u, struct outcome *outcome)
{
    pld_checkpoint *checkpoint = NULL;
    if (goes_on(outcome, open_checkpoint(u, &checkpoint))) {
        formula_fill(u->field, 2);
        goes_on(outcome, pld_checkpoint_save(checkpoint, 2));
    }
    assert_ok(pld_checkpoint_destroy(&checkpoint));
}

static void look_at_checkpoints(struct formula *u,
                                const struct outcome *outcome)
{
    pld_checkpoint *checkpoint = NULL;
    int64_t found = 0;
    assert_ok(open_checkpoint(u, &checkpoint));
    assert_ok(pld_checkpoint_restore(checkpoint, &found));
    assert_all(found == 2 || (found == 1 && outcome->status != PLD_OK));
    assert_all(formula_holds(u->field, (int)found));
    assert_all(*pld_checkpoint_report(checkpoint) == '\0');
    assert_ok(pld_checkpoint_destroy(&checkpoint));
}

/* --- Trying --------------------------------------------------------------- */

static void meet(void)
{
    MPI_Barrier(pld_ctx_comm(ctx));
}

/* How many names the folder has that hold `part`; on rank 0 they go. */
static int count_names(const char *part, bool remove)
{
    int n = 0;
    char path[400];
    DIR *folder = opendir("faulty");
    for (struct dirent *entry = folder ? readdir(folder) : NULL; entry;
         entry = readdir(folder))
        if (strcmp(entry->d_name, ".") != 0 &&
            strcmp(entry->d_name, "..") != 0 && strstr(entry->d_name, part)) {
            n++;
            snprintf(path, sizeof path, "faulty/%s", entry->d_name);
            if (remove)
                (void)unlink(path);
        }
    if (folder)
        closedir(folder);
    return n;
}

/* An empty folder with a good checkpoint in it. */
static void prepare(struct formula *u)
{
    pld_checkpoint *checkpoint = NULL;
    meet();
    if (rank == 0)
        count_names("", true);
    meet();
    assert_ok(open_checkpoint(u, &checkpoint));
    formula_fill(u->field, 1);
    assert_ok(pld_checkpoint_save(checkpoint, 1));
    assert_ok(pld_checkpoint_destroy(&checkpoint));
}

static bool is_agreed(pld_status status)
{
    int range[2] = {(int)status, -(int)status};
    MPI_Allreduce(MPI_IN_PLACE, range, 2, MPI_INT, MPI_MAX, pld_ctx_comm(ctx));
    return range[0] == -range[1];
}

static int failures_anywhere(void)
{
    int n = calls_failed();
    MPI_Allreduce(MPI_IN_PLACE, &n, 1, MPI_INT, MPI_MAX, pld_ctx_comm(ctx));
    return n;
}

struct trial {
    enum call call;
    int code;
    bool always;
    bool harmless; /* it must go on as if nothing had been */
    pld_status named;
};

static void say(const struct subject *subject, const struct trial *trial,
                int victim, int nth, const struct outcome *outcome)
{
    fprintf(stderr, "%s, call %d fails the %d. time on rank %d, %s: %s %s\n",
            subject->name, trial->call, nth, victim, strerror(trial->code),
            pld_status_name(outcome->status), outcome->text);
}

static void judge(const struct subject *subject, const struct trial *trial,
                  int victim, int nth, const struct outcome *outcome)
{
    bool good = is_agreed(outcome->status) && calls_open() == 0;
    bool named = outcome->status == trial->named && outcome->text[0] != '\0';
    good = good && (outcome->status == PLD_OK || (named && !trial->harmless));
    if (!good || getenv("PLD_TEST_SAY"))
        say(subject, trial, victim, nth, outcome);
    assert_all(good);
    assert_all(H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL) == 0);
    meet();
    assert_all(trial->call == CALL_UNLINK || count_names("tmp", false) == 0);
    meet();
}

/* Let the nth call fail for all n that there are. */
static void try(const struct subject *subject, const struct trial *trial,
                int victim, int by)
{
    struct formula u =
        formula_create(ctx, &cells, &(pld_field_spec){.name = "u"});
    int64_t live = pld_memory_live_blocks();
    bool failed = true;
    for (int nth = 1; failed; nth += by) {
        struct outcome outcome = {.status = PLD_OK};
        prepare(&u);
        calls_watch("faulty/");
        if (rank == victim)
            calls_fail(trial->call, nth, trial->code, trial->always);
        subject->run(&u, &outcome);
        failed = failures_anywhere() > 0;
        calls_fail(trial->call, 0, 0, false);
        judge(subject, trial, victim, nth, &outcome);
        assert_all(failed || outcome.status == PLD_OK);
        assert_all(pld_memory_live_blocks() == live);
        subject->look(&u, &outcome);
        calls_watch(NULL);
    }
    formula_destroy(&u);
}

static const struct trial trials[] = {
    {CALL_WRITE, EIO, false, false, PLD_ERR_IO},
    {CALL_FSYNC, EIO, false, false, PLD_ERR_IO},
    {CALL_OPEN, EIO, false, false, PLD_ERR_IO},
    {CALL_CLOSE, EIO, false, false, PLD_ERR_IO},
    {CALL_RENAME, EIO, false, false, PLD_ERR_IO},
    {CALL_UNLINK, EIO, false, true, PLD_ERR_IO},
    {CALL_FALLOCATE, ENOSPC, false, false, PLD_ERR_SPACE},
    {CALL_FALLOCATE, EDQUOT, true, false, PLD_ERR_SPACE},
    {CALL_FALLOCATE, EOPNOTSUPP, true, true, PLD_OK},
    {CALL_FALLOCATE, EINTR, false, true, PLD_OK},
    {CALL_FSYNC, EINVAL, true, true, PLD_OK},
    {CALL_FSYNC, EOPNOTSUPP, true, true, PLD_OK},
    {CALL_FSYNC, EINTR, false, true, PLD_OK},
    {CALL_FSYNC, EDQUOT, false, false, PLD_ERR_SPACE},
    {CALL_WRITE, EINTR, false, true, PLD_OK},
    {CALL_WRITE, ENOSPC, false, false, PLD_ERR_SPACE},
    {CALL_WRITE, EDQUOT, true, false, PLD_ERR_SPACE},
    {CALL_FTRUNCATE, EIO, false, false, PLD_ERR_IO},
};

/* The first few at every call, the others at some. */
static void try_all(const struct subject *subject)
{
    bool all = getenv("PLD_TEST_FAULTS") != NULL;
    for (size_t i = 0; i < sizeof trials / sizeof *trials; i++)
        for (int victim = 0; victim < nranks; victim++)
            try(subject, &trials[i], victim, all ? 1 : i < 6 ? 2 : 7);
}

TEST(files)
{
    try_all(&(struct subject){"file", write_file, look_at_file});
}

TEST(series)
{
    try_all(&(struct subject){"series", write_series, look_at_series});
}

TEST(checkpoints)
{
    try_all(&(struct subject){"checkpoint", save, look_at_checkpoints});
}

/* A call moves as many bytes as it likes. */
TEST(short_reads_and_writes_are_gone_on_with)
{
    struct formula u =
        formula_create(ctx, &cells, &(pld_field_spec){.name = "u"});
    const struct subject subjects[] = {
        {"file", write_file, look_at_file},
        {"series", write_series, look_at_series},
        {"checkpoint", save, look_at_checkpoints}};
    for (int i = 0; i < 3; i++) {
        struct outcome outcome = {.status = PLD_OK};
        prepare(&u);
        calls_watch("faulty/");
        calls_shorten(11);
        subjects[i].run(&u, &outcome);
        assert_all(outcome.status == PLD_OK);
        subjects[i].look(&u, &outcome);
        calls_shorten(0);
        calls_watch(NULL);
    }
    formula_destroy(&u);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(files), cmocka_unit_test(series),
    cmocka_unit_test(checkpoints),
    cmocka_unit_test(short_reads_and_writes_are_gone_on_with)};

PLD_TEST_MAIN(tests)
