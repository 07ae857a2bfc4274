#include "polder/file.h"
#include "io/axes.h"
#include "io/file.h"
#include "io/preflight.h"

#include "base/alloc.h"
#include "base/overflow.h"
#include "polder/agree.h"

#include <string.h>
#include <unistd.h>

/* Reused memory between a field and HDF5: small enough to stay in cache. */
#define BOUNCE_BYTES ((int64_t)4 << 20)
/* MPI-IO counts in int. */
#define PIECE_BYTES ((int64_t)1 << 30)
/* Bytes in a row that are worth a write of their own. */
#define LONG_RUN ((int64_t)64 << 10)
/* What the description of a variable may take beside its data. */
#define METADATA_BYTES ((int64_t)1 << 18)

enum mode { READ, WRITE, CREATE };

pld_status pld_file_check(const pld_file *file)
{
    PLD_CHECK(file != NULL, PLD_ERR_ARG,
              "file is NULL: never opened, or closed");
    PLD_CHECK(!file->broken, PLD_ERR_STATE,
              "'%s' was given up when writing failed: close it", file->path);
    return PLD_OK;
}

pld_status pld_file_check_writable(const pld_file *file)
{
    PLD_TRY(pld_file_check(file));
    PLD_CHECK(file->writable, PLD_ERR_ACCESS,
              "'%s' was opened for reading: open it with writable true",
              file->path);
    return PLD_OK;
}

static pld_status make_handle(pld_ctx *ctx, const char *path, enum mode mode,
                              pld_file **out)
{
    pld_status status = PLD_OK;
    pld_file *file = NULL;
    PLD_TRY(pld_alloc("file", 1, sizeof *file, &file));
    PLD_TRY_TO(out, pld_alloc_text(path, &file->path));
    file->ctx = ctx;
    file->id = H5I_INVALID_HID;
    file->writable = mode != READ;
    file->reserve = -1;
    file->bounce_bytes = BOUNCE_BYTES;
    file->piece_bytes = PIECE_BYTES;
    file->long_run = LONG_RUN;
    *out = file;
    file = NULL;
out:
    pld_free(file);
    return status;
}

static void free_handle(pld_file *file)
{
    if (file == NULL)
        return;
    pld_reserve_let_go(&file->reserve);
    pld_axes_free(file->axes);
    pld_free(file->path);
    pld_free(file);
}

/* How to get at files: through MPI-IO, metadata read by one rank for all. It is
 * not written together: MPI-IO's buffers then leave in the gaps what memory
 * held, and the file is another one each time. Version 1.8 of the format is
 * read everywhere and is the oldest with checksums of metadata; `newest` is for
 * files that others wrote. */
static pld_status make_access(pld_ctx *ctx, H5F_libver_t newest, hid_t *out)
{
    pld_status status = PLD_OK;
    hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    PLD_H5_TO(out, PLD_ERR_INTERNAL, list, "no file access list");
    PLD_H5_TO(out, PLD_ERR_INTERNAL,
              H5Pset_fapl_mpio(list, ctx->comm, MPI_INFO_NULL),
              "HDF5 cannot use MPI");
    PLD_H5_TO(out, PLD_ERR_INTERNAL,
              H5Pset_libver_bounds(list, H5F_LIBVER_V18, newest),
              "HDF5 cannot write version 1.8 files");
    PLD_H5_TO(out, PLD_ERR_INTERNAL, H5Pset_all_coll_metadata_ops(list, true),
              "HDF5 cannot read metadata together");
    *out = list;
    list = H5I_INVALID_HID;
out:
    pld_h5_close(list);
    return status;
}

/* netCDF-4 wants the order of creation; time stamps would make every file
 * another one. */
