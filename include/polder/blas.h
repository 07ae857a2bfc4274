#ifndef PLD_BLAS_H
#define PLD_BLAS_H

#include <stdbool.h>

#include "polder/api.h"
#include "polder/status.h"

PLD_BEGIN_C

/** @file
 * The BLAS that this process has loaded, and whether it does what this machine
 * can. OpenBLAS chooses its kernels by the CPU's name when it is loaded; one
 * that is older than the CPU takes the kernels of twenty years ago, runs five
 * times slower and does not say so. */

/** What is known of the BLAS. Texts belong to the library and stay. */
typedef struct pld_blas {
    const char *library; /**< "OpenBLAS"; "" when it is another or none */
    const char *config;  /**< what it says of its version and build, or "" */
    const char *kernels; /**< the CPU it takes this one for, or "" */
    /** Value of the environment variable OPENBLAS_CORETYPE that gives the
     * right kernels, when those in use are far below the CPU; else NULL. */
    const char *better_kernels;
    int threads;     /**< threads of each call; 0: not known */
    bool wide_sizes; /**< 64-bit sizes of matrices, not 32-bit */
} pld_blas;

/** Look at the BLAS in this process. *Local*. */
PLD_CALL pld_blas_info(pld_blas *out);

/** Start this program anew with the right OPENBLAS_CORETYPE if its kernels are
 * far below the CPU and the variable is not set; otherwise, and where that
 * cannot be done, return. The variable is read while the library is loaded, so
 * there is no other way. For the beginning of main(), before MPI starts and
 * before anything was done that must not be done twice; pld_main() calls it.
 * `argv` is main's. *Local*. */
PLD_API void pld_blas_restart(char **argv);

/** Let each call of the BLAS use `threads` threads, at least 1; nothing when
 * the BLAS cannot be told. *Local*. */
PLD_API void pld_blas_set_threads(int threads);

PLD_END_C

#endif
