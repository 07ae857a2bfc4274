#ifndef PLD_IO_CARRY_H
#define PLD_IO_CARRY_H

#include "io/data.h"

/* What both ways have in common: pieces of a box through the bounce buffer,
 * with their numbers converted. HDF5 could convert too, but not what is
 * filtered and written together. */

struct pld_carry {
    const struct pld_move *move;
    hid_t stored; /* type in the file */
    hid_t memory;
    bool converts;
    int64_t widest; /* bytes of a point on either side */
};

/* Also of one that failed to begin: end it. *Local*. */
pld_status pld_carry_begin(const struct pld_move *move, struct pld_carry *out);
void pld_carry_end(struct pld_carry *carry);

/* Whether points of the box can go without the buffer. */
bool pld_carry_dense(const struct pld_carry *carry, pld_box box);

/* Points of a piece, at most. */
int64_t pld_carry_limit(const struct pld_carry *carry, bool dense);

/* Make room for a piece of so many points: *out is where it goes, dense. */
pld_status pld_carry_room(const struct pld_carry *carry, int64_t npoints,
                          char **out);

/* From the block to the buffer, as it is stored; and back. There must be room.
 */
pld_status pld_carry_pack(const struct pld_carry *carry, pld_box piece);
pld_status pld_carry_unpack(const struct pld_carry *carry, pld_box piece);

#endif
