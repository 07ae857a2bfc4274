#include "move/transport_message.h"

#include "base/alloc.h"
#include "par/message.h"
#include "par/segment.h"

/* What is needed to make it. */
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

/* --- Setting up ----------------------------------------------------------- */

/* What goes by MPI of one direction. */
struct share {
    int nmessages;
    int64_t ntransfers;
    int64_t bytes;
};

static struct share share_of(const pld_ctx *ctx,
                             const struct pld_transfers *list)
{
    struct share share = {0};
    for (int i = 0; i < list->nmessages; i++) {
        const struct pld_message *message = &list->messages[i];
        if (pld_segment_reaches(ctx, message->peer))
            continue;
        share.nmessages++;
        share.ntransfers += message->count;
        share.bytes += round_up(message->bytes);
    }
    return share;
}

static pld_status allocate(const struct recipe *recipe, struct pld_mail *mail)
{
    struct share receives = share_of(recipe->ctx, &recipe->plan->receives);
    struct share sends = share_of(recipe->ctx, &recipe->plan->sends);
    int nmessages = receives.nmessages + sends.nmessages;
    PLD_TRY(pld_alloc("requests of messages", nmessages, sizeof *mail->requests,
                      &mail->requests));
    mail->nreceives = receives.nmessages;
    mail->nsends = sends.nmessages;
    for (int i = 0; i < nmessages; i++)
        mail->requests[i] = MPI_REQUEST_NULL;
    PLD_TRY(pld_copies_create(receives.ntransfers + sends.ntransfers, nmessages,
                              &mail->copies));
    mail->buffer_bytes = receives.bytes + sends.bytes;
    return pld_alloc("buffer of messages", mail->buffer_bytes, 1,
                     &mail->buffer);
}

static struct pld_block packed(const struct pld_transport_item *item,
                               const struct pld_transfer *transfer, char *data)
{
    return pld_block_ordered(data + transfer->offset, transfer->box,
                             item->layout, item->order, item->from.ncomps,
                             item->from.size);
}

/* Receive a message to `data`, unpacked as the next group. */
static pld_status add_receive(const struct recipe *recipe,
                              const struct pld_message *message, char *data,
                              struct pld_mail *mail)
{
    const struct pld_transfer *transfer =
        recipe->plan->receives.transfers + message->first;
    for (int64_t i = 0; i < message->count; i++, transfer++) {
        const struct pld_transport_item *item = &recipe->items[transfer->item];
        struct pld_block from = packed(item, transfer, data);
        pld_copies_add(&mail->copies, pld_copy_prepare(&from, transfer->box,
                                                       &item->to, unmoved));
    }
    MPI_Request *request = &mail->requests[mail->copies.ngroups];
    pld_copies_end_group(&mail->copies);
    return pld_receive_init(recipe->ctx, data, message->bytes, message->peer,
                            recipe->tag, request);
}

/* Send a message from `data`, packed as the next group. */
static pld_status add_send(const struct recipe *recipe,
                           const struct pld_message *message, char *data,
                           struct pld_mail *mail)
{
    const struct pld_transfer *transfer =
        recipe->plan->sends.transfers + message->first;
    for (int64_t i = 0; i < message->count; i++, transfer++) {
        const struct pld_transport_item *item = &recipe->items[transfer->item];
        struct pld_block to = packed(item, transfer, data);
        pld_copies_add(
            &mail->copies,
            pld_copy_prepare(&item->from, transfer->box, &to, unmoved));
    }
    MPI_Request *request = &mail->requests[mail->copies.ngroups];
    pld_copies_end_group(&mail->copies);
    return pld_send_init(recipe->ctx, data, message->bytes, message->peer,
                         recipe->tag, request);
}

pld_status pld_mail_create(pld_ctx *ctx, int tag, const struct pld_plan *plan,
                           const struct pld_transport_item *items,
                           struct pld_mail *mail)
{
    const struct recipe recipe = {ctx, tag, plan, items};
    PLD_TRY(allocate(&recipe, mail));
    char *data = mail->buffer;
    for (int i = 0; i < plan->receives.nmessages; i++) {
        const struct pld_message *message = &plan->receives.messages[i];
        if (pld_segment_reaches(ctx, message->peer))
            continue;
        PLD_TRY(add_receive(&recipe, message, data, mail));
        data += round_up(message->bytes);
    }
    for (int i = 0; i < plan->sends.nmessages; i++) {
        const struct pld_message *message = &plan->sends.messages[i];
        if (pld_segment_reaches(ctx, message->peer))
            continue;
        PLD_TRY(add_send(&recipe, message, data, mail));
        data += round_up(message->bytes);
    }
    return PLD_OK;
}

