/* A time series: states of a run in one file that other tools open.
 *
 * TEST: ranks=1,2,3,4,7
 *
 * Shows: appending steps, coordinates, going on after the file was closed, and
 * reading a step back. Look at the file with h5dump, ncdump or xarray, or open
 * wave.h5.xdmf in ParaView.
 *
 * Build: cc ex07_series.c $(pkg-config --cflags --libs polder) -lm -o series
 * Run:   mpirun -n 4 ./series */
#include <polder.h>
#include <polder/main.h>
#include <math.h>
#include <stdio.h>

enum { NY = 40, NX = 60, STEPS = 6 };

/* A wave that runs along x: its value at a step is a formula. */
static double wave(int64_t j, int64_t i, int64_t step)
{
    double x = 0.1 * (double)(i - 4 * step);
    return sin(x) * exp(-0.001 * (double)((j - NY / 2) * (j - NY / 2)));
}

static void fill(const int64_t index[PLD_MAXDIM], void *value, void *data)
{
    *(double *)value = wave(index[0], index[1], *(int64_t *)data);
}

static pld_status append(pld_series *series, pld_field *field, int64_t from,
                         int64_t to)
{
    for (int64_t step = from; step < to; step++) {
        PLD_TRY(pld_field_fill(field, fill, &step));
        PLD_TRY(pld_series_append(series, 0.5 * (double)step));
    }
    return PLD_OK;
}

static pld_status check(pld_field *field, int64_t step)
{
    pld_view v = pld_field_view(field);
    pld_box own = pld_field_owned(field);
    for (int64_t j = own.first[0]; j < own.first[0] + own.count[0]; j++)
        for (int64_t i = own.first[1]; i < own.first[1] + own.count[1]; i++)
            PLD_CHECK(v.f64[j * v.stride[0] + i] == wave(j, i, step),
                      PLD_ERR_INTERNAL, "another value at %d %d", (int)j,
                      (int)i);
    return PLD_OK;
}

static pld_status write_and_read(pld_ctx *ctx, pld_field *field)
{
    const pld_axis axes[] = {{.name = "y", .units = "m", .spacing = 0.1},
                             {.name = "x", .units = "m", .spacing = 0.1}};
    pld_series_spec spec = {
        .nfields = 1, .fields = &field, .naxes = 2, .axes = axes};
    pld_series *series = NULL;
    PLD_TRY(pld_series_create(ctx, "wave.h5", &spec, &series));
    PLD_TRY(append(series, field, 0, STEPS / 2));
    PLD_TRY(pld_series_close(&series));

    PLD_TRY(pld_series_open(ctx, "wave.h5", true, &spec, &series));
    PLD_TRY(append(series, field, pld_series_nsteps(series), STEPS));

    double time = 0.0;
    PLD_TRY(pld_series_time(series, 2, &time));
    PLD_TRY(pld_series_read(series, 2));
    if (pld_ctx_rank(ctx) == 0)
        printf("%d steps in wave.h5; step 2 is at %g s\n",
               (int)pld_series_nsteps(series), time);
    PLD_TRY(pld_agree(ctx, check(field, 2)));
    return pld_series_close(&series);
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    pld_grid_spec cells = {.ndims = 2, .size = {NY, NX}};
    pld_grid *grid = NULL;
    PLD_TRY(pld_grid_create(ctx, &cells, &grid));
    pld_field *field = NULL;
    PLD_TRY(pld_field_create(grid, &(pld_field_spec){.name = "wave"}, &field));
    PLD_TRY(write_and_read(ctx, field));
    PLD_TRY(pld_field_destroy(&field));
    return pld_grid_destroy(&grid);
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
