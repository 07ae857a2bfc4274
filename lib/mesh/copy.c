#include "mesh/copy.h"

#include <string.h>

/* Shortest steps first, so that the innermost loop is the densest. */
static int sort_in(struct pld_loop *loops, int nloops, struct pld_loop loop)
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
static int merge(struct pld_loop *loops, int nloops)
{
    int n = 0;
    for (int i = 0; i < nloops; i++) {
        struct pld_loop *inner = n > 0 ? &loops[n - 1] : NULL;
        if (inner != NULL && loops[i].from == inner->from * inner->n &&
            loops[i].to == inner->to * inner->n)
            inner->n *= loops[i].n;
        else
            loops[n++] = loops[i];
    }
    return n;
}

/* The two inner loops. What is a constant where this is called makes the copy
 * of an element a load and a store, and lets several go into one store. */
static inline void copy_each(const struct pld_copy *copy, const char *from,
                             char *to, size_t bytes, int64_t from_step,
                             int64_t to_step)
{
    const struct pld_loop outer = copy->loops[1];
    int64_t n = copy->loops[0].n;
    for (int64_t j = 0; j < outer.n; j++) {
        for (int64_t i = 0; i < n; i++)
            memcpy(to + i * to_step, from + i * from_step, bytes);
        from += outer.from;
        to += outer.to;
    }
}

/* Elements that lie dense on one side, as in messages, or on none. */
static inline void copy_elements(const struct pld_copy *copy, const char *from,
                                 char *to, int64_t bytes)
{
    const struct pld_loop *inner = &copy->loops[0];
    if (inner->to == bytes)
        copy_each(copy, from, to, (size_t)bytes, inner->from, bytes);
    else if (inner->from == bytes)
        copy_each(copy, from, to, (size_t)bytes, bytes, inner->to);
    else
        copy_each(copy, from, to, (size_t)bytes, inner->from, inner->to);
}

static void copy_plane(const struct pld_copy *copy, const char *from, char *to)
{
    const struct pld_loop *inner = &copy->loops[0];
    switch (copy->bytes) {
    case 4:
        copy_elements(copy, from, to, 4);
        break;
    case 8:
        copy_elements(copy, from, to, 8);
        break;
    case 16:
        copy_elements(copy, from, to, 16);
        break;
    case 24:
        copy_elements(copy, from, to, 24);
        break;
    case 32:
        copy_elements(copy, from, to, 32);
        break;
    default:
        copy_each(copy, from, to, copy->bytes, inner->from, inner->to);
    }
}

struct pld_copy pld_copy_prepare(const struct pld_block *from, pld_box box,
                                 const struct pld_block *to,
                                 const int64_t shift[PLD_MAXDIM])
{
    struct pld_copy copy = {.from = NULL};
    if (pld_box_empty(box))
        return copy;
    struct pld_loop loops[PLD_MAXDIM + 1];
    struct pld_loop components = {from->ncomps, from->comp_stride,
                                  to->comp_stride};
    int nloops = sort_in(loops, 0, components);
    for (int d = PLD_MAXDIM - 1; d >= 0; d--) {
        struct pld_loop loop = {box.count[d], from->stride[d], to->stride[d]};
        nloops = sort_in(loops, nloops, loop);
    }
    nloops = merge(loops, nloops);

    /* What is contiguous on both sides is one long element. */
    int64_t bytes = (int64_t)from->size;
    bool dense = nloops > 0 && loops->from == bytes && loops->to == bytes;
    copy.bytes = (size_t)(dense ? bytes * loops->n : bytes);
    for (int i = 0; i < PLD_MAXDIM + 1; i++)
        copy.loops[i] =
            i + dense < nloops ? loops[i + dense] : (struct pld_loop){.n = 1};
    copy.from = pld_block_at(from, box.first);
    copy.to = pld_block_at(to, pld_box_shift(box, shift).first);
    return copy;
}

void pld_copy_run(const struct pld_copy *copy)
{
    const struct pld_loop *inner = &copy->loops[2];
    const struct pld_loop *outer = &copy->loops[3];
    for (int64_t j = 0; j < outer->n; j++)
        for (int64_t i = 0; i < inner->n; i++)
            copy_plane(copy, copy->from + j * outer->from + i * inner->from,
                       copy->to + j * outer->to + i * inner->to);
}

static int outermost(const struct pld_copy *copy)
{
    int i = PLD_MAXDIM;
    while (i > 0 && copy->loops[i].n == 1)
        i--;
    return i;
}

int64_t pld_copy_parts(const struct pld_copy *copy)
{
    return copy->loops[outermost(copy)].n;
}

void pld_copy_run_parts(const struct pld_copy *copy, int64_t first, int64_t n)
{
    struct pld_copy part = *copy;
    struct pld_loop *loop = &part.loops[outermost(copy)];
    part.from += first * loop->from;
    part.to += first * loop->to;
    loop->n = n;
    pld_copy_run(&part);
}
