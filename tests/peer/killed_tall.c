/* One rank is killed while the others factor a tall matrix with it, again and
 * again: see check_peer.sh. Each of them writes to a file what it was told, and
 * after how long. */
#include <polder.h>

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { N = 30000, K = 16 };

static void fill(const int64_t at[PLD_MAXDIM], void *value, void *data)
{
    (void)data;
    *(double *)value = (double)((at[0] * 7919 + at[1] * 104729) % 1009);
}

static pld_status make(pld_ctx *ctx, pld_field **out)
{
    pld_grid *grid = NULL;
    const pld_grid_spec cells = {.ndims = 2, .size = {N, K}, .nprocs = {0, 1}};
    PLD_TRY(pld_grid_create(ctx, &cells, &grid));
    PLD_TRY(pld_field_create(grid, &(pld_field_spec){.name = "a"}, out));
    return pld_field_fill(*out, fill, NULL);
}

/* Be killed in the middle of it. */
static void die_soon(void)
{
    if (fork() == 0) {
        usleep(200000);
        kill(getppid(), SIGKILL);
        _exit(0);
    }
}

int main(int argc, char **argv)
{
    pld_ctx *ctx = NULL;
    pld_field *field = NULL;
    char name[40];
    double r[K * K];
    MPI_Init(&argc, &argv);
    if (pld_ctx_create(MPI_COMM_WORLD, NULL, &ctx) != PLD_OK ||
        make(ctx, &field) != PLD_OK)
        return 1;
    MPI_Barrier(MPI_COMM_WORLD);
    if (pld_ctx_rank(ctx) == 1)
        die_soon();
    const pld_tall a = {.matrix = field};
    pld_status status = PLD_OK;
    double start = MPI_Wtime();
    for (int i = 0; status == PLD_OK; i++) {
        start = MPI_Wtime();
        status = pld_tall_qr(
            &a, i % 2 == 0 ? PLD_QR_CHOLESKY : PLD_QR_HOUSEHOLDER, r);
    }
    double seconds = MPI_Wtime() - start;
    snprintf(name, sizeof name, "%s.%d", argv[1], pld_ctx_rank(ctx));
    FILE *file = fopen(name, "w");
    fprintf(file, "%s %.3f %s; ended\n", pld_status_name(status), seconds,
            pld_error_last()->text);
    fclose(file);
    _exit(0);
}
