#include "io/checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "io/lock.h"
#include "io/preflight.h"
#include "io/raw.h"

/* FOLDER/NAME_000000000123.h5, written as FOLDER/.NAME_000000000123.tmp. */

void pld_checkpoint_path(const pld_checkpoint *checkpoint, int64_t number,
                         char path[PLD_CHECKPOINT_PATH])
{
    snprintf(path, PLD_CHECKPOINT_PATH, "%s/%s_%012" PRId64 ".h5",
             checkpoint->folder, checkpoint->name, number);
}

void pld_checkpoint_aside(const pld_checkpoint *checkpoint, int64_t number,
                          char path[PLD_CHECKPOINT_PATH])
{
    snprintf(path, PLD_CHECKPOINT_PATH, "%s/.%s_%012" PRId64 ".tmp",
             checkpoint->folder, checkpoint->name, number);
}

/* The number in a file's name; false when it is none of these. */
static bool is_named(const pld_checkpoint *checkpoint, const char *file,
                     const char *before, const char *after, int64_t *number)
{
    size_t first = strlen(before);
    size_t length = strlen(checkpoint->name);
    if (strncmp(file, before, first) != 0 ||
        strncmp(file + first, checkpoint->name, length) != 0 ||
        file[first + length] != '_')
        return false;
    const char *digits = file + first + length + 1;
    if (*digits < '0' || *digits > '9')
        return false;
    char *end = NULL;
    errno = 0;
    *number = strtoll(digits, &end, 10);
    return errno == 0 && strcmp(end, after) == 0;
}

/* Visit all names of one kind. */
typedef pld_status visit_number(int64_t number, void *data);

static pld_status visit_all(const pld_checkpoint *checkpoint,
                            const char *before, const char *after,
                            visit_number *visit, void *data)
{
    pld_status status = PLD_OK;
    DIR *folder = opendir(checkpoint->folder);
    PLD_CHECK(folder, pld_status_of_errno(errno), "cannot look into '%s': %s",
              checkpoint->folder, strerror(errno));
    for (struct dirent *entry = readdir(folder); entry;
         entry = readdir(folder)) {
        int64_t number = 0;
        if (is_named(checkpoint, entry->d_name, before, after, &number))
            PLD_TRY_TO(out, visit(number, data));
    }
out:
    closedir(folder);
    return status;
}

/* --- Occupying ------------------------------------------------------------ */

/* Bring what was written, or names that were given, to the disk. */
static pld_status sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    int code = fd >= 0 ? pld_raw_sync(fd) : errno;
    if (fd >= 0)
        close(fd);
    PLD_CHECK(code == 0, pld_status_of_errno(code),
              "cannot bring '%s' to the disk: %s", path, strerror(code));
    return PLD_OK;
}

/* The folder's own name: what is in it must not be lost with it. Whoever may
 * not look into the parent has not made it either. */
static pld_status sync_name_of(const char *folder)
{
    char parent[PLD_CHECKPOINT_PATH + 3];
    snprintf(parent, sizeof parent, "%s/..", folder);
    if (access(parent, R_OK) != 0)
        return PLD_OK;
    return sync_path(parent, O_RDONLY | O_DIRECTORY);
}

/* Left by a run that has ended: nobody else uses the name now. */
static pld_status remove_aside(int64_t number, void *data)
{
    char path[PLD_CHECKPOINT_PATH];
    pld_checkpoint_aside(data, number, path);
    (void)unlink(path);
    return PLD_OK;
}

static pld_status make_folder(const pld_checkpoint *checkpoint)
{
    PLD_CHECK(strlen(checkpoint->folder) + strlen(checkpoint->name) + 40 <
                      PLD_CHECKPOINT_PATH &&
                  strlen(checkpoint->name) + 40 < NAME_MAX,
              PLD_ERR_ARG,
              "folder and name have %zu and %zu bytes: too long for paths",
              strlen(checkpoint->folder), strlen(checkpoint->name));
    int code = mkdir(checkpoint->folder, 0777) == 0 ? 0 : errno;
    struct stat info;
    if (code == EEXIST && stat(checkpoint->folder, &info) == 0)
        code = S_ISDIR(info.st_mode) ? 0 : ENOTDIR;
    PLD_CHECK(code == 0, pld_status_of_errno(code),
              "cannot make the folder '%s': %s", checkpoint->folder,
              strerror(code));
    return PLD_OK;
}

