#ifndef PLD_IO_BRICKS_H
#define PLD_IO_BRICKS_H

#include "polder/box.h"

/* Where the points of a variable lie in a file: pure arithmetic.
 *
 * A variable is cut into bricks of one shape, each dense and row-major at its
 * own place. Those at the end may stick out of the variable; space is taken for
 * all of a brick. A variable in one piece is one brick. */

struct pld_bricks {
    int64_t size[PLD_MAXDIM];  /* points of the variable, 1 beyond its dims */
    int64_t brick[PLD_MAXDIM]; /* points of a brick */
    int64_t point;             /* bytes of a point */
    const int64_t *places;     /* byte of the file where each begins, by row */
};

/* Bricks along a dimension, and of all. */
int64_t pld_bricks_along(const struct pld_bricks *bricks, int dim);
int64_t pld_bricks_count(const struct pld_bricks *bricks);

/* The bricks that have points of a box, one after the other: begin with 0 in
 * *next; false when there is no more. `part` is what the brick has of the box,
 * not empty. */
struct pld_brick {
    pld_box part;
    int64_t first[PLD_MAXDIM]; /* index of the brick's own first point */
    int64_t place;
};

bool pld_bricks_next(const struct pld_bricks *bricks, pld_box box,
                     int64_t *next, struct pld_brick *out);

/* Points of a brick's part that follow each other in the file and, in the same
 * order, in a dense row-major array of the part: so many runs of so many
 * bytes. */
struct pld_runs {
    int64_t count;
    int64_t bytes;
};

struct pld_runs pld_brick_runs(const struct pld_bricks *bricks, pld_box part);

/* Byte of the file where run `i` begins. */
int64_t pld_brick_run(const struct pld_bricks *bricks,
                      const struct pld_brick *brick, pld_box part, int64_t i);

#endif
