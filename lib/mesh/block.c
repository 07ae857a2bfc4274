#include "mesh/block.h"

#include <string.h>

/* A loop of a copy: `n` times, so many bytes further on both sides. */
struct loop {
    int64_t n;
    int64_t from;
    int64_t to;
};

/* Shortest steps first, so that the innermost loop is the densest. */
static int sort_in(struct loop *loops, int nloops, struct loop loop)
{
    if (loop.n == 1)
        return nloops;
    int i = nloops;
    for (; i > 0 && loops[i - 1].from + loops[i - 1].to > loop.from + loop.to;
         i--)
        loops[i] = loops[i - 1];
    loops[i] = loop;
    return nloops + 1;
}

/* Join each loop to the one inside it where it only continues it. */
static int merge(struct loop *loops, int nloops)
{
    int n = 0;
    for (int i = 0; i < nloops; i++) {
        struct loop *inner = n > 0 ? &loops[n - 1] : NULL;
        if (inner != NULL && loops[i].from == inner->from * inner->n &&
            loops[i].to == inner->to * inner->n)
            inner->n *= loops[i].n;
        else
            loops[n++] = loops[i];
    }
    return n;
}

/* `bytes` is a constant wherever this is called with one, and the copy then a
 * load and a store. */
static inline void copy_each(const struct loop *loop, const char *from,
                             char *to, size_t bytes)
{
    for (int64_t i = 0; i < loop->n; i++)
        memcpy(to + i * loop->to, from + i * loop->from, bytes);
}

static void copy_runs(const struct loop *loop, const char *from, char *to,
                      size_t bytes)
{
    switch (bytes) {
    case 4:
        copy_each(loop, from, to, 4);
        break;
    case 8:
        copy_each(loop, from, to, 8);
        break;
    case 16:
        copy_each(loop, from, to, 16);
        break;
    case 24:
        copy_each(loop, from, to, 24);
        break;
    case 32:
        copy_each(loop, from, to, 32);
        break;
    default:
        copy_each(loop, from, to, bytes);
    }
}

/* The last of the loops is the outermost. */
static void copy_nested(const struct loop *loops, int nloops, const char *from,
                        char *to, size_t bytes)
{
    if (nloops == 0)
        memcpy(to, from, bytes);
    else if (nloops == 1)
        copy_runs(loops, from, to, bytes);
    else
        for (int64_t i = 0; i < loops[nloops - 1].n; i++)
            copy_nested(loops, nloops - 1, from + i * loops[nloops - 1].from,
                        to + i * loops[nloops - 1].to, bytes);
}

void pld_block_copy(const struct pld_block *from, pld_box box,
                    const struct pld_block *to, const int64_t shift[PLD_MAXDIM])
{
    if (pld_box_empty(box))
        return;
    struct loop loops[PLD_MAXDIM + 1];
    struct loop components = {from->ncomps, from->comp_stride, to->comp_stride};
    int nloops = sort_in(loops, 0, components);
    for (int d = PLD_MAXDIM - 1; d >= 0; d--) {
        struct loop loop = {box.count[d], from->stride[d], to->stride[d]};
        nloops = sort_in(loops, nloops, loop);
    }
    nloops = merge(loops, nloops);

    /* What is contiguous on both sides is one long element. */
    int64_t bytes = (int64_t)from->size;
    bool dense = nloops > 0 && loops->from == bytes && loops->to == bytes;
    if (dense)
        bytes *= loops->n;
    copy_nested(loops + dense, nloops - dense, pld_block_at(from, box.first),
                pld_block_at(to, pld_box_shift(box, shift).first),
                (size_t)bytes);
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
