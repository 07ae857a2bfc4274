/* A solver: conjugate gradients for three species that diffuse and react.
 *
 * TEST: ranks=1,2,3,4,7
 *
 * Shows: fields as vectors, and a small matrix at each point. In every cell of
 * a square three species react, by a matrix of 3 x 3 that is up to 10 000 times
 * stronger in some cells than in others, and diffuse to the neighbours.
 * Conjugate gradients need many steps for that; with the inverse of each cell's
 * own matrix as a preconditioner they need few. Products are exact, so the
 * number of steps and the digest are the same on any number of ranks.
 *
 * Build: cc ex15_solver.c $(pkg-config --cflags --libs polder) -lm -o solver
 * Run:   mpirun -n 4 ./solver */
#include <polder.h>
#include <polder/main.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { N = 60, SPECIES = 3, MATRIX = SPECIES * SPECIES, MOST = 2000 };
enum { X, B, R, Z, P, Q, VECTORS };

struct problem {
    pld_grid *grid;
    pld_field *v[VECTORS];
    pld_field *reaction; /* matrices of 3 x 3 */
    pld_field *inverse;  /* of all that a cell does to itself */
    pld_halo *halo;      /* of P */
};

/* --- The problem ------------------------------------------------------------
 */

/* Symmetric and positive definite: strength times (0.7 I + 0.3 ones). */
static double strength(const int64_t cell[PLD_MAXDIM])
{
    const pld_random random = {.seed = 7};
    uint64_t index = (uint64_t)(cell[0] * N + cell[1]);
    return pow(10.0, 4.0 * pld_random_uniform(random, index));
}

static void set_reaction(const int64_t cell[PLD_MAXDIM], void *value,
                         void *data)
{
    double s = strength(cell);
    (void)data;
    for (int i = 0; i < MATRIX; i++)
        ((double *)value)[i] = s * (i % (SPECIES + 1) == 0 ? 1.0 : 0.3);
}

/* The inverse of a I + b ones, a = 4 + 0.7 s, b = 0.3 s: Sherman and Morrison.
 */
static void set_inverse(const int64_t cell[PLD_MAXDIM], void *value, void *data)
{
    double a = 4.0 + 0.7 * strength(cell);
    double b = 0.3 * strength(cell);
    double share = b / (a * (a + SPECIES * b));
    (void)data;
    for (int i = 0; i < MATRIX; i++)
        ((double *)value)[i] = (i % (SPECIES + 1) == 0 ? 1.0 / a : 0.0) - share;
}

static void set_solution(const int64_t cell[PLD_MAXDIM], void *value,
                         void *data)
{
    (void)data;
    for (int c = 0; c < SPECIES; c++)
        ((double *)value)[c] =
            sin(0.1 * (double)(cell[0] * (c + 1))) + 0.01 * (double)cell[1];
}

static pld_status create(pld_ctx *ctx, struct problem *p)
{
    PLD_TRY(pld_grid_create(ctx, &(pld_grid_spec){.ndims = 2, .size = {N, N}},
                            &p->grid));
    for (int i = 0; i < VECTORS; i++)
        PLD_TRY(pld_field_create(
            p->grid,
            &(pld_field_spec){.ncomps = SPECIES, .halo = {.all = i == P}},
            &p->v[i]));
    const pld_field_spec matrices = {.ncomps = MATRIX};
    PLD_TRY(pld_field_create(p->grid, &matrices, &p->reaction));
    PLD_TRY(pld_field_create(p->grid, &matrices, &p->inverse));
    PLD_TRY(pld_field_fill(p->reaction, set_reaction, NULL));
    PLD_TRY(pld_field_fill(p->inverse, set_inverse, NULL));
    return pld_halo_create(&(pld_halo_spec){.nfields = 1, .fields = &p->v[P]},
                           &p->halo);
}

static pld_status destroy(struct problem *p)
{
    PLD_TRY(pld_halo_destroy(&p->halo));
    for (int i = 0; i < VECTORS; i++)
        PLD_TRY(pld_field_destroy(&p->v[i]));
    PLD_TRY(pld_field_destroy(&p->reaction));
    PLD_TRY(pld_field_destroy(&p->inverse));
    return pld_grid_destroy(&p->grid);
}

/* --- The operator -----------------------------------------------------------
 */

