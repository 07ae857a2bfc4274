/* The header of an ESRI ASCII grid. The values follow it row by row, the
 * northernmost first. */
#include "text.h"

#include <math.h>
#include <strings.h>

struct header {
    double ncols, nrows, cellsize, nodata;
    double corner[2]; /* x and y; of the lower left point's cell */
    double centre[2]; /* or of the point itself; NaN if not given */
};

/* Set what a line of the header says; false when it is none. */
static bool read_line(const char *line, struct header *header)
{
    const struct {
        const char *name;
        double *place;
    } known[] = {
        {"ncols", &header->ncols},         {"nrows", &header->nrows},
        {"xllcorner", &header->corner[0]}, {"yllcorner", &header->corner[1]},
        {"xllcenter", &header->centre[0]}, {"yllcenter", &header->centre[1]},
        {"cellsize", &header->cellsize},   {"nodata_value", &header->nodata},
    };
    char key[32];
    double value;
    if (sscanf(line, "%31[A-Za-z_] %lf", key, &value) != 2)
        return false;
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (strcasecmp(key, known[k].name) == 0)
            *known[k].place = value;
    return true;
}

static double first_point(const struct header *header, int dim)
{
    return isnan(header->centre[dim])
               ? header->corner[dim] + 0.5 * header->cellsize
               : header->centre[dim];
}

pld_status esri_read_header(struct lines *lines, struct raster *raster,
                            int64_t *start)
{
    struct header header = {.nodata = -9999.0, .centre = {NAN, NAN}};
    do
        *start = lines->at;
    while (lines_next(lines) && read_line(lines->line, &header));
    PLD_CHECK(header.ncols >= 2 && header.ncols < 1e9 && header.nrows >= 2 &&
                  header.nrows < 1e9 && header.cellsize > 0.0,
              PLD_ERR_FORMAT,
              "%s: its header says ncols %g, nrows %g, cellsize %g; they "
              "should be at least 2, 2 and above 0",
              raster->path, header.ncols, header.nrows, header.cellsize);
    raster->format = "ESRI ASCII grid";
    raster->y_down = true;
    raster->nodata = header.nodata;
    raster->nx = (int64_t)header.ncols;
    raster->ny = (int64_t)header.nrows;
    raster->dx = header.cellsize;
    raster->dy = header.cellsize;
    raster->x0 = first_point(&header, 0);
    raster->y0 = first_point(&header, 1);
    return PLD_OK;
}
