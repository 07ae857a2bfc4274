#include "comm/adjoint.h"

#include "base/alloc.h"
#include "base/exact_environment.h"
#include "comm/combine.h"
#include "comm/overlay.h"
#include "move/transport.h"
#include "mesh/block.h"

/* What is meant for the own points of a box: ghosts of this rank, or such as
 * arrived from others; by the index of the own point. */
struct gift {
    int item;
    pld_box box;
    struct pld_block block;
};

/* A field's own points, and the gifts for each region of them. */
struct taker {
    pld_type type;
    struct pld_block own;
    struct pld_overlay overlay;
    const struct gift *gifts; /* numbered from here in the overlay */
};

struct pld_adjoint {
    struct pld_transport *transport;
    int64_t ngifts;
    struct gift *gifts; /* by item */
    char *arrived;
    int ntakers;
    struct taker *takers;
    struct pld_run *runs; /* room for the gifts of a region */
};

/* --- Gifts ---------------------------------------------------------------- */

/* Ghosts of this rank whose owner it is itself. */
static struct gift own_gift(const struct pld_field *field,
                            const struct pld_transfer *copy)
{
    struct gift gift = {
        .item = copy->item, .box = copy->box, .block = pld_field_block(field)};
    for (int d = 0; d < PLD_MAXDIM; d++)
        gift.box.first[d] -= copy->shift[d];
    gift.block.data = pld_block_at(&gift.block, copy->shift);
    return gift;
}

/* What arrives instead of being sent. */
static struct gift sent_gift(const struct pld_field *field,
                             const struct pld_transfer *send, char *data)
{
    return (struct gift){.item = send->item,
                         .box = send->box,
                         .block = pld_block_dense(data, send->box,
                                                  field->layout, field->ncomps,
                                                  pld_type_size(field->type))};
}

/* Where each message begins among all that arrive: aligned for any type. */
static int64_t after_message(int64_t at, const struct pld_message *message)
{
    return (at + message->bytes + 63) / 64 * 64;
}

/* Gifts of one item, in their order. */
static void find_gifts_of(int item, const struct pld_field *field,
                          const struct pld_plan *plan,
                          struct pld_adjoint *adjoint)
{
    for (int64_t i = 0; i < plan->copies.ntransfers; i++) {
        const struct pld_transfer *copy = &plan->copies.transfers[i];
        if (copy->item == item)
            adjoint->gifts[adjoint->ngifts++] = own_gift(field, copy);
    }
    int64_t at = 0;
    for (int m = 0; m < plan->sends.nmessages; m++) {
        const struct pld_message *message = &plan->sends.messages[m];
        for (int64_t i = 0; i < message->count; i++) {
            const struct pld_transfer *send =
                &plan->sends.transfers[message->first + i];
            if (send->item == item)
                adjoint->gifts[adjoint->ngifts++] = sent_gift(
                    field, send, adjoint->arrived + at + send->offset);
        }
        at = after_message(at, message);
    }
}

static pld_status find_gifts(int nfields, pld_field *const *fields,
                             const struct pld_plan *plan,
                             struct pld_adjoint *adjoint)
{
    int64_t bytes = 0;
    for (int m = 0; m < plan->sends.nmessages; m++)
        bytes = after_message(bytes, &plan->sends.messages[m]);
    PLD_TRY(pld_alloc("arriving ghosts", bytes, 1, &adjoint->arrived));
    PLD_TRY(pld_alloc("lists of ghosts",
                      plan->copies.ntransfers + plan->sends.ntransfers,
                      sizeof *adjoint->gifts, &adjoint->gifts));
    for (int i = 0; i < nfields; i++)
        find_gifts_of(i, fields[i], plan, adjoint);
    return PLD_OK;
}

/* --- Those who take them -------------------------------------------------- */

static pld_status overlay_gifts(int64_t ngifts, struct taker *taker)
{
    pld_status status = PLD_OK;
    pld_box *boxes = NULL;
    PLD_TRY(pld_alloc("boxes of ghosts", ngifts, sizeof *boxes, &boxes));
    for (int64_t i = 0; i < ngifts; i++)
        boxes[i] = taker->gifts[i].box;
    status = pld_overlay_create(ngifts, boxes, &taker->overlay);
    pld_free(boxes);
    return status;
}

