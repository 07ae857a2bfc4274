#ifndef PLD_TESTS_RECORD_H
#define PLD_TESTS_RECORD_H

#include "posix/calls.h"

/* Write down a change of names that has been made, or one of bytes. Nothing
 * when nothing is written down. */
void record_name(int kind, const char *path, const char *to);
void record_bytes(int kind, int fd, int64_t first, int64_t bytes,
                  const void *data);

#endif
