/* Halo exchange: single facts. What every ghost holds is swept through in
 * test_halo_sweep.c.
 * TEST: ranks=1,2,3,4,7
 * TEST: ranks=2,7 env=PLD_TRANSPORT=message
 * TEST: ranks=3,4 env=PLD_FAKE_NODES=2 */

#include "support/harness.h"
#include "support/numbers.h"

#include "par/message.h"
#include "polder/timer.h"

#include <string.h>

TEST(exchange_can_be_repeated)
{
    struct subject square;
    pld_halo *halo = NULL;
    subject_square(PLD_F64, 2, &square);
    subject_halo(&square, &halo);
    for (int step = 0; step < 5; step++) {
        for (int f = 0; f < 2; f++)
            numbers_reset(square.fields[f], 1000 * step);
        assert_ok(pld_halo_exchange(halo));
        for (int f = 0; f < 2; f++) {
            struct reach reach =
                reach_of(square.fields[f], &(pld_halo_spec){0});
            assert_all(numbers_hold(square.fields[f], &reach, 1000 * step));
        }
    }
    assert_ok(pld_halo_destroy(&halo));
    subject_destroy(&square);
}

/* Each rank has an order of its own. */
TEST(halos_under_way_may_end_in_any_order)
{
    enum { N = 3 };
    static const int orders[][N] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1}};
    struct subject squares[N];
    pld_halo *halos[N] = {NULL};
    for (int i = 0; i < N; i++) {
        subject_square(PLD_F64, 1, &squares[i]);
        subject_halo(&squares[i], &halos[i]);
    }
    for (int round = 0; round < 12; round++) {
        for (int i = 0; i < N; i++) {
            numbers_reset(squares[i].fields[0], 1000 * i + round);
            assert_ok(pld_halo_begin(halos[i]));
        }
        for (int i = 0; i < N; i++)
            assert_ok_here(pld_halo_end(halos[orders[(round + rank) % 4][i]]));
        for (int i = 0; i < N; i++) {
            struct reach reach =
                reach_of(squares[i].fields[0], &(pld_halo_spec){0});
            assert_all(
                numbers_hold(squares[i].fields[0], &reach, 1000 * i + round));
        }
    }
    for (int i = 0; i < N; i++) {
        assert_ok(pld_halo_destroy(&halos[i]));
        subject_destroy(&squares[i]);
    }
}

/* Every rank asks until all is there, without ever waiting. */
TEST(exchange_moves_on_by_being_asked)
{
    struct subject squares[2];
    pld_halo *halos[2] = {NULL};
    for (int i = 0; i < 2; i++) {
        subject_square(PLD_F64, 2, &squares[i]);
        subject_halo(&squares[i], &halos[i]);
        for (int f = 0; f < 2; f++)
            numbers_reset(squares[i].fields[f], 500 * i + f);
    }
    for (int i = 0; i < 2; i++)
        assert_ok(pld_halo_begin(halos[i]));
    bool done[2] = {false, false};
    while (!done[0] || !done[1])
        for (int i = 1; i >= 0; i--)
            assert_ok_here(pld_halo_test(halos[i], &done[i]));
    for (int i = 0; i < 2; i++) {
        assert_ok(pld_halo_end(halos[i]));
        for (int f = 0; f < 2; f++) {
            struct reach reach =
                reach_of(squares[i].fields[f], &(pld_halo_spec){0});
            assert_all(numbers_hold(squares[i].fields[f], &reach, 500 * i + f));
        }
        assert_ok(pld_halo_destroy(&halos[i]));
        subject_destroy(&squares[i]);
    }
}

TEST(fields_of_several_grids_travel_together)
{
    struct subject square;
    struct subject line = {.nfields = 1};
    subject_square(PLD_F64, 1, &square);
    const pld_grid_spec grid = {.ndims = 1, .size = {3 * nranks + 1}};
    const pld_field_spec field = {.type = PLD_C128, .halo = {.all = 2}};
    assert_ok(pld_grid_create(ctx, &grid, &line.grid));
    assert_ok(pld_field_create(line.grid, &field, &line.fields[0]));
    struct subject both = {.nfields = 2,
                           .fields = {square.fields[0], line.fields[0]}};
    pld_halo_spec spec = {.nfields = 2, .fields = both.fields};
    assert_all(numbers_exchange(&spec));
    subject_destroy(&line);
    subject_destroy(&square);
}

