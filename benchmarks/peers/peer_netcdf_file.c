/* One f64 field to a new file, and from it, beside netCDF-4 in parallel.
 *
 *     mpirun -n 2 --bind-to core peer_netcdf_file [EDGE [FOLDER...]]
 *
 * EDGE^3 points (256) in each FOLDER (/dev/shm), cut into slabs along each
 * dimension. A call makes a file, writes and closes it; or opens, reads and
 * closes it. Reference, in the same run, in turn:
 *   netcdf4   contiguous, never filled, one collective call */
#include <netcdf.h>
#include <netcdf_par.h>

#include "support/cube_file.h"

static void good(int code)
{
    cube_file_must(code == NC_NOERR, nc_strerror(code));
}

static int variable(struct cube_file *cube, int file)
{
    static const char *const names[PLD_MAXDIM] = {"z", "y", "x"};
    int dims[PLD_MAXDIM];
    int id = 0;
    for (int d = 0; d < PLD_MAXDIM; d++)
        good(nc_def_dim(file, names[d], (size_t)cube->edge, &dims[d]));
    good(nc_def_var(file, "field", NC_DOUBLE, PLD_MAXDIM, dims, &id));
    good(nc_def_var_chunking(file, id, NC_CONTIGUOUS, NULL));
    good(nc_def_var_fill(file, id, NC_NOFILL, NULL));
    good(nc_enddef(file));
    return id;
}

static void part(const struct cube_file *cube, size_t *first, size_t *count)
{
    for (int d = 0; d < PLD_MAXDIM; d++) {
        first[d] = (size_t)cube->own.first[d];
        count[d] = (size_t)cube->own.count[d];
    }
}

static void peer_write(void *data)
{
    struct cube_file *cube = data;
    size_t first[PLD_MAXDIM];
    size_t count[PLD_MAXDIM];
    int file = 0;
    part(cube, first, count);
    good(nc_create_par(cube->path[CUBE_PEER], NC_CLOBBER | NC_NETCDF4,
                       cube->comm, MPI_INFO_NULL, &file));
    int id = variable(cube, file);
    good(nc_var_par_access(file, id, NC_COLLECTIVE));
    good(nc_put_vara_double(file, id, first, count, cube->data));
    good(nc_close(file));
}

static void peer_read(void *data)
{
    struct cube_file *cube = data;
    size_t first[PLD_MAXDIM];
    size_t count[PLD_MAXDIM];
    int file = 0;
    int id = 0;
    part(cube, first, count);
    good(nc_open_par(cube->path[CUBE_PEER], NC_NOWRITE, cube->comm,
                     MPI_INFO_NULL, &file));
    good(nc_inq_varid(file, "field", &id));
    good(nc_var_par_access(file, id, NC_COLLECTIVE));
    good(nc_get_vara_double(file, id, first, count, cube->data));
    good(nc_close(file));
}

static pld_status body(pld_ctx *ctx, int argc, char **argv)
{
    static const struct cube_file_peer peer = {"netcdf4", peer_write,
                                               peer_read};
    return cube_file_compare(ctx, argc, argv, &peer);
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, body);
}
