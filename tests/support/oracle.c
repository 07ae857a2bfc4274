#include "support/oracle.h"

#include <math.h>
#include <string.h>

enum { UNIT = -2148, BITS = 32 };

typedef struct oracle_integer integer;

/* --- Long integers, not negative ---------------------------------------------
 */

static void add_digits(integer *a, uint64_t value, int bit)
{
    int i = bit / BITS;
    uint64_t low = value << bit % BITS;
    uint64_t high = bit % BITS > 0 ? value >> (64 - bit % BITS) : 0;
    uint32_t part[3] = {(uint32_t)low, (uint32_t)(low >> BITS), (uint32_t)high};
    uint64_t carry = 0;
    for (int k = 0; k < 3 || carry > 0; k++) {
        carry += (uint64_t)a->digit[i + k] + (k < 3 ? part[k] : 0);
        a->digit[i + k] = (uint32_t)carry;
        carry >>= BITS;
    }
}

static int compare(const integer *a, const integer *b)
{
    for (int i = ORACLE_DIGITS - 1; i >= 0; i--)
        if (a->digit[i] != b->digit[i])
            return a->digit[i] < b->digit[i] ? -1 : 1;
    return 0;
}

/* The difference; returns whether b is the larger. */
static bool subtract(const integer *a, const integer *b, integer *out)
{
    bool swap = compare(a, b) < 0;
    const integer *large = swap ? b : a;
    const integer *small = swap ? a : b;
    int64_t borrow = 0;
    for (int i = 0; i < ORACLE_DIGITS; i++) {
        borrow += (int64_t)large->digit[i] - (int64_t)small->digit[i];
        out->digit[i] = (uint32_t)borrow;
        borrow = borrow < 0 ? -1 : 0;
    }
    return swap;
}

static int length(const integer *a)
{
    int n = ORACLE_DIGITS;
    while (n > 0 && a->digit[n - 1] == 0)
        n--;
    return n;
}

static void multiply(const integer *a, const integer *b, integer *out)
{
    memset(out, 0, sizeof *out);
    int nb = length(b);
    for (int i = 0; i < length(a); i++)
        for (int j = 0; j < nb && a->digit[i] != 0; j++)
            add_digits(out, (uint64_t)a->digit[i] * b->digit[j],
                       (i + j) * BITS);
}

static void multiply_by(integer *a, uint32_t factor)
{
    uint64_t carry = 0;
    for (int i = 0; i < ORACLE_DIGITS; i++) {
        carry += (uint64_t)a->digit[i] * factor;
        a->digit[i] = (uint32_t)carry;
        carry >>= BITS;
    }
}

static bool divide_by(integer *a, uint32_t divisor)
{
    uint64_t rest = 0;
    for (int i = ORACLE_DIGITS - 1; i >= 0; i--) {
        rest = rest << BITS | a->digit[i];
        a->digit[i] = (uint32_t)(rest / divisor);
        rest %= divisor;
    }
    return rest != 0;
}

static int bit_of(const integer *a, int bit)
{
    return bit < 0 ? 0 : (int)(a->digit[bit / BITS] >> bit % BITS & 1);
}

static void shift_left(const integer *a, int by, integer *out)
{
    memset(out, 0, sizeof *out);
    for (int i = 0; i < length(a); i++)
        add_digits(out, a->digit[i], i * BITS + by);
}

/* The double nearest to (a, and a bit more) * 2^unit. */
static double nearest(const integer *a, bool more, int unit)
{
    int top = length(a) * BITS - 1;
    while (top >= 0 && !bit_of(a, top))
        top--;
    int last = top - 52 > -1074 - unit ? top - 52 : -1074 - unit;
    uint64_t kept = 0;
    for (int bit = top; bit >= last; bit--)
        kept = 2 * kept + (uint64_t)bit_of(a, bit);
    for (int bit = 0; bit < last - 1 && !more; bit++)
        more = bit_of(a, bit);
    if (bit_of(a, last - 1) && (more || kept % 2 == 1))
        kept++;
    return ldexp((double)kept, last + unit);
}

/* --- Sums ------------------------------------------------------------------
 */

void oracle_clear(struct oracle *sum)
{
    memset(sum, 0, sizeof *sum);
}

static bool add_special(struct oracle *sum, double value)
{
    sum->nan = sum->nan || isnan(value);
    sum->plus_infinity = sum->plus_infinity || value == INFINITY;
    sum->minus_infinity = sum->minus_infinity || value == -INFINITY;
    return !isfinite(value);
}

static uint64_t mantissa(double x, int *exponent)
{
    double fraction = frexp(fabs(x), exponent);
    *exponent -= 53;
    uint64_t m = (uint64_t)ldexp(fraction, 53);
    while (m > 0 && m % 2 == 0) {
        m /= 2;
        ++*exponent;
    }
    return m;
}

void oracle_add(struct oracle *sum, double x)
{
    if (add_special(sum, x) || x == 0)
        return;
    int exponent;
    uint64_t m = mantissa(x, &exponent);
    add_digits(x < 0 ? &sum->minus : &sum->plus, m, exponent - UNIT);
}

