#include "polder/halo.h"

#include "comm/halo_spec.h"
#include "comm/plan.h"
#include "comm/transport.h"

#include "base/alloc.h"
#include "mesh/field.h"
#include "par/context.h"
#include "polder/agree.h"

#include <limits.h>

/* First word of a live halo, cleared when it is destroyed. */
#define HALO_ALIVE 0x68616c6fu

struct pld_halo {
    uint32_t alive;
    pld_ctx *ctx;
    int nfields;
    pld_field **fields;
    struct pld_plan plan;
    struct pld_transport_item *items;
    struct pld_transport *transport;
    bool under_way;
};

static struct pld_plan_item plan_item(const pld_halo_spec *spec,
                                      const pld_field *field)
{
    bool star = spec->stencil == PLD_STAR;
    struct pld_plan_item item = {.min_ghosts = 1,
                                 .max_ghosts = star ? 1 : PLD_MAXDIM,
                                 .ncomps = field->ncomps,
                                 .size = pld_type_size(field->type)};
    for (int d = 0; d < PLD_MAXDIM; d++) {
        struct pld_parts parts = {.nparts = field->grid->nprocs[d],
                                  .cuts = field->grid->cuts[d],
                                  .size = pld_field_domain(field).count[d],
                                  .periodic = field->grid->periodic[d]};
        item.holds[d] = parts;
        item.wants[d] =
            (struct pld_wants){.parts = parts,
                               .low = pld_halo_spec_width(spec, field, d, 0),
                               .high = pld_halo_spec_width(spec, field, d, 1)};
    }
    return item;
}

static pld_status make_plan(const pld_halo_spec *spec, pld_halo *halo)
{
    pld_status status = PLD_OK;
    struct pld_plan_item *items = NULL;
    PLD_TRY(
        pld_alloc("fields of a plan", spec->nfields, sizeof *items, &items));
    for (int i = 0; i < spec->nfields; i++)
        items[i] = plan_item(spec, spec->fields[i]);
    PLD_TRY_TO(out, pld_plan_create(spec->nfields, items, halo->ctx->rank,
                                    &halo->plan));
out:
    pld_free(items);
    return status;
}

static pld_status hold_fields(const pld_halo_spec *spec, pld_halo *halo)
{
    int n = spec->nfields;
    PLD_TRY(
        pld_alloc("fields of a halo", n, sizeof *halo->fields, &halo->fields));
    PLD_TRY(pld_alloc("items of a halo", n, sizeof *halo->items, &halo->items));
    for (int i = 0; i < n; i++) {
        pld_field *field = spec->fields[i];
        struct pld_block block = pld_field_block(field);
        halo->items[i] = (struct pld_transport_item){
            .from = block, .to = block, .layout = field->layout};
        halo->fields[halo->nfields++] = field;
        pld_field_retain(field);
    }
    return PLD_OK;
}

static pld_status destroy_alone(pld_halo **halo)
{
    pld_halo *old = *halo;
    if (!old)
        return PLD_OK;
    pld_status status = pld_transport_destroy(&old->transport);
    pld_plan_destroy(&old->plan);
    for (int i = 0; i < old->nfields; i++)
        pld_field_release(old->fields[i]);
    pld_free(old->items);
    pld_free(old->fields);
    pld_ctx_release(old->ctx, PLD_KIND_HALO);
    old->alive = 0;
    pld_free(old);
    *halo = NULL;
    return status;
}

/* All that one rank does alone; what is made by then stays in *out, also on
 * failure. */
static pld_status create_alone(pld_ctx *ctx, const pld_halo_spec *spec, int tag,
                               pld_halo **out)
{
    pld_halo *halo = NULL;
    PLD_TRY(pld_alloc("halo", 1, sizeof *halo, &halo));
    *out = halo;
    halo->alive = HALO_ALIVE;
    halo->ctx = ctx;
    pld_ctx_retain(ctx, PLD_KIND_HALO);
    PLD_TRY(hold_fields(spec, halo));
    PLD_TRY(make_plan(spec, halo));
    PLD_TRY(pld_transport_create(ctx, &halo->plan, halo->items, tag,
                                 &halo->transport));
    return PLD_OK;
}

