#ifndef PLD_BASE_EXACT_CASCADE_H
#define PLD_BASE_EXACT_CASCADE_H

#include "base/exact.h"

/* A cascade adds doubles without error, at the speed of vectors. Each lane has
 * levels s[0], s[1], ..., each started at an anchor 1.5 * 2^k, which leaves
 * room for sums of both signs within the binade. An element x is added so:
 *
 *     t = s[0] + x         rounded to a multiple of 2^(k - 52)
 *     r = x - (t - s[0])   what was lost by that: passed on to the next level
 *     s[0] = t
 *
 * If both subtractions are exact then t + r = s[0] + x. They are known to be
 * either by the processor's inexact flag or because s[0] stays in its binade.
 * What the last level loses is added to `rest`, if there is a flag to tell that
 * this was exact, or must be zero. A block that fails is not added; it is then
 * tried with more levels. What is added is exact whichever way it goes.
 *
 * Products are a rounded product and its error, exact too; the errors have
 * levels of their own, 53 binades lower. */

enum {
    PLD_CASCADE_LANES = 32,
    PLD_CASCADE_LEVELS = 8,
    PLD_CASCADE_BLOCK = 8192, /* elements that are tried at once */
    PLD_CASCADE_CHOICES = 6
};

struct pld_cascade {
    _Alignas(64) double level[2][PLD_CASCADE_LEVELS][PLD_CASCADE_LANES];
    double rest[2][PLD_CASCADE_LANES];
    double anchor[2][PLD_CASCADE_LEVELS];
    double xscale; /* powers of two that keep products in range */
    double yscale;
    int nlevels;
    int nlanes;   /* in use */
    int top;      /* exponent of the first anchor */
    int exponent; /* what is in here counts times 2^exponent */
    int nblocks;  /* added since the levels were empty */
};

/* Exponent fields: 1 to 2046 of finite numbers, 2047 of others; of zeros none,
 * so that high is 0 where all are zero. */
struct pld_exact_range {
    int low;
    int high;
};

/* What a few terms suggest: the exponent field of the highest, and their sum,
 * rounded. */
struct pld_exact_start {
    int high;
    double sum;
};

/* What a tier does in its own way. A tile is a block here. */
struct pld_exact_tier {
    const char *name;
    /* Add the block, or leave the cascade as it was and return false. */
    bool (*feed)(struct pld_cascade *cascade, pld_exact_term term,
                 const struct pld_exact_tile *block);
    /* Range of the elements of x. */
    struct pld_exact_range (*scan)(const struct pld_exact_tile *block);
    /* Of a few terms, or NULL: see `scan`. */
    struct pld_exact_start (*start)(pld_exact_term term,
                                    const struct pld_exact_tile *block);
    /* Sum of the rest; false when that is not exact. */
    bool (*sum_rest)(const double *rest, int nlanes, double *sum);
    /* Numbers of levels that feed knows, from the least on, and the binades
     * that each may span. None at all are two rests. */
    int nchoices;
    int nlevels[PLD_CASCADE_CHOICES];
    int windows[PLD_CASCADE_CHOICES];
    int step;    /* binades from a level's anchor to the next */
    int nblocks; /* added before levels are emptied */
    int nlanes;  /* that share the elements */
    bool strict; /* sums must stay in the binades of their anchors */
};

/* Add a tile, by a tier's cascades as far as they go. */
void pld_exact_add_tile(pld_exact *sum, pld_exact_term term,
                        const struct pld_exact_tile *tile,
                        const struct pld_exact_tier *tier);

static inline bool pld_exact_is_product(pld_exact_term term)
{
    return term == PLD_EXACT_SQUARE || term == PLD_EXACT_PRODUCT;
}

void pld_cascade_open(struct pld_cascade *cascade, int nlevels, int nparts,
                      int top, int step);
void pld_cascade_empty(struct pld_cascade *cascade, int nparts,
                       const struct pld_exact_tier *tier, pld_exact *sum);

/* Sum of the rest of lanes where flags tell whether it is exact. */
bool pld_exact_sum_rest(const double *rest, int nlanes, double *sum);

/* The last resort: sums by exponent, in integers; any block will do. Values
 * have a slot for each sign and exponent, products for each sum of exponents.
 * Empty before the first block, and when emptied. */
__extension__ typedef __int128 pld_exact_wide;
enum { PLD_EXACT_SLOTS = 4096 };

struct pld_exact_slots {
    bool in_use;
    int nblocks; /* of products */
    union {
        uint64_t values[PLD_EXACT_SLOTS];
        pld_exact_wide products[PLD_EXACT_SLOTS];
    };
};

void pld_exact_slots_add(struct pld_exact_slots *slots, pld_exact_term term,
                         const struct pld_exact_tile *block, pld_exact *sum);
void pld_exact_slots_empty(struct pld_exact_slots *slots, bool products,
                           pld_exact *sum);

#endif
