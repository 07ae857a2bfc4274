#include "linalg/panels.h"

#include <string.h>

#include "base/alloc.h"
#include "move/plan_boxes.h"
#include "par/segment.h"
#include "polder/agree.h"

struct pld_panel {
    struct pld_transport *transport;
    struct pld_dense dense;
    int64_t bytes; /* of the buffer */
    bool in_place;
};

/* --- Who needs what ------------------------------------------------------- */

int64_t pld_panels_depth(const struct pld_panels *panels, int panel)
{
    int64_t rest = panels->depth - (int64_t)panel * PLD_PANEL;
    return rest < PLD_PANEL ? rest : PLD_PANEL;
}

/* The part of a panel that a rank needs, in the operand's field; empty when it
 * owns nothing of c. */
static pld_box wanted_by(const struct pld_panels *panels, int panel, int rank)
{
    int64_t first[2];
    int64_t count[2];
    int along = panels->side == PLD_SIDE_A ? 1 : 0; /* k */
    pld_operand_owned(panels->c, rank, first, count);
    bool none = count[0] == 0 || count[1] == 0;
    first[along] = (int64_t)panel * PLD_PANEL;
    count[along] = none ? 0 : pld_panels_depth(panels, panel);
    return pld_operand_box(panels->operand, first, count);
}

/* Sizes in memory: padded for the kernels. */
static void padded_sizes(const struct pld_panels *panels, pld_box box,
                         int64_t out[2])
{
    bool turned = panels->operand->form != PLD_PLAIN;
    int along = (panels->side == PLD_SIDE_A ? 1 : 0) ^ (turned ? 1 : 0);
    out[along] = pld_kernel_deep(box.count[along]);
    out[1 - along] =
        pld_kernel_padded(panels->operand->field->type, box.count[1 - along]);
}

/* Whether a rank can read its part where it is. All ranks must come to the
 * same answer, so it depends on nothing but what they all know. */
static bool is_in_place(const struct pld_panels *panels, pld_box box, int rank)
{
    const pld_field *field = panels->operand->field;
    int64_t padded[2];
    padded_sizes(panels, box, padded);
    return field->order[1] == 1 && padded[0] == box.count[0] &&
           padded[1] == box.count[1] &&
           pld_box_contains(pld_field_owned_by(field, rank), box);
}

/* --- One panel ------------------------------------------------------------ */

static bool asks(const struct pld_panels *panels, int panel, int rank,
                 pld_box *out)
{
    *out = wanted_by(panels, panel, rank);
    return !pld_box_empty(*out) && !is_in_place(panels, *out, rank);
}

static void find_asks(const struct pld_panels *panels, int panel,
                      const pld_ctx *ctx, struct pld_plan_boxes *plan,
                      struct pld_ask *list, pld_box *boxes)
{
    plan->nasks = 0;
    plan->asks = list;
    for (int rank = 0; rank < ctx->nranks; rank++) {
        pld_box *box = &boxes[plan->nasks];
        if (!asks(panels, panel, rank, box))
            continue;
        if (rank != ctx->rank &&
            pld_box_empty(pld_box_intersect(*box, panels->owned)))
            continue;
        list[plan->nasks++] =
            (struct pld_ask){.rank = rank, .nboxes = 1, .boxes = box};
    }
}

static pld_status make_plan(const struct pld_panels *panels, int panel,
                            const pld_ctx *ctx, struct pld_plan *out)
{
    pld_status status = PLD_OK;
    const pld_field *field = panels->operand->field;
    struct pld_ask *list = NULL;
    pld_box *boxes = NULL;
    struct pld_plan_boxes what = {
        .element = {.ncomps = 1, .size = pld_type_size(field->type)}};
    for (int d = 0; d < PLD_MAXDIM; d++)
        what.holds[d] =
            (struct pld_parts){.nparts = field->grid->nprocs[d],
                               .cuts = field->grid->cuts[d],
                               .size = pld_field_domain(field).count[d]};
    PLD_TRY(pld_alloc("asks for a panel", ctx->nranks, sizeof *list, &list));
    PLD_TRY_TO(
        out, pld_alloc("boxes of a panel", ctx->nranks, sizeof *boxes, &boxes));
    find_asks(panels, panel, ctx, &what, list, boxes);
    PLD_TRY_TO(out, pld_plan_create_boxes(&what, ctx->rank, out));
out:
    pld_free(boxes);
    pld_free(list);
    return status;
}

/* Rows of `ld` elements at `buffer` that hold `box`. */
static struct pld_block block_of(const pld_field *field, pld_box box,
                                 char *buffer, int64_t ld)
{
    int64_t size = (int64_t)pld_type_size(field->type);
    struct pld_block block = {
        .stride = {ld * size, size}, .ncomps = 1, .size = (size_t)size};
    for (int d = 0; d < 2; d++)
        block.stride[d] = d == 0 ? ld * size : size;
    uintptr_t at = (uintptr_t)buffer -
                   (uintptr_t)box.first[0] * (uintptr_t)(ld * size) -
                   (uintptr_t)box.first[1] * (uintptr_t)size;
    block.data = (char *)at;
    return block;
}

