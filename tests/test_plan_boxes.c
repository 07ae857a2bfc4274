/* Plans of boxes that some ranks want: the plans of all ranks fit together and
 * bring every index once, without MPI.
 * TEST: ranks=1 */

#include "support/harness.h"
#include "support/index.h"

#include "move/plan_boxes.h"
#include "polder/random.h"

#include <string.h>

enum { MAX_RANKS = 12, MAX_BOXES = 4, MAX_CUTS = 5, NCASES = 400 };

static uint64_t drawn;

static int64_t draw(int64_t low, int64_t high)
{
    const pld_random random = {.seed = 1421};
    return low + pld_random_integer(random, drawn++, high - low + 1);
}

struct setting {
    int nranks;
    int64_t cuts[PLD_MAXDIM][MAX_CUTS];
    pld_box boxes[MAX_RANKS][MAX_BOXES];
    struct pld_ask asks[MAX_RANKS];
    struct pld_plan_boxes what;
    struct pld_plan plans[MAX_RANKS];
};

static void draw_parts(struct setting *setting, int d)
{
    int64_t *cuts = setting->cuts[d];
    int nparts = (int)draw(1, d == 0 ? 3 : 2);
    cuts[0] = 0;
    for (int i = 1; i <= nparts; i++)
        cuts[i] = cuts[i - 1] + draw(i == nparts && cuts[i - 1] == 0, 3);
    bool periodic = draw(0, 1) == 1;
    setting->what.holds[d] =
        (struct pld_parts){.nparts = nparts,
                           .cuts = cuts,
                           .size = cuts[nparts] + (periodic ? 0 : draw(0, 1)),
                           .periodic = periodic};
    setting->nranks *= nparts;
}

static pld_box draw_box(const struct setting *setting)
{
    pld_box box;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        const struct pld_parts *holds = &setting->what.holds[d];
        int64_t size = holds->size;
        box.first[d] =
            holds->periodic ? draw(-2 * size, 2 * size) : draw(0, size - 1);
        box.count[d] = holds->periodic ? draw(0, 2 * size + 1)
                                       : draw(0, size - box.first[d]);
    }
    return box;
}

/* Pairs whose sum is odd give nothing. */
static bool is_even(int giver, int asker, const void *data)
{
    (void)data;
    return (giver + asker) % 2 == 0;
}

static void draw_setting(struct setting *setting)
{
    *setting = (struct setting){.nranks = 1};
    for (int d = 0; d < PLD_MAXDIM; d++)
        draw_parts(setting, d);
    setting->what.element = (struct pld_element){(int)draw(1, 3), 8};
    setting->what.gives = draw(0, 3) == 0 ? is_even : NULL;
    int64_t n = 0;
    for (int r = 0; r < setting->nranks; r++) {
        if (draw(0, 2) == 0)
            continue;
        setting->asks[n] = (struct pld_ask){.rank = r,
                                            .nboxes = draw(0, MAX_BOXES),
                                            .boxes = setting->boxes[r]};
        for (int64_t i = 0; i < setting->asks[n].nboxes; i++)
            setting->boxes[r][i] = draw_box(setting);
        n++;
    }
    setting->what.nasks = n;
    setting->what.asks = setting->asks;
}

static int owner(const struct setting *setting, const int64_t at[PLD_MAXDIM])
{
    int rank_of = 0;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        const struct pld_parts *holds = &setting->what.holds[d];
        int64_t i = (at[d] % holds->size + holds->size) % holds->size;
        int part = 0;
        while (i >= pld_part_end(holds, part))
            part++;
        rank_of = rank_of * holds->nparts + part;
    }
    return rank_of;
}

/* How often a list brings an index of an item from a peer. */
static int count_hits(const struct pld_transfers *list, int item, int peer,
                      const int64_t at[PLD_MAXDIM])
{
    int hits = 0;
    for (int64_t i = 0; i < list->ntransfers; i++) {
        const struct pld_transfer *transfer = &list->transfers[i];
        pld_box point = {.first = {at[0], at[1], at[2]}, .count = {1, 1, 1}};
        hits += transfer->item == item && transfer->peer == peer &&
                pld_box_contains(transfer->box, point);
    }
    return hits;
}

static bool box_arrives(const struct setting *setting, int asker, int item)
{
    pld_box box = setting->boxes[asker][item];
    const struct pld_plan *plan = &setting->plans[asker];
    int64_t at[PLD_MAXDIM];
    memcpy(at, box.first, sizeof at);
    if (pld_box_empty(box))
        return true;
    do {
        int giver = owner(setting, at);
        bool given = !setting->what.gives || is_even(giver, asker, NULL);
        bool own = giver == asker;
        if (count_hits(&plan->receives, item, giver, at) != (given && !own) ||
            count_hits(&plan->copies, item, giver, at) != (given && own))
            return false;
    } while (next_index(box, at));
    return true;
}

