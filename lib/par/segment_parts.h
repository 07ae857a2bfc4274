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

/* How another rank's segment is reached. */
struct pld_segment_peer {
    int pid;
    int fd; /* of that process; -1: it has no segment */
    struct pld_segment_mark mark;
    uint64_t device;
    uint64_t inode;
    bool reached;
    struct pld_ranges mapped;
};

struct pld_segment {
    struct pld_nameless file;
    struct pld_ranges pieces;
    int npeers;
    struct pld_segment_peer *peers; /* in the order of ctx->peers */
};

/* A file of another process, opened anew and found to be the right one; the
 * caller closes it. PLD_ERR_UNSUPPORTED with the reason. Local. */
pld_status pld_segment_visit(const struct pld_segment_peer *peer, int rank,
                             int *fd);

#endif
