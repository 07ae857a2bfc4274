#include "linalg/kernel.h"

#include <cblas.h>

#include "linalg/work.h"

/* The least size whose square times the depth of a panel is above 10^6. Panels
 * of long sums have a depth of at least PLD_PANEL_LEAST. */
static int64_t least_size(int64_t k)
{
    return k >= PLD_PANEL_LEAST ? 64 : k >= 128 ? 96 : 128;
}

int64_t pld_kernel_padded(pld_type type, int64_t n, int64_t k)
{
    int64_t unit = type == PLD_C128 ? 24 : 8;
    int64_t least = least_size(k);
    least = n > least ? n : least;
    return (least + unit - 1) / unit * unit;
}

int64_t pld_kernel_deep(int64_t depth)
{
    return depth > PLD_KERNEL_DEPTH ? depth : PLD_KERNEL_DEPTH;
}

int64_t pld_kernel_stride(pld_type type, int64_t n)
{
    int64_t size = (int64_t)pld_type_size(type);
    return n * size % 1024 == 0 ? n + 64 / size : n;
}

struct pld_dense pld_dense_at(pld_type type, struct pld_dense matrix,
                              int64_t row, int64_t column)
{
    int64_t size = (int64_t)pld_type_size(type);
    bool turned = matrix.form != PLD_PLAIN;
    matrix.data =
        (char *)matrix.data +
        (turned ? column * matrix.ld + row : row * matrix.ld + column) * size;
    return matrix;
}

static CBLAS_TRANSPOSE form_of(const struct pld_dense *matrix)
{
    return matrix->form == PLD_PLAIN        ? CblasNoTrans
           : matrix->form == PLD_TRANSPOSED ? CblasTrans
                                            : CblasConjTrans;
}

void pld_kernel_multiply(pld_type type, int64_t m, int64_t n, int64_t k,
                         const struct pld_dense *a, const struct pld_dense *b,
                         bool fresh, const struct pld_dense *c)
{
    const double one[2] = {1, 0};
    const double add[2] = {fresh ? 0 : 1, 0};
    if (type == PLD_F64)
        cblas_dgemm(CblasRowMajor, form_of(a), form_of(b), (int)m, (int)n,
                    (int)k, 1, a->data, (int)a->ld, b->data, (int)b->ld, add[0],
                    c->data, (int)c->ld);
    else if (type == PLD_F32)
        cblas_sgemm(CblasRowMajor, form_of(a), form_of(b), (int)m, (int)n,
                    (int)k, 1, a->data, (int)a->ld, b->data, (int)b->ld,
                    (float)add[0], c->data, (int)c->ld);
    else
        cblas_zgemm(CblasRowMajor, form_of(a), form_of(b), (int)m, (int)n,
                    (int)k, one, a->data, (int)a->ld, b->data, (int)b->ld, add,
                    c->data, (int)c->ld);
}

/* The diagonal is covered by blocks of this many rows at least, which all
 * kernels like, and on which a panel is deep enough. */
enum { SQUARE = 96 };

static int64_t down_to_square(int64_t n)
{
    return n > 0 ? n / SQUARE * SQUARE : 0;
}

/* The columns that every row has: all of them, or so many that the rest is not
 * too narrow. */
static int64_t full_columns(int64_t n, int64_t right)
{
    int64_t full = down_to_square(right + 1);
    if (full >= n)
        return n;
    return n - full < SQUARE ? full - SQUARE : full;
}

void pld_kernel_multiply_lower(pld_type type, int64_t m, int64_t n, int64_t k,
                               int64_t right, const struct pld_dense *a,
                               const struct pld_dense *b, bool fresh,
                               const struct pld_dense *c)
{
    int64_t most = down_to_square(m + right + SQUARE - 1);
    n = n < most ? n : most;
    if (n <= 0)
        return;
    int64_t full = k < PLD_PANEL_LEAST ? n : full_columns(n, right);
    if (full <= 0 && m < 2 * SQUARE)
        full = n;
    if (full > 0)
        pld_kernel_multiply(type, m, full, k, a, b, fresh, c);
    if (full >= n)
        return;
    int64_t half = full > 0 ? m : down_to_square(m / 2);
    full = full > 0 ? full : 0;
    struct pld_dense columns = pld_dense_at(type, *b, 0, full);
    struct pld_dense out = pld_dense_at(type, *c, 0, full);
    pld_kernel_multiply_lower(type, half, n - full, k, right - full, a,
                              &columns, fresh, &out);
    if (half == m)
        return;
    struct pld_dense rows = pld_dense_at(type, *a, half, 0);
    out = pld_dense_at(type, *c, half, 0);
    pld_kernel_multiply_lower(type, m - half, n, k, right + half, &rows, b,
                              fresh, &out);
}
