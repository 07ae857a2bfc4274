/* What is told of a file in a text beside it.
 * TEST: ranks=1,3 */

#include "support/formula.h"
#include "support/harness.h"

#include "polder/agree.h"
#include "polder/file.h"
#include "polder/version.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char text[65536];

/* All of a small file, on every rank. */
static void read_text(const char *path)
{
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    size_t n = fread(text, 1, sizeof text - 1, in);
    text[n] = '\0';
    fclose(in);
}

/* What stands behind "what: ", up to the end of the line. */
static void find(const char *what, char *out, size_t room)
{
    char key[64];
    snprintf(key, sizeof key, "%s: ", what);
    const char *at = strncmp(text, key, strlen(key)) == 0 ? text : NULL;
    snprintf(key, sizeof key, "\n%s: ", what);
    if (at == NULL) {
        at = strstr(text, key);
        assert_non_null(at);
        at++;
    }
    at += strlen(key) - 1;
    snprintf(out, room, "%.*s", (int)strcspn(at, "\n"), at);
}

static void assert_says(const char *what, const char *value)
{
    char found[4096];
    find(what, found, sizeof found);
    assert_string_equal(found, value);
}

/* Such texts sort as the times do. */
static void say_now(char *out, size_t room)
{
    struct tm utc;
    time_t now = time(NULL);
    assert_non_null(gmtime_r(&now, &utc));
    assert_true(strftime(out, room, "%Y-%m-%dT%H:%M:%SZ", &utc) > 0);
}

TEST(a_file_has_its_story_beside_it)
{
    char number[16];
    char found[4096];
    char host[256] = "";
    char before[32];
    char now[32];
    struct formula u =
        formula_create(ctx, &(pld_grid_spec){.ndims = 2, .size = {6, 5}},
                       &(pld_field_spec){.name = "u"});
    say_now(before, sizeof before);
    assert_ok(pld_file_write_info(
        ctx, "u.h5", &(pld_info){.grid = u.grid, .notes = "Re = 100"}));
    read_text("u.h5.info");
    snprintf(number, sizeof number, "%d", nranks);
    assert_says("polder", pld_version());
    assert_says("ranks", number);
    assert_says("grid", "6 x 5");
    assert_says("notes", "Re = 100");
    assert_int_equal(gethostname(host, sizeof host - 1), 0);
    assert_says("host", host);
    find("command", found, sizeof found);
    assert_non_null(strstr(found, "test_file_info"));
    find("time", found, sizeof found);
    say_now(now, sizeof now);
    assert_true(strcmp(before, found) <= 0 && strcmp(found, now) <= 0);
    formula_destroy(&u);
}

TEST(a_second_one_takes_the_place_of_the_first)
{
    assert_ok(pld_file_write_info(ctx, "v.h5", &(pld_info){.notes = "first"}));
    assert_ok(pld_file_write_info(ctx, "v.h5", NULL));
    read_text("v.h5.info");
    assert_null(strstr(text, "notes"));
    assert_null(strstr(text, "grid"));
    assert_int_not_equal(access("v.h5.info.new", F_OK), 0);
}

TEST(what_goes_wrong_is_told_on_every_rank)
{
    assert_fails(PLD_ERR_ARG, pld_file_write_info(NULL, "w.h5", NULL), "ctx");
    assert_fails(PLD_ERR_ARG, pld_file_write_info(ctx, NULL, NULL), "path");
    assert_fails(PLD_ERR_NOENT, pld_file_write_info(ctx, "none/w.h5", NULL),
                 "none/w.h5.info");
    if (rank == 0)
        assert_int_equal(mkdir("w.h5.info", 0700), 0);
    assert_ok(pld_agree(ctx, PLD_OK));
    assert_fails(PLD_ERR_IO, pld_file_write_info(ctx, "w.h5", NULL),
                 "w.h5.info");
    assert_ok(pld_agree(ctx, PLD_OK));
    assert_int_not_equal(access("w.h5.info.new", F_OK), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_file_has_its_story_beside_it),
    cmocka_unit_test(a_second_one_takes_the_place_of_the_first),
    cmocka_unit_test(what_goes_wrong_is_told_on_every_rank),
};

PLD_TEST_MAIN(tests)
