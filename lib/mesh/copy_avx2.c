#include "mesh/copy_tier.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <string.h>

#define VECTOR_BYTES 32
#define TARGET __attribute__((target("avx2")))
#define STREAM(to, v) _mm256_stream_si256((__m256i *)(to), (__m256i)(v))

#include "mesh/copy_tier.inc"

static bool runs(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2");
}

const struct pld_copy_tier pld_copy_avx2 = {
    "avx2", runs, lines, {tiles4, tiles8, tiles16}};

#endif
