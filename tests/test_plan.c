/* TEST: ranks=1
 *
 * The plan of every rank against brute force over all points: each wanted
 * point arrives once, from its owner, and both sides agree on every message. */
#include "support/draw.h"
#include "support/harness.h"
#include "support/index.h"

#include "base/alloc.h"
#include "move/plan.h"
#include "polder/memory.h"

#include <string.h>

enum { MAX_PARTS = 5, MAX_RANKS = 30, MAX_POINTS = 24 * 24 * 24 };

/* Cuts of both sides, and the item that points to them. */
struct setting {
    int64_t held_cuts[PLD_MAXDIM][MAX_PARTS + 1];
    int64_t wanted_cuts[PLD_MAXDIM][MAX_PARTS + 1];
    struct pld_plan_item item;
    int nranks;
};

/* Ascending cuts from 0 to ncells; empty parts are common. */
static void draw_cuts(int nparts, int64_t ncells, int64_t *cuts)
{
    cuts[0] = 0;
    cuts[nparts] = ncells;
    for (int p = 1; p < nparts; p++) {
        int64_t cut = draw(0, ncells);
        int place = p;
        for (; place > 1 && cuts[place - 1] > cut; place--)
            cuts[place] = cuts[place - 1];
        cuts[place] = cut;
    }
}

static void draw_dimension(struct setting *setting, int d, int nparts)
{
    int64_t ncells = draw(1, 7);
    bool periodic = draw(0, 1);
    int64_t nodes = periodic ? 0 : draw(0, 1);
    draw_cuts(nparts, ncells, setting->held_cuts[d]);
    struct pld_parts parts = {.nparts = nparts,
                              .cuts = setting->held_cuts[d],
                              .size = ncells + nodes,
                              .periodic = periodic};
    setting->item.holds[d] = parts;
    setting->item.wants[d] = (struct pld_wants){
        .parts = parts, .low = draw(-3, 8), .high = draw(-3, 8)};
    for (int side = 0; side < 2; side++) {
        int64_t *width = side == 0 ? &setting->item.wants[d].low
                                   : &setting->item.wants[d].high;
        *width = *width < 0 ? 0 : *width;
    }
}

/* A halo: those who hold are those who want. */
static void draw_halo(struct setting *setting)
{
    int ndims = (int)draw(1, PLD_MAXDIM);
    *setting = (struct setting){.nranks = 1};
    setting->item =
        (struct pld_plan_item){.min_ghosts = 1,
                               .max_ghosts = draw(0, 1) ? 1 : PLD_MAXDIM,
                               .ncomps = (int)draw(1, 3),
                               .size = draw(0, 1) ? 8 : 4};
    for (int d = 0; d < PLD_MAXDIM; d++) {
        int nparts = (int)draw(1, d < 2 ? 3 : MAX_PARTS / 2);
        if (d < ndims) {
            draw_dimension(setting, d, nparts);
            setting->nranks *= nparts;
            continue;
        }
        setting->held_cuts[d][1] = 1;
        struct pld_parts one = {
            .nparts = 1, .cuts = setting->held_cuts[d], .size = 1};
        setting->item.holds[d] = one;
        setting->item.wants[d].parts = one;
    }
}

/* The same points, cut differently, over the same ranks in another order of
 * dimensions. */
static void draw_redistribution(struct setting *setting)
{
    draw_halo(setting);
    setting->item.min_ghosts = 0;
    setting->item.max_ghosts = (int)draw(0, PLD_MAXDIM);
    for (int d = 0; d < PLD_MAXDIM; d++) {
        struct pld_parts *parts = &setting->item.wants[d].parts;
        int other = (d + 1) % PLD_MAXDIM;
        parts->nparts = setting->item.holds[other].nparts;
        draw_cuts(parts->nparts, parts->cuts[setting->item.holds[d].nparts],
                  setting->wanted_cuts[d]);
        parts->cuts = setting->wanted_cuts[d];
    }
}

/* --- What should be, point by point -------------------------------------- */

static void place_of(const struct setting *setting, bool wants, int member,
                     int place[PLD_MAXDIM])
{
    for (int d = PLD_MAXDIM - 1; d >= 0; d--) {
        int nparts = wants ? setting->item.wants[d].parts.nparts
                           : setting->item.holds[d].nparts;
        place[d] = member % nparts;
        member /= nparts;
    }
}

