#ifndef PLD_GRID_H
#define PLD_GRID_H

#include "polder/box.h"
#include "polder/context.h"

PLD_BEGIN_C

/** @file
 * Grids: a global box of cells, cut into one block for each rank. */

/** Opaque. */
typedef struct pld_grid pld_grid;

/** How to cut. Zero is the default wherever a comment does not say more. */
typedef struct pld_grid_spec {
    /** Dimensions, 1 to 3; required. */
    int ndims;
    /** Cells along each dimension, slowest first; each at least 1. */
    int64_t size[PLD_MAXDIM];
    /** Whether the last cell's neighbour is the first. */
    bool periodic[PLD_MAXDIM];
    /** Ranks along each dimension; their product is the number of ranks. 0: to
     * be chosen by cost. */
    int nprocs[PLD_MAXDIM];
    /** Halo width to expect, for choosing the process grid; 0: 1. */
    int64_t halo;
    /** Relative speed of every rank (nranks values, none negative, one above
     * 0), the same on all ranks; NULL: all equal. Ranks form planes of the
     * process grid, and each plane gets cells in proportion to the sum of its
     * ranks' weights. A plane of weight 0 gets none: rank weight 0 asks for an
     * empty block, and a chosen process grid gives it. */
    const double *rank_weights;
    /** Cost of each slab of cells along a dimension (size[d] values, none
     * negative, one above 0), the same on all ranks; NULL: all equal. Cuts
     * then make the slowest part as fast as can be. Does not count in choosing
     * the process grid. */
    const double *slab_weights[PLD_MAXDIM];
    /** Given cuts: nprocs[d] + 1 ascending values from 0 to size[d], the same
     * on all ranks; needs nprocs[d] and no slab_weights[d]; NULL: computed. */
    const int64_t *cuts[PLD_MAXDIM];
} pld_grid_spec;

/** Create a grid. Blocks may be empty, also when there are more ranks than
 * cells. PLD_ERR_MISMATCH when the ranks' specs differ. Memory: the cuts of
 * each dimension. *Collective, agreed*. */
PLD_CALL pld_grid_create(pld_ctx *ctx, const pld_grid_spec *spec,
                         pld_grid **out);

/** Create a grid of pencils along dimension `dim`: of the same cells, each
 * block whole along `dim`, as transforms along it want. In 3 dimensions the
 * ranks form rows and columns: those of `grid` if it is whole along a dimension
 * itself, otherwise such that blocks are as equal as can be. From pencils along
 * dimension 2 to those along 1, and from those to 0, values then move only
 * within the rows or within the columns. Cuts along a dimension that has as
 * many ranks as in `grid` are kept, others made equal. PLD_ERR_ARG for a grid
 * of 1 dimension. *Collective, agreed*. */
PLD_CALL pld_grid_create_pencil(const pld_grid *grid, int dim, pld_grid **out);

/** Destroy it and set *grid to NULL; *grid may be NULL. PLD_ERR_STATE while a
 * field on it lives. *Collective*. */
PLD_CALL pld_grid_destroy(pld_grid **grid);

/** The context it was created from. *Local*. */
PLD_API pld_ctx *pld_grid_ctx(const pld_grid *grid);
/** Number of dimensions. *Local*. */
PLD_API int pld_grid_ndims(const pld_grid *grid);
/** All cells: first 0, count the size. *Local*. */
PLD_API pld_box pld_grid_domain(const pld_grid *grid);
/** Whether dimension `dim` is periodic. *Local*. */
PLD_API bool pld_grid_periodic(const pld_grid *grid, int dim);
/** Ranks along dimension `dim`; 1 beyond the grid's dimensions. *Local*. */
PLD_API int pld_grid_nprocs(const pld_grid *grid, int dim);
/** First cell of part `part` (0 .. nprocs) along `dim`; -1 for others.
 * *Local*. */
PLD_API int64_t pld_grid_cut(const pld_grid *grid, int dim, int part);
/** Place of a rank in the process grid, last dimension fastest; -1 for what is
 * no rank. *Local*. */
PLD_API void pld_grid_coords(const pld_grid *grid, int rank,
                             int coords[PLD_MAXDIM]);
/** Rank at a place in the process grid; -1 outside. *Local*. */
PLD_API int pld_grid_rank_at(const pld_grid *grid,
                             const int coords[PLD_MAXDIM]);
/** Cells of this rank. *Local*. */
PLD_API pld_box pld_grid_owned(const pld_grid *grid);
/** Cells of any rank; empty for what is no rank. *Local*. */
PLD_API pld_box pld_grid_owned_by(const pld_grid *grid, int rank);
/** The rank that owns a cell, by binary search in the cuts; periodic
 * dimensions wrap; -1 for an index outside. *Local*. */
PLD_API int pld_grid_owner(const pld_grid *grid,
                           const int64_t index[PLD_MAXDIM]);

PLD_END_C

#endif
