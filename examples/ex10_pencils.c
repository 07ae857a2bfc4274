/* Pencils: a Poisson equation solved by Fourier transforms.
 *
 * TEST: ranks=1,2,3,4,6,7
 *
 * Shows: a transform along a dimension wants each line of it whole on one rank,
 * and its points side by side in memory. Grids of pencils are whole along a
 * dimension; a redistribution takes the values from one to the next, and turns
 * the dimensions in memory on the way. Here Poisson's equation in a periodic
 * box is solved by transforms along x, y and z, a division, and the way back.
 * Lines are transformed by one rank each, so the digest is the same on any
 * number of ranks.
 *
 * Build: cc ex10_pencils.c $(pkg-config --cflags --libs polder) -lm -o pencils
 * Run:   mpirun -n 4 ./pencils */
#include <polder.h>
#include <polder/main.h>
#include <complex.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NDIMS = 3, LONGEST = 30 };
static const int64_t size[NDIMS] = {20, 24, 30};
static const double turn = 6.283185307179586;

/* In each field another dimension is whole, and dense in memory. */
static const int orders[NDIMS][NDIMS] = {{1, 2, 0}, {0, 2, 1}, {0, 1, 2}};

/* The solution, and minus the sum of its second derivatives. */
static double solution(const int64_t i[NDIMS], double *f)
{
    double z = turn * (double)i[0] / (double)size[0];
    double y = turn * (double)i[1] / (double)size[1];
    double x = turn * (double)i[2] / (double)size[2];
    double wave = sin(z) * cos(2.0 * y) * sin(x);
    double ripple = cos(3.0 * x + y);
    *f = turn * turn * (6.0 * wave + 10.0 * ripple);
    return wave + ripple;
}

static void right_hand_side(const int64_t index[NDIMS], void *value, void *data)
{
    double complex *f = value;
    double minus_laplacian;
    (void)data;
    solution(index, &minus_laplacian);
    *f = minus_laplacian;
}

/* Transform a line, the plain way; sign -1 there, 1 and back. */
static void transform_line(double complex *line, int n, double sign,
                           const double complex *root)
{
    double complex out[LONGEST];
    for (int k = 0; k < n; k++) {
        out[k] = 0.0;
        for (int j = 0; j < n; j++) {
            double complex factor = root[j * k % n];
            out[k] += line[j] * (sign < 0.0 ? conj(factor) : factor);
        }
        if (sign > 0.0)
            out[k] /= n;
    }
    memcpy(line, out, (size_t)n * sizeof *line);
}

/* Call `visit` for every point of a field, or the first of every line. */
typedef void visitor(const int64_t index[NDIMS], double complex *point,
                     void *data);
static void for_all(pld_field *field, pld_box box, visitor *visit, void *data)
{
    pld_view v = pld_field_view(field);
    int64_t i[NDIMS];
    for (i[0] = box.first[0]; i[0] < box.first[0] + box.count[0]; i[0]++)
        for (i[1] = box.first[1]; i[1] < box.first[1] + box.count[1]; i[1]++)
            for (i[2] = box.first[2]; i[2] < box.first[2] + box.count[2];
                 i[2]++)
                visit(i,
                      (double complex *)v.data + i[0] * v.stride[0] +
                          i[1] * v.stride[1] + i[2] * v.stride[2],
                      data);
}

struct lines {
    int n;
    double sign;
    double complex root[LONGEST];
};

static void visit_line(const int64_t index[NDIMS], double complex *point,
                       void *data)
{
    const struct lines *lines = data;
    (void)index;
    transform_line(point, lines->n, lines->sign, lines->root);
}

static void transform(pld_field *field, int dim, double sign)
{
    struct lines lines = {.n = (int)size[dim], .sign = sign};
    for (int k = 0; k < lines.n; k++)
        lines.root[k] = cexp(I * turn * k / lines.n);
    pld_box starts = pld_field_owned(field);
    if (starts.count[dim] > 0)
        starts.count[dim] = 1;
    for_all(field, starts, visit_line, &lines);
}

/* Divide by what the derivatives do to a wave; the mean is chosen to be 0. */
static void divide(const int64_t index[NDIMS], double complex *point,
                   void *data)
{
    double waves = 0.0;
    (void)data;
    for (int d = 0; d < NDIMS; d++) {
        double k = (double)index[d];
        k = 2.0 * k > (double)size[d] ? k - (double)size[d] : k;
        waves += turn * turn * k * k;
    }
    *point = waves > 0.0 ? *point / waves : 0.0;
}

static void compare(const int64_t index[NDIMS], double complex *point,
                    void *data)
{
    double *worst = data;
    double f;
    *worst = fmax(*worst, cabs(*point - solution(index, &f)));
}

static pld_status solve(pld_field *fields[NDIMS])
{
    transform(fields[2], 2, -1.0);
    for (int dim = 1; dim >= 0; dim--) {
        PLD_TRY(pld_redistribute(fields[dim + 1], fields[dim]));
        transform(fields[dim], dim, -1.0);
    }
    for_all(fields[0], pld_field_owned(fields[0]), divide, NULL);
    for (int dim = 0; dim < 2; dim++) {
        transform(fields[dim], dim, 1.0);
        PLD_TRY(pld_redistribute(fields[dim], fields[dim + 1]));
    }
    transform(fields[2], 2, 1.0);
    return PLD_OK;
}

static pld_status report(pld_ctx *ctx, pld_field *field)
{
    double worst = 0.0;
    uint64_t digest = 0;
    for_all(field, pld_field_owned(field), compare, &worst);
    PLD_TRY(pld_reduce(ctx, PLD_MAX, PLD_F64, &worst, 1, &worst));
    PLD_TRY(pld_field_digest(field, &digest));
    if (pld_ctx_rank(ctx) == 0)
        printf("largest error %.1e, digest %016" PRIx64 "\n", worst, digest);
    PLD_CHECK(worst < 1e-12, PLD_ERR_INTERNAL, "largest error %g", worst);
    return PLD_OK;
}

static pld_status run(pld_ctx *ctx, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    pld_grid *blocks = NULL;
    pld_grid *pencils[NDIMS] = {NULL};
    pld_field *fields[NDIMS] = {NULL};
    pld_grid_spec cells = {.ndims = NDIMS, .periodic = {true, true, true}};
    memcpy(cells.size, size, sizeof size);
    PLD_TRY(pld_grid_create(ctx, &cells, &blocks));
    for (int dim = NDIMS - 1; dim >= 0; dim--) {
        pld_field_spec spec = {.type = PLD_C128};
        memcpy(spec.order, orders[dim], sizeof spec.order);
        const pld_grid *before = dim == 2 ? blocks : pencils[dim + 1];
        PLD_TRY(pld_grid_create_pencil(before, dim, &pencils[dim]));
        PLD_TRY(pld_field_create(pencils[dim], &spec, &fields[dim]));
    }
    PLD_TRY(pld_field_fill(fields[2], right_hand_side, NULL));
    PLD_TRY(solve(fields));
    PLD_TRY(report(ctx, fields[2]));
    for (int dim = 0; dim < NDIMS; dim++) {
        PLD_TRY(pld_field_destroy(&fields[dim]));
        PLD_TRY(pld_grid_destroy(&pencils[dim]));
    }
    return pld_grid_destroy(&blocks);
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, run);
}
