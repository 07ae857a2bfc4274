/* Transports, each way that data may go: compared with a function of exchange,
 * ranks and index.
 * TEST: ranks=1,2,3,4,7
 * TEST: ranks=2,4 env=PLD_TRANSPORT=message
 * TEST: ranks=3,4 env=PLD_FAKE_NODES=2 */

#include "support/harness.h"
#include "support/traffic.h"

#include "move/transport_segment.h"
#include "par/context.h"
#include "par/message.h"
#include "polder/random.h"

enum { DENSE = 64, SHORT = 1 };

static struct traffic_spec spec_of(traffic_route *route, bool from_shared,
                                   bool to_shared, int64_t row)
{
    return (struct traffic_spec){.route = route,
                                 .shared = {from_shared, to_shared},
                                 .nrows = 20,
                                 .row = row,
                                 .length = DENSE + 1,
                                 .ncomps = 2};
}

static uint64_t drawn;

/* Numbers of this rank alone. */
static int64_t draw(int64_t n)
{
    return pld_random_integer((pld_random){.seed = 7, .stream = (uint64_t)rank},
                              drawn++, n);
}

static bool survives(const struct traffic_spec *spec, int nexchanges)
{
    struct traffic traffic;
    bool right = true;
    traffic_create(spec, &traffic);
    for (int i = 0; i < nexchanges; i++) {
        traffic_begin(&traffic);
        bool done = false;
        for (int64_t n = draw(4); n > 0; n--)
            assert_ok_here(pld_transport_test(traffic.transport, &done));
        right = traffic_end(&traffic) && right;
    }
    traffic_destroy(&traffic);
    return right;
}

static bool on_every_route(bool from_shared, bool to_shared, int64_t row)
{
    static traffic_route *const routes[] = {to_all, to_next, to_root, from_root,
                                            between_odd};
    bool right = true;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        struct traffic_spec spec =
            spec_of(routes[i], from_shared, to_shared, row);
        right = survives(&spec, 20) && right;
        spec.layout = PLD_INTERLEAVED;
        right = survives(&spec, 20) && right;
    }
    return right;
}

TEST(long_rows_are_moved_between_shared_memories)
{
    assert_all(on_every_route(true, true, DENSE));
}

TEST(long_rows_are_pulled_from_shared_memory)
{
    assert_all(on_every_route(true, false, DENSE));
}

TEST(long_rows_are_pushed_into_shared_memory)
{
    assert_all(on_every_route(false, true, DENSE));
}

TEST(wrapped_memory_is_packed)
{
    assert_all(on_every_route(false, false, DENSE));
}

TEST(short_rows_are_packed)
{
    assert_all(on_every_route(true, true, SHORT));
}

/* Two exchanges do not fit into the ring, nor does one. */
TEST(rings_shorter_than_a_message_do)
{
    struct traffic_spec spec = spec_of(to_all, false, false, DENSE);
    spec.nrows = 200;
    pld_lanes_set_ring(1);
    bool right = survives(&spec, 20);
    spec.route = to_next;
    right = survives(&spec, 20) && right;
    pld_lanes_set_ring(0);
    assert_all(right);
}

TEST(large_messages_are_sent_in_pieces)
{
    struct traffic_spec spec = spec_of(to_all, true, true, SHORT);
    pld_message_set_limit(100);
    bool right = survives(&spec, 5);
    pld_message_set_limit(0);
    assert_all(right);
}

/* Whether the same transport, made for each kind of memory, takes buffers. */
static int64_t buffer_bytes(bool from_shared, bool to_shared, int64_t row)
{
    struct traffic traffic;
    struct traffic_spec spec = spec_of(to_all, from_shared, to_shared, row);
    traffic_create(&spec, &traffic);
    int64_t bytes = pld_transport_buffer_bytes(traffic.transport);
    traffic_destroy(&traffic);
    return bytes;
}

TEST(what_is_moved_straight_needs_no_buffer)
{
    bool packs = nranks > 1;
    bool sends = packs && (!ctx->segment || ctx->nnodes > 1);
    assert_all((buffer_bytes(true, true, DENSE) > 0) == sends);
    assert_all((buffer_bytes(true, false, DENSE) > 0) == sends);
    assert_all((buffer_bytes(false, true, DENSE) > 0) == sends);
    assert_all((buffer_bytes(false, false, DENSE) > 0) == packs);
    assert_all((buffer_bytes(true, true, SHORT) > 0) == packs);
}

