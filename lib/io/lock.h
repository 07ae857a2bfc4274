#ifndef PLD_IO_LOCK_H
#define PLD_IO_LOCK_H

#include <stdbool.h>

#include "polder/status.h"

/* One writer at a time: an advisory lock that only this library looks at, so
 * that any program may look into a file that is being written. It ends with
 * the process, whatever ends that. */

/* Take it for the file at `path`, made if `create`; *lock is a file
 * descriptor. PLD_ERR_STATE when another writer holds it, also in the same
 * program; where the file system has no locks, nobody does. Local, on one rank
 * for all. */
pld_status pld_lock_take(const char *path, bool create, int *lock);
void pld_lock_let_go(int *lock);

/* Whether anybody holds it. */
bool pld_lock_is_held(const char *path);

#endif
