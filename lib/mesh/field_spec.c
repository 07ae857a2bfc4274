#include "mesh/field_spec.h"

#include "mesh/field.h"
#include "polder/agree.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *pld_field_spec_name(const pld_field_spec *spec)
{
    return spec->name != NULL ? spec->name : "field";
}

int pld_field_spec_ncomps(const pld_field_spec *spec)
{
    return spec->ncomps != 0 ? spec->ncomps : 1;
}

int64_t pld_field_spec_halo(const pld_field_spec *spec, int ndims, int dim,
                            int side)
{
    if (dim >= ndims)
        return 0;
    const pld_width *width = &spec->halo;
    int64_t own = side == 0 ? width->low[dim] : width->high[dim];
    return own > width->all ? own : width->all;
}

void pld_field_spec_order(const pld_field_spec *spec, int ndims,
                          int order[PLD_MAXDIM])
{
    bool given = false;
    for (int i = 0; i < ndims; i++)
        given = given || spec->order[i] != 0;
    for (int i = 0; i < PLD_MAXDIM; i++)
        order[i] = given && i < ndims ? spec->order[i] : i;
}

static pld_status check_halo(const char *name, const char *side,
                             const int64_t width[PLD_MAXDIM], int ndims)
{
    for (int d = 0; d < PLD_MAXDIM; d++) {
        PLD_CHECK(width[d] >= 0, PLD_ERR_ARG,
                  "field \"%s\": halo.%s[%d] is %" PRId64
                  ": a width is 0 or more",
                  name, side, d, width[d]);
        PLD_CHECK(d < ndims || width[d] == 0, PLD_ERR_ARG,
                  "field \"%s\": halo.%s[%d] is %" PRId64
                  ", but the grid has %d dimension%s",
                  name, side, d, width[d], ndims, ndims > 1 ? "s" : "");
    }
    return PLD_OK;
}

static pld_status check_stagger(const pld_field_spec *spec, const char *name,
                                int ndims)
{
    for (int d = ndims; d < PLD_MAXDIM; d++)
        PLD_CHECK(!spec->node[d], PLD_ERR_ARG,
                  "field \"%s\": node[%d] is set, but the grid has %d "
                  "dimension%s",
                  name, d, ndims, ndims > 1 ? "s" : "");
    return PLD_OK;
}

/* Whether every dimension comes once, and no other. */
static pld_status check_order(const pld_field_spec *spec, const char *name,
                              int ndims)
{
    int order[PLD_MAXDIM];
    bool found[PLD_MAXDIM] = {false};
    pld_field_spec_order(spec, ndims, order);
    for (int i = 0; i < PLD_MAXDIM; i++) {
        bool fits =
            i < ndims ? order[i] >= 0 && order[i] < ndims : spec->order[i] == 0;
        PLD_CHECK(fits, PLD_ERR_ARG,
                  "field \"%s\": order[%d] is %d, but the grid has %d "
                  "dimension%s",
                  name, i, spec->order[i], ndims, ndims > 1 ? "s" : "");
        PLD_CHECK(!found[order[i]], PLD_ERR_ARG,
                  "field \"%s\": order names dimension %d twice: give each "
                  "of the %d once",
                  name, order[i], ndims);
        found[order[i]] = true;
    }
    return PLD_OK;
}

pld_status pld_field_spec_check(const pld_field_spec *spec,
                                const pld_grid *grid)
{
    PLD_CHECK(spec != NULL, PLD_ERR_ARG, "spec is NULL");
    const char *name = pld_field_spec_name(spec);
    PLD_CHECK(pld_type_size(spec->type) > 0, PLD_ERR_TYPE,
              "field \"%s\": type %d is not an element type", name,
              (int)spec->type);
    PLD_CHECK(spec->ncomps >= 0, PLD_ERR_ARG,
              "field \"%s\": ncomps is %d: give at least 1", name,
              spec->ncomps);
    PLD_CHECK(spec->layout == PLD_PLANES || spec->layout == PLD_INTERLEAVED,
              PLD_ERR_ARG,
              "field \"%s\": layout is %d: take PLD_PLANES or "
              "PLD_INTERLEAVED",
              name, (int)spec->layout);
    PLD_CHECK(spec->halo.all >= 0, PLD_ERR_ARG,
              "field \"%s\": halo.all is %" PRId64 ": a width is 0 or more",
              name, spec->halo.all);
    PLD_TRY(check_halo(name, "low", spec->halo.low, grid->ndims));
    PLD_TRY(check_halo(name, "high", spec->halo.high, grid->ndims));
    PLD_TRY(check_order(spec, name, grid->ndims));
    return check_stagger(spec, name, grid->ndims);
}

