#include "polder/sample.h"

#include <limits.h>
#include <string.h>

#include "base/alloc.h"
#include "base/overflow.h"
#include "comm/asks.h"
#include "comm/points.h"
#include "comm/sample_spec.h"
#include "comm/window.h"
#include "mesh/field.h"
#include "move/transport.h"
#include "polder/agree.h"

/* First word of a live sample, cleared when it is destroyed. */
#define SAMPLE_ALIVE 0x736d706cu

enum {
    MOST_VALUES = PLD_MOST_AROUND * PLD_MOST_AROUND * PLD_MOST_AROUND,
    MOST_PARTS = 2 /* of a complex number */
};

/* The elements around each point arrive here and are looked at by `end`. */
struct pld_sample {
    uint32_t alive;
    pld_ctx *ctx;
    pld_field *field;
    int comp;
    int ncomps;
    int64_t npoints;
    struct pld_window *windows;
    char *around; /* those of a point after those of the point before; each
                     component is a plane */
    struct pld_transport *transport;
    pld_sample_info info;
    bool under_way;
};

/* --- Planning ------------------------------------------------------------- */

/* What is needed to make a sample. */
struct draft {
    int64_t npoints;
    double *points;
    pld_box *boxes;
    struct pld_parts holds[PLD_MAXDIM];
    struct pld_asks asks;
    struct pld_transport_item *places;
    struct pld_plan plan;
};

static int64_t box_bytes(const pld_sample *sample, pld_box box)
{
    return pld_box_volume(box) * sample->ncomps *
           (int64_t)pld_type_size(sample->field->type);
}

static pld_status find_windows(const pld_sample_spec *spec, struct draft *draft,
                               pld_sample *sample)
{
    const pld_grid *grid = sample->field->grid;
    int64_t bytes = 0;
    sample->npoints = draft->npoints;
    PLD_CHECK(draft->npoints <= INT_MAX, PLD_ERR_OVERFLOW,
              "%lld points are more than 2^31 for one rank: take more ranks, "
              "or several samples",
              (long long)draft->npoints);
    PLD_TRY(pld_alloc("points of a sample", sample->npoints,
                      sizeof *sample->windows, &sample->windows));
    PLD_TRY(pld_alloc("boxes of a sample", sample->npoints,
                      sizeof *draft->boxes, &draft->boxes));
    for (int64_t i = 0; i < sample->npoints; i++) {
        sample->windows[i] = pld_window_find(sample->field, spec->interpolation,
                                             draft->points + i * grid->ndims);
        draft->boxes[i] = sample->windows[i].box;
        bytes += box_bytes(sample, draft->boxes[i]);
    }
    for (int d = 0; d < PLD_MAXDIM; d++)
        draft->holds[d] =
            (struct pld_parts){.nparts = grid->nprocs[d],
                               .cuts = grid->cuts[d],
                               .size = pld_field_domain(sample->field).count[d],
                               .periodic = grid->periodic[d]};
    return pld_alloc("values around points", bytes, 1, &sample->around);
}

/* What is sent is of the first item, also where no point is this rank's. */
static pld_status find_places(const struct draft *draft,
                              struct pld_transport_item **out,
                              const pld_sample *sample)
{
    int64_t n = sample->npoints > 0 ? sample->npoints : 1;
    struct pld_block field = pld_block_components(
        pld_field_block(sample->field), sample->comp, sample->ncomps);
    struct pld_transport_item *places = NULL;
    PLD_TRY(pld_alloc("places of a sample", n, sizeof *places, &places));
    places[0] = (struct pld_transport_item){
        .from = field, .to = field, .layout = PLD_PLANES};
    char *at = sample->around;
    for (int64_t i = 0; i < sample->npoints; i++) {
        struct pld_block to = pld_block_dense(at, draft->boxes[i], PLD_PLANES,
                                              sample->ncomps, field.size);
        places[i] = (struct pld_transport_item){
            .from = field, .to = to, .layout = PLD_PLANES};
        at += box_bytes(sample, draft->boxes[i]);
    }
    *out = places;
    return PLD_OK;
}

static pld_status make_transport(int tag, struct draft *draft,
                                 pld_sample *sample)
{
    struct pld_plan_boxes what = {
        .element = {sample->ncomps, pld_type_size(sample->field->type)},
        .nasks = draft->asks.nasks,
        .asks = draft->asks.asks};
    memcpy(what.holds, draft->holds, sizeof what.holds);
    PLD_TRY(pld_plan_create_boxes(&what, sample->ctx->rank, &draft->plan));
    PLD_TRY(find_places(draft, &draft->places, sample));
    PLD_TRY(pld_transport_create(sample->ctx, tag, &draft->plan, draft->places,
                                 &sample->transport));
    const struct pld_plan *plan = &draft->plan;
    sample->info = (pld_sample_info){
        .npoints = sample->npoints,
        .npeers = pld_transfers_peers(&plan->sends, &plan->receives),
        .sent_bytes = pld_transfers_bytes(&plan->sends),
        .received_bytes = pld_transfers_bytes(&plan->receives),
        .copied_bytes = pld_transfers_bytes(&plan->copies)};
    return PLD_OK;
}