static pld_box block_of(const struct setting *setting, bool wants, int member)
{
    pld_box box = {{0}, {0}};
    int place[PLD_MAXDIM];
    place_of(setting, wants, member, place);
    for (int d = 0; d < PLD_MAXDIM; d++) {
        const struct pld_parts *parts =
            wants ? &setting->item.wants[d].parts : &setting->item.holds[d];
        int64_t ncells = parts->cuts[parts->nparts];
        int64_t first = parts->cuts[place[d]];
        int64_t end = parts->cuts[place[d] + 1];
        if (end == ncells && first < ncells)
            end = parts->size;
        box.first[d] = first;
        box.count[d] = end - first;
    }
    return box;
}

static pld_box padded_of(const struct setting *setting, int member)
{
    pld_box box = block_of(setting, true, member);
    if (pld_box_empty(box))
        return (pld_box){{0}, {0}};
    for (int d = 0; d < PLD_MAXDIM; d++) {
        box.first[d] -= setting->item.wants[d].low;
        box.count[d] +=
            setting->item.wants[d].low + setting->item.wants[d].high;
    }
    return box;
}

static bool holds_point(pld_box box, const int64_t index[PLD_MAXDIM])
{
    for (int d = 0; d < PLD_MAXDIM; d++)
        if (index[d] < box.first[d] || index[d] >= box.first[d] + box.count[d])
            return false;
    return true;
}

static size_t linear(pld_box box, const int64_t index[PLD_MAXDIM])
{
    int64_t at = 0;
    for (int d = 0; d < PLD_MAXDIM; d++)
        at = at * box.count[d] + (index[d] - box.first[d]);
    return (size_t)at;
}

/* The number of the point that a wanted index stands for, counted from 1; 0
 * when nobody is to send it. */
static int origin_of(const struct setting *setting, int member,
                     const int64_t index[PLD_MAXDIM])
{
    pld_box own = block_of(setting, true, member);
    pld_box domain = {{0}, {0}};
    int64_t held[PLD_MAXDIM];
    int nghosts = 0;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        int64_t size = setting->item.holds[d].size;
        domain.count[d] = size;
        held[d] = index[d];
        if (setting->item.holds[d].periodic)
            held[d] = (index[d] % size + size) % size;
        nghosts +=
            index[d] < own.first[d] || index[d] >= own.first[d] + own.count[d];
    }
    bool in_place = nghosts == 0 && setting->item.min_ghosts == 1;
    bool wanted = nghosts >= setting->item.min_ghosts &&
                  nghosts <= setting->item.max_ghosts;
    return (in_place || wanted) && holds_point(domain, held)
               ? (int)linear(domain, held) + 1
               : 0;
}

/* --- Compare ------------------------------------------------------------- */

/* Where what stands at each point of a padded block came from; 0: nothing. */
static int origins[MAX_POINTS];

/* A halo has its own points in place. */
static void mark_own(const struct setting *setting, int member, pld_box padded)
{
    pld_box own = block_of(setting, true, member);
    int64_t index[PLD_MAXDIM];
    if (setting->item.min_ghosts == 0)
        return;
    memcpy(index, own.first, sizeof index);
    do
        origins[linear(padded, index)] = origin_of(setting, member, index);
    while (next_index(own, index));
}

/* Carry out one transfer: from the peer's block, or as a wrap from what is in
 * place. No point is written twice. */
static void carry_out(const struct setting *setting, pld_box padded,
                      const struct pld_transfer *transfer, bool is_wrap)
{
    pld_box block = block_of(setting, false, transfer->peer);
    pld_box domain = {{0}, {0}};
    int64_t index[PLD_MAXDIM];
    for (int d = 0; d < PLD_MAXDIM; d++)
        domain.count[d] = setting->item.holds[d].size;
    assert_true(pld_box_contains(padded, transfer->box));
    assert_false(pld_box_empty(transfer->box));
    memcpy(index, transfer->box.first, sizeof index);
    do {
        int64_t held[PLD_MAXDIM];
        for (int d = 0; d < PLD_MAXDIM; d++)
            held[d] = index[d] - transfer->shift[d];
        int *origin = &origins[linear(padded, index)];
        assert_true(holds_point(is_wrap ? padded : block, held));
        assert_int_equal(*origin, 0);
        *origin = is_wrap ? origins[linear(padded, held)]
                          : (int)linear(domain, held) + 1;
    } while (next_index(transfer->box, index));
}

static void carry_out_all(const struct setting *setting, pld_box padded,
                          const struct pld_transfers *list, bool is_wrap)
{
    for (int64_t i = 0; i < list->ntransfers; i++)
        carry_out(setting, padded, &list->transfers[i], is_wrap);
}

