/* A bathymetry file: elevations on a regular grid of points. Its format is
 * told by its content. */
#ifndef RASTER_H
#define RASTER_H

#include <polder.h>

struct raster {
    int64_t nx; /* points, counted eastward and northward */
    int64_t ny;
    double x0; /* first of them */
    double y0;
    double dx; /* spacing */
    double dy;
    bool degrees;       /* x is longitude, y latitude */
    const char *format; /* in words */
    const char *path;
    pld_ctx *ctx;

    /* How the points lie in the file. */
    bool x_slow; /* the next value is the next point in y */
    bool x_down; /* x falls */
    bool y_down;

    /* text.c: the values of this rank's share of the file. */
    int64_t first;
    int64_t count;
    double *values;
    double nodata;

    /* netcdf.c */
    pld_file *file;
    char variable[32];
    double scale;
    double offset;
};

/* Open a file of any known format. *Collective, agreed*. */
pld_status raster_open(pld_ctx *ctx, const char *path, struct raster *out);

/* The elevations of a box of points (y, x), each rank its own; NaN where the
 * file knows none. *Collective, agreed*. */
pld_status raster_read(struct raster *raster, pld_box box, double *out);

/* *Collective, agreed*. */
pld_status raster_close(struct raster *raster);

/* The two kinds of files; the same contracts. */
pld_status text_open(struct raster *raster);
pld_status text_read(struct raster *raster, pld_box box, double *out);
pld_status netcdf_open(struct raster *raster);
pld_status netcdf_read(struct raster *raster, pld_box box, double *out);

#endif
