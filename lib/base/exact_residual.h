/* Cascades that need no flags: for inclusion by a file that defines
 *
 *     VECTOR_BYTES   bytes of a vector
 *     TARGET         attributes of all functions, or nothing
 *     PRODUCT_ERROR(x, y, p)   x y - p of vectors, by one instruction; or not
 *
 * An addition to a level loses nothing if the level stays in its binade. That
 * is looked at for the first level; others are given room for all they may get.
 * What the last one loses must be zero. Defines two tiers: c11, and flag
 * for processors with an inexact flag. */

#include "base/exact_cascade.h"
#include "base/exact_environment.h"

#define INLINE static inline TARGET __attribute__((always_inline))

typedef double vector __attribute__((vector_size(VECTOR_BYTES)));
typedef int64_t words __attribute__((vector_size(VECTOR_BYTES)));

enum {
    WIDTH = VECTOR_BYTES / 8,
    NCHAINS = 4, /* two for products, whose errors need as many */
    NLANES = NCHAINS * WIDTH,
    LINE = 64 / 8 /* doubles in a line of cache */
};

#define INFINITE (INT64_C(0x7ff) << 52)

/* What distinguishes the loops; all of it constant in each. */
struct kind {
    pld_exact_term term;
    int nlevels;
    int nchains;
};

/* One part of a cascade, in registers. */
struct chains {
    vector level[PLD_CASCADE_LEVELS][NCHAINS];
    words anchor;
    words strayed; /* bits in which the first level differed from its anchor */
    words lost;    /* bits that the last level lost */
};

struct state {
    struct chains parts[2]; /* of values, or products; of products' errors */
    vector xscale;
    vector yscale;
    words tiny; /* set where a product was, and its error may underflow */
};

INLINE vector load(const double *x)
{
    vector v;
    memcpy(&v, x, sizeof v);
    return v;
}

INLINE vector fill(double x)
{
    return x - (vector){0};
}

INLINE void load_chains(struct chains *c, const struct pld_cascade *cascade,
                        int part, const struct kind kind)
{
    for (int u = 0; u < kind.nchains; u++)
        for (int j = 0; j < kind.nlevels; j++)
            c->level[j][u] = load(&cascade->level[part][j][u * WIDTH]);
    c->anchor = (words)fill(cascade->anchor[part][0]);
    c->strayed = (words){0};
    c->lost = (words){0};
}

INLINE void store_chains(const struct chains *c, struct pld_cascade *cascade,
                         int part, const struct kind kind)
{
    for (int u = 0; u < kind.nchains; u++)
        for (int j = 0; j < kind.nlevels; j++)
            memcpy(&cascade->level[part][j][u * WIDTH], &c->level[j][u],
                   sizeof(vector));
}

/* The sign of a zero that was lost does not matter. */
INLINE bool is_exact(const struct chains *c)
{
    int64_t bad = 0;
    for (int i = 0; i < WIDTH; i++)
        bad |= c->strayed[i] >> 52 | (c->lost[i] & INT64_MAX);
    return bad == 0;
}

INLINE void push(struct chains *c, vector x, const int u, const int nlevels)
{
    for (int j = 0; j < nlevels; j++) {
        vector t = c->level[j][u] + x;
        x -= t - c->level[j][u];
        c->level[j][u] = t;
        if (j == 0)
            c->strayed |= (words)t ^ c->anchor;
    }
    c->lost |= (words)x;
}

#ifndef PRODUCT_ERROR

/* Both halves have 26 bits (Veltkamp), so their products are exact (Dekker:
 * "A floating-point technique for extending the available precision", 1971,
 * doi:10.1007/BF01397083). */
INLINE vector high_half(vector x)
{
    vector c = x * 134217729.0;
    return c - (c - x);
}

INLINE vector product_error(vector x, vector y, vector product)
{
    vector xh = high_half(x);
    vector yh = high_half(y);
    vector xl = x - xh;
    vector yl = y - yh;
    return xl * yl - (((product - xh * yh) - xl * yh) - xh * yl);
}

#define PRODUCT_ERROR product_error
#endif

