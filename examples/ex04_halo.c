/* A halo: reading neighbours' values.
 *
 * TEST: ranks=1,2,3,4,7
 *
 * Shows: ghosts, one exchange for two fields, and computing the interior while
 * the messages fly. The five-point Laplacian of sin(x) sin(y) on a periodic
 * square is that function times a known factor.
 *
 * Build: cc ex04_halo.c $(pkg-config --cflags --libs polder) -lm -o halo
 * Run:   mpirun -n 4 ./halo */
#include <polder.h>
#include <polder/main.h>
#include <math.h>
#include <stdio.h>

enum { N = 64 };
static const double turn = 6.283185307179586 / N;

static void wave(const int64_t index[PLD_MAXDIM], void *value, void *data)
{
    double factor = *(double *)data;
    *(double *)value =
        factor * sin(turn * (double)index[0]) * sin(turn * (double)index[1]);
}

static void laplacian(pld_field *from, pld_field *to, pld_box box)
{
    pld_view u = pld_field_view(from);
    pld_view w = pld_field_view(to);
    int64_t row = u.stride[0];
    for (int64_t j = box.first[0]; j < box.first[0] + box.count[0]; j++)
        for (int64_t i = box.first[1]; i < box.first[1] + box.count[1]; i++) {
            const double *p = u.f64 + j * row + i;
            w.f64[j * w.stride[0] + i] =
                p[-row] + p[-1] - 4.0 * p[0] + p[1] + p[row];
        }
}

/* Largest difference between the Laplacian and `factor` times the field. */
static pld_status error_of(pld_field *u, pld_field *w, double factor,
                           double *out)
{
    pld_view a = pld_field_view(u);
    pld_view b = pld_field_view(w);
    pld_box own = pld_field_owned(u);
    double most = 0.0;
    for (int64_t j = own.first[0]; j < own.first[0] + own.count[0]; j++)
        for (int64_t i = own.first[1]; i < own.first[1] + own.count[1]; i++)
            most = fmax(most, fabs(b.f64[j * b.stride[0] + i] -
                                   factor * a.f64[j * a.stride[0] + i]));
    return pld_reduce_f64(pld_grid_ctx(pld_field_grid(u)), PLD_MAX, most, out);
}

static pld_status exchange_and_compute(pld_halo *halo, pld_field *u[2],
                                       pld_field *w[2])
{
    PLD_TRY(pld_halo_begin(halo));
    for (int f = 0; f < 2; f++)
        laplacian(u[f], w[f], pld_field_interior(u[f], 1));
    PLD_TRY(pld_halo_end(halo));
    for (int f = 0; f < 2; f++) {
        pld_box rim[6];
        int nrim = pld_field_rim(u[f], 1, rim);
        for (int b = 0; b < nrim; b++)
            laplacian(u[f], w[f], rim[b]);
    }
    return PLD_OK;
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    pld_grid_spec cells = {
        .ndims = 2, .size = {N, N}, .periodic = {true, true}};
    pld_grid *grid = NULL;
    PLD_TRY(pld_grid_create(ctx, &cells, &grid));
    pld_field *u[2] = {NULL, NULL};
    pld_field *w[2] = {NULL, NULL};
    for (int f = 0; f < 2; f++) {
        double factor = f + 1.0;
        pld_field_spec with_halo = {.name = "u", .halo = {.all = 1}};
        PLD_TRY(pld_field_create(grid, &with_halo, &u[f]));
        PLD_TRY(pld_field_create(grid, &(pld_field_spec){.name = "w"}, &w[f]));
        PLD_TRY(pld_field_fill(u[f], wave, &factor));
    }
    pld_halo *halo = NULL;
    pld_halo_spec both = {.nfields = 2, .fields = u, .stencil = PLD_STAR};
    PLD_TRY(pld_halo_create(&both, &halo));
    PLD_TRY(exchange_and_compute(halo, u, w));

    for (int f = 0; f < 2; f++) {
        double error = 0.0;
        PLD_TRY(error_of(u[f], w[f], 4.0 * (cos(turn) - 1.0), &error));
        if (pld_ctx_rank(ctx) == 0)
            printf("field %d: error %.1e\n", f, error);
        PLD_CHECK(error < 1e-14, PLD_ERR_INTERNAL, "error %g", error);
    }
    PLD_TRY(pld_halo_destroy(&halo));
    for (int f = 0; f < 2; f++) {
        PLD_TRY(pld_field_destroy(&u[f]));
        PLD_TRY(pld_field_destroy(&w[f]));
    }
    return pld_grid_destroy(&grid);
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
