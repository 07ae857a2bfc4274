/* A rank ends in the middle of exchanges: PLD_TEST_VICTIM names it. All others,
 * neighbours or not, get an error that names it. check_death.sh starts this so
 * that the launcher lets the others live; without a victim, all goes well.
 * TEST: ranks=1,3 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "polder/context.h"
#include "polder/field.h"
#include "polder/grid.h"
#include "polder/halo.h"

enum { NROUNDS = 50 };

/* Exchange, again and again; the victim ends on the way. */
static pld_status exchange(pld_halo *halo, bool is_victim)
{
    for (int round = 0; round < NROUNDS; round++) {
        if (is_victim && round == NROUNDS / 2)
            raise(SIGKILL);
        PLD_TRY(pld_halo_exchange(halo));
    }
    return PLD_OK;
}

static pld_status create(pld_ctx **ctx, pld_grid **grid, pld_field **field,
                         pld_halo **halo)
{
    pld_grid_spec cells = {
        .ndims = 2, .size = {40, 50}, .periodic = {true, true}};
    pld_field_spec values = {.halo = {.all = 1}};
    PLD_TRY(pld_ctx_create(MPI_COMM_WORLD, NULL, ctx));
    PLD_TRY(pld_grid_create(*ctx, &cells, grid));
    PLD_TRY(pld_field_create(*grid, &values, field));
    pld_halo_spec spec = {.nfields = 1, .fields = field};
    return pld_halo_create(&spec, halo);
}

static pld_status destroy(pld_ctx **ctx, pld_grid **grid, pld_field **field,
                          pld_halo **halo)
{
    PLD_TRY(pld_halo_destroy(halo));
    PLD_TRY(pld_field_destroy(field));
    PLD_TRY(pld_grid_destroy(grid));
    return pld_ctx_destroy(ctx);
}

/* Into a file, as launchers may lose what is printed now. There is no way on:
 * nothing collective will ever end again. Those that are told first stay a
 * while, so that they are not taken for the victim. */
static void tell(int rank, pld_status status, double seconds)
{
    char path[20];
    snprintf(path, sizeof path, "told.%d", rank);
    FILE *file = fopen(path, "w");
    if (file == NULL)
        _exit(1);
    fprintf(file, "after %.2f s: %s: %s\n", seconds, pld_status_name(status),
            pld_error_last()->text);
    fclose(file);
    sleep(1);
    _exit(0);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    pld_ctx *ctx = NULL;
    pld_grid *grid = NULL;
    pld_field *field = NULL;
    pld_halo *halo = NULL;
    if (create(&ctx, &grid, &field, &halo) != PLD_OK)
        MPI_Abort(MPI_COMM_WORLD, 1);

    const char *victim = getenv("PLD_TEST_VICTIM");
    int rank = pld_ctx_rank(ctx);
    double before = MPI_Wtime();
    pld_status status = exchange(halo, victim != NULL && atoi(victim) == rank);
    if (victim != NULL)
        tell(rank, status, MPI_Wtime() - before);
    if (status != PLD_OK || destroy(&ctx, &grid, &field, &halo) != PLD_OK)
        MPI_Abort(MPI_COMM_WORLD, 1);
    MPI_Finalize();
    return 0;
}
