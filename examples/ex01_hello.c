/* Hello: who works together, and where.
 *
 * TEST: ranks=1,2,3,7
 *
 * Shows: creating a context, asking it for ranks and nodes, a reduction, and
 * how a program ends when something fails.
 *
 * Build: cc ex01_hello.c $(pkg-config --cflags --libs polder) -o hello
 * Run:   mpirun -n 4 ./hello */
#include <polder.h>
#include <stdio.h>

static pld_status hello(pld_ctx *ctx)
{
    printf("rank %d of %d on node %d of %d\n", pld_ctx_rank(ctx),
           pld_ctx_nranks(ctx), pld_ctx_node(ctx), pld_ctx_nnodes(ctx));
    double sum = 0.0;
    PLD_TRY(pld_reduce_f64(ctx, PLD_SUM, pld_ctx_rank(ctx) + 1.0, &sum));
    double n = pld_ctx_nranks(ctx);
    PLD_CHECK(sum == n * (n + 1) / 2, PLD_ERR_INTERNAL, "1 + ... + %g gave %g",
              n, sum);
    return PLD_OK;
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    pld_ctx *ctx = NULL;
    pld_status status = pld_ctx_create(MPI_COMM_WORLD, NULL, &ctx);
    if (status == PLD_OK)
        status = hello(ctx);
    if (status == PLD_OK)
        status = pld_ctx_destroy(&ctx);
    if (status != PLD_OK) {
        pld_error_print(stderr);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    MPI_Finalize();
    return 0;
}
