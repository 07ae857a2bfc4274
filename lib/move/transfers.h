#ifndef PLD_MOVE_TRANSFERS_H
#define PLD_MOVE_TRANSFERS_H

#include "polder/box.h"
#include "polder/status.h"

/* Lists of boxes to move, and the messages that they form. */

/* One box of a message, or one to copy within the rank. */
struct pld_transfer {
    pld_box box;               /* as held where it is sent, else as wanted */
    int64_t shift[PLD_MAXDIM]; /* index as wanted minus index as held */
    int64_t offset;            /* in the message, in bytes */
    int item;
    int peer;
};

/* A message: transfers[first] and so on. */
struct pld_message {
    int peer;
    int64_t first;
    int64_t count;
    int64_t bytes;
};

struct pld_transfers {
    int64_t ntransfers;
    struct pld_transfer *transfers;
    int nmessages; /* one for each peer, by ascending rank */
    struct pld_message *messages;
};

/* What an item holds at a point. */
struct pld_element {
    int ncomps;
    size_t size; /* of each */
};

/* Group boxes by peer, for each in the order of the list, and give them their
 * places in its message; `elements` are those of the items. On failure the list
 * is still to be destroyed. */
pld_status pld_transfers_lay_out(const struct pld_element *elements,
                                 struct pld_transfers *list);
void pld_transfers_destroy(struct pld_transfers *list);

/* Bytes of all messages of one kind. */
int64_t pld_transfers_bytes(const struct pld_transfers *transfers);

/* Peers in either list. */
int pld_transfers_peers(const struct pld_transfers *a,
                        const struct pld_transfers *b);

#endif
