#include "io/preflight.h"
#include "io/raw.h"
#include "io/superblock.h"
#include "polder/mpi.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/vfs.h>
#endif
#include <unistd.h>

pld_status pld_status_of_errno(int code)
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
    case EDQUOT:
    case EFBIG:
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
pld_status pld_path_check_shared(const char *path, int nranks)
{
    int length = snprintf(NULL, 0, "%s.locktest.%d", path, nranks - 1);
    PLD_CHECK(length < 256 ||
                  !component_allowed("OMPI_MCA_sharedfp", "lockedfile") ||
                  !component_allowed("OMPI_MCA_io", "ompio"),
              PLD_ERR_ARG,
              "path has %zu characters, and Open MPI takes %zu: use a path "
              "relative to a folder nearer to the file, set "
              "OMPI_MCA_sharedfp=^lockedfile, or store variables in one piece; "
              "it is '%s'",
              strlen(path), strlen(path) - (size_t)(length - 255), path);
    return PLD_OK;
}
#else
pld_status pld_path_check_shared(const char *path, int nranks)
{
    (void)path;
    (void)nranks;
    return PLD_OK;
}
#endif

/* Clients of NFS and its like keep pages of a file to themselves, and write
 * back whole ones. Numbers of file systems are those of statfs(2). */
bool pld_path_is_coherent(const char *path)
{
#ifdef __linux__
    static const long apart[] = {0x6969,     /* NFS */
                                 0xff534d42, /* CIFS */
                                 0xfe534d42, /* SMB2 */
                                 0x01021997, /* 9P */
                                 0x65735546, /* FUSE, such as sshfs */
                                 0x5346414f /* AFS */};
    struct statfs info;
    if (statfs(path, &info) != 0)
        return true;
    for (size_t i = 0; i < sizeof apart / sizeof apart[0]; i++)
        if ((uint32_t)info.f_type == (uint32_t)apart[i])
            return false;
#else
    (void)path;
#endif
    return true;
}

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
    PLD_RAISE(pld_status_of_errno(code), "no folder '%s' for '%s': %s", folder,
              path, strerror(code));
}

pld_status pld_path_check_create(const char *path)
{
    PLD_TRY(check_folder(path));
    struct stat info;
    if (stat(path, &info) == 0) {
        PLD_CHECK(!S_ISDIR(info.st_mode), PLD_ERR_ARG,
                  "path '%s' is a folder: name a file in it", path);
        PLD_CHECK(S_ISREG(info.st_mode), PLD_ERR_ARG,
                  "path '%s' is not a regular file", path);
        PLD_CHECK(access(path, W_OK) == 0, pld_status_of_errno(errno),
                  "cannot write '%s': %s", path, strerror(errno));
        return PLD_OK;
    }
    PLD_CHECK(errno == ENOENT, pld_status_of_errno(errno),
              "cannot create '%s': %s", path, strerror(errno));
    char folder[PATH_MAX];
    PLD_TRY(folder_of(path, folder));
    PLD_CHECK(access(folder, W_OK | X_OK) == 0, pld_status_of_errno(errno),
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
        int64_t n = pld_raw_get(fd, bytes, sizeof bytes, place);
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
    int64_t n = pld_raw_get(fd, bytes, 8, 0);
    return raise_not_hdf5(path, bytes, n > 0 ? (size_t)n : 0);
}

pld_status pld_path_check_open(const char *path, bool writable)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        int code = errno;
        PLD_TRY(check_folder(path));
        PLD_RAISE(pld_status_of_errno(code), "cannot open '%s': %s", path,
                  strerror(code));
    }
    PLD_CHECK(!S_ISDIR(info.st_mode), PLD_ERR_ARG, "path '%s' is a folder",
              path);
    PLD_CHECK(S_ISREG(info.st_mode), PLD_ERR_FORMAT,
              "path '%s' is not a regular file", path);
    PLD_CHECK(!writable || access(path, W_OK) == 0, pld_status_of_errno(errno),
              "cannot write '%s': %s", path, strerror(errno));
    int fd = open(path, O_RDONLY);
    PLD_CHECK(fd >= 0, pld_status_of_errno(errno), "cannot open '%s': %s", path,
              strerror(errno));
    pld_status status = check_content(path, fd, info.st_size);
    close(fd);
    PLD_TRY(status);
    return PLD_OK;
}
