#include "polder/field.h"
#include "mesh/field.h"
#include "mesh/field_spec.h"

#include "base/alloc.h"
#include "base/overflow.h"
#include "par/shared.h"
#include "polder/agree.h"

#include <inttypes.h>
#include <string.h>

/* The ghosts around `owned`, none around nothing. */
static pld_status find_padded(pld_field *field)
{
    field->padded = field->owned;
    if (pld_box_empty(field->owned))
        return PLD_OK;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        int64_t end = 0;
        bool fits =
            pld_add_fits(field->owned.first[d], field->owned.count[d], &end) &&
            pld_add_fits(end, field->high[d], &end) &&
            pld_add_fits(end, field->low[d], &end);
        PLD_CHECK(fits, PLD_ERR_OVERFLOW,
                  "field \"%s\": halo %" PRId64 " and %" PRId64
                  " along dimension %d make indices beyond 63 bits",
                  field->name, field->low[d], field->high[d], d);
        field->padded.first[d] -= field->low[d];
        field->padded.count[d] += field->low[d] + field->high[d];
    }
    return PLD_OK;
}

/* Global indices must not overflow: neither the number of an element, nor the
 * distance of an index of this rank from index 0 in bytes. */
static pld_status check_range(const pld_field *field)
{
    int64_t size = (int64_t)pld_type_size(field->type);
    pld_box domain = pld_field_domain(field);
    int64_t elements = 0;
    int64_t factors[] = {domain.count[0], domain.count[1], domain.count[2],
                         field->ncomps};
    PLD_TRY(pld_size_product("elements of a field", 4, factors, &elements));
    int64_t reach = 0;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        int64_t end = field->padded.first[d] + field->padded.count[d];
        int64_t bytes = 0;
        bool fits =
            pld_mul_fits(end + field->low[d], field->stride[d], &bytes) &&
            pld_mul_fits(bytes, size, &bytes) &&
            pld_add_fits(reach, bytes, &reach);
        PLD_CHECK(fits, PLD_ERR_OVERFLOW,
                  "field \"%s\": index %" PRId64 " of dimension %d times the "
                  "stride %" PRId64 " does not fit into 63 bits",
                  field->name, end, d, field->stride[d]);
    }
    return PLD_OK;
}

/* Components a multiple of 4 KiB apart share a few sets of the cache: a loop
 * over 16 of them was measured to be 4 times slower. An odd number of cache
 * lines between them spreads them over all sets. */
static int64_t spread(int64_t points, pld_type type)
{
    int64_t in_line = 64 / (int64_t)pld_type_size(type);
    int64_t lines = points / in_line + (points % in_line != 0);
    return (lines | 1) * in_line;
}

/* Strides in an array of `extent` points, and its elements. */
static pld_status lay_out(pld_field *field, const int64_t extent[PLD_MAXDIM],
                          int64_t *elements)
{
    bool planes = field->layout == PLD_PLANES;
    int64_t factors[] = {extent[0], extent[1], extent[2], field->ncomps,
                         (int64_t)pld_type_size(field->type)};
    PLD_TRY(pld_size_product("bytes of a field", 5, factors, elements));
    int64_t stride = planes ? 1 : field->ncomps;
    for (int i = field->grid->ndims - 1; i >= 0; i--) {
        int d = field->order[i];
        field->stride[d] = stride;
        stride *= extent[d];
    }
    field->comp_stride = planes ? stride : 1;
    if (planes && field->ncomps > 1 && !field->wrapped)
        field->comp_stride = spread(stride, field->type);
    *elements = planes ? field->comp_stride * field->ncomps : stride;
    return check_range(field);
}

static pld_status take_memory(pld_field *field, const pld_field_spec *spec,
                              bool wraps)
{
    int64_t extent[PLD_MAXDIM];
    int64_t elements = 0;
    PLD_TRY(pld_field_spec_extent(spec, field, wraps, extent));
    field->wrapped = spec->memory != NULL;
    PLD_TRY(lay_out(field, extent, &elements));
    if (pld_box_empty(field->padded))
        return PLD_OK;
    field->memory = spec->memory;
    if (field->wrapped)
        return PLD_OK;
    return pld_shared_alloc(field->grid->ctx, field->name, elements,
                            pld_type_size(field->type), &field->memory);
}

static void destroy_alone(pld_field *field)
{
    if (field == NULL)
        return;
    if (!field->wrapped)
        pld_shared_free(field->grid->ctx, field->memory);
    pld_free(field->name);
    field->grid->nfields--;
    pld_ctx_release(field->grid->ctx, PLD_KIND_FIELD);
    field->alive = 0;
    pld_free(field);
}

