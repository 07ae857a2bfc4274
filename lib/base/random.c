#include "polder/random.h"
#include "base/random.h"

void pld_philox(const uint32_t counter[4], const uint32_t key[2],
                uint32_t out[4])
{
    uint32_t a = counter[0];
    uint32_t b = counter[1];
    uint32_t c = counter[2];
    uint32_t d = counter[3];
    uint32_t k0 = key[0];
    uint32_t k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t low = (uint64_t)a * 0xd2511f53u;
        uint64_t high = (uint64_t)c * 0xcd9e8d57u;
        a = (uint32_t)(high >> 32) ^ b ^ k0;
        b = (uint32_t)high;
        c = (uint32_t)(low >> 32) ^ d ^ k1;
        d = (uint32_t)low;
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
    out[0] = a;
    out[1] = b;
    out[2] = c;
    out[3] = d;
}

void pld_random_bits(pld_random random, uint64_t index, uint32_t out[4])
{
    uint32_t counter[4] = {(uint32_t)index, (uint32_t)(index >> 32),
                           (uint32_t)random.stream,
                           (uint32_t)(random.stream >> 32)};
    uint32_t key[2] = {(uint32_t)random.seed, (uint32_t)(random.seed >> 32)};
    pld_philox(counter, key, out);
}

static uint64_t word(const uint32_t bits[2])
{
    return (uint64_t)bits[1] << 32 | bits[0];
}

double pld_random_uniform(pld_random random, uint64_t index)
{
    uint32_t bits[4];
    pld_random_bits(random, index, bits);
    return (double)(word(bits) >> 11) * 0x1p-53;
}

double pld_random_normal(pld_random random, uint64_t index)
{
    uint32_t bits[4];
    pld_random_bits(random, index, bits);
    /* The middles of 2^52 equal parts: exact, and neither 0 nor 1. */
    return pld_normal_quantile(((double)(word(bits) >> 12) + 0.5) * 0x1p-52);
}

int64_t pld_random_integer(pld_random random, uint64_t index, int64_t bound)
{
    if (bound < 1)
        return 0;
    uint32_t bits[4];
    pld_random_bits(random, index, bits);
    /* The whole part of bound * x, x a fraction of 128 bits. Any of the results
     * is off its share by less than bound * 2^-128, so nothing is rejected. */
    __extension__ typedef unsigned __int128 wide;
    uint64_t carry = (uint64_t)((wide)word(bits) * (uint64_t)bound >> 64);
    return (int64_t)(((wide)word(bits + 2) * (uint64_t)bound + carry) >> 64);
}
