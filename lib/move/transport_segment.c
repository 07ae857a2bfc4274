#include "move/transport_segment.h"

/* Why no rank ever reads what is stale or half written.
 *
 * A flag has one writer and only grows. Setting it is a release store, finding
 * it at some value an acquire load; so whatever the writer did before setting
 * it, reads as well as writes, happens before whatever the finder does after.
 * Non-temporal stores are fenced by the copies that make them.
 *
 * Move. The host sets `begun` to e when the e-th exchange begins: by then it
 * has written what it sends and has done reading what it received. The mover
 * finds that before its copies. After them it sets its own flag to e, and the
 * host, before its exchange ends, finds it there: only then does its caller
 * write what was read, or read what was written. So the accesses of both ranks
 * to the host's memory are ordered in both directions.
 *
 * Ring. Step s uses slot s modulo the number n of slots. The packer fills it
 * and sets its flag to s + 1; the unpacker finds that before it reads. The
 * unpacker, having read step s, sets its flag to s + 1 or later to more; the
 * packer fills the slot again, in step s + n, when it has found that. The
 * unpacker need not say so at every step when the ring holds two exchanges: the
 * packer then waits for steps of an exchange before the last one, all of which
 * have been made and told in one. Nobody waits in a circle: with the steps of
 * both ranks ordered by number, the least one not made can always be.
 *
 * A value found once stays reached, so what was last seen of a flag is kept,
 * and its cache line, which the other rank writes, is not read in vain. */

enum { CLAIMED_LINE = 64, CLAIMED_BYTES = 16384 };

static bool has_told(struct pld_lane *lane, int64_t steps)
{
    if (lane->told < steps)
        lane->told =
            atomic_load_explicit(&lane->other->epoch, memory_order_acquire);
    return lane->told >= steps;
}

/* The packer is ahead of its peer by the slots of the ring at most, the others
 * follow theirs. */
static bool may_step(struct pld_lane *lane)
{
    int64_t ahead = lane->role == PLD_ROLE_PACK ? lane->nslots : 0;
    return has_told(lane, lane->made + 1 - ahead);
}

/* Ask for the lines of a slot before they are written: the unpacker was the
 * last to have them, and to get back one after the other takes as long as to
 * pack. No more than the first cache holds. */
static void claim(const char *slot, int64_t bytes)
{
    for (int64_t i = 0; i < bytes && i < CLAIMED_BYTES; i += CLAIMED_LINE)
#if defined __x86_64__
        __asm__ volatile("prefetchw %0" : : "m"(slot[i]));
#else
        __builtin_prefetch(slot + i, 1);
#endif
}

static void copy_step(const struct pld_lanes *lanes, struct pld_lane *lane)
{
    int64_t group = lane->group + lane->nsteps - lane->left;
    int64_t slot = lane->slot * lane->slot_bytes;
    if (lane->role == PLD_ROLE_MOVE) {
        pld_copies_run(&lanes->copies, group);
    } else if (lane->role == PLD_ROLE_PACK) {
        claim(lane->ring + slot, lane->slot_bytes);
        pld_copies_run_moved(&lanes->copies, group, 0, slot);
    } else if (lane->role == PLD_ROLE_UNPACK) {
        pld_copies_run_moved(&lanes->copies, group, slot, 0);
    }
}

/* A long ring needs to be told only when it is empty. */
static bool is_told(const struct pld_lane *lane)
{
    return lane->own && (lane->role != PLD_ROLE_UNPACK || lane->left == 0 ||
                         lane->nslots < 2 * lane->nsteps);
}

static bool step(struct pld_lanes *lanes, struct pld_lane *lane)
{
    if (lane->left == 0 || !may_step(lane))
        return false;
    copy_step(lanes, lane);
    lane->slot = lane->slot + 1 < lane->nslots ? lane->slot + 1 : 0;
    lane->made++;
    lane->left--;
    lanes->made++;
    if (is_told(lane))
        pld_flag_set(lane->own, lane->made);
    lanes->nopen -= lane->left == 0;
    return true;
}

void pld_lanes_begin(struct pld_lanes *lanes)
{
    lanes->epoch++;
    if (lanes->nhosts > 0)
        pld_flag_set(lanes->begun, lanes->epoch);
    for (int i = 0; i < lanes->nlanes; i++)
        lanes->lanes[i].left = lanes->lanes[i].nsteps;
    lanes->nopen = lanes->nlanes;
}

/* One step of each lane at a time, so that packing and unpacking alternate. */
bool pld_lanes_advance(struct pld_lanes *lanes)
{
    bool moved = true;
    while (moved && lanes->nopen > 0) {
        moved = false;
        for (int i = 0; i < lanes->nlanes; i++)
            moved = step(lanes, &lanes->lanes[i]) || moved;
    }
    return lanes->nopen == 0;
}

int pld_lanes_awaited(struct pld_lanes *lanes)
{
    for (int i = 0; i < lanes->nlanes; i++) {
        lanes->awaited = (lanes->awaited + 1) % lanes->nlanes;
        if (lanes->lanes[lanes->awaited].left > 0)
            return lanes->lanes[lanes->awaited].peer;
    }
    return -1;
}

int64_t pld_lanes_plan_bytes(const struct pld_lanes *lanes)
{
    return pld_copies_bytes(&lanes->copies) +
           lanes->nlanes * (int64_t)sizeof *lanes->lanes +
           lanes->npeers * (int64_t)sizeof *lanes->peers +
           lanes->nmaps * (int64_t)sizeof *lanes->maps;
}
