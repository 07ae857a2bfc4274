#ifdef __linux__
#define _GNU_SOURCE /* fallocate: posix_fallocate may write where it cannot */
#endif
#include "io/preflight.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* A number of bytes for people, three digits. */
static void say_bytes(double bytes, char out[16])
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    int unit = 0;
    while (bytes >= 999.5 && unit < 5) {
        bytes /= 1000;
        unit++;
    }
    snprintf(out, 16, "%.3g %s", bytes, units[unit]);
}

pld_status pld_space_check(const char *path, int64_t bytes)
{
    struct statvfs info;
    if (statvfs(path, &info) != 0)
        return PLD_OK; /* unknown is not full */
    double free = (double)info.f_bavail * (double)info.f_frsize;
    char wanted[16];
    char have[16];
    say_bytes((double)bytes, wanted);
    say_bytes(free, have);
    PLD_CHECK((double)bytes <= free, PLD_ERR_SPACE,
              "no space: needs %s, %s free for '%s'", wanted, have, path);
    return PLD_OK;
}

#ifdef __linux__
static pld_status take(int fd, const char *path, int64_t first, int64_t bytes)
{
    struct stat before;
    if (fstat(fd, &before) != 0)
        return PLD_OK;
    off_t begin = first < 0 ? before.st_size : first;
    if (fallocate(fd, 0, begin, bytes) == 0)
        return PLD_OK;
    int code = errno;
    if (code != ENOSPC && code != EDQUOT && code != EFBIG)
        return PLD_OK; /* file systems need not be able to do this */
    char wanted[16];
    say_bytes((double)bytes, wanted);
    PLD_CHECK(ftruncate(fd, before.st_size) == 0, PLD_ERR_IO,
              "cannot shorten '%s': %s", path, strerror(errno));
    PLD_RAISE(PLD_ERR_SPACE, "no space: needs %s for '%s': %s", wanted, path,
              strerror(code));
}

pld_status pld_space_take(const char *path, int64_t first, int64_t bytes)
{
    int fd = open(path, O_WRONLY);
    if (fd < 0)
        return PLD_OK; /* whoever writes will meet it, and tell */
    pld_status status = take(fd, path, first, bytes);
    close(fd);
    PLD_TRY(status);
    return PLD_OK;
}
#else
pld_status pld_space_take(const char *path, int64_t first, int64_t bytes)
{
    (void)path;
    (void)first;
    (void)bytes;
    return PLD_OK;
}
#endif
