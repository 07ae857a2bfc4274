/* Status codes and the error record.
 * TEST: ranks=1 */

#include "support/harness.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

static pld_status innermost(int width)
{
    PLD_CHECK(width >= 0, PLD_ERR_ARG, "width %d is negative", width);
    return PLD_OK;
}

static pld_status outer(int width)
{
    PLD_TRY(innermost(width));
    return PLD_OK;
}

static pld_status deep(int depth)
{
    if (depth == 0)
        return innermost(-1);
    PLD_TRY(deep(depth - 1));
    return PLD_OK;
}

static pld_status owner(int width, bool check, int *cleaned)
{
    pld_status status = PLD_OK;
    PLD_TRY_TO(out, innermost(width));
    PLD_CHECK_TO(out, !check, PLD_ERR_STATE, "told to fail");
out:
    ++*cleaned;
    return status;
}

TEST(every_status_has_name_and_meaning)
{
    for (int s = 0; s < PLD_STATUS_COUNT; s++) {
        assert_int_equal(strncmp(pld_status_name(s), "PLD_", 4), 0);
        assert_true(strlen(pld_status_text(s)) > 0);
    }
    assert_string_equal(pld_status_name(PLD_ERR_OVERFLOW), "PLD_ERR_OVERFLOW");
    assert_string_equal(pld_status_text(PLD_ERR_CORRUPT), "damaged file");
}

TEST(unknown_status_is_survived)
{
    assert_string_equal(pld_status_name(PLD_STATUS_COUNT), "PLD_ERR_?");
    assert_string_equal(pld_status_name((pld_status)-1), "PLD_ERR_?");
    assert_string_equal(pld_status_text((pld_status)-1), "unknown status");
}

TEST(success_leaves_no_record)
{
    pld_error_clear();
    assert_int_equal(outer(3), PLD_OK);
    assert_int_equal(pld_error_last()->status, PLD_OK);
    assert_int_equal(pld_error_last()->nframes, 0);
}

TEST(record_names_text_and_calls)
{
    assert_int_equal(outer(-2), PLD_ERR_ARG);
    const pld_error *error = pld_error_last();
    assert_int_equal(error->status, PLD_ERR_ARG);
    assert_string_equal(error->text, "width -2 is negative");
    assert_false(error->agreed);
    assert_int_equal(error->nframes, 2);
    assert_string_equal(error->frames[0].function, "innermost");
    assert_string_equal(error->frames[1].function, "outer");
    assert_true(error->frames[0].line < error->frames[1].line);
}

TEST(paths_keep_their_last_two_parts)
{
    static const char *const paths[][2] = {
        {"/home/me/polder/lib/mesh/field.c", "mesh/field.c"},
        {"lib/mesh/field.c", "mesh/field.c"},
        {"/main.c", "/main.c"},
        {"main.c", "main.c"}};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        pld_error_raise(PLD_ERR_IO, paths[i][0], 1, "f", "text");
        assert_string_equal(pld_error_last()->frames[0].file, paths[i][1]);
    }
}

TEST(deep_traces_are_cut_and_counted)
{
    assert_int_equal(deep(PLD_ERROR_FRAMES + 3), PLD_ERR_ARG);
    assert_int_equal(pld_error_last()->nframes, PLD_ERROR_FRAMES);
    assert_int_equal(pld_error_last()->ndropped, 4);
}

TEST(new_error_replaces_the_old)
{
    deep(PLD_ERROR_FRAMES + 3);
    assert_int_equal(outer(-7), PLD_ERR_ARG);
    assert_string_equal(pld_error_last()->text, "width -7 is negative");
    assert_int_equal(pld_error_last()->nframes, 2);
    assert_int_equal(pld_error_last()->ndropped, 0);
}

TEST(owners_clean_up_in_any_case)
{
    int cleaned = 0;
    assert_int_equal(owner(1, false, &cleaned), PLD_OK);
    assert_int_equal(owner(-1, false, &cleaned), PLD_ERR_ARG);
    assert_int_equal(pld_error_last()->nframes, 2);
    assert_int_equal(owner(1, true, &cleaned), PLD_ERR_STATE);
    assert_string_equal(pld_error_last()->text, "told to fail");
    assert_int_equal(cleaned, 3);
}

TEST(bare_status_gets_a_record)
{
    outer(-1);
    assert_int_equal(pld_error_pass(PLD_ERR_IO, "user/own.c", 5, "own"),
                     PLD_ERR_IO);
    assert_string_equal(pld_error_last()->text, "input or output failed");
    assert_int_equal(pld_error_last()->nframes, 1);
}

