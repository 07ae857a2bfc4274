#ifndef PLD_TESTS_INDEX_H
#define PLD_TESTS_INDEX_H

#include "polder/box.h"

/* Step to the next index of a box, in C order; false after the last one, when
 * `index` is the first one again. */
bool next_index(pld_box box, int64_t index[PLD_MAXDIM]);

#endif
