#include "mesh/grid_spec.h"

#include "base/alloc.h"
#include "base/overflow.h"
#include "mesh/cuts.h"
#include "polder/agree.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static pld_status check_size(const pld_grid_spec *spec)
{
    PLD_CHECK(spec->ndims >= 1 && spec->ndims <= PLD_MAXDIM, PLD_ERR_ARG,
              "ndims is %d: a grid has 1 to %d dimensions", spec->ndims,
              PLD_MAXDIM);
    for (int d = 0; d < spec->ndims; d++)
        PLD_CHECK(spec->size[d] >= 1, PLD_ERR_ARG,
                  "size[%d] is %" PRId64 ": at least one cell is needed", d,
                  spec->size[d]);
    for (int d = spec->ndims; d < PLD_MAXDIM; d++)
        PLD_CHECK(spec->size[d] == 0 || spec->size[d] == 1, PLD_ERR_ARG,
                  "size[%d] is %" PRId64 ", but ndims is %d", d, spec->size[d],
                  spec->ndims);
    int64_t cells = 0;
    return pld_size_product("cells of a grid", spec->ndims, spec->size, &cells);
}

/* Whether the given entries leave room for a factorisation of nranks. */
static pld_status check_product(const pld_grid_spec *spec, int nranks)
{
    int64_t product = 1;
    bool complete = true;
    for (int d = 0; d < spec->ndims; d++) {
        complete = complete && spec->nprocs[d] > 0;
        if (spec->nprocs[d] > 0 && product <= nranks)
            product *= spec->nprocs[d];
    }
    PLD_CHECK(complete ? product == nranks : nranks % product == 0, PLD_ERR_ARG,
              "nprocs is {%d, %d, %d}: the product must %s the number of "
              "ranks, %d",
              spec->nprocs[0], spec->nprocs[1], spec->nprocs[2],
              complete ? "be" : "divide", nranks);
    return PLD_OK;
}

static pld_status check_nprocs(const pld_grid_spec *spec, int nranks)
{
    for (int d = 0; d < spec->ndims; d++)
        PLD_CHECK(spec->nprocs[d] >= 0, PLD_ERR_ARG,
                  "nprocs[%d] is %d: give a number of ranks, or 0", d,
                  spec->nprocs[d]);
    for (int d = spec->ndims; d < PLD_MAXDIM; d++)
        PLD_CHECK(spec->nprocs[d] == 0 || spec->nprocs[d] == 1, PLD_ERR_ARG,
                  "nprocs[%d] is %d, but ndims is %d", d, spec->nprocs[d],
                  spec->ndims);
    return check_product(spec, nranks);
}

/* `values` may be NULL. */
static pld_status check_weights(const char *what, int64_t n,
                                const double *values)
{
    double sum = 0.0;
    for (int64_t i = 0; values != NULL && i < n; i++) {
        PLD_CHECK(values[i] >= 0.0 && isfinite(values[i]), PLD_ERR_ARG,
                  "%s[%" PRId64 "] is %g: weights are finite and not negative",
                  what, i, values[i]);
        sum += values[i];
    }
    PLD_CHECK(values == NULL || sum > 0.0, PLD_ERR_ARG,
              "%s are all 0: at least one must be above", what);
    PLD_CHECK(isfinite(sum), PLD_ERR_ARG, "%s: their sum is not finite", what);
    return PLD_OK;
}

static pld_status check_cuts(const pld_grid_spec *spec, int d)
{
    const int64_t *cuts = spec->cuts[d];
    int n = spec->nprocs[d];
    PLD_CHECK(n > 0, PLD_ERR_ARG, "cuts[%d] are given, but nprocs[%d] is 0", d,
              d);
    PLD_CHECK(spec->slab_weights[d] == NULL, PLD_ERR_ARG,
              "cuts[%d] and slab_weights[%d] are given: only one can hold", d,
              d);
    PLD_CHECK(cuts[0] == 0, PLD_ERR_ARG,
              "cuts[%d][0] is %" PRId64 ": the first cut is 0", d, cuts[0]);
    PLD_CHECK(cuts[n] == spec->size[d], PLD_ERR_ARG,
              "cuts[%d][%d] is %" PRId64 ": the last cut is the size, %" PRId64,
              d, n, cuts[n], spec->size[d]);
    for (int p = 0; p < n; p++)
        PLD_CHECK(cuts[p] <= cuts[p + 1], PLD_ERR_ARG,
                  "cuts[%d][%d] is %" PRId64 ", below the %" PRId64
                  " before it: cuts ascend",
                  d, p + 1, cuts[p + 1], cuts[p]);
    return PLD_OK;
}

