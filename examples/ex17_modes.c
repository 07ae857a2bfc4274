/* Modes of a wave: what 16 snapshots of it have in common.
 *
 * TEST: ranks=1,2,6
 *
 * Shows: fields as the columns of a tall matrix, without packing. Snapshots of
 * a travelling wave and a fainter standing one are decomposed: singular values
 * say how many shapes there are (a travelling wave has two, as strong as each
 * other), and the fields become these shapes (proper orthogonal decomposition).
 * Then least squares find how a last snapshot is made of the first three. The
 * digest is the same on any number of ranks.
 *
 * Build: cc ex17_modes.c $(pkg-config --cflags --libs polder) -lm -o modes
 * Run:   mpirun -n 4 ./modes */
#include <polder.h>
#include <polder/main.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { NY = 60, NX = 100, NSNAPSHOTS = 16 };
static const double turn = 6.283185307179586;

/* The snapshot at time t (of a period 1). */
static void wave(const int64_t index[PLD_MAXDIM], void *value, void *data)
{
    double t = *(const double *)data;
    double y = (double)index[0] / NY;
    double x = (double)index[1] / NX;
    double travelling = cos(turn * (x + 2.0 * y - t));
    double standing = 0.01 * cos(turn * 3.0 * x) * cos(turn * 2.0 * t);
    *(double *)value = travelling + standing;
}

/* Each cosine has a length of sqrt(points / 2), in space as in time. */
static pld_status check_strengths(pld_ctx *ctx, const double s[NSNAPSHOTS])
{
    double strong = sqrt(NY * NX * NSNAPSHOTS / 4.0);
    const double expected[4] = {strong, strong, 0.01 * strong, 0.0};
    for (int i = 0; i < 4; i++) {
        if (pld_ctx_rank(ctx) == 0)
            printf("strength of mode %d: %.10f\n", i, s[i]);
        PLD_CHECK(fabs(s[i] - expected[i]) < 1e-11 * strong, PLD_ERR_INTERNAL,
                  "strength %d is %g and not %g", i, s[i], expected[i]);
    }
    return PLD_OK;
}

/* The snapshot at time 0.3 from those at three other times. */
static pld_status fit(pld_ctx *ctx, pld_field *snapshots[NSNAPSHOTS])
{
    double x[3];
    double rest = 0;
    for (int i = 0; i < 4; i++) {
        double t = i < 3 ? 0.1 * i * i : 0.3;
        PLD_TRY(pld_field_fill(snapshots[i], wave, &t));
    }
    const pld_tall a = {.nfields = 3, .fields = snapshots};
    const pld_tall b = {.nfields = 1, .fields = snapshots + 3};
    PLD_TRY(pld_tall_solve(&a, &b, 0.0, x, &rest));
    PLD_CHECK(rest < 1e-10, PLD_ERR_INTERNAL, "the fit leaves %g", rest);
    if (pld_ctx_rank(ctx) == 0)
        printf("fit by %.6f, %.6f, %.6f\n", x[0], x[1], x[2]);
    return PLD_OK;
}

static pld_status find_modes(pld_ctx *ctx, pld_field *snapshots[NSNAPSHOTS])
{
    double s[NSNAPSHOTS];
    uint64_t digest = 0;
    const pld_tall a = {.nfields = NSNAPSHOTS, .fields = snapshots};
    for (int i = 0; i < NSNAPSHOTS; i++) {
        double t = (double)i / NSNAPSHOTS;
        PLD_TRY(pld_field_fill(snapshots[i], wave, &t));
    }
    PLD_TRY(pld_tall_svd(&a, s, NULL));
    PLD_TRY(check_strengths(ctx, s));
    PLD_TRY(pld_field_digest(snapshots[2], &digest));
    if (pld_ctx_rank(ctx) == 0)
        printf("digest of mode 2: %016" PRIx64 "\n", digest);
    return fit(ctx, snapshots);
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    pld_grid *grid;
    pld_field *snapshots[NSNAPSHOTS];
    const pld_grid_spec cells = {.ndims = 2, .size = {NY, NX}};
    const pld_field_spec field = {.name = "snapshot", .halo = {.all = 1}};
    (void)argc;
    (void)argv;
    PLD_TRY(pld_grid_create(ctx, &cells, &grid));
    for (int i = 0; i < NSNAPSHOTS; i++)
        PLD_TRY(pld_field_create(grid, &field, &snapshots[i]));
    PLD_TRY(find_modes(ctx, snapshots));
    for (int i = 0; i < NSNAPSHOTS; i++)
        PLD_TRY(pld_field_destroy(&snapshots[i]));
    return pld_grid_destroy(&grid);
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
