#include "polder/exact.h"
#include "base/exact.h"

static const int64_t digit_mask = (INT64_C(1) << PLD_EXACT_RADIX) - 1;

void pld_exact_clear(pld_exact *sum)
{
    memset(sum, 0, sizeof *sum);
    sum->first = PLD_EXACT_LIMBS;
    sum->last = -1;
}

static void touch(pld_exact *sum, int first, int last)
{
    if (first < sum->first)
        sum->first = first;
    if (last > sum->last)
        sum->last = last;
}

/* Carry what exceeds half a digit. Digits of both signs keep small negative
 * values short, where those of one sign would reach to the top. */
void pld_exact_normalise(pld_exact *sum)
{
    const int64_t half = INT64_C(1) << (PLD_EXACT_RADIX - 1);
    int64_t carry = 0;
    int i = sum->first;
    for (; i < PLD_EXACT_LIMBS - 1 && (i <= sum->last || carry != 0); i++) {
        int64_t v = sum->limb[i] + carry;
        carry = (v + half) >> PLD_EXACT_RADIX;
        sum->limb[i] = v - carry * (digit_mask + 1);
    }
    if (carry != 0)
        sum->limb[i] += carry;
    if (i > sum->last)
        sum->last = carry != 0 ? i : i - 1;
    while (sum->last >= sum->first && sum->limb[sum->last] == 0)
        sum->last--;
    while (sum->first <= sum->last && sum->limb[sum->first] == 0)
        sum->first++;
    if (sum->first > sum->last) {
        sum->first = PLD_EXACT_LIMBS;
        sum->last = -1;
    }
    sum->nadded = 0;
}

static void count_addition(pld_exact *sum)
{
    if (++sum->nadded >= PLD_EXACT_MOST_ADDED)
        pld_exact_normalise(sum);
}

/*         ... 40 bits | 40 bits | 40 bits ...
 *             limb i+2    i+1       i
 * value         [.....|.........|.....]< shift >     */
void pld_exact_deposit(pld_exact *sum, int64_t value, int exponent)
{
    int position = exponent - PLD_EXACT_BASE;
    int i = position / PLD_EXACT_RADIX;
    int shift = position % PLD_EXACT_RADIX;
    int64_t sign = value >> 63; /* 0 or -1: signs of data are unpredictable */
    uint64_t u = (uint64_t)((value ^ sign) - sign);
    uint64_t rest = u >> (PLD_EXACT_RADIX - shift);
    int64_t low = (int64_t)(u << shift) & digit_mask;
    int64_t middle = (int64_t)rest & digit_mask;
    int64_t high = (int64_t)(rest >> PLD_EXACT_RADIX);
    sum->limb[i] += (low ^ sign) - sign;
    sum->limb[i + 1] += (middle ^ sign) - sign;
    sum->limb[i + 2] += (high ^ sign) - sign;
    touch(sum, i, i + 2);
    count_addition(sum);
}

static int exponent_of(uint64_t bits)
{
    int field = (int)(bits >> 52 & 0x7ff);
    return field > 0 ? field : 1;
}

static int64_t mantissa_of(uint64_t bits)
{
    int64_t fraction = (int64_t)(bits & UINT64_C(0x000fffffffffffff));
    return (bits >> 52 & 0x7ff) != 0 ? fraction | INT64_C(1) << 52 : fraction;
}

static bool is_finite(uint64_t bits)
{
    return (bits >> 52 & 0x7ff) != 0x7ff;
}

static bool is_nan(uint64_t bits)
{
    return (bits << 1) > UINT64_C(0x7ff) << 53;
}

static void count_special(pld_exact *sum, bool nan, bool negative)
{
    sum->nans += nan;
    sum->plus += !nan && !negative;
    sum->minus += !nan && negative;
}

void pld_exact_deposit_double(pld_exact *sum, double x)
{
    uint64_t bits = pld_double_bits(x);
    bool negative = bits >> 63 != 0;
    if (!is_finite(bits)) {
        count_special(sum, is_nan(bits), negative);
        return;
    }
    int64_t sign = -(int64_t)negative;
    pld_exact_deposit(sum, (mantissa_of(bits) ^ sign) - sign,
                      exponent_of(bits) - PLD_EXACT_SCALE);
}

static void deposit_special_product(pld_exact *sum, uint64_t x, uint64_t y)
{
    bool zero = x << 1 == 0 || y << 1 == 0;
    count_special(sum, zero || is_nan(x) || is_nan(y), (x ^ y) >> 63 != 0);
}

void pld_exact_deposit_product(pld_exact *sum, double x, double y)
{
    __extension__ typedef unsigned __int128 wide;
    uint64_t a = pld_double_bits(x);
    uint64_t b = pld_double_bits(y);
    if (!is_finite(a) || !is_finite(b)) {
        deposit_special_product(sum, a, b);
        return;
    }
    wide product = (wide)mantissa_of(a) * (wide)mantissa_of(b);
    int64_t low = (int64_t)(product & ((UINT64_C(1) << 53) - 1));
    int64_t high = (int64_t)(product >> 53);
    int64_t sign = -(int64_t)((a ^ b) >> 63);
    int exponent = exponent_of(a) + exponent_of(b) - 2 * PLD_EXACT_SCALE;
    pld_exact_deposit(sum, (low ^ sign) - sign, exponent);
    pld_exact_deposit(sum, (high ^ sign) - sign, exponent + 53);
}

void pld_exact_merge(pld_exact *sum, const pld_exact *other)
{
    for (int i = other->first; i <= other->last; i++)
        sum->limb[i] += other->limb[i];
    touch(sum, other->first, other->last);
    sum->nans += other->nans;
    sum->plus += other->plus;
    sum->minus += other->minus;
    sum->nadded += other->nadded;
    count_addition(sum);
}