static pld_status check_dimension(const pld_grid_spec *spec, int d)
{
    char what[32];
    snprintf(what, sizeof what, "slab_weights[%d]", d);
    PLD_TRY(check_weights(what, spec->size[d], spec->slab_weights[d]));
    if (spec->cuts[d] != NULL)
        PLD_TRY(check_cuts(spec, d));
    return PLD_OK;
}

pld_status pld_grid_spec_check(const pld_grid_spec *spec, int nranks)
{
    PLD_CHECK(spec != NULL, PLD_ERR_ARG, "spec is NULL");
    PLD_TRY(check_size(spec));
    PLD_TRY(check_nprocs(spec, nranks));
    PLD_CHECK(spec->halo >= 0, PLD_ERR_ARG,
              "halo is %" PRId64 ": a width is 0 or more", spec->halo);
    PLD_TRY(check_weights("rank_weights", nranks, spec->rank_weights));
    for (int d = 0; d < spec->ndims; d++)
        PLD_TRY(check_dimension(spec, d));
    for (int d = spec->ndims; d < PLD_MAXDIM; d++)
        PLD_CHECK(spec->slab_weights[d] == NULL && spec->cuts[d] == NULL,
                  PLD_ERR_ARG,
                  "slab_weights[%d] or cuts[%d] are given, but ndims is %d", d,
                  d, spec->ndims);
    return PLD_OK;
}

/* An array of `n` elements that may be left out. */
static pld_status agree_array(pld_ctx *ctx, const char *what, const void *data,
                              int64_t n, size_t size)
{
    return pld_agree_same(ctx, what, data, data != NULL ? (size_t)n * size : 0);
}

static pld_status agree_dimension(const pld_grid_spec *spec, pld_ctx *ctx,
                                  int d)
{
    char what[32];
    snprintf(what, sizeof what, "slab_weights[%d]", d);
    PLD_TRY(agree_array(ctx, what, spec->slab_weights[d], spec->size[d],
                        sizeof *spec->slab_weights[d]));
    snprintf(what, sizeof what, "cuts[%d]", d);
    PLD_TRY(agree_array(ctx, what, spec->cuts[d], spec->nprocs[d] + 1,
                        sizeof *spec->cuts[d]));
    return PLD_OK;
}

pld_status pld_grid_spec_agree(const pld_grid_spec *spec, pld_ctx *ctx)
{
    PLD_TRY(pld_agree_same(ctx, "ndims", &spec->ndims, sizeof spec->ndims));
    PLD_TRY(
        agree_array(ctx, "size", spec->size, spec->ndims, sizeof *spec->size));
    PLD_TRY(agree_array(ctx, "periodic", spec->periodic, spec->ndims,
                        sizeof *spec->periodic));
    PLD_TRY(agree_array(ctx, "nprocs", spec->nprocs, spec->ndims,
                        sizeof *spec->nprocs));
    PLD_TRY(pld_agree_same(ctx, "halo", &spec->halo, sizeof spec->halo));
    PLD_TRY(agree_array(ctx, "rank_weights", spec->rank_weights,
                        pld_ctx_nranks(ctx), sizeof *spec->rank_weights));
    for (int d = 0; d < spec->ndims; d++)
        PLD_TRY(agree_dimension(spec, ctx, d));
    return PLD_OK;
}

pld_status pld_grid_spec_weights(const pld_grid_spec *spec, int nranks,
                                 double **out)
{
    const double *given = spec->rank_weights;
    *out = NULL;
    if (given == NULL || pld_all_equal(nranks, given))
        return PLD_OK;
    PLD_TRY(pld_alloc("rank weights", nranks, sizeof **out, out));
    double largest = 0.0;
    for (int rank = 0; rank < nranks; rank++)
        largest = fmax(largest, given[rank]);
    /* By a power of 2, so that their ratios stay exact. */
    int exponent = 0;
    frexp(largest, &exponent);
    for (int rank = 0; rank < nranks; rank++)
        (*out)[rank] = ldexp(given[rank], -exponent);
    return PLD_OK;
}
