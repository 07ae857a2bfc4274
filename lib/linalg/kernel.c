#include "linalg/kernel.h"

#include <cblas.h>

int64_t pld_kernel_padded(pld_type type, int64_t n)
{
    int64_t unit = type == PLD_C128 ? 24 : 8;
    int64_t least = n > PLD_KERNEL_LEAST ? n : PLD_KERNEL_LEAST;
    return (least + unit - 1) / unit * unit;
}

int64_t pld_kernel_deep(int64_t k)
{
    return k > PLD_KERNEL_DEPTH ? k : PLD_KERNEL_DEPTH;
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
