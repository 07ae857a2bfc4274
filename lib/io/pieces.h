#ifndef PLD_IO_PIECES_H
#define PLD_IO_PIECES_H

#include "mesh/cutting.h"

/* How data is cut for files: pure arithmetic. */

/* Shape of the chunks of a time series' variable: one step deep, whole in the
 * last dimensions, at most `limit` elements where a row allows, and such that
 * little or nothing sticks out at the end. A function of the size alone, so
 * that the file does not depend on who wrote it. */
void pld_chunk_shape(int ndims, const int64_t size[], int64_t limit,
                     int64_t chunk[]);

#endif
