#include "comm/halo.h"

#include "comm/adjoint.h"
#include "comm/halo_spec.h"
#include "move/plan.h"

#include "base/alloc.h"
#include "par/context.h"
#include "par/reduce.h"
#include "polder/agree.h"

#include <string.h>

/* First word of a live halo, cleared when it is destroyed. */
#define HALO_ALIVE 0x68616c6fu

static struct pld_plan_item plan_item(const pld_halo *halo, int i)
{
    const pld_field *field = halo->fields[i];
    bool star = halo->spec.stencil == PLD_STAR;
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
        item.wants[d] = (struct pld_wants){.parts = parts,
                                           .low = halo->widths[i].at[d][0],
                                           .high = halo->widths[i].at[d][1]};
    }
    return item;
}

/* What an exchange works on: for each field, what to move and where it is. */
struct work {
    struct pld_plan_item *items;
    struct pld_transport_item *places;
    struct pld_plan plan;
};

static pld_status find_work(const pld_halo *halo, struct work *work)
{
    int n = halo->spec.nfields;
    PLD_TRY(pld_alloc("items of a halo", n, sizeof *work->items, &work->items));
    PLD_TRY(
        pld_alloc("places of a halo", n, sizeof *work->places, &work->places));
    for (int i = 0; i < n; i++) {
        struct pld_block block = pld_field_block(halo->fields[i]);
        work->items[i] = plan_item(halo, i);
        work->places[i] = (struct pld_transport_item){
            .from = block, .to = block, .layout = halo->fields[i]->layout};
        memcpy(work->places[i].order, halo->fields[i]->order,
               sizeof work->places[i].order);
    }
    return pld_plan_create(n, work->items, halo->ctx->rank, &work->plan);
}

static pld_halo_info describe(const struct pld_plan *plan)
{
    return (pld_halo_info){
        .npeers = pld_transfers_peers(&plan->sends, &plan->receives),
        .sent_bytes = pld_transfers_bytes(&plan->sends),
        .received_bytes = pld_transfers_bytes(&plan->receives),
        .copied_bytes = pld_transfers_bytes(&plan->copies) +
                        pld_transfers_bytes(&plan->wraps)};
}

static pld_status make_transport(int tag, pld_halo *halo)
{
    pld_status status = PLD_OK;
    struct work work = {.items = NULL};
    PLD_TRY_TO(out, find_work(halo, &work));
    PLD_TRY_TO(out, pld_transport_create(halo->ctx, tag, &work.plan,
                                         work.places, &halo->transport));
    halo->info = describe(&work.plan);
out:
    pld_plan_destroy(&work.plan);
    pld_free(work.places);
    pld_free(work.items);
    return status;
}

static pld_status hold_fields(const pld_halo_spec *spec, pld_halo *halo)
{
    PLD_TRY(pld_alloc("fields of a halo", spec->nfields, sizeof *halo->fields,
                      &halo->fields));
    PLD_TRY(pld_alloc("widths of a halo", spec->nfields, sizeof *halo->widths,
                      &halo->widths));
    halo->spec = *spec;
    halo->spec.fields = halo->fields;
    for (int i = 0; i < spec->nfields; i++) {
        halo->fields[i] = spec->fields[i];
        pld_field_retain(halo->fields[i]);
        for (int d = 0; d < PLD_MAXDIM; d++)
            for (int side = 0; side < 2; side++)
                halo->widths[i].at[d][side] =
                    pld_halo_spec_width(spec, halo->fields[i], d, side);
    }
    return PLD_OK;
}

static pld_status destroy_alone(pld_halo **halo)
{
    pld_halo *old = *halo;
    if (!old)
        return PLD_OK;
    pld_status status = pld_adjoint_destroy(&old->adjoint);
    if (status == PLD_OK)
        status = pld_transport_destroy(&old->transport);
    for (int i = 0; i < old->spec.nfields; i++)
        pld_field_release(old->fields[i]);
    pld_free(old->widths);
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
    PLD_TRY(make_transport(tag, halo));
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
    PLD_TRY_TO(out, pld_transport_connect(halo->transport));
    *out = halo;
    return PLD_OK;
out:
    PLD_TRY(destroy_alone(&halo));
    return status;
}

pld_status pld_halo_check(const pld_halo *halo, const char *argument)
{
    PLD_CHECK(halo, PLD_ERR_ARG, "%s is NULL", argument);
    PLD_CHECK(halo->alive == HALO_ALIVE, PLD_ERR_STATE,
              "%s is not a live halo: destroyed, or something else", argument);
    return PLD_OK;
}

pld_status pld_halo_check_idle(const pld_halo *halo, const char *argument)
{
    PLD_TRY(pld_halo_check(halo, argument));
    PLD_CHECK(!halo->under_way, PLD_ERR_STATE,
              "an exchange is under way: call pld_halo_end first");
    return PLD_OK;
}

/* Sums tell two moments apart: none of them shrinks. */
static int64_t count_touches(const pld_halo *halo)
{
    int64_t n = 0;
    for (int i = 0; i < halo->spec.nfields; i++)
        n += halo->fields[i]->fresh.touches;
    return n;
}

