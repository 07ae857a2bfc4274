#ifdef __linux__
#define _GNU_SOURCE /* fallocate: posix_fallocate may write where it cannot */
#endif
#include "io/preflight.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
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

/* A file that grows beyond it ends the process. */
static pld_status check_limit(const char *path, int64_t first, int64_t bytes)
{
    struct rlimit limit;
    char most[16];
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return PLD_OK;
    say_bytes((double)limit.rlim_cur, most);
    PLD_CHECK((double)first + (double)bytes <= (double)limit.rlim_cur,
              PLD_ERR_SPACE, "'%s' would grow beyond %s: see ulimit -f", path,
              most);
    return PLD_OK;
}

pld_status pld_space_check(const char *path, int64_t bytes)
{
    struct stat now;
    struct statvfs info;
    if (stat(path, &now) == 0 && S_ISREG(now.st_mode))
        PLD_TRY(check_limit(path, now.st_size, bytes));
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

/* Whether the system said that there is no space; file systems need not be able
 * to give any out beforehand, and then whoever writes will meet it. */
static bool give_out(int fd, int64_t first, int64_t bytes)
{
#ifdef __linux__
    if (fallocate(fd, 0, first, bytes) != 0)
        return errno != ENOSPC && errno != EDQUOT && errno != EFBIG;
#else
    (void)fd;
    (void)first;
    (void)bytes;
#endif
    return true;
}

static pld_status raise_full(const char *path, int64_t bytes)
{
    const char *reason = strerror(errno);
    char wanted[16];
    say_bytes((double)bytes, wanted);
    PLD_RAISE(PLD_ERR_SPACE, "no space: needs %s for '%s': %s", wanted, path,
              reason);
}

static pld_status take(int fd, const char *path, int64_t first, int64_t bytes)
{
    struct stat before;
    PLD_CHECK(fstat(fd, &before) == 0, PLD_ERR_IO, "cannot look at '%s': %s",
              path, strerror(errno));
    first = first < 0 ? before.st_size : first;
    PLD_TRY(check_limit(path, first, bytes));
    if (give_out(fd, first, bytes))
        return PLD_OK;
    pld_status status = raise_full(path, bytes);
    PLD_CHECK(ftruncate(fd, before.st_size) == 0, PLD_ERR_IO,
              "cannot shorten '%s': %s", path, strerror(errno));
    return status;
}

pld_status pld_space_take(const char *path, int64_t first, int64_t bytes)
{
    int fd = open(path, O_WRONLY);
    PLD_CHECK(fd >= 0, PLD_ERR_IO, "cannot open '%s': %s", path,
              strerror(errno));
    pld_status status = take(fd, path, first, bytes);
    close(fd);
    PLD_TRY(status);
    return PLD_OK;
}

/* A file beside `path` that has no name, or has lost it: where the system can,
 * it never has one, so that nothing is left of a process that is killed. */
static int open_nameless(const char *path)
{
    char name[PATH_MAX];
#ifdef O_TMPFILE
    const char *slash = strrchr(path, '/');
    snprintf(name, sizeof name, "%.*s", slash ? (int)(slash - path + 1) : 1,
             slash ? path : ".");
    int nameless = open(name, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (nameless >= 0)
        return nameless;
#endif
    int length = snprintf(name, sizeof name, "%s.XXXXXX", path);
    int fd = length < (int)sizeof name ? mkstemp(name) : -1;
    if (fd >= 0)
        (void)unlink(name);
    return fd;
}

pld_status pld_reserve_hold(const char *path, int64_t bytes, int *reserve)
{
    if (*reserve >= 0)
        return PLD_OK;
    int fd = open_nameless(path);
    if (fd < 0)
        return PLD_OK; /* a file that may be written in a folder that may not */
    if (!give_out(fd, 0, bytes)) {
        pld_status status = raise_full(path, bytes);
        close(fd);
        return status;
    }
    *reserve = fd;
    return PLD_OK;
}

void pld_reserve_let_go(int *reserve)
{
    if (*reserve >= 0)
        close(*reserve);
    *reserve = -1;
}
