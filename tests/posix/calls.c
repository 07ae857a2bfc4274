#define _GNU_SOURCE
#include "posix/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* These stand in for the C library's, and ask the system themselves. */

enum { MOST_FILES = 1024 };
static bool watched[MOST_FILES];
static const char *watched_folder;
static struct {
    enum call call;
    int nth;
    int code;
    bool always;
} fault;
static int nfailed;
static int64_t most_bytes;
static bool skip_sync;

void calls_watch(const char *folder)
{
    watched_folder = folder;
}

void calls_fail(enum call call, int nth, int code, bool always)
{
    fault.call = call;
    fault.nth = nth;
    fault.code = code;
    fault.always = always;
    nfailed = 0;
}

int calls_failed(void)
{
    return nfailed;
}

void calls_shorten(int64_t most)
{
    most_bytes = most;
}

void calls_skip_sync(bool lie)
{
    skip_sync = lie;
}

int calls_open(void)
{
    int n = 0;
    for (int fd = 0; fd < MOST_FILES; fd++)
        n += watched[fd];
    return n;
}

static bool is_below(const char *path)
{
    return watched_folder && strstr(path, watched_folder);
}

static bool is_watched(int fd)
{
    return fd >= 0 && fd < MOST_FILES && watched[fd];
}

static bool fails(enum call call)
{
    bool late = fault.always && fault.nth < 0;
    if (fault.nth == 0 || fault.call != call)
        return false;
    if (!late && (fault.nth < 0 || --fault.nth > 0))
        return false;
    fault.nth = -1;
    nfailed++;
    errno = fault.code;
    return true;
}

static size_t shorter(int fd, size_t bytes)
{
    return is_watched(fd) && most_bytes > 0 && bytes > (size_t)most_bytes
               ? (size_t)most_bytes
               : bytes;
}

/* --- Names ---------------------------------------------------------------- */

static int open_it(const char *path, int flags, mode_t mode)
{
    bool nameless = (flags & O_TMPFILE) == O_TMPFILE;
    bool heeded = is_below(path) || (watched_folder && (flags & O_DIRECTORY));
    if (heeded && fails(CALL_OPEN))
        return -1;
    struct stat info;
    bool is_new = (flags & O_CREAT) && stat(path, &info) != 0;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (!heeded || fd < 0 || fd >= MOST_FILES)
        return fd;
    watched[fd] = true;
    if (nameless)
        return fd;
    if (is_new)
        record_name(ENTRY_CREATE, path, NULL);
    else if (flags & O_TRUNC)
        record_bytes(ENTRY_TRUNCATE, fd, 0, 0, NULL);
    return fd;
}

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list args;
        va_start(args, flags);
        mode = va_arg(args, mode_t);
        va_end(args);
    }
    return open_it(path, flags, mode);
}

int close(int fd)
{
    bool heeded = is_watched(fd);
    if (fd >= 0 && fd < MOST_FILES)
        watched[fd] = false;
    int result = (int)syscall(SYS_close, fd);
    return heeded && fails(CALL_CLOSE) ? -1 : result;
}

int rename(const char *from, const char *to)
{
    if (is_below(to) && fails(CALL_RENAME))
        return -1;
    int result = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (result == 0 && is_below(to))
        record_name(ENTRY_RENAME, from, to);
    return result;
}

int unlink(const char *path)
{
    if (is_below(path) && fails(CALL_UNLINK))
        return -1;
    int result = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (result == 0 && is_below(path))
        record_name(ENTRY_UNLINK, path, NULL);
    return result;
}

int mkdir(const char *path, mode_t mode)
{
    if (is_below(path) && fails(CALL_MKDIR))
        return -1;
    int result = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (result == 0 && is_below(path))
        record_name(ENTRY_MKDIR, path, NULL);
    return result;
}

/* --- Bytes ---------------------------------------------------------------- */

ssize_t pread(int fd, void *out, size_t bytes, off_t first)
{
    if (is_watched(fd) && fails(CALL_READ))
        return -1;
    return syscall(SYS_pread64, fd, out, shorter(fd, bytes), first);
}

ssize_t pwrite(int fd, const void *data, size_t bytes, off_t first)
{
    if (is_watched(fd) && fails(CALL_WRITE))
        return -1;
    ssize_t n = syscall(SYS_pwrite64, fd, data, shorter(fd, bytes), first);
    if (n > 0 && is_watched(fd))
        record_bytes(ENTRY_WRITE, fd, first, n, data);
    return n;
}

ssize_t write(int fd, const void *data, size_t bytes)
{
    if (!is_watched(fd))
        return syscall(SYS_write, fd, data, bytes);
    if (fails(CALL_WRITE))
        return -1;
    off_t first = lseek(fd, 0, SEEK_CUR);
    ssize_t n = syscall(SYS_write, fd, data, shorter(fd, bytes));
    if (n > 0)
        record_bytes(ENTRY_WRITE, fd, first, n, data);
    return n;
}

int ftruncate(int fd, off_t length)
{
    if (is_watched(fd) && fails(CALL_FTRUNCATE))
        return -1;
    int result = (int)syscall(SYS_ftruncate, fd, length);
    if (result == 0 && is_watched(fd))
        record_bytes(ENTRY_TRUNCATE, fd, length, 0, NULL);
    return result;
}

int fallocate(int fd, int mode, off_t first, off_t bytes)
{
    if (is_watched(fd) && fails(CALL_FALLOCATE))
        return -1;
    int result = (int)syscall(SYS_fallocate, fd, mode, first, bytes);
    if (result == 0 && is_watched(fd))
        record_bytes(ENTRY_ALLOCATE, fd, first, bytes, NULL);
    return result;
}

int fsync(int fd)
{
    bool heeded = is_watched(fd);
    if (heeded && fails(CALL_FSYNC))
        return -1;
    if (heeded && skip_sync)
        return 0;
    if (heeded)
        record_bytes(ENTRY_SYNC_BEGIN, fd, 0, 0, NULL);
    int result = (int)syscall(SYS_fsync, fd);
    if (result == 0 && heeded)
        record_bytes(ENTRY_SYNC_END, fd, 0, 0, NULL);
    return result;
}
