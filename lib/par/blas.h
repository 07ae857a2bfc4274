#ifndef PLD_PAR_BLAS_H
#define PLD_PAR_BLAS_H

#include "par/context.h"

/* Say in the log, on rank 0 and once for each process, what keeps the BLAS from
 * doing its best, and what to do about it. */
void pld_blas_check(const pld_ctx *ctx);

#endif
