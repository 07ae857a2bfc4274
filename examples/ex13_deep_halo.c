/* Deep halos: several steps for one exchange.
 *
 * TEST: ranks=1,2,3,4,7
 *
 * Shows: a wave on a periodic square, with halos one and four points deep. The
 * loop is the same; with four, each rank computes some of its neighbours'
 * points too and exchanges only in every fourth step. That pays where messages
 * cost more than arithmetic: small blocks, many nodes. The bits are the same.
 *
 * Build: cc ex13_deep_halo.c $(pkg-config --cflags --libs polder) -lm -o deep
 * Run:   mpirun -n 4 ./deep */
#include <polder.h>
#include <polder/main.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { N = 48, STEPS = 100 };
static const double turn = 6.283185307179586 / N;

static void start(const int64_t index[PLD_MAXDIM], void *value, void *data)
{
    (void)data;
    *(double *)value =
        sin(turn * (double)index[0]) * cos(turn * (double)index[1]);
}

/* What the height does to its own speed of change, over a box. */
static void accelerate(pld_field *height, pld_field *speed, pld_box box)
{
    pld_view h = pld_field_view(height);
    pld_view v = pld_field_view(speed);
    int64_t row = h.stride[0];
    for (int64_t j = box.first[0]; j < box.first[0] + box.count[0]; j++)
        for (int64_t i = box.first[1]; i < box.first[1] + box.count[1]; i++) {
            const double *p = h.f64 + j * row + i;
            v.f64[j * v.stride[0] + i] +=
                0.25 * (p[-row] + p[-1] - 4.0 * p[0] + p[1] + p[row]);
        }
}

static void move(pld_field *height, pld_field *speed, pld_box box)
{
    pld_view h = pld_field_view(height);
    pld_view v = pld_field_view(speed);
    for (int64_t j = box.first[0]; j < box.first[0] + box.count[0]; j++)
        for (int64_t i = box.first[1]; i < box.first[1] + box.count[1]; i++)
            h.f64[j * h.stride[0] + i] += v.f64[j * v.stride[0] + i];
}

/* The loop does not know how deep the halos are. */
static pld_status run_steps(pld_halo *halo, pld_field *height, pld_field *speed)
{
    pld_box box[2];
    for (int s = 0; s < STEPS; s++) {
        PLD_TRY(pld_halo_next(halo, 1, NULL, box));
        accelerate(height, speed, box[1]);
        move(height, speed, box[0]);
    }
    return PLD_OK;
}

/* What is left of the wave, in bits, with halos of this width. */
static pld_status run_wave(pld_grid *grid, int64_t width, uint64_t *digest)
{
    pld_ctx *ctx = pld_grid_ctx(grid);
    pld_field_spec spec = {.halo = {.all = width}};
    pld_field *fields[2] = {NULL, NULL};
    pld_halo *halo = NULL;
    for (int f = 0; f < 2; f++)
        PLD_TRY(pld_field_create(grid, &spec, &fields[f]));
    PLD_TRY(pld_field_fill(fields[0], start, NULL));
    PLD_TRY(pld_halo_create(&(pld_halo_spec){.nfields = 2, .fields = fields},
                            &halo));
    int64_t before = pld_timer_calls(ctx, "exchange");
    PLD_TRY(run_steps(halo, fields[0], fields[1]));
    int64_t exchanges = pld_timer_calls(ctx, "exchange") - before;
    PLD_TRY(pld_field_digest(fields[0], digest));
    if (pld_ctx_rank(ctx) == 0)
        printf("halo %" PRId64 ": %d steps, %" PRId64
               " exchanges, digest %016" PRIx64 "\n",
               width, STEPS, exchanges, *digest);
    PLD_TRY(pld_halo_destroy(&halo));
    for (int f = 0; f < 2; f++)
        PLD_TRY(pld_field_destroy(&fields[f]));
    return PLD_OK;
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    pld_grid_spec cells = {
        .ndims = 2, .size = {N, N}, .periodic = {true, true}};
    pld_grid *grid = NULL;
    uint64_t digests[2] = {0, 0};
    PLD_TRY(pld_grid_create(ctx, &cells, &grid));
    PLD_TRY(run_wave(grid, 1, &digests[0]));
    PLD_TRY(run_wave(grid, 4, &digests[1]));
    PLD_CHECK(digests[0] == digests[1], PLD_ERR_INTERNAL,
              "deep halos changed the result");
    return pld_grid_destroy(&grid);
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
