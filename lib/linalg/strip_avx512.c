#include "linalg/strip.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <string.h>

/* clang takes the widest vectors by itself, gcc does not. */
#ifdef __clang__
#define TARGET __attribute__((target("avx512f")))
#else
#define TARGET __attribute__((target("avx512f,prefer-vector-width=512")))
#endif

#define REAL double
#define KERNEL pld_strip_f64_avx512
#define TWICE pld_strip_twice_f64_avx512
#include "linalg/strip_loops.inc"

#define REAL float
#define KERNEL pld_strip_f32_avx512
#define TWICE pld_strip_twice_f32_avx512
#include "linalg/strip_loops.inc"

#endif