static void note_filled(const pld_halo *halo)
{
    if (count_touches(halo) != halo->touches)
        return;
    for (int i = 0; i < halo->spec.nfields; i++)
        pld_fresh_fill(halo->fields[i], &halo->widths[i],
                       halo->spec.stencil == PLD_STAR);
}

pld_status pld_halo_destroy(pld_halo **halo)
{
    PLD_CHECK(halo, PLD_ERR_ARG, "halo is NULL");
    if (!*halo)
        return PLD_OK;
    PLD_TRY(pld_halo_check_idle(*halo, "*halo"));
    PLD_TRY(destroy_alone(halo));
    return PLD_OK;
}

pld_status pld_halo_begin(pld_halo *halo)
{
    PLD_TRY(pld_halo_check_idle(halo, "halo"));
    pld_phase_begin(halo->ctx, PLD_PHASE_EXCHANGE);
    pld_status status = pld_transport_begin(halo->transport);
    pld_phase_end(halo->ctx, PLD_PHASE_EXCHANGE);
    PLD_TRY(status);
    halo->under_way = true;
    halo->touches = count_touches(halo);
    return PLD_OK;
}

pld_status pld_halo_end(pld_halo *halo)
{
    PLD_TRY(pld_halo_check(halo, "halo"));
    PLD_CHECK(halo->under_way, PLD_ERR_STATE,
              "no exchange is under way: call pld_halo_begin first");
    pld_phase_begin(halo->ctx, PLD_PHASE_EXCHANGE);
    pld_status status = pld_transport_end(halo->transport);
    pld_phase_end(halo->ctx, PLD_PHASE_EXCHANGE);
    halo->under_way = false;
    PLD_TRY(status);
    note_filled(halo);
    return PLD_OK;
}

pld_status pld_halo_test(pld_halo *halo, bool *out)
{
    PLD_TRY(pld_halo_check(halo, "halo"));
    PLD_CHECK(out, PLD_ERR_ARG, "out is NULL");
    PLD_CHECK(halo->under_way, PLD_ERR_STATE,
              "no exchange is under way: call pld_halo_begin first");
    pld_phase_begin(halo->ctx, PLD_PHASE_EXCHANGE);
    pld_status status = pld_transport_test(halo->transport, out);
    pld_phase_end(halo->ctx, PLD_PHASE_EXCHANGE);
    halo->under_way = status == PLD_OK;
    PLD_TRY(status);
    return PLD_OK;
}

pld_status pld_halo_exchange(pld_halo *halo)
{
    PLD_TRY(pld_halo_check_idle(halo, "halo"));
    /* The outer phase spares the inner ones a look at the clock. */
    pld_phase_begin(halo->ctx, PLD_PHASE_EXCHANGE);
    pld_status status = pld_halo_begin(halo);
    if (status == PLD_OK)
        status = pld_halo_end(halo);
    pld_phase_end(halo->ctx, PLD_PHASE_EXCHANGE);
    PLD_TRY(status);
    return PLD_OK;
}

static pld_status plan_adjoint(pld_halo *halo, int tag)
{
    const pld_halo_spec *spec = &halo->spec;
    struct pld_plan_item *items = NULL;
    PLD_TRY(pld_alloc("items of a halo", spec->nfields, sizeof *items, &items));
    for (int i = 0; i < spec->nfields; i++) {
        items[i] = plan_item(halo, i);
        items[i].direct = true;
    }
    pld_status status = pld_adjoint_create(halo->ctx, tag, spec->nfields,
                                           spec->fields, items, &halo->adjoint);
    pld_free(items);
    return status;
}

/* The first time, on all ranks. */
static pld_status need_adjoint(pld_halo *halo)
{
    if (halo->adjoint)
        return PLD_OK;
    int tag = pld_ctx_tag(halo->ctx);
    pld_status status = pld_agree(halo->ctx, plan_adjoint(halo, tag));
    if (status == PLD_OK)
        status = pld_adjoint_connect(halo->adjoint);
    if (status != PLD_OK)
        PLD_TRY(pld_adjoint_destroy(&halo->adjoint));
    return status;
}

pld_status pld_halo_accumulate(pld_halo *halo, pld_op op)
{
    PLD_TRY(pld_halo_check_idle(halo, "halo"));
    for (int i = 0; i < halo->spec.nfields; i++)
        PLD_TRY(pld_reduce_check_kind(op, halo->fields[i]->type));
    PLD_TRY(need_adjoint(halo));
    pld_phase_begin(halo->ctx, PLD_PHASE_EXCHANGE);
    for (int i = 0; i < halo->spec.nfields; i++)
        pld_fresh_forget(halo->fields[i]);
    pld_status status = pld_adjoint_run(halo->adjoint, op);
    pld_phase_end(halo->ctx, PLD_PHASE_EXCHANGE);
    PLD_TRY(status);
    return PLD_OK;
}

pld_status pld_halo_describe(const pld_halo *halo, pld_halo_info *out)
{
    PLD_TRY(pld_halo_check(halo, "halo"));
    PLD_CHECK(out, PLD_ERR_ARG, "out is NULL");
    *out = halo->info;
    out->plan_bytes = pld_transport_plan_bytes(halo->transport);
    out->buffer_bytes = pld_transport_buffer_bytes(halo->transport);
    return PLD_OK;
}