static pld_status make_creation(hid_t *out)
{
    pld_status status = PLD_OK;
    const unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
    hid_t list = H5Pcreate(H5P_FILE_CREATE);
    PLD_H5_TO(out, PLD_ERR_INTERNAL, list, "no file creation list");
    PLD_H5_TO(out, PLD_ERR_INTERNAL, H5Pset_obj_track_times(list, false),
              "HDF5 cannot leave out time stamps");
    PLD_H5_TO(out, PLD_ERR_INTERNAL, H5Pset_link_creation_order(list, order),
              "HDF5 cannot keep the order of variables");
    PLD_H5_TO(out, PLD_ERR_INTERNAL, H5Pset_attr_creation_order(list, order),
              "HDF5 cannot keep the order of attributes");
    *out = list;
    list = H5I_INVALID_HID;
out:
    pld_h5_close(list);
    return status;
}

static pld_status h5_create(pld_file *file)
{
    pld_status status = PLD_OK;
    hid_t access = H5I_INVALID_HID;
    hid_t creation = H5I_INVALID_HID;
    PLD_TRY_TO(out, make_access(file->ctx, H5F_LIBVER_V18, &access));
    PLD_TRY_TO(out, make_creation(&creation));
    file->id = H5Fcreate(file->path, H5F_ACC_TRUNC, creation, access);
    PLD_H5_TO(out, PLD_ERR_IO, file->id, "cannot create '%s'", file->path);
out:
    pld_h5_close(creation);
    pld_h5_close(access);
    return status;
}

/* What POSIX finds wrong is told before; what is left is damage. */
static pld_status h5_open(pld_file *file)
{
    pld_status status = PLD_OK;
    hid_t access = H5I_INVALID_HID;
    PLD_TRY_TO(out, make_access(file->ctx, H5F_LIBVER_LATEST, &access));
    unsigned mode = file->writable ? H5F_ACC_RDWR : H5F_ACC_RDONLY;
    file->id = H5Fopen(file->path, mode, access);
    PLD_H5_TO(out, PLD_ERR_CORRUPT, file->id, "cannot open '%s'", file->path);
out:
    pld_h5_close(access);
    return status;
}

static pld_status h5_close(pld_file *file)
{
    if (file->id < 0)
        return PLD_OK;
    hid_t id = file->id;
    pld_reserve_let_go(&file->reserve);
    file->id = H5I_INVALID_HID;
    PLD_H5(PLD_ERR_IO, H5Fclose(id), "cannot close '%s'", file->path);
    return PLD_OK;
}

static pld_status check_arguments(const char *path, pld_file **out)
{
    PLD_CHECK(path != NULL && *path != '\0', PLD_ERR_ARG, "path is %s",
              path == NULL ? "NULL" : "empty");
    PLD_CHECK(out != NULL, PLD_ERR_ARG, "out is NULL");
    return PLD_OK;
}

/* Each step is agreed upon: arguments, POSIX on rank 0, memory. */
static pld_status prepare(pld_ctx *ctx, const char *path, enum mode mode,
                          pld_file **out)
{
    PLD_TRY(pld_agree(ctx, check_arguments(path, out)));
    PLD_TRY(pld_agree_same(ctx, "path", path, strlen(path)));
    PLD_TRY(pld_agree_same(ctx, "whether to write", &mode, sizeof mode));
    pld_status status = PLD_OK;
    if (ctx->rank == 0)
        status = mode == CREATE
                     ? pld_path_check_create(path, ctx->nranks)
                     : pld_path_check_open(path, mode == WRITE, ctx->nranks);
    PLD_TRY(pld_agree(ctx, status));
    status = make_handle(ctx, path, mode, out);
    if (status == PLD_OK && mode == CREATE && ctx->rank == 0)
        status = pld_reserve_hold(path, METADATA_BYTES, &(*out)->reserve);
    return pld_agree(ctx, status);
}

