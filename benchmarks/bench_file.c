/* One f64 field to a new file, and from it.
 *
 *     mpirun -n 2 --bind-to core bench_file [EDGE [FOLDER...]]
 *
 * EDGE^3 points (256) in each FOLDER (/dev/shm and the current one), cut into
 * slabs along each dimension, into blocks on 4 ranks, with a halo in memory,
 * and stored in chunks of 8 planes, compressed or not, by Polder and HDF5
 * alike. A call makes a file, writes and closes it; or opens, reads and closes
 * it. References, in the same run, in turn:
 *   posix      fallocate, and pwrite or pread of as many contiguous bytes in
 *              calls of 8 MiB: what the file system charges
 *   naive      a pwrite or pread for each row of the own part
 *   hdf5       hand-written parallel HDF5, one collective call, never filled
 *   checksums  our own, with checksums kept and looked at */
#define _GNU_SOURCE
#include <polder.h>
#include <polder/main.h>

#include <fcntl.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/bench.h"

enum { CALL_BYTES = 8 << 20 };

struct bench {
    pld_ctx *ctx;
    MPI_Comm comm;
    int64_t edge;
    int64_t width;
    int64_t planes; /* of a chunk; 0: stored in one piece */
    int deflate;
    pld_grid *grid;
    pld_field *field;
    pld_box own;
    pld_view view;
    double *dense; /* as many numbers as are owned */
    int64_t bytes; /* of these */
    char path[5][512];
};

enum { POLDER, POSIX, NAIVE, HDF5, CHECKED, NWAYS };

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "bench_file: %s failed\n", what);
    pld_error_print(stderr);
    MPI_Abort(MPI_COMM_WORLD, 1);
}

static bool leads(const struct bench *bench)
{
    return pld_ctx_rank(bench->ctx) == 0;
}

/* --- Polder ------------------------------------------------------------------
 */

static void write_with(struct bench *bench, int way, bool checksums)
{
    pld_file *file = NULL;
    const pld_storage storage = {.checksums = checksums,
                                 .chunk = {bench->planes,
                                           bench->planes > 0 ? bench->edge : 0,
                                           bench->planes > 0 ? bench->edge : 0},
                                 .deflate = bench->deflate};
    must(pld_file_create(bench->ctx, bench->path[way], &file) == PLD_OK &&
             pld_file_set_storage(file, &storage) == PLD_OK &&
             pld_file_write(file, bench->field) == PLD_OK &&
             pld_file_close(&file) == PLD_OK,
         "writing by Polder");
}

static void read_with(struct bench *bench, int way, bool checksums)
{
    pld_file *file = NULL;
    const pld_storage storage = {.checksums = checksums};
    must(pld_file_open(bench->ctx, bench->path[way], false, &file) == PLD_OK &&
             pld_file_set_storage(file, &storage) == PLD_OK &&
             pld_file_read(file, "field", bench->field) == PLD_OK &&
             pld_file_close(&file) == PLD_OK,
         "reading by Polder");
}

static void polder_write(void *data)
{
    write_with(data, POLDER, false);
}

static void polder_read(void *data)
{
    read_with(data, POLDER, false);
}

static void checked_write(void *data)
{
    write_with(data, CHECKED, true);
}

static void checked_read(void *data)
{
    read_with(data, CHECKED, true);
}

/* --- POSIX -------------------------------------------------------------------
 */

/* Rank 0 makes the file before the others open it. */
static int posix_open(const struct bench *bench, int way, bool writes)
{
    const char *path = bench->path[way];
    int64_t total = bench->edge * bench->edge * bench->edge * 8;
    int fd = -1;
    if (writes && leads(bench)) {
        fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0666);
        must(fd >= 0 && fallocate(fd, 0, 0, total) == 0, "fallocate");
    }
    if (writes)
        MPI_Barrier(bench->comm);
    if (fd < 0)
        fd = open(path, writes ? O_RDWR : O_RDONLY);
    must(fd >= 0, "open");
    return fd;
}

static void pass(int fd, void *data, int64_t bytes, int64_t place, bool writes)
{
    ssize_t n = writes ? pwrite(fd, data, (size_t)bytes, place)
                       : pread(fd, data, (size_t)bytes, place);
    must(n == bytes, writes ? "pwrite" : "pread");
}

