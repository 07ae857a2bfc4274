/* One f64 field to a new file, and from it, beside PnetCDF.
 *
 *     mpirun -n 2 --bind-to core peer_pnetcdf_file [EDGE [FOLDER...]]
 *
 * EDGE^3 points (256) in each FOLDER (/dev/shm), cut into slabs along each
 * dimension. A call makes a file, writes and closes it; or opens, reads and
 * closes it. Reference, in the same run, in turn:
 *   pnetcdf   CDF-5, never filled, one collective call */
#include <pnetcdf.h>

#include "support/cube_file.h"

static void good(int code)
{
    cube_file_must(code == NC_NOERR, ncmpi_strerror(code));
}

static int variable(struct cube_file *cube, int file)
{
    static const char *const names[PLD_MAXDIM] = {"z", "y", "x"};
    int dims[PLD_MAXDIM];
    int id = 0;
    for (int d = 0; d < PLD_MAXDIM; d++)
        good(ncmpi_def_dim(file, names[d], cube->edge, &dims[d]));
    good(ncmpi_def_var(file, "field", NC_DOUBLE, PLD_MAXDIM, dims, &id));
    good(ncmpi_enddef(file));
    return id;
}

static void part(const struct cube_file *cube, MPI_Offset *first,
                 MPI_Offset *count)
{
    for (int d = 0; d < PLD_MAXDIM; d++) {
        first[d] = cube->own.first[d];
        count[d] = cube->own.count[d];
    }
}

static void peer_write(void *data)
{
    struct cube_file *cube = data;
    MPI_Offset first[PLD_MAXDIM];
    MPI_Offset count[PLD_MAXDIM];
    int file = 0;
    part(cube, first, count);
    good(ncmpi_create(cube->comm, cube->path[CUBE_PEER],
                      NC_CLOBBER | NC_64BIT_DATA, MPI_INFO_NULL, &file));
    int id = variable(cube, file);
    good(ncmpi_put_vara_double_all(file, id, first, count, cube->data));
    good(ncmpi_close(file));
}

static void peer_read(void *data)
{
    struct cube_file *cube = data;
    MPI_Offset first[PLD_MAXDIM];
    MPI_Offset count[PLD_MAXDIM];
    int file = 0;
    int id = 0;
    part(cube, first, count);
    good(ncmpi_open(cube->comm, cube->path[CUBE_PEER], NC_NOWRITE,
                    MPI_INFO_NULL, &file));
    good(ncmpi_inq_varid(file, "field", &id));
    good(ncmpi_get_vara_double_all(file, id, first, count, cube->data));
    good(ncmpi_close(file));
}

static pld_status body(pld_ctx *ctx, int argc, char **argv)
{
    static const struct cube_file_peer peer = {"pnetcdf", peer_write,
                                               peer_read};
    return cube_file_compare(ctx, argc, argv, &peer);
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, body);
}
