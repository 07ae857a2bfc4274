#ifndef PLD_PAR_AGREE_H
#define PLD_PAR_AGREE_H

#include <stdint.h>

#include "polder/agree.h"

/* Agree that all ranks call for the same, a number of their own making, before
 * they do it in messages of another kind. PLD_ERR_MISMATCH when they do not.
 * *Collective, agreed*. */
pld_status pld_agree_call(pld_ctx *ctx, uint64_t call);

/* What the lowest failing rank tells the others. */
struct pld_verdict {
    int status;
    char text[sizeof((pld_error *)NULL)->text];
};

/* The sentence of this rank's error, its rank in front unless an agreement
 * further down has put one there. */
struct pld_verdict pld_verdict_of(int rank, pld_status status);

/* Make it the error of this rank too, whose own was `status` or PLD_OK.
 * Returns the verdict's status. */
pld_status pld_verdict_share(const struct pld_verdict *verdict,
                             pld_status status);

#endif
