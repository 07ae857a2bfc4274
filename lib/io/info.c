#include "polder/file.h"
#include "io/check.h"
#include "io/hdf5.h"
#include "io/preflight.h"
#include "mesh/grid.h"

#include "base/alloc.h"
#include "par/context.h"
#include "polder/agree.h"
#include "polder/version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Where data come from: a text of lines "what: value", which only rank 0
 * makes. */

/* --- The text ------------------------------------------------------------- */

static void put_versions(FILE *out)
{
    unsigned hdf5[3] = {0};
    char mpi[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    int length = 0;
    H5get_libversion(&hdf5[0], &hdf5[1], &hdf5[2]);
    MPI_Get_library_version(mpi, &length);
    mpi[strcspn(mpi, ",\n")] = '\0';
    fprintf(out, "polder: %s\n", pld_version());
    fprintf(out, "mpi: %s\n", mpi);
    fprintf(out, "hdf5: %u.%u.%u\n", hdf5[0], hdf5[1], hdf5[2]);
}

/* As the system has it; no line where it does not tell. Whatever is in the
 * arguments, the line remains one. */
static void put_command(FILE *out)
{
    FILE *in = fopen("/proc/self/cmdline", "r");
    if (in == NULL)
        return;
    const char *before = "command: ";
    for (int c = getc(in); c != EOF; c = getc(in)) {
        fputs(before, out);
        before = "";
        if (c == '\0')
            before = " ";
        else
            putc(c < ' ' ? '?' : c, out);
    }
    putc('\n', out);
    fclose(in);
}

static void put_numbers(FILE *out, const char *what, const pld_grid *grid,
                        bool ranks)
{
    fprintf(out, "%s:", what);
    for (int d = 0; d < grid->ndims; d++)
        fprintf(out, "%s %lld", d > 0 ? " x" : "",
                ranks ? (long long)grid->nprocs[d] : (long long)grid->size[d]);
    putc('\n', out);
}

static void put_place(FILE *out, const pld_ctx *ctx, const pld_info *info)
{
    char host[256] = "";
    char when[32] = "";
    struct tm utc;
    time_t now = time(NULL);
    fprintf(out, "ranks: %d\nnodes: %d\n", ctx->nranks, ctx->nnodes);
    if (info->grid != NULL) {
        put_numbers(out, "grid", info->grid, false);
        put_numbers(out, "ranks along it", info->grid, true);
    }
    if (gethostname(host, sizeof host - 1) == 0)
        fprintf(out, "host: %s\n", host);
    if (gmtime_r(&now, &utc) != NULL &&
        strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc) > 0)
        fprintf(out, "time: %s\n", when);
}

static pld_status make_text(const pld_ctx *ctx, const pld_info *info,
                            char **out_text)
{
    size_t size = 0;
    FILE *out = open_memstream(out_text, &size);
    PLD_CHECK(out != NULL, PLD_ERR_MEMORY, "no memory for a text");
    put_versions(out);
    put_command(out);
    put_place(out, ctx, info);
    if (info->notes != NULL)
        fprintf(out, "notes: %s\n", info->notes);
    bool failed = ferror(out) != 0;
    failed = fclose(out) != 0 || failed;
    PLD_CHECK(!failed, PLD_ERR_MEMORY, "no memory for a text");
    return PLD_OK;
}

static pld_status check_info(const pld_ctx *ctx, const pld_info *info)
{
    if (info->grid == NULL)
        return PLD_OK;
    PLD_TRY(pld_grid_check(info->grid, "grid"));
    PLD_CHECK(info->grid->ctx == ctx, PLD_ERR_ARG,
              "grid lives on another context than the file");
    return PLD_OK;
}

/* --- Beside a file -------------------------------------------------------- */

static pld_status write_text(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");
    PLD_CHECK(out != NULL, pld_status_of_errno(errno), "cannot create '%s': %s",
              path, strerror(errno));
    bool failed = fputs(text, out) < 0;
    int code = errno;
    if (fclose(out) != 0 && !failed) {
        failed = true;
        code = errno;
    }
    PLD_CHECK(!failed, pld_status_of_errno(code), "cannot write '%s': %s", path,
              strerror(code));
    return PLD_OK;
}

/* Whole or not at all: under another name first. */
static pld_status write_beside(const char *path, const char *text)
{
    pld_status status = PLD_OK;
    char *name = NULL;
    char *aside = NULL;
    size_t room = strlen(path) + sizeof ".info.new";
    PLD_TRY_TO(out, pld_alloc("path", (int64_t)room, 1, &name));
    PLD_TRY_TO(out, pld_alloc("path", (int64_t)room, 1, &aside));
    snprintf(name, room, "%s.info", path);
    snprintf(aside, room, "%s.info.new", path);
    status = write_text(aside, text);
    if (status == PLD_OK && rename(aside, name) != 0) {
        int code = errno;
        (void)unlink(aside);
        PLD_CHECK_TO(out, false, pld_status_of_errno(code),
                     "cannot create '%s': %s", name, strerror(code));
    }
    if (status != PLD_OK)
        (void)unlink(aside);
out:
    pld_free(aside);
    pld_free(name);
    return status;
}

static pld_status make_beside(const pld_ctx *ctx, const char *path,
                              const pld_info *info)
{
    char *text = NULL;
    pld_status status = make_text(ctx, info, &text);
    if (status == PLD_OK)
        status = write_beside(path, text);
    free(text);
    return status;
}

static pld_status write_info(pld_ctx *ctx, const char *path,
                             const pld_info *info)
{
    static const pld_info nothing = {.notes = NULL};
    info = info != NULL ? info : &nothing;
    PLD_TRY(pld_io_check_pointer(ctx, "path", path));
    PLD_TRY(pld_agree_same(ctx, "path", path, strlen(path)));
    PLD_TRY(pld_agree(ctx, check_info(ctx, info)));
    return pld_agree(ctx,
                     ctx->rank == 0 ? make_beside(ctx, path, info) : PLD_OK);
}

pld_status pld_file_write_info(pld_ctx *ctx, const char *path,
                               const pld_info *info)
{
    PLD_CHECK(ctx != NULL, PLD_ERR_ARG, "ctx is NULL");
    struct pld_io_call call = pld_io_begin(ctx);
    PLD_TRY(pld_io_end(&call, write_info(ctx, path, info)));
    return PLD_OK;
}
