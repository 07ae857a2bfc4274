#ifndef PLD_MOVE_TRANSPORT_DRAFT_H
#define PLD_MOVE_TRANSPORT_DRAFT_H

#include "move/lane_mode.h"
#include "move/transport_segment.h"

/* What is known of lanes while their ranks connect. */

/* Of messages, as far as this rank is concerned. */
enum { PLD_SENT, PLD_RECEIVED };

/* What two ranks tell each other first. */
struct pld_lane_facts {
    struct pld_lane_side side[2]; /* of the message [sent, received] */
};

/* What they tell each other then: where to look. */
struct pld_lane_address {
    int64_t block;      /* offset in the segment */
    int64_t bytes;      /* of the block */
    int64_t begun;      /* offsets in the block: the flag of exchanges, */
    int64_t left;       /* the one in which the other one takes his leave, */
    int64_t flag[2];    /* of the lane [sent, received], */
    int64_t ring;       /* and the ring, */
    int64_t nslots;     /* its slots */
    int64_t visited[2]; /* memory to be visited: offset in the segment */
    int64_t extent[2];  /* and bytes */
};

/* Where a box begins in memory to be visited. */
struct pld_lane_place {
    int64_t at;
    int64_t stride[PLD_MAXDIM];
    int64_t comp_stride;
};

/* All there is with one peer. */
struct pld_lane_link {
    int lane[2]; /* [sent, received]; -1: none */
    struct pld_lane_facts my_facts;
    struct pld_lane_facts peer_facts;
    struct pld_lane_address my_address;
    struct pld_lane_address peer_address;
};

/* What a lane is made of. */
struct pld_lane_sketch {
    int link;
    int direction; /* PLD_SENT or PLD_RECEIVED */
    int64_t nboxes;
    const struct pld_lane_box *boxes;
    struct pld_chunks chunks;      /* with a ring */
    struct pld_lane_place *places; /* without: those of the host */
};

struct pld_lane_draft {
    struct pld_lane_box *boxes;
    struct pld_lane_sketch *sketches; /* of each lane */
    struct pld_lane_link *links;      /* of each peer */
    int nrequests;
    MPI_Request *requests; /* room for 4 with each peer */
};

/* Draft the lanes of a plan. What is made by then stays in *lanes. */
pld_status pld_lanes_draft(const struct pld_plan *plan,
                           const struct pld_transport_item *items,
                           struct pld_lanes *lanes);
void pld_lanes_drop_draft(struct pld_lanes *lanes);

/* The bytes of memory that a box spans. */
struct pld_lane_span {
    char *first;
    int64_t bytes;
};
struct pld_lane_span pld_lane_span_of(const struct pld_block *block,
                                      pld_box box);

/* Find what to tell the peers, and what follows from what they told. */
void pld_lanes_find_facts(struct pld_lanes *lanes);
pld_status pld_lanes_choose_roles(struct pld_lanes *lanes);

#endif
