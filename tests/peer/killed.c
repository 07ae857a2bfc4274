/* One rank is killed, the others exchange: see check_peer.sh. Each of them
 * writes to a file what it was told, and after how long. */
#include <polder.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static pld_status exchange(pld_halo *halo, const char *how)
{
    bool done = false;
    if (strcmp(how, "accumulate") == 0)
        return pld_halo_accumulate(halo, PLD_SUM);
    if (strcmp(how, "exchange") == 0)
        return pld_halo_exchange(halo);
    PLD_TRY(pld_halo_begin(halo));
    while (!done)
        PLD_TRY(pld_halo_test(halo, &done));
    return pld_halo_end(halo);
}

/* What is left can be destroyed, and does not pretend to work. */
static const char *look_at(pld_halo *halo, const char *how)
{
    if (exchange(halo, how) == PLD_OK)
        return "went on";
    return pld_halo_destroy(&halo) == PLD_OK ? "ended" : "not destroyed";
}

static pld_status make(pld_ctx *ctx, pld_halo **out)
{
    pld_grid *grid = NULL;
    pld_field *field = NULL;
    const pld_grid_spec cells = {
        .ndims = 1, .size = {10 * pld_ctx_nranks(ctx)}, .periodic = {true}};
    PLD_TRY(pld_grid_create(ctx, &cells, &grid));
    PLD_TRY(pld_field_create(
        grid, &(pld_field_spec){.name = "u", .halo = {.all = 1}}, &field));
    return pld_halo_create(&(pld_halo_spec){.nfields = 1, .fields = &field},
                           out);
}

int main(int argc, char **argv)
{
    pld_ctx *ctx = NULL;
    pld_halo *halo = NULL;
    char name[40];
    MPI_Init(&argc, &argv);
    if (pld_ctx_create(MPI_COMM_WORLD, NULL, &ctx) != PLD_OK ||
        make(ctx, &halo) != PLD_OK || exchange(halo, argv[1]) != PLD_OK)
        return 1;
    if (pld_ctx_rank(ctx) == 1)
        kill(getpid(), SIGKILL);
    double start = MPI_Wtime();
    pld_status status = exchange(halo, argv[1]);
    double seconds = MPI_Wtime() - start;
    snprintf(name, sizeof name, "%s.%d", argv[1], pld_ctx_rank(ctx));
    FILE *file = fopen(name, "w");
    fprintf(file, "%s %.3f %s; ", pld_status_name(status), seconds,
            pld_error_last()->text);
    fprintf(file, "%s\n", look_at(halo, argv[1]));
    fclose(file);
    _exit(0);
}
