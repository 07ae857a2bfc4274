#include "move/lane_mode.h"

/* Bytes of a run from which on direct copies were seen to be the faster: three
 * times at 128, for several fields of 16^3. */
enum { LONG_RUN = 128 };

/* What is contiguous: the dimensions whose step is what lies inside them. */
static int64_t run_of(const struct pld_block *block, pld_box box)
{
    const int64_t step[] = {block->comp_stride, block->stride[2],
                            block->stride[1], block->stride[0]};
    const int64_t count[] = {block->ncomps, box.count[2], box.count[1],
                             box.count[0]};
    int64_t run = (int64_t)block->size;
    bool longer = true;
    while (longer) {
        longer = false;
        for (int i = 0; i < PLD_MAXDIM + 1; i++)
            if (count[i] > 1 && step[i] == run) {
                run *= count[i];
                longer = true;
            }
    }
    return run;
}

bool pld_lane_is_dense(const struct pld_block *block, pld_box box)
{
    return run_of(block, box) >= LONG_RUN;
}

pld_lane_mode pld_lane_choose(const struct pld_lane_side *sender,
                              const struct pld_lane_side *receiver)
{
    if (!sender->dense || !receiver->dense)
        return PLD_LANE_PACK;
    if (sender->shared && receiver->shared)
        return receiver->load <= sender->load ? PLD_LANE_PULL : PLD_LANE_PUSH;
    if (sender->shared)
        return PLD_LANE_PULL;
    return receiver->shared ? PLD_LANE_PUSH : PLD_LANE_PACK;
}
