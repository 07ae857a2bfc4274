#ifndef PLD_IO_SIEVE_H
#define PLD_IO_SIEVE_H

#include "io/data.h"

/* Points of a brick with gaps between them, or some of their components: what
 * lies between is read too, and written back as it was. That hurts nobody: the
 * bytes of a row between two points of a rank belong to no other rank of this
 * transfer.
 *
 * R. Thakur, W. Gropp, E. Lusk: "Data sieving and collective I/O in ROMIO",
 * Frontiers 1999, doi:10.1109/FMPC.1999.750599. */

/* `piece` of the lattice, which lies in the brick, from or to `data`, dense.
 * *Local*. */
pld_status pld_sieve_pass(const struct pld_move *move,
                          const struct pld_brick *brick, pld_box piece,
                          char *data);

#endif
