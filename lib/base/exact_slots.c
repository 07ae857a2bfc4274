#include "base/exact_cascade.h"

/* A sum for each sign and exponent. Implicit leading bits are added to zeros
 * and denormal numbers too, and taken back in the end. */
enum { NSLOTS = 4096, NPRODUCTS = 4096 };

static const uint64_t fraction_mask = UINT64_C(0x000fffffffffffff);
static const uint64_t leading_bit = UINT64_C(1) << 52;

static void spill(pld_exact *sum, int slot, uint64_t value)
{
    int field = slot & 0x7ff;
    int exponent = (field > 0 ? field : 1) - PLD_EXACT_SCALE;
    int64_t low = (int64_t)(value & UINT32_MAX);
    int64_t high = (int64_t)(value >> 32);
    bool negative = slot >> 11 != 0;
    pld_exact_deposit(sum, negative ? -low : low, exponent);
    pld_exact_deposit(sum, negative ? -high : high, exponent + 32);
}

static void add_values(pld_exact *sum, const struct pld_exact_tile *block,
                       uint64_t sign_mask)
{
    uint64_t slots[NSLOTS];
    memset(slots, 0, sizeof slots);
    for (int64_t row = 0; row < block->nrows; row++) {
        const double *x = block->x + row * block->xrow;
        for (int64_t i = 0; i < block->n; i++) {
            uint64_t bits = pld_double_bits(x[i]) & sign_mask;
            int slot = (int)(bits >> 52);
            if ((slot & 0x7ff) == 0x7ff) {
                pld_exact_deposit_double(sum, pld_bits_double(bits));
                continue;
            }
            uint64_t leading = (slot & 0x7ff) != 0 ? leading_bit : 0;
            slots[slot] += (bits & fraction_mask) | leading;
            if (slots[slot] >> 63 != 0) {
                spill(sum, slot, slots[slot]);
                slots[slot] = 0;
            }
        }
    }
    for (int slot = 0; slot < NSLOTS; slot++)
        if (slots[slot] != 0)
            spill(sum, slot, slots[slot]);
}

static void add_products(pld_exact *sum, const struct pld_exact_tile *block,
                         const double *y, int64_t yrow)
{
    for (int64_t row = 0; row < block->nrows; row++)
        for (int64_t i = 0; i < block->n; i++)
            pld_exact_deposit_product(sum, block->x[row * block->xrow + i],
                                      y[row * yrow + i]);
}

void pld_exact_add_slots(pld_exact *sum, pld_exact_term term,
                         const struct pld_exact_tile *block)
{
    if (term == PLD_EXACT_SQUARE)
        add_products(sum, block, block->x, block->xrow);
    else if (term == PLD_EXACT_PRODUCT)
        add_products(sum, block, block->y, block->yrow);
    else
        add_values(sum, block,
                   term == PLD_EXACT_ABSOLUTE ? ~UINT64_C(0) >> 1
                                              : ~UINT64_C(0));
}
