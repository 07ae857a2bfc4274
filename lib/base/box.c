#include "polder/box.h"

#include "base/overflow.h"

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* One past the last index; a box may end at the largest index there is. */
static int64_t end(pld_box box, int d)
{
    int64_t sum = 0;
    return pld_add_fits(box.first[d], box.count[d], &sum) ? sum : INT64_MAX;
}

bool pld_box_empty(pld_box box)
{
    return box.count[0] < 1 || box.count[1] < 1 || box.count[2] < 1;
}

int64_t pld_box_volume(pld_box box)
{
    if (pld_box_empty(box))
        return 0;
    int64_t volume = 1;
    for (int d = 0; d < PLD_MAXDIM; d++)
        if (!pld_mul_fits(volume, box.count[d], &volume))
            return INT64_MAX;
    return volume;
}

pld_box pld_box_intersect(pld_box a, pld_box b)
{
    pld_box common = {{0}, {0}};
    if (pld_box_empty(a) || pld_box_empty(b))
        return common;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        common.first[d] = most(a.first[d], b.first[d]);
        int64_t last = least(end(a, d), end(b, d));
        if (last <= common.first[d])
            return (pld_box){{0}, {0}};
        common.count[d] = last - common.first[d];
    }
    return common;
}

pld_box pld_box_shift(pld_box box, const int64_t by[PLD_MAXDIM])
{
    for (int d = 0; d < PLD_MAXDIM; d++)
        box.first[d] += by[d];
    return box;
}

bool pld_box_contains(pld_box outer, pld_box inner)
{
    return pld_box_empty(inner) ||
           pld_box_equal(pld_box_intersect(outer, inner), inner);
}

bool pld_box_equal(pld_box a, pld_box b)
{
    if (pld_box_empty(a) || pld_box_empty(b))
        return pld_box_empty(a) && pld_box_empty(b);
    for (int d = 0; d < PLD_MAXDIM; d++)
        if (a.first[d] != b.first[d] || a.count[d] != b.count[d])
            return false;
    return true;
}

/* Peel the slabs below and above the hole off one dimension after the other:
 *
 *     +-----------+   dimension 0: A and B, over the whole width;
 *     |     A     |   dimension 1: C and D, beside the hole.
 *     +---+---+---+
 *     | C | b | D |
 *     +---+---+---+
 *     |     B     |
 *     +-----------+
 */
int pld_box_subtract(pld_box a, pld_box b, pld_box out[6])
{
    if (pld_box_empty(a))
        return 0;
    pld_box hole = pld_box_intersect(a, b);
    if (pld_box_empty(hole)) {
        out[0] = a;
        return 1;
    }
    int n = 0;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        pld_box low = a;
        low.count[d] = hole.first[d] - a.first[d];
        if (low.count[d] > 0)
            out[n++] = low;
        pld_box high = a;
        high.first[d] = end(hole, d);
        high.count[d] = end(a, d) - end(hole, d);
        if (high.count[d] > 0)
            out[n++] = high;
        a.first[d] = hole.first[d];
        a.count[d] = hole.count[d];
    }
    return n;
}
