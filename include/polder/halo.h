#ifndef PLD_HALO_H
#define PLD_HALO_H

#include "polder/field.h"

PLD_BEGIN_C

/** @file
 * Halo exchange: filling ghosts with the values of their owners.
 *
 * A halo is planned once and exchanged often. Fields of one exchange travel
 * together, one message for each pair of ranks. Ghosts outside the domain of a
 * dimension that is not periodic are not touched.
 *
 * Fields know how deep their ghosts are valid (see polder/field.h), so that
 * pld_halo_need() exchanges only where something changed, and pld_halo_next()
 * makes several steps for one exchange where halos are deep enough. */

/** Opaque: a plan, its buffers and its messages. */
typedef struct pld_halo pld_halo;

/** Which ghosts a stencil needs. */
typedef enum pld_stencil {
    PLD_BOX, /**< all, edges and corners included */
    PLD_STAR /**< only those that differ from an own index in one dimension */
} pld_stencil;

/** What to exchange. Zero is the default, but for the fields. */
typedef struct pld_halo_spec {
    int nfields;              /**< at least 1 */
    pld_field *const *fields; /**< on grids of one context; any types */
    pld_stencil stencil;      /**< which ghosts */
    /** Width at each side; all zero: the full halo of each field. More than a
     * field's halo is PLD_ERR_ARG. May exceed the neighbour's block. */
    pld_width width;
} pld_halo_spec;

/** Plan an exchange. The fields must outlive it. PLD_ERR_ARG when a field is
 * named twice or is of another context, PLD_ERR_MISMATCH when the ranks' specs
 * differ. *Collective, agreed*, but for a spec that names no field at all: it
 * has no context over which to agree. */
PLD_CALL pld_halo_create(const pld_halo_spec *spec, pld_halo **out);

/** Destroy it and set *halo to NULL; *halo may be NULL. PLD_ERR_STATE between
 * begin and end. *Collective*. */
PLD_CALL pld_halo_destroy(pld_halo **halo);

/** Start an exchange. Until pld_halo_end the ghosts must not be read and the
 * own points not be written; own points may be read. PLD_ERR_STATE when one is
 * under way. Several halos may be under way at a time; each rank may end them
 * in an order of its own. *Collective*. */
PLD_CALL pld_halo_begin(pld_halo *halo);

/** Whether pld_halo_end would return at once. Moves on with the exchange, so
 * that work between begin and end that calls it now and then hides more of it:
 * many MPI libraries make progress only when they are called. PLD_ERR_STATE
 * without a begin. *Local*. */
PLD_CALL pld_halo_test(pld_halo *halo, bool *out);

/** Wait until the ghosts are filled. PLD_ERR_STATE without a begin.
 * *Collective*. */
PLD_CALL pld_halo_end(pld_halo *halo);

/** Begin and end. *Collective*. */
PLD_CALL pld_halo_exchange(pld_halo *halo);

/** Whether the ghosts of all its fields are valid to its widths, for its
 * stencil: whether pld_halo_need would do nothing. *Local*; the same on all
 * ranks. */
PLD_API bool pld_halo_fresh(const pld_halo *halo);

/** Exchange unless the ghosts are fresh. Ranks do not ask each other: they
 * come to the same answer because they made the same calls. Debug builds make
 * sure: PLD_ERR_MISMATCH where ranks would decide differently, PLD_ERR_STATE
 * names a field that changed without pld_field_touch(). *Collective*. */
PLD_CALL pld_halo_need(pld_halo *halo);

/** Make ready for a step of a stencil of `radius`: exchange if the ghosts are
 * not valid to that depth, and say where to compute. With halos k times as
 * wide as the radius the same loop exchanges once in k steps and computes the
 * ghosts that it needs in between itself, with the same bits:
 *
 *     for (int64_t s = 0; s < steps; s++) {
 *         PLD_TRY(pld_halo_next(halo[s % 2], 1, &u[1 - s % 2], &box));
 *         step(u[s % 2], u[1 - s % 2], box);
 *     }
 *
 * `out` gets one box for each field of the halo: its own points and, around
 * them, the ghosts that can be computed from valid ones; never a point outside
 * the domain, where the caller's boundary values are. `to` holds the nfields
 * fields that the step writes, each with the points of the halo's field at its
 * place; NULL: it writes the halo's fields themselves. It must compute all of
 * the boxes; what it writes there need not be told by pld_field_touch().
 *
 * A side at which a field's width is 0 is one where it is read without
 * ghosts: there nothing is needed. PLD_ERR_ARG when the radius exceeds
 * another width, or is less than it with PLD_STAR: ghosts computed from ghosts
 * need edges and corners. Debug builds check as pld_halo_need() does, and make
 * ghosts that must not be read NaN. *Collective*. */
PLD_CALL pld_halo_next(pld_halo *halo, int64_t radius, pld_field *const *to,
                       pld_box *out);

/** Combine every ghost that an exchange would fill into the point that it is a
 * copy of: the adjoint of the exchange. Own points become the PLD_SUM, PLD_MIN
 * or PLD_MAX of their own value and of all these ghosts, on whatever rank;
 * points that no ghost is a copy of, and the ghosts, keep their bits. To start
 * anew set ghosts to 0 beforehand, to have them right exchange afterwards.
 *
 * Floating-point sums are exact over all that meets in a point, and rounded
 * once; so the order of messages does not matter. What each ghost holds is up
 * to the caller: contributions that were rounded when they were summed up
 * within a rank depend on the decomposition; polder/deposit.h avoids it.
 * PLD_FAST_SUM adds to a point first the ghosts of its own rank, then those of
 * others by ascending rank; ghosts of one rank from the lowest index to the
 * highest. Integer sums wrap. A NaN anywhere gives NaN, -0 counts below +0, a
 * sum that is zero is +0.
 *
 * The ghosts count as stale afterwards: see pld_halo_need().
 *
 * PLD_ERR_TYPE for the minimum or maximum of c128, PLD_ERR_STATE between begin
 * and end. *Collective*; the first call is agreed: it plans, and
 * allocates buffers half as large again as those of the exchange. */
PLD_CALL pld_halo_accumulate(pld_halo *halo, pld_op op);

/** What one exchange moves, on this rank. */
typedef struct pld_halo_info {
    int npeers;         /**< other ranks that it sends to or receives from */
    int64_t sent_bytes; /**< to other ranks */
    int64_t received_bytes; /**< from other ranks */
    int64_t copied_bytes;   /**< within this rank: periodic images */
    int64_t plan_bytes;     /**< memory of the plan, without buffers */
    int64_t buffer_bytes;   /**< memory of the message buffers */
} pld_halo_info;

/** See there. *Local*. */
PLD_CALL pld_halo_describe(const pld_halo *halo, pld_halo_info *out);

PLD_END_C

#endif
