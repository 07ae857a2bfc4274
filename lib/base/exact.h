#ifndef PLD_BASE_EXACT_H
#define PLD_BASE_EXACT_H

#include <stdint.h>
#include <string.h>

#include "polder/exact.h"

/* Inside exact sums. A double is m * 2^(e - 1075) with an integer m below 2^53
 * and e = 1..2046; e is its `exponent` here, and the rank 1 is shared by the
 * smallest normal numbers and the denormal ones. */

enum {
    PLD_EXACT_RADIX = 40,   /* bits from a limb to the next */
    PLD_EXACT_BASE = -2154, /* limb 0 counts multiples of 2^this */
    PLD_EXACT_SCALE = 1075, /* of the exponent of a double */

    /* A value deposited reaches three limbs, and adds less than 2^40 to each.
     * After so many additions limbs are below 2^61, and are made small. */
    PLD_EXACT_MOST_ADDED = 1 << 20
};

static inline uint64_t pld_double_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double pld_bits_double(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Add value * 2^exponent. Exponents from -2154 on, up to the largest that
 * leaves three limbs. */
void pld_exact_deposit(pld_exact *sum, int64_t value, int exponent);

/* Add one double, or the product of two: in integers, whatever they are. */
void pld_exact_deposit_double(pld_exact *sum, double x);
void pld_exact_deposit_product(pld_exact *sum, double x, double y);

/* Make every limb small: at most 2^39 in magnitude, but for the last. */
void pld_exact_normalise(pld_exact *sum);

/* Make it 0, in the time that what it holds takes. */
void pld_exact_wipe(pld_exact *sum);

/* As few words as a sum takes, up to PLD_EXACT_RECORD_WORDS; writing makes its
 * limbs small. Returns how many. */
enum { PLD_EXACT_RECORD_WORDS = 1 + PLD_EXACT_LIMBS };
int pld_exact_write(pld_exact *sum, int64_t *words);

/* The same for the sum of one double. */
int pld_exact_write_double(double x, int64_t *words);

/* Whether that was written, and which. */
bool pld_exact_is_double(const int64_t *words, double *out);

/* Add what was written to a sum; returns how many words it took. */
int pld_exact_read(pld_exact *sum, const int64_t *words);

/* NaN or infinity, if the sum is one. */
bool pld_exact_special(const pld_exact *sum, double *out);

/* The double nearest to +-(top + something below 1, if `sticky`) * 2^exponent,
 * ties to even; the highest bit of `top` must be set. In integers: no rounding
 * mode has a say. */
double pld_exact_nearest(bool negative, uint64_t top, int exponent,
                         bool sticky);

/* Doubles to add: rows of n neighbours, `xrow` apart. Products take y too;
 * for other terms it is x. */
struct pld_exact_tile {
    const double *x;
    const double *y;
    int64_t nrows;
    int64_t n;
    int64_t xrow;
    int64_t yrow;
    int64_t ahead; /* elements that follow, and are needed soon */
    bool far;      /* part of more than caches hold */
};

/* Kernels run in the default floating-point environment: to nearest, denormal
 * numbers as they are, no traps. */
typedef void pld_exact_kernel(pld_exact *sum, pld_exact_term term,
                              const struct pld_exact_tile *tile);

pld_exact_kernel pld_exact_scalar;
pld_exact_kernel pld_exact_c11;
pld_exact_kernel pld_exact_flag;
#ifdef __x86_64__
pld_exact_kernel pld_exact_c11_avx2;
pld_exact_kernel pld_exact_flag_avx2;
pld_exact_kernel pld_exact_avx512;

/* Whether this machine has what that needs, and its flags work. */
bool pld_exact_avx512_runs(void);
#endif

/* Those in use. */
pld_exact_kernel *pld_exact_chosen(void);

/* For tests: use the kernels of this name from now on; false when this machine
 * has none. */
bool pld_exact_use(const char *tier);

/* Add terms of integers. */
void pld_exact_add_integers(pld_exact *sum, pld_exact_term term, pld_type type,
                            int64_t n, const void *x, int64_t xstride,
                            const void *y, int64_t ystride);

/* The limbs of the magnitude, each within [0, 2^40), lowest first, from limb
 * `*first` on; returns how many, 0 when the value is 0. */
enum { PLD_EXACT_DIGITS = PLD_EXACT_LIMBS + 2 };
int pld_exact_digits(const pld_exact *sum, int64_t digits[PLD_EXACT_DIGITS],
                     int *first, bool *negative);

#endif