static pld_status check_arguments(const pld_halo_spec *spec, const pld_ctx *ctx,
                                  pld_halo **out)
{
    PLD_CHECK(out, PLD_ERR_ARG, "out is NULL");
    return pld_halo_spec_check(spec, ctx);
}

pld_status pld_halo_create(const pld_halo_spec *spec, pld_halo **out)
{
    pld_status status = PLD_OK;
    pld_ctx *ctx = NULL;
    pld_halo *halo = NULL;
    PLD_TRY(pld_halo_spec_ctx(spec, &ctx));
    PLD_TRY(pld_agree(ctx, check_arguments(spec, ctx, out)));
    PLD_TRY(pld_halo_spec_agree(spec, ctx));
    int tag = pld_ctx_tag(ctx);
    PLD_TRY_TO(out, pld_agree(ctx, create_alone(ctx, spec, tag, &halo)));
    *out = halo;
    return PLD_OK;
out:
    PLD_TRY(destroy_alone(&halo));
    return status;
}

static pld_status check_halo(const pld_halo *halo, const char *argument)
{
    PLD_CHECK(halo, PLD_ERR_ARG, "%s is NULL", argument);
    PLD_CHECK(halo->alive == HALO_ALIVE, PLD_ERR_STATE,
              "%s is not a live halo: destroyed, or something else", argument);
    return PLD_OK;
}

static pld_status check_idle(const pld_halo *halo, const char *argument)
{
    PLD_TRY(check_halo(halo, argument));
    PLD_CHECK(!halo->under_way, PLD_ERR_STATE,
              "an exchange is under way: call pld_halo_end first");
    return PLD_OK;
}

pld_status pld_halo_destroy(pld_halo **halo)
{
    PLD_CHECK(halo, PLD_ERR_ARG, "halo is NULL");
    if (!*halo)
        return PLD_OK;
    PLD_TRY(check_idle(*halo, "*halo"));
    PLD_TRY(destroy_alone(halo));
    return PLD_OK;
}

pld_status pld_halo_begin(pld_halo *halo)
{
    PLD_TRY(check_idle(halo, "halo"));
    pld_phase_begin(halo->ctx, PLD_PHASE_EXCHANGE);
    pld_status status = pld_transport_begin(halo->transport);
    pld_phase_end(halo->ctx, PLD_PHASE_EXCHANGE);
    PLD_TRY(status);
    halo->under_way = true;
    return PLD_OK;
}

pld_status pld_halo_end(pld_halo *halo)
{
    PLD_TRY(check_halo(halo, "halo"));
    PLD_CHECK(halo->under_way, PLD_ERR_STATE,
              "no exchange is under way: call pld_halo_begin first");
    pld_phase_begin(halo->ctx, PLD_PHASE_EXCHANGE);
    pld_status status = pld_transport_end(halo->transport);
    pld_phase_end(halo->ctx, PLD_PHASE_EXCHANGE);
    PLD_TRY(status);
    halo->under_way = false;
    return PLD_OK;
}

pld_status pld_halo_exchange(pld_halo *halo)
{
    PLD_TRY(pld_halo_begin(halo));
    PLD_TRY(pld_halo_end(halo));
    return PLD_OK;
}

/* Peers in either list; both ascend. */
static int count_peers(const struct pld_transfers *a,
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

pld_status pld_halo_describe(const pld_halo *halo, pld_halo_info *out)
{
    PLD_TRY(check_halo(halo, "halo"));
    PLD_CHECK(out, PLD_ERR_ARG, "out is NULL");
    const struct pld_plan *plan = &halo->plan;
    *out = (pld_halo_info){
        .npeers = count_peers(&plan->sends, &plan->receives),
        .sent_bytes = pld_transfers_bytes(&plan->sends),
        .received_bytes = pld_transfers_bytes(&plan->receives),
        .copied_bytes = pld_transfers_bytes(&plan->copies),
        .plan_bytes = pld_plan_bytes(plan),
        .buffer_bytes = pld_transport_buffer_bytes(halo->transport)};
    return PLD_OK;
}