static bool same_bytes(const struct pld_transfer *sent,
                       const struct pld_transfer *received)
{
    return sent->offset == received->offset &&
           memcmp(sent->shift, received->shift, sizeof sent->shift) == 0 &&
           pld_box_equal(pld_box_shift(sent->box, sent->shift), received->box);
}

static const struct pld_message *message_with(const struct pld_transfers *list,
                                              int peer)
{
    for (int i = 0; i < list->nmessages; i++)
        if (list->messages[i].peer == peer)
            return &list->messages[i];
    return NULL;
}

static bool messages_fit(const struct setting *setting, int from, int to)
{
    const struct pld_transfers *sends = &setting->plans[from].sends;
    const struct pld_transfers *receives = &setting->plans[to].receives;
    const struct pld_message *sent = message_with(sends, to);
    const struct pld_message *received = message_with(receives, from);
    if (!sent || !received)
        return sent == received;
    if (sent->count != received->count || sent->bytes != received->bytes)
        return false;
    for (int64_t i = 0; i < sent->count; i++)
        if (!same_bytes(&sends->transfers[sent->first + i],
                        &receives->transfers[received->first + i]))
            return false;
    return true;
}

static bool plans_are_right(const struct setting *setting)
{
    bool good = true;
    for (int64_t n = 0; n < setting->what.nasks; n++)
        for (int i = 0; i < setting->asks[n].nboxes; i++)
            good = good && box_arrives(setting, setting->asks[n].rank, i);
    for (int from = 0; from < setting->nranks; from++)
        for (int to = 0; to < setting->nranks; to++)
            good = good && messages_fit(setting, from, to);
    return good;
}

TEST(every_index_arrives_once)
{
    for (int n = 0; n < NCASES; n++) {
        struct setting setting;
        draw_setting(&setting);
        for (int r = 0; r < setting.nranks; r++)
            assert_ok(
                pld_plan_create_boxes(&setting.what, r, &setting.plans[r]));
        assert_true(plans_are_right(&setting));
        for (int r = 0; r < setting.nranks; r++)
            pld_plan_destroy(&setting.plans[r]);
    }
}

/* 2^42 points of 16 bytes, on two ranks. */
TEST(sizes_beyond_32_bits_are_planned)
{
    const int64_t n = INT64_C(1) << 21;
    const int64_t halves[] = {0, n / 2, n};
    const int64_t whole[] = {0, n};
    const int64_t one[] = {0, 1};
    const pld_box box = {.count = {n, n, 1}};
    const struct pld_ask ask = {.rank = 1, .nboxes = 1, .boxes = &box};
    const struct pld_plan_boxes what = {
        .holds = {{.nparts = 2, .cuts = halves, .size = n},
                  {.nparts = 1, .cuts = whole, .size = n},
                  {.nparts = 1, .cuts = one, .size = 1}},
        .element = {2, 8},
        .nasks = 1,
        .asks = &ask};
    for (int r = 0; r < 2; r++) {
        struct pld_plan plan;
        assert_ok(pld_plan_create_boxes(&what, r, &plan));
        const struct pld_transfers *list =
            r == 0 ? &plan.sends : &plan.receives;
        assert_true(pld_transfers_bytes(list) == n / 2 * n * 16);
        assert_true(plan.copies.ntransfers == r);
        pld_plan_destroy(&plan);
    }
}

TEST(message_beyond_63_bits_is_refused)
{
    const int64_t n = INT64_C(1) << 21;
    const int64_t all[] = {0, n};
    const int64_t none[] = {0, n, n};
    const pld_box box = {.count = {n, n, n}};
    const struct pld_ask ask = {.rank = 1, .nboxes = 1, .boxes = &box};
    const struct pld_plan_boxes what = {
        .holds = {{.nparts = 2, .cuts = none, .size = n},
                  {.nparts = 1, .cuts = all, .size = n},
                  {.nparts = 1, .cuts = all, .size = n}},
        .element = {1, 8},
        .nasks = 1,
        .asks = &ask};
    struct pld_plan plan;
    assert_fails(PLD_ERR_OVERFLOW, pld_plan_create_boxes(&what, 0, &plan),
                 "a box of a message");
    assert_true(plan.sends.transfers == NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_index_arrives_once),
    cmocka_unit_test(sizes_beyond_32_bits_are_planned),
    cmocka_unit_test(message_beyond_63_bits_is_refused)};
PLD_TEST_MAIN(tests)
