#ifndef PLD_REDUCTION_H
#define PLD_REDUCTION_H

#include <stdint.h>

#include "polder/box.h"
#include "polder/context.h"
#include "polder/types.h"

PLD_BEGIN_C

/** @file
 * Reductions planned once and run often: any mix of sums, norms, statistics,
 * extremes, counts and histograms of arrays that lie across the ranks, combined
 * in one message. Ranks of a node combine in the memory that they share, and
 * one of them exchanges messages with other nodes; of sums, these have as many
 * bits as the values need, some 40 to 50 bytes as a rule.
 *
 *     double norm;
 *     double highest;
 *     pld_term terms[2];
 *     terms[0] = pld_term_of(PLD_MEASURE_NORM2, PLD_F64, n, x, &norm);
 *     terms[1] = pld_term_of(PLD_MEASURE_MAX, PLD_F64, n, x, &highest);
 *     pld_reduction_spec spec = {.nterms = 2, .terms = terms};
 *     PLD_TRY(pld_reduction_create(ctx, &spec, &reduction));
 *     ...
 *         PLD_TRY(pld_reduction_run(reduction));
 *
 * Results are exact, rounded once: the same bits on any number of ranks, in any
 * decomposition, whatever the order of messages (see polder/exact.h). Every
 * element must be counted on one rank only. Results are written on all ranks.
 */

/** What to compute. `element` is the type of the elements. A NaN among the
 * elements makes the result NaN, except of counts and histograms. */
typedef enum pld_measure {
    PLD_MEASURE_SUM,        /**< sum of x; integers wrap: element */
    PLD_MEASURE_DOT,        /**< sum of x y, of conj(x) y: element */
    PLD_MEASURE_NORM1,      /**< sum of |x|: double */
    PLD_MEASURE_NORM2,      /**< square root of the sum of |x|^2: double */
    PLD_MEASURE_NORMMAX,    /**< largest |x|, 0 of nothing: double */
    PLD_MEASURE_MEAN,       /**< double, of c128 two */
    PLD_MEASURE_VARIANCE,   /**< of a sample, divided by n - 1: double */
    PLD_MEASURE_DEVIATION,  /**< the square root of the variance: double */
    PLD_MEASURE_COVARIANCE, /**< of x and y, by n - 1: double */
    PLD_MEASURE_MIN,        /**< least x, -0 below +0: element */
    PLD_MEASURE_MAX,        /**< greatest x: element */
    PLD_MEASURE_COUNT,      /**< elements that are not 0: int64_t */
    PLD_MEASURE_ANY,        /**< whether one is not 0: bool */
    PLD_MEASURE_ALL,        /**< whether none is 0: bool */
    PLD_MEASURE_HISTOGRAM,  /**< how many in each bin: int64_t[nbins] */
    PLD_MEASURE_WEIGHTED,   /**< sum of y in each bin: double[nbins] */
    PLD_MEASURE_CUSTOM,     /**< records, by the caller's function */
    PLD_MEASURE_KINDS       /**< their number, not one of them */
} pld_measure;

/** For `flags`: SUM, DOT, NORM1, NORM2 and MEAN of floating-point numbers in
 * plain arithmetic. What is lost: results depend on the number of ranks, on the
 * decomposition and on the MPI library, in the last bits or, where terms
 * cancel, in all of them; squares may overflow. What is won: up to half of the
 * time where all data is in the cache, next to nothing where it is not. */
enum { PLD_FAST = 1 };

/** Elements in memory, those of the term's box. */
typedef struct pld_operand {
    const void *data;           /**< the element at the box's first index */
    int64_t stride[PLD_MAXDIM]; /**< elements from an index to the next; all 0:
                                   the box lies densely in C order */
} pld_operand;

/** Combine record `in` of a higher rank into `inout`; must not call Polder. */
typedef void pld_combine(const void *in, void *inout, void *data);

/** One quantity. Of all ranks the same: what, type, flags, nbins, edges, bytes,
 * and whether `where` is NULL. */
