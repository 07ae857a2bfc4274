#include "polder/redistribute.h"

#include "comm/redistribute_spec.h"
#include "move/transport.h"

#include "base/alloc.h"
#include "polder/agree.h"

#include <string.h>

/* First word of a live redistribution, cleared when it is destroyed. */
#define REDISTRIBUTION_ALIVE 0x72656469u

struct pld_redistribution {
    uint32_t alive;
    pld_ctx *ctx;
    int nfields;
    pld_field **fields; /* those that are read, then those that are written */
    struct pld_transport *transport;
    pld_redistribution_info info;
    bool under_way;
};

static struct pld_parts parts_of(const pld_field *field, int d)
{
    return (struct pld_parts){.nparts = field->grid->nprocs[d],
                              .cuts = field->grid->cuts[d],
                              .size = pld_field_domain(field).count[d]};
}

/* The own points, without any images. */
static struct pld_plan_item plan_item(const pld_field *from,
                                      const pld_field *to)
{
    struct pld_plan_item item = {.direct = true,
                                 .ncomps = from->ncomps,
                                 .size = pld_type_size(from->type)};
    for (int d = 0; d < PLD_MAXDIM; d++) {
        item.holds[d] = parts_of(from, d);
        item.wants[d] = (struct pld_wants){.parts = parts_of(to, d)};
    }
    return item;
}

/* What a run works on: for each pair, what to move and where it is. */
struct work {
    struct pld_plan_item *items;
    struct pld_transport_item *places;
    struct pld_plan plan;
};

static pld_status find_work(const pld_redistribution *redistribution,
                            struct work *work)
{
    int n = redistribution->nfields;
    PLD_TRY(pld_alloc("items of a redistribution", n, sizeof *work->items,
                      &work->items));
    PLD_TRY(pld_alloc("places of a redistribution", n, sizeof *work->places,
                      &work->places));
    for (int i = 0; i < n; i++) {
        const pld_field *from = redistribution->fields[i];
        const pld_field *to = redistribution->fields[n + i];
        work->items[i] = plan_item(from, to);
        work->places[i] =
            (struct pld_transport_item){.from = pld_field_block(from),
                                        .to = pld_field_block(to),
                                        .layout = from->layout};
        memcpy(work->places[i].order, from->order, sizeof from->order);
    }
    PLD_TRY(pld_plan_create(n, work->items, redistribution->ctx->rank,
                            &work->plan));
    int64_t bulk = pld_transfers_bytes(&work->plan.receives) +
                   pld_transfers_bytes(&work->plan.copies);
    for (int i = 0; i < n; i++)
        work->places[i].bulk = bulk;
    return PLD_OK;
}

static pld_redistribution_info describe(const pld_ctx *ctx,
                                        const struct pld_plan *plan,
                                        const struct pld_transport *transport)
{
    pld_redistribution_info info = {
        .own_bytes = pld_transfers_bytes(&plan->copies),
        .plan_bytes = pld_transport_plan_bytes(transport),
        .buffer_bytes = pld_transport_buffer_bytes(transport)};
    for (int i = 0; i < plan->receives.nmessages; i++) {
        const struct pld_message *message = &plan->receives.messages[i];
        bool near = ctx->node_of[message->peer] == ctx->node;
        *(near ? &info.node_bytes : &info.far_bytes) += message->bytes;
    }
    return info;
}

static pld_status make_transport(pld_redistribution *redistribution, int tag)
{
    pld_status status = PLD_OK;
    struct work work = {.items = NULL};
    PLD_TRY_TO(out, find_work(redistribution, &work));
    PLD_TRY_TO(out,
               pld_transport_create(redistribution->ctx, tag, &work.plan,
                                    work.places, &redistribution->transport));
    redistribution->info =
        describe(redistribution->ctx, &work.plan, redistribution->transport);
out:
    pld_plan_destroy(&work.plan);
    pld_free(work.places);
    pld_free(work.items);
    return status;
}

static pld_status hold_fields(const pld_redistribution_spec *spec,
                              pld_redistribution *redistribution)
{
    int n = spec->nfields;
    PLD_TRY(pld_alloc("fields of a redistribution", 2 * (int64_t)n,
                      sizeof *redistribution->fields, &redistribution->fields));
    redistribution->nfields = n;
    for (int i = 0; i < n; i++) {
        redistribution->fields[i] = spec->from[i];
        redistribution->fields[n + i] = spec->to[i];
        pld_field_retain(spec->from[i]);
        pld_field_retain(spec->to[i]);
    }
    return PLD_OK;
}

static pld_status destroy_alone(pld_redistribution **redistribution)
{
    pld_redistribution *old = *redistribution;
    if (old == NULL)
        return PLD_OK;
    pld_status status = pld_transport_destroy(&old->transport);
    for (int i = 0; i < 2 * old->nfields; i++)
        pld_field_release(old->fields[i]);
    pld_free(old->fields);
    pld_ctx_release(old->ctx, PLD_KIND_REDISTRIBUTION);
    old->alive = 0;
    pld_free(old);
    *redistribution = NULL;
    return status;
}

/* All that one rank does alone; what is made by then stays in *out. */
static pld_status create_alone(pld_ctx *ctx,
                               const pld_redistribution_spec *spec, int tag,
                               pld_redistribution **out)
{
    pld_redistribution *redistribution = NULL;
    PLD_TRY(pld_alloc("redistribution", 1, sizeof *redistribution,
                      &redistribution));
    *out = redistribution;
    redistribution->alive = REDISTRIBUTION_ALIVE;
    redistribution->ctx = ctx;
    pld_ctx_retain(ctx, PLD_KIND_REDISTRIBUTION);
    PLD_TRY(hold_fields(spec, redistribution));
    return make_transport(redistribution, tag);
}

