#ifdef __linux__
#define _GNU_SOURCE /* memfd_create, O_TMPFILE, fallocate */
#endif
#include "par/nameless.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Newer than some C libraries. */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

/* Reserved at once: a signal makes the system start anew. */
#define STRIDE ((int64_t)64 << 20)

pld_status pld_nameless_open(const char *folder, struct pld_nameless *out)
{
    *out = (struct pld_nameless){.fd = -1, .place = folder};
    if (folder == NULL) {
        out->place = "memory";
        out->page = sysconf(_SC_PAGESIZE);
        out->fd = memfd_create("polder", MFD_CLOEXEC);
        PLD_CHECK(out->fd >= 0, PLD_ERR_UNSUPPORTED,
                  "no file in memory (memfd_create): %s", strerror(errno));
        return PLD_OK;
    }
    out->fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    PLD_CHECK(out->fd >= 0, PLD_ERR_UNSUPPORTED,
              "PLD_SEGMENT_DIR=%s: no file without a name there: %s", folder,
              strerror(errno));
    struct statvfs info;
    int64_t page = sysconf(_SC_PAGESIZE);
    bool known = fstatvfs(out->fd, &info) == 0;
    out->page =
        known && (int64_t)info.f_bsize > page ? (int64_t)info.f_bsize : page;
    return PLD_OK;
}

void pld_nameless_close(struct pld_nameless *file)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}

/* Beyond the limit of the process for files there would be a signal. */
static pld_status check_limit(const struct pld_nameless *file, const char *what,
                              int64_t offset, int64_t bytes)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return PLD_OK;
    PLD_CHECK((uint64_t)offset + (uint64_t)bytes <= (uint64_t)limit.rlim_cur,
              PLD_ERR_MEMORY,
              "%s: no room for %" PRId64 " bytes in the shared segment (%s): "
              "files may grow to %" PRIu64 " bytes only; raise that limit "
              "(ulimit -f), or set PLD_TRANSPORT=message",
              what, bytes, file->place, (uint64_t)limit.rlim_cur);
    return PLD_OK;
}

static int reserve_part(int fd, int64_t offset, int64_t bytes)
{
    while (fallocate(fd, 0, offset, bytes) != 0)
        if (errno != EINTR)
            return errno;
    return 0;
}

pld_status pld_nameless_reserve(const struct pld_nameless *file,
                                const char *what, int64_t offset, int64_t bytes)
{
    PLD_TRY(check_limit(file, what, offset, bytes));
    int code = 0;
    for (int64_t done = 0; done < bytes && code == 0; done += STRIDE) {
        int64_t part = bytes - done < STRIDE ? bytes - done : STRIDE;
        code = reserve_part(file->fd, offset + done, part);
    }
    if (code == 0)
        return PLD_OK;
    pld_nameless_release(file, offset, bytes);
    PLD_CHECK(code != EOPNOTSUPP, PLD_ERR_UNSUPPORTED,
              "%s: the file system of %s reserves no memory", what,
              file->place);
    PLD_RAISE(PLD_ERR_MEMORY,
              "%s: no room for %" PRId64 " bytes in the shared segment (%s): "
              "%s; make room there, use more ranks or nodes, or set "
              "PLD_TRANSPORT=message",
              what, bytes, file->place, strerror(code));
}

void pld_nameless_release(const struct pld_nameless *file, int64_t offset,
                          int64_t bytes)
{
    int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    while (fallocate(file->fd, mode, offset, bytes) != 0 && errno == EINTR)
        continue;
}

/* Addresses and offsets that agree modulo a large page can share one: take
 * more addresses than needed, and give back what lies outside. */
pld_status pld_nameless_map(int fd, const char *what, int64_t offset,
                            int64_t bytes, char **out)
{
    *out = NULL;
    int64_t slack = bytes >= PLD_LARGE_PAGE ? PLD_LARGE_PAGE : 0;
    char *base = mmap(NULL, (size_t)(bytes + slack), PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    PLD_CHECK(base != MAP_FAILED, PLD_ERR_MEMORY,
              "%s: no addresses for %" PRId64 " bytes: %s", what, bytes,
              strerror(errno));
    int64_t before = 0;
    if (slack > 0)
        before = (offset - (int64_t)(intptr_t)base) & (PLD_LARGE_PAGE - 1);
    char *address = base + before;
    if (before > 0)
        munmap(base, (size_t)before);
    if (slack > before)
        munmap(address + bytes, (size_t)(slack - before));
    void *mapped = mmap(address, (size_t)bytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_FIXED, fd, offset);
    int code = errno;
    if (mapped == MAP_FAILED)
        munmap(address, (size_t)bytes);
    PLD_CHECK(mapped != MAP_FAILED, PLD_ERR_MEMORY,
              "%s: cannot map %" PRId64 " bytes of a shared segment: %s", what,
              bytes, strerror(code));
    *out = address;
    return PLD_OK;
}

void pld_nameless_unmap(char *address, int64_t bytes)
{
    munmap(address, (size_t)bytes);
}

/* The system may have no large page at the moment, or no idea of them: then
 * small ones do. */
static void collapse(char *address, int64_t bytes)
{
    for (int64_t done = 0; done + PLD_LARGE_PAGE <= bytes;
         done += PLD_LARGE_PAGE)
        for (int attempt = 0; attempt < 3; attempt++)
            if (madvise(address + done, (size_t)PLD_LARGE_PAGE,
                        MADV_COLLAPSE) == 0)
                break;
            else if (errno == EINVAL)
                return;
}

void pld_nameless_touch(char *address, int64_t bytes)
{
    if (madvise(address, (size_t)bytes, MADV_POPULATE_WRITE) != 0)
        for (int64_t i = 0; i < bytes; i += 4096)
            *(volatile char *)(address + i) = 0;
    collapse(address, bytes);
}
