#include "linalg/rowop.h"

#include <complex.h>
#include <string.h>

#include "base/alloc.h"
#include "linalg/rows.h"

/* Rows are taken in strips that fit into a core's first cache. */
enum { STRIP_BYTES = 16384, LEAST_STRIP = 8 };

static int64_t real_size(const struct pld_rowop *op)
{
    return (int64_t)pld_type_size(pld_real_of(op->type));
}

static int64_t strip_rows(const struct pld_rowop *op)
{
    int64_t rows = STRIP_BYTES / (op->k * real_size(op)) / LEAST_STRIP;
    return rows > 1 ? rows * LEAST_STRIP : LEAST_STRIP;
}

/* --- Small matrices as real numbers --------------------------------------- */

static double complex element(pld_type type, const void *x, int64_t i)
{
    if (type == PLD_C128)
        return ((const double complex *)x)[i];
    return type == PLD_F64 ? ((const double *)x)[i] : ((const float *)x)[i];
}

static void put_real(pld_type type, double value, void *x, int64_t i)
{
    if (type == PLD_F32)
        ((float *)x)[i] = (float)value;
    else
        ((double *)x)[i] = value;
}

/* Number (i, j) of a matrix of n columns, or the block that does to pairs of
 * parts what it does to numbers. */
static void put(pld_type type, double complex value, int64_t n, int64_t i,
                int64_t j, void *x)
{
    if (type != PLD_C128) {
        put_real(type, creal(value), x, i * n + j);
        return;
    }
    double *at = (double *)x + 2 * i * 2 * n + 2 * j;
    at[0] = creal(value);
    at[1] = cimag(value);
    at[2 * n] = -cimag(value);
    at[2 * n + 1] = creal(value);
}

static void put_all(pld_type type, int64_t k, int64_t m, const void *x,
                    bool upper, void *out)
{
    for (int64_t i = 0; i < k; i++)
        for (int64_t j = 0; j < m; j++)
            put(type, upper && j < i ? 0 : element(type, x, i * m + j), m, i, j,
                out);
}

static int64_t parts_of(pld_type type)
{
    return type == PLD_C128 ? 2 : 1;
}

pld_status pld_rowop_multiply(pld_type type, int64_t k, int64_t m,
                              const void *x, bool upper, struct pld_rowop *out)
{
    int64_t parts = parts_of(type);
    size_t size = pld_type_size(pld_real_of(type));
    *out = (struct pld_rowop){
        .type = type, .k = k * parts, .m = m * parts, .upper = upper};
    PLD_TRY(pld_alloc("small matrix", out->k * out->m, size, &out->x));
    PLD_TRY(pld_alloc("strip of rows",
                      strip_rows(out) * (out->k + 2 * pld_rows_width(type)),
                      size, &out->scratch));
    put_all(type, k, m, x, upper, out->x);
    return PLD_OK;
}

/* The inverse of an upper triangle of n numbers at r, from rows of k. */
static void invert_block(pld_type type, int64_t n, const void *r, int64_t k,
                         int64_t first, int64_t width, void *out)
{
    double complex inverse[32][32];
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = j; i >= 0; i--) {
            double complex sum = i == j ? 1 : 0;
            for (int64_t l = i + 1; l <= j; l++)
                sum -= element(type, r, (first + i) * k + first + l) *
                       inverse[l][j];
            inverse[i][j] = sum / element(type, r, (first + i) * (k + 1));
        }
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = i; j < n; j++)
            put(type, inverse[i][j], width, i, j, out);
}

pld_status pld_rowop_divide(pld_type type, int64_t k, const void *r,
                            struct pld_rowop *out)
{
    int64_t reals = pld_rows_width(pld_real_of(type));
    int64_t width = reals / parts_of(type);
    int64_t size = (int64_t)pld_type_size(pld_real_of(type));
    PLD_TRY(pld_rowop_multiply(type, k, k, r, true, out));
    out->divides = true;
    PLD_TRY(pld_alloc("inverses of blocks", (out->k + reals) * reals,
                      (size_t)size, &out->inverses));
    for (int64_t i = 0; i < k; i += width)
        invert_block(type, k - i < width ? k - i : width, r, k, i, width,
                     (char *)out->inverses + i * parts_of(type) * reals * size);
    /* What is subtracted is added. */
    for (int64_t i = 0; i < out->k * out->k; i++)
        put_real(type, -creal(element(pld_real_of(type), out->x, i)), out->x,
                 i);
    return PLD_OK;
}

void pld_rowop_destroy(struct pld_rowop *op)
{
    pld_free(op->scratch);
    pld_free(op->inverses);
    pld_free(op->x);
    *op = (struct pld_rowop){.x = NULL};
}

