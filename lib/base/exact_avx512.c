#include "base/exact_cascade.h"
#include "base/exact_environment.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

/* Cascades on vectors of 8. The addition that may round is told to raise no
 * flag, which AVX-512 can; if the flags are clear in the end then everything
 * else was exact. */

#define TARGET __attribute__((target("avx512f,avx512dq")))
#define INLINE static inline TARGET __attribute__((always_inline))
#define QUIET (_MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)

typedef __m512d vector;

enum {
    WIDTH = 8,
    MAX_CHAINS = PLD_CASCADE_LANES / WIDTH,
    NOT_FINITE = 0x99 /* classes of vfpclass */
};

/* One part of a cascade, in registers. */
struct chains {
    vector level[PLD_CASCADE_LEVELS][MAX_CHAINS];
    vector rest[MAX_CHAINS];
};

INLINE void load_chains(struct chains *c, const struct pld_cascade *cascade,
                        int part, const int nlevels, const int nchains)
{
    for (int u = 0; u < nchains; u++) {
        for (int j = 0; j < nlevels; j++)
            c->level[j][u] =
                _mm512_load_pd(&cascade->level[part][j][u * WIDTH]);
        c->rest[u] = _mm512_load_pd(&cascade->rest[part][u * WIDTH]);
    }
}

INLINE void store_chains(const struct chains *c, struct pld_cascade *cascade,
                         int part, const int nlevels, const int nchains)
{
    for (int u = 0; u < nchains; u++) {
        for (int j = 0; j < nlevels; j++)
            _mm512_store_pd(&cascade->level[part][j][u * WIDTH],
                            c->level[j][u]);
        _mm512_store_pd(&cascade->rest[part][u * WIDTH], c->rest[u]);
    }
}

/* Whether the rest is finite: infinities and NaNs on the way end there. All
 * arithmetic is done when this returns. */
INLINE bool is_finite(struct chains *c, const int nlevels, const int nchains)
{
    __mmask8 bad = 0;
    for (int u = 0; u < nchains; u++) {
        for (int j = 0; j < nlevels; j++)
            __asm__ volatile("" : "+v"(c->level[j][u]));
        __asm__ volatile("" : "+v"(c->rest[u]));
        bad |= _mm512_fpclass_pd_mask(c->rest[u], NOT_FINITE);
    }
    return bad == 0;
}

/* Some processors have units for additions and others for multiplications with
 * an addition; some have one kind for both. So half of the additions are made
 * products with 1, of which compilers must not know. */
INLINE vector add_otherwise(vector a, vector b, vector one)
{
    return _mm512_fmadd_pd(a, one, b);
}

INLINE vector subtract_otherwise(vector a, vector b, vector one)
{
    return _mm512_fmsub_pd(a, one, b);
}

INLINE void push(struct chains *c, vector x, vector one, const int u,
                 const int nlevels, const bool product)
{
    for (int j = 0; j < nlevels; j++) {
        vector t = _mm512_add_round_pd(c->level[j][u], x, QUIET);
        vector kept = subtract_otherwise(t, c->level[j][u], one);
        x = j % 2 == 0 ? _mm512_sub_pd(x, kept)
                       : subtract_otherwise(x, kept, one);
        c->level[j][u] = t;
    }
    c->rest[u] = product ? _mm512_add_pd(c->rest[u], x)
                         : add_otherwise(c->rest[u], x, one);
}

/* What distinguishes the loops; all of it constant in each. */
struct kind {
    pld_exact_term term;
    int nlevels;
    int nchains;
    bool scaled;
    bool far; /* from memory; else from a cache */
};

struct state {
    struct chains parts[2]; /* of values, or products; of products' errors */
    vector xscale;
    vector yscale;
    vector one;
};

INLINE void push_term(struct state *s, vector x, vector y, const int u,
                      const struct kind kind)
{
    if (kind.term == PLD_EXACT_VALUE) {
        push(&s->parts[0], x, s->one, u, kind.nlevels, false);
        return;
    }
    if (kind.term == PLD_EXACT_ABSOLUTE) {
        push(&s->parts[0], _mm512_abs_pd(x), s->one, u, kind.nlevels, false);
        return;
    }
    if (kind.scaled) {
        x = _mm512_mul_pd(x, s->xscale);
        y = _mm512_mul_pd(y, s->yscale);
    }
    vector product = _mm512_mul_round_pd(x, y, QUIET);
    vector error = _mm512_fmsub_pd(x, y, product);
    push(&s->parts[0], product, s->one, u, kind.nlevels, false);
    push(&s->parts[1], error, s->one, u, kind.nlevels, true);
}

