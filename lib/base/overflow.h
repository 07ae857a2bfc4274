#ifndef PLD_BASE_OVERFLOW_H
#define PLD_BASE_OVERFLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "polder/status.h"

/* Size arithmetic that notices when a result does not fit into int64_t. */

static inline bool pld_add_fits(int64_t a, int64_t b, int64_t *sum)
{
    return !__builtin_add_overflow(a, b, sum);
}

static inline bool pld_mul_fits(int64_t a, int64_t b, int64_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

/* Product of `n` factors that are not negative; PLD_ERR_OVERFLOW names `what`
 * and the factors. */
pld_status pld_size_product(const char *what, int n, const int64_t *factors,
                            int64_t *out);

#endif
