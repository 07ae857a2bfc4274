#include "comm/halo_spec.h"

#include <stdio.h>

#include "mesh/field.h"
#include "polder/agree.h"

static const char *const side_names[] = {"low", "high"};

static int64_t at_side(const pld_width *width, int dim, int side)
{
    return side == 0 ? width->low[dim] : width->high[dim];
}

static bool is_default(const pld_width *width)
{
    int64_t most = width->all;
    for (int d = 0; d < PLD_MAXDIM; d++)
        for (int side = 0; side < 2; side++)
            if (at_side(width, d, side) > most)
                most = at_side(width, d, side);
    return most == 0;
}

int64_t pld_halo_spec_width(const pld_halo_spec *spec, const pld_field *field,
                            int dim, int side)
{
    if (is_default(&spec->width))
        return pld_field_halo(field, dim, side);
    int64_t all = dim < field->grid->ndims ? spec->width.all : 0;
    int64_t own = at_side(&spec->width, dim, side);
    return own > all ? own : all;
}

static bool is_live(const pld_field *field)
{
    return field && field->alive == PLD_FIELD_ALIVE;
}

pld_status pld_halo_spec_ctx(const pld_halo_spec *spec, pld_ctx **out)
{
    PLD_CHECK(spec, PLD_ERR_ARG, "spec is NULL");
    PLD_CHECK(spec->nfields >= 1, PLD_ERR_ARG,
              "spec->nfields is %d: a halo has at least one field",
              spec->nfields);
    PLD_CHECK(spec->fields, PLD_ERR_ARG, "spec->fields is NULL");
    for (int i = 0; i < spec->nfields; i++)
        if (is_live(spec->fields[i])) {
            *out = spec->fields[i]->grid->ctx;
            return PLD_OK;
        }
    PLD_RAISE(PLD_ERR_ARG, "none of the %d spec->fields is a live field",
              spec->nfields);
}

static pld_status check_widths(const pld_width *width)
{
    PLD_CHECK(width->all >= 0, PLD_ERR_ARG,
              "width.all is %lld: widths are 0 or more", (long long)width->all);
    for (int d = 0; d < PLD_MAXDIM; d++)
        for (int side = 0; side < 2; side++)
            PLD_CHECK(at_side(width, d, side) >= 0, PLD_ERR_ARG,
                      "width.%s[%d] is %lld: widths are 0 or more",
                      side_names[side], d, (long long)at_side(width, d, side));
    return PLD_OK;
}

static pld_status check_width_of(const pld_halo_spec *spec,
                                 const pld_field *field)
{
    for (int d = 0; d < PLD_MAXDIM; d++)
        for (int side = 0; side < 2; side++) {
            int64_t width = pld_halo_spec_width(spec, field, d, side);
            int64_t halo = pld_field_halo(field, d, side);
            PLD_CHECK(width <= halo, PLD_ERR_ARG,
                      "width %lld exceeds the halo %lld of field \"%s\" at "
                      "the %s side of dimension %d",
                      (long long)width, (long long)halo, pld_field_name(field),
                      side_names[side], d);
        }
    return PLD_OK;
}

static pld_status check_field(const pld_halo_spec *spec, int i,
                              const pld_ctx *ctx)
{
    const pld_field *field = spec->fields[i];
    char argument[32];
    snprintf(argument, sizeof argument, "spec->fields[%d]", i);
    PLD_TRY(pld_field_check(field, argument));
    PLD_CHECK(
        field->grid->ctx == ctx, PLD_ERR_ARG,
        "spec->fields[%d] \"%s\" is of another context than the fields before "
        "it: one halo serves one context",
        i, pld_field_name(field));
    for (int j = 0; j < i; j++)
        PLD_CHECK(spec->fields[j] != field, PLD_ERR_ARG,
                  "spec->fields[%d] and [%d] are the same field \"%s\"", j, i,
                  pld_field_name(field));
    return check_width_of(spec, field);
}

pld_status pld_halo_spec_check(const pld_halo_spec *spec, const pld_ctx *ctx)
{
    PLD_CHECK(spec->stencil == PLD_BOX || spec->stencil == PLD_STAR,
              PLD_ERR_ARG, "stencil is %d: take PLD_BOX or PLD_STAR",
              (int)spec->stencil);
    PLD_TRY(check_widths(&spec->width));
    for (int i = 0; i < spec->nfields; i++)
        PLD_TRY(check_field(spec, i, ctx));
    return PLD_OK;
}

/* What must be the same on all ranks, compared byte by byte. */
struct common_terms {
    int64_t nfields;
    int64_t stencil;
    pld_width width;
};

pld_status pld_halo_spec_agree(const pld_halo_spec *spec, pld_ctx *ctx)
{
    const struct common_terms common = {.nfields = spec->nfields,
                                        .stencil = spec->stencil,
                                        .width = spec->width};
    PLD_TRY(pld_agree_same(ctx, "the halo's nfields, stencil or width", &common,
                           sizeof common));
    for (int i = 0; i < spec->nfields; i++) {
        char what[32];
        snprintf(what, sizeof what, "the halo's fields[%d]", i);
        PLD_TRY(pld_field_agree_same(what, spec->fields[i]));
    }
    return PLD_OK;
}
