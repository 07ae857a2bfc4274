#ifndef PLD_TESTS_TRAFFIC_H
#define PLD_TESTS_TRAFFIC_H

#include "move/transport.h"

/* Messages between ranks by a plan made by hand, whose values are a function
 * of everything: exchange, sender, receiver and index. So what is read too
 * early, too late or in the wrong place is seen. */

/* Which ranks send to which others. */
typedef bool traffic_route(int from, int to);
bool to_all(int from, int to);
bool to_next(int from, int to);
bool to_root(int from, int to);
bool from_root(int from, int to);
bool between_odd(int from, int to); /* the even ones have no peer */

struct traffic_spec {
    traffic_route *route;
    bool shared[2]; /* memory [sent from, received to] is in the segment */
    int64_t nrows;
    int64_t row;    /* points moved of each row, */
    int64_t length; /* which has so many */
    int ncomps;
    pld_layout layout; /* in messages; in memory, components are planes */
};

struct traffic {
    struct traffic_spec spec;
    int64_t *memory[2];
    struct pld_block blocks[2]; /* (other rank, row, column) */
    struct pld_transport *transport;
    int64_t epoch; /* of the last begin */
};

void traffic_create(const struct traffic_spec *spec, struct traffic *out);
void traffic_destroy(struct traffic *traffic);

/* Write what is sent and begin; end, and see that all is there. In between,
 * whatever is written is a new exchange's. */
void traffic_begin(struct traffic *traffic);
bool traffic_end(struct traffic *traffic);

#endif
