#include "base/overflow.h"

#include <inttypes.h>
#include <stdio.h>

static bool any_zero(int n, const int64_t *factors)
{
    for (int i = 0; i < n; i++)
        if (factors[i] == 0)
            return true;
    return false;
}

/* "3 x 5 x 7", cut short if it must be. */
static void write_product(int n, const int64_t *factors, char *text,
                          size_t size)
{
    size_t used = 0;
    for (int i = 0; i < n && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%" PRId64,
                                 i == 0 ? "" : " x ", factors[i]);
}

pld_status pld_size_product(const char *what, int n, const int64_t *factors,
                            int64_t *out)
{
    if (any_zero(n, factors)) {
        *out = 0;
        return PLD_OK;
    }
    int64_t product = 1;
    for (int i = 0; i < n; i++) {
        if (pld_mul_fits(product, factors[i], &product))
            continue;
        char text[200];
        write_product(n, factors, text, sizeof text);
        PLD_RAISE(PLD_ERR_OVERFLOW, "%s: %s does not fit into 63 bits", what,
                  text);
    }
    *out = product;
    return PLD_OK;
}
