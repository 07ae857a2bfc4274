#ifndef PEER_PETSC_H
#define PEER_PETSC_H

#include <polder.h>
#include <polder/main.h>

#include <petscdmda.h>

/* What the comparisons with PETSc share. */

/* PETSc has printed its own trace by then. */
#define TRY_PETSC(call)                                                        \
    PLD_CHECK((call) == 0, PLD_ERR_INTERNAL, "PETSc failed: %s", #call)

/* Timed calls return nothing: end the program when one fails. */
static inline void must(bool good)
{
    if (good)
        return;
    pld_error_print(stderr);
    MPI_Abort(MPI_COMM_WORLD, 1);
}

#endif
