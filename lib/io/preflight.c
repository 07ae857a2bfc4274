#include "io/preflight.h"
#include "io/superblock.h"
#include "polder/mpi.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The status for what the system said of a path. */
static pld_status status_of(int code)
{
    switch (code) {
    case ENOENT:
    case ENOTDIR:
        return PLD_ERR_NOENT;
    case EACCES:
    case EPERM:
    case EROFS:
        return PLD_ERR_ACCESS;
    case ENAMETOOLONG:
    case ELOOP:
        return PLD_ERR_ARG;
    case ENOSPC:
        return PLD_ERR_SPACE;
    default:
        return PLD_ERR_IO;
    }
}

#ifdef PLD_MPI_FLAVOUR_OPENMPI
/* Whether a setting of Open MPI, a list of components with '^' in front when
 * it tells which not to use, lets the component be used. */
static bool component_allowed(const char *setting, const char *component)
{
    const char *list = getenv(setting);
    if (list == NULL || *list == '\0')
        return true;
    bool named = strstr(list, component) != NULL;
    return (*list == '^') != named;
}

/* Open MPI's ompio prints the path, ".locktest." and the rank into 256 bytes
 * without looking, and the process aborts when they are too many. */
static pld_status check_lock_name(const char *path, int nranks)
{
    int length = snprintf(NULL, 0, "%s.locktest.%d", path, nranks - 1);
    PLD_CHECK(length < 256 ||
                  !component_allowed("OMPI_MCA_sharedfp", "lockedfile") ||
                  !component_allowed("OMPI_MCA_io", "ompio"),
              PLD_ERR_ARG,
              "path has %zu characters, and Open MPI takes %zu: use a path "
              "relative to a folder nearer to the file, or set "
              "OMPI_MCA_sharedfp=^lockedfile; it is '%s'",
              strlen(path), strlen(path) - (size_t)(length - 255), path);
    return PLD_OK;
}
#else
static pld_status check_lock_name(const char *path, int nranks)
{
    (void)path;
    (void)nranks;
    return PLD_OK;
}
#endif

/* The folder that `path` lies in. */
static pld_status folder_of(const char *path, char folder[PATH_MAX])
{
    size_t length = strlen(path);
    PLD_CHECK(length < PATH_MAX, PLD_ERR_ARG,
              "path has %zu characters, and the system takes %d: it begins "
              "with '%.100s'",
              length, PATH_MAX - 1, path);
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        strcpy(folder, ".");
    else
        snprintf(folder, PATH_MAX, "%.*s",
                 slash == path ? 1 : (int)(slash - path), path);
    return PLD_OK;
}

/* Say which part of the path is not there. */
static pld_status check_folder(const char *path)
{
    char folder[PATH_MAX];
    PLD_TRY(folder_of(path, folder));
    struct stat info;
    if (stat(folder, &info) == 0) {
        PLD_CHECK(S_ISDIR(info.st_mode), PLD_ERR_NOENT,
                  "'%s' is not a folder, so there is no '%s'", folder, path);
        return PLD_OK;
    }
    int code = errno;
    if (code == ENOENT || code == ENOTDIR)
        PLD_TRY(check_folder(folder));
    PLD_RAISE(status_of(code), "no folder '%s' for '%s': %s", folder, path,
              strerror(code));
}

pld_status pld_path_check_create(const char *path, int nranks)
{
    PLD_TRY(check_lock_name(path, nranks));
    PLD_TRY(check_folder(path));
    struct stat info;
    if (stat(path, &info) == 0) {
        PLD_CHECK(!S_ISDIR(info.st_mode), PLD_ERR_ARG,
                  "path '%s' is a folder: name a file in it", path);
        PLD_CHECK(S_ISREG(info.st_mode), PLD_ERR_ARG,
                  "path '%s' is not a regular file", path);
        PLD_CHECK(access(path, W_OK) == 0, status_of(errno),
                  "cannot write '%s': %s", path, strerror(errno));
        return PLD_OK;
    }
    PLD_CHECK(errno == ENOENT, status_of(errno), "cannot create '%s': %s", path,
              strerror(errno));
    char folder[PATH_MAX];
    PLD_TRY(folder_of(path, folder));
    PLD_CHECK(access(folder, W_OK | X_OK) == 0, status_of(errno),
              "cannot create a file in '%s': %s", folder, strerror(errno));
    return PLD_OK;
}

/* Names the first bytes, by which a person may know what it is. */
static pld_status raise_not_hdf5(const char *path, const unsigned char *bytes,
                                 size_t n)
{
    PLD_CHECK(n > 0, PLD_ERR_FORMAT, "'%s' is empty, not an HDF5 file", path);
    char hex[3 * 8 + 1] = "";
    for (size_t i = 0; i < n && i < 8; i++)
        snprintf(hex + 3 * i, 4, " %02x", bytes[i]);
    PLD_RAISE(PLD_ERR_FORMAT, "'%s' is not an HDF5 file: it starts with%s",
              path, hex);
}

/* The superblock may lie behind a block of the user's own. */
static pld_status check_content(const char *path, int fd, int64_t size)
{
    unsigned char bytes[PLD_SUPERBLOCK_BYTES];
    for (int64_t place = 0; place < size || place == 0;
         place = place == 0 ? 512 : 2 * place) {
        ssize_t n = pread(fd, bytes, sizeof bytes, place);
        PLD_CHECK(n >= 0, PLD_ERR_IO, "cannot read '%s': %s", path,
                  strerror(errno));
        if (!pld_superblock_here(bytes, (size_t)n))
            continue;
        int64_t length = 0;
        PLD_TRY(pld_superblock_length(path, bytes, (size_t)n, &length));
        PLD_CHECK(size >= length, PLD_ERR_CORRUPT,
                  "'%s' is cut short: %lld of %lld bytes are there", path,
                  (long long)size, (long long)length);
        return PLD_OK;
    }
    ssize_t n = pread(fd, bytes, 8, 0);
    return raise_not_hdf5(path, bytes, n > 0 ? (size_t)n : 0);
}

pld_status pld_path_check_open(const char *path, bool writable, int nranks)
{
    PLD_TRY(check_lock_name(path, nranks));
    struct stat info;
    if (stat(path, &info) != 0) {
        int code = errno;
        PLD_TRY(check_folder(path));
        PLD_RAISE(status_of(code), "cannot open '%s': %s", path,
                  strerror(code));
    }
    PLD_CHECK(!S_ISDIR(info.st_mode), PLD_ERR_ARG, "path '%s' is a folder",
              path);
    PLD_CHECK(S_ISREG(info.st_mode), PLD_ERR_FORMAT,
              "path '%s' is not a regular file", path);
    PLD_CHECK(!writable || access(path, W_OK) == 0, status_of(errno),
              "cannot write '%s': %s", path, strerror(errno));
    int fd = open(path, O_RDONLY);
    PLD_CHECK(fd >= 0, status_of(errno), "cannot open '%s': %s", path,
              strerror(errno));
    pld_status status = check_content(path, fd, info.st_size);
    close(fd);
    PLD_TRY(status);
    return PLD_OK;
}