/* What comes from memory is better fetched to the second cache only. */
INLINE void fetch(const double *x, const bool far)
{
    if (far)
        _mm_prefetch(x, _MM_HINT_T1);
    else
        _mm_prefetch(x, _MM_HINT_T0);
}

INLINE void feed_row(struct state *s, const double *x, const double *y,
                     int64_t n, int64_t ahead, const struct kind kind)
{
    const int step = kind.nchains * WIDTH;
    const bool two = kind.term == PLD_EXACT_PRODUCT;
    /* Products take longer than a cache does. */
    const bool fetching = kind.far || !pld_exact_is_product(kind.term);
    int64_t i = 0;
    for (; i + step <= n; i += step)
        for (int u = 0; u < kind.nchains; u++) {
            vector a = _mm512_loadu_pd(x + i + u * WIDTH);
            vector b = two ? _mm512_loadu_pd(y + i + u * WIDTH) : a;
            if (fetching)
                fetch(x + i + u * WIDTH + ahead, kind.far);
            if (fetching && two)
                fetch(y + i + u * WIDTH + ahead, kind.far);
            push_term(s, a, b, u, kind);
        }
    for (int u = 0; u < kind.nchains && i < n; u++, i += WIDTH) {
        __mmask8 mask = (__mmask8)(n - i < WIDTH ? (1u << (n - i)) - 1 : 0xff);
        vector a = _mm512_maskz_loadu_pd(mask, x + i);
        vector b = two ? _mm512_maskz_loadu_pd(mask, y + i) : a;
        push_term(s, a, b, u, kind);
    }
}

INLINE bool feed_kind(struct pld_cascade *cascade,
                      const struct pld_exact_tile *block,
                      const struct kind kind)
{
    const int nparts = pld_exact_is_product(kind.term) ? 2 : 1;
    struct state s;
    for (int part = 0; part < nparts; part++)
        load_chains(&s.parts[part], cascade, part, kind.nlevels, kind.nchains);
    s.xscale = _mm512_set1_pd(cascade->xscale);
    s.yscale = _mm512_set1_pd(cascade->yscale);
    s.one = _mm512_set1_pd(1);
    __asm__("" : "+v"(s.one));
    const double *x = block->x;
    const double *y = block->y;
    __asm__ volatile("" : "+r"(x), "+r"(y) : : "memory");
    for (int64_t row = 0; row < block->nrows; row++)
        feed_row(&s, x + row * block->xrow, y + row * block->yrow, block->n,
                 block->ahead, kind);
    bool good = true;
    for (int part = 0; part < nparts; part++)
        good = is_finite(&s.parts[part], kind.nlevels, kind.nchains) && good;
    if (pld_flags_raised()) {
        pld_flags_clear();
        return false;
    }
    for (int part = 0; part < nparts && good; part++)
        store_chains(&s.parts[part], cascade, part, kind.nlevels, kind.nchains);
    return good;
}

#define LOOP(name, ...)                                                        \
    static TARGET bool name(struct pld_cascade *cascade,                       \
                            const struct pld_exact_tile *block)                \
    {                                                                          \
        return feed_kind(cascade, block, (struct kind){__VA_ARGS__});          \
    }

