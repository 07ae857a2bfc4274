#ifndef PLD_PAR_ENVELOPE_H
#define PLD_PAR_ENVELOPE_H

#include "par/context.h"

/* A message of fixed length, combined over all ranks, that tells beside some
 * words whether all ranks can take part and mean the same: so one whose
 * arguments are wrong need not leave the others waiting, and none pays a
 * message more for that. Where ranks share memory boards do this. */

/* Room for words; they are a record as pld_wire_combine() takes it. */
enum { PLD_ENVELOPE_WORDS = 123 };

/* Combine `nwords` words of all ranks, in place. `status` is what this rank has
 * to say before; `call` a number of what is to be done. On all ranks the error
 * of the lowest one that has one; PLD_ERR_MISMATCH when `call` is not the same
 * on all. *Collective, agreed*. */
pld_status pld_envelope_exchange(pld_ctx *ctx, pld_status status, uint64_t call,
                                 int64_t nwords, int64_t *words);

/* The context's own type and operation. */
pld_status pld_envelope_init(pld_ctx *ctx);
void pld_envelope_free(pld_ctx *ctx);

#endif
