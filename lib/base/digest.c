#include "polder/digest.h"

#include <xxhash.h>

/* Finaliser of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom
 * number generators", OOPSLA 2014, doi:10.1145/2660193.2660195), a bijection
 * in which every bit of the input changes every bit of the output. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

uint64_t pld_digest_bytes(const void *data, size_t bytes, uint64_t seed)
{
    return XXH3_64bits_withSeed(data, bytes, seed);
}

uint64_t pld_digest_element(uint64_t index, uint64_t bits)
{
    /* The constant keeps zeros at index 0 from adding nothing. */
    return mix(mix(index + UINT64_C(0x9e3779b97f4a7c15)) ^ bits);
}
