#include "linalg/tall.h"

#include "linalg/lending.h"

static const int64_t unmoved[PLD_MAXDIM];

/* A box of rows in a packed tile. */
static struct pld_block packed(const struct pld_tiled *tiled,
                               const struct pld_tile *tile)
{
    return pld_block_dense(tile->data, tile->box, PLD_INTERLEAVED,
                           (int)tiled->ncolumns, pld_type_size(tiled->type));
}

static struct pld_block columns(struct pld_block rows,
                                const struct pld_tall_source *source)
{
    return pld_block_components(rows, (int)source->first_column,
                                source->block.ncomps);
}

/* Rows lie one after the other and columns side by side. */
static bool is_in_place(const struct pld_tiled *tiled, pld_box box)
{
    const struct pld_block *block = &tiled->sources[0].block;
    return tiled->nsources == 1 && tiled->tiling.ndims == 1 &&
           (block->comp_stride == (int64_t)block->size || block->ncomps == 1) &&
           pld_box_contains(tiled->own, box);
}

struct pld_tile pld_tiled_place_box(struct pld_tiled *tiled, pld_box box)
{
    struct pld_tile tile = {.box = box,
                            .nrows = pld_box_volume(box),
                            .data = tiled->buffer,
                            .ld = tiled->ncolumns,
                            .in_place = is_in_place(tiled, box)};
    if (tile.in_place) {
        const struct pld_block *block = &tiled->sources[0].block;
        tile.data = pld_block_at(block, box.first);
        tile.ld = block->stride[0] / (int64_t)block->size;
    }
    return tile;
}

void pld_tiled_fetch(struct pld_tiled *tiled, const struct pld_tile *tile)
{
    if (tile->in_place)
        return;
    struct pld_block to = packed(tiled, tile);
    pld_box own = pld_box_intersect(tile->box, tiled->own);
    for (int i = 0; i < tiled->nsources && !pld_box_empty(own); i++) {
        struct pld_block some = columns(to, &tiled->sources[i]);
        pld_block_copy(&tiled->sources[i].block, own, &some, unmoved);
    }
    if (tiled->lending && !pld_box_equal(own, tile->box))
        pld_lending_load(tiled->lending, &to, tile->box);
}

static pld_box tile_box(const struct pld_tiled *tiled,
                        const int64_t index[PLD_MAXDIM])
{
    pld_box one = {.count = {1, 1, 1}};
    for (int d = 0; d < PLD_MAXDIM; d++)
        one.first[d] = index[d];
    return pld_tiling_box(&tiled->tiling, one);
}

struct pld_tile pld_tiled_place(struct pld_tiled *tiled,
                                const int64_t index[PLD_MAXDIM])
{
    return pld_tiled_place_box(tiled, tile_box(tiled, index));
}

struct pld_tile pld_tiled_load(struct pld_tiled *tiled,
                               const int64_t index[PLD_MAXDIM])
{
    struct pld_tile tile = pld_tiled_place(tiled, index);
    pld_tiled_fetch(tiled, &tile);
    return tile;
}

void pld_tiled_store(struct pld_tiled *tiled, const struct pld_tile *tile)
{
    if (tile->in_place)
        return;
    struct pld_block from = packed(tiled, tile);
    pld_box own = pld_box_intersect(tile->box, tiled->own);
    for (int i = 0; i < tiled->nsources && !pld_box_empty(own); i++) {
        struct pld_block some = columns(from, &tiled->sources[i]);
        pld_block_copy(&some, own, &tiled->sources[i].block, unmoved);
    }
    if (tiled->lending && !pld_box_equal(own, tile->box))
        pld_lending_store(tiled->lending, &from, tile->box);
}

static void visit_box(struct pld_tiled *tiled,
                      const struct pld_tiled_tour *tour, pld_box box)
{
    struct pld_tile tile = pld_tiled_place_box(tiled, box);
    if (tour->reads)
        pld_tiled_fetch(tiled, &tile);
    tour->visit(&tile, tour->data);
    if (tour->writes)
        pld_tiled_store(tiled, &tile);
}

/* Tiles that hold own rows. */
static pld_box touched_tiles(const struct pld_tiled *tiled)
{
    pld_box tiles = {.count = {0}};
    for (int d = 0; d < PLD_MAXDIM && !pld_box_empty(tiled->own); d++) {
        int64_t last = tiled->own.first[d] + tiled->own.count[d] - 1;
        tiles.first[d] =
            pld_tiling_find(&tiled->tiling, d, tiled->own.first[d]);
        tiles.count[d] =
            pld_tiling_find(&tiled->tiling, d, last) + 1 - tiles.first[d];
    }
    return tiles;
}

void pld_tiled_each(struct pld_tiled *tiled, const struct pld_tiled_tour *tour)
{
    pld_box touched = touched_tiles(tiled);
    pld_box mine = pld_tree_tiles(&tiled->tiling.tree, tiled->ctx->rank);
    int64_t end[PLD_MAXDIM];
    int64_t at[PLD_MAXDIM];
    for (int d = 0; d < PLD_MAXDIM; d++)
        end[d] = touched.first[d] + touched.count[d];
    for (at[0] = touched.first[0]; at[0] < end[0]; at[0]++)
        for (at[1] = touched.first[1]; at[1] < end[1]; at[1]++)
            for (at[2] = touched.first[2]; at[2] < end[2]; at[2]++) {
                const pld_box one = {{at[0], at[1], at[2]}, {1, 1, 1}};
                if (!tour->others || !pld_box_contains(mine, one))
                    visit_box(
                        tiled, tour,
                        pld_box_intersect(tile_box(tiled, at), tiled->own));
            }
}
