#include "polder/gather.h"

#include "base/alloc.h"
#include "comm/gather_move.h"
#include "mesh/field.h"
#include "par/shared.h"
#include "polder/agree.h"

/* First word of a live gather, cleared when it is destroyed. */
#define GATHER_ALIVE 0x67617468u

struct pld_gather {
    uint32_t alive;
    struct pld_gather_terms terms;
    void *array;
    bool owns_array;
    struct pld_transport *transport;
    pld_gather_info info;
    bool under_way;
};

/* --- Life ----------------------------------------------------------------- */

/* Check what is asked for. What is made by then stays in *out, also on failure.
 */
static pld_status start_alone(const pld_gather_spec *spec, bool has_out,
                              pld_gather **out)
{
    pld_gather *gather = NULL;
    PLD_CHECK(has_out, PLD_ERR_ARG, "out is NULL");
    PLD_TRY(pld_alloc("gather", 1, sizeof *gather, &gather));
    *out = gather;
    gather->alive = GATHER_ALIVE;
    gather->terms.ctx = spec->field->grid->ctx;
    gather->terms.field = spec->field;
    pld_ctx_retain(gather->terms.ctx, PLD_KIND_GATHER);
    pld_field_retain(spec->field);
    return pld_gather_terms_find(spec, &gather->terms);
}

static pld_status find_array(const pld_gather_spec *spec, pld_gather *gather)
{
    const struct pld_gather_terms *terms = &gather->terms;
    if (!pld_gather_is_root(terms, terms->ctx->rank) || terms->bytes == 0)
        return PLD_OK;
    gather->array = spec->memory;
    gather->owns_array = spec->memory == NULL;
    if (gather->owns_array)
        PLD_TRY(pld_shared_alloc(terms->ctx, "array of a gather", terms->bytes,
                                 1, &gather->array));
    return PLD_OK;
}

static pld_status fill_in(const pld_gather_spec *spec, int tag,
                          pld_gather *gather)
{
    const struct pld_gather_terms *terms = &gather->terms;
    pld_gather_info *info = &gather->info;
    PLD_TRY(find_array(spec, gather));
    info->ncomps = terms->ncomps;
    info->array_bytes = terms->bytes;
    for (int d = 0; d < PLD_MAXDIM; d++)
        info->count[d] = terms->count[d];
    return pld_gather_transport(terms, tag, pld_gather_places(terms),
                                gather->array, info, &gather->transport);
}

static pld_status destroy_alone(pld_gather **gather)
{
    pld_gather *old = *gather;
    if (!old)
        return PLD_OK;
    pld_ctx *ctx = old->terms.ctx;
    pld_status status = pld_transport_destroy(&old->transport);
    if (old->owns_array)
        pld_shared_free(ctx, old->array);
    pld_field_release(old->terms.field);
    pld_gather_terms_drop(&old->terms);
    pld_ctx_release(ctx, PLD_KIND_GATHER);
    old->alive = 0;
    pld_free(old);
    *gather = NULL;
    return status;
}

pld_status pld_gather_create(const pld_gather_spec *spec, pld_gather **out)
{
    pld_status status = PLD_OK;
    pld_gather *gather = NULL;
    PLD_CHECK(spec, PLD_ERR_ARG, "spec is NULL");
    PLD_TRY(pld_field_check(spec->field, "spec->field"));
    pld_ctx *ctx = spec->field->grid->ctx;
    PLD_TRY_TO(out, pld_agree(ctx, start_alone(spec, out != NULL, &gather)));
    PLD_TRY_TO(out, pld_gather_terms_agree(&gather->terms));
    int tag = pld_ctx_tag(ctx);
    PLD_TRY_TO(out, pld_agree(ctx, fill_in(spec, tag, gather)));
    PLD_TRY_TO(out, pld_transport_connect(gather->transport));
    *out = gather;
    return PLD_OK;
out:
    PLD_TRY(destroy_alone(&gather));
    return status;
}

static pld_status check_gather(const pld_gather *gather, const char *argument)
{
    PLD_CHECK(gather, PLD_ERR_ARG, "%s is NULL", argument);
    PLD_CHECK(gather->alive == GATHER_ALIVE, PLD_ERR_STATE,
              "%s is not a live gather: destroyed, or something else",
              argument);
    return PLD_OK;
}

