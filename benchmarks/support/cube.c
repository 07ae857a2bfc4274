#include "support/cube.h"

#include <stdio.h>

#include "support/bench.h"
#include "support/ghosts.h"

static pld_status create_fields(struct cube *cube)
{
    const struct cube_setting *setting = &cube->setting;
    const pld_field_spec field = {.ncomps = setting->ncomps,
                                  .layout = PLD_INTERLEAVED,
                                  .halo = {.all = setting->width}};
    for (int f = 0; f < setting->nfields; f++)
        PLD_TRY(pld_field_create(cube->grid, &field, &cube->fields[f]));
    return PLD_OK;
}

pld_status cube_create(pld_ctx *ctx, const struct cube_setting *setting,
                       struct cube *out)
{
    pld_grid_spec grid = {.ndims = PLD_MAXDIM};
    *out = (struct cube){.setting = *setting};
    for (int d = 0; d < PLD_MAXDIM; d++) {
        grid.nprocs[d] = d == setting->cut ? pld_ctx_nranks(ctx) : 1;
        grid.size[d] = setting->edge * grid.nprocs[d];
        grid.periodic[d] = setting->periodic;
    }
    PLD_TRY(pld_grid_create(ctx, &grid, &out->grid));
    PLD_TRY(create_fields(out));
    const pld_halo_spec halo = {.nfields = setting->nfields,
                                .fields = out->fields,
                                .stencil = setting->stencil};
    return pld_halo_create(&halo, &out->halo);
}

pld_status cube_destroy(struct cube *cube)
{
    PLD_TRY(pld_halo_destroy(&cube->halo));
    for (int f = 0; f < cube->setting.nfields; f++)
        PLD_TRY(pld_field_destroy(&cube->fields[f]));
    return pld_grid_destroy(&cube->grid);
}

void cube_exchange(struct cube *cube)
{
    if (pld_halo_exchange(cube->halo) == PLD_OK)
        return;
    pld_error_print(stderr);
    MPI_Abort(MPI_COMM_WORLD, 1);
}

void cube_touch(const struct cube *cube)
{
    for (int f = 0; f < cube->setting.nfields; f++) {
        pld_view view = pld_field_view(cube->fields[f]);
        int64_t n = pld_box_volume(view.valid) * cube->setting.ncomps;
        double *value = view.f64;
        for (int d = 0; d < PLD_MAXDIM; d++)
            value += view.valid.first[d] * view.stride[d];
        for (int64_t i = 0; i < n; i++)
            value[i] = -value[i];
    }
}

void cube_reset(struct cube *cube)
{
    for (int f = 0; f < cube->setting.nfields; f++)
        ghosts_reset(cube->fields[f]);
}

bool cube_is_right(const struct cube *cube)
{
    bool good = true;
    for (int f = 0; f < cube->setting.nfields; f++)
        good = ghosts_are_right(cube->fields[f], cube->setting.stencil) && good;
    return bench_all(pld_ctx_comm(pld_grid_ctx(cube->grid)), good);
}

void cube_name(const struct cube_setting *setting, char text[80])
{
    snprintf(text, 80, "%lld^3 x %d width %lld %s %s %s",
             (long long)setting->edge, setting->ncomps,
             (long long)setting->width,
             setting->cut == 0 ? "slowest" : "fastest",
             setting->stencil == PLD_STAR ? "star" : "box",
             setting->periodic ? "periodic" : "open");
}
