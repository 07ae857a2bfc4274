#ifndef PLD_AGREE_H
#define PLD_AGREE_H

#include "polder/context.h"

PLD_BEGIN_C

/** @file
 * Deciding together, so that no rank leaves while others wait for it. */

/** PLD_OK when every rank passes PLD_OK; otherwise every rank gets the status
 * and the text of the lowest rank that passed an error, with its rank named.
 * One reduction, and one broadcast more in case of error. *Collective,
 * agreed*. */
PLD_CALL pld_agree(pld_ctx *ctx, pld_status status);

/** Whether all ranks pass the same `bytes` bytes: PLD_ERR_MISMATCH names
 * `what` and the lowest rank that differs from rank 0. *Collective, agreed*. */
PLD_CALL pld_agree_same(pld_ctx *ctx, const char *what, const void *data,
                        size_t bytes);

PLD_END_C

#endif
