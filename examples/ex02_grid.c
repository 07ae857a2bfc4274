/* A grid: how a global array is cut into blocks.
 *
 * TEST: ranks=1,2,3,4,7
 *
 * Shows: choosing a process grid, unequal ranks, the owner of a cell without
 * asking anyone, and a picture of who owns what.
 *
 * Build: cc ex02_grid.c $(pkg-config --cflags --libs polder) -o grid
 * Run:   mpirun -n 6 ./grid */
#include <polder.h>
#include <polder/main.h>
#include <stdio.h>
#include <stdlib.h>

enum { NY = 12, NX = 48 };

/* Print the owner of each cell as a letter. */
static void draw(const pld_grid *grid)
{
    for (int64_t j = 0; j < NY; j++) {
        char line[NX + 1];
        for (int64_t i = 0; i < NX; i++)
            line[i] =
                (char)('A' + pld_grid_owner(grid, (int64_t[3]){j, i}) % 26);
        line[NX] = '\0';
        puts(line);
    }
}

/* Every cell has one owner, and the blocks are theirs: so counts add up. */
static pld_status check(pld_ctx *ctx, const pld_grid *grid)
{
    int64_t cells = pld_box_volume(pld_grid_owned(grid));
    PLD_TRY(pld_reduce(ctx, PLD_SUM, PLD_I64, &cells, 1, &cells));
    PLD_CHECK(cells == NY * NX, PLD_ERR_INTERNAL, "%lld cells are owned",
              (long long)cells);
    return PLD_OK;
}

static pld_status show(pld_ctx *ctx, const char *title,
                       const pld_grid_spec *spec)
{
    pld_grid *grid = NULL;
    PLD_TRY(pld_grid_create(ctx, spec, &grid));
    if (pld_ctx_rank(ctx) == 0) {
        printf("%s: %d x %d ranks\n", title, pld_grid_nprocs(grid, 0),
               pld_grid_nprocs(grid, 1));
        draw(grid);
    }
    PLD_TRY(check(ctx, grid));
    return pld_grid_destroy(&grid);
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    pld_grid_spec spec = {.ndims = 2, .size = {NY, NX}};
    PLD_TRY(show(ctx, "equal ranks", &spec));

    /* The first rank is three times as fast as the others. */
    double *weights = malloc((size_t)pld_ctx_nranks(ctx) * sizeof *weights);
    PLD_CHECK(weights != NULL, PLD_ERR_MEMORY, "no memory for the weights");
    for (int rank = 0; rank < pld_ctx_nranks(ctx); rank++)
        weights[rank] = rank == 0 ? 3.0 : 1.0;
    spec.rank_weights = weights;
    pld_status status = show(ctx, "a fast first rank", &spec);
    free(weights);
    return status;
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
