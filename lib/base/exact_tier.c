#include "polder/exact.h"
#include "base/exact.h"

#include <stdatomic.h>
#include <stdlib.h>

/* From the fastest to the one that runs anywhere. */
static const struct tier {
    const char *name;
    bool (*runs)(void);
    pld_exact_kernel *kernel;
} tiers[] = {{"avx512", pld_exact_avx512_runs, pld_exact_avx512},
             {"scalar", NULL, pld_exact_scalar}};

enum { NTIERS = sizeof tiers / sizeof *tiers };

static const struct tier *_Atomic chosen;

static const struct tier *find(const char *name)
{
    for (int i = 0; i < NTIERS; i++)
        if ((name == NULL || strcmp(name, tiers[i].name) == 0) &&
            (tiers[i].runs == NULL || tiers[i].runs()))
            return &tiers[i];
    return NULL;
}

/* Threads that meet here choose the same. */
static const struct tier *choose(void)
{
    const struct tier *tier =
        atomic_load_explicit(&chosen, memory_order_acquire);
    if (tier != NULL)
        return tier;
    const char *wish = getenv("PLD_EXACT_TIER");
    tier = wish != NULL ? find(wish) : NULL;
    if (tier == NULL)
        tier = find(NULL);
    atomic_store_explicit(&chosen, tier, memory_order_release);
    return tier;
}

pld_exact_kernel *pld_exact_chosen(void)
{
    return choose()->kernel;
}

const char *pld_exact_tier(void)
{
    return choose()->name;
}

bool pld_exact_use(const char *name)
{
    const struct tier *tier = find(name);
    if (tier != NULL)
        atomic_store_explicit(&chosen, tier, memory_order_release);
    return tier != NULL;
}
