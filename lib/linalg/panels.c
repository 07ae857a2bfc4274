#include "linalg/panels.h"

#include <string.h>

#include "base/alloc.h"

/* --- Who needs what ------------------------------------------------------- */

/* The dimension of the operand that lies along the sums. */
static int along(const struct pld_panels *panels)
{
    return panels->side == PLD_SIDE_A ? 1 : 0;
}

/* The part of the operand that a rank needs in a step, in its field. */
static pld_box wanted_by(const struct pld_panels *panels, int64_t step,
                         int rank)
{
    struct pld_step now = pld_work_step(panels->work, rank, step);
    int d = panels->side == PLD_SIDE_A ? 0 : 1;
    int64_t first[2];
    int64_t count[2];
    first[d] = now.first[d];
    count[d] = now.count[0] > 0 ? now.count[d] : 0;
    first[along(panels)] = now.first[2];
    count[along(panels)] = now.count[2];
    return pld_operand_box(panels->operand, first, count);
}

/* Sizes in memory: padded for the kernels. */
static void padded_sizes(const struct pld_panels *panels, pld_box box,
                         int64_t out[2])
{
    bool turned = panels->operand->form != PLD_PLAIN;
    int deep = along(panels) ^ (turned ? 1 : 0);
    out[deep] = pld_kernel_deep(box.count[deep]);
    out[1 - deep] =
        pld_kernel_padded(panels->operand->field->type, box.count[1 - deep],
                          panels->work->size[2]);
}

/* From a row to the next one in a buffer. Triangles are computed in small
 * blocks, for which the stride of a field may be a bad one. */
static int64_t stride_of(const struct pld_panels *panels, int64_t n)
{
    if (!panels->work->lower)
        return n;
    return pld_kernel_stride(panels->operand->field->type, n);
}

/* The rank whose memory this rank can give to the kernels as it is; -1: none.
 */
static int in_place_with(const struct pld_panels *panels, pld_box box)
{
    const struct pld_source *source = panels->source;
    const pld_field *field = panels->operand->field;
    int64_t padded[2];
    if (pld_box_empty(box) || panels->work->lower)
        return -1;
    padded_sizes(panels, box, padded);
    if (field->order[1] != 1 || padded[0] != box.count[0] ||
        padded[1] != box.count[1])
        return -1;
    struct pld_part_range rows =
        pld_source_parts(source, 0, box.first[0], box.count[0]);
    struct pld_part_range columns =
        pld_source_parts(source, 1, box.first[1], box.count[1]);
    if (rows.end - rows.first > 1 || columns.end - columns.first > 1)
        return -1;
    int holder = rows.first * source->nprocs[1] + columns.first;
    int own = source->ctx->rank;
    bool good = holder == own || pld_source_reaches(source, holder, own);
    return good ? holder : -1;
}

static pld_box part_of(const void *data, int holder, int reader)
{
    const struct pld_panel *panel = data;
    return pld_box_intersect(wanted_by(panel->panels, panel->step, reader),
                             pld_source_held_by(panel->panels->source, holder));
}

/* Who may hold something of a box. */
static void find_holders(const struct pld_source *source, pld_box box,
                         struct pld_demand *out)
{
    if (pld_box_empty(box))
        return;
    struct pld_part_range rows =
        pld_source_parts(source, 0, box.first[0], box.count[0]);
    struct pld_part_range columns =
        pld_source_parts(source, 1, box.first[1], box.count[1]);
    out->first_holder = rows.first * source->nprocs[1] + columns.first;
    out->end_holder = (rows.end - 1) * source->nprocs[1] + columns.end;
}

static struct pld_demand demand_of(const struct pld_panel *panel)
{
    const struct pld_panels *panels = panel->panels;
    const struct pld_source *source = panels->source;
    int own = source->ctx->rank;
    struct pld_demand demand = {.part = part_of, .data = panel};
    pld_box box = wanted_by(panels, panel->step, own);
    if (in_place_with(panels, box) < 0)
        find_holders(source, box, &demand);
    if (!pld_box_empty(pld_box_intersect(source->held, panels->operand->box)))
        demand.end_reader = source->ctx->nranks;
    return demand;
}

/* --- Memory --------------------------------------------------------------- */

void pld_panels_create(enum pld_side side,
                       const struct pld_operand_matrix *operand,
                       struct pld_source *source, const struct pld_work *work,
                       struct pld_panels *out)
{
    *out = (struct pld_panels){
        .side = side, .operand = operand, .work = work, .source = source};
    for (int i = 0; i < 2; i++) {
        out->panel[i].panels = out;
        out->panel[i].tag = pld_ctx_tag(source->ctx);
    }
}

void pld_panels_destroy(struct pld_panels *panels)
{
    for (int i = 0; i < 2; i++) {
        pld_fetch_destroy(&panels->panel[i].fetch);
        pld_free(panels->panel[i].buffer);
        panels->panel[i].buffer = NULL;
    }
}

