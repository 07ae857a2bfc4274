/* Writes to "shared.h5", a series "series.h5" or checkpoints in "folder", and
 * keeps them open until "go" is there; says "ready" by a file of that name, or
 * tells on rank 0 why it could not begin. */
#include <polder.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct work {
    pld_ctx *ctx;
    pld_field *field;
    pld_file *file;
    pld_series *series;
    pld_checkpoint *checkpoint;
};

static pld_status begin(struct work *work, const char *what)
{
    const pld_series_spec spec = {.nfields = 1, .fields = &work->field};
    if (strcmp(what, "file") == 0)
        return pld_file_create(work->ctx, "shared.h5", &work->file);
    if (strcmp(what, "again") == 0)
        return pld_file_open(work->ctx, "shared.h5", true, &work->file);
    if (strcmp(what, "read") == 0)
        return pld_file_open(work->ctx, "shared.h5", false, &work->file);
    if (strcmp(what, "series") == 0)
        return pld_series_create(work->ctx, "series.h5", &spec, &work->series);
    PLD_TRY(pld_checkpoint_create(work->ctx,
                                  &(pld_checkpoint_spec){.folder = "folder"},
                                  &work->checkpoint));
    return pld_checkpoint_add_field(work->checkpoint, work->field);
}

static pld_status write_all(struct work *work, const char *what)
{
    if (work->file && strcmp(what, "read") != 0)
        return pld_file_write(work->file, work->field);
    if (work->series)
        return pld_series_append(work->series, 1);
    if (work->checkpoint)
        return pld_checkpoint_save(work->checkpoint, 1);
    return PLD_OK;
}

static pld_status end(struct work *work)
{
    PLD_TRY(pld_file_close(&work->file));
    PLD_TRY(pld_series_close(&work->series));
    return pld_checkpoint_destroy(&work->checkpoint);
}

static void wait_for_go(const struct work *work)
{
    FILE *ready = pld_ctx_rank(work->ctx) == 0 ? fopen("ready", "w") : NULL;
    if (ready)
        fclose(ready);
    for (int i = 0; i < 3000 && access("go", F_OK) != 0; i++)
        usleep(10000);
}

static pld_status run(struct work *work, const char *what)
{
    pld_grid *grid = NULL;
    PLD_TRY(pld_grid_create(
        work->ctx, &(pld_grid_spec){.ndims = 1, .size = {100}}, &grid));
    PLD_TRY(
        pld_field_create(grid, &(pld_field_spec){.name = "u"}, &work->field));
    PLD_TRY(begin(work, what));
    PLD_TRY(write_all(work, what));
    wait_for_go(work);
    PLD_TRY(end(work));
    PLD_TRY(pld_field_destroy(&work->field));
    return pld_grid_destroy(&grid);
}

int main(int argc, char **argv)
{
    struct work work = {.ctx = NULL};
    MPI_Init(&argc, &argv);
    pld_status status = pld_ctx_create(
        MPI_COMM_WORLD, &(pld_ctx_spec){.allow_singletons = true}, &work.ctx);
    if (status == PLD_OK)
        status = run(&work, argc > 1 ? argv[1] : "");
    if (status != PLD_OK)
        printf("%s %s\n", pld_status_name(status), pld_error_last()->text);
    fflush(stdout);
    MPI_Finalize();
    return 0;
}