TEST(old_text_can_be_part_of_the_new)
{
    outer(-1);
    pld_error_raise(PLD_ERR_IO, "a.c", 1, "f", "file h.nc: %s",
                    pld_error_last()->text);
    assert_string_equal(pld_error_last()->text,
                        "file h.nc: width -1 is negative");
}

TEST(long_texts_are_cut)
{
    pld_error_raise(PLD_ERR_IO, "a.c", 1, "f", "%1000d", 1);
    assert_int_equal(strlen(pld_error_last()->text), 511);
}

/* What pld_error_print writes; to be freed. */
static char *printed(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    pld_error_print(stream);
    fclose(stream);
    return text;
}

TEST(print_shows_status_text_and_calls)
{
    pld_error_raise(PLD_ERR_ARG, "lib/mesh/field.c", 120, "pld_field_create",
                    "halo width 3 exceeds local size 2 in dimension 1");
    pld_error_pass(PLD_ERR_ARG, "main.c", 17, "main");
    char *text = printed();
    assert_string_equal(
        text, "polder: PLD_ERR_ARG: halo width 3 exceeds local size 2 in "
              "dimension 1\n"
              "  at pld_field_create (mesh/field.c:120)\n"
              "  from main (main.c:17)\n");
    free(text);
}

TEST(print_counts_what_was_dropped)
{
    deep(PLD_ERROR_FRAMES + 3);
    char *text = printed();
    assert_non_null(strstr(text, "\n  and 4 calls more\n"));
    free(text);
}

TEST(print_is_silent_after_clear)
{
    outer(-1);
    pld_error_clear();
    char *text = printed();
    assert_string_equal(text, "");
    free(text);
}

static void count_errors(const pld_error *error, void *data)
{
    assert_string_equal(error->text, "width -1 is negative");
    ++*(int *)data;
}

TEST(handler_is_called_once_where_it_arises)
{
    int calls = 0;
    pld_error_set_handler(count_errors, &calls);
    deep(5);
    assert_int_equal(calls, 1);
    pld_error_set_handler(NULL, NULL);
    deep(5);
    assert_int_equal(calls, 1);
}

static void *fail_elsewhere(void *data)
{
    assert_int_equal(pld_error_last()->status, PLD_OK);
    outer(-9);
    *(pld_status *)data = pld_error_last()->status;
    return NULL;
}

TEST(each_thread_has_its_own_record)
{
    outer(-1);
    pld_status seen = PLD_OK;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, fail_elsewhere, &seen), 0);
    pthread_join(thread, NULL);
    assert_int_equal(seen, PLD_ERR_ARG);
    assert_string_equal(pld_error_last()->text, "width -1 is negative");
}

TEST(shared_error_keeps_own_frames_only)
{
    outer(-1);
    pld_error_share(PLD_ERR_IO, "rank 0: disk", true, "a.c", 1, "agree");
    assert_string_equal(pld_error_last()->text, "rank 0: disk");
    assert_int_equal(pld_error_last()->nframes, 3);
    pld_error_share(PLD_ERR_IO, "rank 0: disk", false, "a.c", 1, "agree");
    assert_int_equal(pld_error_last()->nframes, 1);
    assert_true(pld_error_last()->agreed);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_status_has_name_and_meaning),
    cmocka_unit_test(unknown_status_is_survived),
    cmocka_unit_test(success_leaves_no_record),
    cmocka_unit_test(record_names_text_and_calls),
    cmocka_unit_test(paths_keep_their_last_two_parts),
    cmocka_unit_test(deep_traces_are_cut_and_counted),
    cmocka_unit_test(new_error_replaces_the_old),
    cmocka_unit_test(owners_clean_up_in_any_case),
    cmocka_unit_test(bare_status_gets_a_record),
    cmocka_unit_test(old_text_can_be_part_of_the_new),
    cmocka_unit_test(long_texts_are_cut),
    cmocka_unit_test(print_shows_status_text_and_calls),
    cmocka_unit_test(print_counts_what_was_dropped),
    cmocka_unit_test(print_is_silent_after_clear),
    cmocka_unit_test(handler_is_called_once_where_it_arises),
    cmocka_unit_test(each_thread_has_its_own_record),
    cmocka_unit_test(shared_error_keeps_own_frames_only)};

PLD_TEST_MAIN(tests)