TEST(messages_may_exceed_what_mpi_counts)
{
    struct subject square;
    subject_square(PLD_F64, 2, &square);
    const pld_halo_spec spec = {.nfields = 2, .fields = square.fields};
    pld_message_set_limit(32);
    assert_all(numbers_exchange(&spec));
    pld_message_set_limit(0);
    subject_destroy(&square);
}

TEST(wrapped_memory_with_longer_rows_is_left_alone_between_them)
{
    enum { ROWS = 8, WIDTH = 13 };
    static int64_t memory[ROWS * WIDTH];
    const pld_grid_spec grid_spec = {.ndims = 2,
                                     .size = {4 * nranks, 6},
                                     .periodic = {true, true},
                                     .nprocs = {nranks, 1}};
    pld_field_spec field_spec = {.type = PLD_I64,
                                 .halo = {.all = 2},
                                 .memory = memory,
                                 .extent = {ROWS, WIDTH}};
    struct subject square = {.nfields = 1};
    for (int i = 0; i < ROWS * WIDTH; i++)
        memory[i] = -5;
    assert_ok(pld_grid_create(ctx, &grid_spec, &square.grid));
    assert_ok(pld_field_create(square.grid, &field_spec, &square.fields[0]));
    const pld_halo_spec spec = {.nfields = 1, .fields = square.fields};
    assert_all(numbers_exchange(&spec));
    bool untouched = true;
    for (int row = 0; row < ROWS; row++)
        for (int i = 10; i < WIDTH; i++)
            untouched = untouched && memory[row * WIDTH + i] == -5;
    assert_all(untouched);
    subject_destroy(&square);
}

TEST(describe_counts_what_one_exchange_moves)
{
    struct subject square;
    pld_halo *halo = NULL;
    pld_halo_info info;
    subject_square(PLD_F64, 2, &square);
    subject_halo(&square, &halo);
    assert_ok(pld_halo_describe(halo, &info));
    int64_t all_ghosts = 8 * 10 - 4 * 6;
    int64_t wrapped = 8 * 4;
    int64_t copied = nranks == 1 ? all_ghosts : wrapped;
    int64_t bytes = 8 + 4;
    assert_all_equal(info.npeers, nranks == 1 ? 0 : nranks == 2 ? 1 : 2);
    assert_all_equal(info.copied_bytes, copied * bytes);
    assert_all_equal(info.received_bytes, (all_ghosts - copied) * bytes);
    assert_all_equal(info.sent_bytes, info.received_bytes);
    assert_all(info.buffer_bytes >= 0);
    assert_all(info.plan_bytes > 0 && info.plan_bytes <= 64 * 1024);
    assert_ok(pld_halo_destroy(&halo));
    subject_destroy(&square);
}

TEST(one_sided_width_sends_one_way)
{
    struct subject square;
    pld_halo *halo = NULL;
    pld_halo_info info;
    subject_square(PLD_F64, 1, &square);
    const pld_halo_spec spec = {
        .nfields = 1, .fields = square.fields, .width = {.low = {1, 0}}};
    assert_ok(pld_halo_create(&spec, &halo));
    assert_ok(pld_halo_describe(halo, &info));
    assert_all_equal(info.npeers, nranks <= 2 ? nranks - 1 : 2);
    assert_all_equal(info.sent_bytes, nranks == 1 ? 0 : 6 * 8);
    assert_all_equal(info.copied_bytes, nranks == 1 ? 6 * 8 : 0);
    assert_ok(pld_halo_destroy(&halo));
    subject_destroy(&square);
}

TEST(exchange_counts_as_that_phase)
{
    struct subject square;
    pld_halo *halo = NULL;
    subject_square(PLD_F64, 1, &square);
    subject_halo(&square, &halo);
    int64_t before = pld_timer_calls(ctx, "exchange");
    assert_ok(pld_halo_exchange(halo));
    assert_all(pld_timer_calls(ctx, "exchange") > before);
    assert_ok(pld_halo_destroy(&halo));
    subject_destroy(&square);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(exchange_can_be_repeated),
    cmocka_unit_test(halos_under_way_may_end_in_any_order),
    cmocka_unit_test(exchange_moves_on_by_being_asked),
    cmocka_unit_test(fields_of_several_grids_travel_together),
    cmocka_unit_test(messages_may_exceed_what_mpi_counts),
    cmocka_unit_test(
        wrapped_memory_with_longer_rows_is_left_alone_between_them),
    cmocka_unit_test(describe_counts_what_one_exchange_moves),
    cmocka_unit_test(one_sided_width_sends_one_way),
    cmocka_unit_test(exchange_counts_as_that_phase)};

PLD_TEST_MAIN(tests)