static pld_status find_takers(int nfields, pld_field *const *fields,
                              struct pld_adjoint *adjoint)
{
    int64_t first = 0;
    int64_t most = 0;
    PLD_TRY(pld_alloc("fields to combine ghosts into", nfields,
                      sizeof *adjoint->takers, &adjoint->takers));
    adjoint->ntakers = nfields;
    for (int i = 0; i < nfields; i++) {
        struct taker *taker = &adjoint->takers[i];
        int64_t end = first;
        while (end < adjoint->ngifts && adjoint->gifts[end].item == i)
            end++;
        taker->type = fields[i]->type;
        taker->own = pld_field_block(fields[i]);
        taker->gifts = adjoint->gifts + first;
        PLD_TRY(overlay_gifts(end - first, taker));
        most = taker->overlay.most > most ? taker->overlay.most : most;
        first = end;
    }
    return pld_alloc("runs of ghosts", most, sizeof *adjoint->runs,
                     &adjoint->runs);
}

/* --- The transport -------------------------------------------------------- */

/* Every box that arrives is an item of its own after those of the fields,
 * because boxes for the same points must not overwrite each other. */
static void redirect(int nfields, pld_field *const *fields, char *arrived,
                     struct pld_plan *plan, struct pld_transport_item *places)
{
    struct pld_transfers *list = &plan->sends;
    int64_t at = 0;
    for (int m = 0; m < list->nmessages; m++) {
        const struct pld_message *message = &list->messages[m];
        for (int64_t i = message->first; i < message->first + message->count;
             i++) {
            struct pld_transfer *send = &list->transfers[i];
            const pld_field *field = fields[send->item];
            struct gift gift =
                sent_gift(field, send, arrived + at + send->offset);
            send->item = nfields + (int)i;
            places[send->item] = (struct pld_transport_item){
                .from = gift.block, .to = gift.block, .layout = field->layout};
        }
        at = after_message(at, message);
    }
}

static pld_status make_transport(pld_ctx *ctx, int tag, int nfields,
                                 pld_field *const *fields,
                                 struct pld_plan *plan,
                                 struct pld_adjoint *adjoint)
{
    struct pld_transport_item *places = NULL;
    PLD_TRY(pld_alloc("places of ghosts", nfields + plan->sends.ntransfers,
                      sizeof *places, &places));
    for (int i = 0; i < nfields; i++) {
        struct pld_block block = pld_field_block(fields[i]);
        places[i] = (struct pld_transport_item){
            .from = block, .to = block, .layout = fields[i]->layout};
    }
    redirect(nfields, fields, adjoint->arrived, plan, places);
    const struct pld_plan backwards = {.sends = plan->receives,
                                       .receives = plan->sends};
    pld_status status =
        pld_transport_create(ctx, tag, &backwards, places, &adjoint->transport);
    pld_free(places);
    return status;
}

/* --- All of it ------------------------------------------------------------ */

static pld_status fill_in(pld_ctx *ctx, int tag, int nfields,
                          pld_field *const *fields,
                          const struct pld_plan_item *items,
                          struct pld_adjoint *adjoint)
{
    pld_status status = PLD_OK;
    struct pld_plan plan;
    PLD_TRY(pld_plan_create(nfields, items, ctx->rank, &plan));
    PLD_TRY_TO(out, find_gifts(nfields, fields, &plan, adjoint));
    PLD_TRY_TO(out, find_takers(nfields, fields, adjoint));
    PLD_TRY_TO(out, make_transport(ctx, tag, nfields, fields, &plan, adjoint));
out:
    pld_plan_destroy(&plan);
    return status;
}

pld_status pld_adjoint_create(pld_ctx *ctx, int tag, int nfields,
                              pld_field *const *fields,
                              const struct pld_plan_item *items,
                              struct pld_adjoint **out)
{
    pld_status status = PLD_OK;
    struct pld_adjoint *adjoint = NULL;
    PLD_TRY(pld_alloc("adjoint of a halo", 1, sizeof *adjoint, &adjoint));
    PLD_TRY_TO(out, fill_in(ctx, tag, nfields, fields, items, adjoint));
    *out = adjoint;
    return PLD_OK;
out:
    PLD_TRY(pld_adjoint_destroy(&adjoint));
    return status;
}

