#ifndef PLD_SAMPLE_H
#define PLD_SAMPLE_H

#include "polder/field.h"

PLD_BEGIN_C

/** @file
 * Samples: the values of a field at points, between its own points. Gauges,
 * probes, particles that want a value.
 *
 * Positions are in index coordinates, slowest dimension first: a grid of n
 * cells reaches from 0 to n, cell i has its centre at i + 1/2, node i lies at
 * i. Where a dimension is periodic, positions wrap; elsewhere one outside of
 * the domain is an error. Between the border and the outermost centres the
 * value is that of the border's cell, along each dimension.
 *
 * A value is computed from the field's own points around it, whoever owns them,
 * always by the same operations in the same order: it has the same bits with
 * any decomposition. Ghosts are not used. At a position that is a point of the
 * field along a dimension, other points along that dimension do not count: a
 * sample at a centre is the value there, whatever its neighbours are. */

/** Opaque: points, and the plan of what they need. */
typedef struct pld_sample pld_sample;

/** How to find a value between points, along each dimension in turn, the last
 * one first. */
typedef enum pld_interpolation {
    PLD_LINEAR,  /**< a line through the 2 points around it */
    PLD_NEAREST, /**< the nearest point's, halfway the one above */
    /** The polynomial through the 4 points around it, or through the last 4 at
     * a border (Neville, Indian J. Phys. 20, 1934); less where there are less.
     */
    PLD_CUBIC
} pld_interpolation;

/** Who gets which values. */
typedef enum pld_sample_for {
    PLD_SAMPLE_OWN,  /**< each rank those of the points it names */
    PLD_SAMPLE_ROOT, /**< one rank those of all: rank 0's, rank 1's ... */
    PLD_SAMPLE_ALL   /**< every rank those of all */
} pld_sample_for;

/** What to sample. Zero is the default, but for field and points. */
typedef struct pld_sample_spec {
    pld_field *field; /**< f64, f32 or c128; any with PLD_NEAREST. Must outlive
                         the sample */
    int comp;         /**< the first component to sample */
    int ncomps;       /**< how many of them; 0: all from `comp` on */
    pld_interpolation interpolation; /**< between points */
    pld_sample_for values;           /**< who gets them */
    int root;             /**< with PLD_SAMPLE_ROOT: the rank that gets them */
    int64_t npoints;      /**< points that this rank names; may be 0 */
    const double *points; /**< npoints positions of as many numbers as the grid
                             has dimensions; copied */
} pld_sample_spec;

/** Plan to sample. All ranks must give the same, but for their points.
 * PLD_ERR_ARG names a point outside of the domain, PLD_ERR_TYPE a field of
 * integers that is to be interpolated, PLD_ERR_MISMATCH says that the ranks'
 * specs differ. Memory: about 500 bytes a point where its values go, and where
 * its neighbours are. *Collective, agreed*, but for a field that is none: it
 * has no context over which to agree. */
PLD_CALL pld_sample_create(const pld_sample_spec *spec, pld_sample **out);

/** Destroy it and set *sample to NULL; *sample may be NULL. PLD_ERR_STATE
 * between begin and end. *Collective*. */
PLD_CALL pld_sample_destroy(pld_sample **sample);

/** Points whose values this rank gets; 0 for what is no sample. *Local*. */
PLD_API int64_t pld_sample_npoints(const pld_sample *sample);

/** Start: one message to each rank that gets values near this rank's points.
 * Until pld_sample_end own points must not be written. PLD_ERR_STATE when it is
 * under way. *Collective*. */
PLD_CALL pld_sample_begin(pld_sample *sample);

/** Move on with what is under way, without waiting; `*out` says whether
 * pld_sample_end would return at once. PLD_ERR_STATE without a begin.
 * *Local*. */
PLD_CALL pld_sample_test(pld_sample *sample, bool *out);

/** Wait, and compute: `out` gets pld_sample_npoints() times as many elements of
 * the field's type as there are components to sample, those of a point side by
 * side. It may be NULL where there are none. PLD_ERR_STATE without a begin.
 * *Collective*. */
PLD_CALL pld_sample_end(pld_sample *sample, void *out);

/** Begin and end. *Collective*. */
PLD_CALL pld_sample_run(pld_sample *sample, void *out);

/** What one run moves, on this rank. */
typedef struct pld_sample_info {
    int64_t npoints;        /**< whose values it gets */
    int npeers;             /**< other ranks that it sends to or gets from */
    int64_t sent_bytes;     /**< to other ranks */
    int64_t received_bytes; /**< from other ranks */
    int64_t copied_bytes;   /**< within this rank */
    int64_t plan_bytes;     /**< memory of the plan, without buffers */
    int64_t buffer_bytes;   /**< memory of the message buffers */
} pld_sample_info;

/** See there. *Local*. */
PLD_CALL pld_sample_describe(const pld_sample *sample, pld_sample_info *out);

/** Sample all components once, each rank at points of its own; `out` as for
 * pld_sample_end. *Collective, agreed*, as pld_sample_create. */
PLD_CALL pld_field_sample(pld_field *field, pld_interpolation interpolation,
                          int64_t npoints, const double *points, void *out);

PLD_END_C

#endif
