#ifndef PLD_SERIES_H
#define PLD_SERIES_H

#include "polder/file.h"

PLD_BEGIN_C

/** @file
 * Time series: the same fields again and again along an unlimited dimension
 * "time", in one HDF5 file that is good netCDF-4, with an XDMF file beside it
 * (PATH.xdmf) for ParaView and VisIt. */

/** Opaque: an open series. */
typedef struct pld_series pld_series;

/** What a series holds. Zero is the default, but for the fields. */
typedef struct pld_series_spec {
    int nfields;              /**< at least 1 */
    pld_field *const *fields; /**< on one grid; they must outlive the series */
    int naxes;                /**< 0, or the grid's dimensions */
    const pld_axis *axes;     /**< coordinates, see pld_file_set_axes */
    const char *time_units;   /**< NULL: "s" */
} pld_series_spec;

/** Create the file, in place of one that is there. Errors as
 * pld_file_create. *Collective, agreed*. */
PLD_CALL pld_series_create(pld_ctx *ctx, const char *path,
                           const pld_series_spec *spec, pld_series **out);

/** Open a series to go on appending or to read it: `spec` names the fields,
 * whose shapes and types must agree with the file's. *Collective, agreed*. */
PLD_CALL pld_series_open(pld_ctx *ctx, const char *path, bool writable,
                         const pld_series_spec *spec, pld_series **out);

/** Close it and set *series to NULL; *series may be NULL. *Collective,
 * agreed*. */
PLD_CALL pld_series_close(pld_series **series);

/** Append one step: the own points of all fields, at `time`. When it returns
 * PLD_OK, the step has been handed to the file system and the XDMF file tells
 * of it. *Collective, agreed*. */
PLD_CALL pld_series_append(pld_series *series, double time);

/** Steps in the file; 0 for NULL. *Local*. */
PLD_API int64_t pld_series_nsteps(const pld_series *series);

/** Time of a step. *Collective, agreed*. */
PLD_CALL pld_series_time(pld_series *series, int64_t step, double *out);

/** Read all fields of a step into their own points. *Collective, agreed*. */
PLD_CALL pld_series_read(pld_series *series, int64_t step);

/** Forget the steps from `nsteps` on: what a restart does before it goes on.
 * *Collective, agreed*. */
PLD_CALL pld_series_truncate(pld_series *series, int64_t nsteps);

PLD_END_C

#endif