/* As many rows as a face of 256^3 points has. */
TEST(what_is_remembered_of_a_large_face_is_little)
{
    struct traffic traffic;
    struct traffic_spec spec = {.route = to_next,
                                .shared = {true, true},
                                .nrows = 256 * 256,
                                .row = 1,
                                .length = 2,
                                .ncomps = 1};
    traffic_create(&spec, &traffic);
    assert_all(pld_transport_plan_bytes(traffic.transport) <= 64 * 1024);
    traffic_destroy(&traffic);
}

TEST(a_transport_may_be_destroyed_before_it_is_used)
{
    struct traffic traffic;
    struct traffic_spec spec = spec_of(to_all, true, true, DENSE);
    traffic_create(&spec, &traffic);
    traffic_destroy(&traffic);
    assert_all(traffic.transport == NULL);
}

/* --- Several at a time ---------------------------------------------------- */

enum { NTRAFFICS = 4 };

static void create_all(struct traffic *traffics)
{
    const struct traffic_spec specs[NTRAFFICS] = {
        spec_of(to_all, true, true, DENSE),
        spec_of(to_root, false, true, DENSE),
        spec_of(to_all, true, false, SHORT),
        spec_of(to_next, false, false, DENSE)};
    for (int i = 0; i < NTRAFFICS; i++)
        traffic_create(&specs[i], &traffics[i]);
}

static void destroy_all(struct traffic *traffics)
{
    for (int i = NTRAFFICS - 1; i >= 0; i--)
        traffic_destroy(&traffics[i]);
}

/* Each rank ends them in an order of its own. */
static bool end_in_any_order(struct traffic *traffics)
{
    int left[NTRAFFICS] = {0, 1, 2, 3};
    bool right = true;
    for (int n = NTRAFFICS; n > 0; n--) {
        int64_t which = draw(n);
        right = traffic_end(&traffics[left[which]]) && right;
        left[which] = left[n - 1];
    }
    return right;
}

TEST(several_end_in_any_order)
{
    struct traffic traffics[NTRAFFICS];
    bool right = true;
    create_all(traffics);
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < NTRAFFICS; i++)
            traffic_begin(&traffics[i]);
        right = end_in_any_order(traffics) && right;
    }
    destroy_all(traffics);
    assert_all(right);
}

/* While one rank has begun and ended all of the first, another one still waits
 * within the second: it must go on with the first there. */
TEST(a_wait_lets_all_that_is_under_way_move_on)
{
    struct traffic traffics[NTRAFFICS];
    bool right = true;
    create_all(traffics);
    for (int round = 0; round < 20; round++) {
        traffic_begin(&traffics[0]);
        if (rank % 2 == 0)
            right = traffic_end(&traffics[0]) && right;
        traffic_begin(&traffics[2]);
        right = traffic_end(&traffics[2]) && right;
        if (rank % 2 == 1)
            right = traffic_end(&traffics[0]) && right;
    }
    destroy_all(traffics);
    assert_all(right);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(long_rows_are_moved_between_shared_memories),
    cmocka_unit_test(long_rows_are_pulled_from_shared_memory),
    cmocka_unit_test(long_rows_are_pushed_into_shared_memory),
    cmocka_unit_test(wrapped_memory_is_packed),
    cmocka_unit_test(short_rows_are_packed),
    cmocka_unit_test(rings_shorter_than_a_message_do),
    cmocka_unit_test(large_messages_are_sent_in_pieces),
    cmocka_unit_test(what_is_moved_straight_needs_no_buffer),
    cmocka_unit_test(what_is_remembered_of_a_large_face_is_little),
    cmocka_unit_test(a_transport_may_be_destroyed_before_it_is_used),
    cmocka_unit_test(several_end_in_any_order),
    cmocka_unit_test(a_wait_lets_all_that_is_under_way_move_on)};
PLD_TEST_MAIN(tests)
