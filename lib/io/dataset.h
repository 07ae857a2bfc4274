#ifndef PLD_IO_DATASET_H
#define PLD_IO_DATASET_H

#include "io/checksum.h"
#include "mesh/field.h"

/* Move the own points of a field to or from a variable of its shape, at a step
 * of a leading time dimension, or -1, with the checksum of it unless that is
 * NULL. *Collective, agreed*. */
pld_status pld_dataset_write(pld_file *file, const struct pld_stored *stored,
                             int64_t step, const pld_field *field,
                             struct pld_checksum *checksum);
pld_status pld_dataset_read(pld_file *file, const struct pld_stored *stored,
                            const char *name, int64_t step, pld_field *field,
                            struct pld_checksum *checksum);

/* Make the variable of a field, with its coordinates; or one without, all 0, as
 * `like` says. On rank 0, *local*. */
pld_status pld_dataset_create(pld_file *file, const pld_field *field,
                              hid_t *out);
pld_status pld_dataset_create_empty(pld_file *file, const char *name,
                                    const pld_variable *like, hid_t *out);

/* Bytes of all points of a field; PLD_ERR_OVERFLOW. *Local*. */
pld_status pld_dataset_bytes(const pld_field *field, int64_t *out);

#endif
