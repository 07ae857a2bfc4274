#include "mesh/procgrid.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Nanoseconds: of orders that hold for most machines of these years; only
 * their ratios matter. */
#define CELL 1.5      /* a memory-bound stencil at one cell */
#define LINE 5.0      /* a cache line of 64 bytes to or from memory */
#define MESSAGE 500.0 /* start and completion of a message on a node */
#define HOP 1500.0    /* what a message to another node takes beyond that */
#define BYTE 0.08     /* of a wire of 100 Gbit/s */

#define SAMPLES 1024
#define MOST_DIVISORS 1536 /* of any int */

/* A block of the largest size, and its faces. */
struct faces {
    double block[PLD_MAXDIM];
    double excess;             /* cells of the block above a rank's share */
    double number[PLD_MAXDIM]; /* exchanged along a dimension: 0, 1 or 2 */
    double bytes[PLD_MAXDIM];  /* of one of them */
    double lines[PLD_MAXDIM];
};

static int64_t ceil_of(int64_t a, int64_t b)
{
    return a / b + (a % b != 0);
}

static struct faces faces_of(const struct pld_procgrid *problem,
                             const int nprocs[PLD_MAXDIM])
{
    int last = problem->ndims - 1;
    double halo = (double)problem->halo;
    double volume = 1.0;
    double share = 1.0;
    struct faces faces = {.excess = 0.0};
    for (int d = 0; d < problem->ndims; d++) {
        faces.block[d] = (double)ceil_of(problem->size[d], nprocs[d]);
        volume *= faces.block[d];
        share *= (double)problem->size[d] / nprocs[d];
        int beyond = problem->periodic[d] ? 2 : nprocs[d] - 1;
        faces.number[d] = beyond < 2 ? beyond : 2;
    }
    faces.excess = volume - share;
    for (int d = 0; d < problem->ndims; d++) {
        double row = d == last ? halo : faces.block[last];
        double points = volume / faces.block[d] * halo;
        faces.bytes[d] = 8.0 * points;
        faces.lines[d] = points / row * (row / 8.0 + 1.0);
    }
    return faces;
}

/* Ranks that hold a part of the halo, edges and corners included. */
static double peers_of(const struct pld_procgrid *problem,
                       const int nprocs[PLD_MAXDIM])
{
    double peers = 1.0;
    for (int d = 0; d < problem->ndims; d++) {
        int64_t block = ceil_of(problem->size[d], nprocs[d]);
        double along = 1.0 + 2.0 * (double)ceil_of(problem->halo, block);
        peers *= along < nprocs[d] ? along : nprocs[d];
    }
    return peers - 1.0;
}

/* Cost without looking at single ranks: a lower bound. */
static double cost_of_shape(const struct pld_procgrid *problem,
                            const int nprocs[PLD_MAXDIM],
                            const struct faces *faces)
{
    double lines = 0.0;
    for (int d = 0; d < problem->ndims; d++)
        lines += 2.0 * faces->number[d] * faces->lines[d];
    return CELL * faces->excess + LINE * lines +
           MESSAGE * peers_of(problem, nprocs);
}

/* Last dimension fastest, as pld_grid_coords(). */
static void place(const int nprocs[PLD_MAXDIM], int rank,
                  int coords[PLD_MAXDIM])
{
    for (int d = PLD_MAXDIM - 1; d >= 0; d--) {
        coords[d] = rank % nprocs[d];
        rank /= nprocs[d];
    }
}

/* The faces of `rank` along `d` (coordinate `at`, neighbours `stride` ranks
 * apart) whose neighbour is on another node. */
static int leaving(const struct pld_procgrid *problem, int nprocs, int d,
                   int rank, int at, int stride)
{
    int n = 0;
    for (int side = -1; side <= 1; side += 2) {
        int edge = side < 0 ? 0 : nprocs - 1;
        if (at == edge && !problem->periodic[d])
            continue;
        int to = at == edge ? nprocs - 1 - edge : at + side;
        int neighbour = rank + (to - at) * stride;
        n += problem->node_of[neighbour] != problem->node_of[rank];
    }
    return n;
}

/* What leaves the nodes. Samples are spread by the golden section, so that
 * they meet all places within a node. */
static double cost_of_nodes(const struct pld_procgrid *problem,
                            const int nprocs[PLD_MAXDIM],
                            const struct faces *faces)
{
    int nranks = problem->nranks;
    int samples = nranks < SAMPLES ? nranks : SAMPLES;
    int64_t golden = nranks < SAMPLES ? 1 : (int64_t)(0.6180339887 * nranks);
    double hops = 0.0;
    double bytes = 0.0;
    for (int i = 0; i < samples; i++) {
        int rank = (int)(i * golden % nranks);
        int coords[PLD_MAXDIM];
        place(nprocs, rank, coords);
        int stride = 1;
        for (int d = problem->ndims - 1; d >= 0; d--) {
            int n = leaving(problem, nprocs[d], d, rank, coords[d], stride);
            hops += n;
            bytes += n * faces->bytes[d];
            stride *= nprocs[d];
        }
    }
    double ranks_on_node = (double)nranks / problem->nnodes;
    return (HOP * hops + BYTE * bytes * ranks_on_node) / samples;
}

/* The place of the rank after the one at `coords`. */
static void step(const int nprocs[PLD_MAXDIM], int coords[PLD_MAXDIM])
{
    for (int d = PLD_MAXDIM - 1; d >= 0; d--) {
        if (++coords[d] < nprocs[d])
            return;
        coords[d] = 0;
    }
}

