#include "mesh/copy.h"

/* Copies of so many bytes go past the caches: what is that large is not there
 * any more when it is used, and a line need not be read to be written. Smaller
 * ones, as of ghosts, are used at once. */
#define STREAM_BYTES (INT64_C(4) << 20)

enum {
    STREAM_ROW = 256, /* shorter rows are mostly parts of lines */
    TILE_SIDE = 8,    /* with fewer elements along a side tiles do not pay */
    TILE_ELEMENT = 64 /* longer elements are rows */
};

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

/* All loops in which elements differ, in any order. */
static int list_loops(const struct pld_block *from, pld_box box,
                      const struct pld_block *to, struct pld_loop *loops)
{
    int nloops = 0;
    struct pld_loop components = {from->ncomps, from->comp_stride,
                                  to->comp_stride};
    nloops = sort_in(loops, nloops, components);
    for (int d = PLD_MAXDIM - 1; d >= 0; d--) {
        struct pld_loop loop = {box.count[d], from->stride[d], to->stride[d]};
        nloops = sort_in(loops, nloops, loop);
    }
    return merge(loops, nloops);
}

/* Take out a loop, and keep the order of the others. */
static struct pld_loop take(struct pld_loop *loops, int *nloops, int which)
{
    struct pld_loop taken = loops[which];
    for (int i = which + 1; i < *nloops; i++)
        loops[i - 1] = loops[i];
    --*nloops;
    return taken;
}

/* The loop along which elements are dense where they come from, or where they
 * go to; -1: none. */
static int find_dense(const struct pld_loop *loops, int nloops, int64_t bytes,
                      bool at_from)
{
    for (int i = 0; i < nloops; i++)
        if ((at_from ? loops[i].from : loops[i].to) == bytes)
            return i;
    return -1;
}

/* Put the loops of a transposition first, if it is one. */
static bool find_transposition(struct pld_loop *loops, int nloops,
                               int64_t bytes)
{
    if (bytes > TILE_ELEMENT)
        return false;
    int a = find_dense(loops, nloops, bytes, true);
    int b = find_dense(loops, nloops, bytes, false);
    if (a < 0 || b < 0 || a == b || loops[a].n < TILE_SIDE ||
        loops[b].n < TILE_SIDE)
        return false;
    struct pld_loop dense = take(loops, &nloops, a);
    struct pld_loop across = take(loops, &nloops, b > a ? b - 1 : b);
    for (int i = nloops - 1; i >= 0; i--)
        loops[i + 2] = loops[i];
    loops[0] = dense;
    loops[1] = across;
    return true;
}

void pld_copy_choose(struct pld_copy *copy, int64_t bytes)
{
    copy->stream = bytes >= STREAM_BYTES &&
                   (copy->transposes || copy->bytes >= STREAM_ROW);
}

int64_t pld_copy_bytes(const struct pld_copy *copy)
{
    int64_t bytes = (int64_t)copy->bytes;
    for (int i = 0; i < PLD_MAXDIM + 1; i++)
        bytes *= copy->loops[i].n;
    return bytes;
}

/* The other side is dense. */
static struct pld_copy prepare_carried(const struct pld_block *from,
                                       pld_box box, const struct pld_block *to,
                                       int64_t shift)
{
    int last = PLD_MAXDIM - 1;
    int64_t size = (int64_t)from->size;
    struct pld_copy copy = {.bytes = from->size, .tier = pld_copy_tier()};
    for (int i = 0; i < PLD_MAXDIM + 1; i++)
        copy.loops[i].n = 1;
    copy.loops[0].n = box.count[last];
    copy.unpacks = to->carrier != NULL;
    copy.carrier = copy.unpacks ? to->carrier : from->carrier;
    copy.first = box.first[last];
    if (copy.unpacks) {
        copy.first += shift;
        copy.from = pld_block_at(from, box.first);
        copy.loops[0].from = size;
    } else {
        box.first[last] += shift;
        copy.to = pld_block_at(to, box.first);
        copy.loops[0].to = size;
    }
    return copy;
}

struct pld_copy pld_copy_prepare(const struct pld_block *from, pld_box box,
                                 const struct pld_block *to,
                                 const int64_t shift[PLD_MAXDIM])
{
    struct pld_copy copy = {.from = NULL};
    if (pld_box_empty(box))
        return copy;
    if (from->carrier || to->carrier)
        return prepare_carried(from, box, to, shift[PLD_MAXDIM - 1]);
    struct pld_loop loops[PLD_MAXDIM + 1];
    int nloops = list_loops(from, box, to, loops);

    /* What is contiguous on both sides is one long element. */
    copy.bytes = from->size;
    int64_t bytes = (int64_t)from->size;
    if (nloops > 0 && loops->from == bytes && loops->to == bytes)
        copy.bytes *= (size_t)take(loops, &nloops, 0).n;
    copy.transposes = find_transposition(loops, nloops, (int64_t)copy.bytes);
    for (int i = 0; i < PLD_MAXDIM + 1; i++)
        copy.loops[i] = i < nloops ? loops[i] : (struct pld_loop){.n = 1};
    copy.from = pld_block_at(from, box.first);
    copy.to = pld_block_at(to, pld_box_shift(box, shift).first);
    copy.tier = pld_copy_tier();
    pld_copy_choose(&copy, pld_copy_bytes(&copy));
    return copy;
}

static void carry(const struct pld_copy *copy)
{
    const struct pld_carrier *carrier = copy->carrier;
    if (copy->unpacks)
        carrier->unpack(carrier, copy->first, copy->loops[0].n, copy->from);
    else
        carrier->pack(carrier, copy->first, copy->loops[0].n, copy->to);
}

void pld_copy_run(const struct pld_copy *copy)
{
    if (copy->carrier) {
        carry(copy);
        return;
    }
    const struct pld_loop *inner = &copy->loops[2];
    const struct pld_loop *outer = &copy->loops[3];
    for (int64_t j = 0; j < outer->n; j++)
        for (int64_t i = 0; i < inner->n; i++)
            pld_copy_plane(copy, copy->from + j * outer->from + i * inner->from,
                           copy->to + j * outer->to + i * inner->to);
    if (copy->stream)
        pld_copy_fence();
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
    part.first += first;
    loop->n = n;
    pld_copy_run(&part);
}
