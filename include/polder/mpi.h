#ifndef PLD_MPI_H
#define PLD_MPI_H

/** @file
 * MPI, checked to be the one that the library was built with.
 *
 * Types such as MPI_Comm differ between MPIs. A program compiled with one and
 * linked with a library built with another crashes, or runs as N times rank 0
 * of 1; it is stopped here instead. */

#include "polder/config.h"

#ifdef __cplusplus
/* The C++ bindings that some MPIs still bring would need one more library. */
#ifndef OMPI_SKIP_MPICXX
#define OMPI_SKIP_MPICXX 1
#endif
#ifndef MPICH_SKIP_MPICXX
#define MPICH_SKIP_MPICXX 1
#endif
#endif

#include <mpi.h>

#if defined(PLD_MPI_FLAVOUR_OPENMPI) && !defined(OPEN_MPI)
#error "This Polder was built with Open MPI: compile with its mpicc"
#error "(mpicc.openmpi), or build a Polder with yours: ./configure CC=MPICC"
#elif defined(PLD_MPI_FLAVOUR_MPICH) && !defined(MPICH_VERSION)
#error "This Polder was built with MPICH: compile with its mpicc"
#error "(mpicc.mpich), or build a Polder with yours: ./configure CC=MPICC"
#elif defined(PLD_MPI_FLAVOUR_OTHER) &&                                        \
    (defined(OPEN_MPI) || defined(MPICH_VERSION))
#error "This Polder was not built with Open MPI or MPICH: compile with its"
#error "mpicc, or build a Polder with yours: ./configure CC=MPICC"
#endif

#endif