INLINE void push_term(struct state *s, vector x, vector y, const int u,
                      const struct kind kind)
{
    if (!pld_exact_is_product(kind.term)) {
        if (kind.term == PLD_EXACT_ABSOLUTE)
            x = (vector)((words)x & INT64_MAX);
        push(&s->parts[0], x, u, kind.nlevels);
        return;
    }
    x *= s->xscale;
    y *= s->yscale;
    vector product = x * y;
    s->tiny |= (words)((vector)((words)product & INT64_MAX) < 0x1p-960);
    push(&s->parts[0], product, u, kind.nlevels);
    push(&s->parts[1], PRODUCT_ERROR(x, y, product), u, kind.nlevels);
}

INLINE void feed_row(struct state *s, const double *x, const double *y,
                     int64_t n, int64_t ahead, const struct kind kind)
{
    const bool two = kind.term == PLD_EXACT_PRODUCT;
    const int step = kind.nchains * WIDTH;
    int64_t i = 0;
    for (; i + step <= n; i += step) {
        for (int line = 0; line < step; line += LINE) {
            __builtin_prefetch(x + i + line + ahead, 0, 2);
            if (two)
                __builtin_prefetch(y + i + line + ahead, 0, 2);
        }
        for (int u = 0; u < kind.nchains; u++) {
            vector a = load(x + i + u * WIDTH);
            push_term(s, a, two ? load(y + i + u * WIDTH) : a, u, kind);
        }
    }
    if (i < n) { /* the rest, and zeros */
        double a[NLANES] = {0};
        double b[NLANES] = {0};
        memcpy(a, x + i, (size_t)(n - i) * sizeof *a);
        memcpy(b, two ? y + i : a, (size_t)(n - i) * sizeof *b);
        for (int u = 0; u < kind.nchains; u++)
            push_term(s, load(a + u * WIDTH), load(b + u * WIDTH), u, kind);
    }
}

/* Highest and lowest magnitudes, zeros apart. NaNs and infinities may count or
 * not: feeding them fails. */
struct extremes {
    vector high[NCHAINS];
    vector low[NCHAINS];
};

INLINE vector choose(words condition, vector yes, vector no)
{
    return (vector)(((words)yes & condition) | ((words)no & ~condition));
}

INLINE void include(struct extremes *e, vector x, const int u)
{
    vector v = (vector)((words)x & INT64_MAX);
    vector not_zero = (vector)((words)v | ((words)(v == 0.0) & INFINITE));
    e->high[u] = choose((words)(v > e->high[u]), v, e->high[u]);
    e->low[u] = choose((words)(not_zero < e->low[u]), not_zero, e->low[u]);
}

INLINE void include_row(struct extremes *e, const double *x, int64_t n)
{
    int64_t i = 0;
    for (; i + NLANES <= n; i += NLANES)
        for (int u = 0; u < NCHAINS; u++)
            include(e, load(x + i + u * WIDTH), u);
    if (i < n) {
        double a[NLANES] = {0};
        memcpy(a, x + i, (size_t)(n - i) * sizeof *a);
        for (int u = 0; u < NCHAINS; u++)
            include(e, load(a + u * WIDTH), u);
    }
}

INLINE struct pld_exact_range range_of(const double *x, int64_t nrows,
                                       int64_t n, int64_t row)
{
    struct extremes e;
    for (int u = 0; u < NCHAINS; u++) {
        e.high[u] = (vector){0};
        e.low[u] = fill(__builtin_inf());
    }
    for (int64_t k = 0; k < nrows; k++)
        include_row(&e, x + k * row, n);
    int64_t most = 0;
    int64_t least = INFINITE;
    for (int i = 0; i < NLANES; i++) {
        int64_t high = ((words)e.high[i / WIDTH])[i % WIDTH];
        int64_t low = ((words)e.low[i / WIDTH])[i % WIDTH];
        most = high > most ? high : most;
        least = low < least ? low : least;
    }
    if (most == 0)
        return (struct pld_exact_range){.low = 0, .high = 0};
    int top = (int)(most >> 52);
    int bottom = (int)(least >> 52);
    return (struct pld_exact_range){.low = bottom > 0 ? bottom : 1,
                                    .high = top > 0 ? top : 1};
}

