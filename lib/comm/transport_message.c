#include "comm/transport.h"

#include "base/alloc.h"
#include "mesh/copy.h"
#include "par/message.h"

/* Boxes packed into one persistent message for each peer. The copies into and
 * out of messages are worked out beforehand and lie in groups: one for each
 * message received, one for each sent, one within the rank, one of wraps. */
struct pld_transport {
    int nreceives;
    int nsends;
    MPI_Request *requests; /* receives, then sends */
    int ngroups;
    int64_t *ends; /* of each group in `copies` */
    int64_t ncopies;
    struct pld_copy *copies;
    int64_t buffer_bytes;
    char *buffer;
};

/* What is needed to make one. */
struct recipe {
    pld_ctx *ctx;
    int tag;
    const struct pld_plan *plan;
    const struct pld_transport_item *items;
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

static pld_status allocate(const struct pld_plan *plan,
                           struct pld_transport *transport)
{
    int nmessages = plan->receives.nmessages + plan->sends.nmessages;
    int64_t ncopies = plan->receives.ntransfers + plan->sends.ntransfers +
                      plan->copies.ntransfers + plan->wraps.ntransfers;
    PLD_TRY(pld_alloc("requests of messages", nmessages,
                      sizeof *transport->requests, &transport->requests));
    transport->nreceives = plan->receives.nmessages;
    transport->nsends = plan->sends.nmessages;
    for (int i = 0; i < nmessages; i++)
        transport->requests[i] = MPI_REQUEST_NULL;
    PLD_TRY(pld_alloc("groups of copies", nmessages + 2,
                      sizeof *transport->ends, &transport->ends));
    PLD_TRY(pld_alloc("copies", ncopies, sizeof *transport->copies,
                      &transport->copies));
    transport->buffer_bytes =
        rounded_bytes(&plan->receives) + rounded_bytes(&plan->sends);
    return pld_alloc("buffer of messages", transport->buffer_bytes, 1,
                     &transport->buffer);
}

static void add_copy(struct pld_transport *transport, struct pld_copy copy)
{
    transport->copies[transport->ncopies++] = copy;
}

static void end_group(struct pld_transport *transport)
{
    transport->ends[transport->ngroups++] = transport->ncopies;
}

static struct pld_block packed(const struct pld_transport_item *item,
                               const struct pld_transfer *transfer, char *data)
{
    return pld_block_dense(data + transfer->offset, transfer->box, item->layout,
                           item->from.ncomps, item->from.size);
}

/* Receive the `n`-th message to `data`. */
static pld_status add_receive(const struct recipe *recipe, int n, char *data,
                              struct pld_transport *transport)
{
    const struct pld_transfers *list = &recipe->plan->receives;
    const struct pld_message *message = &list->messages[n];
    const struct pld_transfer *transfer = list->transfers + message->first;
    for (int64_t i = 0; i < message->count; i++, transfer++) {
        const struct pld_transport_item *item = &recipe->items[transfer->item];
        struct pld_block from = packed(item, transfer, data);
        add_copy(transport,
                 pld_copy_prepare(&from, transfer->box, &item->to, unmoved));
    }
    end_group(transport);
    return pld_receive_init(recipe->ctx, data, message->bytes, message->peer,
                            recipe->tag, &transport->requests[n]);
}

/* Send the `n`-th message from `data`. */
static pld_status add_send(const struct recipe *recipe, int n, char *data,
                           struct pld_transport *transport)
{
    const struct pld_transfers *list = &recipe->plan->sends;
    const struct pld_message *message = &list->messages[n];
    const struct pld_transfer *transfer = list->transfers + message->first;
    for (int64_t i = 0; i < message->count; i++, transfer++) {
        const struct pld_transport_item *item = &recipe->items[transfer->item];
        struct pld_block to = packed(item, transfer, data);
        add_copy(transport,
                 pld_copy_prepare(&item->from, transfer->box, &to, unmoved));
    }
    end_group(transport);
    return pld_send_init(recipe->ctx, data, message->bytes, message->peer,
                         recipe->tag,
                         &transport->requests[transport->nreceives + n]);
}

/* Copies within the rank; wraps read what other copies wrote. */
static void add_own(const struct recipe *recipe,
                    const struct pld_transfers *list, bool is_wrap,
                    struct pld_transport *transport)
{
    for (int64_t i = 0; i < list->ntransfers; i++) {
        const struct pld_transfer *transfer = &list->transfers[i];
        const struct pld_transport_item *item = &recipe->items[transfer->item];
        const struct pld_block *from = is_wrap ? &item->to : &item->from;
        pld_box held = transfer->box;
        for (int d = 0; d < PLD_MAXDIM; d++)
            held.first[d] -= transfer->shift[d];
        add_copy(transport,
                 pld_copy_prepare(from, held, &item->to, transfer->shift));
    }
    end_group(transport);
}

static pld_status fill_in(const struct recipe *recipe,
                          struct pld_transport *transport)
{
    const struct pld_plan *plan = recipe->plan;
    PLD_TRY(allocate(plan, transport));
    char *data = transport->buffer;
    for (int n = 0; n < transport->nreceives; n++) {
        PLD_TRY(add_receive(recipe, n, data, transport));
        data += round_up(plan->receives.messages[n].bytes);
    }
    for (int n = 0; n < transport->nsends; n++) {
        PLD_TRY(add_send(recipe, n, data, transport));
        data += round_up(plan->sends.messages[n].bytes);
    }
    add_own(recipe, &plan->copies, false, transport);
    add_own(recipe, &plan->wraps, true, transport);
    return PLD_OK;
}

pld_status pld_transport_create(pld_ctx *ctx, int tag,
                                const struct pld_plan *plan,
                                const struct pld_transport_item *items,
                                struct pld_transport **out)
{
    pld_status status = PLD_OK;
    struct pld_transport *transport = NULL;
    const struct recipe recipe = {ctx, tag, plan, items};
    PLD_TRY(pld_alloc("transport", 1, sizeof *transport, &transport));
    PLD_TRY_TO(out, fill_in(&recipe, transport));
    *out = transport;
    return PLD_OK;
out:
    PLD_TRY(pld_transport_destroy(&transport));
    return status;
}

/* Messages need not know where the others' memory is. */
pld_status pld_transport_connect(struct pld_transport *transport)
{
    (void)transport;
    return PLD_OK;
}

pld_status pld_transport_destroy(struct pld_transport **transport)
{
    struct pld_transport *old = *transport;
    int code = MPI_SUCCESS;
    if (!old)
        return PLD_OK;
    for (int i = 0; i < old->nreceives + old->nsends; i++)
        if (old->requests[i] != MPI_REQUEST_NULL && code == MPI_SUCCESS)
            code = MPI_Request_free(&old->requests[i]);
    pld_free(old->buffer);
    pld_free(old->copies);
    pld_free(old->ends);
    pld_free(old->requests);
    pld_free(old);
    *transport = NULL;
    PLD_TRY_MPI(code);
    return PLD_OK;
}

static void run_group(const struct pld_transport *transport, int group)
{
    int64_t i = group > 0 ? transport->ends[group - 1] : 0;
    for (; i < transport->ends[group]; i++)
        pld_copy_run(&transport->copies[i]);
}

pld_status pld_transport_begin(struct pld_transport *transport)
{
    int nreceives = transport->nreceives;
    if (nreceives > 0)
        PLD_TRY_MPI(MPI_Startall(nreceives, transport->requests));
    for (int n = 0; n < transport->nsends; n++) {
        run_group(transport, nreceives + n);
        PLD_TRY_MPI(MPI_Start(&transport->requests[nreceives + n]));
    }
    run_group(transport, nreceives + transport->nsends);
    return PLD_OK;
}

pld_status pld_transport_end(struct pld_transport *transport)
{
    int nreceives = transport->nreceives;
    for (int i = 0; i < nreceives; i++) {
        int n = 0;
        PLD_TRY_MPI(
            MPI_Waitany(nreceives, transport->requests, &n, MPI_STATUS_IGNORE));
        run_group(transport, n);
    }
    run_group(transport, nreceives + transport->nsends + 1);
    for (int n = 0; n < transport->nsends; n++)
        PLD_TRY_MPI(
            MPI_Wait(&transport->requests[nreceives + n], MPI_STATUS_IGNORE));
    return PLD_OK;
}

pld_status pld_transport_test(struct pld_transport *transport, bool *out)
{
    *out = true;
    for (int i = 0; i < transport->nreceives + transport->nsends; i++) {
        int done = 0;
        PLD_TRY_MPI(MPI_Request_get_status(transport->requests[i], &done,
                                           MPI_STATUS_IGNORE));
        *out = *out && done != 0;
    }
    return PLD_OK;
}

int64_t pld_transport_plan_bytes(const struct pld_transport *transport)
{
    int64_t nmessages = transport->nreceives + transport->nsends;
    return transport->ncopies * (int64_t)sizeof *transport->copies +
           transport->ngroups * (int64_t)sizeof *transport->ends +
           nmessages * (int64_t)sizeof *transport->requests;
}

int64_t pld_transport_buffer_bytes(const struct pld_transport *transport)
{
    return transport->buffer_bytes;
}
