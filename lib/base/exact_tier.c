#include "polder/exact.h"
#include "base/exact.h"
#include "base/exact_environment.h"

#include <stdatomic.h>
#include <stdlib.h>

/* Some emulators and debuggers know no flags; anything would seem exact. Not
 * inlined: see exact_environment.h. */
static __attribute__((noinline)) double add_inexactly(volatile double *x)
{
    return x[0] + x[1];
}

static bool flags_work(void)
{
    volatile double x[2] = {1, 0x1p-80};
    pld_environment saved = pld_environment_enter();
    bool quiet = !pld_flags_raised();
    x[0] = add_inexactly(x);
    bool raised = pld_flags_raised();
    pld_flags_clear();
    bool cleared = !pld_flags_raised();
    pld_environment_leave(saved);
    return quiet && raised && cleared;
}

#ifdef __x86_64__

static bool has_avx2(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx2_and_flags(void)
{
    return has_avx2() && flags_work();
}

#endif

static bool always(void)
{
    return true;
}

/* From the fastest to the one that runs anywhere. Of those of one name, the
 * first that runs. The last three are for tests. */
static const struct tier {
    const char *name;
    bool (*runs)(void);
    pld_exact_kernel *kernel;
} tiers[] = {
#ifdef __x86_64__
    {"avx512", pld_exact_avx512_runs, pld_exact_avx512},
    {"flag", has_avx2_and_flags, pld_exact_flag_avx2},
#endif
    {"flag", flags_work, pld_exact_flag},
#ifdef __x86_64__
    {"c11", has_avx2, pld_exact_c11_avx2},
#endif
    {"c11", always, pld_exact_c11},
    {"flag-baseline", flags_work, pld_exact_flag},
    {"c11-baseline", always, pld_exact_c11},
    {"scalar", always, pld_exact_scalar}};

enum { NTIERS = sizeof tiers / sizeof *tiers };

static const struct tier *_Atomic chosen;

static const struct tier *find(const char *name)
{
    for (int i = 0; i < NTIERS; i++)
        if ((name == NULL || strcmp(name, tiers[i].name) == 0) &&
            tiers[i].runs())
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
