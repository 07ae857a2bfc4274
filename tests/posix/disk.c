#include "posix/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "polder/digest.h"
#include "polder/random.h"

enum { MOST_ENTRIES = 20000, MOST_NAMES = 64, MOST_STATES = 100000 };

struct name {
    char text[NAME_BYTES];
    uint64_t folder;
    int file; /* the entry that made it; inodes are used again */
};

struct disk {
    char *log;
    int length;
    const struct entry *entries[MOST_ENTRIES];
    int file[MOST_ENTRIES]; /* the entry that made what this one is about */
    int sure[MOST_ENTRIES]; /* the entry by which it is on the disk */
    int nseen;
    uint64_t seen[MOST_STATES];
    /* Of the state at hand: */
    int nnames;
    struct name names[MOST_NAMES];
    uint64_t draw;
};

static void *get(size_t bytes)
{
    void *memory = calloc(bytes > 0 ? bytes : 1, 1);
    if (!memory)
        abort();
    return memory;
}

/* --- The log -------------------------------------------------------------- */

static bool is_naming(const struct entry *entry)
{
    return entry->kind == ENTRY_CREATE || entry->kind == ENTRY_MKDIR ||
           entry->kind == ENTRY_RENAME || entry->kind == ENTRY_UNLINK;
}

/* Which entry made the inode that entry `n` is about; -1: it was there. */
static int maker(const struct disk *disk, int n)
{
    uint64_t file = disk->entries[n]->file;
    for (int i = n; i >= 0; i--) {
        const struct entry *entry = disk->entries[i];
        if (entry->file == file &&
            (entry->kind == ENTRY_CREATE || entry->kind == ENTRY_MKDIR))
            return i;
    }
    return -1;
}

/* The entry by which entry `i` is sure to be on the disk: the end of the first
 * sync of this inode that began after it. */
static int sure_from(const struct disk *disk, int i)
{
    const struct entry *entry = disk->entries[i];
    uint64_t inode = is_naming(entry) ? entry->folder : entry->file;
    int begin = -1;
    for (int j = i + 1; j < disk->length; j++) {
        const struct entry *later = disk->entries[j];
        if (later->file != inode)
            continue;
        if (later->kind == ENTRY_SYNC_BEGIN && begin < 0)
            begin = j;
        if (later->kind == ENTRY_SYNC_END && begin >= 0 &&
            later->process == disk->entries[begin]->process)
            return j;
    }
    return INT32_MAX;
}

struct disk *disk_read(const char *log)
{
    struct stat info;
    struct disk *disk = get(sizeof *disk);
    FILE *in = fopen(log, "rb");
    if (!in || fstat(fileno(in), &info) != 0)
        abort();
    disk->log = get((size_t)info.st_size);
    if (fread(disk->log, 1, (size_t)info.st_size, in) != (size_t)info.st_size)
        abort();
    fclose(in);
    for (int64_t at = 0; at < info.st_size;) {
        const struct entry *entry = (const void *)(disk->log + at);
        if (disk->length == MOST_ENTRIES)
            abort();
        disk->entries[disk->length] = entry;
        disk->file[disk->length] = maker(disk, disk->length);
        disk->length++;
        at += (int64_t)sizeof *entry;
        /* What follows keeps the next one aligned. */
        at += entry->kind == ENTRY_WRITE ? (entry->bytes + 7) / 8 * 8 : 0;
    }
    for (int i = 0; i < disk->length; i++)
        disk->sure[i] = sure_from(disk, i);
    return disk;
}

void disk_free(struct disk *disk)
{
    free(disk->log);
    free(disk);
}

int disk_length(const struct disk *disk)
{
    return disk->length;
}

int64_t disk_claimed(const struct disk *disk, int n)
{
    int64_t number = -1;
    for (int i = 0; i < n; i++)
        if (disk->entries[i]->kind == ENTRY_CLAIM)
            number = disk->entries[i]->first;
    return number;
}

/* --- A state -------------------------------------------------------------- */

enum fate { OLD, ZERO, NEW };

/* What becomes of something that is not sure. */
static enum fate fate_of(struct disk *disk, int state)
{
    if (state < 3)
        return (enum fate)state;
    const pld_random random = {.seed = 77};
    return (enum fate)pld_random_integer(random, disk->draw++, 3);
}

static int find(const struct disk *disk, uint64_t folder, const char *text)
{
    for (int i = 0; i < disk->nnames; i++)
        if (disk->names[i].folder == folder &&
            strcmp(disk->names[i].text, text) == 0)
            return i;
    return -1;
}

static void forget(struct disk *disk, uint64_t folder, const char *text)
{
    int i = find(disk, folder, text);
    if (i >= 0)
        disk->names[i] = disk->names[--disk->nnames];
}

static void put(struct disk *disk, uint64_t folder, const char *text, int file)
{
    forget(disk, folder, text);
    if (disk->nnames == MOST_NAMES)
        abort();
    struct name *name = &disk->names[disk->nnames++];
    strncpy(name->text, text, NAME_BYTES);
    name->folder = folder;
    name->file = file;
}