static pld_status multiply(pld_field *matrices, pld_field *x, pld_field *y)
{
    return pld_batch_multiply(1.0, &(pld_batch){.field = matrices},
                              &(pld_batch){.field = x, .rows = SPECIES}, 0.0,
                              &(pld_batch){.field = y, .rows = SPECIES});
}

/* q += 4 p minus the four neighbours, which are 0 beyond the square. */
static void diffuse(pld_view p, pld_view q, pld_box own)
{
    int64_t row = p.stride[0];
    for (int c = 0; c < SPECIES; c++)
        for (int64_t j = own.first[0]; j < own.first[0] + own.count[0]; j++)
            for (int64_t i = own.first[1]; i < own.first[1] + own.count[1];
                 i++) {
                const double *at = p.f64 + c * p.comp_stride + j * row + i;
                q.f64[c * q.comp_stride + j * q.stride[0] + i] +=
                    4.0 * at[0] - at[-row] - at[-1] - at[1] - at[row];
            }
}

static pld_status apply(struct problem *p)
{
    PLD_TRY(pld_halo_exchange(p->halo));
    PLD_TRY(multiply(p->reaction, p->v[P], p->v[Q]));
    diffuse(pld_field_view(p->v[P]), pld_field_view(p->v[Q]),
            pld_field_owned(p->v[P]));
    return pld_field_touch(p->v[Q]);
}

/* --- Conjugate gradients ----------------------------------------------------
 */

/* Solve to a residual of 1e-12 of the right-hand side; returns the steps. */
static pld_status solve(struct problem *p, bool preconditioned, int *steps)
{
    pld_field **v = p->v;
    pld_field *z = preconditioned ? v[Z] : v[R];
    double rz, pq, rr, bb, before;
    PLD_TRY(pld_vector_scale(0.0, v[X]));
    PLD_TRY(pld_vector_copy(v[B], v[R]));
    PLD_TRY(pld_vector_dot(v[B], v[B], &bb));
    if (preconditioned)
        PLD_TRY(multiply(p->inverse, v[R], z));
    PLD_TRY(pld_vector_copy(z, v[P]));
    PLD_TRY(pld_vector_dot(v[R], z, &rz));
    rr = bb;
    for (*steps = 0; rr > 1e-24 * bb && *steps < MOST; ++*steps) {
        PLD_TRY(apply(p));
        PLD_TRY(pld_vector_dot(v[P], v[Q], &pq));
        PLD_TRY(pld_vector_cg_step(rz / pq, v[P], v[Q], v[X], v[R], &rr));
        before = rz;
        if (preconditioned)
            PLD_TRY(multiply(p->inverse, v[R], z));
        PLD_TRY(pld_vector_dot(v[R], z, &rz));
        PLD_TRY(pld_vector_axpby(1.0, z, rz / before, v[P]));
    }
    return PLD_OK;
}

/* How far it is from the solution. */
static pld_status error_of(struct problem *p, double *out)
{
    PLD_TRY(pld_field_fill(p->v[Q], set_solution, NULL));
    PLD_TRY(pld_vector_axpy(-1.0, p->v[X], p->v[Q]));
    return pld_vector_norm2(p->v[Q], out);
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    struct problem p;
    int steps[2];
    double error[2];
    uint64_t digest;
    (void)argc, (void)argv;
    PLD_TRY(create(ctx, &p));
    PLD_TRY(pld_field_fill(p.v[P], set_solution, NULL));
    PLD_TRY(apply(&p));
    PLD_TRY(pld_vector_copy(p.v[Q], p.v[B]));
    for (int i = 0; i < 2; i++) {
        PLD_TRY(solve(&p, i == 1, &steps[i]));
        PLD_TRY(error_of(&p, &error[i]));
    }
    PLD_TRY(pld_field_digest(p.v[X], &digest));
    if (pld_ctx_rank(ctx) == 0)
        printf("%d steps, with the cells' inverses %d; errors %.1e, %.1e; "
               "digest %016" PRIx64 "\n",
               steps[0], steps[1], error[0], error[1], digest);
    PLD_TRY(destroy(&p));
    PLD_CHECK(error[0] < 1e-6 && error[1] < 1e-6 && 5 * steps[1] < steps[0],
              PLD_ERR_STATE, "this is not the solution, or it took too long");
    return PLD_OK;
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
