#include "raster.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Kinds of files told by how they begin, with what to do about them. */
static const struct signature {
    const char *bytes;
    size_t count;
    const char *remedy; /* NULL: HDF5, which is read */
} signatures[] = {
    {"\211HDF\r\n\032\n", 8, NULL},
    {"CDF", 3, "is netCDF of the old kind: nccopy -k nc4 OLD NEW"},
    {"II*\0", 4, "is a TIFF: gdal_translate -of netCDF -co FORMAT=NC4 OLD NEW"},
    {"MM\0*", 4, "is a TIFF: gdal_translate -of netCDF -co FORMAT=NC4 OLD NEW"},
    {"\037\213", 2, "is compressed: gunzip it"},
    {"PK\003\004", 4, "is compressed: unzip it"},
};

static pld_status look_at(const char *head, size_t count, const char *path,
                          bool *is_hdf5)
{
    PLD_CHECK(count > 0, PLD_ERR_FORMAT, "%s is empty", path);
    *is_hdf5 = false;
    for (size_t s = 0; s < sizeof signatures / sizeof *signatures; s++) {
        const struct signature *known = &signatures[s];
        if (count < known->count || memcmp(head, known->bytes, known->count))
            continue;
        PLD_CHECK(known->remedy == NULL, PLD_ERR_FORMAT, "%s %s", path,
                  known->remedy);
        *is_hdf5 = true;
    }
    PLD_CHECK(*is_hdf5 || memchr(head, '\0', count) == NULL, PLD_ERR_FORMAT,
              "%s is not a bathymetry that is known here: columns x y z, ESRI "
              "ASCII grid, or netCDF-4",
              path);
    return PLD_OK;
}

static pld_status recognise(const char *path, bool *is_hdf5)
{
    char head[512];
    FILE *file = fopen(path, "rb");
    PLD_CHECK(file != NULL, errno == ENOENT ? PLD_ERR_NOENT : PLD_ERR_ACCESS,
              "bathymetry %s: %s", path, strerror(errno));
    errno = 0;
    size_t count = fread(head, 1, sizeof head, file);
    int failure = errno;
    fclose(file);
    PLD_CHECK(failure == 0, PLD_ERR_IO, "bathymetry %s: %s", path,
              strerror(failure));
    return look_at(head, count, path, is_hdf5);
}

pld_status raster_open(pld_ctx *ctx, const char *path, struct raster *out)
{
    bool is_hdf5 = false;
    *out =
        (struct raster){.ctx = ctx, .path = path, .scale = 1.0, .nodata = NAN};
    PLD_TRY(pld_agree(ctx, recognise(path, &is_hdf5)));
    return is_hdf5 ? netcdf_open(out) : text_open(out);
}

pld_status raster_read(struct raster *raster, pld_box box, double *out)
{
    return raster->file != NULL ? netcdf_read(raster, box, out)
                                : text_read(raster, box, out);
}

pld_status raster_close(struct raster *raster)
{
    free(raster->values);
    raster->values = NULL;
    return pld_file_close(&raster->file);
}