static void posix_pass(struct bench *bench, bool writes)
{
    int fd = posix_open(bench, POSIX, writes);
    int64_t first = 0;
    MPI_Exscan(&bench->bytes, &first, 1, MPI_INT64_T, MPI_SUM, bench->comm);
    first = leads(bench) ? 0 : first;
    for (int64_t done = 0; done < bench->bytes; done += CALL_BYTES) {
        int64_t rest = bench->bytes - done;
        pass(fd, (char *)bench->dense + done,
             rest < CALL_BYTES ? rest : CALL_BYTES, first + done, writes);
    }
    close(fd);
    MPI_Barrier(bench->comm);
}

static void posix_write(void *data)
{
    posix_pass(data, true);
}

static void posix_read(void *data)
{
    posix_pass(data, false);
}

static void naive_pass(struct bench *bench, bool writes)
{
    int fd = posix_open(bench, NAIVE, writes);
    const int64_t *first = bench->own.first;
    const int64_t *count = bench->own.count;
    int64_t n = bench->edge;
    double *p = bench->view.f64;
    for (int64_t k = first[0]; k < first[0] + count[0]; k++)
        for (int64_t j = first[1]; j < first[1] + count[1]; j++)
            pass(fd,
                 p + k * bench->view.stride[0] + j * bench->view.stride[1] +
                     first[2],
                 count[2] * 8, ((k * n + j) * n + first[2]) * 8, writes);
    close(fd);
    MPI_Barrier(bench->comm);
}

static void naive_write(void *data)
{
    naive_pass(data, true);
}

static void naive_read(void *data)
{
    naive_pass(data, false);
}

/* --- HDF5 --------------------------------------------------------------------
 */

static hid_t hdf5_file(const struct bench *bench, bool writes)
{
    hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fapl_mpio(list, bench->comm, MPI_INFO_NULL);
    hid_t file =
        writes ? H5Fcreate(bench->path[HDF5], H5F_ACC_TRUNC, H5P_DEFAULT, list)
               : H5Fopen(bench->path[HDF5], H5F_ACC_RDONLY, list);
    H5Pclose(list);
    must(file >= 0, "opening by HDF5");
    return file;
}

static hid_t hdf5_dataset(const struct bench *bench, hid_t file, bool writes)
{
    const hsize_t n = (hsize_t)bench->edge;
    const hsize_t size[3] = {n, n, n};
    if (!writes)
        return H5Dopen2(file, "field", H5P_DEFAULT);
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    hid_t space = H5Screate_simple(3, size, NULL);
    H5Pset_alloc_time(list, H5D_ALLOC_TIME_EARLY);
    H5Pset_fill_time(list, H5D_FILL_TIME_NEVER);
    const hsize_t chunk[3] = {(hsize_t)bench->planes, n, n};
    if (bench->planes > 0)
        H5Pset_chunk(list, 3, chunk);
    if (bench->deflate > 0) {
        H5Pset_shuffle(list);
        H5Pset_deflate(list, (unsigned)bench->deflate);
    }
    hid_t dataset = H5Dcreate2(file, "field", H5T_NATIVE_DOUBLE, space,
                               H5P_DEFAULT, list, H5P_DEFAULT);
    H5Sclose(space);
    H5Pclose(list);
    return dataset;
}

/* A part of an array: the own points in memory, or in the file. */
static hid_t hdf5_part(const hsize_t *size, const hsize_t *first,
                       const hsize_t *count)
{
    hid_t space = H5Screate_simple(3, size, NULL);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, first, NULL, count, NULL);
    return space;
}

static void hdf5_pass(struct bench *bench, bool writes)
{
    hsize_t n = (hsize_t)bench->edge;
    hsize_t width = (hsize_t)bench->width;
    hsize_t first[3];
    hsize_t count[3];
    hsize_t padded[3];
    for (int d = 0; d < 3; d++) {
        first[d] = (hsize_t)bench->own.first[d];
        count[d] = (hsize_t)bench->own.count[d];
        padded[d] = count[d] + 2 * width;
    }
    double *corner = bench->view.f64;
    for (int d = 0; d < 3; d++)
        corner += (bench->own.first[d] - bench->width) * bench->view.stride[d];
    hid_t file = hdf5_file(bench, writes);
    hid_t dataset = hdf5_dataset(bench, file, writes);
    hid_t in_file = hdf5_part((hsize_t[3]){n, n, n}, first, count);
    hid_t in_memory =
        hdf5_part(padded, (hsize_t[3]){width, width, width}, count);
    hid_t list = H5Pcreate(H5P_DATASET_XFER);
    H5Pset_dxpl_mpio(list, H5FD_MPIO_COLLECTIVE);
    herr_t result = writes ? H5Dwrite(dataset, H5T_NATIVE_DOUBLE, in_memory,
                                      in_file, list, corner)
                           : H5Dread(dataset, H5T_NATIVE_DOUBLE, in_memory,
                                     in_file, list, corner);
    H5Pclose(list);
    H5Sclose(in_memory);
    H5Sclose(in_file);
    H5Dclose(dataset);
    must(result >= 0 && H5Fclose(file) >= 0, "HDF5");
}

