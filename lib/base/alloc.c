#ifdef __linux__
#define _DEFAULT_SOURCE /* madvise */
#endif
#include "polder/memory.h"
#include "base/alloc.h"
#include "base/overflow.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#define ALIGNMENT 64
#define LARGE_PAGE ((size_t)2 << 20)

/* Lies in the 64 bytes before a block and keeps its size for pld_free. */
struct header {
    int64_t bytes;
};

static _Atomic int64_t live_blocks;
static _Atomic int64_t live_bytes;
static _Atomic int64_t peak_bytes;
static _Atomic int64_t until_failure; /* 0: never */

void pld_alloc_count(int64_t bytes)
{
    atomic_fetch_add(&live_blocks, 1);
    int64_t now = atomic_fetch_add(&live_bytes, bytes) + bytes;
    int64_t peak = atomic_load(&peak_bytes);
    while (now > peak && !atomic_compare_exchange_weak(&peak_bytes, &peak, now))
        continue;
}

void pld_alloc_discount(int64_t bytes)
{
    atomic_fetch_sub(&live_blocks, 1);
    atomic_fetch_sub(&live_bytes, bytes);
}

bool pld_alloc_allowed(void)
{
    return atomic_load(&until_failure) <= 0 ||
           atomic_fetch_sub(&until_failure, 1) != 1;
}

/* Blocks of several large pages begin with one, and ask for them: fewer are the
 * translations that a strided walk must look up. */
static void *take(size_t bytes)
{
    void *raw = NULL;
    bool large = bytes >= 2 * LARGE_PAGE;
    if (posix_memalign(&raw, large ? LARGE_PAGE : ALIGNMENT, bytes) != 0)
        return NULL;
#ifdef MADV_HUGEPAGE
    if (large)
        madvise(raw, bytes, MADV_HUGEPAGE);
#endif
    return raw;
}

pld_status pld_alloc(const char *what, int64_t count, size_t size, void *out)
{
    void *none = NULL;
    memcpy(out, &none, sizeof none);
    PLD_CHECK(count >= 0, PLD_ERR_ARG, "%s: count %" PRId64 " is negative",
              what, count);
    if (count == 0)
        return PLD_OK;

    int64_t bytes = 0;
    int64_t padded = 0;
    PLD_CHECK(pld_mul_fits(count, (int64_t)size, &bytes) &&
                  pld_add_fits(bytes, ALIGNMENT, &padded),
              PLD_ERR_OVERFLOW,
              "%s: %" PRId64 " elements of %zu bytes are too many", what, count,
              size);
    void *raw = pld_alloc_allowed() ? take((size_t)padded) : NULL;
    PLD_CHECK(raw != NULL, PLD_ERR_MEMORY,
              "%s: no memory for %" PRId64 " bytes", what, bytes);

    *(struct header *)raw = (struct header){.bytes = bytes};
    void *block = (char *)raw + ALIGNMENT;
    memset(block, 0, (size_t)bytes);
    pld_alloc_count(bytes);
    memcpy(out, &block, sizeof block);
    return PLD_OK;
}

void pld_free(void *block)
{
    if (block == NULL)
        return;
    struct header *header = (struct header *)((char *)block - ALIGNMENT);
    pld_alloc_discount(header->bytes);
    free(header);
}

pld_status pld_alloc_text(const char *text, char **out)
{
    size_t bytes = strlen(text) + 1;
    PLD_TRY(pld_alloc("text", (int64_t)bytes, 1, out));
    memcpy(*out, text, bytes);
    return PLD_OK;
}

void pld_alloc_fail(int64_t nth)
{
    atomic_store(&until_failure, nth);
}

int64_t pld_memory_live_blocks(void)
{
    return atomic_load(&live_blocks);
}

int64_t pld_memory_live_bytes(void)
{
    return atomic_load(&live_bytes);
}

int64_t pld_memory_peak_bytes(void)
{
    return atomic_load(&peak_bytes);
}
