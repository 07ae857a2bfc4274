#ifndef PLD_RANDOM_H
#define PLD_RANDOM_H

#include <stdint.h>

#include "polder/api.h"

PLD_BEGIN_C

/** @file
 * Random numbers as a function of (seed, stream, index): no state, no order,
 * hence the same on any number of ranks when the index is a global one.
 *
 * Generator: Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random
 * numbers: as easy as 1, 2, 3", SC11, doi:10.1145/2063384.2063405). The key is
 * the seed, the counter the index (low half) and the stream (high half). */

/** Which numbers: any seed, any stream. All functions here are *local*, pure
 * and thread-safe, and give the same bits on every machine with IEEE 754
 * arithmetic. */
typedef struct pld_random {
    uint64_t seed;   /**< one for a run */
    uint64_t stream; /**< one for a use */
} pld_random;

/** The 128 random bits at `index`. */
PLD_API void pld_random_bits(pld_random random, uint64_t index,
                             uint32_t out[4]);

/** Uniform in [0, 1): a multiple of 2^-53. */
PLD_API double pld_random_uniform(pld_random random, uint64_t index);

/** Standard normal: the inverse of the distribution function (Wichura,
 * algorithm AS 241, PPND16, Applied Statistics 37 (1988) 477) at a uniform in
 * (0, 1), in basic operations only. */
PLD_API double pld_random_normal(pld_random random, uint64_t index);

/** Uniform integer in [0, bound), free of bias beyond 2^-64; 0 when bound < 1.
 */
PLD_API int64_t pld_random_integer(pld_random random, uint64_t index,
                                   int64_t bound);

PLD_END_C

#endif
