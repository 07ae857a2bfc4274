#ifndef PLD_PAR_SHARED_H
#define PLD_PAR_SHARED_H

#include "par/context.h"

/* Memory that other ranks of the node can look into, or where there can be none
 * or it is full, memory that they can not: that is slower, but it works, and
 * the log says so. Zeroed, aligned to 64 bytes; NULL for a count of 0. */
pld_status pld_shared_alloc(pld_ctx *ctx, const char *what, int64_t count,
                            size_t size, void *out);

/* Give it back; NULL is fine. */
void pld_shared_free(pld_ctx *ctx, void *memory);

#endif
