#ifndef PLD_BASE_SORT_H
#define PLD_BASE_SORT_H

#include <stdint.h>

#include "polder/status.h"

/* A key to sort by, and what it belongs to. */
struct pld_keyed {
    uint64_t key;
    int64_t value;
};

/* Sort by ascending keys; what has equal keys stays in its order. By radix, in
 * linear time: one pass for each byte in which keys differ. Takes as much
 * memory again meanwhile. */
pld_status pld_sort(int64_t n, struct pld_keyed *items);

/* A signed number as a key that sorts the same. */
static inline uint64_t pld_sort_key(int64_t x)
{
    return (uint64_t)x ^ UINT64_C(1) << 63;
}

#endif
