#include "io/raw.h"
#include "io/preflight.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Linux moves at most 2 GiB less a page in a call. */
#define CALL_BYTES ((int64_t)1 << 30)

static size_t part_of(int64_t bytes)
{
    return (size_t)(bytes < CALL_BYTES ? bytes : CALL_BYTES);
}

int pld_raw_put(int fd, const void *data, int64_t bytes, int64_t place)
{
    const char *from = data;
    while (bytes > 0) {
        ssize_t n = pwrite(fd, from, part_of(bytes), (off_t)place);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? errno : EIO;
        from += n;
        bytes -= n;
        place += n;
    }
    return 0;
}

int64_t pld_raw_get(int fd, void *out, int64_t bytes, int64_t place)
{
    int64_t got = 0;
    while (got < bytes) {
        ssize_t n = pread(fd, (char *)out + got, part_of(bytes - got),
                          (off_t)(place + got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        got += n;
    }
    return got;
}

pld_status pld_raw_write(pld_file *file, const char *name, const void *data,
                         int64_t bytes, int64_t place)
{
    int code = pld_raw_put(file->fd, data, bytes, place);
    PLD_CHECK(code == 0, pld_status_of_errno(code),
              "cannot write '%s' to '%s': %s", name, file->path,
              strerror(code));
    return PLD_OK;
}

pld_status pld_raw_read(pld_file *file, const char *name, void *out,
                        int64_t bytes, int64_t place)
{
    int64_t got = pld_raw_get(file->fd, out, bytes, place);
    PLD_CHECK(got >= 0, pld_status_of_errno(errno),
              "cannot read '%s' from '%s': %s", name, file->path,
              strerror(errno));
    PLD_CHECK(got == bytes, PLD_ERR_CORRUPT,
              "'%s' is cut short: it ends at byte %lld, within '%s'",
              file->path, (long long)(place + got), name);
    return PLD_OK;
}

int pld_raw_sync(int fd)
{
    int code = 0;
    do
        code = fsync(fd) == 0 ? 0 : errno;
    while (code == EINTR);
    return code == EINVAL || code == ENOTSUP || code == ENOSYS ? 0 : code;
}
