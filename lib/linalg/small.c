#include "linalg/small.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "linalg/kernel.h"

void pld_small_identity(pld_type type, int64_t k, void *out)
{
    const double one[2] = {1, 0};
    size_t size = pld_type_size(type);
    memset(out, 0, (size_t)(k * k) * size);
    for (int64_t i = 0; i < k; i++)
        if (type == PLD_F32)
            ((float *)out)[i * (k + 1)] = 1;
        else
            memcpy((char *)out + (size_t)(i * (k + 1)) * size, one, size);
}

pld_status pld_small_multiply(pld_type type, int64_t k, const void *a, void *b)
{
    void *product = NULL;
    PLD_TRY(pld_alloc("product of small matrices", k * k, pld_type_size(type),
                      &product));
    const struct pld_dense left = {.data = (void *)a, .ld = k};
    const struct pld_dense right = {.data = b, .ld = k};
    const struct pld_dense to = {.data = product, .ld = k};
    pld_kernel_multiply(type, k, k, k, &left, &right, true, &to);
    memcpy(b, product, (size_t)(k * k) * pld_type_size(type));
    pld_free(product);
    return PLD_OK;
}

double pld_small_real(pld_type type, const void *array, int64_t i)
{
    return type == PLD_F32   ? (double)((const float *)array)[i]
           : type == PLD_F64 ? ((const double *)array)[i]
                             : ((const double *)array)[2 * i];
}

void pld_small_scale(pld_type type, void *array, int64_t i, int exponent)
{
    if (type == PLD_F32) {
        float *at = (float *)array + i;
        *at = ldexpf(*at, exponent);
        return;
    }
    int parts = type == PLD_C128 ? 2 : 1;
    double *at = (double *)array + parts * i;
    for (int p = 0; p < parts; p++)
        at[p] = ldexp(at[p], exponent);
}

pld_status pld_small_check(const void *array, const char *name)
{
    PLD_CHECK(array != NULL, PLD_ERR_ARG, "%s is NULL", name);
    return PLD_OK;
}
