#include "mesh/cutting.h"

static int64_t divide_up(int64_t a, int64_t b)
{
    return a / b + (a % b != 0);
}

struct pld_cutting pld_cut_box(pld_box box, int64_t limit)
{
    struct pld_cutting cutting = {.box = box};
    if (pld_box_empty(box))
        return cutting;
    int64_t slice = 1; /* points of one slice of dimension `dim` */
    int dim = PLD_MAXDIM - 1;
    while (dim > 0 && slice * box.count[dim] <= limit)
        slice *= box.count[dim--];
    cutting.dim = dim;
    cutting.thick = limit / slice;
    if (cutting.thick > box.count[dim])
        cutting.thick = box.count[dim];
    cutting.npieces = divide_up(box.count[dim], cutting.thick);
    for (int d = 0; d < dim; d++)
        cutting.npieces *= box.count[d];
    return cutting;
}

pld_box pld_cut_piece(const struct pld_cutting *cutting, int64_t piece)
{
    if (piece >= cutting->npieces)
        return (pld_box){.count = {0}};
    pld_box box = cutting->box;
    int dim = cutting->dim;
    int64_t runs = divide_up(box.count[dim], cutting->thick);
    int64_t begin = piece % runs * cutting->thick;
    int64_t left = box.count[dim] - begin;
    box.first[dim] += begin;
    box.count[dim] = left < cutting->thick ? left : cutting->thick;
    int64_t rest = piece / runs;
    for (int d = dim - 1; d >= 0; d--) {
        box.first[d] += rest % box.count[d];
        rest /= box.count[d];
        box.count[d] = 1;
    }
    return box;
}
