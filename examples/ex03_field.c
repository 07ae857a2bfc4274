/* A field: values by global index, the same on any number of ranks.
 *
 * TEST: ranks=1,2,3,4,7
 *
 * Shows: filling a field with random numbers that belong to the place and not
 * to the rank, the view, minimum and maximum, and the digest. Run it on
 * different numbers of ranks: the last line stays the same.
 *
 * Build: cc ex03_field.c $(pkg-config --cflags --libs polder) -o field
 * Run:   mpirun -n 3 ./field */
#include <polder.h>
#include <polder/main.h>
#include <inttypes.h>
#include <stdio.h>

enum { NZ = 20, NY = 30, NX = 40 };

static double noise(int64_t k, int64_t j, int64_t i)
{
    const pld_random random = {.seed = 2026, .stream = 1};
    return pld_random_normal(random, (uint64_t)((k * NY + j) * NX + i));
}

static void fill(const int64_t index[PLD_MAXDIM], void *value, void *data)
{
    (void)data;
    *(double *)value = noise(index[0], index[1], index[2]);
}

/* The view takes global indices: no rank needs to know where its block lies. */
static pld_status check(pld_field *field)
{
    pld_view v = pld_field_view(field);
    pld_box own = pld_field_owned(field);
    for (int64_t k = own.first[0]; k < own.first[0] + own.count[0]; k++)
        for (int64_t j = own.first[1]; j < own.first[1] + own.count[1]; j++)
            for (int64_t i = own.first[2]; i < own.first[2] + own.count[2]; i++)
                PLD_CHECK(v.f64[k * v.stride[0] + j * v.stride[1] + i] ==
                              noise(k, j, i),
                          PLD_ERR_INTERNAL, "another value at %d %d %d", (int)k,
                          (int)j, (int)i);
    return PLD_OK;
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    pld_grid_spec cells = {.ndims = 3, .size = {NZ, NY, NX}};
    pld_grid *grid = NULL;
    PLD_TRY(pld_grid_create(ctx, &cells, &grid));
    pld_field *field = NULL;
    PLD_TRY(pld_field_create(grid, &(pld_field_spec){.name = "noise"}, &field));
    PLD_TRY(pld_field_fill(field, fill, NULL));
    PLD_TRY(pld_agree(ctx, check(field)));

    double low = 0.0;
    double high = 0.0;
    uint64_t digest = 0;
    PLD_TRY(pld_field_reduce(field, PLD_MIN, 0, &low));
    PLD_TRY(pld_field_reduce(field, PLD_MAX, 0, &high));
    PLD_TRY(pld_field_digest(field, &digest));
    if (pld_ctx_rank(ctx) == 0)
        printf("from %.17g to %.17g, digest %016" PRIx64 "\n", low, high,
               digest);

    PLD_TRY(pld_field_destroy(&field));
    return pld_grid_destroy(&grid);
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
