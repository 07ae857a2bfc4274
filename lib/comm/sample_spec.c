#include "comm/sample_spec.h"

#include <inttypes.h>
#include <stdio.h>

#include "comm/window.h"
#include "mesh/field.h"
#include "polder/agree.h"

int pld_sample_spec_ncomps(const pld_sample_spec *spec)
{
    return spec->ncomps > 0 ? spec->ncomps : spec->field->ncomps - spec->comp;
}

static pld_status check_components(const pld_sample_spec *spec)
{
    const pld_field *field = spec->field;
    bool integers = field->type == PLD_I64 || field->type == PLD_I32;
    PLD_CHECK(spec->comp >= 0 && spec->comp < field->ncomps, PLD_ERR_ARG,
              "comp is %d: field \"%s\" has components 0 to %d", spec->comp,
              pld_field_name(field), field->ncomps - 1);
    PLD_CHECK(spec->ncomps >= 0 && spec->ncomps <= field->ncomps - spec->comp,
              PLD_ERR_ARG,
              "ncomps is %d from component %d on: field \"%s\" has %d",
              spec->ncomps, spec->comp, pld_field_name(field), field->ncomps);
    PLD_CHECK(spec->interpolation == PLD_LINEAR ||
                  spec->interpolation == PLD_NEAREST ||
                  spec->interpolation == PLD_CUBIC,
              PLD_ERR_ARG,
              "interpolation is %d: take PLD_LINEAR, PLD_NEAREST or PLD_CUBIC",
              (int)spec->interpolation);
    PLD_CHECK(!integers || spec->interpolation == PLD_NEAREST, PLD_ERR_TYPE,
              "field \"%s\" is of %s: take PLD_NEAREST, there is nothing "
              "between integers",
              pld_field_name(field), pld_type_name(field->type));
    return PLD_OK;
}

static pld_status check_receivers(const pld_sample_spec *spec)
{
    int nranks = spec->field->grid->ctx->nranks;
    PLD_CHECK(spec->values == PLD_SAMPLE_OWN ||
                  spec->values == PLD_SAMPLE_ROOT ||
                  spec->values == PLD_SAMPLE_ALL,
              PLD_ERR_ARG,
              "values is %d: take PLD_SAMPLE_OWN, PLD_SAMPLE_ROOT or "
              "PLD_SAMPLE_ALL",
              (int)spec->values);
    PLD_CHECK(spec->values != PLD_SAMPLE_ROOT ||
                  (spec->root >= 0 && spec->root < nranks),
              PLD_ERR_ARG, "root is %d: ranks are 0 to %d", spec->root,
              nranks - 1);
    return PLD_OK;
}

static void write_position(char *text, size_t room, int ndims,
                           const double *position)
{
    size_t used = 0;
    for (int d = 0; d < ndims && used < room; d++)
        used += (size_t)snprintf(text + used, room - used, "%s%.10g",
                                 d > 0 ? ", " : "", position[d]);
}

static pld_status check_points(const pld_sample_spec *spec)
{
    const pld_grid *grid = spec->field->grid;
    PLD_CHECK(spec->npoints >= 0, PLD_ERR_ARG,
              "npoints is %" PRId64 ": it is 0 or more", spec->npoints);
    PLD_CHECK(spec->npoints == 0 || spec->points, PLD_ERR_ARG,
              "points is NULL, but npoints is %" PRId64, spec->npoints);
    for (int64_t i = 0; i < spec->npoints; i++) {
        int dim = 0;
        char text[100];
        const double *position = spec->points + i * grid->ndims;
        if (pld_window_fits(spec->field, position, &dim))
            continue;
        write_position(text, sizeof text, grid->ndims, position);
        PLD_RAISE(PLD_ERR_ARG,
                  "point %" PRId64 " (%s) lies outside of field \"%s\": "
                  "dimension %d %s %" PRId64,
                  i, text, pld_field_name(spec->field), dim,
                  grid->periodic[dim] ? "wants finite numbers, and has the size"
                                      : "reaches from 0 to",
                  grid->size[dim]);
    }
    return PLD_OK;
}

pld_status pld_sample_spec_check(const pld_sample_spec *spec)
{
    PLD_TRY(check_components(spec));
    PLD_TRY(check_receivers(spec));
    return check_points(spec);
}

pld_status pld_sample_spec_agree(const pld_sample_spec *spec)
{
    const int64_t terms[] = {spec->comp, spec->ncomps, spec->interpolation,
                             spec->values,
                             spec->values == PLD_SAMPLE_ROOT ? spec->root : 0};
    PLD_TRY(pld_field_agree_same("the sample's field", spec->field));
    return pld_agree_same(
        spec->field->grid->ctx,
        "the sample's components, interpolation, values or root", terms,
        sizeof terms);
}
