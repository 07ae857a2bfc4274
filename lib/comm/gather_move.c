#include "comm/gather_move.h"

#include "base/alloc.h"
#include "move/plan_boxes.h"
#include "mesh/field.h"

/* A plan works on places, as if each rank held those of its own points. */

static int64_t place_of(const struct pld_gather_terms *terms, int d,
                        int64_t index)
{
    int64_t ahead = index - terms->first[d];
    if (ahead <= 0)
        return 0;
    int64_t place = (ahead - 1) / terms->stride[d] + 1;
    return place < terms->count[d] ? place : terms->count[d];
}

/* Where the parts of the field begin, in places. */
static pld_status find_parts(const struct pld_gather_terms *terms, int d,
                             int64_t **cuts, struct pld_parts *out)
{
    const pld_grid *grid = terms->field->grid;
    struct pld_parts points = {.nparts = grid->nprocs[d],
                               .cuts = grid->cuts[d],
                               .size = pld_field_domain(terms->field).count[d]};
    PLD_TRY(
        pld_alloc("cuts of a gather", points.nparts + 1, sizeof **cuts, cuts));
    for (int part = 0; part <= points.nparts; part++)
        (*cuts)[part] = place_of(terms, d, pld_part_first(&points, part));
    *out = (struct pld_parts){
        .nparts = points.nparts, .cuts = *cuts, .size = terms->count[d]};
    return PLD_OK;
}

static bool reads_from(int owner, int root, const void *data)
{
    return pld_gather_root_of(data, owner) == root;
}

/* Who asks for the box: in a gather all roots. A scatter is a gather backwards
 * in which each rank gives its points to one root only. */
static pld_status find_asks(const struct pld_gather_terms *terms,
                            const pld_box *places, struct pld_ask **asks,
                            struct pld_plan_boxes *out)
{
    out->nasks = terms->scatter ? 1 : terms->nroots;
    PLD_TRY(pld_alloc("asks of a gather", out->nasks, sizeof **asks, asks));
    for (int64_t i = 0; i < out->nasks; i++)
        (*asks)[i] = (struct pld_ask){
            .rank = terms->scatter ? pld_gather_root_of(terms, terms->ctx->rank)
                                   : terms->roots[i],
            .nboxes = 1,
            .boxes = places};
    out->asks = *asks;
    out->gives = terms->scatter ? reads_from : NULL;
    out->data = terms;
    return PLD_OK;
}

static pld_status find_plan(const struct pld_gather_terms *terms,
                            pld_box places, struct pld_plan *out)
{
    pld_status status = PLD_OK;
    int64_t *cuts[PLD_MAXDIM] = {NULL};
    struct pld_ask *asks = NULL;
    struct pld_plan_boxes what = {
        .element = {terms->ncomps, pld_type_size(terms->field->type)}};
    for (int d = 0; d < PLD_MAXDIM; d++)
        PLD_TRY_TO(out, find_parts(terms, d, &cuts[d], &what.holds[d]));
    PLD_TRY_TO(out, find_asks(terms, &places, &asks, &what));
    PLD_TRY_TO(out, pld_plan_create_boxes(&what, terms->ctx->rank, out));
out:
    pld_free(asks);
    for (int d = 0; d < PLD_MAXDIM; d++)
        pld_free(cuts[d]);
    return status;
}

/* The field by places. */
static struct pld_block field_block(const struct pld_gather_terms *terms)
{
    struct pld_block block = pld_block_components(pld_field_block(terms->field),
                                                  terms->comp, terms->ncomps);
    block.data = pld_block_at(&block, terms->first);
    for (int d = 0; d < PLD_MAXDIM; d++)
        block.stride[d] *= terms->stride[d];
    return block;
}

static void count(const struct pld_plan *plan,
                  const struct pld_transport *transport, pld_gather_info *info)
{
    info->npeers = pld_transfers_peers(&plan->sends, &plan->receives);
    info->sent_bytes += pld_transfers_bytes(&plan->sends);
    info->received_bytes += pld_transfers_bytes(&plan->receives);
    info->copied_bytes += pld_transfers_bytes(&plan->copies);
    info->plan_bytes += pld_transport_plan_bytes(transport);
    info->buffer_bytes += pld_transport_buffer_bytes(transport);
}

pld_status pld_gather_transport(const struct pld_gather_terms *terms, int tag,
                                pld_box places, void *array,
                                pld_gather_info *info,
                                struct pld_transport **out)
{
    pld_status status = PLD_OK;
    struct pld_plan plan;
    PLD_TRY(find_plan(terms, places, &plan));
    struct pld_block field = field_block(terms);
    struct pld_block dense = pld_block_dense(array, places, terms->layout,
                                             terms->ncomps, field.size);
    struct pld_transport_item item = {.from = field,
                                      .to = dense,
                                      .layout = terms->layout,
                                      .bulk =
                                          pld_transfers_bytes(&plan.sends) +
                                          pld_transfers_bytes(&plan.receives) +
                                          pld_transfers_bytes(&plan.copies)};
    if (terms->scatter) {
        struct pld_transfers sends = plan.sends;
        plan.sends = plan.receives;
        plan.receives = sends;
        item.from = dense;
        item.to = field;
    }
    PLD_TRY_TO(out, pld_transport_create(terms->ctx, tag, &plan, &item, out));
    count(&plan, *out, info);
out:
    pld_plan_destroy(&plan);
    return status;
}