void oracle_add_product(struct oracle *sum, double x, double y)
{
    if ((!isfinite(x) || !isfinite(y)) && add_special(sum, x * y))
        return;
    if (x == 0 || y == 0)
        return;
    int ex;
    int ey;
    uint64_t mx = mantissa(x, &ex);
    uint64_t my = mantissa(y, &ey);
    integer *to = (x < 0) != (y < 0) ? &sum->minus : &sum->plus;
    int bit = ex + ey - UNIT;
    add_digits(to, (mx & UINT32_MAX) * (my & UINT32_MAX), bit);
    add_digits(to, (mx >> BITS) * (my & UINT32_MAX), bit + BITS);
    add_digits(to, (mx & UINT32_MAX) * (my >> BITS), bit + BITS);
    add_digits(to, (mx >> BITS) * (my >> BITS), bit + 2 * BITS);
}

static bool is_special(const struct oracle *sum)
{
    return sum->nan || sum->plus_infinity || sum->minus_infinity;
}

double oracle_round(const struct oracle *sum)
{
    if (sum->nan || (sum->plus_infinity && sum->minus_infinity))
        return NAN;
    if (is_special(sum))
        return sum->plus_infinity ? INFINITY : -INFINITY;
    integer magnitude;
    bool negative = subtract(&sum->plus, &sum->minus, &magnitude);
    double value = nearest(&magnitude, false, UNIT);
    return negative ? -value : value;
}

double oracle_mean(const struct oracle *sum, int n)
{
    if (is_special(sum))
        return oracle_round(sum);
    integer magnitude;
    bool negative = subtract(&sum->plus, &sum->minus, &magnitude);
    bool rest = divide_by(&magnitude, (uint32_t)n);
    double value = nearest(&magnitude, rest, UNIT);
    return negative ? -value : value;
}

/* n p - x y in multiples of 2^(2 UNIT); returns whether it is negative. */
static bool moment_numerator(const struct oracle *x, const struct oracle *y,
                             const struct oracle *p, int n, integer *out)
{
    integer a;
    integer b;
    integer product;
    integer shifted;
    bool negative = subtract(&x->plus, &x->minus, &a);
    negative = subtract(&y->plus, &y->minus, &b) != negative;
    multiply(&a, &b, &product);
    bool p_negative = subtract(&p->plus, &p->minus, &a);
    multiply_by(&a, (uint32_t)n);
    shift_left(&a, -UNIT, &shifted);
    if (negative == p_negative)
        return subtract(&shifted, &product, out) != p_negative;
    *out = shifted;
    for (int i = 0; i < length(&product); i++)
        add_digits(out, product.digit[i], i * BITS);
    return p_negative;
}

double oracle_moment(const struct oracle *x, const struct oracle *y,
                     const struct oracle *products, int n, int ddof)
{
    if (is_special(x) || is_special(y) || is_special(products) || n <= ddof)
        return NAN;
    integer a;
    bool negative = moment_numerator(x, y, products, n, &a);
    if (length(&a) == 0)
        return 0;
    bool rest = divide_by(&a, (uint32_t)n);
    rest = divide_by(&a, (uint32_t)(n - ddof)) || rest;
    double value = nearest(&a, rest, 2 * UNIT);
    return negative ? -value : value;
}

/* Add the half of a double; infinity stands for 2^1024. */
static void add_half(integer *sum, double x)
{
    int exponent = 1024;
    uint64_t m = isinf(x) ? 1 : mantissa(x, &exponent);
    if (m != 0)
        add_digits(sum, m, exponent - 1 - UNIT);
}

/* Compare value * 2^(2 UNIT) with n m times the square of the middle between
 * `root` and its neighbour. */
static int compare_middle(const integer *value, double root, double neighbour,
                          int n, int m)
{
    integer sum;
    integer square;
    memset(&sum, 0, sizeof sum);
    add_half(&sum, root);
    add_half(&sum, neighbour);
    multiply(&sum, &sum, &square);
    multiply_by(&square, (uint32_t)n);
    multiply_by(&square, (uint32_t)m);
    return compare(value, &square);
}

static bool is_nearest_root(const integer *value, double root, int n, int m)
{
    if (length(value) == 0)
        return root == 0 && !signbit(root);
    if (!(root > 0))
        return false;
    bool above = compare_middle(value, root, nextafter(root, 0), n, m) >= 0;
    return above &&
           (isinf(root) ||
            compare_middle(value, root, nextafter(root, INFINITY), n, m) <= 0);
}

bool oracle_is_root(const struct oracle *sum, double root)
{
    if (is_special(sum))
        return isnan(oracle_round(sum)) ? isnan(root) : root == INFINITY;
    integer magnitude;
    integer shifted;
    subtract(&sum->plus, &sum->minus, &magnitude);
    shift_left(&magnitude, -UNIT, &shifted);
    return is_nearest_root(&shifted, root, 1, 1);
}

bool oracle_is_deviation(const struct oracle *x, const struct oracle *squares,
                         int n, int ddof, double root)
{
    if (is_special(x) || is_special(squares) || n <= ddof)
        return isnan(root);
    integer a;
    moment_numerator(x, x, squares, n, &a);
    return is_nearest_root(&a, root, n, n - ddof);
}
