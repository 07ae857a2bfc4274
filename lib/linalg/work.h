#ifndef PLD_LINALG_WORK_H
#define PLD_LINALG_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "polder/status.h"

/* Which rank computes what of a product of m x n sums of length k, and when:
 * pure arithmetic on what all ranks know.
 *
 * Rows, columns and the length of the sums are cut into parts, and each rank
 * has a part of each. It goes through its rows and columns in tiles, and for
 * each tile through its length in panels: a step is a panel of a tile. */

/* Panels begin at multiples of this; the last one may be half as long again,
 * so that only a product of less than one panel has a short one. */
enum { PLD_PANEL = 512, PLD_PANEL_LEAST = 256 };

struct pld_work {
    int64_t size[3]; /* m, n, k */
    int nparts[3];   /* rank r has part (i, j, l), the last one fastest */
    int64_t *cuts[3];
    /* A part of rows has only the columns up to its last row: together the
     * lower triangle, and what a square of it cuts off above. */
    bool lower;
    int64_t tile[2]; /* most rows and columns at a time */
    int64_t nsteps;  /* most of any rank */
};

/* What a rank does in a step: count[0] is 0 if nothing. */
struct pld_step {
    int64_t first[3]; /* row, column, place along the sums */
    int64_t count[3];
    bool opens; /* the first panel of its tile, the last one */
    bool closes;
};

/* Make room for cuts; nparts is set. To be destroyed. */
pld_status pld_work_create(struct pld_work *work);
void pld_work_destroy(struct pld_work *work);

/* After cuts and tile are set. */
void pld_work_count(struct pld_work *work);

/* Rows and columns of a rank, and its part of the length. */
struct pld_step pld_work_of(const struct pld_work *work, int rank);
struct pld_step pld_work_step(const struct pld_work *work, int rank,
                              int64_t step);

/* Panels of a product. */
int64_t pld_work_npanels(int64_t k);

#endif
