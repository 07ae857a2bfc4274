#ifndef PLD_BASE_EXACT_ENVIRONMENT_H
#define PLD_BASE_EXACT_ENVIRONMENT_H

/* The default floating-point environment, and the caller's one back. What is
 * computed in between must stand in a function that is not inlined: compilers
 * move arithmetic past these otherwise. */

#ifdef __FAST_MATH__
#error "exact sums need IEEE arithmetic: compile without -ffast-math"
#endif

#ifdef __SSE2__

#include <emmintrin.h>

typedef unsigned pld_environment;

static inline pld_environment pld_environment_enter(void)
{
    unsigned saved = _mm_getcsr();
    _mm_setcsr(
        0x1f80); /* to nearest, no flag set, nothing trapped or flushed */
    return saved;
}

static inline void pld_environment_leave(pld_environment saved)
{
    _mm_setcsr(saved);
}

#else

#include <fenv.h>

typedef fenv_t pld_environment;

static inline pld_environment pld_environment_enter(void)
{
    fenv_t saved;
    fegetenv(&saved);
    fesetenv(FE_DFL_ENV);
    return saved;
}

static inline void pld_environment_leave(pld_environment saved)
{
    fesetenv(&saved);
}

#endif

#endif
