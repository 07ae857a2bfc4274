#ifndef PLD_TESTS_CLASSES_H
#define PLD_TESTS_CLASSES_H

#include <stdint.h>

/* Kinds of data that sums of doubles find easy, hard or impossible. */

int classes_count(void);
const char *classes_name(int class);

/* n doubles of a class; others for another seed. */
void classes_fill(int class, uint64_t seed, int64_t n, double *x);

/* The next of a sequence of random words: SplitMix64. */
uint64_t classes_random(uint64_t *state);

#endif