static void hdf5_write(void *data)
{
    hdf5_pass(data, true);
}

static void hdf5_read(void *data)
{
    hdf5_pass(data, false);
}

static const struct bench_way writers[NWAYS] = {{"polder", polder_write},
                                                {"posix", posix_write},
                                                {"naive", naive_write},
                                                {"hdf5", hdf5_write},
                                                {"checksums", checked_write}};
static const struct bench_way readers[NWAYS] = {{"polder", polder_read},
                                                {"posix", posix_read},
                                                {"naive", naive_read},
                                                {"hdf5", hdf5_read},
                                                {"checksums", checked_read}};

/* --- Cases -------------------------------------------------------------------
 */

/* Old files go before a call, so that all ways make new ones. */
static void remove_file(void *data, int way)
{
    struct bench *bench = data;
    if (leads(bench))
        (void)unlink(bench->path[way]);
}

static void keep_file(void *data, int way)
{
    (void)data;
    (void)way;
}

static void fill(const int64_t index[PLD_MAXDIM], void *value, void *data)
{
    (void)data;
    *(double *)value = (double)((index[0] * 1009 + index[1]) * 1013 + index[2]);
}

/* What is in the file, read by the naive way, is what was written. */
static bool is_right(struct bench *bench, int way)
{
    uint64_t wanted = 0;
    uint64_t got = 0;
    must(pld_field_fill(bench->field, fill, NULL) == PLD_OK &&
             pld_field_digest(bench->field, &wanted) == PLD_OK,
         "filling");
    writers[way].run(bench);
    must(pld_field_set(bench->field, &(double){0}) == PLD_OK, "setting");
    readers[way].run(bench);
    must(pld_field_digest(bench->field, &got) == PLD_OK, "a digest");
    return way == POSIX || got == wanted;
}

static void time_ways(struct bench *bench, const char *name, const char *params,
                      const struct bench_way *ways, void (*touch)(void *, int),
                      const bool right[NWAYS])
{
    double seconds[BENCH_MAX_WAYS];
    const struct bench_task task = {
        .touch_way = touch, .data = bench, .nways = NWAYS, .ways = ways};
    bench_alternate(bench->comm, &task, 7, seconds);
    for (int way = 1; way < NWAYS; way++)
        bench_row(bench->comm, name, params, 1e3 * seconds[POLDER], "ms",
                  ways[way].name, 1e3 * seconds[way],
                  right[POLDER] && right[way]);
}

struct setting {
    const char *name;
    int nprocs[PLD_MAXDIM];
    int64_t width;
    int64_t planes;
    int deflate;
};

static pld_status make_field(struct bench *bench, const struct setting *setting)
{
    pld_grid_spec grid = {.ndims = PLD_MAXDIM};
    for (int d = 0; d < PLD_MAXDIM; d++) {
        grid.size[d] = bench->edge;
        grid.nprocs[d] = setting->nprocs[d];
    }
    PLD_TRY(pld_grid_create(bench->ctx, &grid, &bench->grid));
    PLD_TRY(pld_field_create(bench->grid,
                             &(pld_field_spec){.halo = {.all = setting->width}},
                             &bench->field));
    bench->own = pld_field_owned(bench->field);
    bench->view = pld_field_view(bench->field);
    return PLD_OK;
}

static pld_status run_case(struct bench *bench, const char *folder,
                           const struct setting *setting)
{
    char params[600];
    bool right[NWAYS];
    bench->width = setting->width;
    bench->planes = setting->planes;
    bench->deflate = setting->deflate;
    PLD_TRY(make_field(bench, setting));
    bench->bytes = pld_box_volume(bench->own) * 8;
    bench->dense = aligned_alloc(64, (size_t)bench->bytes);
    memset(bench->dense, 1, (size_t)bench->bytes);
    for (int way = 0; way < NWAYS; way++) {
        snprintf(bench->path[way], sizeof bench->path[way],
                 "%s/bench_file_%s.h5", folder, writers[way].name);
        right[way] = is_right(bench, way);
    }
    snprintf(params, sizeof params, "%lld^3 %s %s", (long long)bench->edge,
             setting->name, folder);
    time_ways(bench, "write", params, writers, remove_file, right);
    for (int way = 0; way < NWAYS; way++)
        writers[way].run(bench);
    time_ways(bench, "read", params, readers, keep_file, right);
    for (int way = 0; way < NWAYS; way++)
        remove_file(bench, way);
    free(bench->dense);
    PLD_TRY(pld_field_destroy(&bench->field));
    return pld_grid_destroy(&bench->grid);
}

