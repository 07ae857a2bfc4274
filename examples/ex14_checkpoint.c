/* A program that can be killed at any moment and goes on where it was.
 *
 * TEST: ranks=1,2,3
 *
 * Shows: checkpoints of a field, a number and a position in a sequence of
 * random numbers. Each step heats a random cell and lets the heat spread. Start
 * it again, on any number of ranks, and it goes on from the newest good
 * checkpoint; at the end the field is the same to the last bit as without any
 * interruption, and its sum is the heat that was put in.
 *
 * Build: cc ex14_checkpoint.c $(pkg-config --cflags --libs polder) -o restart
 * Run:   mpirun -n 4 ./restart [folder [steps [seconds a step]]]
 *        and meanwhile: kill -9 one of them; or kill -USR1 for a checkpoint */
#include <polder.h>
#include <polder/main.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIZE = 48 };

struct model {
    pld_field *u;
    pld_field *w;
    pld_halo *halo;
    pld_checkpoint *checkpoint;
    int64_t step;
    int64_t drawn; /* random numbers so far */
};

/* A whole number of units of heat, so that sums of them are exact. */
static void heat_a_cell(struct model *model)
{
    const pld_random random = {.seed = 1953};
    int64_t j = pld_random_integer(random, (uint64_t)model->drawn++, SIZE);
    int64_t i = pld_random_integer(random, (uint64_t)model->drawn++, SIZE);
    const pld_box cell = {{j, i, 0}, {1, 1, 1}};
    pld_view u = pld_field_view(model->u);
    if (pld_box_contains(pld_field_owned(model->u), cell))
        u.f64[j * u.stride[0] + i] += 1024;
}

static pld_status spread(struct model *model)
{
    PLD_TRY(pld_field_touch(model->u));
    PLD_TRY(pld_halo_exchange(model->halo));
    pld_view u = pld_field_view(model->u);
    pld_view w = pld_field_view(model->w);
    pld_box own = pld_field_owned(model->u);
    for (int64_t j = own.first[0]; j < own.first[0] + own.count[0]; j++)
        for (int64_t i = own.first[1]; i < own.first[1] + own.count[1]; i++) {
            int64_t row = u.stride[0];
            const double *p = u.f64 + j * row + i;
            w.f64[j * w.stride[0] + i] =
                0.5 * p[0] + 0.125 * (p[-row] + p[row] + p[-1] + p[1]);
        }
    return pld_field_copy(model->w, model->u);
}

static void pause_for(double seconds)
{
    for (double end = MPI_Wtime() + seconds; MPI_Wtime() < end;)
        continue;
}

static pld_status add_all(struct model *model)
{
    pld_checkpoint *checkpoint = model->checkpoint;
    PLD_TRY(pld_checkpoint_add_field(checkpoint, model->u));
    PLD_TRY(pld_checkpoint_add_numbers(checkpoint, "step", PLD_I64, 1,
                                       &model->step));
    return pld_checkpoint_add_numbers(checkpoint, "drawn", PLD_I64, 1,
                                      &model->drawn);
}

/* From the newest checkpoint, if there is one. */
static pld_status begin(pld_ctx *ctx, struct model *model)
{
    int64_t number = 0;
    pld_status status = pld_checkpoint_restore(model->checkpoint, &number);
    if (status != PLD_ERR_NOENT)
        PLD_TRY(status);
    if (pld_ctx_rank(ctx) == 0 && status == PLD_OK)
        printf("%sgoing on from step %" PRId64 "\n",
               pld_checkpoint_report(model->checkpoint), number);
    return PLD_OK;
}

static pld_status march(struct model *model, int64_t steps, double seconds)
{
    while (model->step < steps) {
        heat_a_cell(model);
        PLD_TRY(spread(model));
        pause_for(seconds);
        model->step++;
        bool due = false;
        PLD_TRY(pld_checkpoint_due(model->checkpoint, &due));
        if (due || model->step % 10 == 0)
            PLD_TRY(pld_checkpoint_save(model->checkpoint, model->step));
    }
    return PLD_OK;
}

static pld_status check(pld_ctx *ctx, struct model *model)
{
    double heat = 0;
    uint64_t digest = 0;
    PLD_TRY(pld_field_sum(model->u, 0, &heat));
    PLD_TRY(pld_field_digest(model->u, &digest));
    double right = 1024 * (double)model->step;
    if (pld_ctx_rank(ctx) == 0)
        printf("step %" PRId64 ", heat %.6f, digest %016" PRIx64 "\n",
               model->step, heat, digest);
    PLD_CHECK(fabs(heat - right) <= 1e-9 * right, PLD_ERR_INTERNAL,
              "the heat is %.17g, not %g", heat, right);
    return PLD_OK;
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    const pld_checkpoint_spec place = {.folder = argc > 1 ? argv[1] : "restart",
                                       .signals = true};
    const pld_grid_spec cells = {
        .ndims = 2, .size = {SIZE, SIZE}, .periodic = {true, true}};
    struct model model = {.step = 0};
    pld_grid *grid;
    PLD_TRY(pld_grid_create(ctx, &cells, &grid));
    PLD_TRY(pld_field_create(
        grid, &(pld_field_spec){.name = "heat", .halo = {.all = 1}}, &model.u));
    PLD_TRY(
        pld_field_create(grid, &(pld_field_spec){.name = "next"}, &model.w));
    PLD_TRY(pld_halo_create(
        &(pld_halo_spec){.nfields = 1, .fields = &model.u, .stencil = PLD_STAR},
        &model.halo));
    PLD_TRY(pld_checkpoint_create(ctx, &place, &model.checkpoint));
    PLD_TRY(add_all(&model));
    PLD_TRY(begin(ctx, &model));
    PLD_TRY(march(&model, argc > 2 ? strtoll(argv[2], NULL, 10) : 40,
                  argc > 3 ? strtod(argv[3], NULL) : 0));
    PLD_TRY(check(ctx, &model));
    PLD_TRY(pld_checkpoint_destroy(&model.checkpoint));
    PLD_TRY(pld_halo_destroy(&model.halo));
    PLD_TRY(pld_field_destroy(&model.w));
    PLD_TRY(pld_field_destroy(&model.u));
    return pld_grid_destroy(&grid);
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
