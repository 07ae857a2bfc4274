/* Many exchanges of several transports at a time, with delays and in orders
 * that each rank draws for itself, by more ranks than there are cores: whatever
 * is read too early, too late or twice is seen. PLD_TEST_EXCHANGES says how
 * many.
 * TEST: ranks=2,4 limit=300
 * TEST: ranks=3 env=PLD_TEST_EXCHANGES=20000
 * TEST: ranks=4 env=PLD_TRANSPORT=message env=PLD_TEST_EXCHANGES=20000
 * TEST: ranks=4 env=PLD_FAKE_NODES=2 env=PLD_TEST_EXCHANGES=20000 */

#include "support/harness.h"
#include "support/traffic.h"

#include "move/transport_segment.h"
#include "polder/random.h"

#include <sched.h>
#include <stdlib.h>

enum { NTRAFFICS = 6, EXCHANGES = 200000 };

static uint64_t drawn;

static int64_t draw(int64_t n)
{
    return pld_random_integer(
        (pld_random){.seed = 11, .stream = (uint64_t)rank}, drawn++, n);
}

static int64_t wanted_exchanges(void)
{
    const char *text = getenv("PLD_TEST_EXCHANGES");
    return text ? strtoll(text, NULL, 10) : EXCHANGES;
}

/* Mostly none, sometimes short, seldom the core is left to others. */
static void delay(void)
{
    int64_t kind = draw(16);
    for (volatile int64_t n = kind == 1 ? draw(3000) : 0; n > 0; n--)
        continue;
    if (kind == 0)
        sched_yield();
}

/* Pulled, pushed, packed; balanced and not; and a ring that is too short. */
static void create_all(struct traffic *traffics)
{
    struct traffic_spec specs[NTRAFFICS] = {
        {.route = to_all, .shared = {true, true}, .row = 40, .length = 41},
        {.route = to_root, .shared = {true, true}, .row = 64, .length = 64},
        {.route = to_all, .shared = {false, false}, .row = 30, .length = 31},
        {.route = to_next, .shared = {true, true}, .row = 1, .length = 9},
        {.route = from_root, .shared = {false, true}, .row = 50, .length = 50},
        {.route = between_odd, .shared = {true, false}, .row = 2, .length = 5}};
    for (int i = 0; i < NTRAFFICS; i++) {
        specs[i].nrows = 3 + i;
        specs[i].ncomps = 1 + i % 2;
        traffic_create(&specs[i], &traffics[i]);
    }
}

/* The i-th of a shuffled list goes to its end, of `n`. */
static int take(int *list, int n)
{
    int64_t which = draw(n);
    int taken = list[which];
    list[which] = list[n - 1];
    return taken;
}

/* Ranks begin in the same order and end as they like, now and then one before
 * the others have begun. */
static bool run_round(struct traffic *traffics)
{
    int open[NTRAFFICS];
    int nopen = 0;
    bool right = true;
    for (int i = 0; i < NTRAFFICS; i++) {
        delay();
        traffic_begin(&traffics[i]);
        open[nopen++] = i;
        delay();
        bool done = false;
        if (draw(3) == 0)
            assert_ok_here(pld_transport_test(traffics[i].transport, &done));
        if (draw(4) == 0)
            right = traffic_end(&traffics[take(open, nopen--)]) && right;
    }
    for (; nopen > 0; nopen--) {
        delay();
        right = traffic_end(&traffics[take(open, nopen)]) && right;
    }
    return right;
}

TEST(nothing_is_ever_stale)
{
    struct traffic traffics[NTRAFFICS];
    bool right = true;
    create_all(traffics);
    for (int64_t n = wanted_exchanges(); n > 0; n -= NTRAFFICS)
        right = run_round(traffics) && right;
    for (int i = 0; i < NTRAFFICS; i++)
        traffic_destroy(&traffics[i]);
    assert_all(right);
}

/* Nothing but the ring holds the senders back. */
TEST(a_sender_never_overtakes_its_receiver)
{
    struct traffic traffics[3];
    struct traffic_spec spec = {
        .route = to_next, .row = 1, .length = 3, .ncomps = 1};
    bool right = true;
    for (int i = 0; i < 3; i++) {
        spec.nrows = i == 2 ? 10000 : 10;
        pld_lanes_set_ring(i > 0);
        traffic_create(&spec, &traffics[i]);
        for (int64_t n = wanted_exchanges() / 10; n > 0; n -= spec.nrows / 10) {
            traffic_begin(&traffics[i]);
            delay();
            right = traffic_end(&traffics[i]) && right;
        }
        traffic_destroy(&traffics[i]);
    }
    pld_lanes_set_ring(0);
    assert_all(right);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(nothing_is_ever_stale),
    cmocka_unit_test(a_sender_never_overtakes_its_receiver)};
PLD_TEST_MAIN(tests)
