#ifndef PLD_TESTS_FORMULA_H
#define PLD_TESTS_FORMULA_H

#include "polder/field.h"

/* Fields whose values are a function of the global index, for tests that move
 * them about. */

struct formula {
    pld_grid *grid;
    pld_field *field;
};

/* A field on a grid of its own, all zero. */
struct formula formula_create(pld_ctx *team, const pld_grid_spec *cells,
                              const pld_field_spec *spec);
void formula_destroy(struct formula *formula);

/* Set the own points; `shift` tells one time from another. */
void formula_fill(pld_field *field, int shift);

/* Whether the own points have these values. *Local*. */
bool formula_holds(pld_field *field, int shift);

/* The value that a point has, where its type holds it. */
double formula_value(int shift, int64_t k, int64_t j, int64_t i, int comp);

/* An element of this value. */
void formula_put(double value, pld_type type, char *out);

/* A context over the first `n` ranks; NULL on the others. */
pld_ctx *team_create(int n);
void team_destroy(pld_ctx **team);

#endif
