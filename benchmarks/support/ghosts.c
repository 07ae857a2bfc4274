#include "support/ghosts.h"

static double value_at(const pld_box *domain, const int64_t index[PLD_MAXDIM],
                       int comp)
{
    double value = 1.0 + comp;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        int64_t size = domain->count[d];
        value = value * (double)size + (double)((index[d] + size) % size);
    }
    return value;
}

static bool is_filled(const pld_field *field, pld_stencil stencil,
                      const int64_t index[PLD_MAXDIM])
{
    pld_box domain = pld_field_domain(field);
    pld_box own = pld_field_owned(field);
    int nghosts = 0;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        nghosts +=
            index[d] < own.first[d] || index[d] >= own.first[d] + own.count[d];
        if (!pld_grid_periodic(pld_field_grid(field), d) &&
            (index[d] < 0 || index[d] >= domain.count[d]))
            return false;
    }
    return nghosts <= 1 || stencil == PLD_BOX;
}

/* Set a point's components, or say whether they are right. */
static bool visit_point(const pld_field *field, const pld_stencil *stencil,
                        const int64_t index[PLD_MAXDIM])
{
    pld_box domain = pld_field_domain(field);
    pld_view view = pld_field_view(field);
    pld_box point = {{index[0], index[1], index[2]}, {1, 1, 1}};
    bool wanted = stencil == NULL
                      ? pld_box_contains(pld_field_owned(field), point)
                      : is_filled(field, *stencil, index);
    double *p = view.f64;
    for (int d = 0; d < PLD_MAXDIM; d++)
        p += index[d] * view.stride[d];
    bool good = true;
    for (int c = 0; c < pld_field_ncomps(field); c++) {
        double value = wanted ? value_at(&domain, index, c) : 0.0;
        if (stencil == NULL)
            p[c * view.comp_stride] = value;
        good = good && p[c * view.comp_stride] == value;
    }
    return good;
}

/* Set all points, or with a stencil say whether they are right. */
static bool visit_points(const pld_field *field, const pld_stencil *stencil)
{
    pld_box box = pld_field_padded(field);
    int64_t index[PLD_MAXDIM];
    bool good = true;
    for (int64_t k = 0; k < box.count[0]; k++)
        for (int64_t j = 0; j < box.count[1]; j++)
            for (int64_t i = 0; i < box.count[2]; i++) {
                index[0] = box.first[0] + k;
                index[1] = box.first[1] + j;
                index[2] = box.first[2] + i;
                good = visit_point(field, stencil, index) && good;
            }
    return good;
}

void ghosts_reset(pld_field *field)
{
    visit_points(field, NULL);
}

bool ghosts_are_right(const pld_field *field, pld_stencil stencil)
{
    return visit_points(field, &stencil);
}
