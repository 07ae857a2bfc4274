#include "mesh/copy.h"

void pld_block_copy(const struct pld_block *from, pld_box box,
                    const struct pld_block *to, const int64_t shift[PLD_MAXDIM])
{
    struct pld_copy copy = pld_copy_prepare(from, box, to, shift);
    pld_copy_run(&copy);
}

pld_status pld_box_rows(pld_box box, int ndims, pld_visit_row *visit,
                        void *data)
{
    if (pld_box_empty(box))
        return PLD_OK;
    int last = ndims - 1;
    int64_t n = box.count[last];
    box.count[last] = 1;
    int64_t end[PLD_MAXDIM];
    for (int d = 0; d < PLD_MAXDIM; d++)
        end[d] = box.first[d] + box.count[d];
    int64_t at[PLD_MAXDIM];
    for (at[0] = box.first[0]; at[0] < end[0]; at[0]++)
        for (at[1] = box.first[1]; at[1] < end[1]; at[1]++)
            for (at[2] = box.first[2]; at[2] < end[2]; at[2]++)
                PLD_TRY(visit(at, n, data));
    return PLD_OK;
}
