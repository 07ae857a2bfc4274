#include "lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

pld_status lines_open(const char *path, struct lines *out)
{
    *out = (struct lines){.path = path, .end = INT64_MAX};
    out->file = fopen(path, "r");
    PLD_CHECK(out->file != NULL,
              errno == ENOENT ? PLD_ERR_NOENT : PLD_ERR_ACCESS, "%s: %s", path,
              strerror(errno));
    return PLD_OK;
}

void lines_close(struct lines *lines)
{
    free(lines->line);
    if (lines->file != NULL)
        fclose(lines->file);
    *lines = (struct lines){0};
}

bool lines_next(struct lines *lines)
{
    if (lines->at >= lines->end)
        return false;
    ssize_t length = getline(&lines->line, &lines->room, lines->file);
    lines->at += length > 0 ? length : 0;
    return length > 0;
}

pld_status lines_share(struct lines *lines, int64_t start, int share,
                       int nshares)
{
    bool found = fseeko(lines->file, 0, SEEK_END) == 0;
    int64_t bytes = ftello(lines->file) - start;
    int64_t begin = start + bytes * share / nshares;
    /* The line that goes on over `begin` is the share before's. */
    lines->at = share > 0 ? begin - 1 : begin;
    found = found && fseeko(lines->file, lines->at, SEEK_SET) == 0;
    PLD_CHECK(found, PLD_ERR_IO, "%s: %s", lines->path, strerror(errno));
    lines->end = INT64_MAX;
    if (share > 0)
        lines_next(lines);
    lines->end = start + bytes * (share + 1) / nshares;
    return PLD_OK;
}