static pld_status check_arguments(const pld_redistribution_spec *spec,
                                  const pld_ctx *ctx, pld_redistribution **out)
{
    PLD_CHECK(out != NULL, PLD_ERR_ARG, "out is NULL");
    return pld_redistribution_spec_check(spec, ctx);
}

pld_status pld_redistribution_create(const pld_redistribution_spec *spec,
                                     pld_redistribution **out)
{
    pld_status status = PLD_OK;
    pld_ctx *ctx = NULL;
    pld_redistribution *redistribution = NULL;
    PLD_TRY(pld_redistribution_spec_ctx(spec, &ctx));
    PLD_TRY(pld_agree(ctx, check_arguments(spec, ctx, out)));
    PLD_TRY(pld_redistribution_spec_agree(spec, ctx));
    int tag = pld_ctx_tag(ctx);
    PLD_TRY_TO(out,
               pld_agree(ctx, create_alone(ctx, spec, tag, &redistribution)));
    PLD_TRY_TO(out, pld_transport_connect(redistribution->transport));
    *out = redistribution;
    return PLD_OK;
out:
    PLD_TRY(destroy_alone(&redistribution));
    return status;
}

static pld_status check(const pld_redistribution *redistribution,
                        const char *argument)
{
    PLD_CHECK(redistribution != NULL, PLD_ERR_ARG, "%s is NULL", argument);
    PLD_CHECK(redistribution->alive == REDISTRIBUTION_ALIVE, PLD_ERR_STATE,
              "%s is not a live one: destroyed, or something else", argument);
    return PLD_OK;
}

static pld_status check_idle(const pld_redistribution *redistribution,
                             const char *argument)
{
    PLD_TRY(check(redistribution, argument));
    PLD_CHECK(!redistribution->under_way, PLD_ERR_STATE,
              "the redistribution is under way: call pld_redistribution_end "
              "first");
    return PLD_OK;
}

static pld_status check_under_way(const pld_redistribution *redistribution)
{
    PLD_TRY(check(redistribution, "redistribution"));
    PLD_CHECK(redistribution->under_way, PLD_ERR_STATE,
              "the redistribution is not under way: call "
              "pld_redistribution_begin first");
    return PLD_OK;
}

pld_status pld_redistribution_destroy(pld_redistribution **redistribution)
{
    PLD_CHECK(redistribution != NULL, PLD_ERR_ARG, "redistribution is NULL");
    if (*redistribution == NULL)
        return PLD_OK;
    PLD_TRY(check_idle(*redistribution, "*redistribution"));
    PLD_TRY(destroy_alone(redistribution));
    return PLD_OK;
}

pld_status pld_redistribution_begin(pld_redistribution *redistribution)
{
    PLD_TRY(check_idle(redistribution, "redistribution"));
    for (int i = 0; i < redistribution->nfields; i++)
        pld_fresh_touch(redistribution->fields[redistribution->nfields + i]);
    pld_phase_begin(redistribution->ctx, PLD_PHASE_EXCHANGE);
    pld_status status = pld_transport_begin(redistribution->transport);
    pld_phase_end(redistribution->ctx, PLD_PHASE_EXCHANGE);
    PLD_TRY(status);
    redistribution->under_way = true;
    return PLD_OK;
}

pld_status pld_redistribution_test(pld_redistribution *redistribution,
                                   bool *out)
{
    PLD_TRY(check_under_way(redistribution));
    PLD_CHECK(out != NULL, PLD_ERR_ARG, "out is NULL");
    pld_phase_begin(redistribution->ctx, PLD_PHASE_EXCHANGE);
    pld_status status = pld_transport_test(redistribution->transport, out);
    pld_phase_end(redistribution->ctx, PLD_PHASE_EXCHANGE);
    PLD_TRY(status);
    return PLD_OK;
}

pld_status pld_redistribution_end(pld_redistribution *redistribution)
{
    PLD_TRY(check_under_way(redistribution));
    pld_phase_begin(redistribution->ctx, PLD_PHASE_EXCHANGE);
    pld_status status = pld_transport_end(redistribution->transport);
    pld_phase_end(redistribution->ctx, PLD_PHASE_EXCHANGE);
    PLD_TRY(status);
    redistribution->under_way = false;
    return PLD_OK;
}

pld_status pld_redistribution_run(pld_redistribution *redistribution)
{
    PLD_TRY(pld_redistribution_begin(redistribution));
    return pld_redistribution_end(redistribution);
}

pld_status pld_redistribution_describe(const pld_redistribution *redistribution,
                                       pld_redistribution_info *out)
{
    PLD_TRY(check(redistribution, "redistribution"));
    PLD_CHECK(out != NULL, PLD_ERR_ARG, "out is NULL");
    *out = redistribution->info;
    return PLD_OK;
}

pld_status pld_redistribute(pld_field *from, pld_field *to)
{
    pld_status status = PLD_OK;
    pld_redistribution *redistribution = NULL;
    const pld_redistribution_spec spec = {
        .nfields = 1, .from = &from, .to = &to};
    PLD_TRY(pld_redistribution_create(&spec, &redistribution));
    status = pld_redistribution_run(redistribution);
    PLD_TRY(destroy_alone(&redistribution));
    return status;
}
