/* What exact sums cost beside plain ones: sum, dot and sum of squares of arrays
 * in each level of memory, of data easy and hard. Arguments: sizes;
 * PLD_EXACT_TIER in the environment chooses the kernels. Ranks work side by
 * side, on arrays of their own. */

#include "support/bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polder.h"
#include "polder/main.h"
#ifdef PLD_HAVE_CBLAS
#include <cblas.h>
#endif

#ifdef __x86_64__
#define CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CLONES
#endif

struct bench {
    pld_exact_term term;
    int64_t n;
    int64_t nrepeats; /* so that a call takes long enough for the clock */
    const double *x;
    const double *y;
    volatile double result;
};

/* Keeps compilers from making one call of many. */
static void forget(const double *x)
{
    __asm__ volatile("" : : "r"(x) : "memory");
}

/* --- The ways ---------------------------------------------------------------
 */

static void run_exact(void *data)
{
    struct bench *b = data;
    const int64_t count[3] = {1, 1, b->n};
    pld_exact_array x = {b->x, {0, 0, 1}};
    pld_exact_array y = {b->y, {0, 0, 1}};
    for (int64_t i = 0; i < b->nrepeats; i++) {
        pld_exact sum;
        pld_exact_clear(&sum);
        if (pld_exact_add_box(&sum, b->term, PLD_F64, count, x, y) != PLD_OK)
            abort();
        b->result = pld_exact_round(&sum);
    }
}

typedef double vector __attribute__((vector_size(64), aligned(8)));
typedef int64_t words __attribute__((vector_size(64), aligned(8)));
enum { WIDTH = 8, UNROLL = 8, STEP = WIDTH * UNROLL };

static double add_up(const vector *sums)
{
    double sum = 0;
    for (int u = 0; u < UNROLL; u++)
        for (int i = 0; i < WIDTH; i++)
            sum += sums[u][i];
    return sum;
}

CLONES static double hand_sum(const double *x, int64_t n)
{
    vector sums[UNROLL] = {{0}};
    int64_t i = 0;
    for (; i + STEP <= n; i += STEP)
        for (int u = 0; u < UNROLL; u++)
            sums[u] += *(const vector *)(x + i + u * WIDTH);
    double sum = add_up(sums);
    for (; i < n; i++)
        sum += x[i];
    return sum;
}

