#ifndef PLD_MESH_CUTTING_H
#define PLD_MESH_CUTTING_H

#include "polder/box.h"

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

#endif
