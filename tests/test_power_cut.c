/* The power is cut at any moment of saving, and the disk holds what it may hold
 * then: what was saved is restored. Sequences of calls that are told to be
 * unsafe are found to be so.
 * TEST: ranks=1,2 */

#include "posix/disk.h"
#include "support/formula.h"
#include "support/harness.h"

#include "polder/checkpoint.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char base[400];

static const char *below(const char *name, char path[512])
{
    const char *folder = getenv("PLD_TEST_TMPDIR");
    snprintf(base, sizeof base, "%s", folder ? folder : ".");
    snprintf(path, 512, "%s/%s", base, name);
    return path;
}

struct subject {
    struct formula u;
    int64_t time;
    pld_checkpoint *checkpoint;
};

static void create(pld_ctx *team, const char *folder, struct subject *out)
{
    const pld_checkpoint_spec spec = {.folder = folder};
    out->u = formula_create(team, &(pld_grid_spec){.ndims = 2, .size = {20, 9}},
                            &(pld_field_spec){.name = "u"});
    assert_ok_here(pld_checkpoint_create(team, &spec, &out->checkpoint));
    assert_ok_here(pld_checkpoint_add_field(out->checkpoint, out->u.field));
    assert_ok_here(pld_checkpoint_add_numbers(out->checkpoint, "time", PLD_I64,
                                              1, &out->time));
}

static void destroy(struct subject *subject)
{
    assert_ok_here(pld_checkpoint_destroy(&subject->checkpoint));
    formula_destroy(&subject->u);
}

/* With contents that tell which one it is. */
static void save(struct subject *subject, int number)
{
    formula_fill(subject->u.field, number);
    subject->time = number;
    assert_ok_here(pld_checkpoint_save(subject->checkpoint, number));
}

/* --- What is left --------------------------------------------------------- */

struct verdict {
    int states; /* that were looked at */
    int lost;   /* in which nothing as new as what was promised is there */
    int wrong;  /* in which something that has its name is not good */
};

/* On one rank: go on from the folder. */
static void look(pld_ctx *alone, const char *folder, int64_t claimed,
                 struct verdict *verdict)
{
    struct subject subject;
    int64_t found = -1;
    create(alone, folder, &subject);
    pld_status status = pld_checkpoint_restore(subject.checkpoint, &found);
    bool good = status == PLD_OK && subject.time == found &&
                formula_holds(subject.u.field, (int)found);
    verdict->states++;
    verdict->lost += claimed >= 0 && (!good || found < claimed);
    verdict->wrong += (status != PLD_OK && status != PLD_ERR_NOENT) ||
                      (status == PLD_OK && !good) ||
                      *pld_checkpoint_report(subject.checkpoint) != '\0';
    pld_error_clear();
    destroy(&subject);
}

/* After each entry of the log. */
static struct verdict cut_everywhere(const char *log)
{
    struct verdict verdict = {0};
    char folder[512];
    pld_ctx *alone = team_create(1);
    if (alone) {
        struct disk *disk = disk_read(log);
        for (int n = 1; n <= disk_length(disk); n++)
            for (int state = 0; state < DISK_STATES; state++)
                if (disk_make(disk, n, state, below("replayed", folder)))
                    look(alone, folder, disk_claimed(disk, n), &verdict);
        disk_free(disk);
        fprintf(stderr, "%s: %d states, %d lost, %d wrong\n", log,
                verdict.states, verdict.lost, verdict.wrong);
    }
    team_destroy(&alone);
    MPI_Bcast(&verdict, 3, MPI_INT, 0, pld_ctx_comm(ctx));
    return verdict;
}

static void start(const char *log)
{
    if (rank == 0)
        (void)unlink(log);
    MPI_Barrier(pld_ctx_comm(ctx));
    calls_watch("/cut");
    calls_record(log);
}

static void stop(void)
{
    calls_record(NULL);
    calls_watch(NULL);
    MPI_Barrier(pld_ctx_comm(ctx));
}

/* --- Checkpoints ---------------------------------------------------------- */

static struct verdict save_and_cut(const char *name)
{
    char folder[512];
    char log[512];
    struct subject subject;
    start(below("log", log));
    create(ctx, below(name, folder), &subject);
    for (int number = 1; number <= 4; number++) {
        save(&subject, number < 4 ? number : 3);
        MPI_Barrier(pld_ctx_comm(ctx));
        if (rank == 0)
            calls_claim(number < 4 ? number : 3);
    }
    destroy(&subject);
    stop();
    return cut_everywhere(log);
}

TEST(what_was_saved_survives)
{
    struct verdict verdict = save_and_cut("cut_safe");
    assert_all(verdict.states >= 8);
    assert_all(verdict.lost == 0 && verdict.wrong == 0);
}

/* Does this test see anything at all? */
TEST(without_syncs_it_does_not)
{
    calls_skip_sync(true);
    struct verdict verdict = save_and_cut("cut_unsafe");
    calls_skip_sync(false);
    assert_all(verdict.lost > 0 && verdict.wrong > 0);
}

/* --- Ways to write files that are in use ---------------------------------- */

