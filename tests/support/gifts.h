#ifndef PLD_TESTS_GIFTS_H
#define PLD_TESTS_GIFTS_H

#include "support/subject.h"

/* What an accumulation makes of fields whose every element, ghosts included,
 * holds a number of its own. */

/* The number of an element on a rank. */
uint64_t gifts_number(int seed, int of_rank, const int64_t index[PLD_MAXDIM],
                      int comp);

/* Make the halo, do every operation that the types allow, look at every
 * element. A width is given for each side, or none. Collective; whether it is
 * right here. */
bool gifts_accumulate(const struct subject *subject, const pld_halo_spec *spec);

#endif
