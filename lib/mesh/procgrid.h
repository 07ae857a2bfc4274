#ifndef PLD_MESH_PROCGRID_H
#define PLD_MESH_PROCGRID_H

#include <stdbool.h>
#include <stdint.h>

#include "polder/box.h"

/* The choice of a process grid: all factorisations of the number of ranks are
 * looked at, and the one that costs least is taken. Pure functions of numbers,
 * the same on every rank. */

/* What is to be shared out, and among whom. */
struct pld_procgrid {
    int ndims;
    int64_t size[PLD_MAXDIM]; /* cells; 1 beyond the dimensions */
    bool periodic[PLD_MAXDIM];
    int64_t halo; /* width, at least 1 */
    int nranks;
    int nnodes;
    const int *node_of;    /* node of each rank */
    const double *weights; /* speed of each rank; NULL: all equal */
    double *planes;        /* with weights: nranks + 2 values to work in */
};

/* Estimated nanoseconds of a time step of one f64 field that the process grid
 * `nprocs` adds to perfectly shared work without neighbours, on a rank with
 * the largest block and neighbours all around:
 *
 *     CELL     x cells that the slowest rank has above its share
 *   + LINE     x cache lines that faces touch, where they are sent and
 * received: a row of a face takes its length in lines and one more, so cutting
 * the last dimension costs a line for each few numbers
 *   + MESSAGE  x ranks it exchanges with, across edges and corners too
 *   + HOP      x of these, those across a face on another node
 *   + BYTE     x bytes that leave a node, as all its ranks share the wire
 *
 * The last two are means over the ranks, or over 1024 of them. The slowest
 * rank is that with the largest block or, with weights, with the most cells
 * for its speed. */
double pld_procgrid_cost(const struct pld_procgrid *problem,
                         const int nprocs[PLD_MAXDIM]);

/* The factorisation of nranks that costs least, into nprocs. Entries of
 * nprocs above 0 stay as they are (their product divides nranks), those of 0
 * are chosen. Of equal ones, that with more ranks along the slower
 * dimensions. False when there is none. */
bool pld_procgrid_choose(const struct pld_procgrid *problem,
                         int nprocs[PLD_MAXDIM]);

#endif