/* Where this rank finds the panel. */
static void place(const struct pld_panels *panels, int panel, int rank,
                  struct pld_panel *out)
{
    const pld_field *field = panels->operand->field;
    pld_box box = wanted_by(panels, panel, rank);
    out->dense.form = panels->operand->form;
    if (pld_box_empty(box))
        return;
    int64_t padded[2];
    padded_sizes(panels, box, padded);
    out->in_place = is_in_place(panels, box, rank);
    out->dense.ld = out->in_place ? field->stride[0] : padded[1];
    if (out->in_place) {
        struct pld_block block = pld_field_block(field);
        out->dense.data = pld_block_at(&block, box.first);
        return;
    }
    out->bytes = padded[0] * padded[1] * (int64_t)pld_type_size(field->type);
}

static pld_status make_transport(struct pld_panels *panels, int panel,
                                 pld_ctx *ctx, int tag)
{
    struct pld_panel *one = &panels->list[panel];
    const pld_field *field = panels->operand->field;
    struct pld_plan plan;
    struct pld_transport_item item = {.from = pld_field_block(field)};
    pld_box box = wanted_by(panels, panel, ctx->rank);
    item.to = item.from;
    if (one->bytes > 0) {
        one->dense.data = panels->buffers[panel % 2];
        item.to = block_of(field, box, one->dense.data, one->dense.ld);
    }
    PLD_TRY(make_plan(panels, panel, ctx, &plan));
    pld_status status =
        pld_transport_create(ctx, tag, &plan, &item, &one->transport);
    pld_plan_destroy(&plan);
    return status;
}

/* --- All of them ---------------------------------------------------------- */

static pld_status make_buffers(pld_ctx *ctx, struct pld_panels *panels)
{
    int64_t most[2] = {0, 0};
    for (int p = 0; p < panels->npanels; p++)
        if (panels->list[p].bytes > most[p % 2])
            most[p % 2] = panels->list[p].bytes;
    panels->shared = ctx->segment != NULL;
    for (int i = 0; i < 2; i++)
        if (panels->shared)
            PLD_TRY(pld_segment_alloc(ctx, "panels of a matrix", most[i], 1,
                                      &panels->buffers[i]));
        else
            PLD_TRY(pld_alloc("panels of a matrix", most[i], 1,
                              &panels->buffers[i]));
    return PLD_OK;
}

pld_status pld_panels_create(pld_ctx *ctx, enum pld_side side,
                             const struct pld_operand_matrix *operand,
                             const struct pld_operand_matrix *c,
                             struct pld_panels *out)
{
    int64_t depth = operand->size[side == PLD_SIDE_A ? 1 : 0];
    int64_t npanels = (depth + PLD_PANEL - 1) / PLD_PANEL;
    *out = (struct pld_panels){
        .side = side,
        .operand = operand,
        .c = c,
        .depth = depth,
        .owned = pld_field_owned_by(operand->field, ctx->rank)};
    PLD_TRY(pld_alloc("panels", npanels, sizeof *out->list, &out->list));
    out->npanels = (int)npanels;
    for (int p = 0; p < out->npanels; p++)
        place(out, p, ctx->rank, &out->list[p]);
    PLD_TRY(make_buffers(ctx, out));
    for (int p = 0; p < out->npanels; p++)
        PLD_TRY(make_transport(out, p, ctx, pld_ctx_tag(ctx)));
    return PLD_OK;
}

pld_status pld_panels_connect(struct pld_panels *panels)
{
    for (int p = 0; p < panels->npanels; p++)
        PLD_TRY(pld_transport_connect(panels->list[p].transport));
    return PLD_OK;
}

pld_status pld_panels_destroy(pld_ctx *ctx, struct pld_panels *panels)
{
    pld_status status = PLD_OK;
    for (int p = 0; p < panels->npanels && panels->list; p++) {
        pld_status one = pld_transport_destroy(&panels->list[p].transport);
        status = status == PLD_OK ? one : status;
    }
    for (int i = 0; i < 2; i++)
        if (panels->shared)
            pld_segment_free(ctx, panels->buffers[i]);
        else
            pld_free(panels->buffers[i]);
    pld_free(panels->list);
    *panels = (struct pld_panels){.list = NULL};
    return status;
}

pld_status pld_panels_begin(struct pld_panels *panels, int panel)
{
    struct pld_panel *one = &panels->list[panel];
    /* A short last panel is padded where the one before it has been. */
    if (one->bytes > 0 && pld_panels_depth(panels, panel) < PLD_KERNEL_DEPTH)
        memset(one->dense.data, 0, (size_t)one->bytes);
    return pld_transport_begin(one->transport);
}

pld_status pld_panels_end(struct pld_panels *panels, int panel,
                          struct pld_dense *out)
{
    PLD_TRY(pld_transport_end(panels->list[panel].transport));
    *out = panels->list[panel].dense;
    return PLD_OK;
}
