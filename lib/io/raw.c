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

pld_status pld_raw_write(pld_file *file, const char *name, const void *data,
                         int64_t bytes, int64_t place)
{
    const char *from = data;
    while (bytes > 0) {
        ssize_t n = pwrite(file->fd, from, part_of(bytes), (off_t)place);
        if (n < 0 && errno == EINTR)
            continue;
        PLD_CHECK(n > 0, n < 0 ? pld_status_of_errno(errno) : PLD_ERR_IO,
                  "cannot write '%s' to '%s': %s", name, file->path,
                  n < 0 ? strerror(errno) : "nothing was taken");
        from += n;
        bytes -= n;
        place += n;
    }
    return PLD_OK;
}

pld_status pld_raw_read(pld_file *file, const char *name, void *out,
                        int64_t bytes, int64_t place)
{
    char *to = out;
    while (bytes > 0) {
        ssize_t n = pread(file->fd, to, part_of(bytes), (off_t)place);
        if (n < 0 && errno == EINTR)
            continue;
        PLD_CHECK(n >= 0, pld_status_of_errno(errno),
                  "cannot read '%s' from '%s': %s", name, file->path,
                  strerror(errno));
        PLD_CHECK(n > 0, PLD_ERR_CORRUPT,
                  "'%s' is cut short: it ends at byte %lld, within '%s'",
                  file->path, (long long)place, name);
        to += n;
        bytes -= n;
        place += n;
    }
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
