#ifndef PLD_TESTS_ORACLE_H
#define PLD_TESTS_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

/* Exact sums as one would do them by hand: long integers, digit by digit, with
 * nothing of the library. Magnitudes of positive and negative terms are summed
 * apart; both count multiples of 2^-2148, the smallest product. */

enum { ORACLE_DIGITS = 320 };

struct oracle_integer {
    uint32_t digit[ORACLE_DIGITS]; /* lowest first */
};

struct oracle {
    struct oracle_integer plus;
    struct oracle_integer minus;
    bool nan;
    bool plus_infinity;
    bool minus_infinity;
};

void oracle_clear(struct oracle *sum);
void oracle_add(struct oracle *sum, double x);
void oracle_add_product(struct oracle *sum, double x, double y);

/* The nearest double, ties to even. */
double oracle_round(const struct oracle *sum);

/* sum / n, and (n p - x y) / (n (n - ddof)); NaN unless all is finite. */
double oracle_mean(const struct oracle *sum, int n);
double oracle_moment(const struct oracle *x, const struct oracle *y,
                     const struct oracle *products, int n, int ddof);

/* Whether `root` is the double nearest to the root of a sum that is not
 * negative, or of the moment. */
bool oracle_is_root(const struct oracle *sum, double root);
bool oracle_is_deviation(const struct oracle *x, const struct oracle *squares,
                         int n, int ddof, double root);

#endif
