#ifndef PLD_LINALG_FLOW_H
#define PLD_LINALG_FLOW_H

#include "linalg/tiles.h"

/* Work on tiles as a flow of data: pieces are done in steps, each of which
 * needs pieces that are done. Every rank makes the steps of its own pieces, and
 * whenever one has to wait goes on with another piece: it always takes the
 * first of its pieces whose next step can be made. When it has none, it makes
 * steps of pieces of other ranks of its node.
 *
 * The steps of a piece are made in one order, whoever makes them and when, so
 * results do not depend on the ranks.
 *
 * Pieces are numbered such that each needs only lower ones. Those of other
 * ranks of the node are read where they are. Between nodes, a piece is sent to
 * each rank that needs it; these receive in the order of the numbers, into as
 * many buffers as the pieces of three groups take. */

/* A piece is a tile of some matrix. */
struct pld_flow_tile {
    struct pld_tiles *tiles;
    int64_t number;
};

enum { PLD_FLOW_MOST_NEEDS = 2 };

/* The flow as functions of numbers, the same on all ranks. */
struct pld_flow {
    int64_t npieces;
    const void *data;
    struct pld_flow_tile (*tile)(const void *data, int64_t piece);
    /* Steps until it is done; 0: it is there from the start. */
    int64_t (*nsteps)(const void *data, int64_t piece);
    /* The group, not less than that of the piece before. */
    int64_t (*group)(const void *data, int64_t piece);
    /* Different pieces that a step needs; returns how many. */
    int (*needs)(const void *data, int64_t piece, int64_t step,
                 int64_t needs[PLD_FLOW_MOST_NEEDS]);
    /* The other way round: the pieces with a step that needs this one, once
     * for each such step, by `at` from 0 on; -1: there are no more. */
    int64_t (*user)(const void *data, int64_t piece, int64_t at);
    /* Make a step; `needed` are the elements of what it needs. */
    void (*run)(const void *data, int64_t piece, int64_t step,
                char *const needed[PLD_FLOW_MOST_NEEDS]);
};

/* Run it. After an error of another rank's, or of MPI, ranks are not together
 * any more. *Collective, agreed*. */
pld_status pld_flow_run(pld_ctx *ctx, const struct pld_flow *flow);

#endif
