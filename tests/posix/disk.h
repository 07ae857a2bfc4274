#ifndef PLD_TESTS_DISK_H
#define PLD_TESTS_DISK_H

#include "posix/calls.h"

/* What a disk may hold when the power is cut, by what POSIX promises and no
 * more: bytes that were not synced may be old, zero or new, each write by
 * itself; names that their folder was not synced for may be old or new, each
 * by itself. Replayed from what calls.h has written down. */

struct disk;

/* Read the log of what happened in one folder, and to it. */
struct disk *disk_read(const char *log);
void disk_free(struct disk *disk);

/* Entries in the log; the last claim among the first `n`, -1: none. */
int disk_length(const struct disk *disk);
int64_t disk_claimed(const struct disk *disk, int n);

/* How many states are tried when the power is cut after `n` entries. The first
 * few are all old, all zero, all new; the others are drawn. */
enum { DISK_STATES = 16 };

/* One of them, made anew in `folder`, which is emptied before. False when its
 * names and bytes were there before, and nothing is made. */
bool disk_make(struct disk *disk, int n, int state, const char *folder);

#endif
