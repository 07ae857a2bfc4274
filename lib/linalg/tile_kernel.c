#include "linalg/tile_kernel.h"

#include <stdbool.h>
#include <string.h>

/* Fortran takes the address of everything and, after all else, the lengths of
 * texts. */
typedef void gemm(const char *opa, const char *opb, const int *m, const int *n,
                  const int *k, const void *alpha, const void *a,
                  const int *lda, const void *b, const int *ldb,
                  const void *beta, void *c, const int *ldc, size_t, size_t);
typedef void gemv(const char *op, const int *m, const int *n, const void *alpha,
                  const void *a, const int *lda, const void *x, const int *incx,
                  const void *beta, void *y, const int *incy, size_t);
typedef void herk(const char *uplo, const char *op, const int *n, const int *k,
                  const void *alpha, const void *a, const int *lda,
                  const void *beta, void *c, const int *ldc, size_t, size_t);
typedef void trsm(const char *side, const char *uplo, const char *op,
                  const char *diag, const int *m, const int *n,
                  const void *alpha, const void *a, const int *lda, void *b,
                  const int *ldb, size_t, size_t, size_t, size_t);

gemm sgemm_, dgemm_, zgemm_;
gemv sgemv_, dgemv_, zgemv_;
herk ssyrk_, dsyrk_, zherk_;
trsm strsm_, dtrsm_, ztrsm_;

enum { F32, F64, C128, NTYPES };

static int index_of(pld_type type)
{
    return type == PLD_F32 ? F32 : type == PLD_F64 ? F64 : C128;
}

/* 1 and -1 of each type. */
static const float one_f32 = 1;
static const float minus_f32 = -1;
static const double one_c128[2] = {1, 0};
static const double minus_c128[2] = {-1, 0};
static const void *const ones[NTYPES] = {&one_f32, one_c128, one_c128};
static const void *const minus[NTYPES] = {&minus_f32, minus_c128, minus_c128};

struct pld_tile pld_tile_from(pld_type type, struct pld_tile tile, int64_t row,
                              int64_t column)
{
    int64_t size = (int64_t)pld_type_size(type);
    tile.data = (char *)tile.data + (row + column * tile.ld) * size;
    return tile;
}

/* --- Products ------------------------------------------------------------- */

/* One column: the BLAS does not copy the matrix first. */
static void subtract_column(int which, const struct pld_tile_sizes *sizes,
                            char opa, struct pld_tile a, struct pld_tile b,
                            struct pld_tile c)
{
    static gemv *const functions[NTYPES] = {sgemv_, dgemv_, zgemv_};
    bool plain = opa == 'N';
    int rows = (int)(plain ? sizes->m : sizes->k);
    int columns = (int)(plain ? sizes->k : sizes->m);
    functions[which](&opa, &rows, &columns, minus[which], a.data,
                     &(int){(int)a.ld}, b.data, &(int){1}, ones[which], c.data,
                     &(int){1}, 1);
}

void pld_tile_subtract(pld_type type, const struct pld_tile_sizes *sizes,
                       char opa, struct pld_tile a, char opb, struct pld_tile b,
                       struct pld_tile c)
{
    static gemm *const functions[NTYPES] = {sgemm_, dgemm_, zgemm_};
    int which = index_of(type);
    if (sizes->m == 0 || sizes->n == 0 || sizes->k == 0)
        return;
    if (sizes->n == 1 && opb == 'N') {
        subtract_column(which, sizes, opa, a, b, c);
        return;
    }
    functions[which](&opa, &opb, &(int){(int)sizes->m}, &(int){(int)sizes->n},
                     &(int){(int)sizes->k}, minus[which], a.data,
                     &(int){(int)a.ld}, b.data, &(int){(int)b.ld}, ones[which],
                     c.data, &(int){(int)c.ld}, 1, 1);
}

void pld_tile_subtract_square(pld_type type, int64_t n, int64_t k,
                              struct pld_tile a, struct pld_tile c)
{
    static herk *const functions[NTYPES] = {ssyrk_, dsyrk_, zherk_};
    int which = index_of(type);
    functions[which]("L", "N", &(int){(int)n}, &(int){(int)k}, minus[which],
                     a.data, &(int){(int)a.ld}, ones[which], c.data,
                     &(int){(int)c.ld}, 1, 1);
}

/* --- Triangles ------------------------------------------------------------ */

/* A BLAS solves small triangles at half the speed of products or less, so those
 * are halved and the rest is products. */
enum { LEAST = 64 };