/* All that one rank does alone; what is made by then stays in *out. */
static pld_status create_alone(pld_grid *grid, const pld_field_spec *spec,
                               bool wraps, pld_field **out)
{
    pld_field *field = NULL;
    PLD_TRY(pld_alloc("field", 1, sizeof *field, &field));
    *out = field;
    field->alive = PLD_FIELD_ALIVE;
    field->grid = grid;
    grid->nfields++;
    pld_ctx_retain(grid->ctx, PLD_KIND_FIELD);
    PLD_TRY(pld_alloc_text(pld_field_spec_name(spec), &field->name));
    field->type = spec->type;
    field->ncomps = pld_field_spec_ncomps(spec);
    field->layout = spec->layout;
    pld_field_spec_order(spec, grid->ndims, field->order);
    memcpy(field->node, spec->node, sizeof field->node);
    for (int d = 0; d < PLD_MAXDIM; d++) {
        field->low[d] = pld_field_spec_halo(spec, grid->ndims, d, 0);
        field->high[d] = pld_field_spec_halo(spec, grid->ndims, d, 1);
    }
    field->owned = pld_field_owned_by(field, grid->ctx->rank);
    PLD_TRY(find_padded(field));
    return take_memory(field, spec, wraps);
}

static pld_status check_arguments(const pld_grid *grid,
                                  const pld_field_spec *spec, pld_field **out)
{
    PLD_CHECK(out != NULL, PLD_ERR_ARG, "out is NULL");
    return pld_field_spec_check(spec, grid);
}

pld_status pld_field_create(pld_grid *grid, const pld_field_spec *spec,
                            pld_field **out)
{
    PLD_TRY(pld_grid_check(grid, "grid"));
    pld_ctx *ctx = grid->ctx;
    PLD_TRY(pld_agree(ctx, check_arguments(grid, spec, out)));
    PLD_TRY(pld_field_spec_agree(spec, grid));
    int64_t wraps = spec->memory != NULL;
    PLD_TRY(pld_reduce(ctx, PLD_MAX, PLD_I64, &wraps, 1, &wraps));
    pld_status status = PLD_OK;
    pld_field *field = NULL;
    PLD_TRY_TO(out, pld_agree(ctx, create_alone(grid, spec, wraps, &field)));
    *out = field;
    return PLD_OK;
out:
    destroy_alone(field);
    return status;
}

pld_status pld_field_check(const pld_field *field, const char *argument)
{
    PLD_CHECK(field != NULL, PLD_ERR_ARG, "%s is NULL", argument);
    PLD_CHECK(field->alive == PLD_FIELD_ALIVE, PLD_ERR_STATE,
              "%s is not a live field: destroyed, or something else", argument);
    return PLD_OK;
}

pld_status pld_field_destroy(pld_field **field)
{
    PLD_CHECK(field != NULL, PLD_ERR_ARG, "field is NULL");
    if (*field == NULL)
        return PLD_OK;
    PLD_TRY(pld_field_check(*field, "*field"));
    PLD_CHECK((*field)->nusers == 0, PLD_ERR_STATE,
              "field \"%s\" is still used by %d halos, redistributions "
              "or series: destroy or "
              "close them first",
              (*field)->name, (*field)->nusers);
    destroy_alone(*field);
    *field = NULL;
    return PLD_OK;
}

void pld_field_retain(pld_field *field)
{
    field->nusers++;
}

void pld_field_release(pld_field *field)
{
    field->nusers--;
}

pld_grid *pld_field_grid(const pld_field *field)
{
    return field != NULL ? field->grid : NULL;
}

const char *pld_field_name(const pld_field *field)
{
    return field != NULL ? field->name : "";
}

pld_type pld_field_type(const pld_field *field)
{
    return field != NULL ? field->type : PLD_TYPE_COUNT;
}

int pld_field_ncomps(const pld_field *field)
{
    return field != NULL ? field->ncomps : 0;
}

bool pld_field_node(const pld_field *field, int dim)
{
    return field != NULL && dim >= 0 && dim < PLD_MAXDIM && field->node[dim];
}

int64_t pld_field_halo(const pld_field *field, int dim, int side)
{
    if (field == NULL || dim < 0 || dim >= PLD_MAXDIM)
        return 0;
    return side == 0 ? field->low[dim] : field->high[dim];
}
