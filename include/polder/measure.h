#ifndef PLD_MEASURE_H
#define PLD_MEASURE_H

#include "polder/field.h"
#include "polder/reduction.h"

PLD_BEGIN_C

/** @file
 * Measures of whole fields: sums, norms, statistics, extremes, histograms of
 * own points, never of ghosts. Exact and rounded once: the same bits on any
 * number of ranks and in any decomposition (see polder/reduction.h, which also
 * says what each measure is and of which type `out`).
 *
 * Each call is one message. Where several are wanted, or the same ones in every
 * time step, put them into one reduction by pld_field_term(). */

/** A component of a field, or a box of it, as operand x of a term; nothing else
 * of the term but its type is set from it. `box` in global indices; NULL: the
 * whole field. Its indices are those of `where`. The field must outlive what
 * the term is used for.
 *
 *     pld_term term;
 *     PLD_TRY(pld_field_term(u, 0, NULL, &term));
 *     term.what = PLD_MEASURE_MAX;
 *     term.out = &highest;
 *
 * *Local*. */
PLD_CALL pld_field_term(const pld_field *field, int comp, const pld_box *box,
                        pld_term *out);

/** A second field as operand y of that term: its grid, type and stagger must be
 * those of x. *Local*. */
PLD_CALL pld_field_term_second(const pld_field *field, int comp,
                               pld_term *term);

/** One measure of one component. *Collective*. */
PLD_CALL pld_field_measure(const pld_field *field, int comp, pld_measure what,
                           void *out);

/** One measure of two components: DOT or COVARIANCE. *Collective*. */
PLD_CALL pld_field_measure_two(const pld_field *x, int xcomp,
                               const pld_field *y, int ycomp, pld_measure what,
                               void *out);

/** Sum of x: an element. *Collective*. */
PLD_CALL pld_field_sum(const pld_field *field, int comp, void *out);
/** Sum of x y, of conj(x) y for c128: an element. *Collective*. */
PLD_CALL pld_field_dot(const pld_field *x, int xcomp, const pld_field *y,
                       int ycomp, void *out);
/** Square root of the sum of |x|^2. *Collective*. */
PLD_CALL pld_field_norm2(const pld_field *field, int comp, double *out);
/** Largest |x|. *Collective*. */
PLD_CALL pld_field_normmax(const pld_field *field, int comp, double *out);
/** Mean; of c128 two doubles. *Collective*. */
PLD_CALL pld_field_mean(const pld_field *field, int comp, double *out);
/** Variance of a sample. *Collective*. */
PLD_CALL pld_field_variance(const pld_field *field, int comp, double *out);

/** Least element, and the lowest global index that has it; `where` may be
 * NULL. *Collective*. */
PLD_CALL pld_field_min(const pld_field *field, int comp, void *out,
                       int64_t where[PLD_MAXDIM]);
/** Greatest element, likewise. *Collective*. */
PLD_CALL pld_field_max(const pld_field *field, int comp, void *out,
                       int64_t where[PLD_MAXDIM]);

/** How many points lie in each of nbins bins with nbins + 1 edges: see
 * pld_term. *Collective*. */
PLD_CALL pld_field_histogram(const pld_field *field, int comp, int64_t nbins,
                             const double *edges, int64_t *out);

/** Quantiles: see pld_quantiles(). *Collective*. */
PLD_CALL pld_field_quantiles(const pld_field *field, int comp, int n,
                             const double *fractions, void *out);

PLD_END_C

#endif