static void check_arrivals(const struct setting *setting, int member,
                           const struct pld_plan *plan)
{
    pld_box padded = padded_of(setting, member);
    int64_t npoints = pld_box_volume(padded);
    assert_true(npoints <= MAX_POINTS);
    memset(origins, 0, (size_t)npoints * sizeof *origins);
    if (npoints > 0)
        mark_own(setting, member, padded);
    carry_out_all(setting, padded, &plan->receives, false);
    carry_out_all(setting, padded, &plan->copies, false);
    carry_out_all(setting, padded, &plan->wraps, true);
    if (npoints == 0)
        return;
    int64_t index[PLD_MAXDIM];
    memcpy(index, padded.first, sizeof index);
    do
        assert_int_equal(origins[linear(padded, index)],
                         origin_of(setting, member, index));
    while (next_index(padded, index));
}

static const struct pld_message *find(const struct pld_transfers *list,
                                      int peer)
{
    for (int i = 0; i < list->nmessages; i++)
        if (list->messages[i].peer == peer)
            return &list->messages[i];
    return NULL;
}

/* What `from` sends is what `to` receives, box by box. */
static void check_message(const struct setting *setting, int from,
                          const struct pld_plan *sender, int to,
                          const struct pld_plan *receiver)
{
    const struct pld_message *sent = find(&sender->sends, to);
    const struct pld_message *received = find(&receiver->receives, from);
    assert_true((sent == NULL) == (received == NULL));
    if (!sent)
        return;
    assert_int_equal(sent->count, received->count);
    assert_int_equal(sent->bytes, received->bytes);
    for (int64_t i = 0; i < sent->count; i++) {
        const struct pld_transfer *a =
            &sender->sends.transfers[sent->first + i];
        const struct pld_transfer *b =
            &receiver->receives.transfers[received->first + i];
        assert_true(pld_box_contains(block_of(setting, false, from), a->box));
        assert_true(pld_box_equal(pld_box_shift(a->box, a->shift), b->box));
        assert_memory_equal(a->shift, b->shift, sizeof a->shift);
        assert_int_equal(a->offset, b->offset);
        assert_int_equal(a->item, b->item);
    }
}

static void check_setting(const struct setting *setting)
{
    static struct pld_plan plans[MAX_RANKS];
    int n = setting->nranks;
    assert_true(n <= MAX_RANKS);
    for (int member = 0; member < n; member++) {
        assert_int_equal(
            pld_plan_create(1, &setting->item, member, &plans[member]), PLD_OK);
        check_arrivals(setting, member, &plans[member]);
    }
    for (int from = 0; from < n; from++)
        for (int to = 0; to < n; to++)
            check_message(setting, from, &plans[from], to, &plans[to]);
    for (int member = 0; member < n; member++)
        pld_plan_destroy(&plans[member]);
}

TEST(halo_brings_each_ghost_once_from_its_owner)
{
    for (int i = 0; i < 2000; i++) {
        struct setting setting;
        draw_halo(&setting);
        check_setting(&setting);
    }
}

TEST(redistribution_brings_each_point_once_from_its_owner)
{
    for (int i = 0; i < 1000; i++) {
        struct setting setting;
        draw_redistribution(&setting);
        check_setting(&setting);
    }
}

/* --- Single facts --------------------------------------------------------- */

static struct pld_plan_item cube(int nparts, const int64_t *cuts, int64_t size,
                                 int64_t width)
{
    struct pld_plan_item item = {
        .min_ghosts = 1, .max_ghosts = PLD_MAXDIM, .ncomps = 1, .size = 8};
    for (int d = 0; d < PLD_MAXDIM; d++) {
        struct pld_parts parts = {
            .nparts = nparts, .cuts = cuts, .size = size, .periodic = true};
        item.holds[d] = parts;
        item.wants[d] =
            (struct pld_wants){.parts = parts, .low = width, .high = width};
    }
    return item;
}

TEST(plan_among_a_million_ranks_is_small)
{
    static int64_t cuts[101];
    for (int p = 0; p <= 100; p++)
        cuts[p] = 256 * p;
    struct pld_plan_item item = cube(100, cuts, 25600, 1);
    struct pld_plan plan;
    assert_int_equal(pld_plan_create(1, &item, 555555, &plan), PLD_OK);
    assert_int_equal(plan.sends.nmessages, 26);
    assert_int_equal(plan.receives.nmessages, 26);
    assert_int_equal(pld_transfers_bytes(&plan.receives),
                     8 * (258 * 258 * 258 - 256 * 256 * 256));
    assert_int_equal(plan.receives.ntransfers, 26);
    pld_plan_destroy(&plan);
}

