#ifndef PLD_TESTS_CALLS_H
#define PLD_TESTS_CALLS_H

#include <stdbool.h>
#include <stdint.h>

/* The calls by which files are changed. Programs that are linked with this make
 * theirs through it, and so do the libraries in them, HDF5 too: calls on what
 * is named below one folder are counted, made to fail, and written down. */

enum call {
    CALL_OPEN,
    CALL_CLOSE,
    CALL_READ,
    CALL_WRITE,
    CALL_FSYNC,
    CALL_FALLOCATE,
    CALL_FTRUNCATE,
    CALL_RENAME,
    CALL_UNLINK,
    CALL_MKDIR,
    NCALLS
};

/* Heed calls on paths that hold this text, and on folders; NULL: none. It must
 * stay. */
void calls_watch(const char *folder);

/* The nth call from now on sets errno to `code` and fails, with `always` all
 * after it too; nth 0: no more. A write that fails takes nothing. */
void calls_fail(enum call call, int nth, int code, bool always);

/* How often that has happened. */
int calls_failed(void);

/* Reads and writes move no more than so many bytes; 0: as many as asked. */
void calls_shorten(int64_t most);

/* How many descriptors of watched files are open. */
int calls_open(void);

/* --- Writing down --------------------------------------------------------- */

/* What has happened; several processes may write to one file, each entry at
 * once. A sync has two, as only what came before its beginning is sure, and
 * only from its end on. */
enum { NAME_BYTES = 64 };
struct entry {
    enum {
        ENTRY_CREATE,
        ENTRY_MKDIR,
        ENTRY_TRUNCATE,
        ENTRY_ALLOCATE,
        ENTRY_WRITE,
        ENTRY_SYNC_BEGIN,
        ENTRY_SYNC_END,
        ENTRY_RENAME,
        ENTRY_UNLINK,
        ENTRY_CLAIM
    } kind;
    int process;
    uint64_t file;   /* its inode */
    uint64_t folder; /* of names */
    int64_t first;   /* of bytes, the new length, or what is claimed */
    int64_t bytes;   /* that follow the entry, if it is a write */
    char name[NAME_BYTES];
    char to[NAME_BYTES];
};

/* Write down to this file, which is not to be a watched one; NULL: no more. */
void calls_record(const char *log);

/* With `lie`, fsync does nothing and returns 0. */
void calls_skip_sync(bool lie);

/* Write down that a number is promised to survive. */
void calls_claim(int64_t number);

#endif