static TARGET struct pld_exact_range scan(const struct pld_exact_tile *block)
{
    return range_of(block->x, block->nrows, block->n, block->xrow);
}

static int shift_of(double scale)
{
    return (int)(pld_double_bits(scale) >> 52) - 1023;
}

/* Factors stay what they are, and no product's error underflows. */
static TARGET bool errors_are_exact(const struct pld_cascade *cascade,
                                    pld_exact_term term,
                                    const struct pld_exact_tile *block)
{
    const int most = 1023 + 900;
    struct pld_exact_range x = scan(block);
    struct pld_exact_range y = x;
    if (term == PLD_EXACT_PRODUCT)
        y = range_of(block->y, block->nrows, block->n, block->yrow);
    if (x.high == 0 || y.high == 0)
        return true;
    int xshift = shift_of(cascade->xscale);
    int yshift = shift_of(cascade->yscale);
    return x.high + xshift <= most && y.high + yshift <= most &&
           x.low + xshift >= 1 && y.low + yshift >= 1 &&
           x.low + xshift + y.low + yshift > PLD_EXACT_SCALE;
}

/* Zeros and scaled factors may be as they should, but it takes a look. */
INLINE bool is_doubtful(const struct pld_cascade *cascade,
                        const struct state *s)
{
    int64_t tiny = 0;
    for (int i = 0; i < WIDTH; i++)
        tiny |= s->tiny[i];
    return tiny != 0 || cascade->xscale != 1 || cascade->yscale != 1;
}

INLINE bool feed_kind(struct pld_cascade *cascade,
                      const struct pld_exact_tile *block,
                      const struct kind kind)
{
    const int nparts = pld_exact_is_product(kind.term) ? 2 : 1;
    struct state s;
    for (int part = 0; part < nparts; part++)
        load_chains(&s.parts[part], cascade, part, kind);
    s.xscale = fill(cascade->xscale);
    s.yscale = fill(cascade->yscale);
    s.tiny = (words){0};
    for (int64_t row = 0; row < block->nrows; row++)
        feed_row(&s, block->x + row * block->xrow, block->y + row * block->yrow,
                 block->n, block->ahead, kind);
    for (int part = 0; part < nparts; part++)
        if (!is_exact(&s.parts[part]))
            return false;
    if (nparts == 2 && is_doubtful(cascade, &s) &&
        !errors_are_exact(cascade, kind.term, block))
        return false;
    for (int part = 0; part < nparts; part++)
        store_chains(&s.parts[part], cascade, part, kind);
    return true;
}

#define LOOP(name, ...)                                                        \
    static TARGET bool name(struct pld_cascade *cascade,                       \
                            const struct pld_exact_tile *block)                \
    {                                                                          \
        return feed_kind(cascade, block, (struct kind){__VA_ARGS__});          \
    }
