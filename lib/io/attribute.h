#ifndef PLD_IO_ATTRIBUTE_H
#define PLD_IO_ATTRIBUTE_H

#include "io/hdf5.h"

/* Set an attribute that is a text, in place of one that is there: metadata,
 * to be done alike on all ranks. */
pld_status pld_attribute_put_text(hid_t object, const char *name,
                                  const char *text);

#endif
