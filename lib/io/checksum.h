#ifndef PLD_IO_CHECKSUM_H
#define PLD_IO_CHECKSUM_H

#include "io/stored.h"

/* Checksums of a variable: CRC-32C of each block of its bytes, as they are
 * stored, in row-major order, and whatever the ranks, their boxes and the
 * layout. Each rank adds up what it reads or writes. In the file they are the
 * variable polder/crc/NAME. */

/* Bytes of a block, the last one but for the rest. */
#define PLD_CHECKSUM_BLOCK ((int64_t)1 << 20)

struct pld_checksum {
    struct pld_bricks whole; /* the variable as one brick at 0 */
    int64_t block;           /* bytes */
    int64_t bytes;           /* of all */
    int64_t nblocks;
    uint32_t *blocks; /* linear parts; on rank 0 in the end those of all */
};

/* Of all points of a variable, none added yet. *Local*. */
pld_status pld_checksum_begin(const struct pld_stored *stored, int64_t block,
                              struct pld_checksum *out);
void pld_checksum_free(struct pld_checksum *checksum);

/* Add a piece that lies dense in `data`, as it is stored; NULL for none. */
void pld_checksum_add(struct pld_checksum *checksum, pld_box piece,
                      const void *data);

/* Bring together what all ranks have added, on rank 0. *Collective*. */
pld_status pld_checksum_join(pld_ctx *ctx, struct pld_checksum *checksum);

/* Join, and compare with what is in the file: PLD_ERR_CORRUPT. *Collective,
 * agreed*. */
pld_status pld_checksum_agree(pld_file *file, const char *name,
                              struct pld_checksum *checksum);

/* The rest is for rank 0, *local*: bytes of the blocks that are in the file for
 * a variable, 0 when there are none; */
pld_status pld_checksum_look(const pld_file *file, const char *name,
                             int64_t *block);

/* how many variables have some, and the name of the i-th, into *bytes bytes if
 * `out` is not NULL: then they are those that it takes; */
pld_status pld_checksum_count(const pld_file *file, int64_t *count);
pld_status pld_checksum_name(const pld_file *file, int64_t i, char *out,
                             int64_t *bytes);

/* out of the file, when it will be changed in part; and into it. */
pld_status pld_checksum_drop(const pld_file *file, const char *name);
pld_status pld_checksum_put(const pld_file *file, const char *name,
                            const struct pld_checksum *checksum);

#endif