static pld_status copy_points(const pld_sample_spec *spec, struct draft *draft)
{
    size_t bytes = (size_t)spec->field->grid->ndims * sizeof *draft->points;
    draft->npoints = spec->npoints;
    PLD_TRY(pld_alloc("points", draft->npoints, bytes, &draft->points));
    if (draft->npoints > 0)
        memcpy(draft->points, spec->points, (size_t)draft->npoints * bytes);
    return PLD_OK;
}

/* The points whose values this rank gets. */
static pld_status find_points(const pld_sample_spec *spec, int tag,
                              struct draft *draft)
{
    pld_ctx *ctx = spec->field->grid->ctx;
    if (spec->values == PLD_SAMPLE_OWN)
        return pld_agree(ctx, copy_points(spec, draft));
    return pld_points_collect(ctx, tag, spec->field->grid->ndims, spec->npoints,
                              spec->points,
                              spec->values == PLD_SAMPLE_ROOT ? spec->root : -1,
                              &draft->npoints, &draft->points);
}

static pld_status plan(const pld_sample_spec *spec, struct draft *draft,
                       pld_sample *sample)
{
    pld_ctx *ctx = sample->ctx;
    int tag = pld_ctx_tag(ctx);
    PLD_TRY(find_points(spec, tag, draft));
    PLD_TRY(pld_agree(ctx, find_windows(spec, draft, sample)));
    PLD_TRY(pld_asks_exchange(ctx, draft->holds, sample->npoints, draft->boxes,
                              &draft->asks));
    PLD_TRY(pld_agree(ctx, make_transport(tag, draft, sample)));
    return pld_transport_connect(sample->transport);
}

static void drop(struct draft *draft)
{
    pld_plan_destroy(&draft->plan);
    pld_free(draft->places);
    pld_asks_destroy(&draft->asks);
    pld_free(draft->boxes);
    pld_free(draft->points);
}

/* --- Life ----------------------------------------------------------------- */

/* Check what is asked for. What is made by then stays in *out, also on failure.
 */
static pld_status start_alone(const pld_sample_spec *spec, bool has_out,
                              pld_sample **out)
{
    pld_sample *sample = NULL;
    PLD_CHECK(has_out, PLD_ERR_ARG, "out is NULL");
    PLD_TRY(pld_sample_spec_check(spec));
    PLD_TRY(pld_alloc("sample", 1, sizeof *sample, &sample));
    *sample = (pld_sample){.alive = SAMPLE_ALIVE,
                           .ctx = spec->field->grid->ctx,
                           .field = spec->field,
                           .comp = spec->comp,
                           .ncomps = pld_sample_spec_ncomps(spec)};
    pld_ctx_retain(sample->ctx, PLD_KIND_SAMPLE);
    pld_field_retain(sample->field);
    *out = sample;
    return PLD_OK;
}

static pld_status destroy_alone(pld_sample **sample)
{
    pld_sample *old = *sample;
    if (!old)
        return PLD_OK;
    pld_status status = pld_transport_destroy(&old->transport);
    pld_free(old->around);
    pld_free(old->windows);
    pld_field_release(old->field);
    pld_ctx_release(old->ctx, PLD_KIND_SAMPLE);
    old->alive = 0;
    pld_free(old);
    *sample = NULL;
    return status;
}

pld_status pld_sample_create(const pld_sample_spec *spec, pld_sample **out)
{
    pld_status status = PLD_OK;
    pld_sample *sample = NULL;
    struct draft draft = {.npoints = 0};
    PLD_CHECK(spec, PLD_ERR_ARG, "spec is NULL");
    PLD_TRY(pld_field_check(spec->field, "spec->field"));
    pld_ctx *ctx = spec->field->grid->ctx;
    PLD_TRY_TO(out, pld_agree(ctx, start_alone(spec, out != NULL, &sample)));
    PLD_TRY_TO(out, pld_sample_spec_agree(spec));
    PLD_TRY_TO(out, plan(spec, &draft, sample));
    drop(&draft);
    *out = sample;
    return PLD_OK;
out:
    drop(&draft);
    PLD_TRY(destroy_alone(&sample));
    return status;
}

static pld_status check_sample(const pld_sample *sample, const char *argument)
{
    PLD_CHECK(sample, PLD_ERR_ARG, "%s is NULL", argument);
    PLD_CHECK(sample->alive == SAMPLE_ALIVE, PLD_ERR_STATE,
              "%s is not a live sample: destroyed, or something else",
              argument);
    return PLD_OK;
}

static pld_status check_idle(const pld_sample *sample, const char *argument)
{
    PLD_TRY(check_sample(sample, argument));
    PLD_CHECK(!sample->under_way, PLD_ERR_STATE,
              "the sample is under way: call pld_sample_end first");
    return PLD_OK;
}

static pld_status check_under_way(const pld_sample *sample)
{
    PLD_TRY(check_sample(sample, "sample"));
    PLD_CHECK(sample->under_way, PLD_ERR_STATE,
              "the sample is not under way: call pld_sample_begin first");
    return PLD_OK;
}

