#include "linalg/strip.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <string.h>

#define TARGET __attribute__((target("avx2")))

#define REAL double
#define KERNEL pld_strip_f64_avx2
#define TWICE pld_strip_twice_f64_avx2
#include "linalg/strip_loops.inc"

#define REAL float
#define KERNEL pld_strip_f32_avx2
#define TWICE pld_strip_twice_f32_avx2
#include "linalg/strip_loops.inc"

#endif
