#include "mesh/copy_tier.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <string.h>

#define VECTOR_BYTES 64
#define TARGET __attribute__((target("avx512f")))
#define STREAM(to, v) _mm512_stream_si512((__m512i *)(to), (__m512i)(v))

#include "mesh/copy_tier.inc"

static bool runs(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f");
}

const struct pld_copy_tier pld_copy_avx512 = {
    "avx512", runs, lines, {tiles4, tiles8, tiles16}};

#endif
