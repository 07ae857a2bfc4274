#include "linalg/tiles_move.h"

#include <limits.h>

#include "base/alloc.h"
#include "move/plan_boxes.h"
#include "move/transport.h"
#include "polder/agree.h"

struct move {
    struct pld_tiles *tiles;
    const struct pld_operand_matrix *matrix;
    const struct pld_tiles_view *view;
    pld_box owned;   /* of this rank, in the field */
    int64_t *counts; /* boxes of each rank, of which this one knows */
    pld_box *boxes;  /* those of rank 0, then those of rank 1, and so on */
    struct pld_ask *asks;
    struct pld_transport_item *items; /* for each own box */
};

/* --- Boxes ---------------------------------------------------------------- */

/* A tile moves as one box, or row by row. */
static int64_t boxes_of(const struct move *move, const int64_t place[2])
{
    return move->view->rows ? pld_tiles_extent(move->tiles, 0, place[0]) : 1;
}

/* The `at`-th box of a tile, in the field. */
static pld_box box_of(const struct move *move, const int64_t place[2],
                      int64_t at)
{
    const struct pld_tiles *tiles = move->tiles;
    int64_t first[2];
    int64_t count[2];
    for (int d = 0; d < 2; d++) {
        first[d] = place[d] * tiles->spec.edge[d];
        count[d] = pld_tiles_extent(tiles, d, place[d]);
    }
    if (move->view->rows) {
        first[0] = move->view->rows[first[0] + at];
        count[0] = 1;
    }
    bool turned = move->view->turned;
    pld_box box = move->matrix->box;
    for (int d = 0; d < 2; d++) {
        box.first[d] += first[turned ? 1 - d : d];
        box.count[d] = count[turned ? 1 - d : d];
    }
    return box;
}

/* Where an own box lies: addressed by the indices of the field. */
static struct pld_block block_of(const struct move *move, pld_box box,
                                 int64_t number, int64_t at)
{
    const struct pld_tiles *tiles = move->tiles;
    int64_t size = (int64_t)pld_type_size(tiles->spec.type);
    struct pld_block block = {.ncomps = 1, .size = (size_t)size};
    bool turned = move->view->turned;
    block.stride[0] = turned ? tiles->ld * size : size;
    block.stride[1] = turned ? size : tiles->ld * size;
    uintptr_t data = (uintptr_t)pld_tiles_at(tiles, number) +
                     (uintptr_t)at * (uintptr_t)size;
    for (int d = 0; d < 2; d++)
        data -= (uintptr_t)box.first[d] * (uintptr_t)block.stride[d];
    block.data = (char *)data;
    return block;
}

/* Whether this rank has to know of a box. */
static bool matters(const struct move *move, int rank, pld_box box)
{
    return rank == move->tiles->ctx->rank ||
           !pld_box_empty(pld_box_intersect(box, move->owned));
}

/* Boxes of each rank; listed if there is a list, after `ends`. */
static void find_boxes(struct move *move, int64_t *ends)
{
    const struct pld_tiles *tiles = move->tiles;
    for (int64_t n = 0; n < tiles->ntiles; n++) {
        int64_t place[2];
        int rank = tiles->owner[n];
        pld_tiles_place(tiles, n, place);
        int64_t nboxes = boxes_of(move, place);
        for (int64_t at = 0; at < nboxes; at++) {
            pld_box box = box_of(move, place, at);
            if (!matters(move, rank, box))
                continue;
            if (move->boxes)
                move->boxes[ends[rank]] = box;
            ends[rank]++;
        }
    }
}

static pld_status list_boxes(struct move *move, struct pld_plan_boxes *what)
{
    int nranks = move->tiles->ctx->nranks;
    int64_t total = 0;
    PLD_TRY(pld_alloc("boxes of ranks", nranks, sizeof *move->counts,
                      &move->counts));
    PLD_TRY(
        pld_alloc("asks for tiles", nranks, sizeof *move->asks, &move->asks));
    find_boxes(move, move->counts);
    for (int r = 0; r < nranks; r++) {
        int64_t count = move->counts[r];
        move->counts[r] = total;
        total += count;
    }
    PLD_TRY(
        pld_alloc("boxes of tiles", total, sizeof *move->boxes, &move->boxes));
    if (total > 0)
        find_boxes(move, move->counts);
    int64_t first = 0;
    for (int r = 0; r < nranks; first = move->counts[r++])
        if (move->counts[r] > first)
            move->asks[what->nasks++] =
                (struct pld_ask){.rank = r,
                                 .nboxes = move->counts[r] - first,
                                 .boxes = move->boxes + first};
    what->asks = move->asks;
    return PLD_OK;
}

