#ifndef PLD_LINALG_TILES_MOVE_H
#define PLD_LINALG_TILES_MOVE_H

#include "linalg/operand.h"
#include "linalg/tiles.h"

/* How tiles lie in a matrix. */
struct pld_tiles_view {
    bool turned; /* rows of tiles are columns of the matrix */
    /* Row i of the tiles is row rows[i] of the matrix; NULL: row i. Not with
     * `turned`. */
    const int64_t *rows;
};

/* Fill the tiles from a matrix, whose form does not count, or the other way
 * round. Of elements that no tile holds, nothing is written. *Collective,
 * agreed*. */
pld_status pld_tiles_load(struct pld_tiles *tiles,
                          const struct pld_operand_matrix *matrix,
                          const struct pld_tiles_view *view);
pld_status pld_tiles_store(struct pld_tiles *tiles,
                           const struct pld_operand_matrix *matrix,
                           const struct pld_tiles_view *view);

#endif
