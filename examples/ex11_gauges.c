/* A wave passes gauges: values at points, and the field whole on one rank.
 *
 * TEST: ranks=1,2,3,4,7
 *
 * Shows: a sample plans what some points need, once; after each step rank 0
 * gets the values there in one message from each rank that has any, whoever
 * owns the cells. At the end a gather brings all cells to rank 0, in natural
 * order. Neither depends on how the grid is cut.
 *
 * The wave is a plane one in a periodic square. The scheme moves it without
 * changing its shape, at a known speed a little below 1.
 *
 * Build: cc ex11_gauges.c $(pkg-config --cflags --libs polder) -lm -o gauges
 * Run:   mpirun -n 4 ./gauges */
#include <polder.h>
#include <polder/main.h>
#include <math.h>
#include <stdio.h>

enum { N = 64, STEPS = 150, GAUGES = 3 };
static const double pi = 3.14159265358979323846;
static const double courant = 0.5; /* cells a step, squared: 1/4 */

/* Positions in cells: cell i has its centre at i + 1/2. Two lie between
 * centres, and one of them across the border. */
static const double gauges[GAUGES][2] = {
    {12.5, 40.5}, {31.2, 5.7}, {63.9, 20.3}};

/* Waves along each dimension of the square. */
static const double waves[2] = {2.0, 1.0};

/* What the scheme turns the wave by in a step: its dispersion relation. */
static double turn_of_step(void)
{
    double y = sin(pi * waves[0] / N);
    double x = sin(pi * waves[1] / N);
    return 2.0 * asin(courant * sqrt(y * y + x * x));
}

static double wave(double y, double x, double step)
{
    return sin(2.0 * pi * (waves[0] * y + waves[1] * x) / N -
               turn_of_step() * step);
}

static void height(const int64_t at[PLD_MAXDIM], void *value, void *data)
{
    (void)data;
    *(double *)value = wave((double)at[0] + 0.5, (double)at[1] + 0.5, 0.0);
}

/* Of the half step before the start. */
static void speed(const int64_t at[PLD_MAXDIM], void *value, void *data)
{
    (void)data;
    double y = (double)at[0] + 0.5;
    double x = (double)at[1] + 0.5;
    *(double *)value = wave(y, x, 0.0) - wave(y, x, -1.0);
}

static void step(pld_field *u, pld_field *v)
{
    pld_view h = pld_field_view(u);
    pld_view s = pld_field_view(v);
    pld_box own = pld_field_owned(u);
    for (int64_t j = own.first[0]; j < own.first[0] + own.count[0]; j++)
        for (int64_t i = own.first[1]; i < own.first[1] + own.count[1]; i++) {
            const double *at = h.f64 + j * h.stride[0] + i;
            s.f64[j * s.stride[0] + i] += courant * courant *
                                          (at[-1] + at[1] + at[-h.stride[0]] +
                                           at[h.stride[0]] - 4.0 * *at);
        }
    for (int64_t j = own.first[0]; j < own.first[0] + own.count[0]; j++)
        for (int64_t i = own.first[1]; i < own.first[1] + own.count[1]; i++)
            h.f64[j * h.stride[0] + i] += s.f64[j * s.stride[0] + i];
}

/* On rank 0. A cubic between values 32 to a wave is off by less than 1e-4. */
static pld_status check_gauges(int n, const double values[GAUGES])
{
    if (n % 30 == 0)
        printf("%4d %10.6f %10.6f %10.6f\n", n, values[0], values[1],
               values[2]);
    for (int g = 0; g < GAUGES; g++) {
        double expected = wave(gauges[g][0], gauges[g][1], n);
        double allowed = g == 0 ? 1e-10 : 1e-4;
        PLD_CHECK(fabs(values[g] - expected) < allowed, PLD_ERR_INTERNAL,
                  "step %d: gauge %d says %.10g, not %.10g", n, g, values[g],
                  expected);
    }
    return PLD_OK;
}

static pld_status check_cells(const double *cells)
{
    for (int j = 0; j < N; j++)
        for (int i = 0; i < N; i++) {
            double expected = wave(j + 0.5, i + 0.5, STEPS);
            PLD_CHECK(fabs(cells[j * N + i] - expected) < 1e-10,
                      PLD_ERR_INTERNAL, "cell (%d, %d) has %.15g, not %.15g", j,
                      i, cells[j * N + i], expected);
        }
    printf("all %d cells are right\n", N * N);
    return PLD_OK;
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    static double cells[N * N];
    bool is_root = pld_ctx_rank(ctx) == 0;
    const pld_grid_spec square = {
        .ndims = 2, .size = {N, N}, .periodic = {true, true}};
    const pld_field_spec with_halo = {.name = "height", .halo = {.all = 1}};
    pld_grid *grid = NULL;
    pld_field *u = NULL;
    pld_field *v = NULL;
    pld_halo *halo = NULL;
    pld_sample *sample = NULL;
    PLD_TRY(pld_grid_create(ctx, &square, &grid));
    PLD_TRY(pld_field_create(grid, &with_halo, &u));
    PLD_TRY(pld_field_create(grid, &(pld_field_spec){.name = "speed"}, &v));
    PLD_TRY(pld_field_fill(u, height, NULL));
    PLD_TRY(pld_field_fill(v, speed, NULL));
    PLD_TRY(pld_halo_create(
        &(pld_halo_spec){.nfields = 1, .fields = &u, .stencil = PLD_STAR},
        &halo));

    /* Rank 0 names the gauges, and gets their values. */
    PLD_TRY(
        pld_sample_create(&(pld_sample_spec){.field = u,
                                             .interpolation = PLD_CUBIC,
                                             .npoints = is_root ? GAUGES : 0,
                                             .points = gauges[0]},
                          &sample));
    for (int n = 0; n <= STEPS; n++) {
        double values[GAUGES];
        if (n > 0) {
            PLD_TRY(pld_halo_exchange(halo));
            step(u, v);
        }
        PLD_TRY(pld_sample_run(sample, values));
        PLD_TRY(pld_agree(ctx, is_root ? check_gauges(n, values) : PLD_OK));
    }

    PLD_TRY(pld_field_gather(u, NULL, 0, cells));
    PLD_TRY(pld_agree(ctx, is_root ? check_cells(cells) : PLD_OK));

    PLD_TRY(pld_sample_destroy(&sample));
    PLD_TRY(pld_halo_destroy(&halo));
    PLD_TRY(pld_field_destroy(&v));
    PLD_TRY(pld_field_destroy(&u));
    return pld_grid_destroy(&grid);
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
