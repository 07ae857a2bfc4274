#define _GNU_SOURCE
#include "posix/record.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int log_fd = -1;

void calls_record(const char *log)
{
    if (log_fd >= 0)
        syscall(SYS_close, log_fd);
    log_fd = log ? (int)syscall(SYS_openat, AT_FDCWD, log,
                                O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)
                 : -1;
}

/* In one call, for the entries of several processes to stay whole; padded, for
 * the next one to be aligned. */
static void append(struct entry *entry, const void *data)
{
    if (log_fd < 0)
        return;
    size_t bytes = data ? (size_t)entry->bytes : 0;
    size_t size = sizeof *entry + (bytes + 7) / 8 * 8;
    char *text = calloc(size, 1);
    if (!text)
        abort();
    entry->process = (int)getpid();
    memcpy(text, entry, sizeof *entry);
    if (bytes > 0)
        memcpy(text + sizeof *entry, data, bytes);
    if (syscall(SYS_write, log_fd, text, size) != (long)size)
        abort();
    free(text);
}

static uint64_t inode_of(int fd)
{
    struct stat info;
    return fstat(fd, &info) == 0 ? info.st_ino : 0;
}

static uint64_t inode_at(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? info.st_ino : 0;
}

/* The folder that holds the name, and the name. */
static void split(const char *path, uint64_t *folder, char *name)
{
    char parent[4200] = ".";
    const char *slash = strrchr(path, '/');
    if (slash && (size_t)(slash - path) < sizeof parent) {
        memcpy(parent, path, (size_t)(slash - path));
        parent[slash - path] = '\0';
    }
    *folder = inode_at(parent);
    strncpy(name, slash ? slash + 1 : path, NAME_BYTES - 1);
}

void record_name(int kind, const char *path, const char *to)
{
    struct entry entry = {.kind = kind};
    if (log_fd < 0)
        return;
    split(path, &entry.folder, entry.name);
    if (to)
        split(to, &entry.folder, entry.to);
    entry.file = inode_at(to ? to : path);
    append(&entry, NULL);
}

void record_bytes(int kind, int fd, int64_t first, int64_t bytes,
                  const void *data)
{
    append(
        &(struct entry){
            .kind = kind, .file = inode_of(fd), .first = first, .bytes = bytes},
        data);
}

void calls_claim(int64_t number)
{
    append(&(struct entry){.kind = ENTRY_CLAIM, .first = number}, NULL);
}
