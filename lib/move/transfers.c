#include "move/transfers.h"

#include <limits.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/overflow.h"

/* By peer, and for one peer in the order found, which `offset` holds until the
 * messages are laid out. */
static int compare(const void *left, const void *right)
{
    const struct pld_transfer *a = left;
    const struct pld_transfer *b = right;
    if (a->peer != b->peer)
        return a->peer < b->peer ? -1 : 1;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

static int sort_by_peer(struct pld_transfers *list)
{
    int npeers = 0;
    for (int64_t i = 0; i < list->ntransfers; i++)
        list->transfers[i].offset = i;
    if (list->ntransfers > 0)
        qsort(list->transfers, (size_t)list->ntransfers,
              sizeof *list->transfers, compare);
    for (int64_t i = 0; i < list->ntransfers; i++)
        npeers +=
            i == 0 || list->transfers[i].peer != list->transfers[i - 1].peer;
    return npeers;
}

/* Put a box at the end of a message, aligned to its elements. */
static pld_status place(const struct pld_element *elements,
                        struct pld_transfer *transfer,
                        struct pld_message *message)
{
    const struct pld_element *element = &elements[transfer->item];
    const int64_t *count = transfer->box.count;
    int64_t size = (int64_t)element->size;
    int64_t bytes = 0;
    PLD_TRY(pld_size_product(
        "a box of a message", PLD_MAXDIM + 2,
        (const int64_t[]){count[0], count[1], count[2], element->ncomps, size},
        &bytes));
    transfer->offset = (message->bytes + size - 1) / size * size;
    PLD_CHECK(pld_add_fits(transfer->offset, bytes, &message->bytes),
              PLD_ERR_OVERFLOW, "the message for rank %d exceeds 2^63 bytes",
              transfer->peer);
    message->count++;
    return PLD_OK;
}

pld_status pld_transfers_lay_out(const struct pld_element *elements,
                                 struct pld_transfers *list)
{
    int nmessages = sort_by_peer(list);
    PLD_TRY(pld_alloc("messages of a plan", nmessages, sizeof *list->messages,
                      &list->messages));
    for (int64_t i = 0; i < list->ntransfers; i++) {
        struct pld_transfer *transfer = &list->transfers[i];
        int last = list->nmessages - 1;
        if (last < 0 || list->messages[last].peer != transfer->peer)
            list->messages[list->nmessages++] =
                (struct pld_message){.peer = transfer->peer, .first = i};
        PLD_TRY(
            place(elements, transfer, &list->messages[list->nmessages - 1]));
    }
    return PLD_OK;
}

void pld_transfers_destroy(struct pld_transfers *list)
{
    pld_free(list->messages);
    pld_free(list->transfers);
    *list = (struct pld_transfers){0};
}

int64_t pld_transfers_bytes(const struct pld_transfers *transfers)
{
    int64_t bytes = 0;
    for (int i = 0; i < transfers->nmessages; i++)
        bytes += transfers->messages[i].bytes;
    return bytes;
}

int pld_transfers_peers(const struct pld_transfers *a,
                        const struct pld_transfers *b)
{
    int n = 0;
    for (int i = 0, j = 0; i < a->nmessages || j < b->nmessages; n++) {
        int left = i < a->nmessages ? a->messages[i].peer : INT_MAX;
        int right = j < b->nmessages ? b->messages[j].peer : INT_MAX;
        i += left <= right;
        j += right <= left;
    }
    return n;
}
