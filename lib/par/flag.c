#include "par/flag.h"

#include <sched.h>
#include <time.h>

#include "par/activity.h"
#include "par/peers.h"

/* Why this is right.
 *
 * A flag is written by one rank, R, and its values only grow. R writes data,
 * then sets the flag to e with release order; another rank, W, finds e or more
 * with acquire order, then uses the data. C11 (5.1.2.4) makes the store
 * synchronise with the load that reads its value; a later value v > e is
 * written by the same thread after it, so that all that R did before e has
 * happened before v, too. So W sees the data of e, whichever value it finds.
 *
 * It also holds the other way round: W reads the data, then sets a flag of its
 * own; R waits for that, then overwrites the data. Release order keeps reads of
 * before from moving behind the store, and acquire order keeps writes of after
 * from moving before the load: no read meets the new data.
 *
 * Values are not reused, so that a late reader never takes one round for
 * another: at 10^9 rounds a second 63 bits last for 292 years.
 *
 * C11 speaks of the threads of one program, not of processes. What makes it
 * hold between those is that the flag is lock-free, and so is the same word of
 * memory at whatever address (7.17.5: such operations should be address-free),
 * and that the two mappings are of the same page, which the caches of a node
 * keep coherent as for threads: the compiler cannot tell one case from the
 * other, nor can the machine.
 *
 * What C11 does not know of: stores past the caches (MOVNT) are not ordered by
 * a release store on x86, which is a plain one there. Who makes such stores
 * ends them with a store fence (pld_copy_fence) before the flag is set. */
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_LONG_LOCK_FREE == 2,
               "flags between processes need lock-free 64-bit integers");

/* Steps of spinning before others get a chance: two microseconds, or half of
 * one where there are more ranks than cores. */
enum { SPINS = 50, SPINS_CROWDED = 12 };

/* Steps, by then of MPI, before the core is left to others that are no ranks:
 * 50 us. What they get may be a slice of time that is thousands
 * of times what is waited for. */
enum { STEPS_ALONE = 100 };

/* Longer than it takes to switch to a rank that waits, and back. */
#define SLOW_SECONDS 0.0002

enum { NAPS = 32, MOST_NAPS = 1024 };

/* Between two looks at the other processes. */
#define CHECK_SECONDS 0.05

static void relax(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}

/* MPI moves on within its calls only, and others may be waiting for messages
 * that are stuck here. There is none to be found. */
static pld_status progress(const pld_ctx *ctx)
{
    int found = 0;
    PLD_TRY_MPI(MPI_Iprobe(ctx->rank, ctx->max_tag, ctx->comm, &found,
                           MPI_STATUS_IGNORE));
    return PLD_OK;
}

/* Among ranks that all wait, a core that is left comes back in a moment. Where
 * somebody computes, it comes back after milliseconds, whereas who sleeps is
 * woken in time: then take naps, the more the more often that happens. */
static void leave_core(struct pld_peers *peers)
{
    if (peers != NULL && peers->naps > 0) {
        peers->naps--;
        nanosleep(&(struct timespec){.tv_nsec = 1000}, NULL);
        return;
    }
    double before = MPI_Wtime();
    sched_yield();
    bool slow = MPI_Wtime() - before > SLOW_SECONDS;
    if (peers == NULL)
        return;
    peers->naps = slow ? peers->rest : 0;
    if (!slow)
        peers->rest = NAPS;
    else if (peers->rest < MOST_NAPS)
        peers->rest *= 2;
}

pld_status pld_wait_step(pld_ctx *ctx, struct pld_wait *wait, int rank)
{
    bool crowded = ctx->peers != NULL && ctx->peers->crowded;
    if (wait->nsteps++ < (crowded ? SPINS_CROWDED : SPINS)) {
        relax();
        return PLD_OK;
    }
    PLD_TRY(pld_peers_known(ctx));
    pld_activities_advance(ctx);
    PLD_TRY(progress(ctx));
    if (crowded || wait->nsteps > STEPS_ALONE)
        leave_core(ctx->peers);
    double now = MPI_Wtime();
    if (wait->checked == 0)
        wait->checked = now;
    if (now - wait->checked < CHECK_SECONDS)
        return PLD_OK;
    wait->checked = now;
    return pld_peers_check(ctx, rank);
}

pld_status pld_flag_wait(pld_ctx *ctx, const struct pld_flag *flag,
                         int64_t epoch, int rank)
{
    struct pld_wait wait = {.nsteps = 0};
    while (!pld_flag_reached(flag, epoch))
        PLD_TRY(pld_wait_step(ctx, &wait, rank));
    return PLD_OK;
}
