#include "polder/file.h"
#include "io/axes.h"
#include "io/file.h"
#include "io/handle.h"
#include "io/links.h"
#include "io/lock.h"
#include "io/preflight.h"
#include "io/raw.h"

#include "base/alloc.h"
#include "base/overflow.h"
#include "polder/agree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* --- Taking turns ----------------------------------------------------------
 */

bool pld_file_leads(const pld_file *file)
{
    return file->ctx->rank == 0;
}

pld_status pld_file_describe(pld_file *file)
{
    if (file->shared < 0 || !file->writable)
        return PLD_OK;
    pld_status status = pld_agree(file->ctx, pld_handle_unshare(file));
    if (status == PLD_OK)
        status = pld_agree(
            file->ctx, pld_file_leads(file) ? pld_handle_open(file) : PLD_OK);
    file->broken = file->broken || status != PLD_OK;
    return status;
}

/* A file that is only read may be open both ways. */
pld_status pld_file_share(pld_file *file)
{
    if (file->shared >= 0)
        return PLD_OK;
    pld_ctx *ctx = file->ctx;
    pld_status status = PLD_OK;
    if (pld_file_leads(file))
        status = pld_path_check_shared(file->path, ctx->nranks);
    PLD_TRY(pld_agree(ctx, status));
    if (file->writable)
        status = pld_agree(ctx, pld_handle_close(file));
    if (status == PLD_OK)
        status = pld_agree(ctx, pld_handle_share(file));
    file->broken = file->broken || status != PLD_OK;
    return status;
}

pld_status pld_file_reach(pld_file *file)
{
    if (file->fd >= 0)
        return PLD_OK;
    int mode = file->writable ? O_RDWR : O_RDONLY;
    file->fd = open(file->path, mode | O_CLOEXEC);
    PLD_CHECK(file->fd >= 0, pld_status_of_errno(errno), "cannot open '%s': %s",
              file->path, strerror(errno));
    return PLD_OK;
}

/* --- Opening and closing ---------------------------------------------------
 */

static pld_status check_way(const char *way, pld_io *out)
{
    static const char *const names[] = {"auto", "direct", "hdf5"};
    *out = PLD_IO_AUTO;
    if (way == NULL || *way == '\0')
        return PLD_OK;
    for (int i = 0; i < 3; i++)
        if (strcmp(way, names[i]) == 0) {
            *out = (pld_io)i;
            return PLD_OK;
        }
    PLD_RAISE(PLD_ERR_ARG, "PLD_IO is '%s': auto, direct or hdf5", way);
}

/* What rank 0 found out for all. */
static pld_status choose_way(pld_file *file)
{
    pld_io way = PLD_IO_AUTO;
    PLD_TRY(pld_agree(file->ctx, check_way(getenv("PLD_IO"), &way)));
    int found[2] = {(int)way,
                    file->ctx->nnodes == 1 || pld_path_is_coherent(file->path)};
    PLD_TRY_MPI(MPI_Bcast(found, 2, MPI_INT, 0, file->ctx->comm));
    file->way = (pld_io)found[0];
    file->coherent = found[1] != 0;
    return PLD_OK;
}

/* What the user says in the program goes before the environment. */
bool pld_file_is_direct(const pld_file *file)
{
    pld_io way =
        file->storage.way != PLD_IO_AUTO ? file->storage.way : file->way;
    return way == PLD_IO_DIRECT || (way == PLD_IO_AUTO && file->coherent);
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
    file->shared = H5I_INVALID_HID;
    file->fd = -1;
    file->lock = -1;
    file->writable = mode != READ;
    file->reserve = -1;
    file->bounce_bytes = PLD_BOUNCE_BYTES;
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
    if (file->fd >= 0)
        close(file->fd);
    pld_reserve_let_go(&file->reserve);
    pld_lock_let_go(&file->lock);
    pld_axes_free(file->axes);
    pld_links_forget(file);
    for (int i = 0; i < PLD_NBOUNCES; i++)
        pld_bounce_free(&file->bounces[i]);
    pld_free(file->path);
    pld_free(file);
}

static pld_status check_arguments(const char *path, pld_file **out)
{
    PLD_CHECK(path != NULL && *path != '\0', PLD_ERR_ARG, "path is %s",
              path == NULL ? "NULL" : "empty");
    PLD_CHECK(out != NULL, PLD_ERR_ARG, "out is NULL");
    return PLD_OK;
}

/* What is being written may not be a whole file yet. */
static pld_status check_path(const char *path, enum mode mode)
{
    if (mode == CREATE)
        return pld_path_check_create(path);
    pld_status status = pld_path_check_open(path, mode == WRITE);
    PLD_CHECK((status != PLD_ERR_FORMAT && status != PLD_ERR_CORRUPT) ||
                  !pld_lock_is_held(path),
              PLD_ERR_STATE,
              "'%s' is being written by another program, or by this one, and "
              "not complete yet",
              path);
    return status;
}

