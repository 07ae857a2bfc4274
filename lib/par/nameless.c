#ifdef __linux__
#define _GNU_SOURCE /* memfd_create, O_TMPFILE, fallocate, madvise */
#endif
#include "par/nameless.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#ifdef __linux__

/* Newer than some C libraries. */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

/* Reserved at once, as a signal makes the system start anew. */
#define STRIDE ((int64_t)64 << 20)

/* From here on it is worth asking how much memory there is. */
#define MUCH ((int64_t)64 << 20)

/* Large pages that may fail one after the other before it is left at that. */
enum { MAX_FAILURES = 8 };

pld_status pld_nameless_open(const char *folder, struct pld_nameless *out)
{
    *out = (struct pld_nameless){
        .fd = -1, .page = sysconf(_SC_PAGESIZE), .place = "memory"};
    if (folder == NULL) {
        out->fd = memfd_create("polder", MFD_CLOEXEC);
        PLD_CHECK(out->fd >= 0, PLD_ERR_UNSUPPORTED,
                  "no file in memory (memfd_create): %s", strerror(errno));
        return PLD_OK;
    }
    out->place = folder;
    out->fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    PLD_CHECK(out->fd >= 0, PLD_ERR_UNSUPPORTED,
              "PLD_SEGMENT_DIR=%s: no file without a name there: %s", folder,
              strerror(errno));
    struct statvfs info;
    if (fstatvfs(out->fd, &info) == 0 && (int64_t)info.f_bsize > out->page)
        out->page = (int64_t)info.f_bsize;
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
              "%s: no memory for %" PRId64
              " shared bytes: files, and so shared "
              "memory (%s), may grow to %" PRIu64 " bytes only; raise that "
              "limit (ulimit -f) or set PLD_TRANSPORT=message",
              what, bytes, file->place, (uint64_t)limit.rlim_cur);
    return PLD_OK;
}

/* What the system has to give, swap included. */
static bool available_bytes(int64_t *out)
{
    char line[128];
    FILE *file = fopen("/proc/meminfo", "re");
    int found = 0;
    *out = 0;
    while (file != NULL && found < 2 && fgets(line, sizeof line, file)) {
        int64_t kilobytes = 0;
        if (sscanf(line, "MemAvailable: %" SCNd64, &kilobytes) == 1 ||
            sscanf(line, "SwapFree: %" SCNd64, &kilobytes) == 1) {
            *out += kilobytes * 1024;
            found++;
        }
    }
    if (file != NULL)
        fclose(file);
    return found == 2;
}

/* Reserving more than there is would make the system end some process. */
static pld_status check_available(const struct pld_nameless *file,
                                  const char *what, int64_t bytes)
{
    int64_t available = 0;
    bool known = bytes >= MUCH && strcmp(file->place, "memory") == 0 &&
                 available_bytes(&available);
    PLD_CHECK(!known || bytes <= available, PLD_ERR_MEMORY,
              "%s: no memory for %" PRId64 " bytes: this node has %" PRId64
              " left; use more nodes, or smaller parts",
              what, bytes, available);
    return PLD_OK;
}

static int reserve_stride(int fd, int64_t offset, int64_t bytes)
{
    while (fallocate(fd, 0, offset, bytes) != 0)
        if (errno != EINTR)
            return errno;
    return 0;
}

static int reserve(int fd, int64_t offset, int64_t bytes)
{
    int code = 0;
    for (int64_t done = 0; done < bytes && code == 0; done += STRIDE) {
        int64_t part = bytes - done < STRIDE ? bytes - done : STRIDE;
        code = reserve_stride(fd, offset + done, part);
    }
    return code;
}

static void release(int fd, int64_t offset, int64_t bytes)
{
    int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    while (fallocate(fd, mode, offset, bytes) != 0 && errno == EINTR)
        continue;
}

static bool collapse(char *address, int64_t bytes)
{
    return madvise(address, (size_t)bytes, MADV_COLLAPSE) == 0;
}

/* One page is enough for the system to make a large one of it, and to fill the
 * rest with zeros: several times faster than taking all the small ones first.
 * All at once if possible, as each call makes all cores do something. Where
 * none is to be had, small ones will do. */
static void take_large_pages(const struct pld_nameless *file, int64_t offset,
                             char *address, int64_t bytes)
{
    int64_t whole = bytes / PLD_LARGE_PAGE * PLD_LARGE_PAGE;
    for (int64_t i = 0; i < whole; i += PLD_LARGE_PAGE)
        if (reserve(file->fd, offset + i, file->page) != 0)
            return;
    if (whole == 0 || collapse(address, whole) || errno == EINVAL)
        return;
    int nfailures = 0;
    for (int64_t i = 0; i < whole && nfailures < MAX_FAILURES;
         i += PLD_LARGE_PAGE)
        nfailures = collapse(address + i, PLD_LARGE_PAGE) ? 0 : nfailures + 1;
}

