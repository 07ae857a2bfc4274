#include "polder/grid.h"
#include "mesh/grid.h"
#include "mesh/grid_spec.h"

#include "base/alloc.h"
#include "mesh/cuts.h"
#include "mesh/procgrid.h"
#include "polder/agree.h"

#include <string.h>

/* Choose the process grid, unless the spec gives it whole. */
static pld_status choose_nprocs(pld_grid *grid, const pld_grid_spec *spec,
                                const double *weights)
{
    const pld_ctx *ctx = grid->ctx;
    struct pld_procgrid problem = {.ndims = grid->ndims,
                                   .halo = spec->halo > 0 ? spec->halo : 1,
                                   .nranks = ctx->nranks,
                                   .nnodes = ctx->nnodes,
                                   .node_of = ctx->node_of,
                                   .weights = weights};
    memcpy(problem.size, grid->size, sizeof problem.size);
    memcpy(problem.periodic, grid->periodic, sizeof problem.periodic);
    if (weights != NULL)
        PLD_TRY(pld_alloc("weights of planes", (int64_t)ctx->nranks + 2,
                          sizeof *problem.planes, &problem.planes));
    bool found = pld_procgrid_choose(&problem, grid->nprocs);
    pld_free(problem.planes);
    PLD_CHECK(found, PLD_ERR_INTERNAL, "no process grid for %d ranks",
              ctx->nranks);
    return PLD_OK;
}

/* The weights of the planes of ranks along `d`; NULL without weights. */
static pld_status sum_planes(const pld_grid *grid, const double *weights, int d,
                             double **out)
{
    *out = NULL;
    if (weights == NULL)
        return PLD_OK;
    PLD_TRY(pld_alloc("weights of planes", grid->nprocs[d], sizeof **out, out));
    for (int rank = 0; rank < grid->ctx->nranks; rank++) {
        int coords[PLD_MAXDIM];
        pld_grid_coords(grid, rank, coords);
        (*out)[coords[d]] += weights[rank];
    }
    return PLD_OK;
}

static pld_status cut_by_cost(pld_grid *grid, const double *slabs,
                              const double *planes, int d)
{
    int64_t size = grid->size[d];
    double *before = NULL;
    PLD_TRY(pld_alloc("cost of slabs", size + 1, sizeof *before, &before));
    for (int64_t i = 0; i < size; i++)
        before[i + 1] = before[i] + slabs[i];
    pld_cuts_by_cost(size, before, grid->nprocs[d], planes, grid->cuts[d]);
    pld_free(before);
    return PLD_OK;
}

static pld_status cut(pld_grid *grid, const pld_grid_spec *spec,
                      const double *weights, int d)
{
    pld_status status = PLD_OK;
    int nprocs = grid->nprocs[d];
    double *planes = NULL;
    PLD_TRY(pld_alloc("cuts", (int64_t)nprocs + 1, sizeof *grid->cuts[d],
                      &grid->cuts[d]));
    PLD_TRY(sum_planes(grid, weights, d, &planes));
    if (spec->cuts[d] != NULL)
        memcpy(grid->cuts[d], spec->cuts[d],
               ((size_t)nprocs + 1) * sizeof *grid->cuts[d]);
    else if (spec->slab_weights[d] != NULL)
        PLD_TRY_TO(out, cut_by_cost(grid, spec->slab_weights[d], planes, d));
    else if (planes != NULL)
        pld_cuts_by_weight(grid->size[d], nprocs, planes, grid->cuts[d]);
    else
        pld_cuts_equal(grid->size[d], nprocs, grid->cuts[d]);
out:
    pld_free(planes);
    return status;
}

static void destroy_alone(pld_grid *grid)
{
    if (grid == NULL)
        return;
    for (int d = 0; d < PLD_MAXDIM; d++)
        pld_free(grid->cuts[d]);
    pld_ctx_release(grid->ctx, PLD_KIND_GRID);
    grid->alive = 0;
    pld_free(grid);
}

static void copy_shape(const pld_grid_spec *spec, pld_grid *grid)
{
    grid->ndims = spec->ndims;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        bool used = d < spec->ndims;
        grid->size[d] = used ? spec->size[d] : 1;
        grid->periodic[d] = used && spec->periodic[d];
        grid->nprocs[d] = used ? spec->nprocs[d] : 1;
    }
}

/* All that one rank does alone; what is made by then stays in *out. */
static pld_status create_alone(pld_ctx *ctx, const pld_grid_spec *spec,
                               pld_grid **out)
{
    pld_status status = PLD_OK;
    double *weights = NULL;
    pld_grid *grid = NULL;
    PLD_TRY(pld_alloc("grid", 1, sizeof *grid, &grid));
    *out = grid;
    grid->alive = PLD_GRID_ALIVE;
    grid->ctx = ctx;
    pld_ctx_retain(ctx, PLD_KIND_GRID);
    copy_shape(spec, grid);
    PLD_TRY(pld_grid_spec_weights(spec, ctx->nranks, &weights));
    PLD_TRY_TO(out, choose_nprocs(grid, spec, weights));
    for (int d = 0; d < PLD_MAXDIM; d++)
        PLD_TRY_TO(out, cut(grid, spec, weights, d));
    pld_grid_coords(grid, ctx->rank, grid->coords);
out:
    pld_free(weights);
    return status;
}