LOOP(value_1, PLD_EXACT_VALUE, 1, 4, false, false)
LOOP(far_value_1, PLD_EXACT_VALUE, 1, 4, false, true)
LOOP(small_value_1, PLD_EXACT_VALUE, 1, 1, false, false)
LOOP(small_absolute_1, PLD_EXACT_ABSOLUTE, 1, 1, false, false)
LOOP(small_square_1, PLD_EXACT_SQUARE, 1, 1, false, false)
LOOP(small_product_1, PLD_EXACT_PRODUCT, 1, 1, false, false)
LOOP(small_scaled_square_1, PLD_EXACT_SQUARE, 1, 1, true, false)
LOOP(small_scaled_product_1, PLD_EXACT_PRODUCT, 1, 1, true, false)
LOOP(value_2, PLD_EXACT_VALUE, 2, 4, false, true)
LOOP(value_3, PLD_EXACT_VALUE, 3, 4, false, true)
LOOP(value_5, PLD_EXACT_VALUE, 5, 2, false, true)
LOOP(value_7, PLD_EXACT_VALUE, 7, 2, false, true)
LOOP(absolute_1, PLD_EXACT_ABSOLUTE, 1, 4, false, false)
LOOP(far_absolute_1, PLD_EXACT_ABSOLUTE, 1, 4, false, true)
LOOP(absolute_2, PLD_EXACT_ABSOLUTE, 2, 4, false, true)
LOOP(absolute_3, PLD_EXACT_ABSOLUTE, 3, 4, false, true)
LOOP(absolute_5, PLD_EXACT_ABSOLUTE, 5, 2, false, true)
LOOP(absolute_7, PLD_EXACT_ABSOLUTE, 7, 2, false, true)
LOOP(square_1, PLD_EXACT_SQUARE, 1, 4, false, false)
LOOP(far_square_1, PLD_EXACT_SQUARE, 1, 4, false, true)
LOOP(scaled_square_1, PLD_EXACT_SQUARE, 1, 4, true, true)
LOOP(square_2, PLD_EXACT_SQUARE, 2, 2, true, true)
LOOP(square_3, PLD_EXACT_SQUARE, 3, 2, true, true)
LOOP(square_5, PLD_EXACT_SQUARE, 5, 1, true, true)
LOOP(square_7, PLD_EXACT_SQUARE, 7, 1, true, true)
LOOP(product_1, PLD_EXACT_PRODUCT, 1, 4, false, false)
LOOP(far_product_1, PLD_EXACT_PRODUCT, 1, 4, false, true)
LOOP(scaled_product_1, PLD_EXACT_PRODUCT, 1, 4, true, true)
LOOP(product_2, PLD_EXACT_PRODUCT, 2, 2, true, true)
LOOP(product_3, PLD_EXACT_PRODUCT, 3, 2, true, true)
LOOP(product_5, PLD_EXACT_PRODUCT, 5, 1, true, true)
LOOP(product_7, PLD_EXACT_PRODUCT, 7, 1, true, true)

static bool feed(struct pld_cascade *cascade, pld_exact_term term,
                 const struct pld_exact_tile *block)
{
    typedef bool loop(struct pld_cascade *, const struct pld_exact_tile *);
    static loop *const loops[][8] = {
        [PLD_EXACT_VALUE] = {NULL, value_1, value_2, value_3, NULL, value_5,
                             NULL, value_7},
        [PLD_EXACT_ABSOLUTE] = {NULL, absolute_1, absolute_2, absolute_3, NULL,
                                absolute_5, NULL, absolute_7},
        [PLD_EXACT_SQUARE] = {NULL, square_1, square_2, square_3, NULL,
                              square_5, NULL, square_7},
        [PLD_EXACT_PRODUCT] = {NULL, product_1, product_2, product_3, NULL,
                               product_5, NULL, product_7}};
    static loop *const small[][2] = {{small_value_1, small_value_1},
                                     {small_absolute_1, small_absolute_1},
                                     {small_square_1, small_scaled_square_1},
                                     {small_product_1, small_scaled_product_1}};
    static loop *const far[] = {far_value_1, far_absolute_1, far_square_1,
                                far_product_1};
    loop *run = loops[term][cascade->nlevels];
    bool scaled = cascade->xscale != 1 || cascade->yscale != 1;
    if (cascade->nlanes == WIDTH)
        run = small[term][scaled];
    else if (scaled && run == square_1)
        run = scaled_square_1;
    else if (scaled && run == product_1)
        run = scaled_product_1;
    else if (block->far && cascade->nlevels == 1)
        run = far[term];
    return run(cascade, block);
}

/* Bits of magnitudes are in the order of their values; less 1, zeros are the
 * highest. */
static TARGET struct pld_exact_range scan(const struct pld_exact_tile *block)
{
    const __m512i magnitude = _mm512_set1_epi64(INT64_MAX);
    const __m512i one = _mm512_set1_epi64(1);
    __m512i high = _mm512_setzero_si512();
    __m512i low = _mm512_set1_epi64(-1);
    for (int64_t row = 0; row < block->nrows; row++)
        for (int64_t i = 0; i < block->n; i += WIDTH) {
            int64_t left = block->n - i;
            fetch(block->x + row * block->xrow + i + block->ahead, true);
            __mmask8 mask = (__mmask8)(left < WIDTH ? (1u << left) - 1 : 0xff);
            __m512i bits = _mm512_and_si512(
                magnitude, _mm512_maskz_loadu_epi64(
                               mask, block->x + row * block->xrow + i));
            high = _mm512_max_epu64(high, bits);
            low = _mm512_min_epu64(low, _mm512_sub_epi64(bits, one));
        }
    uint64_t most = _mm512_reduce_max_epu64(high);
    uint64_t least = _mm512_reduce_min_epu64(low) + 1;
    int top = (int)(most >> 52);
    int bottom = (int)(least >> 52);
    return (struct pld_exact_range){.low = most == 0    ? 0
                                           : bottom > 0 ? bottom
                                                        : 1,
                                    .high = most == 0 ? 0
                                            : top > 0 ? top
                                                      : 1};
}