static pld_status run_folder(struct bench *bench, const char *folder)
{
    int n = pld_ctx_nranks(bench->ctx);
    const struct setting settings[] = {
        {"z-slabs", {n, 1, 1}, 0, 0, 0},
        {"y-slabs", {1, n, 1}, 0, 0, 0},
        {"x-slabs", {1, 1, n}, 0, 0, 0},
        {"z-slabs with halo", {n, 1, 1}, 2, 0, 0},
        {"chunks", {n, 1, 1}, 0, 8, 0},
        {"compressed", {n, 1, 1}, 0, 8, 1},
        {"blocks", {2, 2, 1}, 0, 0, 0}};
    for (int i = 0; i < 6 + (n == 4); i++)
        PLD_TRY(run_case(bench, folder, &settings[i]));
    return PLD_OK;
}

/* --- Metadata ----------------------------------------------------------------
 */

enum { NFIELDS = 1000 };

static pld_status write_many(struct bench *bench, pld_field **fields,
                             double *seconds)
{
    pld_file *file = NULL;
    MPI_Barrier(bench->comm);
    double start = MPI_Wtime();
    PLD_TRY(pld_file_create(bench->ctx, bench->path[POLDER], &file));
    PLD_TRY(pld_file_write_fields(file, NFIELDS, fields));
    for (int i = 0; i < NFIELDS; i++) {
        const char *name = pld_field_name(fields[i]);
        PLD_TRY(pld_file_write_text(file, name, "units", "m s-1"));
        PLD_TRY(pld_file_write_text(file, name, "long_name", "a long name"));
        PLD_TRY(pld_file_write_attribute(file, name, "range", PLD_F64, 2,
                                         (double[2]){0, 1}));
        PLD_TRY(pld_file_write_attribute(file, name, "step", PLD_I64, 1,
                                         &(int64_t){12}));
    }
    PLD_TRY(pld_file_close(&file));
    *seconds = MPI_Wtime() - start;
    return PLD_OK;
}

/* The reference is the bar: 100 us for each field with its 4 attributes. */
static pld_status run_metadata(struct bench *bench, const char *folder)
{
    static pld_field *fields[NFIELDS];
    double seconds[5];
    pld_grid *grid = NULL;
    snprintf(bench->path[POLDER], sizeof bench->path[POLDER],
             "%s/bench_file_many.h5", folder);
    PLD_TRY(pld_grid_create(
        bench->ctx, &(pld_grid_spec){.ndims = 3, .size = {8, 8, 8}}, &grid));
    for (int i = 0; i < NFIELDS; i++) {
        char name[32];
        snprintf(name, sizeof name, "field_%d", i);
        PLD_TRY(pld_field_create(grid, &(pld_field_spec){.name = name},
                                 &fields[i]));
    }
    for (int i = 0; i < 5; i++)
        PLD_TRY(write_many(bench, fields, &seconds[i]));
    double each = 1e6 * bench_median(5, seconds) / NFIELDS;
    bench_row(bench->comm, "metadata", "1000 fields with 4 attributes", each,
              "us a field", "bar:100us", 100, true);
    remove_file(bench, POLDER);
    for (int i = 0; i < NFIELDS; i++)
        PLD_TRY(pld_field_destroy(&fields[i]));
    return pld_grid_destroy(&grid);
}

static pld_status body(pld_ctx *ctx, int argc, char **argv)
{
    struct bench bench = {.ctx = ctx,
                          .comm = pld_ctx_comm(ctx),
                          .edge = argc > 1 ? atoll(argv[1]) : 256};
    bench_head(bench.comm);
    for (int i = 2; i < argc; i++)
        PLD_TRY(run_folder(&bench, argv[i]));
    if (argc <= 2 && access("/dev/shm", W_OK) == 0)
        PLD_TRY(run_folder(&bench, "/dev/shm"));
    if (argc <= 2)
        PLD_TRY(run_folder(&bench, "."));
    return run_metadata(&bench, argc > 2 ? argv[2] : ".");
}

int main(int argc, char **argv)
{
    return pld_main(argc, argv, body);
}
