#ifndef PLD_TESTS_DENSE_H
#define PLD_TESTS_DENSE_H

#include "support/formula.h"
#include "support/harness.h"

#include "polder/field.h"
#include "polder/matrix.h"

#include <complex.h>
#include <stdlib.h>
#include <string.h>

/* Dense matrices as tests need them: of any type, given by a function of the
 * row and column, and got back whole on every rank, in long doubles. */

typedef long double complex dense_number;

typedef dense_number dense_value(const void *data, int64_t i, int64_t j);

/* On a grid of its own; `nprocs` along rows if that divides the ranks. */
pld_matrix dense_create(pld_ctx *team, pld_type type, int64_t rows,
                        int64_t columns, int nprocs);
void dense_destroy(pld_matrix *matrix);

void dense_fill(pld_matrix matrix, dense_value *value, const void *data);

/* All of the field, row by row, on every rank; to be freed. Collective. */
dense_number *dense_gather(pld_matrix matrix);

/* Both parts in -0.5 ... 0.5, exact in f32. */
dense_number dense_random(int which, int64_t i, int64_t j);

/* What the type rounds a number to. */
dense_number dense_rounded(pld_type type, dense_number x);

/* Distance of 1 to the next number. */
long double dense_eps(pld_type type);

/* a x = b, and |b - a x| / (n |a| |x| eps) of an x that was found. */
struct dense_system {
    pld_type type;
    int64_t n;
    int64_t nsides;
    dense_value *a;
    dense_value *b;
    const void *data;
};
double dense_solve_ratio(const struct dense_system *system, pld_matrix x);

#endif
