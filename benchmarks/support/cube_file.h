#ifndef CUBE_FILE_H
#define CUBE_FILE_H

#include <polder.h>
#include <polder/main.h>

#include "support/bench.h"

/* A field of EDGE^3 f64 to a file and from it, beside another library that
 * does the same work: for benchmarks/peers. */

enum { CUBE_POLDER, CUBE_PEER, CUBE_NWAYS };

struct cube_file {
    pld_ctx *ctx;
    MPI_Comm comm;
    int64_t edge;
    pld_grid *grid;
    pld_field *field; /* without halo: own points are dense at */
    double *data;
    pld_box own;
    char path[CUBE_NWAYS][512];
};

/* What the other library does; `data` is a struct cube_file, whose
 * path[CUBE_PEER] is the file, and whose variable is called "field". */
struct cube_file_peer {
    const char *name;
    void (*write)(void *data);
    void (*read)(void *data);
};

/* Arguments: [EDGE [FOLDER...]]. Checks what each way reads of what it has
 * written, then times both. *Collective*. */
pld_status cube_file_compare(pld_ctx *ctx, int argc, char **argv,
                             const struct cube_file_peer *peer);

/* Ends all ranks when something has failed. */
void cube_file_must(bool good, const char *what);

#endif
