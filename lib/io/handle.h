#ifndef PLD_IO_HANDLE_H
#define PLD_IO_HANDLE_H

#include "io/file.h"

/* Files as HDF5 has them open. All local, but pld_handle_share: MPI-IO is
 * collective. */

/* Create or open the description, for one rank without MPI. */
pld_status pld_handle_create(pld_file *file);
pld_status pld_handle_open(pld_file *file);
pld_status pld_handle_close(pld_file *file);

/* Open and close the file through MPI-IO; without agreement. */
pld_status pld_handle_share(pld_file *file);
pld_status pld_handle_unshare(pld_file *file);

#endif
