#include "io/bricks.h"

int64_t pld_bricks_along(const struct pld_bricks *bricks, int dim)
{
    int64_t size = bricks->size[dim];
    int64_t brick = bricks->brick[dim];
    return size / brick + (size % brick != 0);
}

int64_t pld_bricks_count(const struct pld_bricks *bricks)
{
    int64_t n = 1;
    for (int d = 0; d < PLD_MAXDIM; d++)
        n *= pld_bricks_along(bricks, d);
    return n;
}

bool pld_bricks_next(const struct pld_bricks *bricks, pld_box box,
                     int64_t *next, struct pld_brick *out)
{
    if (pld_box_empty(box))
        return false;
    int64_t rest = (*next)++;
    int64_t at[PLD_MAXDIM];
    pld_box own;
    for (int d = PLD_MAXDIM - 1; d >= 0; d--) {
        int64_t brick = bricks->brick[d];
        int64_t low = box.first[d] / brick;
        int64_t high = (box.first[d] + box.count[d] - 1) / brick;
        at[d] = low + rest % (high - low + 1);
        rest /= high - low + 1;
        own.first[d] = at[d] * brick;
        own.count[d] = brick;
        out->first[d] = own.first[d];
    }
    if (rest > 0)
        return false;
    int64_t number = 0;
    for (int d = 0; d < PLD_MAXDIM; d++)
        number = number * pld_bricks_along(bricks, d) + at[d];
    out->part = pld_box_intersect(own, box);
    out->place = bricks->places[number];
    return true;
}

/* The dimension behind which the part is as wide as the brick: a run goes along
 * it, and along all behind. */
static int run_dim(const struct pld_bricks *bricks, pld_box part)
{
    int dim = PLD_MAXDIM - 1;
    while (dim > 0 && part.count[dim] == bricks->brick[dim])
        dim--;
    return dim;
}

struct pld_runs pld_brick_runs(const struct pld_bricks *bricks, pld_box part)
{
    struct pld_runs runs = {1, bricks->point};
    int dim = run_dim(bricks, part);
    for (int d = 0; d < PLD_MAXDIM; d++) {
        if (d < dim)
            runs.count *= part.count[d];
        else
            runs.bytes *= part.count[d];
    }
    return runs;
}

int64_t pld_brick_run(const struct pld_bricks *bricks,
                      const struct pld_brick *brick, pld_box part, int64_t i)
{
    int64_t index[PLD_MAXDIM];
    int dim = run_dim(bricks, part);
    for (int d = PLD_MAXDIM - 1; d >= 0; d--) {
        index[d] = part.first[d] - brick->first[d];
        if (d >= dim)
            continue;
        index[d] += i % part.count[d];
        i /= part.count[d];
    }
    int64_t point = 0;
    for (int d = 0; d < PLD_MAXDIM; d++)
        point = point * bricks->brick[d] + index[d];
    return brick->place + point * bricks->point;
}
