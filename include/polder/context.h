#ifndef PLD_CONTEXT_H
#define PLD_CONTEXT_H

#include <stdbool.h>

#include "polder/mpi.h"
#include "polder/status.h"

PLD_BEGIN_C

/** @file
 * The context: the ranks that work together, and where they run. Everything
 * else is created from one.
 *
 * Words used in these headers: *Local* means that any rank may call alone.
 * *Collective* means that all ranks of the context call, in the same order.
 * *Collective, agreed* means that in addition all ranks get PLD_OK or all get
 * the same error, whose text names the lowest rank that met it, and nothing is
 * left half made. */

/** Opaque: a duplicated communicator, its node topology, settings, timers. */
typedef struct pld_ctx pld_ctx;

/** Settings; zero is the default. */
typedef struct pld_ctx_spec {
    /** Calls come from several threads, one at a time: MPI must provide
     * MPI_THREAD_SERIALIZED. Otherwise MPI_THREAD_SINGLE is enough. */
    bool threads;
    /** Accept one rank where the environment says that a launcher started
     * several (for programs that are meant to run many times alone). */
    bool allow_singletons;
} pld_ctx_spec;

/** Create a context on a duplicate of `comm`; the caller's communicator is not
 * used afterwards and keeps its error handler. MPI must be initialised.
 * `spec` may be NULL. Errors: PLD_ERR_LAUNCH when the launcher of another MPI
 * started N programs that are each rank 0 of 1, PLD_ERR_STATE when MPI is not
 * initialised or lacks the thread level. *Collective, agreed* over comm. */
PLD_CALL pld_ctx_create(MPI_Comm comm, const pld_ctx_spec *spec, pld_ctx **out);

/** Destroy it and set *ctx to NULL; *ctx may be NULL. PLD_ERR_STATE while
 * something created from it lives. *Collective, agreed*. */
PLD_CALL pld_ctx_destroy(pld_ctx **ctx);

/** This rank, 0 .. nranks-1; -1 for NULL. *Local*. */
PLD_API int pld_ctx_rank(const pld_ctx *ctx);
/** Number of ranks; 0 for NULL. *Local*. */
PLD_API int pld_ctx_nranks(const pld_ctx *ctx);
/** This rank's node, 0 .. nnodes-1, numbered by their lowest rank. *Local*. */
PLD_API int pld_ctx_node(const pld_ctx *ctx);
/** Number of nodes: sets of ranks that can share memory. For trials on one
 * machine, PLD_FAKE_NODES=k in the environment of all ranks makes k nodes of
 * neighbouring ranks. *Local*. */
PLD_API int pld_ctx_nnodes(const pld_ctx *ctx);
/** This rank's place among the ranks of its node. *Local*. */
PLD_API int pld_ctx_node_rank(const pld_ctx *ctx);
/** Number of ranks on this rank's node. *Local*. */
PLD_API int pld_ctx_node_nranks(const pld_ctx *ctx);
/** Whether this rank and `rank`, another one of its node, look into each
 * other's memory, so that data moves between them without messages; the same on
 * both ranks. Three variables in the environment of all ranks have a say:
 *
 * - PLD_TRANSPORT=auto (the default) shares memory where it can be shared, and
 *   tells the log why where it cannot; `message` shares none; `segment` makes
 *   pld_ctx_create() fail with PLD_ERR_UNSUPPORTED where ranks of a node cannot
 *   share theirs. Results are the same with each.
 * - PLD_SEGMENT_DIR=DIR takes the memory from a file system, a tmpfs or
 *   hugetlbfs, say; by default it is memory that has no file system. Nothing
 *   is left behind there, however the program ends.
 * - PLD_FAKE_NODES: see pld_ctx_nnodes().
 *
 * *Local*. */
PLD_API bool pld_ctx_shares_memory(const pld_ctx *ctx, int rank);
/** The context's own communicator, for the caller's own messages as long as
 * none is under way when Polder is called; not to be freed. *Local*. */
PLD_API MPI_Comm pld_ctx_comm(const pld_ctx *ctx);

/** Let the BLAS of this rank use its share of the cores, one at least: those
 * that the process is bound to, or else those of the node divided by its ranks.
 * Where OPENBLAS_NUM_THREADS or OMP_NUM_THREADS is set, nothing is changed.
 * *Local*. */
PLD_API void pld_ctx_share_cores(const pld_ctx *ctx);

PLD_END_C

#endif
