#ifndef PLD_MOVE_TRANSPORT_MESSAGE_H
#define PLD_MOVE_TRANSPORT_MESSAGE_H

#include "move/copies.h"
#include "move/transport.h"

/* The part of a transport that reaches ranks by MPI: boxes packed into one
 * persistent message for each peer. */
struct pld_mail {
    int nreceives;
    int nsends;
    MPI_Request *requests;    /* receives, then sends */
    struct pld_copies copies; /* a group for each request */
    int64_t buffer_bytes;
    char *buffer;
    int narrived; /* receives unpacked since begin */
    bool under_way;
};

/* Messages to and from the peers that segments don't reach. What is made by
 * then stays in *mail, also on failure. Local. */
pld_status pld_mail_create(pld_ctx *ctx, int tag, const struct pld_plan *plan,
                           const struct pld_transport_item *items,
                           struct pld_mail *mail);
pld_status pld_mail_destroy(struct pld_mail *mail);

/* Be ready to receive, pack and send. */
pld_status pld_mail_begin(struct pld_mail *mail);

/* Unpack what has arrived; `*out`: all has arrived and is sent. */
pld_status pld_mail_test(struct pld_mail *mail, bool *out);

/* Unpack all, waiting for it; then wait for what is sent. */
pld_status pld_mail_receive(struct pld_mail *mail);
pld_status pld_mail_finish(struct pld_mail *mail);

int64_t pld_mail_plan_bytes(const struct pld_mail *mail);

#endif