static pld_status check_idle(const pld_gather *gather, const char *argument)
{
    PLD_TRY(check_gather(gather, argument));
    PLD_CHECK(!gather->under_way, PLD_ERR_STATE,
              "the gather is under way: call pld_gather_end first");
    return PLD_OK;
}

static pld_status check_under_way(const pld_gather *gather)
{
    PLD_TRY(check_gather(gather, "gather"));
    PLD_CHECK(gather->under_way, PLD_ERR_STATE,
              "the gather is not under way: call pld_gather_begin first");
    return PLD_OK;
}

pld_status pld_gather_destroy(pld_gather **gather)
{
    PLD_CHECK(gather, PLD_ERR_ARG, "gather is NULL");
    if (!*gather)
        return PLD_OK;
    PLD_TRY(check_idle(*gather, "*gather"));
    return destroy_alone(gather);
}

/* --- Running -------------------------------------------------------------- */

pld_status pld_gather_begin(pld_gather *gather)
{
    PLD_TRY(check_idle(gather, "gather"));
    if (gather->terms.scatter)
        pld_fresh_touch(gather->terms.field);
    pld_phase_begin(gather->terms.ctx, PLD_PHASE_EXCHANGE);
    pld_status status = pld_transport_begin(gather->transport);
    pld_phase_end(gather->terms.ctx, PLD_PHASE_EXCHANGE);
    PLD_TRY(status);
    gather->under_way = true;
    return PLD_OK;
}

pld_status pld_gather_test(pld_gather *gather, bool *out)
{
    PLD_TRY(check_under_way(gather));
    PLD_CHECK(out, PLD_ERR_ARG, "out is NULL");
    return pld_transport_test(gather->transport, out);
}

pld_status pld_gather_end(pld_gather *gather)
{
    PLD_TRY(check_under_way(gather));
    pld_phase_begin(gather->terms.ctx, PLD_PHASE_EXCHANGE);
    pld_status status = pld_transport_end(gather->transport);
    pld_phase_end(gather->terms.ctx, PLD_PHASE_EXCHANGE);
    PLD_TRY(status);
    gather->under_way = false;
    return PLD_OK;
}

pld_status pld_gather_run(pld_gather *gather)
{
    PLD_TRY(pld_gather_begin(gather));
    return pld_gather_end(gather);
}

void *pld_gather_array(const pld_gather *gather)
{
    return gather && gather->alive == GATHER_ALIVE ? gather->array : NULL;
}

pld_status pld_gather_describe(const pld_gather *gather, pld_gather_info *out)
{
    PLD_TRY(check_gather(gather, "gather"));
    PLD_CHECK(out, PLD_ERR_ARG, "out is NULL");
    *out = gather->info;
    return PLD_OK;
}

/* --- Once ----------------------------------------------------------------- */

static pld_status check_memory(const pld_gather *gather, const char *argument)
{
    PLD_CHECK(!gather->owns_array, PLD_ERR_ARG,
              "%s is NULL, but rank %d is a root", argument,
              gather->terms.ctx->rank);
    return PLD_OK;
}

/* `argument` is the caller's name of the array. */
static pld_status move_once(const pld_gather_spec *spec, const char *argument)
{
    pld_gather *gather = NULL;
    PLD_TRY(pld_gather_create(spec, &gather));
    pld_status status =
        pld_agree(gather->terms.ctx, check_memory(gather, argument));
    if (status == PLD_OK)
        status = pld_gather_run(gather);
    PLD_TRY(destroy_alone(&gather));
    return status;
}

pld_status pld_field_gather(pld_field *field, const pld_box *box, int root,
                            void *out)
{
    PLD_TRY(pld_field_check(field, "field"));
    return move_once(
        &(pld_gather_spec){
            .field = field, .box = box, .root = root, .memory = out},
        "out");
}

pld_status pld_field_scatter(const void *in, const pld_box *box, int root,
                             pld_field *field)
{
    PLD_TRY(pld_field_check(field, "field"));
    return move_once(&(pld_gather_spec){.field = field,
                                        .box = box,
                                        .scatter = true,
                                        .root = root,
                                        .memory = (void *)(uintptr_t)in},
                     "in");
}