/* What is rounded here raises no flag, and need not be exact. */
static TARGET struct pld_exact_start start(pld_exact_term term,
                                           const struct pld_exact_tile *block)
{
    __m512i high = _mm512_setzero_si512();
    vector sum = _mm512_setzero_pd();
    for (int64_t i = 0; i < block->n; i += WIDTH) {
        int64_t left = block->n - i;
        __mmask8 mask = (__mmask8)(left < WIDTH ? (1u << left) - 1 : 0xff);
        vector x = _mm512_maskz_loadu_pd(mask, block->x + i);
        if (pld_exact_is_product(term))
            x = _mm512_mul_round_pd(
                x, _mm512_maskz_loadu_pd(mask, block->y + i), QUIET);
        if (term == PLD_EXACT_ABSOLUTE)
            x = _mm512_abs_pd(x);
        sum = _mm512_add_round_pd(sum, x, QUIET);
        high = _mm512_max_epu64(high, _mm512_castpd_si512(_mm512_abs_pd(x)));
    }
    sum = _mm512_add_round_pd(sum, _mm512_shuffle_f64x2(sum, sum, 0x4e), QUIET);
    sum = _mm512_add_round_pd(sum, _mm512_shuffle_f64x2(sum, sum, 0xb1), QUIET);
    sum = _mm512_add_round_pd(sum, _mm512_permute_pd(sum, 0x55), QUIET);
    return (struct pld_exact_start){
        .high = (int)(_mm512_reduce_max_epu64(high) >> 52),
        .sum = _mm512_cvtsd_f64(sum)};
}

static TARGET bool sum_rest(const double *rest, int nlanes, double *sum)
{
    vector total = _mm512_load_pd(rest);
    for (int i = WIDTH; i < nlanes; i += WIDTH)
        total = _mm512_add_pd(total, _mm512_load_pd(rest + i));
    *sum = _mm512_reduce_add_pd(total);
    __asm__ volatile("" : : "r"(sum) : "memory");
    if (!pld_flags_raised())
        return true;
    pld_flags_clear();
    return false;
}

static const struct pld_exact_tier tier = {.name = "avx512",
                                           .feed = feed,
                                           .scan = scan,
                                           .start = start,
                                           .sum_rest = sum_rest,
                                           .nchoices = 5,
                                           .nlevels = {1, 2, 3, 5, 7},
                                           .windows = {40, 86, 132, 224, 316},
                                           .step = 46,
                                           .nblocks = 4,
                                           .nlanes = 32};

void pld_exact_avx512(pld_exact *sum, pld_exact_term term,
                      const struct pld_exact_tile *tile)
{
    pld_exact_add_tile(sum, term, tile, &tier);
}

/* --- Whether it can be trusted ---------------------------------------------
 */

/* Emulators and tools have been seen to know no flags: then anything would
 * seem exact. */
static TARGET __attribute__((noinline)) bool flags_work(void)
{
    vector big = _mm512_set1_pd(1);
    vector small = _mm512_set1_pd(0x1p-80);
    __asm__ volatile("" : "+v"(big), "+v"(small));
    pld_flags_clear();
    vector quiet = _mm512_add_round_pd(big, small, QUIET);
    __asm__ volatile("" : "+v"(quiet));
    bool is_quiet = !pld_flags_raised();
    __asm__ volatile("" : "+v"(big), "+v"(small));
    vector loud = _mm512_add_pd(big, small);
    __asm__ volatile("" : "+v"(loud));
    return is_quiet && pld_flags_raised();
}

bool pld_exact_avx512_runs(void)
{
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx512f") ||
        !__builtin_cpu_supports("avx512dq"))
        return false;
    pld_environment saved = pld_environment_enter();
    bool good = flags_work();
    pld_environment_leave(saved);
    return good;
}

#endif
