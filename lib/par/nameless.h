#ifndef PLD_PAR_NAMELESS_H
#define PLD_PAR_NAMELESS_H

#include <stdint.h>

#include "polder/status.h"

/* A file without a name, in memory or in a folder: what lies in it can be
 * mapped by other processes, and is gone with the last of them. All of this is
 * local. */
struct pld_nameless {
    int fd;
    int64_t page; /* unit of all offsets and lengths */
    const char *place;
};

/* `folder` is NULL for memory. PLD_ERR_UNSUPPORTED where there is no such
 * thing. */
pld_status pld_nameless_open(const char *folder, struct pld_nameless *out);
void pld_nameless_close(struct pld_nameless *file);

/* Reserve a part that is not in use, and map it. It is all zeros, and its pages
 * are there: large ones where it holds such, and the system gives them. When
 * there is no room, that is PLD_ERR_MEMORY and never a signal. `what` names the
 * part. */
pld_status pld_nameless_take(const struct pld_nameless *file, const char *what,
                             int64_t offset, int64_t bytes, char **out);
void pld_nameless_give(const struct pld_nameless *file, char *address,
                       int64_t offset, int64_t bytes);

/* Map a part that another process has taken, so that its large pages are large
 * ones here, too. */
pld_status pld_nameless_map(int fd, const char *what, int64_t offset,
                            int64_t bytes, char **out);
void pld_nameless_unmap(char *address, int64_t bytes);

/* Bytes of a large page. */
#define PLD_LARGE_PAGE ((int64_t)2 << 20)

#endif
