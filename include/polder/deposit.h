#ifndef PLD_DEPOSIT_H
#define PLD_DEPOSIT_H

#include "polder/field.h"

PLD_BEGIN_C

/** @file
 * Deposit: adding what particles carry to the points of a field, exactly.
 *
 *     PLD_TRY(pld_deposit_create(charge, &deposit));
 *     for (each batch of particles)
 *         PLD_TRY(pld_deposit_add(deposit, n, cells, values));
 *     PLD_TRY(pld_deposit_finish(deposit));
 *
 * Every own point of the field becomes the sum of all that was deposited to it
 * on any rank, added up without rounding and rounded once, to nearest even. So
 * it has the same bits on any number of ranks, with any decomposition, and
 * whichever rank deposits which particle in whatever order. Only the values
 * themselves are the caller's: each must come out the same on the rank that
 * computes it.
 *
 * A particle may reach into the ghosts of the rank that holds it: the halo of
 * the field is how far. Any finite values may meet. NaN where a NaN or both
 * infinities did, else an infinity where one did; a sum that is zero is +0.
 *
 * Memory: from the first particle until finish, a rank holds 8 bytes for each
 * 40 bits between the highest and the lowest bit of all that was deposited, for
 * each component of each point of its padded block. Values of one magnitude
 * take 16 to 32 bytes, any values at most 440; finish may take 8 more, and
 * up to three times as much for each ghost, for messages. */

/** Opaque: a field, and what is to be added up in it. */
typedef struct pld_deposit pld_deposit;

/** Prepare to deposit into a field of f64, which must outlive it. PLD_ERR_TYPE
 * for other types. *Collective, agreed*, but for a field that is none. */
PLD_CALL pld_deposit_create(pld_field *field, pld_deposit **out);

/** Destroy it, with what was deposited since the last finish, and set *deposit
 * to NULL; *deposit may be NULL. *Collective*. */
PLD_CALL pld_deposit_destroy(pld_deposit **deposit);

/** Deposit n particles. `cells` holds their cells, n times as many global
 * indices as the grid has dimensions; `values` n times as many values as the
 * field has components. A cell must lie within this rank's padded block (see
 * pld_field_padded) and, along dimensions that are not periodic, within the
 * domain; else PLD_ERR_ARG names the particle and the cell, and nothing is
 * deposited. PLD_ERR_MEMORY: nothing either, but for calls with more than 2^20
 * values, of which some may be. *Local*. */
PLD_CALL pld_deposit_add(pld_deposit *deposit, int64_t n, const int64_t *cells,
                         const double *values);

/** Set every own point of the field to the sum of what was deposited to it, 0
 * if nothing was; ghosts are not touched. The deposit is empty then, and ready
 * for more. *Collective*; a lack of memory is agreed, and leaves what was
 * deposited in place. */
PLD_CALL pld_deposit_finish(pld_deposit *deposit);

PLD_END_C

#endif