TEST(periodic_dimensions_that_are_not_cut_send_nothing)
{
    const int64_t halves[] = {0, 3, 6};
    const int64_t whole[] = {0, 6};
    struct pld_plan_item item = cube(2, halves, 6, 1);
    for (int d = 1; d < PLD_MAXDIM; d++) {
        item.holds[d].nparts = 1;
        item.holds[d].cuts = whole;
        item.wants[d].parts = item.holds[d];
    }
    struct pld_plan plan;
    assert_int_equal(pld_plan_create(1, &item, 1, &plan), PLD_OK);
    assert_int_equal(plan.receives.ntransfers, 2);
    assert_int_equal(pld_transfers_bytes(&plan.receives), 8 * 2 * 6 * 6);
    assert_int_equal(plan.copies.ntransfers, 0);
    assert_int_equal(plan.wraps.ntransfers, 4);
    pld_plan_destroy(&plan);
}

TEST(items_share_a_message_without_overlap)
{
    const int64_t cuts[] = {0, 3, 6};
    struct pld_plan_item items[] = {cube(2, cuts, 6, 1), cube(2, cuts, 6, 2),
                                    cube(2, cuts, 6, 1)};
    items[0].size = 4;
    items[0].ncomps = 3;
    items[1].size = 16;
    struct pld_plan plan;
    assert_int_equal(pld_plan_create(3, items, 5, &plan), PLD_OK);
    assert_int_equal(plan.sends.nmessages, 7);
    for (int m = 0; m < plan.sends.nmessages; m++) {
        const struct pld_message *message = &plan.sends.messages[m];
        int64_t end = 0;
        for (int64_t i = 0; i < message->count; i++) {
            const struct pld_transfer *transfer =
                &plan.sends.transfers[message->first + i];
            const struct pld_plan_item *item = &items[transfer->item];
            assert_int_equal(transfer->offset % (int64_t)item->size, 0);
            assert_true(transfer->offset >= end);
            end = transfer->offset + pld_box_volume(transfer->box) *
                                         item->ncomps * (int64_t)item->size;
        }
        assert_int_equal(message->bytes, end);
    }
    pld_plan_destroy(&plan);
}

TEST(no_width_gives_an_empty_plan)
{
    const int64_t cuts[] = {0, 3, 6};
    struct pld_plan_item item = cube(2, cuts, 6, 0);
    struct pld_plan plan;
    assert_int_equal(pld_plan_create(1, &item, 0, &plan), PLD_OK);
    assert_int_equal(plan.sends.ntransfers, 0);
    assert_int_equal(plan.receives.ntransfers, 0);
    assert_int_equal(plan.copies.ntransfers, 0);
    assert_int_equal(plan.wraps.ntransfers, 0);
    pld_plan_destroy(&plan);
}

TEST(failing_memory_leaves_nothing_behind)
{
    const int64_t cuts[] = {0, 3, 6};
    struct pld_plan_item item = cube(2, cuts, 6, 2);
    struct pld_plan plan;
    int64_t before = pld_memory_live_blocks();
    int nth = 0;
    pld_status status = PLD_ERR_MEMORY;
    while (status == PLD_ERR_MEMORY) {
        pld_alloc_fail(++nth);
        status = pld_plan_create(1, &item, 0, &plan);
        if (status != PLD_OK)
            assert_int_equal(pld_memory_live_blocks(), before);
    }
    pld_alloc_fail(0);
    assert_int_equal(status, PLD_OK);
    assert_true(nth > 10);
    pld_plan_destroy(&plan);
}

TEST(message_beyond_all_sizes_is_an_overflow)
{
    const int64_t cuts[] = {0, (int64_t)1 << 40, (int64_t)1 << 41};
    struct pld_plan_item item = cube(2, cuts, (int64_t)1 << 41, 1);
    struct pld_plan plan;
    assert_int_equal(pld_plan_create(1, &item, 0, &plan), PLD_ERR_OVERFLOW);
    assert_non_null(strstr(pld_error_last()->text, "a box of a message"));
    assert_null(plan.sends.transfers);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(halo_brings_each_ghost_once_from_its_owner),
    cmocka_unit_test(redistribution_brings_each_point_once_from_its_owner),
    cmocka_unit_test(plan_among_a_million_ranks_is_small),
    cmocka_unit_test(periodic_dimensions_that_are_not_cut_send_nothing),
    cmocka_unit_test(items_share_a_message_without_overlap),
    cmocka_unit_test(no_width_gives_an_empty_plan),
    cmocka_unit_test(failing_memory_leaves_nothing_behind),
    cmocka_unit_test(message_beyond_all_sizes_is_an_overflow)};

PLD_TEST_MAIN(tests)
