#ifndef PLD_BASE_ALLOC_H
#define PLD_BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "polder/status.h"

/* Counted memory. Every block is aligned to 64 bytes and counted until it is
 * freed; see polder/memory.h. */

/* Allocate count * size bytes, zeroed, into *out, a pointer of any type given
 * by its address. A count of 0 gives NULL. `what` names the block in errors. */
pld_status pld_alloc(const char *what, int64_t count, size_t size, void *out);

/* Give it back; NULL is allowed. */
void pld_free(void *block);

/* For memory from elsewhere that counts as a block: whether it may be taken
 * (see pld_alloc_fail), and its coming and going. */
bool pld_alloc_allowed(void);
void pld_alloc_count(int64_t bytes);
void pld_alloc_discount(int64_t bytes);

/* A copy of a text. */
pld_status pld_alloc_text(const char *text, char **out);

/* For tests: let the `nth` next allocation (1: the next) of this process fail
 * with PLD_ERR_MEMORY; 0 switches it off. */
void pld_alloc_fail(int64_t nth);

#endif
