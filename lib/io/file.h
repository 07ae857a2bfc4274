#ifndef PLD_IO_FILE_H
#define PLD_IO_FILE_H

#include "io/bounce.h"
#include "io/driver.h"
#include "io/hdf5.h"
#include "polder/file.h"

/* An open file. Its description, that is groups, attributes, and where each
 * variable's numbers lie, is worked on by rank 0 alone, with HDF5 as in a
 * program without MPI; the others are told. Numbers go one of two ways, see
 * data.h: each rank's own reads and writes at the places that it was told, or
 * HDF5 through MPI-IO on all ranks together. The description and MPI-IO take
 * turns: what one has written the other reads from the file. */

struct pld_file_axis {
    char *name;
    char *units; /* NULL: none */
    double origin;
    double spacing;
};

struct pld_file {
    pld_ctx *ctx;
    char *path;
    hid_t id;     /* the description on rank 0, below 0 elsewhere */
    hid_t shared; /* through MPI-IO on all ranks, below 0 while it is not */
    int fd;       /* this rank's own way to the numbers; -1 until needed */
    int lock;     /* rank 0's, see lock.h */
    bool writable;
    bool broken;   /* writing has failed: it can only be closed */
    bool coherent; /* ranks see what the others have written */
    pld_io way;    /* by the environment */
    int naxes;     /* 0: indices are the coordinates */
    struct pld_file_axis axes[PLD_MAXDIM];
    struct pld_scale_known *scales; /* on rank 0: see links.h */
    pld_storage storage;
    int reserve;                /* of space, on rank 0: see preflight.h */
    struct pld_trouble trouble; /* of HDF5 on rank 0, see driver.h */
    struct pld_bounce bounces[PLD_NBOUNCES];
    int64_t bounce_bytes; /* that they have when they are needed */
    int64_t piece_bytes;  /* most that one call moves */
    int64_t long_run;     /* bytes that each rank moves by itself */
};

/* Check the handle, or also that the file may be written to. *Local*. */
pld_status pld_file_check(const pld_file *file);
pld_status pld_file_check_writable(const pld_file *file);

/* Whether ranks may read and write by themselves: the same on all. *Local*. */
bool pld_file_is_direct(const pld_file *file);

/* Make ready to work on the description: `id` is open on rank 0, and nothing of
 * it in other hands. To be called before any function that uses `id`.
 * *Collective, agreed*. */
pld_status pld_file_describe(pld_file *file);

/* Whether this rank is the one that works on the description. */
bool pld_file_leads(const pld_file *file);

/* Make ready to move numbers by HDF5 on all ranks: `shared` is open. No object
 * of the description may be. *Collective, agreed*. */
pld_status pld_file_share(pld_file *file);

/* Make ready to move them by this rank itself: `fd` is open. *Local*. */
pld_status pld_file_reach(pld_file *file);

/* Hand what was written to the system; or to the disk. *Collective, agreed*. */
pld_status pld_file_flush(pld_file *file);
pld_status pld_file_sync(pld_file *file);

/* For rank 0, *local*: check that `bytes` more fit on the disk, and their
 * description. */
pld_status pld_file_check_space(pld_file *file, int64_t bytes);

/* For rank 0, *local*: take `bytes` of the disk from `first` on, so that nobody
 * meets a full disk in the middle of writing. */
pld_status pld_file_take_space(pld_file *file, int64_t first, int64_t bytes);

#endif
