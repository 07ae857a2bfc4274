#ifndef PLD_DIGEST_H
#define PLD_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "polder/api.h"

PLD_BEGIN_C

/** @file
 * Digests: to compare data by 64 bits. For detecting accidents, not attacks.
 * The digest of a field is pld_field_digest(). */

/** XXH3 (64 bits) of `bytes` bytes. *Local*, thread-safe. */
PLD_API uint64_t pld_digest_bytes(const void *data, size_t bytes,
                                  uint64_t seed);

/** Mix of one element's place and bits: the digest of a set of elements is the
 * sum of these modulo 2^64, whatever the order and the partition. `index` is
 * the element's global linear index, components included. *Local*. */
PLD_API uint64_t pld_digest_element(uint64_t index, uint64_t bits);

PLD_END_C

#endif
