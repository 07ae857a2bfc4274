#ifndef PLD_PAR_FLAG_H
#define PLD_PAR_FLAG_H

#include <stdatomic.h>

#include "par/context.h"

/* A counter in shared memory by which one rank tells others how far it is.
 * One rank writes it, and it only grows; it has its cache lines to itself. */
struct pld_flag {
    _Alignas(128) _Atomic int64_t epoch;
};

/* All that this rank wrote before is seen by whoever finds the flag set. */
static inline void pld_flag_set(struct pld_flag *flag, int64_t epoch)
{
    atomic_store_explicit(&flag->epoch, epoch, memory_order_release);
}

static inline bool pld_flag_reached(const struct pld_flag *flag, int64_t epoch)
{
    return atomic_load_explicit(&flag->epoch, memory_order_acquire) >= epoch;
}

/* A wait that is under way, all zeros at its start: for waiting for whichever
 * of several things comes first. Local. */
struct pld_wait {
    int64_t nsteps;
    double checked; /* when the peer was last looked at */
};

/* Let a little time pass, to be called again and again until what is waited
 * for is there: a moment of spinning; later, MPI progresses, the core is left
 * to others, and now and then this looks whether the process of `rank` lives:
 * PLD_ERR_PEER. Of several ranks, pass each in turn. Local. */
pld_status pld_wait_step(pld_ctx *ctx, struct pld_wait *wait, int rank);

/* Wait until `rank` has set its flag to `epoch` or more: spin for a moment,
 * then let MPI progress, then leave the core to others (ranks may be
 * oversubscribed). PLD_ERR_PEER names the rank when its process is gone,
 * within a second. */
pld_status pld_flag_wait(pld_ctx *ctx, const struct pld_flag *flag,
                         int64_t epoch, int rank);

#endif
