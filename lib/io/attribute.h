#ifndef PLD_IO_ATTRIBUTE_H
#define PLD_IO_ATTRIBUTE_H

#include "io/hdf5.h"

/* Set an attribute, in place of one that is there. On rank 0, *local*. The
 * first one is of any type and shape, which stay open. */
pld_status pld_attribute_put(hid_t object, const char *name, hid_t stored,
                             hid_t space, hid_t memory, const void *values);
pld_status pld_attribute_put_text(hid_t object, const char *name,
                                  const char *text);
pld_status pld_attribute_put_numbers(hid_t object, const char *name,
                                     pld_type type, int64_t count,
                                     const void *values);

#endif