/* --- Transports ----------------------------------------------------------- */

/* The plan is that of filling the tiles. */
static pld_status make_plan(struct move *move, struct pld_plan *out)
{
    const pld_field *field = move->matrix->field;
    struct pld_plan_boxes what = {
        .element = {.ncomps = 1, .size = pld_type_size(field->type)}};
    for (int d = 0; d < PLD_MAXDIM; d++)
        what.holds[d] =
            (struct pld_parts){.nparts = field->grid->nprocs[d],
                               .cuts = field->grid->cuts[d],
                               .size = pld_field_domain(field).count[d]};
    PLD_TRY(list_boxes(move, &what));
    return pld_plan_create_boxes(&what, move->tiles->ctx->rank, out);
}

static pld_status make_items(struct move *move, bool stores)
{
    const struct pld_tiles *tiles = move->tiles;
    const pld_field *field = move->matrix->field;
    struct pld_block block = pld_field_block(field);
    int64_t nitems = 0;
    int64_t place[2];
    for (int64_t s = 0; s < tiles->nown; s++) {
        pld_tiles_place(tiles, tiles->own[s], place);
        nitems += boxes_of(move, place);
    }
    PLD_CHECK(nitems < INT_MAX, PLD_ERR_OVERFLOW,
              "too many tiles: use more ranks");
    /* What is not for own tiles refers to the first one. */
    PLD_TRY(pld_alloc("items of tiles", nitems + 1, sizeof *move->items,
                      &move->items));
    move->items[0] = (struct pld_transport_item){.from = block, .to = block};
    struct pld_transport_item *item = move->items;
    for (int64_t s = 0; s < tiles->nown; s++) {
        pld_tiles_place(tiles, tiles->own[s], place);
        for (int64_t at = 0; at < boxes_of(move, place); at++, item++) {
            struct pld_block tile =
                block_of(move, box_of(move, place, at), tiles->own[s], at);
            item->from = stores ? tile : block;
            item->to = stores ? block : tile;
            item->bulk = tiles->nown * tiles->bytes;
        }
    }
    for (int64_t i = 0; i <= nitems; i++)
        for (int d = 0; d < PLD_MAXDIM; d++)
            move->items[i].order[d] = field->order[d];
    return PLD_OK;
}

static pld_status make_transport(struct move *move, bool stores, int tag,
                                 struct pld_transport **out)
{
    struct pld_plan plan;
    PLD_TRY(make_items(move, stores));
    PLD_TRY(make_plan(move, &plan));
    struct pld_plan there = plan;
    if (stores) {
        there.sends = plan.receives;
        there.receives = plan.sends;
    }
    pld_status status =
        pld_transport_create(move->tiles->ctx, tag, &there, move->items, out);
    pld_plan_destroy(&plan);
    return status;
}

static void release(struct move *move)
{
    pld_free(move->items);
    pld_free(move->asks);
    pld_free(move->boxes);
    pld_free(move->counts);
}

static pld_status run(struct pld_tiles *tiles,
                      const struct pld_operand_matrix *matrix,
                      const struct pld_tiles_view *view, bool stores)
{
    pld_ctx *ctx = tiles->ctx;
    struct pld_transport *transport = NULL;
    struct move move = {.tiles = tiles,
                        .matrix = matrix,
                        .view = view,
                        .owned = pld_field_owned_by(matrix->field, ctx->rank)};
    int tag = pld_ctx_tag(ctx);
    pld_status status =
        pld_agree(ctx, make_transport(&move, stores, tag, &transport));
    release(&move);
    if (status == PLD_OK)
        status = pld_transport_connect(transport);
    if (status == PLD_OK)
        status = pld_transport_begin(transport);
    if (status == PLD_OK)
        status = pld_transport_end(transport);
    pld_status second = pld_transport_destroy(&transport);
    return status == PLD_OK ? second : status;
}

pld_status pld_tiles_load(struct pld_tiles *tiles,
                          const struct pld_operand_matrix *matrix,
                          const struct pld_tiles_view *view)
{
    return run(tiles, matrix, view, false);
}

pld_status pld_tiles_store(struct pld_tiles *tiles,
                           const struct pld_operand_matrix *matrix,
                           const struct pld_tiles_view *view)
{
    PLD_TRY(run(tiles, matrix, view, true));
    return pld_field_touch(matrix->field);
}
