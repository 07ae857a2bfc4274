#ifndef PLD_LINALG_SMALL_H
#define PLD_LINALG_SMALL_H

#include <stdint.h>

#include "polder/status.h"
#include "polder/types.h"

/* Small square matrices of f64, f32 or c128, row by row. */

void pld_small_identity(pld_type type, int64_t k, void *out);

/* b = a b. */
pld_status pld_small_multiply(pld_type type, int64_t k, const void *a, void *b);

/* Real part of element i. */
double pld_small_real(pld_type type, const void *array, int64_t i);

/* Multiply element i by a power of two. */
void pld_small_scale(pld_type type, void *array, int64_t i, int exponent);

/* PLD_ERR_ARG names an array that is NULL. */
pld_status pld_small_check(const void *array, const char *name);

#endif