/* --- Running -------------------------------------------------------------- */

/* Rows that lie one after the other. */
struct strip {
    struct pld_ahead *ahead;
    int64_t n;
    const char *from; /* rows of op->k */
    char *to;
    int64_t ld; /* of `to`, in reals */
};

static void multiply(const struct pld_rowop *op, const struct strip *strip)
{
    int64_t size = real_size(op);
    int64_t some = 3 * pld_rows_width(pld_real_of(op->type));
    for (int64_t j = 0; j < op->m; j += some) {
        int64_t end = j + some < op->m ? j + some : op->m;
        const struct pld_rows rows = {.ahead = strip->ahead,
                                      .m = strip->n,
                                      .n = end - j,
                                      .depth = op->upper && end < op->k ? end
                                                                        : op->k,
                                      .a = strip->from,
                                      .a_row = op->k,
                                      .a_step = 1,
                                      .b = (char *)op->x + j * size,
                                      .b_row = op->m,
                                      .c = strip->to + j * size,
                                      .c_row = strip->ld,
                                      .fresh = true};
        pld_rows_multiply(pld_real_of(op->type), &rows);
    }
}

/* From columns j and on, n of them, subtract what columns first to j - 1 of the
 * result, in `to`, have in them. */
static void subtract(const struct pld_rowop *op, const struct strip *strip,
                     int64_t first, int64_t depth, int64_t j, int64_t n)
{
    int64_t size = real_size(op);
    const struct pld_rows rows = {
        .m = strip->n,
        .n = n,
        .depth = depth,
        .a = strip->to + first * size,
        .a_row = strip->ld,
        .a_step = 1,
        .b = (char *)op->x + (first * op->m + j) * size,
        .b_row = op->m,
        .c = (char *)strip->from + j * size, /* in the scratch */
        .c_row = op->k,
        .ahead = strip->ahead};
    if (depth > 0)
        pld_rows_multiply(pld_real_of(op->type), &rows);
}

/* Columns j and on of the result: what is left of them times the inverse of
 * the block. */
static void invert(const struct pld_rowop *op, const struct strip *strip,
                   int64_t j, int64_t n, bool fresh)
{
    int64_t size = real_size(op);
    int64_t width = pld_rows_width(pld_real_of(op->type));
    const struct pld_rows rows = {.m = strip->n,
                                  .n = n,
                                  .depth = n,
                                  .a = strip->from + j * size,
                                  .a_row = op->k,
                                  .a_step = 1,
                                  .b = (char *)op->inverses + j * width * size,
                                  .b_row = width,
                                  .c = strip->to + j * size,
                                  .c_row = strip->ld,
                                  .fresh = fresh};
    pld_rows_multiply(pld_real_of(op->type), &rows);
}

/* Three blocks along the diagonal at a time: the columns before them are
 * subtracted together. In each, what the inverse leaves is taken up by a second
 * step, so that its condition does no harm. */
static void divide(const struct pld_rowop *op, const struct strip *strip)
{
    int64_t width = pld_rows_width(pld_real_of(op->type));
    for (int64_t first = 0; first < op->k; first += 3 * width) {
        int64_t end = first + 3 * width < op->k ? first + 3 * width : op->k;
        subtract(op, strip, 0, first, first, end - first);
        for (int64_t j = first; j < end; j += width) {
            int64_t n = end - j < width ? end - j : width;
            subtract(op, strip, first, j - first, j, n);
            invert(op, strip, j, n, true);
            subtract(op, strip, j, n, j, n);
            invert(op, strip, j, n, false);
        }
    }
}

void pld_rowop_run(const struct pld_rowop *op, const struct pld_tile *from,
                   const struct pld_tile *to)
{
    int64_t size = real_size(op);
    int64_t parts = parts_of(op->type);
    int64_t some = strip_rows(op);
    for (int64_t i = 0; i < from->nrows; i += some) {
        struct pld_ahead ahead = {
            .at = from->data + (i + some) * from->ld * parts * size,
            .nlines = some * from->ld * parts * size / 64};
        struct strip strip = {.ahead = &ahead,
                              .n = from->nrows - i < some ? from->nrows - i
                                                          : some,
                              .from = op->scratch,
                              .to = to->data + i * to->ld * parts * size,
                              .ld = to->ld * parts};
        for (int64_t r = 0; r < strip.n; r++)
            memcpy(op->scratch + r * op->k * size,
                   from->data + (i + r) * from->ld * parts * size,
                   (size_t)(op->k * size));
        if (op->divides)
            divide(op, &strip);
        else
            multiply(op, &strip);
    }
}