pld_status pld_checkpoint_occupy(pld_checkpoint *checkpoint)
{
    char path[PLD_CHECKPOINT_PATH];
    PLD_TRY(make_folder(checkpoint));
    snprintf(path, sizeof path, "%s/.%s.lock", checkpoint->folder,
             checkpoint->name);
    /* From a folder that is read-only one can still restore. */
    if (access(checkpoint->folder, W_OK) != 0)
        return PLD_OK;
    PLD_TRY(pld_lock_take(path, true, &checkpoint->lock));
    PLD_TRY(sync_name_of(checkpoint->folder));
    return visit_all(checkpoint, ".", ".tmp", remove_aside, checkpoint);
}

/* --- Listing -------------------------------------------------------------- */

struct numbers {
    int64_t count;
    int64_t *list; /* NULL: only counted */
};

static pld_status add_number(int64_t number, void *data)
{
    struct numbers *numbers = data;
    if (numbers->list)
        numbers->list[numbers->count] = number;
    numbers->count++;
    return PLD_OK;
}

static int highest_first(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;
    return (a < b) - (a > b);
}

pld_status pld_checkpoint_list(const pld_checkpoint *checkpoint, int64_t *count,
                               int64_t **numbers)
{
    struct numbers found = {.count = 0};
    *numbers = NULL;
    PLD_TRY(visit_all(checkpoint, "", ".h5", add_number, &found));
    *count = found.count;
    PLD_TRY(pld_alloc("numbers of checkpoints", found.count, sizeof *found.list,
                      &found.list));
    *numbers = found.list;
    found.count = 0;
    if (*count == 0)
        return PLD_OK;
    PLD_TRY(visit_all(checkpoint, "", ".h5", add_number, &found));
    *count = found.count < *count ? found.count : *count;
    qsort(found.list, (size_t)*count, sizeof *found.list, highest_first);
    return PLD_OK;
}

/* --- Publishing ----------------------------------------------------------- */

pld_status pld_checkpoint_publish(const pld_checkpoint *checkpoint,
                                  int64_t number)
{
    char aside[PLD_CHECKPOINT_PATH];
    char path[PLD_CHECKPOINT_PATH];
    pld_checkpoint_aside(checkpoint, number, aside);
    pld_checkpoint_path(checkpoint, number, path);
    PLD_TRY(sync_path(aside, O_RDWR));
    PLD_CHECK(rename(aside, path) == 0, pld_status_of_errno(errno),
              "cannot rename '%s' to '%s': %s", aside, path, strerror(errno));
    return sync_path(checkpoint->folder, O_RDONLY | O_DIRECTORY);
}

static bool is_bad(const pld_checkpoint *checkpoint, int64_t number)
{
    for (int64_t i = 0; i < checkpoint->nbad; i++)
        if (checkpoint->bad[i] == number)
            return true;
    return false;
}

void pld_checkpoint_mend(pld_checkpoint *checkpoint, int64_t number)
{
    for (int64_t i = 0; i < checkpoint->nbad; i++)
        if (checkpoint->bad[i] == number)
            checkpoint->bad[i] = -1;
}

/* Bad ones do not count as kept, and go when there are enough good ones. */
pld_status pld_checkpoint_thin(const pld_checkpoint *checkpoint)
{
    int64_t count = 0;
    int64_t *numbers = NULL;
    PLD_TRY(pld_checkpoint_list(checkpoint, &count, &numbers));
    int nkept = 0;
    for (int64_t i = 0; i < count; i++) {
        bool later = numbers[i] > checkpoint->newest;
        bool enough = nkept >= checkpoint->keep;
        nkept += !later && !is_bad(checkpoint, numbers[i]);
        if (later ? !checkpoint->went_back : !enough)
            continue;
        char path[PLD_CHECKPOINT_PATH];
        pld_checkpoint_path(checkpoint, numbers[i], path);
        (void)unlink(path); /* if it cannot be removed, it does no harm */
    }
    pld_free(numbers);
    return PLD_OK;
}
