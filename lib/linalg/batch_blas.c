#include "linalg/batch_kernel.h"
#include "linalg/kernel.h"

static struct pld_dense dense_of(const struct pld_batch_side *side, int rows,
                                 bool conjugate)
{
    bool turned = side->row == 1 && side->column >= rows;
    return (struct pld_dense){.data = side->at,
                              .ld = turned ? side->column : side->row,
                              .form = !turned     ? PLD_PLAIN
                                      : conjugate ? PLD_CONJUGATED
                                                  : PLD_TRANSPOSED};
}

void pld_batch_blas(pld_type type, const struct pld_batch_shape *shape,
                    const struct pld_batch_side *a,
                    const struct pld_batch_side *b,
                    const struct pld_batch_side *c)
{
    const struct pld_dense left = dense_of(a, shape->m, shape->conjugate_a);
    const struct pld_dense right = dense_of(b, shape->k, shape->conjugate_b);
    const struct pld_dense out = {.data = c->at, .ld = c->row};
    pld_kernel_multiply(type, shape->m, shape->n, shape->k, &left, &right, true,
                        &out);
}