static int64_t bytes_at(const struct pld_panels *panels, int64_t step)
{
    int64_t padded[2];
    pld_box box = wanted_by(panels, step, panels->source->ctx->rank);
    if (pld_box_empty(box) || in_place_with(panels, box) >= 0)
        return 0;
    padded_sizes(panels, box, padded);
    return padded[0] * stride_of(panels, padded[1]) *
           (int64_t)pld_type_size(panels->operand->field->type);
}

/* The most of steps of one kind. */
static int64_t most_bytes(const struct pld_panels *panels, int parity)
{
    int64_t most = 0;
    for (int64_t step = parity; step < panels->work->nsteps; step += 2) {
        int64_t bytes = bytes_at(panels, step);
        most = bytes > most ? bytes : most;
    }
    return most;
}

int64_t pld_panels_buffer_bytes(const struct pld_panels *panels)
{
    return most_bytes(panels, 0) + most_bytes(panels, 1);
}

int64_t pld_panels_message_bytes(const struct pld_panels *panels)
{
    int64_t most[2] = {0, 0};
    for (int64_t step = 0; step < panels->work->nsteps; step++) {
        const struct pld_panel panel = {.panels = panels, .step = step};
        struct pld_demand demand = demand_of(&panel);
        int64_t bytes = pld_fetch_bytes(panels->source, &demand);
        if (bytes > most[step % 2])
            most[step % 2] = bytes;
    }
    return most[0] + most[1];
}

pld_status pld_panels_make_room(struct pld_panels *panels)
{
    for (int i = 0; i < 2; i++)
        PLD_TRY(pld_alloc("panels of a matrix", most_bytes(panels, i), 1,
                          &panels->panel[i].buffer));
    return PLD_OK;
}

/* --- One step ------------------------------------------------------------- */

/* Rows of `ld` elements at `buffer` that hold `box`. */
static struct pld_block block_of(const pld_field *field, pld_box box,
                                 char *buffer, int64_t ld)
{
    int64_t size = (int64_t)pld_type_size(field->type);
    struct pld_block block = {
        .stride = {ld * size, size}, .ncomps = 1, .size = (size_t)size};
    uintptr_t at = (uintptr_t)buffer -
                   (uintptr_t)box.first[0] * (uintptr_t)(ld * size) -
                   (uintptr_t)box.first[1] * (uintptr_t)size;
    block.data = (char *)at;
    return block;
}

/* Where the panel is in place, and where it is brought to. */
static pld_status place(struct pld_panels *panels, struct pld_panel *panel,
                        struct pld_block *to)
{
    const pld_field *field = panels->operand->field;
    int64_t size = (int64_t)pld_type_size(field->type);
    pld_box box = wanted_by(panels, panel->step, panels->source->ctx->rank);
    int holder = in_place_with(panels, box);
    panel->dense = (struct pld_dense){.form = panels->operand->form};
    *to = panels->source->block;
    if (pld_box_empty(box))
        return PLD_OK;
    if (holder >= 0) {
        struct pld_block block;
        PLD_TRY(pld_source_block(panels->source, holder, &block));
        panel->dense.data = pld_block_at(&block, box.first);
        panel->dense.ld = block.stride[0] / size;
        return PLD_OK;
    }
    int64_t padded[2];
    padded_sizes(panels, box, padded);
    int64_t ld = stride_of(panels, padded[1]);
    if (padded[0] != box.count[0] || padded[1] != box.count[1])
        memset(panel->buffer, 0, (size_t)(padded[0] * ld * size));
    panel->dense.data = panel->buffer;
    panel->dense.ld = ld;
    *to = block_of(field, box, panel->buffer, ld);
    return PLD_OK;
}

pld_status pld_panels_begin(struct pld_panels *panels, int64_t step)
{
    struct pld_panel *panel = &panels->panel[step % 2];
    struct pld_block to;
    panel->step = step;
    PLD_TRY(place(panels, panel, &to));
    struct pld_demand demand = demand_of(panel);
    return pld_fetch_begin(&panel->fetch, panels->source, &demand, &to,
                           panel->tag);
}

bool pld_panels_is_far(const struct pld_panels *panels, int64_t step)
{
    return panels->panel[step % 2].fetch.nmessages > 0;
}

pld_status pld_panels_progress(struct pld_panels *panels, int64_t step)
{
    return pld_fetch_progress(&panels->panel[step % 2].fetch);
}

pld_status pld_panels_end(struct pld_panels *panels, int64_t step,
                          struct pld_dense *out)
{
    struct pld_panel *panel = &panels->panel[step % 2];
    PLD_TRY(pld_fetch_end(&panel->fetch));
    *out = panel->dense;
    return PLD_OK;
}
