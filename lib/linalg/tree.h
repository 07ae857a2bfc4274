#ifndef PLD_LINALG_TREE_H
#define PLD_LINALG_TREE_H

#include <stdbool.h>

#include "par/context.h"
#include "polder/box.h"

/* Results of many tiles joined in an order that the global problem fixes, so
 * that they are the same bits on any number of ranks and in any decomposition.
 *
 * Tiles form a box of indices. A binary tree stands over it: a node is a box of
 * tiles, halved along its longest dimension (the first of those), the lower
 * half the smaller one. Each tile has one owner, by cuts along each dimension;
 * a node belongs to the owner of its first tile. Each rank joins what it has by
 * itself, so of a list of tiles in slabs only as many results travel as there
 * are halvings, with cuts at the halvings one; of parts that are cut along
 * several dimensions, as many as have tiles along the cuts at most. */
struct pld_tree {
    int64_t ntiles[PLD_MAXDIM]; /* at least 1; 1 beyond the dimensions */
    /* Part p along dimension d owns tiles cuts[d][p] up to cuts[d][p + 1]; rank
     * r is part (i, j, k), the last dimension fastest. Parts may be empty. */
    int nparts[PLD_MAXDIM];
    const int64_t *cuts[PLD_MAXDIM];
};

/* Tiles of a rank. */
pld_box pld_tree_tiles(const struct pld_tree *tree, int rank);

/* The owner of a node's first tile, and so of the node. */
int pld_tree_owner(const struct pld_tree *tree, const int64_t tile[PLD_MAXDIM]);

/* What to do with results, each a block of so many bytes without pointers. A
 * rank is called in the same order by every run, going up; in just the opposite
 * order going down. */
struct pld_tree_up {
    int64_t bytes;
    /* The result of one tile; `out` holds anything before. */
    pld_status (*leaf)(const int64_t tile[PLD_MAXDIM], void *out, void *data);
    /* Make `low` the result of both. */
    pld_status (*join)(void *low, const void *high, void *data);
    void *data;
};

/* Join the results of all tiles: *out on the owner of the first tile, left
 * alone on others. After an error of one rank's functions no more are called
 * there. *Collective, agreed*. */
pld_status pld_tree_join(pld_ctx *ctx, const struct pld_tree *tree,
                         const struct pld_tree_up *up, void *out);

/* The same, on all ranks. */
pld_status pld_tree_reduce(pld_ctx *ctx, const struct pld_tree *tree,
                           const struct pld_tree_up *up, void *out);

/* The way back: from one value to one for each tile. */
struct pld_tree_down {
    int64_t bytes;
    /* Of a node's value make those of its halves: `low` in place. */
    pld_status (*split)(void *low, void *high, void *data);
    pld_status (*leaf)(const int64_t tile[PLD_MAXDIM], void *value, void *data);
    void *data;
};

/* Take `value`, of the owner of the first tile and not read on others, down to
 * all tiles. *Collective, agreed*. */
pld_status pld_tree_spread(pld_ctx *ctx, const struct pld_tree *tree,
                           const struct pld_tree_down *down, const void *value);

#endif
