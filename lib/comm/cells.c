#include "comm/cells.h"

#include "base/alloc.h"

/* An addition changes a limb by less than 2^40. A limb that reaches 2^61 is
 * carried into the next; the highest waits until there is one, and has room
 * for 2^22 additions more. */
static const int64_t carry_from = INT64_C(1) << 61;
static const int64_t half = INT64_C(1) << (PLD_EXACT_RADIX - 1);
static const int64_t digit_mask = (INT64_C(1) << PLD_EXACT_RADIX) - 1;

/* The word for what is special has a flag in each of three fields, which count
 * when words are added up. */
enum { FIELD = 20 };
static const int64_t field_mask = (INT64_C(1) << FIELD) - 1;

/* --- Windows -------------------------------------------------------------- */

struct pld_window pld_window_empty(void)
{
    return (struct pld_window){.first = PLD_EXACT_LIMBS};
}

struct pld_window pld_window_union(struct pld_window a, struct pld_window b)
{
    return (struct pld_window){.first = a.first < b.first ? a.first : b.first,
                               .end = a.end > b.end ? a.end : b.end,
                               .special = a.special || b.special};
}

/* A double as limbs[0] ... [2] times 2^40 each, from limb `first` on. */
struct digits {
    int first;
    int64_t limbs[3];
};

/* Biased exponent of a double; 0x7ff for what is no number. */
static int exponent_of(uint64_t bits)
{
    return (int)(bits >> 52 & 0x7ff);
}

static struct digits split(uint64_t bits)
{
    int exponent = exponent_of(bits);
    uint64_t m = bits & ((UINT64_C(1) << 52) - 1);
    m |= exponent > 0 ? UINT64_C(1) << 52 : 0;
    exponent = exponent > 0 ? exponent : 1;
    int position = exponent - PLD_EXACT_SCALE - PLD_EXACT_BASE;
    int shift = position % PLD_EXACT_RADIX;
    int64_t sign = bits >> 63 != 0 ? -1 : 1;
    int64_t low = (int64_t)(m << shift) & digit_mask;
    int64_t rest = (int64_t)(m >> (PLD_EXACT_RADIX - shift));
    return (struct digits){.first = position / PLD_EXACT_RADIX,
                           .limbs = {sign * low, sign * (rest & digit_mask),
                                     sign * (rest >> PLD_EXACT_RADIX)}};
}

static struct pld_window window_of_one(double x)
{
    struct pld_window window = pld_window_empty();
    uint64_t bits = pld_double_bits(x);
    window.special = exponent_of(bits) == 0x7ff;
    if (window.special)
        return window;
    struct digits digits = split(bits);
    for (int k = 0; k < 3; k++)
        if (digits.limbs[k] != 0) {
            int limb = digits.first + k;
            window.first = limb < window.first ? limb : window.first;
            window.end = limb + 1;
        }
    return window;
}

struct pld_window pld_window_of(int64_t n, const double *x)
{
    struct pld_window window = pld_window_empty();
    for (int64_t i = 0; i < n; i++)
        window = pld_window_union(window, window_of_one(x[i]));
    return window;
}

/* --- Sums ----------------------------------------------------------------- */

static int limbs_of(struct pld_window window)
{
    return window.end > window.first ? window.end - window.first : 0;
}

static void copy_sums(const struct pld_cells *from, struct pld_cells *to)
{
    int nlimbs = limbs_of(from->window);
    int shift = from->window.first - to->window.first + to->window.special;
    for (int64_t i = 0; i < from->nsums; i++) {
        const int64_t *old = from->words + i * from->nwords;
        int64_t *new = to->words + i * to->nwords;
        if (from->window.special)
            new[0] = *old++;
        for (int k = 0; k < nlimbs; k++)
            new[shift + k] = old[k];
    }
}

pld_status pld_cells_widen(struct pld_cells *cells, struct pld_window window)
{
    struct pld_cells wide = {.nsums = cells->nsums};
    wide.window = pld_window_union(cells->window, window);
    wide.nwords = limbs_of(wide.window) + wide.window.special;
    if (wide.nwords == cells->nwords)
        return PLD_OK;
    PLD_TRY(pld_alloc("exact sums of cells", wide.nsums,
                      (size_t)wide.nwords * sizeof *wide.words, &wide.words));
    copy_sums(cells, &wide);
    pld_free(cells->words);
    *cells = wide;
    return PLD_OK;
}

/* Leave of limb k what is small. */
static void carry(int64_t *limbs, int k)
{
    int64_t more = (limbs[k] + half) >> PLD_EXACT_RADIX;
    limbs[k] -= more * (digit_mask + 1);
    limbs[k + 1] += more;
}

static void add_special(int64_t *word, uint64_t bits)
{
    bool nan = bits << 12 != 0;
    bool minus = bits >> 63 != 0;
    *word |= INT64_C(1) << (nan ? 0 : minus ? 2 * FIELD : FIELD);
}

static void add_to_limb(struct pld_cells *cells, int64_t *limbs, int k,
                        int64_t value)
{
    int64_t sum = limbs[k] += value;
    if (sum < carry_from && sum > -carry_from)
        return;
    if (k + 1 < limbs_of(cells->window))
        carry(limbs, k);
    else
        cells->full = true;
}

void pld_cells_add(struct pld_cells *cells, int64_t number, double x)
{
    uint64_t bits = pld_double_bits(x);
    int64_t *words = cells->words + number * cells->nwords;
    if (exponent_of(bits) == 0x7ff) {
        add_special(words, bits);
        return;
    }
    struct digits digits = split(bits);
    int64_t *limbs = words + cells->window.special;
    for (int k = 0; k < 3; k++)
        if (digits.limbs[k] != 0)
            add_to_limb(cells, limbs, digits.first + k - cells->window.first,
                        digits.limbs[k]);
}

struct pld_window pld_cells_needed(const struct pld_cells *cells)
{
    struct pld_window window = cells->window;
    if (limbs_of(window) == 0)
        return window;
    for (int64_t i = 0; i < cells->nsums; i++) {
        int64_t top = cells->words[(i + 1) * cells->nwords - 1];
        if (top > digit_mask || top < -digit_mask) {
            window.end++;
            break;
        }
    }
    return window;
}

void pld_cells_settle(struct pld_cells *cells)
{
    int nlimbs = limbs_of(cells->window);
    for (int64_t i = 0; nlimbs > 1 && i < cells->nsums; i++) {
        int64_t *limbs =
            cells->words + i * cells->nwords + cells->window.special;
        for (int k = 0; k < nlimbs - 1; k++)
            carry(limbs, k);
    }
}

double pld_cells_round(const struct pld_cells *cells, int64_t number,
                       pld_exact *room)
{
    const int64_t *words = cells->words + number * cells->nwords;
    int nlimbs = limbs_of(cells->window);
    if (cells->nwords == 0)
        return 0.0;
    if (cells->window.special) {
        room->nans = words[0] & field_mask;
        room->plus = words[0] >> FIELD & field_mask;
        room->minus = words[0] >> 2 * FIELD;
        words++;
    }
    for (int k = 0; k < nlimbs; k++)
        room->limb[cells->window.first + k] = words[k];
    room->first = cells->window.first;
    room->last = cells->window.end - 1;
    return pld_exact_round(room);
}

void pld_cells_clear(struct pld_cells *cells)
{
    pld_free(cells->words);
    *cells =
        (struct pld_cells){.nsums = cells->nsums, .window = pld_window_empty()};
}