static void name_it(struct disk *disk, int i)
{
    const struct entry *entry = disk->entries[i];
    if (entry->kind == ENTRY_UNLINK) {
        forget(disk, entry->folder, entry->name);
    } else if (entry->kind == ENTRY_RENAME) {
        forget(disk, entry->folder, entry->name);
        put(disk, entry->folder, entry->to, disk->file[i]);
    } else {
        put(disk, entry->folder, entry->name, i);
    }
}

static void settle_names(struct disk *disk, int n, int state)
{
    disk->nnames = 0;
    for (int i = 0; i < n; i++)
        if (is_naming(disk->entries[i]) &&
            (disk->sure[i] < n || fate_of(disk, state) == NEW))
            name_it(disk, i);
}

/* One change of a file of `size` bytes. */
static int64_t change(const struct entry *entry, enum fate fate, char *bytes,
                      int64_t size)
{
    int64_t end = entry->first + entry->bytes;
    if (fate == OLD)
        return size;
    if (entry->kind == ENTRY_TRUNCATE) {
        if (entry->first < size)
            memset(bytes + entry->first, 0, (size_t)(size - entry->first));
        return entry->first;
    }
    if (entry->kind == ENTRY_WRITE && fate == ZERO)
        memset(bytes + entry->first, 0, (size_t)entry->bytes);
    if (entry->kind == ENTRY_WRITE && fate == NEW)
        memcpy(bytes + entry->first, entry + 1, (size_t)entry->bytes);
    return end > size ? end : size;
}

static bool is_change(const struct disk *disk, int i, int file)
{
    int kind = disk->entries[i]->kind;
    return disk->file[i] == file &&
           (kind == ENTRY_TRUNCATE || kind == ENTRY_ALLOCATE ||
            kind == ENTRY_WRITE);
}

static char *settle_bytes(struct disk *disk, int file, int n, int state,
                          int64_t *size)
{
    int64_t room = 0;
    for (int i = file; i < n; i++) {
        const struct entry *entry = disk->entries[i];
        if (is_change(disk, i, file) && entry->first + entry->bytes > room)
            room = entry->first + entry->bytes;
    }
    char *bytes = get((size_t)room);
    *size = 0;
    for (int i = file; i < n; i++)
        if (is_change(disk, i, file))
            *size = change(disk->entries[i],
                           disk->sure[i] < n ? NEW : fate_of(disk, state),
                           bytes, *size);
    return bytes;
}

/* --- Making it ------------------------------------------------------------ */

static void empty(const char *folder)
{
    char path[1024];
    mkdir(folder, 0777);
    DIR *open = opendir(folder);
    for (struct dirent *entry = readdir(open); entry; entry = readdir(open))
        if (strcmp(entry->d_name, ".") != 0 &&
            strcmp(entry->d_name, "..") != 0) {
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
            unlink(path);
        }
    closedir(open);
}

static void make_file(const char *folder, const char *name, const char *bytes,
                      int64_t size)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *out = fopen(path, "wb");
    if (!out || fwrite(bytes, 1, (size_t)size, out) != (size_t)size)
        abort();
    fclose(out);
}

/* The folder of interest: the first that is made, or that of the first name. */
static bool is_there(const struct disk *disk, uint64_t *inode)
{
    int top = 0;
    while (top < disk->length && !is_naming(disk->entries[top]))
        top++;
    if (top == disk->length)
        return false;
    bool was_made = disk->entries[top]->kind == ENTRY_MKDIR;
    *inode = was_made ? disk->entries[top]->file : disk->entries[top]->folder;
    for (int i = 0; was_made && i < disk->nnames; i++)
        if (disk->names[i].file == top)
            return true;
    return !was_made;
}

static bool is_new(struct disk *disk, uint64_t digest)
{
    for (int i = 0; i < disk->nseen; i++)
        if (disk->seen[i] == digest)
            return false;
    if (disk->nseen == MOST_STATES)
        abort();
    disk->seen[disk->nseen++] = digest;
    return true;
}

/* States are the same when files that have their final names are. */
static uint64_t digest_of(const struct name *name, const char *bytes,
                          int64_t size)
{
    if (name->text[0] == '.')
        return 0;
    return pld_digest_bytes(name->text, strlen(name->text), 1) ^
           pld_digest_bytes(bytes, (size_t)size, 2);
}

bool disk_make(struct disk *disk, int n, int state, const char *folder)
{
    char *bytes[MOST_NAMES] = {NULL};
    int64_t size[MOST_NAMES] = {0};
    uint64_t inode = 0;
    settle_names(disk, n, state);
    int count = is_there(disk, &inode) ? disk->nnames : 0;
    uint64_t digest = (uint64_t)disk_claimed(disk, n);
    for (int i = 0; i < count; i++)
        if (disk->names[i].folder == inode) {
            bytes[i] =
                settle_bytes(disk, disk->names[i].file, n, state, &size[i]);
            digest += digest_of(&disk->names[i], bytes[i], size[i]);
        }
    bool made = is_new(disk, digest);
    if (made)
        empty(folder);
    for (int i = 0; i < count; i++) {
        if (made && bytes[i])
            make_file(folder, disk->names[i].text, bytes[i], size[i]);
        free(bytes[i]);
    }
    return made;
}
