#ifndef PLD_PAR_NAMELESS_H
#define PLD_PAR_NAMELESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "polder/status.h"

/* A file without a name, in memory or in a folder: what lies in it can be
 * mapped by other processes, and is gone with the last of them. */
struct pld_nameless {
    int fd;
    int64_t page; /* unit of all offsets and lengths */
    const char *place;
};

/* `folder` is NULL for memory. PLD_ERR_UNSUPPORTED where there is no such
 * thing. Local, like all of this. */
pld_status pld_nameless_open(const char *folder, struct pld_nameless *out);
void pld_nameless_close(struct pld_nameless *file);

/* Have memory for a part of the file, all zeros if it was not reserved before;
 * PLD_ERR_MEMORY, and never a signal, when there is not enough. `what` names
 * it. */
pld_status pld_nameless_reserve(const struct pld_nameless *file,
                                const char *what, int64_t offset,
                                int64_t bytes);
void pld_nameless_release(const struct pld_nameless *file, int64_t offset,
                          int64_t bytes);

/* Map a part of such a file, so that its large pages are large pages here,
 * too. */
pld_status pld_nameless_map(int fd, const char *what, int64_t offset,
                            int64_t bytes, char **out);
void pld_nameless_unmap(char *address, int64_t bytes);

/* Touch all pages of a mapped part, and make them large ones if possible. */
void pld_nameless_touch(char *address, int64_t bytes);

/* Size of a large page. */
#define PLD_LARGE_PAGE ((int64_t)2 << 20)

#endif
