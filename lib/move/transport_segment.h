#ifndef PLD_MOVE_TRANSPORT_SEGMENT_H
#define PLD_MOVE_TRANSPORT_SEGMENT_H

#include "move/chunks.h"
#include "move/copies.h"
#include "move/transport.h"
#include "par/flag.h"

/* The part of a transport that reaches ranks of the node by shared memory.
 *
 * Each message is a lane between two ranks; what they do on it was decided
 * when they connected. Either one rank moves the data straight from or into
 * the memory of the other one, its host; or one packs it, chunk by chunk, into
 * the slots of a ring in its own segment, and the other one unpacks it. */
typedef enum pld_role {
    PLD_ROLE_PACK,
    PLD_ROLE_MOVE,
    PLD_ROLE_UNPACK,
    PLD_ROLE_HOST
} pld_role;

/* A rank counts the steps that it has made on a lane: chunks, or whole
 * messages where one rank moves the data. */
struct pld_lane {
    pld_role role;
    int peer;
    struct pld_flag *own;         /* steps told to the peer; NULL: none */
    const struct pld_flag *other; /* steps told by the peer */
    int64_t told;                 /* what was last seen there */
    int64_t nsteps;               /* of one exchange */
    int64_t left;                 /* steps in this exchange */
    int64_t made;                 /* steps in all exchanges */
    int64_t group;                /* copies of the first step */
    int64_t nslots;               /* of the ring */
    int64_t slot;                 /* of the next step */
    int64_t slot_bytes;
    const char *ring; /* with the packer */
};

/* A rank with lanes to or from this one. */
struct pld_lane_peer {
    int rank;
    struct pld_flag *left;    /* in our block: the peer is through with it */
    struct pld_flag *leaving; /* in the peer's: we are */
};

/* Mapped memory of another rank. */
struct pld_lane_map {
    int rank;
    void *memory;
};

struct pld_lane_draft;

struct pld_lanes {
    pld_ctx *ctx;
    int nlanes;
    struct pld_lane *lanes;
    struct pld_copies copies;
    int awaited;            /* lane that was asked after last */
    int64_t nopen;          /* lanes with steps left in this exchange */
    int64_t made;           /* steps on all lanes */
    int64_t epoch;          /* exchanges begun */
    int64_t nhosts;         /* lanes on which this rank is host */
    struct pld_flag *begun; /* exchanges, told to all whose host we are */
    int npeers;
    struct pld_lane_peer *peers;
    int64_t nmaps;
    struct pld_lane_map *maps;
    int64_t ring_bytes;
    char *block; /* own flags and rings, */
    char *base;  /* from here on */
    bool connected;
    struct pld_lane_draft *draft; /* until they are connected */
};

/* Keep in mind what the plan asks for of the peers that segments reach. What is
 * made by then stays in *lanes, also on failure. Local. */
pld_status pld_lanes_create(pld_ctx *ctx, const struct pld_plan *plan,
                            const struct pld_transport_item *items,
                            struct pld_lanes *lanes);

/* Agree with the peers on roles and find their memory. *Collective, agreed*. */
pld_status pld_lanes_connect(struct pld_lanes *lanes, int tag);

/* Waits for the peers that live. *Collective*. */
void pld_lanes_destroy(struct pld_lanes *lanes);

/* Start an exchange: hosts may be visited. */
void pld_lanes_begin(struct pld_lanes *lanes);

/* Make all steps that can be made now; whether none is left. */
bool pld_lanes_advance(struct pld_lanes *lanes);

/* A peer for which a lane waits, another one each time; -1: none. */
int pld_lanes_awaited(struct pld_lanes *lanes);

int64_t pld_lanes_plan_bytes(const struct pld_lanes *lanes);

/* For tests: bytes of a ring beyond which it holds less than two exchanges; 0:
 * the usual ones. */
void pld_lanes_set_ring(int64_t bytes);

#endif
