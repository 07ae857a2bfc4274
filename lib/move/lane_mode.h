#ifndef PLD_MOVE_LANE_MODE_H
#define PLD_MOVE_LANE_MODE_H

#include "mesh/block.h"

/* How the data of a message between two ranks of a node gets across, as pure
 * arithmetic of what both of them know. */

typedef enum pld_lane_mode {
    PLD_LANE_PACK, /* sender to a buffer, from there the receiver */
    PLD_LANE_PULL, /* the receiver copies from the sender's memory */
    PLD_LANE_PUSH  /* the sender copies into the receiver's memory */
} pld_lane_mode;

/* One side of a message. */
struct pld_lane_side {
    int64_t bytes; /* of the message */
    int64_t load;  /* of all that the rank sends, or receives, on its node */
    bool shared;   /* all of the memory lies in the rank's segment */
    bool dense;    /* most of the bytes lie in long runs */
};

/* Whether the points of a box lie in runs long enough to be worth a look into
 * another rank's memory: at the ends of a run, cache lines are shared with
 * neighbours that their owner writes. */
bool pld_lane_is_dense(const struct pld_block *block, pld_box box);

/* The same for both sides. Where both may copy, he does who has less to copy
 * in all: many to one push, one to many pull. */
pld_lane_mode pld_lane_choose(const struct pld_lane_side *sender,
                              const struct pld_lane_side *receiver);

#endif
