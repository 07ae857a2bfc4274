#include "base/exact_cascade.h"

/* A slot has room for 2^10 more values when its highest bit appears, and for
 * 2^20 products. */
enum {
    CHUNK = 128,
    MAX_BLOCKS = (1 << 20) / PLD_CASCADE_BLOCK,
    SPECIAL = 0x7ff,
    SIGN = 0x800
};

typedef pld_exact_wide wide;

static inline int field_of(uint64_t bits)
{
    return (int)(bits >> 52) & SPECIAL;
}

/* Zeros and denormal numbers have no leading bit, and the exponent 1. */
static inline uint64_t mantissa_of(uint64_t bits)
{
    uint64_t leading = (uint64_t)(field_of(bits) != 0) << 52;
    return (bits & UINT64_C(0x000fffffffffffff)) | leading;
}

static inline int exponent_of(uint64_t bits)
{
    return field_of(bits) | (field_of(bits) == 0);
}

/* Slots take so long that the next block is fetched meanwhile. */
static void fetch_next(const struct pld_exact_tile *block, const double *x,
                       int64_t n)
{
    for (int64_t i = 0; i < n && block->ahead > 0; i += 8)
        __builtin_prefetch(
            (const char *)((uintptr_t)(x + i) + PLD_CASCADE_BLOCK * sizeof *x),
            0, 2);
}

static void spill_value(struct pld_exact_slots *slots, int slot, pld_exact *sum)
{
    int field = slot & SPECIAL;
    int exponent = (field > 0 ? field : 1) - PLD_EXACT_SCALE;
    int64_t sign = (slot & SIGN) != 0 ? -1 : 1;
    int64_t low = (int64_t)(slots->values[slot] & UINT32_MAX);
    int64_t high = (int64_t)(slots->values[slot] >> 32);
    pld_exact_deposit(sum, sign * low, exponent);
    pld_exact_deposit(sum, sign * high, exponent + 32);
    slots->values[slot] = 0;
}

/* What went into the slots of infinities and NaNs is of no use. */
static void add_specials(struct pld_exact_slots *slots, const double *x,
                         int64_t n, uint64_t mask, pld_exact *sum)
{
    slots->values[SPECIAL] = 0;
    slots->values[SIGN | SPECIAL] = 0;
    for (int64_t i = 0; i < n; i++)
        if (field_of(pld_double_bits(x[i])) == SPECIAL)
            pld_exact_deposit_double(
                sum, pld_bits_double(pld_double_bits(x[i]) & mask));
}

static void add_values(struct pld_exact_slots *slots, const double *x,
                       int64_t n, uint64_t mask, pld_exact *sum)
{
    uint64_t *values = slots->values;
    uint64_t seen = 0;
    for (int64_t i = 0; i < n; i++) {
        uint64_t bits = pld_double_bits(x[i]) & mask;
        uint64_t value = values[bits >> 52] + mantissa_of(bits);
        values[bits >> 52] = value;
        seen |= value;
    }
    if ((values[SPECIAL] | values[SIGN | SPECIAL]) != 0)
        add_specials(slots, x, n, mask, sum);
    for (int slot = 0; seen >> 63 != 0 && slot < PLD_EXACT_SLOTS; slot++)
        if (values[slot] >> 62 != 0) /* those that soon will */
            spill_value(slots, slot, sum);
}

static void spill_product(struct pld_exact_slots *slots, int slot,
                          pld_exact *sum)
{
    const int64_t mask = (INT64_C(1) << 53) - 1;
    int exponent = slot - 2 * PLD_EXACT_SCALE;
    wide value = slots->products[slot];
    for (int part = 0; part < 3; part++, value >>= 53)
        pld_exact_deposit(sum,
                          part < 2 ? (int64_t)value & mask : (int64_t)value,
                          exponent + 53 * part);
    slots->products[slot] = 0;
}

static void add_products(struct pld_exact_slots *slots, const double *x,
                         const double *y, int64_t n, pld_exact *sum)
{
    for (int64_t i = 0; i < n; i++) {
        uint64_t a = pld_double_bits(x[i]);
        uint64_t b = pld_double_bits(y[i]);
        if (field_of(a) == SPECIAL || field_of(b) == SPECIAL) {
            pld_exact_deposit_product(sum, x[i], y[i]);
            continue;
        }
        wide product = (wide)mantissa_of(a) * (wide)mantissa_of(b);
        wide sign = -(wide)((a ^ b) >> 63);
        slots->products[exponent_of(a) + exponent_of(b)] +=
            (product ^ sign) - sign;
    }
}

void pld_exact_slots_empty(struct pld_exact_slots *slots, bool products,
                           pld_exact *sum)
{
    if (!slots->in_use)
        return;
    for (int slot = 0; slot < PLD_EXACT_SLOTS; slot++)
        if (products && slots->products[slot] != 0)
            spill_product(slots, slot, sum);
        else if (!products && slots->values[slot] != 0)
            spill_value(slots, slot, sum);
    slots->nblocks = 0;
}

static void open_slots(struct pld_exact_slots *slots, bool products)
{
    if (slots->in_use)
        return;
    if (products)
        memset(slots->products, 0, sizeof slots->products);
    else
        memset(slots->values, 0, sizeof slots->values);
    slots->nblocks = 0;
    slots->in_use = true;
}

void pld_exact_slots_add(struct pld_exact_slots *slots, pld_exact_term term,
                         const struct pld_exact_tile *block, pld_exact *sum)
{
    const bool products = pld_exact_is_product(term);
    const uint64_t mask =
        term == PLD_EXACT_ABSOLUTE ? ~UINT64_C(0) >> 1 : ~UINT64_C(0);
    open_slots(slots, products);
    for (int64_t row = 0; row < block->nrows; row++) {
        const double *x = block->x + row * block->xrow;
        const double *y = block->y + row * block->yrow;
        for (int64_t i = 0; i < block->n; i += CHUNK) {
            int64_t n = block->n - i < CHUNK ? block->n - i : CHUNK;
            fetch_next(block, x + i, n);
            if (term == PLD_EXACT_PRODUCT)
                fetch_next(block, y + i, n);
            if (products)
                add_products(slots, x + i, y + i, n, sum);
            else
                add_values(slots, x + i, n, mask, sum);
        }
    }
    if (products && ++slots->nblocks == MAX_BLOCKS)
        pld_exact_slots_empty(slots, products, sum);
}
