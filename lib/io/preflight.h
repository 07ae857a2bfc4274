#ifndef PLD_IO_PREFLIGHT_H
#define PLD_IO_PREFLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "polder/status.h"

/* What can be said of a path before HDF5 and MPI see it: they would abort,
 * hang or tell less. All local, by POSIX alone; one rank asks for all. */

pld_status pld_path_check_create(const char *path, int nranks);
pld_status pld_path_check_open(const char *path, bool writable, int nranks);

/* Whether the file system of `path` has room for `bytes` more. */
pld_status pld_space_check(const char *path, int64_t bytes);

/* Take `bytes` from the file system for the file, from `first` on, or from its
 * end when that is below 0. On failure it is as long as before. */
pld_status pld_space_take(const char *path, int64_t first, int64_t bytes);

#endif
