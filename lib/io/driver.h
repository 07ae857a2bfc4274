#ifndef PLD_IO_DRIVER_H
#define PLD_IO_DRIVER_H

#include "io/hdf5.h"

/* How HDF5 reaches a file that one rank works on alone: as its own driver for
 * POSIX does, byte by byte the same, but it is not told when writing fails.
 * HDF5 forgets failures of what it had put off, leaves objects open after
 * others, and then hangs or crashes when the program ends. So it goes on as if
 * all were well, and the first failure is found here. */

/* Zero before the file is opened; to outlive it. */
struct pld_trouble {
    int code; /* errno of the first write, cut or close that failed; 0: none */
};

/* Let a file access list use it. */
pld_status pld_driver_choose(hid_t access, struct pld_trouble *trouble);

/* The named error, if there was trouble with the file at `path`. */
pld_status pld_trouble_check(const struct pld_trouble *trouble,
                             const char *path);

#endif
