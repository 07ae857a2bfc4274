#ifndef PLD_IO_DATA_H
#define PLD_IO_DATA_H

#include "io/file.h"
#include "mesh/block.h"

/* The numbers of a variable on their way between memory and the file: the one
 * place that moves them. */

/* What is moved. */
struct pld_target {
    hid_t dataset;
    const char *name; /* for errors */
    int64_t step;     /* along a leading time dimension; -1: there is none */
    int ndims;        /* of the box, 1 to 3 */
    int ncomps;       /* above 1: a last dimension of components */
    pld_type type;    /* in memory */
};

/* Each rank moves its own box, which may be empty. *Collective, agreed*. */
pld_status pld_data_write(pld_file *file, const struct pld_target *target,
                          const struct pld_block *block, pld_box box);
pld_status pld_data_read(pld_file *file, const struct pld_target *target,
                         const struct pld_block *block, pld_box box);

/* Some values of a variable of one dimension, the same on all ranks.
 * *Collective, agreed*. */
pld_status pld_data_write_line(pld_file *file, const struct pld_target *target,
                               int64_t first, int64_t count,
                               const double *values);
pld_status pld_data_read_line(pld_file *file, const struct pld_target *target,
                              int64_t first, int64_t count, double *out);

#endif