/* Each step is agreed upon: arguments, POSIX on rank 0, memory. */
static pld_status prepare(pld_ctx *ctx, const char *path, enum mode mode,
                          pld_file **out)
{
    PLD_TRY(pld_agree(ctx, check_arguments(path, out)));
    PLD_TRY(pld_agree_same(ctx, "path", path, strlen(path)));
    PLD_TRY(pld_agree_same(ctx, "whether to write", &mode, sizeof mode));
    PLD_TRY(pld_agree(ctx, ctx->rank == 0 ? check_path(path, mode) : PLD_OK));
    return pld_agree(ctx, make_handle(ctx, path, mode, out));
}

/* On rank 0: a file that is made here is removed again when that fails. */
static pld_status create_description(pld_file *file)
{
    pld_status status = PLD_OK;
    bool is_new = access(file->path, F_OK) != 0;
    PLD_TRY(pld_lock_take(file->path, true, &file->lock));
    PLD_TRY_TO(out,
               pld_reserve_hold(file->path, METADATA_BYTES, &file->reserve));
    PLD_TRY_TO(out, pld_handle_create(file));
out:
    if (status != PLD_OK && is_new)
        (void)unlink(file->path);
    return status;
}

static pld_status open_description(pld_file *file, enum mode mode)
{
    if (mode == CREATE)
        return create_description(file);
    if (mode == WRITE)
        PLD_TRY(pld_lock_take(file->path, false, &file->lock));
    return pld_handle_open(file);
}

static pld_status open_file(pld_ctx *ctx, const char *path, enum mode mode,
                            pld_file **out)
{
    pld_status status = PLD_OK;
    pld_file *file = NULL;
    PLD_TRY_TO(out, prepare(ctx, path, mode, out != NULL ? &file : NULL));
    if (ctx->rank == 0)
        status = open_description(file, mode);
    PLD_TRY_TO(out, pld_agree(ctx, status));
    PLD_TRY_TO(out, choose_way(file));
    if (mode == CREATE)
        PLD_TRY_TO(out,
                   pld_file_write_text(file, NULL, "Conventions", "CF-1.10"));
    pld_ctx_retain(ctx, PLD_KIND_FILE);
    *out = file;
    file = NULL;
out:
    if (file != NULL && file->id >= 0) {
        (void)pld_handle_close(file);
        if (mode == CREATE)
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

/* Also tells of writing that the system had put off. */
static pld_status close_own(pld_file *file)
{
    int fd = file->fd;
    file->fd = -1;
    PLD_CHECK(fd < 0 || close(fd) == 0, pld_status_of_errno(errno),
              "cannot close '%s': %s", file->path, strerror(errno));
    return PLD_OK;
}

static pld_status close_file(pld_file *file)
{
    pld_status own = close_own(file);
    pld_status shared = pld_handle_unshare(file);
    pld_status status = pld_handle_close(file);
    PLD_TRY(own);
    PLD_TRY(shared);
    PLD_TRY(status);
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

/* --- Flushing ---------------------------------------------------------------
 */

static pld_status flush(pld_file *file)
{
    hid_t id = file->shared >= 0 && file->writable ? file->shared : file->id;
    if (id < 0)
        return PLD_OK;
    PLD_TRY(pld_links_settle(file));
    pld_reserve_let_go(&file->reserve);
    PLD_H5(PLD_ERR_IO, H5Fflush(id, H5F_SCOPE_GLOBAL), "cannot write '%s'",
           file->path);
    return pld_trouble_check(&file->trouble, file->path);
}

pld_status pld_file_flush(pld_file *file)
{
    pld_status status = pld_agree(file->ctx, flush(file));
    file->broken = file->broken || status != PLD_OK;
    return status;
}

/* Every rank: each node has pages of its own to write. */
static pld_status sync_own(pld_file *file)
{
    PLD_TRY(pld_file_reach(file));
    int code = pld_raw_sync(file->fd);
    PLD_CHECK(code == 0, pld_status_of_errno(code), "cannot sync '%s': %s",
              file->path, strerror(code));
    return PLD_OK;
}

pld_status pld_file_sync(pld_file *file)
{
    PLD_TRY(pld_file_flush(file));
    pld_status status = pld_agree(file->ctx, sync_own(file));
    file->broken = file->broken || status != PLD_OK;
    return status;
}

/* --- Space ------------------------------------------------------------------
 */

pld_status pld_file_check_space(pld_file *file, int64_t bytes)
{
    int64_t wanted = 0;
    PLD_CHECK(pld_add_fits(bytes, METADATA_BYTES, &wanted), PLD_ERR_OVERFLOW,
              "%lld bytes are too many for '%s'", (long long)bytes, file->path);
    PLD_TRY(pld_space_check(file->path, wanted));
    return pld_reserve_hold(file->path, METADATA_BYTES, &file->reserve);
}

pld_status pld_file_take_space(pld_file *file, int64_t first, int64_t bytes)
{
    return pld_space_take(file->path, first, bytes);
}
