/* The header of an ESRI ASCII grid. The values follow it row by row, the
 * northernmost first. */
#include "text.h"

#include <inttypes.h>
#include <strings.h>

/* Set what a line of an ESRI header says; false when it is none. */
static bool read_header_line(const char *line, struct raster *raster,
                             bool *centre)
{
    char key[32];
    double value;
    if (sscanf(line, "%31[A-Za-z_] %lf", key, &value) != 2)
        return false;
    const struct {
        const char *name;
        double *place;
    } known[] = {
        {"xllcorner", &raster->x0}, {"xllcenter", &raster->x0},
        {"yllcorner", &raster->y0}, {"yllcenter", &raster->y0},
        {"cellsize", &raster->dx},  {"nodata_value", &raster->nodata},
    };
    if (strcasecmp(key, "ncols") == 0)
        raster->nx = (int64_t)value;
    if (strcasecmp(key, "nrows") == 0)
        raster->ny = (int64_t)value;
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (strcasecmp(key, known[k].name) == 0)
            *known[k].place = value;
    *centre = *centre || strcasecmp(key, "xllcenter") == 0;
    return true;
}

pld_status esri_read_header(struct lines *lines, struct raster *raster,
                            int64_t *start)
{
    bool centre = false;
    raster->nodata = -9999.0;
    do
        *start = lines->at;
    while (lines_next(lines) && read_header_line(lines->line, raster, &centre));
    PLD_CHECK(raster->nx >= 2 && raster->ny >= 2 && raster->dx > 0.0,
              PLD_ERR_FORMAT,
              "%s: its header says ncols %" PRId64 ", nrows %" PRId64
              ", cellsize %g; it should be at least 2, 2 and above 0",
              raster->path, raster->nx, raster->ny, raster->dx);
    raster->format = "ESRI ASCII grid";
    raster->y_down = true;
    raster->dy = raster->dx;
    raster->x0 += centre ? 0.0 : 0.5 * raster->dx;
    raster->y0 += centre ? 0.0 : 0.5 * raster->dy;
    return PLD_OK;
}
