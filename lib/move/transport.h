#ifndef PLD_MOVE_TRANSPORT_H
#define PLD_MOVE_TRANSPORT_H

#include "move/plan.h"
#include "mesh/block.h"
#include "par/context.h"

/* A transport carries out a plan, again and again: all that depends on how
 * data gets from one rank to another is behind these functions. */
struct pld_transport;

/* Where this rank reads and writes an item of the plan: memory, or what a
 * carrier gives and takes, piece by piece and until end. */
struct pld_transport_item {
    struct pld_block from;
    struct pld_block to;
    pld_layout layout; /* of components in messages, the same on all ranks */
    int order[PLD_MAXDIM]; /* of dimensions in messages, the slowest first and
                              the same on all ranks; all 0: as they are */
    int64_t bulk; /* bytes that an exchange copies here in all, when they are
                     not read at once; 0: each copy is for itself */
};

/* Make ready to carry out `plan`, with an item for each of its items; neither
 * is needed afterwards. The memory of the blocks must stay. `tag` belongs to
 * this transport alone. Local: it sends nothing. */
pld_status pld_transport_create(pld_ctx *ctx, int tag,
                                const struct pld_plan *plan,
                                const struct pld_transport_item *items,
                                struct pld_transport **out);

/* Find where the others read and write, once all ranks have created theirs and
 * before the first begin. *Collective, agreed*. */
pld_status pld_transport_connect(struct pld_transport *transport);

/* Not between begin and end. *transport may be NULL. Waits until no other rank
 * looks into this rank's memory any more; *collective*. */
pld_status pld_transport_destroy(struct pld_transport **transport);

/* Start, and wait until all is in place. `from` may be written again after
 * end, `to` read. Several transports may be under way at a time. */
pld_status pld_transport_begin(struct pld_transport *transport);
pld_status pld_transport_end(struct pld_transport *transport);

/* Move on with what is under way, without waiting. `*out` says whether end
 * would return at once. */
pld_status pld_transport_test(struct pld_transport *transport, bool *out);

/* Memory that is held: what to do, and the data of messages. */
int64_t pld_transport_plan_bytes(const struct pld_transport *transport);
int64_t pld_transport_buffer_bytes(const struct pld_transport *transport);

#endif
