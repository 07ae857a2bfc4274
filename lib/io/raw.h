#ifndef PLD_IO_RAW_H
#define PLD_IO_RAW_H

#include "io/file.h"

/* Bytes at a place of the file, by this rank alone and without HDF5. `name` is
 * of the variable, for errors. Local. */

pld_status pld_raw_write(pld_file *file, const char *name, const void *data,
                         int64_t bytes, int64_t place);
pld_status pld_raw_read(pld_file *file, const char *name, void *out,
                        int64_t bytes, int64_t place);

/* All of it, in as many calls as it takes: 0, or errno. */
int pld_raw_put(int fd, const void *data, int64_t bytes, int64_t place);

/* How many bytes there are, up to `bytes`; -1: errno tells. */
int64_t pld_raw_get(int fd, void *out, int64_t bytes, int64_t place);

/* Bring what was written to the disk: 0, or errno. Of a file system that cannot
 * do that for files, or for folders, it cannot be asked. */
int pld_raw_sync(int fd);

#endif
