#include "support/subject.h"

#include <string.h>

#include "support/draw.h"
#include "support/harness.h"

/* --- Drawing ------------------------------------------------------------- */

void subject_draw_grid(pld_grid **out)
{
    double weights[16];
    pld_grid_spec spec = {.ndims = (int)draw(1, 3)};
    for (int d = 0; d < spec.ndims; d++) {
        spec.size[d] = draw(1, spec.ndims == 1 ? 20 : 6);
        spec.periodic[d] = draw(0, 2) > 0;
    }
    if (draw_bool())
        spec.nprocs[draw(0, spec.ndims - 1)] = nranks;
    for (int r = 0; r < nranks; r++)
        weights[r] = (double)draw(0, 2);
    weights[draw(0, nranks - 1)] = 1.0;
    if (draw_bool())
        spec.rank_weights = weights;
    assert_ok_here(pld_grid_create(ctx, &spec, out));
}

void subject_draw_field(pld_grid *grid, int64_t most, pld_field **out)
{
    pld_field_spec spec = {.type = (pld_type)draw(0, PLD_TYPE_COUNT - 1),
                           .ncomps = (int)draw(1, SUBJECT_COMPS),
                           .layout =
                               draw_bool() ? PLD_PLANES : PLD_INTERLEAVED};
    for (int d = 0; d < pld_grid_ndims(grid); d++) {
        spec.node[d] = draw_bool();
        spec.halo.low[d] = draw(0, draw_bool() ? 2 : most);
        spec.halo.high[d] = draw(0, draw_bool() ? 2 : most);
    }
    assert_ok_here(pld_field_create(grid, &spec, out));
}

void subject_draw(int64_t most, struct subject *out)
{
    subject_draw_grid(&out->grid);
    out->nfields = (int)draw(1, SUBJECT_FIELDS);
    for (int f = 0; f < out->nfields; f++)
        subject_draw_field(out->grid, most, &out->fields[f]);
}

void subject_destroy(struct subject *subject)
{
    for (int f = 0; f < subject->nfields; f++)
        assert_ok_here(pld_field_destroy(&subject->fields[f]));
    assert_ok_here(pld_grid_destroy(&subject->grid));
}

void subject_square(pld_type type, int nfields, struct subject *out)
{
    const pld_grid_spec grid = {.ndims = 2,
                                .size = {4 * nranks, 6},
                                .periodic = {true, true},
                                .nprocs = {nranks, 1}};
    *out = (struct subject){.nfields = nfields};
    assert_ok(pld_grid_create(ctx, &grid, &out->grid));
    for (int f = 0; f < nfields; f++) {
        const pld_field_spec field = {.name = f == 0 ? "depth" : "speed",
                                      .type = f == 0 ? type : PLD_I32,
                                      .halo = {.all = 2}};
        assert_ok(pld_field_create(out->grid, &field, &out->fields[f]));
    }
}

void subject_halo(const struct subject *subject, pld_halo **out)
{
    const pld_halo_spec spec = {.nfields = subject->nfields,
                                .fields = subject->fields};
    assert_ok(pld_halo_create(&spec, out));
}

/* --- Indices ------------------------------------------------------------- */

static bool is_zero(const pld_width *width)
{
    const pld_width zero = {0};
    return memcmp(width, &zero, sizeof zero) == 0;
}

struct reach reach_of(const pld_field *field, const pld_halo_spec *spec)
{
    struct reach reach = {.stencil = spec->stencil};
    const pld_width *width = &spec->width;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        bool full = is_zero(width);
        reach.low[d] = full ? pld_field_halo(field, d, 0) : width->low[d];
        reach.high[d] = full ? pld_field_halo(field, d, 1) : width->high[d];
    }
    return reach;
}

bool is_reached(pld_box own, const struct reach *reach,
                const int64_t index[PLD_MAXDIM])
{
    int nghosts = 0;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        int64_t below = own.first[d] - index[d];
        int64_t above = index[d] - (own.first[d] + own.count[d] - 1);
        if (below > reach->low[d] || above > reach->high[d])
            return false;
        nghosts += below > 0 || above > 0;
    }
    return nghosts <= 1 || reach->stencil == PLD_BOX;
}

bool resolve(const pld_field *field, const int64_t index[PLD_MAXDIM],
             int64_t point[PLD_MAXDIM])
{
    const pld_grid *grid = pld_field_grid(field);
    pld_box domain = pld_field_domain(field);
    for (int d = 0; d < PLD_MAXDIM; d++) {
        int64_t size = domain.count[d];
        bool wraps = d < pld_grid_ndims(grid) && pld_grid_periodic(grid, d);
        point[d] = wraps ? (index[d] % size + size) % size : index[d];
        if (point[d] < 0 || point[d] >= size)
            return false;
    }
    return true;
}

int64_t offset_in(pld_box box, const int64_t index[PLD_MAXDIM])
{
    int64_t offset = 0;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        int64_t i = index[d] - box.first[d];
        if (i < 0 || i >= box.count[d])
            return -1;
        offset = offset * box.count[d] + i;
    }
    return offset;
}

char *place_of(const pld_field *field, const int64_t index[PLD_MAXDIM],
               int comp)
{
    pld_view view = pld_field_view(field);
    int64_t at = comp * view.comp_stride;
    for (int d = 0; d < PLD_MAXDIM; d++)
        at += index[d] * view.stride[d];
    return (char *)view.data +
           at * (int64_t)pld_type_size(pld_field_type(field));
}
