#include "comm/transport.h"

#include "base/alloc.h"
#include "par/message.h"

/* Boxes packed into one persistent message for each peer. Receives come
 * first in all arrays, then sends. */
struct pld_transport {
    const struct pld_plan *plan;
    const struct pld_transport_item *items;
    int nreceives;
    int nsends;
    MPI_Request *requests;
    char **data; /* of each message, aligned to 64 bytes */
    char *buffer;
    int64_t buffer_bytes;
};

static const int64_t unmoved[PLD_MAXDIM];

static int64_t round_up(int64_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

static int64_t rounded_bytes(const struct pld_transfers *list)
{
    int64_t bytes = 0;
    for (int i = 0; i < list->nmessages; i++)
        bytes += round_up(list->messages[i].bytes);
    return bytes;
}

static pld_status allocate(struct pld_transport *transport)
{
    int nmessages = transport->nreceives + transport->nsends;
    transport->buffer_bytes = rounded_bytes(&transport->plan->receives) +
                              rounded_bytes(&transport->plan->sends);
    PLD_TRY(pld_alloc("requests of messages", nmessages,
                      sizeof *transport->requests, &transport->requests));
    for (int i = 0; i < nmessages; i++)
        transport->requests[i] = MPI_REQUEST_NULL;
    PLD_TRY(pld_alloc("places of messages", nmessages, sizeof *transport->data,
                      &transport->data));
    PLD_TRY(pld_alloc("buffer of messages", transport->buffer_bytes, 1,
                      &transport->buffer));
    return PLD_OK;
}

static pld_status set_up_messages(pld_ctx *ctx, int tag,
                                  struct pld_transport *transport)
{
    char *data = transport->buffer;
    int n = 0;
    for (int i = 0; i < transport->nreceives; i++, n++) {
        const struct pld_message *message =
            &transport->plan->receives.messages[i];
        transport->data[n] = data;
        PLD_TRY(pld_receive_init(ctx, data, message->bytes, message->peer, tag,
                                 &transport->requests[n]));
        data += round_up(message->bytes);
    }
    for (int i = 0; i < transport->nsends; i++, n++) {
        const struct pld_message *message = &transport->plan->sends.messages[i];
        transport->data[n] = data;
        PLD_TRY(pld_send_init(ctx, data, message->bytes, message->peer, tag,
                              &transport->requests[n]));
        data += round_up(message->bytes);
    }
    return PLD_OK;
}

pld_status pld_transport_create(pld_ctx *ctx, const struct pld_plan *plan,
                                const struct pld_transport_item *items, int tag,
                                struct pld_transport **out)
{
    pld_status status = PLD_OK;
    struct pld_transport *transport = NULL;
    PLD_TRY(pld_alloc("transport", 1, sizeof *transport, &transport));
    transport->plan = plan;
    transport->items = items;
    transport->nreceives = plan->receives.nmessages;
    transport->nsends = plan->sends.nmessages;
    PLD_TRY_TO(out, allocate(transport));
    PLD_TRY_TO(out, set_up_messages(ctx, tag, transport));
    *out = transport;
    return PLD_OK;
out:
    PLD_TRY(pld_transport_destroy(&transport));
    return status;
}

pld_status pld_transport_destroy(struct pld_transport **transport)
{
    struct pld_transport *old = *transport;
    if (!old)
        return PLD_OK;
    int code = MPI_SUCCESS;
    for (int i = 0; old->requests && i < old->nreceives + old->nsends; i++)
        if (old->requests[i] != MPI_REQUEST_NULL && code == MPI_SUCCESS)
            code = MPI_Request_free(&old->requests[i]);
    pld_free(old->buffer);
    pld_free(old->data);
    pld_free(old->requests);
    pld_free(old);
    *transport = NULL;
    PLD_TRY_MPI(code);
    return PLD_OK;
}

static struct pld_block packed(const struct pld_transport_item *item,
                               const struct pld_transfer *transfer, char *data)
{
    return pld_block_dense(data + transfer->offset, transfer->box, item->layout,
                           item->from.ncomps, item->from.size);
}

static void pack(const struct pld_transport *transport, int n)
{
    const struct pld_transfers *sends = &transport->plan->sends;
    const struct pld_message *message = &sends->messages[n];
    char *data = transport->data[transport->nreceives + n];
    for (int64_t i = message->first; i < message->first + message->count; i++) {
        const struct pld_transfer *transfer = &sends->transfers[i];
        const struct pld_transport_item *item =
            &transport->items[transfer->item];
        struct pld_block to = packed(item, transfer, data);
        pld_block_copy(&item->from, transfer->box, &to, unmoved);
    }
}

static void unpack(const struct pld_transport *transport, int n)
{
    const struct pld_transfers *receives = &transport->plan->receives;
    const struct pld_message *message = &receives->messages[n];
    for (int64_t i = message->first; i < message->first + message->count; i++) {
        const struct pld_transfer *transfer = &receives->transfers[i];
        const struct pld_transport_item *item =
            &transport->items[transfer->item];
        struct pld_block from = packed(item, transfer, transport->data[n]);
        pld_block_copy(&from, transfer->box, &item->to, unmoved);
    }
}

static void copy_own(const struct pld_transport *transport)
{
    const struct pld_transfers *copies = &transport->plan->copies;
    for (int64_t i = 0; i < copies->ntransfers; i++) {
        const struct pld_transfer *transfer = &copies->transfers[i];
        const struct pld_transport_item *item =
            &transport->items[transfer->item];
        pld_box held = transfer->box;
        for (int d = 0; d < PLD_MAXDIM; d++)
            held.first[d] -= transfer->shift[d];
        pld_block_copy(&item->from, held, &item->to, transfer->shift);
    }
}

pld_status pld_transport_begin(struct pld_transport *transport)
{
    MPI_Request *sends = transport->requests + transport->nreceives;
    if (transport->nreceives > 0)
        PLD_TRY_MPI(MPI_Startall(transport->nreceives, transport->requests));
    for (int n = 0; n < transport->nsends; n++) {
        pack(transport, n);
        PLD_TRY_MPI(MPI_Start(&sends[n]));
    }
    copy_own(transport);
    return PLD_OK;
}

pld_status pld_transport_end(struct pld_transport *transport)
{
    MPI_Request *sends = transport->requests + transport->nreceives;
    for (int i = 0; i < transport->nreceives; i++) {
        int n = 0;
        PLD_TRY_MPI(MPI_Waitany(transport->nreceives, transport->requests, &n,
                                MPI_STATUS_IGNORE));
        unpack(transport, n);
    }
    for (int n = 0; n < transport->nsends; n++)
        PLD_TRY_MPI(MPI_Wait(&sends[n], MPI_STATUS_IGNORE));
    return PLD_OK;
}

int64_t pld_transport_buffer_bytes(const struct pld_transport *transport)
{
    return transport->buffer_bytes;
}