typedef struct pld_term {
    pld_measure what; /**< to be computed */
    pld_type type;    /**< of the elements of x and y */
    int flags;        /**< 0 or PLD_FAST */
    pld_box box;   /**< global indices of this rank's elements; may be empty */
    pld_operand x; /**< the elements */
    pld_operand y; /**< of DOT, COVARIANCE, WEIGHTED: the second factor */
    /** Of histograms: bin b has edges[b] <= x < edges[b + 1], the last one its
     * upper edge too. What lies outside, or is NaN, is in no bin. */
    int64_t nbins;
    const double *edges; /**< nbins + 1, ascending, finite; copied */
    /** Of CUSTOM: x.data is a record of so many bytes. Those of the ranks are
     * combined in the order 0, 1, 2, ..., from the left, whatever the MPI
     * library: so the result depends on the number of ranks at most. Between
     * nodes the records of all ranks are sent. */
    int64_t bytes;
    pld_combine *combine; /**< of CUSTOM */
    void *data;           /**< for `combine` */
    void *out;            /**< the result; its type is said at `what` */
    /** Of MIN and MAX, NULL or three: the lowest global index that has the
     * value (of a NaN, if there is one); -1 of nothing. */
    int64_t *where;
} pld_term;

/** A term of n local elements at x: a box {1, 1, n} from index 0 on. For global
 * indices set box.first[2]. *Local*. */
PLD_API pld_term pld_term_of(pld_measure what, pld_type type, int64_t n,
                             const void *x, void *out);

/** What to reduce. */
typedef struct pld_reduction_spec {
    int nterms;            /**< at least 1 */
    const pld_term *terms; /**< copied; what they point to is not */
} pld_reduction_spec;

/** Opaque. */
typedef struct pld_reduction pld_reduction;

/** Plan a reduction. Memory that terms point to must stay until it is
 * destroyed. *Collective, agreed*. */
PLD_CALL pld_reduction_create(pld_ctx *ctx, const pld_reduction_spec *spec,
                              pld_reduction **out);

/** Read the elements and start combining: they may be changed afterwards.
 * Several reductions may be under way; all ranks begin and end them in the same
 * order. PLD_ERR_STATE when it has begun already. *Collective*. */
PLD_CALL pld_reduction_begin(pld_reduction *reduction);
/** Wait for the others and write the results. PLD_ERR_STATE when it has not
 * begun. *Collective*. */
PLD_CALL pld_reduction_end(pld_reduction *reduction);
/** Begin and end. *Collective*. */
PLD_CALL pld_reduction_run(pld_reduction *reduction);

/** Destroy it and set *reduction to NULL; *reduction may be NULL.
 * PLD_ERR_STATE between begin and end. *Collective*. */
PLD_CALL pld_reduction_destroy(pld_reduction **reduction);

/** Create, run, destroy, in the time of one message; of results of more than
 * about 64 KiB, in that of several. A wrong argument of one rank is the error
 * of all, and PLD_ERR_MISMATCH tells that ranks ask for different things (but
 * for other edges of as many bins). *Collective, agreed*. */
PLD_CALL pld_reduction_once(pld_ctx *ctx, int nterms, const pld_term *terms);

/** Quantiles by selection, exact whatever the data: out[i] is the element (of
 * `type`) that is the max(1, ceil(fractions[i] N))-th smallest of all N. With a
 * NaN anywhere all are NaN. PLD_ERR_ARG when N is 0; c128 is PLD_ERR_TYPE.
 * Copies the elements; sends 9 messages, of i32 5, whatever n and N are.
 * *Collective*: n and fractions must agree. */
PLD_CALL pld_quantiles(pld_ctx *ctx, pld_type type, pld_box box, pld_operand x,
                       int n, const double *fractions, void *out);

/** Prefix sums: out[i] is the sum of all elements before in[i], those of lower
 * ranks first; every one exact and rounded once, so the same bits however the
 * elements are distributed. Integers wrap. `out` may be `in`. *Collective*. */
PLD_CALL pld_prefix(pld_ctx *ctx, pld_type type, const void *in, int64_t count,
                    void *out);

PLD_END_C

#endif
