/* Particles in a flow, on whatever rank owns the cell they are in.
 *
 * TEST: ranks=1,2,3,4,5,7
 *
 * Shows: particles drift through a periodic box of cells, at the velocity of
 * their cell. After each step those that have left the cells of their rank move
 * to another one; then all deposit their charge in the four cells around them.
 * The order of particles and the sums do not depend on the number of ranks: the
 * charge has the digest that is written below. Positions are multiples of 2^-20
 * and velocities of 1/16, so that all are known exactly in advance.
 *
 * Build: cc ex12_particles.c $(pkg-config --cflags --libs polder) -o particles
 * Run:   mpirun -n 4 ./particles */
#include <polder.h>
#include <polder/main.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 32, PARTICLES = 20000, STEPS = 50, CORNERS = 4 };
static const uint64_t known_digest = UINT64_C(0x561c54d3d058f3c0);

struct particle {
    int64_t number;
    double at[2]; /* y and x, in cells */
};

/* Rows of cells slide past each other, and all of them drift upwards. */
static void velocity_at(const int64_t cell[3], void *value, void *data)
{
    double *velocity = value;
    (void)data;
    velocity[0] = 0.25;
    velocity[1] = (double)(cell[0] % 7 - 3) / 16.0;
}

static double wrap(double x)
{
    return x - N * floor(x / N);
}

static struct particle start(int64_t number)
{
    const pld_random random = {.seed = 12};
    struct particle particle = {.number = number};
    for (int d = 0; d < 2; d++)
        particle.at[d] = ldexp((double)pld_random_integer(
                                   random, (uint64_t)(2 * number + d), N << 20),
                               -20);
    return particle;
}

/* Where a particle is in the end, worked out by itself. */
static struct particle finish(int64_t number)
{
    struct particle particle = start(number);
    for (int step = 0; step < STEPS; step++) {
        const int64_t cell[3] = {(int64_t)particle.at[0]};
        double velocity[2];
        velocity_at(cell, velocity, NULL);
        for (int d = 0; d < 2; d++)
            particle.at[d] = wrap(particle.at[d] + velocity[d]);
    }
    return particle;
}

static void find_cell(const struct particle *particle, int64_t cell[2])
{
    for (int d = 0; d < 2; d++)
        cell[d] = (int64_t)particle->at[d];
}

/* Each rank brings in a share of all particles, wherever they belong. */
static pld_status bring_in(pld_ctx *ctx, pld_particles *particles)
{
    int nranks = pld_ctx_nranks(ctx);
    int64_t n = 0;
    struct particle *mine = calloc(PARTICLES, sizeof *mine);
    int64_t *cells = calloc(PARTICLES, 2 * sizeof *cells);
    for (int64_t p = pld_ctx_rank(ctx); p < PARTICLES; p += nranks) {
        mine[n] = start(p);
        find_cell(&mine[n], cells + 2 * n);
        n++;
    }
    pld_status status = pld_particles_move(particles, n, mine, cells);
    free(cells);
    free(mine);
    return status;
}

static pld_status push(pld_view velocity, pld_particles *particles)
{
    struct particle *mine = pld_particles_records(particles);
    int64_t *cells = pld_particles_cells(particles);
    int64_t n = pld_particles_count(particles);
    for (int64_t i = 0; i < n; i++) {
        int64_t *cell = cells + 2 * i;
        const double *v = velocity.f64 + cell[0] * velocity.stride[0] +
                          cell[1] * velocity.stride[1];
        for (int d = 0; d < 2; d++)
            mine[i].at[d] = wrap(mine[i].at[d] + v[d * velocity.comp_stride]);
        find_cell(&mine[i], cell);
    }
    return pld_particles_move(particles, n, mine, cells);
}

static pld_status deposit(pld_deposit *charge, pld_particles *particles)
{
    const struct particle *mine = pld_particles_records(particles);
    const int64_t *cells = pld_particles_cells(particles);
    for (int64_t i = 0; i < pld_particles_count(particles); i++) {
        const int64_t *cell = cells + 2 * i;
        int64_t corners[CORNERS][2];
        double charges[CORNERS];
        double high[2] = {mine[i].at[0] - (double)cell[0],
                          mine[i].at[1] - (double)cell[1]};
        for (int c = 0; c < CORNERS; c++) {
            corners[c][0] = cell[0] + c / 2;
            corners[c][1] = cell[1] + c % 2;
            charges[c] = (c / 2 ? high[0] : 1.0 - high[0]) *
                         (c % 2 ? high[1] : 1.0 - high[1]);
        }
        PLD_TRY(pld_deposit_add(charge, CORNERS, corners[0], charges));
    }
    return pld_deposit_finish(charge);
}

/* All particles are there, each where it should be. */
static pld_status check(pld_ctx *ctx, pld_particles *particles,
                        pld_field *charge)
{
    const struct particle *mine = pld_particles_records(particles);
    int64_t n = pld_particles_count(particles);
    int64_t total = 0;
    int64_t right = 0;
    uint64_t digest = 0;
    for (int64_t i = 0; i < n; i++) {
        struct particle expected = finish(mine[i].number);
        right +=
            mine[i].at[0] == expected.at[0] && mine[i].at[1] == expected.at[1];
    }
    PLD_TRY(pld_reduce(ctx, PLD_SUM, PLD_I64, &n, 1, &total));
    PLD_TRY(pld_reduce(ctx, PLD_SUM, PLD_I64, &right, 1, &right));
    PLD_TRY(pld_field_digest(charge, &digest));
    if (pld_ctx_rank(ctx) == 0)
        printf("%" PRId64 " particles, %" PRId64
               " of them where they should be; digest of the charge "
               "%016" PRIx64 "\n",
               total, right, digest);
    PLD_CHECK(total == PARTICLES && right == total, PLD_ERR_INTERNAL,
              "particles are lost or astray");
    PLD_CHECK(digest == known_digest, PLD_ERR_INTERNAL,
              "the digest is not %016" PRIx64, known_digest);
    return PLD_OK;
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    pld_grid *grid = NULL;
    pld_field *velocity = NULL;
    pld_field *charge = NULL;
    pld_deposit *charges = NULL;
    pld_particles *particles = NULL;
    pld_grid_spec cells = {
        .ndims = 2, .size = {N, N}, .periodic = {true, true}};
    pld_field_spec two = {.name = "velocity", .ncomps = 2};
    pld_field_spec one = {.name = "charge", .halo = {.high = {1, 1}}};
    pld_particles_spec records = {.bytes = sizeof(struct particle)};
    PLD_TRY(pld_grid_create(ctx, &cells, &grid));
    PLD_TRY(pld_field_create(grid, &two, &velocity));
    PLD_TRY(pld_field_fill(velocity, velocity_at, NULL));
    PLD_TRY(pld_field_create(grid, &one, &charge));
    PLD_TRY(pld_deposit_create(charge, &charges));
    PLD_TRY(pld_particles_create(grid, &records, &particles));

    PLD_TRY(bring_in(ctx, particles));
    for (int step = 0; step < STEPS; step++) {
        PLD_TRY(push(pld_field_view(velocity), particles));
        PLD_TRY(deposit(charges, particles));
    }
    PLD_TRY(check(ctx, particles, charge));

    PLD_TRY(pld_particles_destroy(&particles));
    PLD_TRY(pld_deposit_destroy(&charges));
    PLD_TRY(pld_field_destroy(&charge));
    PLD_TRY(pld_field_destroy(&velocity));
    return pld_grid_destroy(&grid);
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
