/* For the cores that a process is bound to; else they count as all. */
#define _GNU_SOURCE
#include "par/blas.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#endif

#include "polder/blas.h"
#include "polder/log.h"

/* Cores that this process may run on. */
static int own_cores(void)
{
#ifdef __linux__
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) == 0)
        return CPU_COUNT(&cores);
#endif
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

/* Threads that the BLAS of each rank may use. */
static int share_of(const pld_ctx *ctx)
{
    int cores = own_cores();
    bool bound = cores < (int)sysconf(_SC_NPROCESSORS_ONLN);
    int share = bound ? cores : cores / ctx->node_nranks;
    return share > 1 ? share : 1;
}

void pld_blas_check(const pld_ctx *ctx)
{
    static atomic_flag told = ATOMIC_FLAG_INIT;
    pld_blas blas;
    if (ctx->rank != 0 || atomic_flag_test_and_set(&told) ||
        pld_blas_info(&blas) != PLD_OK)
        return;
    if (blas.better_kernels)
        pld_log(PLD_LOG_WARNING,
                "%s takes this CPU for %s and runs several times slower than "
                "it could: set OPENBLAS_CORETYPE=%s in the environment of all "
                "ranks",
                blas.library, blas.kernels, blas.better_kernels);
    int share = share_of(ctx);
    if (blas.threads > share)
        pld_log(PLD_LOG_WARNING,
                "%s uses %d threads in each of %d ranks on this node, more "
                "than there are cores: set OPENBLAS_NUM_THREADS=%d, or call "
                "pld_ctx_share_cores()",
                blas.library, blas.threads, ctx->node_nranks, share);
}

void pld_ctx_share_cores(const pld_ctx *ctx)
{
    if (ctx && !getenv("OPENBLAS_NUM_THREADS") && !getenv("OMP_NUM_THREADS"))
        pld_blas_set_threads(share_of(ctx));
}
