#include "mesh/field.h"

/* The boxes of a field. */

/* Whether there is one point more than cells along `d`. */
static bool has_last_node(const pld_field *field, int d)
{
    return field->node[d] && !field->grid->periodic[d];
}

pld_box pld_field_domain(const pld_field *field)
{
    pld_box domain = pld_grid_domain(pld_field_grid(field));
    for (int d = 0; field != NULL && d < PLD_MAXDIM; d++)
        domain.count[d] += has_last_node(field, d);
    return domain;
}

pld_box pld_field_owned(const pld_field *field)
{
    return field != NULL ? field->owned : (pld_box){{0}, {0}};
}

/* The last node goes with the last cell, which no empty part has. */
pld_box pld_field_owned_by(const pld_field *field, int rank)
{
    pld_box box = pld_grid_owned_by(pld_field_grid(field), rank);
    if (pld_box_empty(box))
        return box;
    for (int d = 0; d < PLD_MAXDIM; d++)
        if (box.first[d] + box.count[d] == field->grid->size[d])
            box.count[d] += has_last_node(field, d);
    return box;
}

pld_box pld_field_padded(const pld_field *field)
{
    return field != NULL ? field->padded : (pld_box){{0}, {0}};
}

pld_box pld_field_interior(const pld_field *field, int64_t width)
{
    pld_box box = pld_field_owned(field);
    for (int d = 0; d < pld_grid_ndims(pld_field_grid(field)); d++) {
        if (width <= 0)
            continue;
        if (width > (box.count[d] - 1) / 2) {
            box.count[d] = 0;
            continue;
        }
        box.first[d] += width;
        box.count[d] -= 2 * width;
    }
    return pld_box_tidy(box);
}

int pld_field_rim(const pld_field *field, int64_t width, pld_box out[6])
{
    return pld_box_subtract(pld_field_owned(field),
                            pld_field_interior(field, width), out);
}

pld_box pld_field_outside(const pld_field *field, int dim, int side)
{
    pld_box box = pld_field_padded(field);
    pld_box nothing = {{0}, {0}};
    if (pld_box_empty(box) || dim < 0 || dim >= field->grid->ndims ||
        field->grid->periodic[dim])
        return nothing;
    int64_t face = side == 0 ? 0 : pld_field_domain(field).count[dim];
    int64_t first = box.first[dim];
    int64_t end = first + box.count[dim];
    if (side == 0)
        end = end < face ? end : face;
    else
        first = first > face ? first : face;
    box.first[dim] = first;
    box.count[dim] = end - first;
    return pld_box_tidy(box);
}