CLONES static double hand_dot(const double *x, const double *y, int64_t n)
{
    vector sums[UNROLL] = {{0}};
    int64_t i = 0;
    for (; i + STEP <= n; i += STEP)
        for (int u = 0; u < UNROLL; u++)
            sums[u] += *(const vector *)(x + i + u * WIDTH) *
                       *(const vector *)(y + i + u * WIDTH);
    double sum = add_up(sums);
    for (; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

static void run_hand(void *data)
{
    struct bench *b = data;
    const double *y = b->term == PLD_EXACT_SQUARE ? b->x : b->y;
    for (int64_t i = 0; i < b->nrepeats; i++) {
        forget(b->x);
        b->result = b->term == PLD_EXACT_VALUE ? hand_sum(b->x, b->n)
                                               : hand_dot(b->x, y, b->n);
    }
}

__attribute__((optimize("O3,fast-math"), noinline)) CLONES static double
fast_sum(const double *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i];
    return sum;
}

__attribute__((optimize("O3,fast-math"), noinline)) CLONES static double
fast_dot(const double *x, const double *y, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

static void run_fast(void *data)
{
    struct bench *b = data;
    const double *y = b->term == PLD_EXACT_SQUARE ? b->x : b->y;
    for (int64_t i = 0; i < b->nrepeats; i++) {
        forget(b->x);
        b->result = b->term == PLD_EXACT_VALUE ? fast_sum(b->x, b->n)
                                               : fast_dot(b->x, y, b->n);
    }
}

CLONES static int64_t read_words(const double *x, int64_t n)
{
    words bits[UNROLL] = {{0}};
    for (int64_t i = 0; i + STEP <= n; i += STEP)
        for (int u = 0; u < UNROLL; u++)
            bits[u] |= *(const words *)(x + i + u * WIDTH);
    int64_t all = 0;
    for (int u = 0; u < UNROLL; u++)
        for (int i = 0; i < WIDTH; i++)
            all |= bits[u][i];
    return all;
}

static void run_read(void *data)
{
    struct bench *b = data;
    for (int64_t i = 0; i < b->nrepeats; i++) {
        forget(b->x);
        int64_t all = read_words(b->x, b->n);
        if (b->term == PLD_EXACT_PRODUCT)
            all |= read_words(b->y, b->n);
        b->result = (double)all;
    }
}

#ifdef PLD_HAVE_CBLAS
static void run_blas(void *data)
{
    struct bench *b = data;
    const double *y = b->term == PLD_EXACT_SQUARE ? b->x : b->y;
    for (int64_t i = 0; i < b->nrepeats; i++)
        b->result = cblas_ddot((int)b->n, b->x, 1, y, 1);
}
#endif

/* The last only for products. */
static const struct bench_way ways[] = {{"polder", run_exact},
                                        {"plain:hand", run_hand},
                                        {"plain:fast-math", run_fast},
                                        {"limit:read", run_read},
#ifdef PLD_HAVE_CBLAS
                                        {"openblas:ddot", run_blas}
#endif
};
enum { NWAYS = sizeof ways / sizeof *ways };

/* --- Data --------------------------------------------------------------------
 */

static double any_finite(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    if (!isfinite(x)) {
        bits &= ~(UINT64_C(1) << 62);
        memcpy(&x, &bits, sizeof x);
    }
    return x;
}

static double element(const char *kind, pld_random random, uint64_t i)
{
    uint32_t bits[4];
    pld_random_bits(random, i, bits);
    if (strcmp(kind, "normal") == 0)
        return pld_random_normal(random, i);
    if (strcmp(kind, "uniform") == 0)
        return pld_random_uniform(random, i);
    if (strcmp(kind, "wide") == 0) /* over 2^60 */
        return ldexp(pld_random_normal(random, i), (int)(bits[0] % 60) - 30);
    if (strcmp(kind, "wider") == 0) /* over 2^200 */
        return ldexp(pld_random_normal(random, i), (int)(bits[0] % 200) - 100);
    if (strcmp(kind, "tiny") == 0) /* products underflow */
        return ldexp(pld_random_normal(random, i), -600);
    return any_finite((uint64_t)bits[0] << 32 | bits[1]);
}

/* Large arrays repeat what the first million holds: making it takes time. */
static void fill(const char *kind, uint64_t stream, int64_t n, double *x)
{
    const int64_t many = 1000003;
    pld_random random = {.seed = 1, .stream = stream};
    for (int64_t i = 0; i < n; i++)
        x[i] = i < many ? element(kind, random, (uint64_t)i) : x[i - many];
}

/* --- Cases ------------------------------------------------------------------
 */

static void touch(void *data)
{
    (void)data;
}

/* Two halves merged, the later first, must give the same bits. */
static bool is_right(struct bench *b)
{
    int64_t half = b->n / 3;
    pld_exact_array x[2] = {{b->x + half, {0, 0, 1}}, {b->x, {0, 0, 1}}};
    pld_exact_array y[2] = {{b->y + half, {0, 0, 1}}, {b->y, {0, 0, 1}}};
    pld_exact sum;
    pld_exact_clear(&sum);
    for (int i = 0; i < 2; i++) {
        const int64_t count[3] = {1, 1, i == 0 ? b->n - half : half};
        if (pld_exact_add_box(&sum, b->term, PLD_F64, count, x[i], y[i]) !=
            PLD_OK)
            return false;
    }
    run_exact(b);
    return b->result == pld_exact_round(&sum);
}

static void run_case(MPI_Comm comm, const char *kind, struct bench *b)
{
    static const char *const names[] = {[PLD_EXACT_VALUE] = "exact sum",
                                        [PLD_EXACT_SQUARE] =
                                            "exact sum of squares",
                                        [PLD_EXACT_PRODUCT] = "exact dot"};
    bool good = bench_all(comm, is_right(b));
    int nways = b->term == PLD_EXACT_VALUE && NWAYS > 4 ? 4 : NWAYS;
    double seconds[BENCH_MAX_WAYS];
    const struct bench_task task = {
        .touch = touch, .data = b, .nways = nways, .ways = ways};
    bench_compare(comm, &task, seconds);
    char params[80];
    snprintf(params, sizeof params, "%s %lld %s", pld_exact_tier(),
             (long long)b->n, kind);
    double scale = 1e9 / (double)(b->nrepeats * b->n);
    for (int w = 1; w < nways; w++)
        bench_row(comm, names[b->term], params, scale * seconds[0],
                  "ns/element", ways[w].name, scale * seconds[w], good);
}

static pld_status run_size(pld_ctx *ctx, int64_t n)
{
    static const char *const kinds[] = {"normal", "uniform", "wide",
                                        "wider",  "tiny",    "bits"};
    size_t bytes = ((size_t)n * sizeof(double) + 63) / 64 * 64;
    double *x = aligned_alloc(64, bytes);
    double *y = aligned_alloc(64, bytes);
    PLD_CHECK(x != NULL && y != NULL, PLD_ERR_MEMORY,
              "no memory for two arrays of %lld", (long long)n);
    for (int kind = 0; kind < 6; kind++) {
        fill(kinds[kind], 1, n, x);
        fill(kinds[kind], 2, n, y);
        for (int term = 0; term <= PLD_EXACT_PRODUCT; term++) {
            struct bench bench = {.term = (pld_exact_term)term,
                                  .n = n,
                                  .nrepeats = n < 20000 ? 20000 / n : 1,
                                  .x = x,
                                  .y = y};
            if (term != PLD_EXACT_ABSOLUTE)
                run_case(pld_ctx_comm(ctx), kinds[kind], &bench);
        }
    }
    free(x);
    free(y);
    return PLD_OK;
}

static pld_status body(pld_ctx *ctx, int argc, char **argv)
{
    bench_head(pld_ctx_comm(ctx));
    for (int i = 1; i < argc; i++)
        PLD_TRY(run_size(ctx, (int64_t)atof(argv[i])));
    static const int64_t sizes[] = {100, 1000, 100000, 10000000};
    for (int i = 0; argc == 1 && i < 4; i++)
        PLD_TRY(run_size(ctx, sizes[i]));
    return PLD_OK;
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, body);
}
