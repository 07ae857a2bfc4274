#ifndef PLD_BASE_EXACT_ENVIRONMENT_H
#define PLD_BASE_EXACT_ENVIRONMENT_H

/* The default floating-point environment, and the caller's one back. What is
 * computed in between must stand in a function that is not inlined: compilers
 * move arithmetic past these otherwise. */

#include <stdbool.h>

#ifdef __FAST_MATH__
#error "exact sums need IEEE arithmetic: compile without -ffast-math"
#endif

#ifdef __SSE2__

typedef unsigned pld_environment;

enum {
    PLD_CSR_CLEAN = 0x1f80, /* to nearest, nothing flagged, trapped, flushed */
    PLD_CSR_FLAGS = 0x2d    /* inexact, overflow, division by zero, invalid */
};

/* The intrinsics will not do: compilers take reading for a pure function, and
 * two readings for one. */
static inline unsigned pld_csr_read(void)
{
    unsigned csr;
    __asm__ volatile("stmxcsr %0" : "=m"(csr) : : "memory");
    return csr;
}

static inline void pld_csr_write(unsigned csr)
{
    __asm__ volatile("ldmxcsr %0" : : "m"(csr) : "memory");
}

static inline pld_environment pld_environment_enter(void)
{
    unsigned saved = pld_csr_read();
    pld_csr_write(PLD_CSR_CLEAN);
    return saved;
}

static inline void pld_environment_leave(pld_environment saved)
{
    pld_csr_write(saved);
}

/* Whether anything was inexact or worse since the environment was entered or
 * flags were cleared. */
static inline bool pld_flags_raised(void)
{
    return (pld_csr_read() & PLD_CSR_FLAGS) != 0;
}

static inline void pld_flags_clear(void)
{
    pld_csr_write(PLD_CSR_CLEAN);
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

static inline bool pld_flags_raised(void)
{
    return fetestexcept(FE_INEXACT | FE_OVERFLOW | FE_DIVBYZERO | FE_INVALID);
}

static inline void pld_flags_clear(void)
{
    feclearexcept(FE_ALL_EXCEPT);
}

#endif

#endif
