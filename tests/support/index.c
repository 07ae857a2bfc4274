#include "support/index.h"

bool next_index(pld_box box, int64_t index[PLD_MAXDIM])
{
    for (int d = PLD_MAXDIM - 1; d >= 0; d--) {
        if (++index[d] < box.first[d] + box.count[d])
            return true;
        index[d] = box.first[d];
    }
    return false;
}