/* Compare one property, named with the field. */
static pld_status agree_on(const pld_field_spec *spec, const pld_grid *grid,
                           const char *property, const void *data, size_t bytes)
{
    char what[100];
    snprintf(what, sizeof what, "%s of field \"%.60s\"", property,
             pld_field_spec_name(spec));
    return pld_agree_same(grid->ctx, what, data, bytes);
}

pld_status pld_field_spec_agree(const pld_field_spec *spec,
                                const pld_grid *grid)
{
    const char *name = pld_field_spec_name(spec);
    int ncomps = pld_field_spec_ncomps(spec);
    int64_t halo[PLD_MAXDIM][2];
    int order[PLD_MAXDIM];
    pld_field_spec_order(spec, grid->ndims, order);
    for (int d = 0; d < PLD_MAXDIM; d++)
        for (int side = 0; side < 2; side++)
            halo[d][side] = pld_field_spec_halo(spec, grid->ndims, d, side);
    PLD_TRY(agree_on(spec, grid, "the name", name, strlen(name)));
    PLD_TRY(agree_on(spec, grid, "type", &spec->type, sizeof spec->type));
    PLD_TRY(agree_on(spec, grid, "ncomps", &ncomps, sizeof ncomps));
    PLD_TRY(agree_on(spec, grid, "layout", &spec->layout, sizeof spec->layout));
    PLD_TRY(agree_on(spec, grid, "node", spec->node, sizeof spec->node));
    PLD_TRY(agree_on(spec, grid, "halo", halo, sizeof halo));
    PLD_TRY(agree_on(spec, grid, "order", order, sizeof order));
    return PLD_OK;
}

static pld_status check_extent(const pld_field_spec *spec,
                               const pld_field *field, int d)
{
    int64_t extent = spec->extent[d];
    bool beyond = d >= field->grid->ndims;
    PLD_CHECK(extent >= 0 && (!beyond || extent <= 1), PLD_ERR_ARG,
              "field \"%s\": extent[%d] is %" PRId64
              ", but the grid has %d dimension%s",
              field->name, d, extent, field->grid->ndims,
              field->grid->ndims > 1 ? "s" : "");
    PLD_CHECK(extent == 0 || extent >= field->padded.count[d], PLD_ERR_SHAPE,
              "field \"%s\": extent[%d] is %" PRId64 ", but %" PRId64
              " own points with halo %" PRId64 " and %" PRId64 " need %" PRId64,
              field->name, d, extent, field->owned.count[d], field->low[d],
              field->high[d], field->padded.count[d]);
    return PLD_OK;
}

/* Elements of 16 bytes are pairs of 8. */
static bool is_aligned(const void *memory, pld_type type)
{
    return (uintptr_t)memory % (pld_type_size(type) == 4 ? 4 : 8) == 0;
}

pld_status pld_field_spec_extent(const pld_field_spec *spec,
                                 const pld_field *field, bool wraps,
                                 int64_t extent[PLD_MAXDIM])
{
    bool empty = pld_box_empty(field->padded);
    memcpy(extent, field->padded.count, sizeof field->padded.count);
    PLD_CHECK(spec->memory != NULL || !wraps || empty, PLD_ERR_ARG,
              "field \"%s\": memory is NULL, but other ranks wrap theirs",
              field->name);
    if (spec->memory == NULL || empty)
        return PLD_OK;
    PLD_CHECK(is_aligned(spec->memory, field->type), PLD_ERR_ARG,
              "field \"%s\": memory at %p is not aligned for %s", field->name,
              spec->memory, pld_type_name(field->type));
    for (int d = 0; d < PLD_MAXDIM; d++) {
        PLD_TRY(check_extent(spec, field, d));
        if (spec->extent[d] > 0)
            extent[d] = spec->extent[d];
    }
    return PLD_OK;
}
