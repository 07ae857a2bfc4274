/* A heat solver: five lines make the serial program parallel.
 *
 * TEST: ranks=1,2,3,4,7
 * TEST: ranks=1 args=9 50
 * TEST: ranks=5 args=9 50
 *
 * Shows: the explicit seven-point scheme on a periodic cube. The start, a
 * product of sines, is an eigenvector of the scheme: each step multiplies it
 * by a known factor. doc/guide.md builds this program line by line.
 *
 * Build: cc ex05_heat.c $(pkg-config --cflags --libs polder) -lm -o heat
 * Run:   mpirun -n 4 ./heat [cells [steps]] */
#include <polder.h>
#include <polder/main.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double diffusion = 0.1;

static double turn(int64_t n)
{
    return 6.283185307179586 / (double)n;
}

static void start(const int64_t index[PLD_MAXDIM], void *value, void *data)
{
    double t = turn(*(int64_t *)data);
    *(double *)value = sin(t * (double)index[0]) * sin(t * (double)index[1]) *
                       sin(t * (double)index[2]);
}

/* One step: exactly the loop of a serial program, over the own block. */
static void step(pld_view u, pld_view w, pld_box own)
{
    int64_t sz = u.stride[0];
    int64_t sy = u.stride[1];
    for (int64_t k = own.first[0]; k < own.first[0] + own.count[0]; k++)
        for (int64_t j = own.first[1]; j < own.first[1] + own.count[1]; j++)
            for (int64_t i = own.first[2]; i < own.first[2] + own.count[2];
                 i++) {
                const double *p = u.f64 + k * sz + j * sy + i;
                w.f64[k * sz + j * sy + i] =
                    p[0] + diffusion * (p[-sz] + p[sz] + p[-sy] + p[sy] +
                                        p[-1] + p[1] - 6.0 * p[0]);
            }
}

/* Two fields take turns: each has its own exchange. */
static pld_status solve(pld_field *u[2], int64_t steps)
{
    pld_halo *halo[2] = {NULL, NULL};
    for (int f = 0; f < 2; f++) {
        pld_halo_spec spec = {
            .nfields = 1, .fields = &u[f], .stencil = PLD_STAR};
        PLD_TRY(pld_halo_create(&spec, &halo[f]));
    }
    for (int64_t s = 0; s < steps; s++) {
        PLD_TRY(pld_halo_exchange(halo[s % 2]));
        step(pld_field_view(u[s % 2]), pld_field_view(u[(s + 1) % 2]),
             pld_field_owned(u[0]));
    }
    for (int f = 0; f < 2; f++)
        PLD_TRY(pld_halo_destroy(&halo[f]));
    return PLD_OK;
}

/* The hottest point has cooled down by the known factor. */
static pld_status check(pld_field *u, double hottest, int64_t n, int64_t steps)
{
    double now = 0.0;
    uint64_t digest = 0;
    PLD_TRY(pld_field_reduce(u, PLD_MAX, 0, &now));
    PLD_TRY(pld_field_digest(u, &digest));
    double factor = 1.0 + diffusion * 6.0 * (cos(turn(n)) - 1.0);
    double error = fabs(now / (hottest * pow(factor, (double)steps)) - 1.0);
    if (pld_ctx_rank(pld_grid_ctx(pld_field_grid(u))) == 0)
        printf("%" PRId64 "^3 cells, %" PRId64
               " steps: relative error %.1e, digest %016" PRIx64 "\n",
               n, steps, error, digest);
    PLD_CHECK(error < 1e-10, PLD_ERR_INTERNAL, "relative error %g", error);
    return PLD_OK;
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    int64_t n = argc > 1 ? atoll(argv[1]) : 32;
    int64_t steps = argc > 2 ? atoll(argv[2]) : 100;
    pld_grid_spec cells = {
        .ndims = 3, .size = {n, n, n}, .periodic = {true, true, true}};
    pld_grid *grid = NULL;
    PLD_TRY(pld_grid_create(ctx, &cells, &grid));
    pld_field_spec heat = {.name = "heat", .halo = {.all = 1}};
    pld_field *u[2] = {NULL, NULL};
    for (int f = 0; f < 2; f++)
        PLD_TRY(pld_field_create(grid, &heat, &u[f]));

    PLD_TRY(pld_field_fill(u[0], start, &n));
    double hottest = 0.0;
    PLD_TRY(pld_field_reduce(u[0], PLD_MAX, 0, &hottest));
    PLD_TRY(solve(u, steps));
    PLD_TRY(check(u[steps % 2], hottest, n, steps));

    for (int f = 0; f < 2; f++)
        PLD_TRY(pld_field_destroy(&u[f]));
    return pld_grid_destroy(&grid);
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