static void solve(int which, char side, const struct pld_tile_triangle *t,
                  int64_t m, int64_t n, struct pld_tile b)
{
    static trsm *const functions[NTYPES] = {strsm_, dtrsm_, ztrsm_};
    functions[which](&side, &t->uplo, &t->op, &t->diag, &(int){(int)m},
                     &(int){(int)n}, ones[which], t->tile.data,
                     &(int){(int)t->tile.ld}, b.data, &(int){(int)b.ld}, 1, 1,
                     1, 1);
}

/* Rows and columns of the first part of n. */
static int64_t half_of(int64_t n)
{
    return (n / 2 + LEAST - 1) / LEAST * LEAST;
}

/* The two triangles on the diagonal, and what is between them. */
struct halves {
    int64_t first;
    int64_t second;
    struct pld_tile_triangle upper;
    struct pld_tile_triangle lower;
    struct pld_tile between;
    bool is_lower; /* op(t) is */
};

static struct halves halve(pld_type type, const struct pld_tile_triangle *t,
                           int64_t n)
{
    struct halves halves = {.upper = *t, .lower = *t};
    int64_t h = half_of(n);
    bool stored_lower = t->uplo == 'L';
    halves.first = h;
    halves.second = n - h;
    halves.lower.tile = pld_tile_from(type, t->tile, h, h);
    halves.between = pld_tile_from(type, t->tile, stored_lower ? h : 0,
                                   stored_lower ? 0 : h);
    halves.is_lower = stored_lower == (t->op == 'N');
    return halves;
}

void pld_tile_solve_left(pld_type type, const struct pld_tile_triangle *t,
                         int64_t m, int64_t n, struct pld_tile b)
{
    if (m == 0 || n == 0)
        return;
    if (m <= LEAST) {
        solve(index_of(type), 'L', t, m, n, b);
        return;
    }
    struct halves h = halve(type, t, m);
    struct pld_tile low = pld_tile_from(type, b, h.first, 0);
    if (h.is_lower) {
        pld_tile_solve_left(type, &h.upper, h.first, n, b);
        pld_tile_subtract(type, &(struct pld_tile_sizes){h.second, n, h.first},
                          t->op, h.between, 'N', b, low);
        pld_tile_solve_left(type, &h.lower, h.second, n, low);
        return;
    }
    pld_tile_solve_left(type, &h.lower, h.second, n, low);
    pld_tile_subtract(type, &(struct pld_tile_sizes){h.first, n, h.second},
                      t->op, h.between, 'N', low, b);
    pld_tile_solve_left(type, &h.upper, h.first, n, b);
}

void pld_tile_solve_right(pld_type type, const struct pld_tile_triangle *t,
                          int64_t m, int64_t n, struct pld_tile b)
{
    if (m == 0 || n == 0)
        return;
    if (n <= LEAST) {
        solve(index_of(type), 'R', t, m, n, b);
        return;
    }
    struct halves h = halve(type, t, n);
    struct pld_tile right = pld_tile_from(type, b, 0, h.first);
    if (h.is_lower) {
        pld_tile_solve_right(type, &h.lower, m, h.second, right);
        pld_tile_subtract(type, &(struct pld_tile_sizes){m, h.first, h.second},
                          'N', right, t->op, h.between, b);
        pld_tile_solve_right(type, &h.upper, m, h.first, b);
        return;
    }
    pld_tile_solve_right(type, &h.upper, m, h.first, b);
    pld_tile_subtract(type, &(struct pld_tile_sizes){m, h.second, h.first}, 'N',
                      b, t->op, h.between, right);
    pld_tile_solve_right(type, &h.lower, m, h.second, right);
}

/* --- Elements ------------------------------------------------------------- */

void pld_tile_clear_upper(pld_type type, int64_t n, struct pld_tile a)
{
    for (int64_t j = 1; j < n; j++)
        memset(pld_tile_from(type, a, 0, j).data, 0,
               (size_t)j * pld_type_size(type));
}

void pld_tile_conjugate(int64_t m, int64_t n, struct pld_tile a)
{
    for (int64_t j = 0; j < n; j++) {
        double *column = pld_tile_from(PLD_C128, a, 0, j).data;
        for (int64_t i = 0; i < m; i++)
            column[2 * i + 1] = -column[2 * i + 1];
    }
}

void pld_tile_scale(pld_type type, double factor, int64_t m, int64_t n,
                    struct pld_tile a)
{
    for (int64_t j = 0; j < n; j++) {
        void *column = pld_tile_from(type, a, 0, j).data;
        int64_t count = type == PLD_C128 ? 2 * m : m;
        for (int64_t i = 0; i < count; i++)
            if (type == PLD_F32)
                ((float *)column)[i] *= (float)factor;
            else
                ((double *)column)[i] *= factor;
    }
}
