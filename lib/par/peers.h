#ifndef PLD_PAR_PEERS_H
#define PLD_PAR_PEERS_H

#include "par/context.h"

/* The process of a rank. */
struct pld_peer {
    int rank;
    int pid;
    int64_t start; /* moment of its start: tells processes of one pid apart */
    bool visible;  /* from here */
};

/* The processes of the ranks of a node, in the order of ranks. */
struct pld_peers {
    int n;
    struct pld_peer *list;
    bool crowded; /* there are more ranks than cores */
    int naps;     /* to take in waits instead of leaving the core */
    int rest;     /* naps to take when others have kept the core for long */
    int next;     /* to be looked at */
    int gone;     /* one that has been found to have ended; -1: none */
};

/* Find them; needs the topology. Sets ctx->node_comm and ctx->peers, unless the
 * rank is alone on its node. *Collective, agreed*. */
pld_status pld_peers_open(pld_ctx *ctx);
void pld_peers_close(pld_ctx *ctx);

/* Place of `rank` among the ranks of this node; -1: it is on another one.
 * Local. */
int pld_peers_find(const pld_ctx *ctx, int rank);

/* PLD_ERR_PEER when the process of `rank` has ended, or that of another rank
 * of the node, for which it may be waiting in turn; of those, some are looked
 * at each time. A rank whose process cannot be seen counts as alive. Local. */
pld_status pld_peers_check(pld_ctx *ctx, int rank);

/* When a process started, in the system's own unit; -1: not known. Local. */
int64_t pld_process_start(int pid);

/* PLD_ERR_PEER when a check has found that before. */
pld_status pld_peers_known(const pld_ctx *ctx);

#endif
