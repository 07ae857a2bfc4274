/* Files: what some ranks write, others read.
 *
 * TEST: ranks=1,2,3,4,7
 *
 * Shows: writing a field with its coordinates, and reading it back into a
 * field that is cut the other way and has a halo. The file is the same, byte by
 * byte, on any number of ranks; look at it with h5dump -A or ncdump -h.
 *
 * Build: cc ex06_file.c $(pkg-config --cflags --libs polder) -o file
 * Run:   mpirun -n 4 ./file [path] */
#include <polder.h>
#include <polder/main.h>
#include <inttypes.h>
#include <stdio.h>

enum { NZ = 8, NY = 20, NX = 30 };

static void fill(const int64_t index[PLD_MAXDIM], void *value, void *data)
{
    (void)data;
    *(double *)value =
        (double)((index[0] * NY + index[1]) * NX + index[2]) / 7.0;
}

/* A field named "height", its cells cut along one dimension only. */
static pld_status create(pld_ctx *ctx, int dim, int64_t halo, pld_field **out)
{
    pld_grid_spec cells = {.ndims = 3, .size = {NZ, NY, NX}};
    for (int d = 0; d < 3; d++)
        cells.nprocs[d] = d == dim ? pld_ctx_nranks(ctx) : 1;
    pld_grid *grid = NULL;
    PLD_TRY(pld_grid_create(ctx, &cells, &grid));
    return pld_field_create(
        grid, &(pld_field_spec){.name = "height", .halo = {.all = halo}}, out);
}

static pld_status destroy(pld_field **field)
{
    pld_grid *grid = pld_field_grid(*field);
    PLD_TRY(pld_field_destroy(field));
    return pld_grid_destroy(&grid);
}

static pld_status write(pld_ctx *ctx, const char *path, uint64_t *digest)
{
    const pld_axis axes[3] = {{.units = "m", .spacing = 10.0},
                              {.units = "m", .spacing = 0.5},
                              {.units = "m", .spacing = 0.5}};
    pld_field *field = NULL;
    pld_file *file = NULL;
    PLD_TRY(create(ctx, 0, 0, &field));
    PLD_TRY(pld_field_fill(field, fill, NULL));
    PLD_TRY(pld_field_digest(field, digest));
    PLD_TRY(pld_file_create(ctx, path, &file));
    PLD_TRY(pld_file_set_axes(file, 3, axes));
    PLD_TRY(pld_file_write(file, field));
    PLD_TRY(pld_file_write_text(file, "height", "units", "m"));
    PLD_TRY(pld_file_close(&file));
    return destroy(&field);
}

static pld_status read(pld_ctx *ctx, const char *path, uint64_t *digest)
{
    pld_field *field = NULL;
    pld_file *file = NULL;
    PLD_TRY(create(ctx, 2, 1, &field));
    PLD_TRY(pld_file_open(ctx, path, false, &file));
    PLD_TRY(pld_file_read(file, "height", field));
    PLD_TRY(pld_file_close(&file));
    PLD_TRY(pld_field_digest(field, digest));
    return destroy(&field);
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "height.h5";
    uint64_t written = 0;
    uint64_t back = 0;
    PLD_TRY(write(ctx, path, &written));
    PLD_TRY(read(ctx, path, &back));
    PLD_CHECK(back == written, PLD_ERR_CORRUPT,
              "digest %016" PRIx64 " was written, %016" PRIx64 " came back",
              written, back);
    if (pld_ctx_rank(ctx) == 0)
        printf("%s: digest %016" PRIx64 " came back\n", path, back);
    return PLD_OK;
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