static char bytes[100000];
static size_t nbytes;

/* What a checkpoint of this number consists of. */
static void load(int number)
{
    char folder[512];
    char path[600];
    struct subject subject;
    pld_ctx *alone = team_create(1);
    if (!alone)
        return;
    create(alone, below("model", folder), &subject);
    save(&subject, number);
    destroy(&subject);
    team_destroy(&alone);
    snprintf(path, sizeof path, "%s/checkpoint_%012d.h5", folder, number);
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    nbytes = fread(bytes, 1, sizeof bytes, in);
    assert_true(nbytes < sizeof bytes);
    fclose(in);
}

enum { SYNC_FILE = 1, SYNC_FOLDER = 2, ASIDE = 4, KEEP_OPEN = 8 };

static void path_of(const char *folder, const char *before, int number,
                    const char *after, char path[600])
{
    snprintf(path, 600, "%s/%scheckpoint_%012d.%s", folder, before, number,
             after);
}

static void sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY);
    assert_int_equal(fsync(fd), 0);
    close(fd);
}

/* Write what was loaded, some pages at a time; on rank 0. */
static void put(const char *folder, int number, int how)
{
    if (rank != 0)
        return;
    char aside[600];
    char path[600];
    path_of(folder, ".", number, "tmp", aside);
    path_of(folder, "", number, "h5", path);
    int fd = open(how & ASIDE ? aside : path, O_RDWR | O_CREAT | O_TRUNC, 0666);
    for (size_t at = 0; at < nbytes; at += 8192) {
        size_t n = nbytes - at < 8192 ? nbytes - at : 8192;
        assert_int_equal(pwrite(fd, bytes + at, n, (off_t)at), n);
    }
    if (how & SYNC_FILE)
        assert_int_equal(fsync(fd), 0);
    if (!(how & KEEP_OPEN))
        close(fd);
    if (how & ASIDE)
        assert_int_equal(rename(aside, path), 0);
    if (how & SYNC_FOLDER)
        sync_folder(folder);
    calls_claim(number);
    if (how & KEEP_OPEN)
        close(fd);
}

/* A good one is there; then another is written, under the same number or the
 * next one. */
static struct verdict put_and_cut(const char *name, int number, int how)
{
    char folder[512];
    char log[512];
    start(below("log", log));
    below(name, folder);
    if (rank == 0) {
        assert_int_equal(mkdir(folder, 0777), 0);
        sync_folder(base);
    }
    load(1);
    put(folder, 1, ASIDE | SYNC_FILE | SYNC_FOLDER);
    load(number);
    put(folder, number, how);
    stop();
    return cut_everywhere(log);
}

TEST(writing_in_place_loses_both)
{
    assert_all(put_and_cut("cut_place", 1, 0).lost > 0);
}

TEST(writing_a_new_file_and_keeping_it_open_is_no_promise)
{
    struct verdict verdict = put_and_cut("cut_open", 2, KEEP_OPEN);
    assert_all(verdict.lost > 0 && verdict.wrong > 0);
}

TEST(renaming_without_syncs_leaves_empty_files)
{
    struct verdict verdict = put_and_cut("cut_rename", 2, ASIDE);
    assert_all(verdict.lost > 0 && verdict.wrong > 0);
}

TEST(syncing_the_folder_alone_leaves_empty_files)
{
    struct verdict verdict = put_and_cut("cut_folder", 2, ASIDE | SYNC_FOLDER);
    assert_all(verdict.lost > 0 && verdict.wrong > 0);
}

TEST(renaming_over_the_old_one_without_syncs_loses_both)
{
    assert_all(put_and_cut("cut_over", 1, ASIDE).lost > 0);
}

TEST(syncing_the_file_alone_keeps_the_old_one)
{
    struct verdict verdict = put_and_cut("cut_file", 2, ASIDE | SYNC_FILE);
    assert_all(verdict.lost > 0 && verdict.wrong == 0);
}

TEST(syncing_the_file_then_the_folder_loses_nothing)
{
    struct verdict verdict =
        put_and_cut("cut_both", 2, ASIDE | SYNC_FILE | SYNC_FOLDER);
    assert_all(verdict.lost == 0 && verdict.wrong == 0);
    verdict = put_and_cut("cut_again", 1, ASIDE | SYNC_FILE | SYNC_FOLDER);
    assert_all(verdict.lost == 0 && verdict.wrong == 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_was_saved_survives),
    cmocka_unit_test(without_syncs_it_does_not),
    cmocka_unit_test(writing_in_place_loses_both),
    cmocka_unit_test(writing_a_new_file_and_keeping_it_open_is_no_promise),
    cmocka_unit_test(renaming_without_syncs_leaves_empty_files),
    cmocka_unit_test(syncing_the_folder_alone_leaves_empty_files),
    cmocka_unit_test(renaming_over_the_old_one_without_syncs_loses_both),
    cmocka_unit_test(syncing_the_file_alone_keeps_the_old_one),
    cmocka_unit_test(syncing_the_file_then_the_folder_loses_nothing)};

PLD_TEST_MAIN(tests)