/* After an exchange that failed: take back the receives that are still
 * expected. What is still being sent cannot be taken back; `*out`: MPI reads
 * it no more. */
static pld_status give_up(struct pld_mail *mail, bool *out)
{
    int sent = 1;
    for (int i = 0; i < mail->nreceives; i++) {
        int arrived = 0;
        PLD_TRY_MPI(MPI_Test(&mail->requests[i], &arrived, MPI_STATUS_IGNORE));
        if (arrived)
            continue;
        PLD_TRY_MPI(MPI_Cancel(&mail->requests[i]));
        PLD_TRY_MPI(MPI_Wait(&mail->requests[i], MPI_STATUS_IGNORE));
    }
    PLD_TRY_MPI(MPI_Testall(mail->nsends, mail->requests + mail->nreceives,
                            &sent, MPI_STATUSES_IGNORE));
    *out = sent != 0;
    return PLD_OK;
}

static pld_status free_requests(struct pld_mail *mail)
{
    for (int i = 0; i < mail->nreceives + mail->nsends; i++)
        if (mail->requests[i] != MPI_REQUEST_NULL)
            PLD_TRY_MPI(MPI_Request_free(&mail->requests[i]));
    return PLD_OK;
}

pld_status pld_mail_destroy(struct pld_mail *mail)
{
    bool idle = true;
    pld_status status = PLD_OK;
    if (mail->under_way)
        status = give_up(mail, &idle);
    if (status == PLD_OK && mail->requests)
        status = free_requests(mail);
    /* Better lost than read by MPI after it has been given back. */
    if (idle)
        pld_free(mail->buffer);
    pld_copies_destroy(&mail->copies);
    pld_free(mail->requests);
    *mail = (struct pld_mail){0};
    return status;
}

/* --- Running -------------------------------------------------------------- */

pld_status pld_mail_begin(struct pld_mail *mail)
{
    int nreceives = mail->nreceives;
    mail->narrived = 0;
    mail->under_way = nreceives + mail->nsends > 0;
    if (nreceives > 0)
        PLD_TRY_MPI(MPI_Startall(nreceives, mail->requests));
    for (int n = nreceives; n < nreceives + mail->nsends; n++) {
        pld_copies_run(&mail->copies, n);
        PLD_TRY_MPI(MPI_Start(&mail->requests[n]));
    }
    return PLD_OK;
}

pld_status pld_mail_test(struct pld_mail *mail, bool *out)
{
    int sent = 1;
    while (mail->narrived < mail->nreceives) {
        int n = 0;
        int arrived = 0;
        PLD_TRY_MPI(MPI_Testany(mail->nreceives, mail->requests, &n, &arrived,
                                MPI_STATUS_IGNORE));
        if (!arrived)
            break;
        pld_copies_run(&mail->copies, n);
        mail->narrived++;
    }
    if (mail->nsends > 0)
        PLD_TRY_MPI(MPI_Testall(mail->nsends, mail->requests + mail->nreceives,
                                &sent, MPI_STATUSES_IGNORE));
    *out = sent && mail->narrived == mail->nreceives;
    return PLD_OK;
}

pld_status pld_mail_receive(struct pld_mail *mail)
{
    for (; mail->narrived < mail->nreceives; mail->narrived++) {
        int n = 0;
        if (mail->nreceives == 1) /* which takes MPI less time */
            PLD_TRY_MPI(MPI_Wait(mail->requests, MPI_STATUS_IGNORE));
        else
            PLD_TRY_MPI(MPI_Waitany(mail->nreceives, mail->requests, &n,
                                    MPI_STATUS_IGNORE));
        pld_copies_run(&mail->copies, n);
    }
    return PLD_OK;
}

pld_status pld_mail_finish(struct pld_mail *mail)
{
    for (int n = mail->nreceives; n < mail->nreceives + mail->nsends; n++)
        PLD_TRY_MPI(MPI_Wait(&mail->requests[n], MPI_STATUS_IGNORE));
    mail->under_way = false;
    return PLD_OK;
}

int64_t pld_mail_plan_bytes(const struct pld_mail *mail)
{
    return pld_copies_bytes(&mail->copies) +
           (mail->nreceives + mail->nsends) * (int64_t)sizeof *mail->requests;
}
