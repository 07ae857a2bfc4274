#ifndef PLD_REDISTRIBUTE_H
#define PLD_REDISTRIBUTE_H

#include "polder/field.h"

PLD_BEGIN_C

/** @file
 * Redistribution: moving fields from one grid to another one of the same
 * size, which is cut otherwise: other cuts, another process grid, other ranks
 * that own nothing; from pencils along one dimension to pencils along another.
 *
 *     PLD_TRY(pld_redistribute(u, v));          one field, once
 *
 * What is done often is planned once. Fields of one redistribution travel
 * together. Layout, halo and order of dimensions in memory may differ between
 * a field and the one that it goes to: the one pass that moves the values
 * puts them where they belong. */

/** Opaque: a plan, its buffers and its messages. */
typedef struct pld_redistribution pld_redistribution;

/** What to move. Zero is the default, but for the fields. */
typedef struct pld_redistribution_spec {
    int nfields;            /**< at least 1 */
    pld_field *const *from; /**< the fields to read */
    /** The fields to write: own points of to[i] get the values of from[i],
     * its ghosts do not, and are stale. Both have the same type, components,
     * stagger and number of points along each dimension. */
    pld_field *const *to;
} pld_redistribution_spec;

/** Plan to move fields. They must outlive it. All live on grids of one
 * context. PLD_ERR_ARG when a field is written twice, or both read and written,
 * or when the memory of one that is written overlaps that of another one;
 * PLD_ERR_SHAPE and PLD_ERR_TYPE when the two of a pair are not alike;
 * PLD_ERR_MISMATCH when the ranks' specs differ. *Collective, agreed*, but for
 * a spec that names no field at all: it has no context over which to agree. */
PLD_CALL pld_redistribution_create(const pld_redistribution_spec *spec,
                                   pld_redistribution **out);

/** Destroy it and set *redistribution to NULL; *redistribution may be NULL.
 * PLD_ERR_STATE between begin and end. *Collective*. */
PLD_CALL pld_redistribution_destroy(pld_redistribution **redistribution);

/** Start. Until pld_redistribution_end the fields that are read must not be
 * written, and those that are written neither be read. PLD_ERR_STATE when
 * it has begun. Several may be under way at a time, and halos too, begun and
 * ended in the same order on all ranks. *Collective*. */
PLD_CALL pld_redistribution_begin(pld_redistribution *redistribution);

/** Move on with what is under way, without waiting; *out says whether end
 * would return at once. PLD_ERR_STATE without a begin. *Local*. */
PLD_CALL pld_redistribution_test(pld_redistribution *redistribution, bool *out);

/** Wait until all values are in place. PLD_ERR_STATE without a begin.
 * *Collective*. */
PLD_CALL pld_redistribution_end(pld_redistribution *redistribution);

/** Begin and end. *Collective*. */
PLD_CALL pld_redistribution_run(pld_redistribution *redistribution);

/** What one run moves, on this rank. */
typedef struct pld_redistribution_info {
    int64_t own_bytes;    /**< within this rank */
    int64_t node_bytes;   /**< to this rank from others of its node */
    int64_t far_bytes;    /**< to this rank from other nodes */
    int64_t plan_bytes;   /**< memory of the plan, without buffers */
    int64_t buffer_bytes; /**< memory of the message buffers */
} pld_redistribution_info;

/** See there. *Local*. */
PLD_CALL
pld_redistribution_describe(const pld_redistribution *redistribution,
                            pld_redistribution_info *out);

/** Move one field, once: create, run and destroy. *Collective, agreed*. */
PLD_CALL pld_redistribute(pld_field *from, pld_field *to);

PLD_END_C

#endif
