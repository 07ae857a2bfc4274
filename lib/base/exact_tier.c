#include "polder/exact.h"
#include "base/exact.h"

pld_exact_kernel *pld_exact_chosen(void)
{
    return pld_exact_scalar;
}

const char *pld_exact_tier(void)
{
    return "scalar";
}
