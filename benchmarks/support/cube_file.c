#include "support/cube_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { NCALLS = 7 };

void cube_file_must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "failed: %s\n", what);
    pld_error_print(stderr);
    MPI_Abort(MPI_COMM_WORLD, 1);
}

static void polder_write(void *data)
{
    struct cube_file *cube = data;
    pld_file *file = NULL;
    cube_file_must(pld_file_create(cube->ctx, cube->path[CUBE_POLDER], &file) ==
                           PLD_OK &&
                       pld_file_write(file, cube->field) == PLD_OK &&
                       pld_file_close(&file) == PLD_OK,
                   "writing by Polder");
}

static void polder_read(void *data)
{
    struct cube_file *cube = data;
    pld_file *file = NULL;
    cube_file_must(pld_file_open(cube->ctx, cube->path[CUBE_POLDER], false,
                                 &file) == PLD_OK &&
                       pld_file_read(file, "field", cube->field) == PLD_OK &&
                       pld_file_close(&file) == PLD_OK,
                   "reading by Polder");
}

static void fill(const int64_t index[PLD_MAXDIM], void *value, void *data)
{
    (void)data;
    *(double *)value = (double)((index[0] * 1009 + index[1]) * 1013 + index[2]);
}

/* Old files go before a call, so that both ways make new ones. */
static void remove_file(void *data, int way)
{
    struct cube_file *cube = data;
    if (pld_ctx_rank(cube->ctx) == 0)
        (void)unlink(cube->path[way]);
}

static void keep_file(void *data, int way)
{
    (void)data;
    (void)way;
}

static bool is_right(struct cube_file *cube, const struct bench_way *writer,
                     const struct bench_way *reader)
{
    uint64_t wanted = 0;
    uint64_t got = 0;
    cube_file_must(pld_field_fill(cube->field, fill, NULL) == PLD_OK &&
                       pld_field_digest(cube->field, &wanted) == PLD_OK,
                   "filling");
    writer->run(cube);
    cube_file_must(pld_field_set(cube->field, &(double){0}) == PLD_OK,
                   "setting");
    reader->run(cube);
    cube_file_must(pld_field_digest(cube->field, &got) == PLD_OK, "a digest");
    return got == wanted;
}

static void time_ways(struct cube_file *cube, const char *name,
                      const char *params, const struct bench_way *ways,
                      void (*touch)(void *, int), bool right)
{
    double seconds[BENCH_MAX_WAYS];
    const struct bench_task task = {
        .touch_way = touch, .data = cube, .nways = CUBE_NWAYS, .ways = ways};
    bench_alternate(cube->comm, &task, NCALLS, seconds);
    bench_row(cube->comm, name, params, 1e3 * seconds[CUBE_POLDER], "ms",
              ways[CUBE_PEER].name, 1e3 * seconds[CUBE_PEER], right);
}

static pld_status make_field(struct cube_file *cube, int dim)
{
    pld_grid_spec grid = {.ndims = PLD_MAXDIM};
    for (int d = 0; d < PLD_MAXDIM; d++) {
        grid.size[d] = cube->edge;
        grid.nprocs[d] = d == dim ? pld_ctx_nranks(cube->ctx) : 1;
    }
    PLD_TRY(pld_grid_create(cube->ctx, &grid, &cube->grid));
    PLD_TRY(pld_field_create(cube->grid, &(pld_field_spec){0}, &cube->field));
    cube->own = pld_field_owned(cube->field);
    pld_view view = pld_field_view(cube->field);
    cube->data = view.f64;
    for (int d = 0; d < PLD_MAXDIM && cube->data != NULL; d++)
        cube->data += cube->own.first[d] * view.stride[d];
    return PLD_OK;
}

static pld_status run_case(struct cube_file *cube, const char *folder, int dim,
                           const struct cube_file_peer *peer)
{
    char params[600];
    const struct bench_way writers[] = {{"polder", polder_write},
                                        {peer->name, peer->write}};
    const struct bench_way readers[] = {{"polder", polder_read},
                                        {peer->name, peer->read}};
    bool right = true;
    PLD_TRY(make_field(cube, dim));
    for (int way = 0; way < CUBE_NWAYS; way++) {
        snprintf(cube->path[way], sizeof cube->path[way], "%s/cube_%s.nc",
                 folder, writers[way].name);
        right = is_right(cube, &writers[way], &readers[way]) && right;
    }
    snprintf(params, sizeof params, "%lld^3 %c-slabs %s", (long long)cube->edge,
             "zyx"[dim], folder);
    time_ways(cube, "write", params, writers, remove_file, right);
    for (int way = 0; way < CUBE_NWAYS; way++)
        writers[way].run(cube);
    time_ways(cube, "read", params, readers, keep_file, right);
    for (int way = 0; way < CUBE_NWAYS; way++)
        remove_file(cube, way);
    PLD_TRY(pld_field_destroy(&cube->field));
    return pld_grid_destroy(&cube->grid);
}

pld_status cube_file_compare(pld_ctx *ctx, int argc, char **argv,
                             const struct cube_file_peer *peer)
{
    static char usual[] = "/dev/shm";
    char *folders[] = {usual};
    struct cube_file cube = {.ctx = ctx,
                             .comm = pld_ctx_comm(ctx),
                             .edge = argc > 1 ? atoll(argv[1]) : 256};
    int nfolders = argc > 2 ? argc - 2 : 1;
    char **names = argc > 2 ? argv + 2 : folders;
    bench_head(cube.comm);
    for (int i = 0; i < nfolders; i++)
        for (int dim = 0; dim < PLD_MAXDIM; dim++)
            PLD_TRY(run_case(&cube, names[i], dim, peer));
    return PLD_OK;
}