pld_status pld_sample_destroy(pld_sample **sample)
{
    PLD_CHECK(sample, PLD_ERR_ARG, "sample is NULL");
    if (!*sample)
        return PLD_OK;
    PLD_TRY(check_idle(*sample, "*sample"));
    return destroy_alone(sample);
}

int64_t pld_sample_npoints(const pld_sample *sample)
{
    return sample && sample->alive == SAMPLE_ALIVE ? sample->npoints : 0;
}

pld_status pld_sample_describe(const pld_sample *sample, pld_sample_info *out)
{
    PLD_TRY(check_sample(sample, "sample"));
    PLD_CHECK(out, PLD_ERR_ARG, "out is NULL");
    *out = sample->info;
    out->plan_bytes = pld_transport_plan_bytes(sample->transport);
    out->buffer_bytes = pld_transport_buffer_bytes(sample->transport);
    return PLD_OK;
}

/* --- Values --------------------------------------------------------------- */

/* A plane of elements as doubles, the parts of complex ones side by side. */
static void widen(pld_type type, int64_t n, const char *plane, double *out)
{
    if (type == PLD_F32)
        for (int64_t i = 0; i < n; i++)
            out[i] = (double)((const float *)(const void *)plane)[i];
    else
        memcpy(out, plane, (size_t)n * pld_type_size(type));
}

static void narrow(pld_type type, const double *value, char *out)
{
    float single = (float)*value;
    const void *element = type == PLD_F32 ? (const void *)&single : value;
    memcpy(out, element, pld_type_size(type));
}

static void compute(pld_type type, const struct pld_window *window,
                    const char *plane, char *out)
{
    double values[MOST_PARTS * MOST_VALUES];
    double value[MOST_PARTS] = {0.0};
    int64_t n = pld_box_volume(window->box);
    int nparts = type == PLD_C128 ? MOST_PARTS : 1;
    widen(type, n, plane, values);
    for (int part = 0; part < nparts; part++)
        value[part] = pld_window_value(window, values + part, nparts);
    narrow(type, value, out);
}

/* A value that is a point's keeps its bits, also those of integers. */
static void compute_all(const pld_sample *sample, char *out)
{
    pld_type type = sample->field->type;
    size_t size = pld_type_size(type);
    const char *plane = sample->around;
    for (int64_t i = 0; i < sample->npoints; i++) {
        const struct pld_window *window = &sample->windows[i];
        int64_t n = pld_box_volume(window->box);
        for (int c = 0; c < sample->ncomps; c++, out += size) {
            if (n == 1)
                memcpy(out, plane, size);
            else
                compute(type, window, plane, out);
            plane += (size_t)n * size;
        }
    }
}

static pld_status check_values(const pld_sample *sample, const void *out)
{
    PLD_CHECK(out || sample->npoints == 0, PLD_ERR_ARG,
              "out is NULL, but rank %d gets the values of %lld points",
              sample->ctx->rank, (long long)sample->npoints);
    return PLD_OK;
}

pld_status pld_sample_begin(pld_sample *sample)
{
    PLD_TRY(check_idle(sample, "sample"));
    pld_phase_begin(sample->ctx, PLD_PHASE_EXCHANGE);
    pld_status status = pld_transport_begin(sample->transport);
    pld_phase_end(sample->ctx, PLD_PHASE_EXCHANGE);
    PLD_TRY(status);
    sample->under_way = true;
    return PLD_OK;
}

pld_status pld_sample_test(pld_sample *sample, bool *out)
{
    PLD_TRY(check_under_way(sample));
    PLD_CHECK(out, PLD_ERR_ARG, "out is NULL");
    return pld_transport_test(sample->transport, out);
}

pld_status pld_sample_end(pld_sample *sample, void *out)
{
    PLD_TRY(check_under_way(sample));
    pld_phase_begin(sample->ctx, PLD_PHASE_EXCHANGE);
    pld_status status = pld_transport_end(sample->transport);
    pld_phase_end(sample->ctx, PLD_PHASE_EXCHANGE);
    PLD_TRY(status);
    sample->under_way = false;
    PLD_TRY(check_values(sample, out));
    compute_all(sample, out);
    return PLD_OK;
}

pld_status pld_sample_run(pld_sample *sample, void *out)
{
    PLD_TRY(pld_sample_begin(sample));
    return pld_sample_end(sample, out);
}

pld_status pld_field_sample(pld_field *field, pld_interpolation interpolation,
                            int64_t npoints, const double *points, void *out)
{
    pld_sample *sample = NULL;
    PLD_TRY(pld_field_check(field, "field"));
    PLD_TRY(pld_sample_create(&(pld_sample_spec){.field = field,
                                                 .interpolation = interpolation,
                                                 .npoints = npoints,
                                                 .points = points},
                              &sample));
    pld_status status = pld_agree(sample->ctx, check_values(sample, out));
    if (status == PLD_OK)
        status = pld_sample_run(sample, out);
    PLD_TRY(destroy_alone(&sample));
    return status;
}
