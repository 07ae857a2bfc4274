#ifndef PLD_BASE_RANDOM_H
#define PLD_BASE_RANDOM_H

#include <stdint.h>

/* Philox 4x32-10: ten rounds on a counter of four words. */
void pld_philox(const uint32_t counter[4], const uint32_t key[2],
                uint32_t out[4]);

/* Where the standard normal distribution function is `p`, 0 < p < 1. */
double pld_normal_quantile(double p);

#endif
