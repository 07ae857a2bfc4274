#ifndef PLD_PAR_SEGMENT_PARTS_H
#define PLD_PAR_SEGMENT_PARTS_H

#include "par/nameless.h"
#include "par/ranges.h"
#include "par/segment.h"

/* Stands at the start of a segment: it is the right one if this agrees. */
struct pld_segment_mark {
    char name[16];
    uint64_t token;
};

/* Where a segment is found: by which process under which number. */
struct pld_segment_place {
    int pid;
    int fd; /* -1: there is none */
    uint64_t device;
    uint64_t inode;
    struct pld_segment_mark mark;
};

struct pld_segment_peer {
    struct pld_segment_place place;
    bool reached; /* in both directions */
    struct pld_ranges mapped;
};

struct pld_segment {
    struct pld_nameless file;
    struct pld_ranges pieces; /* the first one is the mark */
    int64_t ntaken;           /* pieces so far */
    int npeers;
    struct pld_segment_peer *peers; /* in the order of ctx->peers */
};

/* Open the segment of another process; the caller closes *fd.
 * PLD_ERR_UNSUPPORTED with the reason when it cannot be reached. */
pld_status pld_segment_visit(const struct pld_segment_place *place, int rank,
                             int *fd);

#endif
