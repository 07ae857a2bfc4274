#include "mesh/block.h"

#include "base/alloc.h"

#include <string.h>

/* Values written into a field. */

struct filling {
    struct pld_block block;
    int64_t stride; /* along a row */
    int last;       /* dimension of a row */
    pld_fill *fill;
    void *data;
    char *value; /* the components of a point, where they do not lie together */
};

static void scatter(const struct pld_block *block, const char *value, char *at)
{
    for (int c = 0; c < block->ncomps; c++)
        memcpy(at + c * block->comp_stride, value + (size_t)c * block->size,
               block->size);
}

static pld_status fill_row(const int64_t index[PLD_MAXDIM], int64_t n,
                           void *data)
{
    const struct filling *filling = data;
    int64_t point[PLD_MAXDIM];
    memcpy(point, index, sizeof point);
    char *at = pld_block_at(&filling->block, index);
    for (int64_t i = 0; i < n; i++, at += filling->stride) {
        filling->fill(point, filling->value != NULL ? filling->value : at,
                      filling->data);
        if (filling->value != NULL)
            scatter(&filling->block, filling->value, at);
        point[filling->last]++;
    }
    return PLD_OK;
}

pld_status pld_field_fill(pld_field *field, pld_fill *fill, void *data)
{
    PLD_TRY(pld_field_check(field, "field"));
    PLD_CHECK(fill != NULL, PLD_ERR_ARG, "field \"%s\": fill is NULL",
              field->name);
    pld_status status = PLD_OK;
    struct filling filling = {.block = pld_field_block(field),
                              .last = field->grid->ndims - 1,
                              .fill = fill,
                              .data = data};
    filling.stride = filling.block.stride[filling.last];
    if (field->layout == PLD_PLANES && field->ncomps > 1)
        PLD_TRY(pld_alloc("components of a point", field->ncomps,
                          filling.block.size, &filling.value));
    pld_fresh_touch(field);
    PLD_TRY_TO(out, pld_box_rows(field->owned, field->grid->ndims, fill_row,
                                 &filling));
out:
    pld_free(filling.value);
    return status;
}

/* A copy from a block that has the same components everywhere. */
pld_status pld_field_set(pld_field *field, const void *value)
{
    PLD_TRY(pld_field_check(field, "field"));
    PLD_CHECK(value != NULL, PLD_ERR_ARG, "field \"%s\": value is NULL",
              field->name);
    pld_fresh_touch(field);
    struct pld_block to = pld_field_block(field);
    struct pld_block from = {.data = (char *)value,
                             .comp_stride = (int64_t)to.size,
                             .ncomps = to.ncomps,
                             .size = to.size};
    pld_block_copy(&from, field->padded, &to, (const int64_t[PLD_MAXDIM]){0});
    return PLD_OK;
}

static pld_status check_alike(const pld_field *from, const pld_field *to)
{
    PLD_TRY(pld_field_check(from, "from"));
    PLD_TRY(pld_field_check(to, "to"));
    PLD_CHECK(from->grid == to->grid, PLD_ERR_ARG,
              "fields \"%s\" and \"%s\" live on two grids", from->name,
              to->name);
    PLD_CHECK(from->type == to->type, PLD_ERR_TYPE,
              "field \"%s\" is %s, but \"%s\" is %s", from->name,
              pld_type_name(from->type), to->name, pld_type_name(to->type));
    PLD_CHECK(from->ncomps == to->ncomps, PLD_ERR_SHAPE,
              "field \"%s\" has %d components, but \"%s\" has %d", from->name,
              from->ncomps, to->name, to->ncomps);
    for (int d = 0; d < PLD_MAXDIM; d++)
        PLD_CHECK(from->node[d] == to->node[d], PLD_ERR_SHAPE,
                  "along dimension %d field \"%s\" lies on the %s, but \"%s\" "
                  "on the %s",
                  d, from->name, from->node[d] ? "nodes" : "cells", to->name,
                  to->node[d] ? "nodes" : "cells");
    return PLD_OK;
}

pld_status pld_field_copy(const pld_field *from, pld_field *to)
{
    PLD_TRY(check_alike(from, to));
    if (from == to)
        return PLD_OK;
    pld_fresh_touch(to);
    struct pld_block source = pld_field_block(from);
    struct pld_block target = pld_field_block(to);
    pld_block_copy(&source, pld_box_intersect(from->padded, to->padded),
                   &target, (const int64_t[PLD_MAXDIM]){0});
    pld_fresh_copy(from, to);
    return PLD_OK;
}
