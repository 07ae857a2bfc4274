#ifndef PLD_PAR_CONTEXT_H
#define PLD_PAR_CONTEXT_H

#include "polder/context.h"
#include "polder/timer.h"

/* What lives on a context: it can only be destroyed when all are gone. */
typedef enum pld_kind {
    PLD_KIND_GRID,
    PLD_KIND_FIELD,
    PLD_KIND_HALO,
    PLD_KIND_FILE,
    PLD_KIND_REDUCTION,
    PLD_KIND_REDISTRIBUTION,
    PLD_KIND_GATHER,
    PLD_KIND_SAMPLE,
    PLD_KIND_MAP,
    PLD_KIND_PARTICLES,
    PLD_KIND_CHECKPOINT,
    PLD_KIND_PRODUCT,
    PLD_KIND_FACTOR,
    PLD_KIND_COUNT
} pld_kind;

#define PLD_CTX_PHASES 32
#define PLD_CTX_PHASE_NAME 32

/* The library's own phases come first. */
enum { PLD_PHASE_EXCHANGE, PLD_PHASE_REDUCE, PLD_PHASE_FILE, PLD_PHASE_OWN };

struct pld_phase {
    char name[PLD_CTX_PHASE_NAME];
    int64_t ticks;
    int64_t entered; /* moment of the outermost begin */
    int depth;       /* begins without their end */
    int64_t calls;
};

struct pld_ctx {
    MPI_Comm comm;
    int rank;
    int nranks;
    int node;
    int nnodes;
    int node_rank;
    int node_nranks;
    int *node_of;                /* node of every rank */
    MPI_Comm node_comm;          /* the ranks of the node; none if alone */
    struct pld_peers *peers;     /* their processes, likewise */
    struct pld_segment *segment; /* memory shared with them; NULL: none */
    int next_tag;                /* see pld_ctx_tag */
    int max_tag;
    struct pld_activity *activities; /* what is under way */
    int live[PLD_KIND_COUNT];
    double start_time; /* by the clock, and by ticks */
    int64_t start_ticks;
    int nphases;
    struct pld_phase phases[PLD_CTX_PHASES];
    MPI_Op min_op; /* minimum and maximum that let a NaN win */
    MPI_Op max_op;
    struct pld_board *board; /* of one call after the other; NULL: not yet */
};

/* A tag that no other object of the context uses; wraps far away. Called by
 * all ranks in the same order. */
int pld_ctx_tag(pld_ctx *ctx);

/* Count one more, or one less, of what lives on the context. */
void pld_ctx_retain(pld_ctx *ctx, pld_kind kind);
void pld_ctx_release(pld_ctx *ctx, pld_kind kind);

/* Time of the library's own phases, without a look-up; nested entries count
 * once. */
void pld_phase_begin(pld_ctx *ctx, int phase);
void pld_phase_end(pld_ctx *ctx, int phase);

/* Set up the library's own phases. */
void pld_phase_init(pld_ctx *ctx);

/* Call MPI and turn its error into a status with MPI's own text. */
#define PLD_TRY_MPI(call)                                                      \
    do {                                                                       \
        int mpi_code_ = (call);                                                \
        if (mpi_code_ != MPI_SUCCESS)                                          \
            return pld_mpi_raise(mpi_code_, #call, __FILE__, __LINE__,         \
                                 __func__);                                    \
    } while (0)

/* The same for a function that owns something. */
#define PLD_TRY_MPI_TO(label, call)                                            \
    do {                                                                       \
        int mpi_code_ = (call);                                                \
        if (mpi_code_ != MPI_SUCCESS) {                                        \
            status =                                                           \
                pld_mpi_raise(mpi_code_, #call, __FILE__, __LINE__, __func__); \
            goto label;                                                        \
        }                                                                      \
    } while (0)

/* MPI's own text of an error code. */
void pld_mpi_text(int code, char text[MPI_MAX_ERROR_STRING]);

pld_status pld_mpi_raise(int code, const char *call, const char *file, int line,
                         const char *function);

#endif
