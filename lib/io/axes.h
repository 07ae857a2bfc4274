#ifndef PLD_IO_AXES_H
#define PLD_IO_AXES_H

#include "io/file.h"
#include "mesh/field.h"

/* Coordinates: dimension scales, as netCDF-4 has them. */

/* Characters of an axis's name, at most. */
#define PLD_AXIS_NAME 200

/* Check what the user says of axes. *Collective, agreed*. */
pld_status pld_axes_check(pld_ctx *ctx, int naxes, const pld_axis *axes);

void pld_axes_free(struct pld_file_axis axes[PLD_MAXDIM]);

/* Give each dimension of a new variable its scale, made when there is none that
 * fits; `leading`, if not NULL, is that of a dimension before the field's. On
 * rank 0, *local*. */
struct pld_scale_known;
pld_status pld_axes_attach(pld_file *file, hid_t dataset,
                           const pld_field *field,
                           struct pld_scale_known *leading);

/* Name of a dimension: the axis's, or z, y, x. */
const char *pld_axes_name(const pld_file *file, int ndims, int dim);

#endif
