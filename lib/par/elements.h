#ifndef PLD_PAR_ELEMENTS_H
#define PLD_PAR_ELEMENTS_H

#include <stdbool.h>

#include "polder/reduction.h"

/* Elements of an operand: walking over them, and what they are as numbers. */

/* Up to PLD_PIECE neighbours along the last dimension. Strides are in
 * elements; `y` is NULL when there is no second operand. */
enum { PLD_PIECE = 512 };
struct pld_piece {
    int64_t first[PLD_MAXDIM]; /* global index of the first one */
    int n;
    const char *x;
    const char *y;
    int64_t xstride;
    int64_t ystride;
};

/* Call `visit` for all pieces of a box, in the order of indices. */
typedef void pld_visit_piece(const struct pld_piece *piece, void *data);
void pld_operand_walk(pld_type type, pld_box box, const pld_operand *x,
                      const pld_operand *y, pld_visit_piece *visit, void *data);

/* An operand whose strides are all 0 gets those of a dense box. */
pld_operand pld_operand_strides(pld_operand operand, pld_box box);

/* Elements as doubles; real types only. */
void pld_load_doubles(pld_type type, int n, const char *from, int64_t stride,
                      double *out);

/* Elements as integers in the same order: -0 below +0, NaN below all. */
void pld_load_keys(pld_type type, int n, const char *from, int64_t stride,
                   int64_t *out);
#define PLD_KEY_NAN INT64_MIN

/* The key of a double, and the double of a key. */
int64_t pld_key_of(double x);
double pld_key_double(int64_t key);

/* Store the element that has a key. */
void pld_store_key(pld_type type, int64_t key, void *out);

static inline bool pld_type_is_integer(pld_type type)
{
    return type == PLD_I64 || type == PLD_I32;
}

/* Real numbers that an element of a floating-point type is made of. */
static inline int pld_type_parts(pld_type type)
{
    return type == PLD_C128 ? 2 : 1;
}

#endif
