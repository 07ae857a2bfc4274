#include "mesh/copy_tier.h"

#include <string.h>

/* What every processor of the architecture runs. */

#define VECTOR_BYTES 16
#define TARGET
#ifdef __SSE2__
#include <emmintrin.h>
#define STREAM(to, v) _mm_stream_si128((__m128i *)(to), (__m128i)(v))
#else
#define STREAM(to, v) memcpy(to, &(v), sizeof(v))
#endif

#include "mesh/copy_tier.inc"

static bool runs(void)
{
    return true;
}

void pld_copy_fence(void)
{
#ifdef __SSE2__
    _mm_sfence();
#endif
}

const struct pld_copy_tier pld_copy_baseline = {
    "baseline", runs, lines, {tiles4, tiles8, tiles16}};
