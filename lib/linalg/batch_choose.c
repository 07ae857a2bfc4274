#include "linalg/batch_kernel.h"

#include <stdbool.h>

static int index_of(pld_type type)
{
    return type == PLD_F64   ? PLD_BATCH_F64
           : type == PLD_F32 ? PLD_BATCH_F32
                             : PLD_BATCH_C128;
}

struct pld_batch_kernel pld_batch_kernel_find(pld_type type, int n)
{
    int which = index_of(type);
    struct pld_batch_kernel kernel = pld_batch_baseline[which];
#if defined(__x86_64__) && defined(__GNUC__)
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    bool avx512 =
        __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
    if (avx2)
        kernel = pld_batch_avx2[which];
    if (avx2 && avx512) {
        /* Rows that half a vector holds take half a vector. */
        if (n > kernel.lanes)
            kernel.points = pld_batch_avx512[which].points;
        kernel.groups = pld_batch_avx512[which].groups;
        kernel.lanes = pld_batch_avx512[which].lanes;
    }
#endif
    return kernel;
}
