/* A drum: the lowest tones of a square membrane, and their shapes.
 *
 * TEST: ranks=1,3
 *
 * Shows: eigenvalues of an operator that is only a function, here minus the
 * Laplacian with its halo exchange, planned once; the fields' components are
 * the shapes. The membrane is fixed at its edges, so its tones are known: sums
 * of 4 sin^2(pi j / 2(n + 1)), where most come in pairs. The digest of the
 * tones is the same on any number of ranks.
 *
 * Build: cc ex16_drum.c $(pkg-config --cflags --libs polder) -lm -o drum
 * Run:   mpirun -n 4 ./drum */
#include <polder.h>
#include <polder/main.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { N = 24, NTONES = 6 };

struct drum {
    pld_field *x;
    pld_field *y;
    pld_halo *halo;
};

/* y = minus the Laplacian of x. Ghosts outside of the membrane stay 0. */
static pld_status stretch(void *data)
{
    struct drum *drum = data;
    PLD_TRY(pld_halo_exchange(drum->halo));
    pld_view x = pld_field_view(drum->x);
    pld_view y = pld_field_view(drum->y);
    pld_box own = pld_field_owned(drum->x);
    int64_t row = x.stride[0];
    for (int64_t j = own.first[0]; j < own.first[0] + own.count[0]; j++)
        for (int64_t i = own.first[1]; i < own.first[1] + own.count[1]; i++) {
            const double *at = x.f64 + j * row + i;
            y.f64[j * y.stride[0] + i] =
                4.0 * at[0] - at[-1] - at[1] - at[-row] - at[row];
        }
    return pld_field_touch(drum->y);
}

/* The tones that theory gives, lowest first. */
static void expect(double tones[NTONES])
{
    static const int shapes[NTONES][2] = {{1, 1}, {1, 2}, {2, 1},
                                          {2, 2}, {1, 3}, {3, 1}};
    const double pi = 3.14159265358979324;
    for (int t = 0; t < NTONES; t++) {
        tones[t] = 0;
        for (int d = 0; d < 2; d++) {
            double half = sin(pi * shapes[t][d] / (2.0 * (N + 1)));
            tones[t] += 4.0 * half * half;
        }
    }
}

static pld_status compare(pld_ctx *ctx, const double found[NTONES],
                          const pld_eigen_info *info)
{
    double expected[NTONES];
    expect(expected);
    for (int t = 0; t < NTONES; t++) {
        if (pld_ctx_rank(ctx) == 0)
            printf("tone %d: %.12f, expected %.12f\n", t, found[t],
                   expected[t]);
        PLD_CHECK(fabs(found[t] - expected[t]) < 1e-12, PLD_ERR_INTERNAL,
                  "tone %d is wrong", t);
    }
    if (pld_ctx_rank(ctx) == 0)
        printf("%d steps, digest %016" PRIx64 "\n", info->nsteps,
               pld_digest_bytes(found, NTONES * sizeof *found, 0));
    return PLD_OK;
}

static pld_status find_tones(pld_ctx *ctx, struct drum *drum, pld_field *shapes)
{
    double tones[NTONES];
    pld_eigen_info info;
    const pld_eigen_spec spec = {.npairs = NTONES,
                                 .x = drum->x,
                                 .y = drum->y,
                                 .apply = stretch,
                                 .data = drum};
    PLD_TRY(pld_eigen_few(&spec, tones, shapes, &info));
    return compare(ctx, tones, &info);
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    pld_grid *grid;
    pld_field *shapes;
    struct drum drum;
    const pld_grid_spec cells = {.ndims = 2, .size = {N, N}};
    const pld_field_spec point = {.name = "x", .halo = {.all = 1}};
    const pld_field_spec shape = {.name = "shapes", .ncomps = NTONES};
    (void)argc;
    (void)argv;
    PLD_TRY(pld_grid_create(ctx, &cells, &grid));
    PLD_TRY(pld_field_create(grid, &point, &drum.x));
    PLD_TRY(pld_field_create(grid, &point, &drum.y));
    PLD_TRY(pld_field_create(grid, &shape, &shapes));
    const pld_halo_spec halo = {.nfields = 1, .fields = &drum.x};
    PLD_TRY(pld_halo_create(&halo, &drum.halo));
    PLD_TRY(find_tones(ctx, &drum, shapes));
    PLD_TRY(pld_halo_destroy(&drum.halo));
    PLD_TRY(pld_field_destroy(&shapes));
    PLD_TRY(pld_field_destroy(&drum.y));
    PLD_TRY(pld_field_destroy(&drum.x));
    return pld_grid_destroy(&grid);
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
