#include "polder/blas.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The functions by which OpenBLAS tells of itself, looked up by name, since
 * the BLAS may be another one. */
typedef char *text_function(void);
typedef int number_function(void);
typedef void set_function(int number);

/* A function of the program or of the libraries it was linked with; NULL.
 * C does not convert pointers to objects into such to functions. */
static void find(const char *name, void *function)
{
    void *program = dlopen(NULL, RTLD_LAZY);
    void *symbol = program ? dlsym(program, name) : NULL;
    memcpy(function, &symbol, sizeof symbol);
    if (program)
        dlclose(program);
}

static const char *text_of(const char *name)
{
    text_function *function = NULL;
    find(name, &function);
    const char *text = function ? function() : NULL;
    return text ? text : "";
}

/* --- What kernels are worth ----------------------------------------------- */

/* The widest vectors that kernels use, or that the CPU has. */
enum vectors { UNKNOWN, SSE, AVX, AVX2, AVX512 };

static enum vectors vectors_of(const char *kernels)
{
    static const struct {
        const char *name;
        enum vectors vectors;
    } known[] = {{"Katmai", SSE},        {"Coppermine", SSE},
                 {"Northwood", SSE},     {"Prescott", SSE},
                 {"Banias", SSE},        {"Atom", SSE},
                 {"Core2", SSE},         {"Penryn", SSE},
                 {"Dunnington", SSE},    {"Nehalem", SSE},
                 {"Athlon", SSE},        {"Opteron", SSE},
                 {"Opteron_SSE3", SSE},  {"Barcelona", SSE},
                 {"Nano", SSE},          {"Bobcat", SSE},
                 {"Sandybridge", AVX},   {"Bulldozer", AVX},
                 {"Piledriver", AVX},    {"Steamroller", AVX},
                 {"Excavator", AVX2},    {"Haswell", AVX2},
                 {"Zen", AVX2},          {"SkylakeX", AVX512},
                 {"Cooperlake", AVX512}, {"SapphireRapids", AVX512}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(kernels, known[i].name) == 0)
            return known[i].vectors;
    return UNKNOWN;
}

static enum vectors vectors_of_cpu(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    if (__builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl"))
        return AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return AVX2;
    return __builtin_cpu_supports("avx") ? AVX : SSE;
#else
    return UNKNOWN;
#endif
}

/* Kernels made for AMD's processors are right there, though some of these have
 * wider vectors. */
static const char *better_than(const char *kernels)
{
    enum vectors used = vectors_of(kernels);
    enum vectors cpu = vectors_of_cpu();
    if (used == UNKNOWN || used >= cpu || strcmp(kernels, "Zen") == 0)
        return NULL;
    return cpu == AVX512 ? "SkylakeX" : cpu == AVX2 ? "Haswell" : "Sandybridge";
}

/* --- Public --------------------------------------------------------------- */

pld_status pld_blas_info(pld_blas *out)
{
    PLD_CHECK(out, PLD_ERR_ARG, "out is NULL");
    number_function *threads = NULL;
    find("openblas_get_num_threads", &threads);
    *out = (pld_blas){.library = threads ? "OpenBLAS" : "",
                      .config = text_of("openblas_get_config"),
                      .kernels = text_of("openblas_get_corename"),
                      .threads = threads ? threads() : 0};
    out->better_kernels = better_than(out->kernels);
    out->wide_sizes = strstr(out->config, "USE64BITINT") != NULL;
    return PLD_OK;
}

void pld_blas_restart(char **argv)
{
    pld_blas blas;
    if (getenv("OPENBLAS_CORETYPE") || pld_blas_info(&blas) != PLD_OK ||
        !blas.better_kernels)
        return;
    if (setenv("OPENBLAS_CORETYPE", blas.better_kernels, 1) == 0)
        execv("/proc/self/exe", argv);
}

void pld_blas_set_threads(int threads)
{
    set_function *set = NULL;
    find("openblas_set_num_threads", &set);
    if (set)
        set(threads > 1 ? threads : 1);
}
