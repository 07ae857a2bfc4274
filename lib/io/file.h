#ifndef PLD_IO_FILE_H
#define PLD_IO_FILE_H

#include "io/hdf5.h"
#include "polder/file.h"

struct pld_file_axis {
    char *name;
    char *units; /* NULL: none */
    double origin;
    double spacing;
};

struct pld_file {
    pld_ctx *ctx;
    char *path;
    hid_t id;
    bool writable;
    bool broken; /* writing has failed: it can only be closed */
    int naxes;   /* 0: indices are the coordinates */
    struct pld_file_axis axes[PLD_MAXDIM];
    int reserve;          /* of space, on rank 0: see preflight.h */
    int64_t bounce_bytes; /* of the buffer between fields and HDF5 */
    int64_t piece_bytes;  /* most that one call of HDF5 moves */
    int64_t long_run;     /* bytes that each rank moves by itself */
};

/* Check the handle, or also that the file may be written to. *Local*. */
pld_status pld_file_check(const pld_file *file);
pld_status pld_file_check_writable(const pld_file *file);

/* Hand what was written to the file system. *Collective, agreed*. */
pld_status pld_file_flush(pld_file *file);

/* Close and open again, so that HDF5 forgets what it has read. No object of the
 * file may be open. *Collective, agreed*. */
pld_status pld_file_reopen(pld_file *file);

/* Check that `bytes` more fit on the disk, and their description. *Collective,
 * agreed*. */
pld_status pld_file_check_space(pld_file *file, int64_t bytes);

/* Take `bytes` of the disk from `first` on, or from the end of the file when
 * it is below 0, so that HDF5 never meets a full disk: it would not come back.
 * *Collective, agreed*. */
pld_status pld_file_take_space(pld_file *file, int64_t first, int64_t bytes);

#endif
