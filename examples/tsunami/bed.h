/* The real case: domain, bed and sea from a bathymetry. */
#ifndef BED_H
#define BED_H

#include "model.h"
#include "raster.h"

/* The domain that a bathymetry covers, in cells of `resolution` metres or, if
 * 0, of the file's own spacing. Local. */
pld_status bed_domain(const struct raster *raster, double resolution,
                      struct domain *out);

/* Fill BED, at the centres of the cells, between the points of the bathymetry;
 * `nodata` gets the cells without, which become land. *Collective, agreed*. */
pld_status bed_read(struct raster *raster, bool positive_down,
                    struct model *model, int64_t *nodata);

/* Fill the sea up to level 0, and onto it heap a hump of water: x, y, radius,
 * height; none if the radius is 0. Local. */
void bed_flood(struct model *model, const double source[4]);

#endif
