#ifndef PLD_IO_BOUNCE_H
#define PLD_IO_BOUNCE_H

#include <stdint.h>

#include "polder/status.h"

/* Memory between fields and a file: allocated when first needed and kept until
 * the file is closed, since the first touch of memory costs more than the copy
 * through it. */

/* Bytes of a buffer, unless a point takes more: few enough to stay in cache. */
#define PLD_BOUNCE_BYTES ((int64_t)4 << 20)

/* What they are for: on a rank's own way to the file; and where ranks gather,
 * a slab of the variable, its parts on their way, and one part of the own. With
 * them a rank holds at most 20 MiB for a file, whatever is moved. */
enum {
    PLD_BOUNCE_FILE,
    PLD_BOUNCE_CONVERT,
    PLD_BOUNCE_SLAB,
    PLD_BOUNCE_PARTS,
    PLD_BOUNCE_OWN,
    PLD_NBOUNCES
};

struct pld_bounce {
    char *data;
    int64_t bytes;
};

/* Make it so large; what it held is lost. *Local*. */
pld_status pld_bounce_need(struct pld_bounce *bounce, int64_t bytes);
void pld_bounce_free(struct pld_bounce *bounce);

#endif
