/* Deciding together.
 * TEST: ranks=1,2,3,4,7
 * TEST: ranks=1,3 env=PLD_TRANSPORT=message */

#include "support/harness.h"

#include "polder/agree.h"

#include <stdio.h>
#include <string.h>

static pld_status complain(int width)
{
    PLD_RAISE(PLD_ERR_SHAPE, "width %d is too large", width);
}

static bool has_frame(const char *function)
{
    const pld_error *error = pld_error_last();
    for (int i = 0; i < error->nframes; i++)
        if (strcmp(error->frames[i].function, function) == 0)
            return true;
    return false;
}

TEST(success_everywhere_is_success)
{
    assert_ok(pld_agree(ctx, PLD_OK));
    assert_ok(pld_agree(ctx, PLD_OK));
}

TEST(one_error_reaches_every_rank_with_its_rank_named)
{
    for (int culprit = 0; culprit < nranks; culprit++) {
        char text[80];
        snprintf(text, sizeof text, "rank %d: width %d is too large", culprit,
                 culprit);
        pld_status status = rank == culprit ? complain(rank) : PLD_OK;
        status = pld_agree(ctx, status);
        assert_all(pld_error_last()->agreed);
        assert_fails(PLD_ERR_SHAPE, status, text);
    }
}

TEST(lowest_failing_rank_is_heard)
{
    int lowest = nranks / 2;
    pld_status status = PLD_OK;
    if (rank == lowest)
        status = complain(rank);
    else if (rank > lowest)
        status = pld_error_raise(PLD_ERR_IO, "a.c", 1, "other", "disk");
    char text[80];
    snprintf(text, sizeof text, "rank %d: width", lowest);
    assert_fails(PLD_ERR_SHAPE, pld_agree(ctx, status), text);
}

TEST(failing_rank_keeps_its_trace)
{
    pld_status status = rank == nranks - 1 ? complain(3) : PLD_OK;
    status = pld_agree(ctx, status);
    assert_all(status == PLD_ERR_SHAPE);
    assert_all(has_frame("complain") == (rank == nranks - 1));
    assert_all(has_frame("pld_agree"));
    pld_error_clear();
}

TEST(old_error_is_not_taken_for_this_one)
{
    complain(5);
    pld_status status = rank == 0 ? PLD_ERR_IO : PLD_OK;
    assert_fails(PLD_ERR_IO, pld_agree(ctx, status),
                 "rank 0: input or output failed");
}

TEST(rank_is_named_once_when_agreed_twice)
{
    pld_status status = rank == nranks - 1 ? complain(3) : PLD_OK;
    char text[80];
    snprintf(text, sizeof text, "rank %d: width 3", nranks - 1);
    status = pld_agree(ctx, pld_agree(ctx, status));
    assert_all(strncmp(pld_error_last()->text, text, strlen(text)) == 0);
    assert_fails(PLD_ERR_SHAPE, status, text);
}

TEST(same_bytes_agree)
{
    int64_t size[] = {3, 5, 7};
    assert_ok(pld_agree_same(ctx, "size", size, sizeof size));
    assert_ok(pld_agree_same(ctx, "nothing", NULL, 0));
}

TEST(first_differing_rank_is_named)
{
    for (int first = 1; first < nranks; first++) {
        int64_t size[] = {3, rank < first ? 5 : 6, 7};
        char text[80];
        snprintf(text, sizeof text, "rank %d: size differs from rank 0's",
                 first);
        assert_fails(PLD_ERR_MISMATCH,
                     pld_agree_same(ctx, "size", size, sizeof size), text);
    }
}

TEST(length_must_agree_too)
{
    static const char zeros[8];
    if (nranks > 1)
        assert_fails(PLD_ERR_MISMATCH,
                     pld_agree_same(ctx, "list", zeros, rank == 1 ? 4 : 8),
                     "rank 1: list differs");
}

TEST(bad_arguments_are_named)
{
    assert_fails(PLD_ERR_ARG, pld_agree(NULL, PLD_OK), "ctx is NULL");
    assert_fails(PLD_ERR_ARG, pld_agree_same(NULL, "x", "", 1), "ctx is NULL");
    assert_fails(PLD_ERR_ARG, pld_agree_same(ctx, NULL, "", 1),
                 "rank 0: what is NULL");
    const char *data = rank == nranks - 1 ? NULL : "four";
    assert_fails(PLD_ERR_ARG, pld_agree_same(ctx, "list", data, 4),
                 "list: data is NULL, but bytes is 4");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(success_everywhere_is_success),
    cmocka_unit_test(one_error_reaches_every_rank_with_its_rank_named),
    cmocka_unit_test(lowest_failing_rank_is_heard),
    cmocka_unit_test(failing_rank_keeps_its_trace),
    cmocka_unit_test(old_error_is_not_taken_for_this_one),
    cmocka_unit_test(rank_is_named_once_when_agreed_twice),
    cmocka_unit_test(same_bytes_agree),
    cmocka_unit_test(first_differing_rank_is_named),
    cmocka_unit_test(length_must_agree_too),
    cmocka_unit_test(bad_arguments_are_named)};

PLD_TEST_MAIN(tests)