static pld_status check_arguments(const pld_ctx *ctx, const pld_grid_spec *spec,
                                  pld_grid **out)
{
    PLD_CHECK(out != NULL, PLD_ERR_ARG, "out is NULL");
    return pld_grid_spec_check(spec, ctx->nranks);
}

pld_status pld_grid_create(pld_ctx *ctx, const pld_grid_spec *spec,
                           pld_grid **out)
{
    PLD_CHECK(ctx != NULL, PLD_ERR_ARG, "ctx is NULL");
    PLD_TRY(pld_agree(ctx, check_arguments(ctx, spec, out)));
    PLD_TRY(pld_grid_spec_agree(spec, ctx));
    pld_status status = PLD_OK;
    pld_grid *grid = NULL;
    PLD_TRY_TO(out, pld_agree(ctx, create_alone(ctx, spec, &grid)));
    *out = grid;
    return PLD_OK;
out:
    destroy_alone(grid);
    return status;
}

pld_status pld_grid_check(const pld_grid *grid, const char *argument)
{
    PLD_CHECK(grid != NULL, PLD_ERR_ARG, "%s is NULL", argument);
    PLD_CHECK(grid->alive == PLD_GRID_ALIVE, PLD_ERR_STATE,
              "%s is not a live grid: destroyed, or something else", argument);
    return PLD_OK;
}

pld_status pld_grid_destroy(pld_grid **grid)
{
    PLD_CHECK(grid != NULL, PLD_ERR_ARG, "grid is NULL");
    if (*grid == NULL)
        return PLD_OK;
    PLD_TRY(pld_grid_check(*grid, "*grid"));
    PLD_CHECK((*grid)->nfields == 0, PLD_ERR_STATE,
              "the grid still has %d field%s: destroy %s first",
              (*grid)->nfields, (*grid)->nfields > 1 ? "s" : "",
              (*grid)->nfields > 1 ? "them" : "it");
    destroy_alone(*grid);
    *grid = NULL;
    return PLD_OK;
}

pld_ctx *pld_grid_ctx(const pld_grid *grid)
{
    return grid != NULL ? grid->ctx : NULL;
}

int pld_grid_ndims(const pld_grid *grid)
{
    return grid != NULL ? grid->ndims : 0;
}

pld_box pld_grid_domain(const pld_grid *grid)
{
    pld_box domain = {{0}, {0}};
    if (grid != NULL)
        memcpy(domain.count, grid->size, sizeof domain.count);
    return domain;
}

static bool is_dim(const pld_grid *grid, int dim)
{
    return grid != NULL && dim >= 0 && dim < PLD_MAXDIM;
}

bool pld_grid_periodic(const pld_grid *grid, int dim)
{
    return is_dim(grid, dim) && grid->periodic[dim];
}

int pld_grid_nprocs(const pld_grid *grid, int dim)
{
    return is_dim(grid, dim) ? grid->nprocs[dim] : 1;
}

int64_t pld_grid_cut(const pld_grid *grid, int dim, int part)
{
    if (!is_dim(grid, dim) || part < 0 || part > grid->nprocs[dim])
        return -1;
    return grid->cuts[dim][part];
}

void pld_grid_coords(const pld_grid *grid, int rank, int coords[PLD_MAXDIM])
{
    bool known = grid != NULL && rank >= 0 && rank < grid->ctx->nranks;
    for (int d = PLD_MAXDIM - 1; d >= 0; d--) {
        coords[d] = known ? rank % grid->nprocs[d] : -1;
        rank = known ? rank / grid->nprocs[d] : rank;
    }
}

int pld_grid_rank_at(const pld_grid *grid, const int coords[PLD_MAXDIM])
{
    int rank = 0;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        if (grid == NULL || coords[d] < 0 || coords[d] >= grid->nprocs[d])
            return -1;
        rank = rank * grid->nprocs[d] + coords[d];
    }
    return rank;
}

pld_box pld_grid_owned(const pld_grid *grid)
{
    return pld_grid_owned_by(grid, grid != NULL ? grid->ctx->rank : -1);
}

pld_box pld_box_tidy(pld_box box)
{
    if (pld_box_empty(box))
        memset(box.count, 0, sizeof box.count);
    return box;
}

pld_box pld_grid_owned_by(const pld_grid *grid, int rank)
{
    pld_box box = {{0}, {0}};
    if (grid == NULL || rank < 0 || rank >= grid->ctx->nranks)
        return box;
    int coords[PLD_MAXDIM];
    pld_grid_coords(grid, rank, coords);
    for (int d = 0; d < PLD_MAXDIM; d++) {
        const int64_t *cuts = grid->cuts[d] + coords[d];
        box.first[d] = cuts[0];
        box.count[d] = cuts[1] - cuts[0];
    }
    return pld_box_tidy(box);
}

int pld_grid_owner(const pld_grid *grid, const int64_t index[PLD_MAXDIM])
{
    int coords[PLD_MAXDIM];
    for (int d = 0; d < PLD_MAXDIM; d++) {
        if (grid == NULL)
            return -1;
        int64_t size = grid->size[d];
        int64_t at = grid->periodic[d] ? index[d] % size : index[d];
        if (grid->periodic[d] && at < 0)
            at += size;
        if (at < 0 || at >= size)
            return -1;
        coords[d] = pld_cuts_owner(grid->cuts[d], grid->nprocs[d], at);
    }
    return pld_grid_rank_at(grid, coords);
}
