/* One rank is killed while the others factor a matrix with it: see
 * check_peer.sh. Each of them writes to a file what it was told, and after how
 * long. */
#include <polder.h>

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* Takes long enough to be killed in the middle of. */
enum { N = 2200 };

static void fill(const int64_t at[PLD_MAXDIM], void *value, void *data)
{
    (void)data;
    *(double *)value = at[0] == at[1] ? N : 1 / (double)(at[0] + at[1] + 1);
}

static pld_status make(pld_ctx *ctx, pld_matrix *a, pld_cholesky **out)
{
    pld_grid *grid = NULL;
    const pld_grid_spec cells = {.ndims = 2, .size = {N, N}};
    PLD_TRY(pld_grid_create(ctx, &cells, &grid));
    PLD_TRY(pld_field_create(grid, &(pld_field_spec){.name = "a"}, &a->field));
    PLD_TRY(pld_field_fill(a->field, fill, NULL));
    return pld_cholesky_create(NULL, a, out);
}

/* Be killed while factoring. */
static void die_soon(void)
{
    if (fork() == 0) {
        usleep(40000);
        kill(getppid(), SIGKILL);
        _exit(0);
    }
}

int main(int argc, char **argv)
{
    pld_ctx *ctx = NULL;
    pld_matrix a = {.field = NULL};
    pld_cholesky *cholesky = NULL;
    char name[40];
    MPI_Init(&argc, &argv);
    if (pld_ctx_create(MPI_COMM_WORLD, NULL, &ctx) != PLD_OK ||
        make(ctx, &a, &cholesky) != PLD_OK)
        return 1;
    MPI_Barrier(MPI_COMM_WORLD);
    if (pld_ctx_rank(ctx) == 1)
        die_soon();
    pld_status status = PLD_OK;
    double start = MPI_Wtime();
    while (status == PLD_OK) {
        start = MPI_Wtime();
        status = pld_cholesky_factor(cholesky, &a);
    }
    double seconds = MPI_Wtime() - start;
    snprintf(name, sizeof name, "%s.%d", argv[1], pld_ctx_rank(ctx));
    FILE *file = fopen(name, "w");
    fprintf(file, "%s %.3f %s; ", pld_status_name(status), seconds,
            pld_error_last()->text);
    /* What is left can be destroyed. */
    status = pld_cholesky_destroy(&cholesky);
    fprintf(file, "%s\n", status == PLD_OK ? "ended" : "not destroyed");
    fclose(file);
    _exit(0);
}
