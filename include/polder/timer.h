#ifndef PLD_TIMER_H
#define PLD_TIMER_H

#include <stdint.h>

#include "polder/context.h"

PLD_BEGIN_C

/** @file
 * Where the time goes: phases of a context, each with seconds and calls of
 * this rank. The library keeps "exchange" (halo exchanges, waiting included),
 * "reduce" (reductions) and "file"; callers add their own by name. Phases may
 * nest; each counts all the time between its begin and end. */

/** Monotonic wall-clock seconds since some moment. *Local*. */
PLD_API double pld_time(void);

/** Enter a phase (at most 32 names a context). PLD_ERR_STATE if it is already
 * entered. *Local*. */
PLD_CALL pld_timer_begin(pld_ctx *ctx, const char *phase);

/** Leave it. PLD_ERR_STATE if it was not entered. *Local*. */
PLD_CALL pld_timer_end(pld_ctx *ctx, const char *phase);

/** Seconds this rank spent in a phase so far; 0 for an unknown one. *Local*. */
PLD_API double pld_timer_seconds(const pld_ctx *ctx, const char *phase);

/** How often it was left. *Local*. */
PLD_API int64_t pld_timer_calls(const pld_ctx *ctx, const char *phase);

/** Set all phases back to zero. *Local*. */
PLD_API void pld_timer_reset(pld_ctx *ctx);

PLD_END_C

#endif