/* Have all pages, for good and in this process. */
static pld_status fill(const struct pld_nameless *file, const char *what,
                       int64_t offset, int64_t bytes, char *address)
{
    /* The end first, so that the file is long enough. */
    int code = reserve(file->fd, offset + bytes - file->page, file->page);
    if (code == 0 && file->page < PLD_LARGE_PAGE)
        take_large_pages(file, offset, address, bytes);
    if (code == 0)
        code = reserve(file->fd, offset, bytes);
    PLD_CHECK(code != EOPNOTSUPP, PLD_ERR_UNSUPPORTED,
              "%s: the file system of %s does not reserve memory", what,
              file->place);
    PLD_CHECK(code == 0, PLD_ERR_MEMORY,
              "%s: no memory for %" PRId64 " shared bytes (%s): %s; make room "
              "there or set PLD_TRANSPORT=message",
              what, bytes, file->place, strerror(code));
    if (madvise(address, (size_t)bytes, MADV_POPULATE_WRITE) != 0)
        for (int64_t i = 0; i < bytes; i += file->page)
            *(volatile char *)(address + i) = 0;
    return PLD_OK;
}

pld_status pld_nameless_take(const struct pld_nameless *file, const char *what,
                             int64_t offset, int64_t bytes, char **out)
{
    pld_status status = PLD_OK;
    char *address = NULL;
    *out = NULL;
    PLD_TRY(check_limit(file, what, offset, bytes));
    PLD_TRY(check_available(file, what, bytes));
    PLD_TRY(pld_nameless_map(file->fd, what, offset, bytes, &address));
    PLD_TRY_TO(out, fill(file, what, offset, bytes, address));
    *out = address;
    return PLD_OK;
out:
    pld_nameless_give(file, address, offset, bytes);
    return status;
}

void pld_nameless_give(const struct pld_nameless *file, char *address,
                       int64_t offset, int64_t bytes)
{
    pld_nameless_unmap(address, bytes);
    release(file->fd, offset, bytes);
}

#else

pld_status pld_nameless_open(const char *folder, struct pld_nameless *out)
{
    (void)folder;
    *out = (struct pld_nameless){.fd = -1};
    PLD_RAISE(PLD_ERR_UNSUPPORTED, "memory is shared on Linux only");
}

void pld_nameless_close(struct pld_nameless *file)
{
    (void)file;
}

pld_status pld_nameless_take(const struct pld_nameless *file, const char *what,
                             int64_t offset, int64_t bytes, char **out)
{
    (void)file, (void)offset, (void)bytes;
    *out = NULL;
    PLD_RAISE(PLD_ERR_UNSUPPORTED, "%s: memory is shared on Linux only", what);
}

void pld_nameless_give(const struct pld_nameless *file, char *address,
                       int64_t offset, int64_t bytes)
{
    (void)file, (void)offset;
    pld_nameless_unmap(address, bytes);
}

#endif

/* Addresses and offsets that agree modulo a large page can share one: take
 * more addresses than needed, and give back those around. */
static char *find_addresses(int64_t offset, int64_t bytes)
{
    int64_t slack = bytes >= PLD_LARGE_PAGE ? PLD_LARGE_PAGE : 0;
    char *base = mmap(NULL, (size_t)(bytes + slack), PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED || slack == 0)
        return base;
    int64_t before = (offset - (int64_t)(intptr_t)base) & (PLD_LARGE_PAGE - 1);
    if (before > 0)
        munmap(base, (size_t)before);
    if (slack > before)
        munmap(base + before + bytes, (size_t)(slack - before));
    return base + before;
}

pld_status pld_nameless_map(int fd, const char *what, int64_t offset,
                            int64_t bytes, char **out)
{
    *out = NULL;
    char *address = find_addresses(offset, bytes);
    PLD_CHECK(address != MAP_FAILED, PLD_ERR_MEMORY,
              "%s: no addresses for %" PRId64 " bytes: %s", what, bytes,
              strerror(errno));
    void *mapped = mmap(address, (size_t)bytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_FIXED, fd, offset);
    int code = errno;
    if (mapped == MAP_FAILED)
        munmap(address, (size_t)bytes);
    PLD_CHECK(mapped != MAP_FAILED, PLD_ERR_MEMORY,
              "%s: cannot map %" PRId64 " shared bytes: %s", what, bytes,
              strerror(code));
    *out = address;
    return PLD_OK;
}

void pld_nameless_unmap(char *address, int64_t bytes)
{
    munmap(address, (size_t)bytes);
}
