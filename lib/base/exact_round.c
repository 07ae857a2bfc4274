#include "polder/exact.h"
#include "base/exact.h"

static const int64_t digit_mask = (INT64_C(1) << PLD_EXACT_RADIX) - 1;

bool pld_exact_special(const pld_exact *sum, double *out)
{
    if (sum->nans == 0 && sum->plus == 0 && sum->minus == 0)
        return false;
    bool nan = sum->nans != 0 || (sum->plus != 0 && sum->minus != 0);
    uint64_t sign = sum->minus != 0 ? UINT64_C(1) << 63 : 0;
    *out = pld_bits_double(nan ? UINT64_C(0x7ff8) << 48
                               : UINT64_C(0x7ff0) << 48 | sign);
    return true;
}

/* Digits of sign * sum; what is left is carried beyond the last. */
static int64_t carry_digits(const pld_exact *sum, int64_t sign, int64_t *digits,
                            int n)
{
    int64_t carry = 0;
    for (int i = 0; i < n; i++) {
        int limb = sum->first + i;
        int64_t v = carry + (limb <= sum->last ? sign * sum->limb[limb] : 0);
        carry = v >> PLD_EXACT_RADIX;
        digits[i] = v & digit_mask;
    }
    return carry;
}

int pld_exact_digits(const pld_exact *sum, int64_t digits[PLD_EXACT_DIGITS],
                     int *first, bool *negative)
{
    *first = sum->first;
    *negative = false;
    if (sum->first > sum->last)
        return 0;
    int n = sum->last - sum->first + 3; /* limbs are below 2^63: two more */
    if (carry_digits(sum, 1, digits, n) < 0) {
        *negative = true;
        carry_digits(sum, -1, digits, n);
    }
    while (n > 0 && digits[n - 1] == 0)
        n--;
    return n;
}

double pld_exact_nearest(bool negative, uint64_t top, int exponent, bool sticky)
{
    const uint64_t sign = (uint64_t)negative << 63;
    /* Bits of `top` below the result's last one: 11, more when it is
     * denormal. */
    int drop = exponent + 11 < -1074 ? -1074 - exponent : 11;
    if (exponent + drop > 971)
        return pld_bits_double(sign | UINT64_C(0x7ff0) << 48);
    if (drop > 64)
        return pld_bits_double(sign);
    uint64_t kept = drop < 64 ? top >> drop : 0;
    uint64_t half = UINT64_C(1) << (drop - 1);
    uint64_t lost = top & (half | (half - 1));
    if (lost > half || (lost == half && (sticky || (kept & 1) != 0)))
        kept++;
    /* The leading bit of a normal number adds 1 to the exponent, and so does
     * the carry of a mantissa that was rounded up to 2^53. */
    uint64_t field = drop > 11 ? 0 : (uint64_t)(exponent + drop + 1074);
    return pld_bits_double(sign | ((field << 52) + kept));
}

double pld_exact_round(const pld_exact *sum)
{
    double special;
    if (pld_exact_special(sum, &special))
        return special;
    int64_t digits[PLD_EXACT_DIGITS];
    int first;
    bool negative;
    int n = pld_exact_digits(sum, digits, &first, &negative);
    if (n == 0)
        return 0.0;
    __extension__ typedef unsigned __int128 wide;
    wide value = 0; /* the three highest digits, to the left of 128 bits */
    for (int i = n - 1; i >= n - 3; i--)
        value = value << PLD_EXACT_RADIX | (wide)(i >= 0 ? digits[i] : 0);
    int shift = __builtin_clzll((uint64_t)(value >> 64));
    value <<= shift;
    bool sticky = (uint64_t)value != 0;
    for (int i = 0; i < n - 3 && !sticky; i++)
        sticky = digits[i] != 0;
    int exponent =
        PLD_EXACT_RADIX * (first + n - 3) + PLD_EXACT_BASE + 64 - shift;
    return pld_exact_nearest(negative, (uint64_t)(value >> 64), exponent,
                             sticky);
}
