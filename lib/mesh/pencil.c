#include "mesh/grid.h"

#include "polder/agree.h"

/* Grids of pencils: whole along one dimension.
 *
 * The ranks form rows and columns of P x Q, which the dimensions that are cut
 * share in their order. So pencils along 2, 1 and 0 have the process grids
 *
 *     P x Q x 1      P x 1 x Q      1 x P x Q
 *
 * and going from one to the next leaves P or Q alone: all that moves stays
 * within the rows or within the columns. */

struct pencils {
    int p;
    int q;
};

/* The dimensions other than `dim`, in order. */
static void find_others(int dim, int others[2])
{
    others[0] = dim == 0 ? 1 : 0;
    others[1] = dim == 2 ? 1 : 2;
}

static int64_t divide_up(int64_t a, int64_t b)
{
    return a / b + (a % b != 0);
}

/* Cells of the largest block of pencils along any dimension, summed up. */
static double load_of(const pld_grid *grid, struct pencils pencils)
{
    double load = 0;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        int others[2];
        find_others(d, others);
        load += (double)grid->size[d] *
                (double)divide_up(grid->size[others[0]], pencils.p) *
                (double)divide_up(grid->size[others[1]], pencils.q);
    }
    return load;
}

/* Rows and columns that share the cells best; of equal ones, those that are
 * nearest to a square, with the longer rows. */
static struct pencils choose(const pld_grid *grid)
{
    int nranks = grid->ctx->nranks;
    struct pencils best = {1, nranks};
    for (int p = 1; p <= nranks / p; p++) {
        struct pencils wide = {p, nranks / p};
        struct pencils tall = {nranks / p, p};
        if (nranks % p != 0)
            continue;
        if (load_of(grid, wide) <= load_of(grid, best))
            best = wide;
        if (load_of(grid, tall) < load_of(grid, best))
            best = tall;
    }
    return best;
}

/* Those of a grid that is whole along some dimension, already. */
static struct pencils find_pencils(const pld_grid *grid, int dim)
{
    int whole = grid->nprocs[dim] == 1 ? dim : -1;
    for (int d = PLD_MAXDIM - 1; d >= 0 && whole < 0; d--)
        if (grid->nprocs[d] == 1)
            whole = d;
    if (whole < 0)
        return choose(grid);
    int others[2];
    find_others(whole, others);
    return (struct pencils){grid->nprocs[others[0]], grid->nprocs[others[1]]};
}

static pld_grid_spec pencil_spec(const pld_grid *grid, int dim)
{
    pld_grid_spec spec = {.ndims = grid->ndims};
    struct pencils pencils = find_pencils(grid, dim);
    int others[2];
    find_others(dim, others);
    int nprocs[PLD_MAXDIM] = {1, 1, 1};
    nprocs[others[0]] = pencils.p;
    nprocs[others[1]] = pencils.q;
    if (grid->ndims == 2)
        nprocs[others[0]] = grid->ctx->nranks;
    for (int d = 0; d < grid->ndims; d++) {
        spec.size[d] = grid->size[d];
        spec.periodic[d] = grid->periodic[d];
        spec.nprocs[d] = nprocs[d];
        if (nprocs[d] == grid->nprocs[d])
            spec.cuts[d] = grid->cuts[d];
    }
    return spec;
}

static pld_status check_pencil(const pld_grid *grid, int dim, pld_grid **out)
{
    PLD_CHECK(out != NULL, PLD_ERR_ARG, "out is NULL");
    PLD_CHECK(grid->ndims >= 2, PLD_ERR_ARG,
              "the grid has 1 dimension: pencils need 2 or 3");
    PLD_CHECK(dim >= 0 && dim < grid->ndims, PLD_ERR_ARG,
              "dim is %d, but the grid has %d dimensions", dim, grid->ndims);
    return PLD_OK;
}

pld_status pld_grid_create_pencil(const pld_grid *grid, int dim, pld_grid **out)
{
    PLD_TRY(pld_grid_check(grid, "grid"));
    PLD_TRY(pld_agree(grid->ctx, check_pencil(grid, dim, out)));
    const pld_grid_spec spec = pencil_spec(grid, dim);
    return pld_grid_create(grid->ctx, &spec, out);
}
