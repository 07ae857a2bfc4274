#ifndef PLD_LOG_H
#define PLD_LOG_H

#include "polder/api.h"

PLD_BEGIN_C

/** @file
 * The log. Silent unless asked for, by pld_log_configure() or by the
 * environment: PLD_LOG=LEVEL logs on rank 0, PLD_LOG=LEVEL:all on every rank;
 * LEVEL is one of error, warning, info, debug. Lines go to standard error. The
 * rank is that in the first context of the process. */

/** How much to say; each level includes those before it. */
typedef enum pld_log_level {
    PLD_LOG_SILENT,
    PLD_LOG_ERROR,
    PLD_LOG_WARNING,
    PLD_LOG_INFO,
    PLD_LOG_DEBUG
} pld_log_level;

/** Where lines go: `line` ends without a newline. */
typedef void pld_log_sink(pld_log_level level, int rank, const char *line,
                          void *data);

/** Log up to `level`, on rank 0 or on all ranks; overrides the environment.
 * *Local*, not thread-safe. */
PLD_API void pld_log_configure(pld_log_level level, int all_ranks);

/** Send lines to `sink` in place of standard error; NULL restores it.
 * *Local*, not thread-safe. */
PLD_API void pld_log_set_sink(pld_log_sink *sink, void *data);

/** Whether a line of this level would be written here. *Local*. */
PLD_API int pld_log_wants(pld_log_level level);

/** Write a line to the log. *Local*. */
PLD_API void pld_log(pld_log_level level, const char *format, ...)
    PLD_PRINTF(2, 3);

PLD_END_C

#endif
