/* Phases. Only what holds on any clock is tested.
 * TEST: ranks=1,2 */

#include "support/harness.h"

#include <stdio.h>

#include "par/context.h"
#include "polder/timer.h"

TEST(time_does_not_run_backwards)
{
    double last = pld_time();
    for (int i = 0; i < 1000; i++) {
        double now = pld_time();
        assert_true(now >= last);
        last = now;
    }
}

TEST(phases_count_calls_and_seconds)
{
    double seconds = 0;
    for (int64_t i = 1; i <= 3; i++) {
        assert_ok(pld_timer_begin(ctx, "physics"));
        assert_ok(pld_timer_end(ctx, "physics"));
        assert_all_equal(pld_timer_calls(ctx, "physics"), i);
        assert_all(pld_timer_seconds(ctx, "physics") >= seconds);
        seconds = pld_timer_seconds(ctx, "physics");
    }
}

TEST(phases_nest)
{
    double start = pld_time();
    assert_ok(pld_timer_begin(ctx, "outer"));
    assert_ok(pld_timer_begin(ctx, "inner"));
    assert_ok(pld_timer_end(ctx, "inner"));
    assert_ok(pld_timer_end(ctx, "outer"));
    double whole = pld_time() - start;
    double outer = pld_timer_seconds(ctx, "outer");
    assert_all(outer >= pld_timer_seconds(ctx, "inner"));
    assert_all(outer <= whole);
}

TEST(running_phase_counts_so_far)
{
    assert_ok(pld_timer_begin(ctx, "running"));
    double some = pld_timer_seconds(ctx, "running");
    assert_all(pld_timer_seconds(ctx, "running") >= some && some >= 0);
    assert_all_equal(pld_timer_calls(ctx, "running"), 0);
    assert_ok(pld_timer_end(ctx, "running"));
    assert_all(pld_timer_seconds(ctx, "running") >= some);
}

TEST(own_phases_can_be_entered_again)
{
    int64_t calls = pld_timer_calls(ctx, "exchange");
    pld_phase_begin(ctx, PLD_PHASE_EXCHANGE);
    pld_phase_begin(ctx, PLD_PHASE_EXCHANGE);
    pld_phase_end(ctx, PLD_PHASE_EXCHANGE);
    pld_phase_end(ctx, PLD_PHASE_EXCHANGE);
    assert_all_equal(pld_timer_calls(ctx, "exchange"), calls + 1);
}

TEST(reset_forgets_all_but_who_is_inside)
{
    assert_ok(pld_timer_begin(ctx, "physics"));
    pld_timer_reset(ctx);
    assert_all_equal(pld_timer_calls(ctx, "outer"), 0);
    assert_all(pld_timer_seconds(ctx, "outer") == 0);
    assert_ok(pld_timer_end(ctx, "physics"));
    assert_all_equal(pld_timer_calls(ctx, "physics"), 1);
    pld_timer_reset(NULL);
}

TEST(unknown_phases_are_zero)
{
    assert_all(pld_timer_seconds(ctx, "nobody") == 0);
    assert_all_equal(pld_timer_calls(ctx, "nobody"), 0);
    assert_all(pld_timer_seconds(NULL, "reduce") == 0);
    assert_all_equal(pld_timer_calls(ctx, NULL), 0);
}

TEST(misuse_is_named)
{
    assert_fails(PLD_ERR_ARG, pld_timer_begin(NULL, "a"), "ctx is NULL");
    assert_fails(PLD_ERR_ARG, pld_timer_end(ctx, NULL), "phase is NULL");
    assert_fails(PLD_ERR_STATE, pld_timer_end(ctx, "nobody"),
                 "phase 'nobody' was not entered");
    assert_ok(pld_timer_begin(ctx, "twice"));
    assert_fails(PLD_ERR_STATE, pld_timer_begin(ctx, "twice"),
                 "phase 'twice' is entered already");
    assert_ok(pld_timer_end(ctx, "twice"));
    assert_fails(PLD_ERR_STATE, pld_timer_end(ctx, "twice"), "not entered");
    assert_fails(PLD_ERR_ARG,
                 pld_timer_begin(ctx, "a name of more than 31 characters"),
                 "more than 31 characters");
}

TEST(there_is_room_for_32_names)
{
    pld_ctx *other = NULL;
    assert_ok(pld_ctx_create(MPI_COMM_WORLD, NULL, &other));
    char name[20];
    for (int i = 3; i < 32; i++) {
        snprintf(name, sizeof name, "phase %d", i);
        assert_ok(pld_timer_begin(other, name));
    }
    assert_fails(PLD_ERR_ARG, pld_timer_begin(other, "last"),
                 "phase 'last' is one too many: a context has room for 32");
    assert_ok(pld_ctx_destroy(&other));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(time_does_not_run_backwards),
    cmocka_unit_test(phases_count_calls_and_seconds),
    cmocka_unit_test(phases_nest),
    cmocka_unit_test(running_phase_counts_so_far),
    cmocka_unit_test(own_phases_can_be_entered_again),
    cmocka_unit_test(reset_forgets_all_but_who_is_inside),
    cmocka_unit_test(unknown_phases_are_zero),
    cmocka_unit_test(misuse_is_named),
    cmocka_unit_test(there_is_room_for_32_names)};

PLD_TEST_MAIN(tests)
