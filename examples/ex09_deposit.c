/* Particles that deposit their charge in cells: the same bits on any number of
 * ranks.
 *
 * TEST: ranks=1,2,3,4,5,7
 *
 * Shows: each particle shares its charge among the four cells around it, some
 * of which belong to neighbours. Added up in ghosts and sent to their owners,
 * the charges depend on how many ranks there are: digits are rounded away in
 * the order of the additions. A deposit adds exactly, rounds once, and has the
 * digest that is written below.
 *
 * Build: cc ex09_deposit.c $(pkg-config --cflags --libs polder) -o deposit
 * Run:   mpirun -n 4 ./deposit */
#include <polder.h>
#include <polder/main.h>
#include <inttypes.h>
#include <stdio.h>

enum { N = 64, PARTICLES = 100000, CORNERS = 4 };
static const uint64_t known_digest = UINT64_C(0xda8d95261afb5831);

/* The cells that particle p touches, and its charge in each: a function of its
 * number, so that all ranks have the same particles. */
static void particle(int64_t p, int64_t cells[CORNERS][2],
                     double charges[CORNERS])
{
    const pld_random across = {.seed = 7, .stream = 0};
    const pld_random along = {.seed = 7, .stream = 1};
    double y = N * pld_random_uniform(across, (uint64_t)p);
    double x = N * pld_random_uniform(along, (uint64_t)p);
    int64_t j = (int64_t)y;
    int64_t i = (int64_t)x;
    double high[2] = {y - (double)j, x - (double)i};
    for (int corner = 0; corner < CORNERS; corner++) {
        int dj = corner / 2;
        int di = corner % 2;
        cells[corner][0] = j + dj;
        cells[corner][1] = i + di;
        charges[corner] =
            (dj ? high[0] : 1.0 - high[0]) * (di ? high[1] : 1.0 - high[1]);
    }
}

/* A rank holds the particles in its own cells. */
static bool is_mine(pld_box own, const int64_t cell[2])
{
    return cell[0] >= own.first[0] && cell[0] < own.first[0] + own.count[0] &&
           cell[1] >= own.first[1] && cell[1] < own.first[1] + own.count[1];
}

static pld_status exactly(pld_field *charge)
{
    int64_t cells[CORNERS][2];
    double charges[CORNERS];
    pld_deposit *deposit = NULL;
    PLD_TRY(pld_deposit_create(charge, &deposit));
    for (int64_t p = 0; p < PARTICLES; p++) {
        particle(p, cells, charges);
        if (is_mine(pld_field_owned(charge), cells[0]))
            PLD_TRY(pld_deposit_add(deposit, CORNERS, cells[0], charges));
    }
    PLD_TRY(pld_deposit_finish(deposit));
    return pld_deposit_destroy(&deposit);
}

/* The usual way, for comparison. */
static pld_status plainly(pld_field *charge)
{
    int64_t cells[CORNERS][2];
    double charges[CORNERS];
    pld_view view = pld_field_view(charge);
    for (int64_t p = 0; p < PARTICLES; p++) {
        particle(p, cells, charges);
        for (int c = 0; c < CORNERS; c++)
            if (is_mine(pld_field_owned(charge), cells[0]))
                view.f64[cells[c][0] * view.stride[0] +
                         cells[c][1] * view.stride[1]] += charges[c];
    }
    pld_halo *halo = NULL;
    pld_halo_spec spec = {.nfields = 1, .fields = &charge};
    PLD_TRY(pld_halo_create(&spec, &halo));
    PLD_TRY(pld_halo_accumulate(halo, PLD_SUM));
    return pld_halo_destroy(&halo);
}

static pld_status report(const char *how, pld_field *charge, uint64_t *digest)
{
    double total = 0.0;
    PLD_TRY(pld_field_digest(charge, digest));
    PLD_TRY(pld_field_reduce(charge, PLD_SUM, 0, &total));
    if (pld_ctx_rank(pld_grid_ctx(pld_field_grid(charge))) == 0)
        printf("%s: total charge %.9f, digest %016" PRIx64 "\n", how, total,
               *digest);
    PLD_CHECK(total > PARTICLES - 1e-6 && total < PARTICLES + 1e-6,
              PLD_ERR_INTERNAL, "total charge %.17g", total);
    return PLD_OK;
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    pld_grid_spec cells = {
        .ndims = 2, .size = {N, N}, .periodic = {true, true}};
    pld_grid *grid = NULL;
    PLD_TRY(pld_grid_create(ctx, &cells, &grid));

    /* Particles reach one cell beyond the block, upwards. */
    pld_field_spec spec = {.name = "charge", .halo = {.high = {1, 1}}};
    pld_field *charge[2] = {NULL, NULL};
    uint64_t digest[2];
    for (int f = 0; f < 2; f++)
        PLD_TRY(pld_field_create(grid, &spec, &charge[f]));
    PLD_TRY(plainly(charge[0]));
    PLD_TRY(report("plain sums", charge[0], &digest[0]));
    PLD_TRY(exactly(charge[1]));
    PLD_TRY(report("deposit   ", charge[1], &digest[1]));
    PLD_CHECK(digest[1] == known_digest, PLD_ERR_INTERNAL,
              "the digest is not %016" PRIx64, known_digest);

    for (int f = 0; f < 2; f++)
        PLD_TRY(pld_field_destroy(&charge[f]));
    return pld_grid_destroy(&grid);
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
