/* The same bits: sums on 1, 2, 3 ... ranks, the usual way and the exact one.
 *
 * TEST: ranks=1,3,8
 *
 * Shows: that a sum by a loop and MPI_Allreduce changes with the number of
 * ranks, in the last digits of harmless data and in all of them where terms
 * cancel, and that pld_reduce_array gives the sum itself, rounded once, every
 * time. One run shows all numbers of ranks, in communicators of its first 1, 2,
 * 3 ... ranks. doc/exact.md says why.
 *
 * Build: cc ex08_same_bits.c $(pkg-config --cflags --libs polder) -o same_bits
 * Run:   mpirun -n 8 ./same_bits */
#include <polder.h>
#include <polder/main.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 100000, MOST_RANKS = 8 };

/* Numbers from 0 to 1, as measurements might be. */
static double harmless(int64_t i)
{
    const pld_random random = {.seed = 8, .stream = 1};
    return pld_random_uniform(random, (uint64_t)i);
}

/* Two of a hundred numbers are 1; each other one has its negative somewhere
 * else. So the sum is N / 50. */
static double cancelling(int64_t i)
{
    if (i % 100 == 0 || i % 100 == 99)
        return 1.0;
    return i < N / 2 ? exp(20 * harmless(i)) : -exp(20 * harmless(N - 1 - i));
}

struct sums {
    double usual;
    double exact;
};

/* On the ranks of `team`, each with its block of the numbers. */
static pld_status add_up(pld_ctx *team, double (*number)(int64_t),
                         struct sums *out)
{
    int64_t first = pld_ctx_rank(team) * (int64_t)N / pld_ctx_nranks(team);
    int64_t end = (pld_ctx_rank(team) + 1) * (int64_t)N / pld_ctx_nranks(team);
    double *x = malloc((size_t)(end - first) * sizeof *x);
    PLD_CHECK(x != NULL, PLD_ERR_MEMORY, "no memory for the numbers");
    out->usual = 0.0;
    for (int64_t i = first; i < end; i++) {
        x[i - first] = number(i);
        out->usual += x[i - first];
    }
    MPI_Allreduce(MPI_IN_PLACE, &out->usual, 1, MPI_DOUBLE, MPI_SUM,
                  pld_ctx_comm(team));
    pld_status status =
        pld_reduce_array(team, PLD_SUM, PLD_F64, x, end - first, &out->exact);
    free(x);
    return status;
}

/* On the first `n` ranks; the others have nothing to do. */
static pld_status add_up_on(pld_ctx *ctx, int n, double (*number)(int64_t),
                            struct sums *out)
{
    MPI_Comm comm = MPI_COMM_NULL;
    int rank = pld_ctx_rank(ctx);
    MPI_Comm_split(pld_ctx_comm(ctx), rank < n ? 0 : MPI_UNDEFINED, rank,
                   &comm);
    if (comm == MPI_COMM_NULL)
        return PLD_OK;
    pld_ctx *team = NULL;
    PLD_TRY(pld_ctx_create(comm, NULL, &team));
    MPI_Comm_free(&comm);
    PLD_TRY(add_up(team, number, out));
    return pld_ctx_destroy(&team);
}

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static pld_status show(pld_ctx *ctx, const char *title,
                       double (*number)(int64_t))
{
    int most = pld_ctx_nranks(ctx);
    most = most < MOST_RANKS ? most : MOST_RANKS;
    double first = 0.0;
    if (pld_ctx_rank(ctx) == 0)
        printf("%s\nranks  MPI_Allreduce                              "
               "exact\n",
               title);
    for (int n = 1; n <= most; n++) {
        struct sums sums = {0.0, 0.0};
        PLD_TRY(add_up_on(ctx, n, number, &sums));
        if (n == 1)
            first = sums.exact;
        if (pld_ctx_rank(ctx) != 0)
            continue;
        printf("%5d  %-24.17g %016" PRIx64 "  %-20.17g %016" PRIx64 "\n", n,
               sums.usual, bits_of(sums.usual), sums.exact,
               bits_of(sums.exact));
        PLD_CHECK(bits_of(sums.exact) == bits_of(first), PLD_ERR_INTERNAL,
                  "other bits on %d ranks", n);
        PLD_CHECK(number != cancelling || sums.exact == N / 50,
                  PLD_ERR_INTERNAL, "the sum is %d, not %.17g", N / 50,
                  sums.exact);
    }
    return PLD_OK;
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    PLD_TRY(show(ctx, "100000 numbers between 0 and 1", harmless));
    return show(ctx, "\n2000 ones among 98000 numbers that cancel", cancelling);
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
