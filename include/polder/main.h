#ifndef PLD_MAIN_H
#define PLD_MAIN_H

#include "polder/blas.h"
#include "polder/context.h"

PLD_BEGIN_C

/** @file
 * A main program in one line, for programs that do all their work in Polder.
 * Not part of polder.h: the library itself never starts or ends MPI; this
 * function is compiled into the program that includes it. */

/** What the program does, on all ranks. */
typedef pld_status pld_main_body(pld_ctx *ctx, int argc, char **argv);

/** Start MPI, run `body` in a context over all ranks, end MPI, and return the
 * program's exit code. The BLAS gets the kernels that suit the CPU and a share
 * of the cores (see pld_blas_restart() and pld_ctx_share_cores()). An error is
 * printed, once when all ranks share it, and ends the program on all ranks.
 * *Collective*. */
static inline int pld_main(int argc, char **argv, pld_main_body *body)
{
    pld_blas_restart(argv);
    MPI_Init(&argc, &argv);
    pld_ctx *ctx = NULL;
    pld_status status = pld_ctx_create(MPI_COMM_WORLD, NULL, &ctx);
    pld_ctx_share_cores(ctx);
    if (status == PLD_OK)
        status = body(ctx, argc, argv);
    if (status == PLD_OK)
        status = pld_ctx_destroy(&ctx);
    if (status != PLD_OK) {
        bool agreed = ctx != NULL && pld_error_last()->agreed;
        if (!agreed || pld_ctx_rank(ctx) == 0)
            pld_error_print(stderr);
        /* Let the text out before the first rank ends them all: launchers drop
         * what they have not passed on when they are told to abort. */
        if (agreed)
            MPI_Barrier(MPI_COMM_WORLD);
        for (double end = MPI_Wtime() + 0.25; MPI_Wtime() < end;)
            continue;
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    MPI_Finalize();
    return 0;
}

PLD_END_C

#endif
