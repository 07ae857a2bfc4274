/* A rank's share of the lines of a text file. */
#ifndef LINES_H
#define LINES_H

#include <polder.h>

struct lines {
    const char *path;
    FILE *file;
    char *line; /* the last one read */
    size_t room;
    int64_t at;  /* where the next line begins */
    int64_t end; /* a line that begins here or later is not of this share */
};

/* Open a file, the share being all of it. Local, as are the others. */
pld_status lines_open(const char *path, struct lines *out);
void lines_close(struct lines *lines);

/* Read the next line of the share; false at its end. */
bool lines_next(struct lines *lines);

/* Go to the share-th of `nshares` parts of what follows `start`: the lines
 * that begin in this part of the bytes. */
pld_status lines_share(struct lines *lines, int64_t start, int share,
                       int nshares);

#endif
