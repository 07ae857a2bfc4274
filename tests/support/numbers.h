#ifndef PLD_TESTS_NUMBERS_H
#define PLD_TESTS_NUMBERS_H

#include "support/subject.h"

/* Fields of any type that hold the numbers of their points, and ghosts that
 * should. */

/* Own points by formula, moved by `start`; ghosts with a mark. */
void numbers_reset(pld_field *field, int64_t start);

/* Own points and the ghosts within reach hold the number of the point that
 * they stand for, all others the mark. *Local*. */
bool numbers_hold(const pld_field *field, const struct reach *reach,
                  int64_t start);

/* Make the halo, exchange once, look at every element. Collective; whether it
 * is right here. */
bool numbers_exchange(const pld_halo_spec *spec);

#endif
