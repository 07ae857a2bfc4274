#ifndef PLD_IO_XDMF_H
#define PLD_IO_XDMF_H

#include "mesh/field.h"

/* The XDMF file beside a time series: text that tells ParaView and VisIt where
 * in the HDF5 file which values lie, and on what mesh. */

struct pld_xdmf {
    const char *path; /* of the HDF5 file; the XDMF file is PATH.xdmf */
    int nfields;
    pld_field *const *fields;
    int64_t nsteps;
    const double *times;
    const double *origin; /* low corner of cell 0, and size of the cells */
    const double *spacing;
};

/* Write it aside and put it in place at once. *Local*. */
pld_status pld_xdmf_write(const struct pld_xdmf *xdmf);

#endif
