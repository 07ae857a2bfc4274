#include "comm/redistribute_spec.h"

#include "mesh/block.h"
#include "polder/agree.h"
#include "polder/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool is_live(const pld_field *field)
{
    return field != NULL && field->alive == PLD_FIELD_ALIVE;
}

pld_status pld_redistribution_spec_ctx(const pld_redistribution_spec *spec,
                                       pld_ctx **out)
{
    PLD_CHECK(spec != NULL, PLD_ERR_ARG, "spec is NULL");
    PLD_CHECK(spec->nfields >= 1, PLD_ERR_ARG,
              "spec->nfields is %d: move at least one field", spec->nfields);
    PLD_CHECK(spec->from != NULL, PLD_ERR_ARG, "spec->from is NULL");
    PLD_CHECK(spec->to != NULL, PLD_ERR_ARG, "spec->to is NULL");
    for (int i = 0; i < spec->nfields; i++)
        for (int side = 0; side < 2; side++) {
            const pld_field *field = side == 0 ? spec->from[i] : spec->to[i];
            if (!is_live(field))
                continue;
            *out = field->grid->ctx;
            return PLD_OK;
        }
    PLD_RAISE(PLD_ERR_ARG, "none of the fields of spec is a live one");
}

static pld_status check_field(const pld_field *field, const char *list, int i,
                              const pld_ctx *ctx)
{
    char argument[32];
    snprintf(argument, sizeof argument, "spec->%s[%d]", list, i);
    PLD_TRY(pld_field_check(field, argument));
    PLD_CHECK(field->grid->ctx == ctx, PLD_ERR_ARG,
              "%s \"%s\" is of another context than the fields before it: one "
              "redistribution serves one context",
              argument, field->name);
    return PLD_OK;
}

/* What is moved must be the same at both ends. */
static pld_status check_alike(const pld_field *from, const pld_field *to)
{
    PLD_CHECK(from->type == to->type, PLD_ERR_TYPE,
              "field \"%s\" is %s, but \"%s\" is %s", from->name,
              pld_type_name(from->type), to->name, pld_type_name(to->type));
    PLD_CHECK(from->ncomps == to->ncomps, PLD_ERR_SHAPE,
              "field \"%s\" has %d components, but \"%s\" has %d", from->name,
              from->ncomps, to->name, to->ncomps);
    PLD_CHECK(from->grid->ndims == to->grid->ndims, PLD_ERR_SHAPE,
              "field \"%s\" has %d dimensions, but \"%s\" has %d", from->name,
              from->grid->ndims, to->name, to->grid->ndims);
    pld_box source = pld_field_domain(from);
    pld_box target = pld_field_domain(to);
    for (int d = 0; d < from->grid->ndims; d++) {
        PLD_CHECK(from->node[d] == to->node[d], PLD_ERR_SHAPE,
                  "along dimension %d field \"%s\" lies on the %s, but \"%s\" "
                  "on the %s",
                  d, from->name, from->node[d] ? "nodes" : "cells", to->name,
                  to->node[d] ? "nodes" : "cells");
        PLD_CHECK(source.count[d] == target.count[d], PLD_ERR_SHAPE,
                  "along dimension %d field \"%s\" has %" PRId64
                  " points, but \"%s\" has %" PRId64,
                  d, from->name, source.count[d], to->name, target.count[d]);
    }
    return PLD_OK;
}

/* From the first to the last element; both NULL when there is none. */
struct range {
    uintptr_t first;
    uintptr_t end;
};

static struct range range_of(const pld_field *field)
{
    if (pld_box_empty(field->padded))
        return (struct range){0, 0};
    struct pld_block block = pld_field_block(field);
    int64_t bytes = (field->ncomps - 1) * block.comp_stride;
    for (int d = 0; d < PLD_MAXDIM; d++)
        bytes += (field->padded.count[d] - 1) * block.stride[d];
    uintptr_t first = (uintptr_t)field->memory;
    return (struct range){first, first + (uintptr_t)bytes + block.size};
}

static bool overlap(const pld_field *a, const pld_field *b)
{
    struct range x = range_of(a);
    struct range y = range_of(b);
    return x.first < y.end && y.first < x.end;
}

static pld_status check_apart(const pld_field *written, const pld_field *other,
                              const char *what)
{
    PLD_CHECK(written != other, PLD_ERR_ARG,
              "field \"%s\" is both written and %s", written->name, what);
    PLD_CHECK(
        !overlap(written, other), PLD_ERR_ARG,
        "field \"%s\" is written, and its memory overlaps that of \"%s\", "
        "which is %s",
        written->name, other->name, what);
    return PLD_OK;
}

pld_status pld_redistribution_spec_check(const pld_redistribution_spec *spec,
                                         const pld_ctx *ctx)
{
    for (int i = 0; i < spec->nfields; i++) {
        PLD_TRY(check_field(spec->from[i], "from", i, ctx));
        PLD_TRY(check_field(spec->to[i], "to", i, ctx));
        PLD_TRY(check_alike(spec->from[i], spec->to[i]));
    }
    for (int i = 0; i < spec->nfields; i++)
        for (int j = 0; j < spec->nfields; j++) {
            PLD_TRY(check_apart(spec->to[i], spec->from[j], "read"));
            if (j < i)
                PLD_TRY(check_apart(spec->to[i], spec->to[j], "written again"));
        }
    return PLD_OK;
}

/* What must be the same on all ranks, compared byte by byte. */
struct pair_terms {
    uint64_t from;
    uint64_t to;
    int64_t from_grid; /* process grids, as two fields may have one name */
    int64_t to_grid;
    int64_t size[PLD_MAXDIM];
    int64_t type;
    int64_t ncomps;
    int64_t layout;
};

static uint64_t digest_of(const char *name)
{
    return pld_digest_bytes(name, strlen(name), 0);
}

static int64_t shape_of(const pld_grid *grid)
{
    return grid->nprocs[0] + ((int64_t)grid->nprocs[1] << 32);
}

pld_status pld_redistribution_spec_agree(const pld_redistribution_spec *spec,
                                         pld_ctx *ctx)
{
    const int64_t nfields = spec->nfields;
    PLD_TRY(pld_agree_same(ctx, "the redistribution's nfields", &nfields,
                           sizeof nfields));
    for (int i = 0; i < spec->nfields; i++) {
        const pld_field *from = spec->from[i];
        const pld_field *to = spec->to[i];
        struct pair_terms terms = {.from = digest_of(from->name),
                                   .to = digest_of(to->name),
                                   .from_grid = shape_of(from->grid),
                                   .to_grid = shape_of(to->grid),
                                   .type = from->type,
                                   .ncomps = from->ncomps,
                                   .layout = from->layout};
        memcpy(terms.size, pld_field_domain(from).count, sizeof terms.size);
        char what[64];
        snprintf(what, sizeof what, "the redistribution's from[%d] or to[%d]",
                 i, i);
        PLD_TRY(pld_agree_same(ctx, what, &terms, sizeof terms));
    }
    return PLD_OK;
}
