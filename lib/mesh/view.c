#include "mesh/block.h"

#include <string.h>

/* Memory addressed by global index. */

/* The pointer to the global index (0, 0, 0), given that to `first`. */
static char *origin(char *at, const int64_t first[PLD_MAXDIM],
                    const int64_t stride[PLD_MAXDIM])
{
    uintptr_t zero = (uintptr_t)at;
    for (int d = 0; d < PLD_MAXDIM; d++)
        zero -= (uintptr_t)first[d] * (uintptr_t)stride[d];
    return (char *)zero;
}

struct pld_block pld_field_block(const pld_field *field)
{
    int64_t size = (int64_t)pld_type_size(field->type);
    struct pld_block block = {.comp_stride = field->comp_stride * size,
                              .ncomps = field->ncomps,
                              .size = (size_t)size};
    for (int d = 0; d < PLD_MAXDIM; d++)
        block.stride[d] = field->stride[d] * size;
    if (field->memory != NULL)
        block.data = origin(field->memory, field->padded.first, block.stride);
    return block;
}

struct pld_block pld_block_components(struct pld_block block, int comp,
                                      int ncomps)
{
    uintptr_t data = (uintptr_t)block.data;
    data += (uintptr_t)comp * (uintptr_t)block.comp_stride;
    block.data = (char *)data;
    block.ncomps = ncomps;
    return block;
}

struct pld_block pld_block_ordered(void *buffer, pld_box box, pld_layout layout,
                                   const int order[PLD_MAXDIM], int ncomps,
                                   size_t size)
{
    struct pld_block block = {.ncomps = ncomps, .size = size};
    bool given = order[0] != order[1];
    int64_t step = (int64_t)size;
    if (layout == PLD_INTERLEAVED) {
        block.comp_stride = step;
        step *= ncomps;
    }
    for (int i = PLD_MAXDIM - 1; i >= 0; i--) {
        int d = given ? order[i] : i;
        block.stride[d] = step;
        step *= box.count[d];
    }
    if (layout == PLD_PLANES)
        block.comp_stride = step;
    block.data = origin(buffer, box.first, block.stride);
    return block;
}

struct pld_block pld_block_dense(void *buffer, pld_box box, pld_layout layout,
                                 int ncomps, size_t size)
{
    const int as_they_are[PLD_MAXDIM] = {0};
    return pld_block_ordered(buffer, box, layout, as_they_are, ncomps, size);
}

pld_view pld_field_view(const pld_field *field)
{
    pld_view view = {.valid = pld_field_padded(field)};
    if (field == NULL)
        return view;
    view.data = pld_field_block(field).data;
    memcpy(view.stride, field->stride, sizeof view.stride);
    view.comp_stride = field->comp_stride;
    return view;
}
