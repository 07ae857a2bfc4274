#ifndef PLD_IO_PREFLIGHT_H
#define PLD_IO_PREFLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "polder/status.h"

/* What can be said of a path before HDF5 and MPI see it: they would abort,
 * hang or tell less. All local, by POSIX alone; one rank asks for all. */

pld_status pld_path_check_create(const char *path);
pld_status pld_path_check_open(const char *path, bool writable);

/* What MPI-IO cannot take of a path. */
pld_status pld_path_check_shared(const char *path, int nranks);

/* Whether ranks of several nodes that write to the file system of `path` each
 * by itself would find what the others have written. */
bool pld_path_is_coherent(const char *path);

/* The status for what the system said. */
pld_status pld_status_of_errno(int code);

/* Whether the file system of `path` has room for `bytes` more. */
pld_status pld_space_check(const char *path, int64_t bytes);

/* Take `bytes` from the file system for the file, from `first` on, or from its
 * end when that is below 0. On failure it is as long as before. */
pld_status pld_space_take(const char *path, int64_t first, int64_t bytes);

/* A reserve of space beside `path`, in a file without a name: let go when HDF5
 * is about to write what it holds back, so that it finds room on a disk that
 * others have filled. *reserve is a file descriptor, -1 when there is none. */
pld_status pld_reserve_hold(const char *path, int64_t bytes, int *reserve);
void pld_reserve_let_go(int *reserve);

#endif
