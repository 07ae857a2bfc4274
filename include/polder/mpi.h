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
#error "Polder was built with Open MPI, this mpi.h is of another MPI: compile with mpicc.openmpi (Open MPI's mpicc), or build Polder with your MPI: ./configure CC=YOUR_MPICC"
#elif defined(PLD_MPI_FLAVOUR_MPICH) && !defined(MPICH_VERSION)
#error "Polder was built with MPICH, this mpi.h is of another MPI: compile with mpicc.mpich (MPICH's mpicc), or build Polder with your MPI: ./configure CC=YOUR_MPICC"
#elif defined(PLD_MPI_FLAVOUR_OTHER) &&                                        \
    (defined(OPEN_MPI) || defined(MPICH_VERSION))
#error "Polder was built with an MPI that is neither Open MPI nor MPICH, this mpi.h is of one of them: build Polder with your MPI: ./configure CC=YOUR_MPICC"
#endif

#endif
