#ifndef PLD_IO_DATA_H
#define PLD_IO_DATA_H

#include "io/checksum.h"
#include "io/packing.h"
#include "mesh/block.h"

/* The numbers of a variable on their way between memory and the file: the one
 * place that moves them. */

/* What is moved. */
struct pld_target {
    const char *name; /* in the file */
    const struct pld_stored *stored;
    int64_t step;  /* along a leading time dimension; -1: there is none */
    int ndims;     /* of the box, 1 to 3 */
    int ncomps;    /* above 1: a last dimension of components */
    pld_type type; /* in memory */
    /* Not all of the variable but these points: boxes are of the lattice.
     * Checksums are of all. */
    const struct pld_lattice *lattice;
    const struct pld_packing *packing; /* of the numbers; NULL: none */
    bool whole; /* the ranks' boxes are all of that, none twice */
    struct pld_checksum *checksum; /* of what is moved; NULL: none */
};

/* Each rank moves its own box, which may be empty. *Collective, agreed*. */
pld_status pld_data_write(pld_file *file, const struct pld_target *target,
                          const struct pld_block *block, pld_box box);
pld_status pld_data_read(pld_file *file, const struct pld_target *target,
                         const struct pld_block *block, pld_box box);

/* The same for each of the ways, which data.c chooses from. They return how it
 * went on this rank, and bring all ranks to the end whatever goes wrong. */
enum pld_direction { PLD_FROM_FILE, PLD_TO_FILE };

struct pld_move {
    pld_file *file;
    const struct pld_target *target;
    enum pld_direction direction;
    const struct pld_block *block;
    pld_box box;
};

/* Each rank by itself. *Local*. */
pld_status pld_move_direct(const struct pld_move *move);

/* Short runs are exchanged between ranks, so that each rank reads or writes
 * long ones. Needs target->whole. *Collective*. */
pld_status pld_move_gathered(const struct pld_move *move);

/* HDF5 through MPI-IO, on a shared file. *Collective, agreed*. */
pld_status pld_move_shared(const struct pld_move *move);

/* Whether the points of the box lie in memory as they do in a dense row-major
 * array, components last. */
bool pld_lies_dense(const struct pld_block *block, pld_box box);

#endif
