#include "mesh/copy_tier.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

/* The fastest first. */
static const struct pld_copy_tier *const tiers[] = {
#ifdef __x86_64__
    &pld_copy_avx512, &pld_copy_avx2,
#endif
    &pld_copy_baseline};

enum { NTIERS = sizeof tiers / sizeof *tiers };

static const struct pld_copy_tier *_Atomic chosen;

const struct pld_copy_tier *pld_copy_tier(void)
{
    const struct pld_copy_tier *tier =
        atomic_load_explicit(&chosen, memory_order_acquire);
    if (tier == NULL)
        pld_copy_use(NULL);
    return atomic_load_explicit(&chosen, memory_order_acquire);
}

bool pld_copy_use(const char *name)
{
    for (int i = 0; i < NTIERS; i++)
        if ((name == NULL || strcmp(name, tiers[i]->name) == 0) &&
            tiers[i]->runs()) {
            atomic_store_explicit(&chosen, tiers[i], memory_order_release);
            return true;
        }
    return false;
}
