#ifndef PLD_IO_PIECES_H
#define PLD_IO_PIECES_H

#include "polder/box.h"

/* How data is cut for files: pure arithmetic. */

/* How a box of an array with row-major points is cut into pieces of at most
 * `limit` points (at least 1), in order: each piece is a run of slices along
 * one dimension, whole in the dimensions behind it and one thick before. */
struct pld_cutting {
    pld_box box;
    int dim;       /* the one that is cut */
    int64_t thick; /* slices of a piece */
    int64_t npieces;
};

struct pld_cutting pld_cut_box(pld_box box, int64_t limit);

/* A piece; empty beyond the last. */
pld_box pld_cut_piece(const struct pld_cutting *cutting, int64_t piece);

/* Shape of the chunks of a time series' variable: one step deep, whole in the
 * last dimensions, at most `limit` elements where a row allows, and such that
 * little or nothing sticks out at the end. A function of the size alone, so
 * that the file does not depend on who wrote it. */
void pld_chunk_shape(int ndims, const int64_t size[], int64_t limit,
                     int64_t chunk[]);

#endif