pld_status pld_adjoint_connect(struct pld_adjoint *adjoint)
{
    return pld_transport_connect(adjoint->transport);
}

pld_status pld_adjoint_destroy(struct pld_adjoint **adjoint)
{
    struct pld_adjoint *old = *adjoint;
    if (!old)
        return PLD_OK;
    pld_status status = pld_transport_destroy(&old->transport);
    pld_free(old->runs);
    for (int i = 0; i < old->ntakers; i++)
        pld_overlay_destroy(&old->takers[i].overlay);
    pld_free(old->takers);
    pld_free(old->gifts);
    pld_free(old->arrived);
    pld_free(old);
    *adjoint = NULL;
    return status;
}

/* --- Combining ------------------------------------------------------------ */

static int longest(pld_box box)
{
    int dim = PLD_MAXDIM - 1;
    for (int d = PLD_MAXDIM - 2; d >= 0; d--)
        if (box.count[d] > box.count[dim])
            dim = d;
    return dim;
}

/* Points of a region along `dim` from `index` on. */
struct row {
    int64_t index[PLD_MAXDIM];
    int dim;
    int64_t n;
};

static void combine_row(pld_op op, const struct taker *taker,
                        const struct pld_region *region, const struct row *row,
                        int comp, int part, struct pld_run *runs)
{
    bool is_complex = taker->type == PLD_C128;
    int64_t offset = part * (int64_t)sizeof(double);
    struct pld_run to = {pld_block_at(&taker->own, row->index) +
                             comp * taker->own.comp_stride + offset,
                         taker->own.stride[row->dim]};
    for (int64_t k = 0; k < region->count; k++) {
        int64_t which = taker->overlay.which[region->first + k];
        const struct pld_block *block = &taker->gifts[which].block;
        runs[k] = (struct pld_run){pld_block_at(block, row->index) +
                                       comp * block->comp_stride + offset,
                                   block->stride[row->dim]};
    }
    pld_combine_runs(op, is_complex ? PLD_F64 : taker->type, row->n, to,
                     region->count, runs);
}

static void combine_region(pld_op op, const struct taker *taker,
                           const struct pld_region *region,
                           struct pld_run *runs)
{
    int nparts = taker->type == PLD_C128 ? 2 : 1;
    struct row row = {.dim = longest(region->box)};
    row.n = region->box.count[row.dim];
    pld_box starts = region->box;
    starts.count[row.dim] = 1;
    const int64_t *first = starts.first;
    const int64_t *count = starts.count;
    int64_t *at = row.index;
    for (at[0] = first[0]; at[0] < first[0] + count[0]; at[0]++)
        for (at[1] = first[1]; at[1] < first[1] + count[1]; at[1]++)
            for (at[2] = first[2]; at[2] < first[2] + count[2]; at[2]++)
                for (int c = 0; c < taker->own.ncomps; c++)
                    for (int part = 0; part < nparts; part++)
                        combine_row(op, taker, region, &row, c, part, runs);
}

/* Not inlined: see exact_environment.h. */
static __attribute__((noinline)) void combine(const struct pld_adjoint *adjoint,
                                              pld_op op)
{
    for (int i = 0; i < adjoint->ntakers; i++) {
        const struct taker *taker = &adjoint->takers[i];
        for (int64_t r = 0; r < taker->overlay.nregions; r++)
            combine_region(op, taker, &taker->overlay.regions[r],
                           adjoint->runs);
    }
}

pld_status pld_adjoint_run(struct pld_adjoint *adjoint, pld_op op)
{
    PLD_TRY(pld_transport_begin(adjoint->transport));
    PLD_TRY(pld_transport_end(adjoint->transport));
    pld_environment saved = pld_environment_enter();
    combine(adjoint, op);
    pld_environment_leave(saved);
    return PLD_OK;
}
