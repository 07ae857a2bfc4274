#ifndef PLD_TESTS_DRAW_H
#define PLD_TESTS_DRAW_H

#include <stdbool.h>
#include <stdint.h>

/* Random choices, the same on all ranks and in every run. */

/* One of low ... high. */
int64_t draw(int64_t low, int64_t high);
bool draw_bool(void);

#endif
