#ifndef PLD_COMM_CELLS_H
#define PLD_COMM_CELLS_H

#include "base/exact.h"

/* Exact sums of doubles, many and compact: of the limbs of a pld_exact only
 * those of a window that is common to all of them, and as narrow as what was
 * added needs. The words of two such arrays with the same window may be added
 * one by one: 2^20 arrays that were settled. Pure arithmetic. */

/* Limbs first ... end - 1, and whether there is what is no number. */
struct pld_window {
    int first;
    int end;
    bool special;
};

/* The window of no values. */
struct pld_window pld_window_empty(void);

/* What both need. */
struct pld_window pld_window_union(struct pld_window a, struct pld_window b);

/* What n values need. */
struct pld_window pld_window_of(int64_t n, const double *x);

struct pld_cells {
    int64_t nsums;
    struct pld_window window;
    int nwords;     /* of each sum: limbs, after a word for what is special */
    int64_t *words; /* NULL while there are none */
    bool full;      /* some sum needs the next limb soon */
};

/* Make room for values of a window. On failure nothing has changed. */
pld_status pld_cells_widen(struct pld_cells *cells, struct pld_window window);

/* Add to the sum of a number; the window has room. After 2^20 additions look
 * at `full`, and widen the window by a limb if it is. */
void pld_cells_add(struct pld_cells *cells, int64_t number, double x);

/* The window that the sums need when they are settled: one limb more than now
 * or none. */
struct pld_window pld_cells_needed(const struct pld_cells *cells);

/* Make all limbs small, in such a window. */
void pld_cells_settle(struct pld_cells *cells);

/* The value of a sum, to nearest even. `room` is cleared beforehand, and used
 * with these cells alone. */
double pld_cells_round(const struct pld_cells *cells, int64_t number,
                       pld_exact *room);

/* Make all sums 0, with an empty window. */
void pld_cells_clear(struct pld_cells *cells);

#endif
