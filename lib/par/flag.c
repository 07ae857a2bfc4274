#include "par/flag.h"

#include <sched.h>

#include "par/activity.h"
#include "par/peers.h"

/* How often to spin before others get a chance, and how many looks at a flag
 * there are between looks at the clock. */
enum { SPINS = 400, SPINS_CROWDED = 20 };

#define CHECK_SECONDS 0.05

static inline void relax(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}

/* MPI moves on within its calls only: messages that another rank waits for may
 * be stuck here. There is never a message to find. */
static pld_status progress(const pld_ctx *ctx)
{
    int found = 0;
    PLD_TRY_MPI(MPI_Iprobe(ctx->rank, ctx->max_tag, ctx->comm, &found,
                           MPI_STATUS_IGNORE));
    return PLD_OK;
}

pld_status pld_wait_step(pld_ctx *ctx, struct pld_wait *wait, int rank)
{
    bool crowded = ctx->peers != NULL && ctx->peers->crowded;
    if (++wait->nsteps <= (crowded ? SPINS_CROWDED : SPINS)) {
        relax();
        return PLD_OK;
    }
    pld_activities_advance(ctx);
    PLD_TRY(progress(ctx));
    sched_yield();
    double now = MPI_Wtime();
    if (now - wait->checked < CHECK_SECONDS)
        return PLD_OK;
    bool first = wait->checked == 0;
    wait->checked = now;
    return first ? PLD_OK : pld_peers_check(ctx, rank);
}

pld_status pld_flag_wait(pld_ctx *ctx, const struct pld_flag *flag,
                         int64_t epoch, int rank)
{
    struct pld_wait wait = {0};
    while (!pld_flag_reached(flag, epoch))
        PLD_TRY(pld_wait_step(ctx, &wait, rank));
    return PLD_OK;
}
