#ifndef PLD_LINALG_FLOW_MAIL_H
#define PLD_LINALG_FLOW_MAIL_H

#include "linalg/flow.h"

/* The messages of a flow: pieces from and to ranks that do not share memory. */

/* A piece of another rank's that steps of this rank need. */
struct pld_flow_want {
    int64_t piece;
    int64_t uses; /* steps left that need it */
    int64_t buffer;
    bool arrived;
};

struct pld_flow_mail {
    pld_ctx *ctx;
    const struct pld_flow *flow;
    int tag;
    int ntags;
    int64_t nwants;
    struct pld_flow_want *wants;
    int64_t *want_of; /* of each piece; -1: none. NULL: no messages at all */
    int64_t nposted;  /* wants with a buffer, by now */
    int64_t nbuffers;
    int64_t bytes; /* of each */
    char *memory;
    MPI_Request *requests; /* of each buffer */
    int64_t *held;         /* want of each buffer; -1: it is free */
    int *found;
    int64_t nsends;
    MPI_Request *sends;
    int64_t nsent;
    int64_t *marks; /* last piece sent to each rank */
};

/* Find out what there is to send and to receive. To be ended also when it
 * failed. Local. */
pld_status pld_flow_mail_create(pld_ctx *ctx, const struct pld_flow *flow,
                                int tag, int ntags, struct pld_flow_mail *out);

/* Own piece: send it to those who need it. */
pld_status pld_flow_mail_send(struct pld_flow_mail *mail, int64_t piece);

/* Take what has arrived and ask for more, without waiting. */
pld_status pld_flow_mail_advance(struct pld_flow_mail *mail);

/* The elements of a piece; NULL: not here. */
char *pld_flow_mail_at(const struct pld_flow_mail *mail, int64_t piece);

/* A step that needed it has been made. */
void pld_flow_mail_used(struct pld_flow_mail *mail, int64_t piece);

/* Whether all that was sent has gone. */
pld_status pld_flow_mail_is_gone(struct pld_flow_mail *mail, bool *out);

/* Give all back; `failed`: messages may still be under way. */
pld_status pld_flow_mail_destroy(struct pld_flow_mail *mail, bool failed);

#endif