/* The weight of each plane of ranks along each dimension, one dimension after
 * the other; returns the weight of all. */
static double sum_planes(const struct pld_procgrid *problem,
                         const int nprocs[PLD_MAXDIM],
                         double *planes[PLD_MAXDIM])
{
    planes[0] = problem->planes;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        if (d > 0)
            planes[d] = planes[d - 1] + nprocs[d - 1];
        for (int p = 0; p < nprocs[d]; p++)
            planes[d][p] = 0.0;
    }
    double total = 0.0;
    int at[PLD_MAXDIM] = {0};
    for (int rank = 0; rank < problem->nranks; rank++, step(nprocs, at)) {
        for (int d = 0; d < PLD_MAXDIM; d++)
            planes[d][at[d]] += problem->weights[rank];
        total += problem->weights[rank];
    }
    return total;
}

/* What the rank that is slowest for its cells costs beyond the excess of the
 * largest block. A rank of weight 0 that would get cells counts as a million
 * times slower than others: that is avoided where it can be. */
static double cost_of_weights(const struct pld_procgrid *problem,
                              const int nprocs[PLD_MAXDIM],
                              const struct faces *faces)
{
    double *planes[PLD_MAXDIM];
    double total = sum_planes(problem, nprocs, planes);
    double least = 1e-6 * total / problem->nranks;
    double slowest = 0.0;
    int at[PLD_MAXDIM] = {0};
    for (int rank = 0; rank < problem->nranks; rank++, step(nprocs, at)) {
        double share = planes[0][at[0]] * planes[1][at[1]] * planes[2][at[2]];
        double speed = fmax(problem->weights[rank], least);
        slowest = fmax(slowest, share / speed);
    }
    slowest /= total * total * problem->nranks;
    double cells = 1.0;
    for (int d = 0; d < problem->ndims; d++)
        cells *= (double)problem->size[d];
    double excess = cells * (slowest - 1.0 / problem->nranks);
    return CELL * fmax(0.0, excess - faces->excess);
}

/* The cost, or some value not below `bound` when it is not. Single ranks are
 * looked at only where the shape alone does not decide. */
static double cost_up_to(const struct pld_procgrid *problem,
                         const int nprocs[PLD_MAXDIM], double bound)
{
    struct faces faces = faces_of(problem, nprocs);
    double cost = cost_of_shape(problem, nprocs, &faces);
    if (problem->nnodes > 1 && cost < bound)
        cost += cost_of_nodes(problem, nprocs, &faces);
    if (problem->weights != NULL && cost < bound)
        cost += cost_of_weights(problem, nprocs, &faces);
    return cost;
}

double pld_procgrid_cost(const struct pld_procgrid *problem,
                         const int nprocs[PLD_MAXDIM])
{
    return cost_up_to(problem, nprocs, INFINITY);
}

/* The state of the enumeration. */
struct search {
    const struct pld_procgrid *problem;
    const int *given;
    int ndivisors;
    int divisors[MOST_DIVISORS]; /* of nranks, descending */
    int nprocs[PLD_MAXDIM];
    double best;
    int chosen[PLD_MAXDIM];
};

static void list_divisors(struct search *search, int n)
{
    int nlow = 0;
    int low[MOST_DIVISORS / 2];
    for (int64_t q = 1; q * q <= n; q++)
        if (n % q == 0) {
            low[nlow++] = (int)q;
            search->divisors[search->ndivisors++] = (int)(n / q);
        }
    /* The square root of a square is there already. */
    if ((int64_t)low[nlow - 1] * low[nlow - 1] == n)
        nlow--;
    while (nlow > 0)
        search->divisors[search->ndivisors++] = low[--nlow];
}

static void consider(struct search *search)
{
    double cost = cost_up_to(search->problem, search->nprocs, search->best);
    if (cost >= search->best)
        return;
    search->best = cost;
    memcpy(search->chosen, search->nprocs, sizeof search->chosen);
}

static bool allowed(const struct search *search, int d, int n)
{
    if (d >= search->problem->ndims)
        return n == 1;
    return search->given[d] == 0 || search->given[d] == n;
}

/* Try all ways to share `rest` ranks among the dimensions from `d` on. */
static void enumerate(struct search *search, int d, int rest)
{
    if (d == PLD_MAXDIM - 1) {
        search->nprocs[d] = rest;
        if (allowed(search, d, rest))
            consider(search);
        return;
    }
    for (int i = 0; i < search->ndivisors; i++) {
        int divisor = search->divisors[i];
        if (rest % divisor != 0 || !allowed(search, d, divisor))
            continue;
        search->nprocs[d] = divisor;
        enumerate(search, d + 1, rest / divisor);
    }
}

bool pld_procgrid_choose(const struct pld_procgrid *problem,
                         int nprocs[PLD_MAXDIM])
{
    assert(problem->ndims <= PLD_MAXDIM && problem->nranks >= 1);
    /* The best shape by itself is a good bound to begin with. */
    struct pld_procgrid shape = *problem;
    shape.nnodes = 1;
    shape.weights = NULL;
    struct search search = {.problem = &shape,
                            .given = nprocs,
                            .nprocs = {1, 1, 1},
                            .best = INFINITY,
                            .chosen = {1, 1, 1}};
    list_divisors(&search, problem->nranks);
    enumerate(&search, 0, problem->nranks);
    if (search.best == INFINITY)
        return false;
    search.problem = problem;
    search.best =
        nextafter(pld_procgrid_cost(problem, search.chosen), INFINITY);
    enumerate(&search, 0, problem->nranks);
    memcpy(nprocs, search.chosen, sizeof search.chosen);
    return true;
}
