/* The two kinds of text files. */
#ifndef TEXT_H
#define TEXT_H

#include "lines.h"
#include "raster.h"

/* Read what stands before the values; `start` gets where these begin. Local. */
pld_status esri_read_header(struct lines *lines, struct raster *raster,
                            int64_t *start);
pld_status columns_skip_headings(struct lines *lines, struct raster *raster,
                                 int64_t *start);

/* Find the grid that points x y z lie on, and keep their z only.
 * *Collective*. */
pld_status columns_arrange(struct raster *raster, int64_t npoints);

/* The point of the n-th value of a file, uncounted for x_down and y_down. */
static inline void text_point(const struct raster *raster, int64_t n,
                              int64_t *y, int64_t *x)
{
    *x = raster->x_slow ? n / raster->ny : n % raster->nx;
    *y = raster->x_slow ? n % raster->ny : n / raster->nx;
}

#endif
