#ifndef PLD_MEMORY_H
#define PLD_MEMORY_H

#include <stdint.h>

#include "polder/api.h"

PLD_BEGIN_C

/** @file
 * What the library holds of the process's memory. Every block it allocates is
 * counted, so that a program or a test can show that it gave all back. */

/** Blocks that the library holds now in this process. *Local*, thread-safe. */
PLD_API int64_t pld_memory_live_blocks(void);

/** Bytes of these blocks. *Local*, thread-safe. */
PLD_API int64_t pld_memory_live_bytes(void);

/** The most bytes held at any time so far. *Local*, thread-safe. */
PLD_API int64_t pld_memory_peak_bytes(void);

PLD_END_C

#endif
