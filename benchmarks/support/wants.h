#ifndef WANTS_H
#define WANTS_H

#include <stdbool.h>
#include <stdint.h>

/* Which entry of which rank each of n leaves wants, as benchmarks of irregular
 * gathers have it. A root's value is a function of its place, so that results
 * can be checked. */
struct wants {
    int64_t n; /* leaves, and roots, of each rank */
    int rank;
    int *ranks;
    int64_t *indices;
    double *roots;
    double *leaves;
};

/* So many percent want roots of other ranks. Random ones, of any of the others;
 * or else contiguous ones, of the next rank, the rest shifted by one within the
 * own. */
void wants_make(int64_t n, int percent, bool random, int rank, int nranks,
                struct wants *out);
void wants_free(struct wants *wants);

/* Set roots to their values, leaves to none; and see whether leaves have those
 * that they should. */
void wants_reset(struct wants *wants);
bool wants_are_right(const struct wants *wants);

/* A time step of some simulation: reads and writes roots and leaves. */
void wants_touch(struct wants *wants);

#endif