static pld_status open_file(pld_ctx *ctx, const char *path, enum mode mode,
                            pld_file **out)
{
    pld_status status = PLD_OK;
    pld_file *file = NULL;
    PLD_TRY_TO(out, prepare(ctx, path, mode, out != NULL ? &file : NULL));
    status = mode == CREATE ? h5_create(file) : h5_open(file);
    PLD_TRY_TO(out, pld_agree(ctx, status));
    if (mode == CREATE)
        PLD_TRY_TO(out,
                   pld_file_write_text(file, NULL, "Conventions", "CF-1.10"));
    pld_ctx_retain(ctx, PLD_KIND_FILE);
    *out = file;
    file = NULL;
out:
    if (file != NULL && file->id >= 0) {
        (void)h5_close(file);
        if (mode == CREATE && ctx->rank == 0)
            (void)unlink(path);
    }
    free_handle(file);
    return status;
}

pld_status pld_file_create(pld_ctx *ctx, const char *path, pld_file **out)
{
    PLD_CHECK(ctx != NULL, PLD_ERR_ARG, "ctx is NULL");
    struct pld_io_call call = pld_io_begin(ctx);
    PLD_TRY(pld_io_end(&call, open_file(ctx, path, CREATE, out)));
    return PLD_OK;
}

pld_status pld_file_open(pld_ctx *ctx, const char *path, bool writable,
                         pld_file **out)
{
    PLD_CHECK(ctx != NULL, PLD_ERR_ARG, "ctx is NULL");
    struct pld_io_call call = pld_io_begin(ctx);
    enum mode mode = writable ? WRITE : READ;
    PLD_TRY(pld_io_end(&call, open_file(ctx, path, mode, out)));
    return PLD_OK;
}

static pld_status close_file(pld_file *file)
{
    PLD_TRY(h5_close(file));
    PLD_CHECK(!file->broken, PLD_ERR_IO,
              "'%s' is not complete: writing to it failed", file->path);
    return PLD_OK;
}

pld_status pld_file_close(pld_file **file)
{
    PLD_CHECK(file != NULL, PLD_ERR_ARG, "file is NULL");
    pld_file *old = *file;
    if (old == NULL)
        return PLD_OK;
    pld_ctx *ctx = old->ctx;
    struct pld_io_call call = pld_io_begin(ctx);
    pld_status status = pld_io_end(&call, pld_agree(ctx, close_file(old)));
    pld_ctx_release(ctx, PLD_KIND_FILE);
    free_handle(old);
    *file = NULL;
    PLD_TRY(status);
    return PLD_OK;
}

pld_status pld_file_reopen(pld_file *file)
{
    pld_status status = pld_agree(file->ctx, h5_close(file));
    if (status == PLD_OK)
        status = pld_agree(file->ctx, h5_open(file));
    file->broken = file->broken || status != PLD_OK;
    return status;
}

pld_status pld_file_flush(pld_file *file)
{
    pld_status status = PLD_OK;
    pld_reserve_let_go(&file->reserve);
    PLD_H5_TO(out, PLD_ERR_IO, H5Fflush(file->id, H5F_SCOPE_GLOBAL),
              "cannot write '%s'", file->path);
out:
    status = pld_agree(file->ctx, status);
    file->broken = file->broken || status != PLD_OK;
    return status;
}

static pld_status check_space(pld_file *file, int64_t bytes)
{
    int64_t wanted = 0;
    PLD_CHECK(pld_add_fits(bytes, METADATA_BYTES, &wanted), PLD_ERR_OVERFLOW,
              "%lld bytes are too many for '%s'", (long long)bytes, file->path);
    PLD_TRY(pld_space_check(file->path, wanted));
    return pld_reserve_hold(file->path, METADATA_BYTES, &file->reserve);
}

pld_status pld_file_check_space(pld_file *file, int64_t bytes)
{
    pld_ctx *ctx = file->ctx;
    return pld_agree(ctx, ctx->rank == 0 ? check_space(file, bytes) : PLD_OK);
}

pld_status pld_file_take_space(pld_file *file, int64_t first, int64_t bytes)
{
    pld_ctx *ctx = file->ctx;
    pld_status status =
        ctx->rank == 0 ? pld_space_take(file->path, first, bytes) : PLD_OK;
    return pld_agree(ctx, status);
}