#define LOOPS(name, term, nchains)                                             \
    LOOP(name##_2, term, 2, nchains)                                           \
    LOOP(name##_3, term, 3, nchains)                                           \
    LOOP(name##_4, term, 4, nchains)                                           \
    LOOP(name##_6, term, 6, nchains)                                           \
    LOOP(name##_8, term, 8, nchains)

LOOPS(value, PLD_EXACT_VALUE, NCHAINS)
LOOPS(absolute, PLD_EXACT_ABSOLUTE, NCHAINS)
LOOPS(square, PLD_EXACT_SQUARE, NCHAINS / 2)
LOOPS(product, PLD_EXACT_PRODUCT, NCHAINS / 2)

static bool feed_residual(struct pld_cascade *cascade, pld_exact_term term,
                          const struct pld_exact_tile *block)
{
    typedef bool loop(struct pld_cascade *, const struct pld_exact_tile *);
    static loop *const loops[][9] = {
        {NULL, NULL, value_2, value_3, value_4, NULL, value_6, NULL, value_8},
        {NULL, NULL, absolute_2, absolute_3, absolute_4, NULL, absolute_6, NULL,
         absolute_8},
        {NULL, NULL, square_2, square_3, square_4, NULL, square_6, NULL,
         square_8},
        {NULL, NULL, product_2, product_3, product_4, NULL, product_6, NULL,
         product_8}};
    return loops[term][cascade->nlevels](cascade, block);
}

/* --- Elements cut in two, where there are flags ----------------------------
 */

/* The higher 26 bits of elements and the lower ones are summed apart: both
 * leave room for a range of exponents. */
struct halves {
    vector high[NCHAINS];
    vector low[NCHAINS];
};

INLINE void push_halves(struct halves *h, vector x, const int u,
                        const bool absolute)
{
    const int64_t cut = -(INT64_C(1) << 26);
    if (absolute)
        x = (vector)((words)x & INT64_MAX);
    vector high = (vector)((words)x & cut);
    h->high[u] += high;
    h->low[u] += x - high;
}

INLINE void split_row(struct halves *h, const double *x, int64_t n,
                      int64_t ahead, const bool absolute)
{
    int64_t i = 0;
    for (; i + NLANES <= n; i += NLANES) {
        for (int line = 0; line < NLANES; line += LINE)
            __builtin_prefetch(x + i + line + ahead, 0, 2);
        for (int u = 0; u < NCHAINS; u++)
            push_halves(h, load(x + i + u * WIDTH), u, absolute);
    }
    if (i < n) {
        double a[NLANES] = {0};
        memcpy(a, x + i, (size_t)(n - i) * sizeof *a);
        for (int u = 0; u < NCHAINS; u++)
            push_halves(h, load(a + u * WIDTH), u, absolute);
    }
}

INLINE bool are_finite(const vector v[NCHAINS])
{
    words bad = {0};
    for (int u = 0; u < NCHAINS; u++)
        bad |= ((words)v[u] & INFINITE) == INFINITE;
    int64_t any = 0;
    for (int i = 0; i < WIDTH; i++)
        any |= bad[i];
    return any == 0;
}

INLINE bool feed_halves(struct pld_cascade *cascade,
                        const struct pld_exact_tile *block, const bool absolute)
{
    struct halves h;
    memcpy(h.high, cascade->rest[0], sizeof h.high);
    memcpy(h.low, cascade->rest[1], sizeof h.low);
    const double *x = block->x;
    __asm__ volatile("" : "+r"(x) : : "memory");
    for (int64_t row = 0; row < block->nrows; row++)
        split_row(&h, x + row * block->xrow, block->n, block->ahead, absolute);
    struct halves end = h;                         /* h is never in memory */
    __asm__ volatile("" : : "r"(&end) : "memory"); /* all is done here */
    if (pld_flags_raised()) {
        pld_flags_clear();
        return false;
    }
    if (!are_finite(end.high) || !are_finite(end.low))
        return false;
    memcpy(cascade->rest[0], end.high, sizeof end.high);
    memcpy(cascade->rest[1], end.low, sizeof end.low);
    return true;
}

static TARGET bool split_values(struct pld_cascade *cascade,
                                const struct pld_exact_tile *block)
{
    return feed_halves(cascade, block, false);
}

static TARGET bool split_absolute(struct pld_cascade *cascade,
                                  const struct pld_exact_tile *block)
{
    return feed_halves(cascade, block, true);
}

static bool feed_flag(struct pld_cascade *cascade, pld_exact_term term,
                      const struct pld_exact_tile *block)
{
    if (cascade->nlevels > 0)
        return feed_residual(cascade, term, block);
    return term == PLD_EXACT_VALUE ? split_values(cascade, block)
                                   : split_absolute(cascade, block);
}

static const struct pld_exact_tier c11 = {.name = "c11",
                                          .feed = feed_residual,
                                          .scan = scan,
                                          .nchoices = 5,
                                          .nlevels = {2, 3, 4, 6, 8},
                                          .windows = {29, 70, 111, 193, 275},
                                          .step = 41,
                                          .nblocks = 1,
                                          .nlanes = NLANES,
                                          .strict = true};

static const struct pld_exact_tier flag = {
    .name = "flag",
    .feed = feed_flag,
    .scan = scan,
    .sum_rest = pld_exact_sum_rest,
    .nchoices = 6,
    .nlevels = {0, 2, 3, 4, 6, 8},
    .windows = {18, 29, 70, 111, 193, 275},
    .step = 41,
    .nblocks = 1,
    .nlanes = NLANES,
    .strict = true};
