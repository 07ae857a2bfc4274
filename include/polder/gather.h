#ifndef PLD_GATHER_H
#define PLD_GATHER_H

#include "polder/field.h"

PLD_BEGIN_C

/** @file
 * Gather and scatter: moving a box of a field into a dense array on one rank or
 * several, or from there.
 *
 *     PLD_TRY(pld_field_gather(field, NULL, 0, array));
 *
 * is for once; what is to be repeated is planned by pld_gather_create(), and
 * what is too large for one rank's memory goes through pld_gather_stream().
 *
 * Arrays are in natural (C) order: the last dimension fastest, the components
 * of a point side by side. A point outside of the box, and ghosts, are neither
 * read nor written; after a scatter ghosts are stale. */

/** In place of a root: every rank. */
#define PLD_ALL_RANKS (-1)

/** Opaque: a plan, its messages, and the array unless it is the caller's. */
typedef struct pld_gather pld_gather;

/** What to move. Zero is the default, but for the field. All ranks must give
 * the same, but for `memory`. */
typedef struct pld_gather_spec {
    pld_field *field; /**< must outlive the gather */
    /** Points, in global indices, within the domain; may be empty. NULL: all
     * points of the field. Copied. */
    const pld_box *box;
    /** Every how many points along each dimension, from the first of the box
     * on; 0: 1. */
    int64_t stride[PLD_MAXDIM];
    int comp;   /**< the first component to move */
    int ncomps; /**< how many of them; 0: all from `comp` on */
    /** The array holds each component as a plane of its own, one after the
     * other: [component][dim 0][dim 1][dim 2]. False: [dim 0][dim 1][dim
     * 2][component]. */
    bool planes;
    /** From the array into the field. Where several ranks have an array, it
     * must be the same on all; each rank reads its own, else that of the lowest
     * root of its node, else that of the lowest root of the first node that has
     * one. */
    bool scatter;
    int root;         /**< the rank that has the array, or PLD_ALL_RANKS */
    int nroots;       /**< ranks in `roots`; 0: `root` alone */
    const int *roots; /**< the ranks that have the array, each once; copied */
    /** On a root: the array, which must outlive the gather. NULL: one that the
     * gather owns, see pld_gather_array(); it is zero at first, and faster: the
     * ranks of a node write into it and read from it directly. */
    void *memory;
} pld_gather_spec;

/** Plan a gather or a scatter. PLD_ERR_ARG names a box that leaves the domain,
 * a root that is no rank or is named twice, components that the field does not
 * have; PLD_ERR_MISMATCH when the ranks' specs differ. *Collective, agreed*,
 * but for a field that is none: it has no context over which to agree. */
PLD_CALL pld_gather_create(const pld_gather_spec *spec, pld_gather **out);

/** Destroy it, with an array of its own, and set *gather to NULL; *gather may
 * be NULL. PLD_ERR_STATE between begin and end. *Collective*. */
PLD_CALL pld_gather_destroy(pld_gather **gather);

/** Start. Until pld_gather_end what is moved must not be written where it comes
 * from, nor be read or written where it goes. PLD_ERR_STATE when it is under
 * way. *Collective*. */
PLD_CALL pld_gather_begin(pld_gather *gather);

/** Move on with what is under way, without waiting; `*out` says whether
 * pld_gather_end would return at once. PLD_ERR_STATE without a begin.
 * *Local*. */
PLD_CALL pld_gather_test(pld_gather *gather, bool *out);

/** Wait until this rank's part is done: the array is filled, or the own points
 * are. PLD_ERR_STATE without a begin. *Collective*. */
PLD_CALL pld_gather_end(pld_gather *gather);

/** Begin and end. *Collective*. */
PLD_CALL pld_gather_run(pld_gather *gather);

/** The array on this rank, the caller's or the gather's own; NULL where this
 * rank is no root or the box is empty. *Local*. */
PLD_API void *pld_gather_array(const pld_gather *gather);

/** What one run moves, on this rank. */
typedef struct pld_gather_info {
    int64_t count[PLD_MAXDIM]; /**< points of the array along each dimension */
    int ncomps;                /**< components of the array */
    int64_t array_bytes;       /**< of the array, as if this rank were a root */
    int npeers;                /**< other ranks that it sends to or gets from */
    int64_t sent_bytes;        /**< to other ranks */
    int64_t received_bytes;    /**< from other ranks */
    int64_t copied_bytes;      /**< within this rank */
    int64_t plan_bytes;        /**< memory of the plan, without buffers */
    int64_t buffer_bytes;      /**< memory of the message buffers */
} pld_gather_info;

/** See there. *Local*. */
PLD_CALL pld_gather_describe(const pld_gather *gather, pld_gather_info *out);

/** Gather a box of all components once: `out` is the array on `root`, or on
 * every rank with PLD_ALL_RANKS; elsewhere it is not looked at. A box of NULL:
 * all points. *Collective, agreed*, as pld_gather_create. */
PLD_CALL pld_field_gather(pld_field *field, const pld_box *box, int root,
                          void *out);

/** Scatter once: the array `in` of `root`, or that of every rank, into a box of
 * the field. *Collective, agreed*, as pld_gather_create. */
PLD_CALL pld_field_scatter(const void *in, const pld_box *box, int root,
                           pld_field *field);

/** Called on a root with each piece of a stream, in order; together the pieces
 * are the box in natural order. `piece.first` is the global index of its first
 * point, `piece.count` its points along each dimension, as far apart as the
 * stride says; `array` holds them, or is to be filled with them. A status that
 * is not PLD_OK ends the stream. Must not call Polder for what other ranks have
 * to take part in. */
typedef pld_status pld_gather_visit(pld_box piece, void *array, void *data);

/** Gather, or scatter, piece by piece, in no more than `bytes` bytes of memory
 * on each rank; 0: 64 MiB. Pieces are runs of slices of the slowest dimension
 * that has room; while a piece is visited, the next one travels. `spec` as for
 * pld_gather_create, without memory; `visit` is needed on roots alone, and gets
 * `data`. When it fails, all ranks return its status, one piece later at the
 * latest, and no more pieces are visited. PLD_ERR_ARG when `bytes` is less than
 * four points. *Collective, agreed*, as pld_gather_create. */
PLD_CALL pld_gather_stream(const pld_gather_spec *spec, int64_t bytes,
                           pld_gather_visit *visit, void *data);

PLD_END_C

#endif
