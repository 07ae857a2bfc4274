#ifdef __linux__
#define _GNU_SOURCE /* F_OFD_SETLK */
#endif
#include "io/lock.h"
#include "io/preflight.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Whether nobody else holds the lock. It is on a byte that no file has: MPI-IO
 * locks what it writes to, and must not wait for us. Locks of the open file,
 * unlike those of the process, also tell when a program opens one twice. */
static bool set_lock(int fd)
{
#ifdef F_OFD_SETLK
    struct flock lock = {.l_type = F_WRLCK,
                         .l_whence = SEEK_SET,
                         .l_start = INT64_MAX - 1,
                         .l_len = 1};
    return fcntl(fd, F_OFD_SETLK, &lock) == 0 ||
           (errno != EACCES && errno != EAGAIN);
#else
    (void)fd;
    return true;
#endif
}

static bool is_locked(int fd)
{
#ifdef F_OFD_SETLK
    struct flock lock = {.l_type = F_WRLCK,
                         .l_whence = SEEK_SET,
                         .l_start = INT64_MAX - 1,
                         .l_len = 1};
    return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
#else
    (void)fd;
    return false;
#endif
}

bool pld_lock_is_held(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool held = fd >= 0 && is_locked(fd);
    if (fd >= 0)
        close(fd);
    return held;
}

pld_status pld_lock_take(const char *path, bool create, int *lock)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0666);
    PLD_CHECK(fd >= 0, pld_status_of_errno(errno), "cannot open '%s': %s", path,
              strerror(errno));
    if (!set_lock(fd)) {
        close(fd);
        PLD_RAISE(PLD_ERR_STATE,
                  "'%s' is being written by another program, or opened twice "
                  "by this one",
                  path);
    }
    *lock = fd;
    return PLD_OK;
}

void pld_lock_let_go(int *lock)
{
    if (*lock >= 0)
        close(*lock);
    *lock = -1;
}
