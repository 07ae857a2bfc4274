#include "linalg/tall.h"

/* Rows of a tile: 256 KiB of them, for a core's second cache, at least twice as
 * many as columns, so that triangles are smaller than tiles. At most so many
 * that sums within a tile, one after the other, lose little. */
enum { TILE_BYTES = 1 << 18, LEAST_ROWS = 64, MOST_ROWS = 1024 };

static int64_t min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t rows_of_tile(pld_type type, int64_t width)
{
    int64_t bytes = width * (int64_t)pld_type_size(type);
    int64_t rows = LEAST_ROWS;
    while (rows < MOST_ROWS && 2 * rows * bytes <= TILE_BYTES)
        rows *= 2;
    return max(rows, 2 * width);
}

/* Sizes along the dimensions: long along the last one, which is dense. */
static void shape_tile(int ndims, pld_box domain, int64_t rows,
                       int64_t out[PLD_MAXDIM])
{
    enum { LONG = 64 };
    int last = ndims - 1;
    int64_t rest = rows;
    for (int d = 0; d < PLD_MAXDIM; d++)
        out[d] = 1;
    out[last] = min(domain.count[last], ndims == 1 ? rows : min(rows, LONG));
    rest /= out[last];
    if (ndims == 3) {
        int64_t side = 1;
        while ((side + 1) * (side + 1) <= rest)
            side++;
        out[1] = min(domain.count[1], side);
        rest /= out[1];
    }
    if (ndims > 1)
        out[0] = min(domain.count[0], max(rest, 1));
    /* What the others did not use. */
    for (int d = last; d >= 0 && ndims > 1; d--)
        out[d] = min(domain.count[d],
                     max(rows / (out[0] * out[1] * out[2]) * out[d], out[d]));
}

/* So many tiles that equal cuts among usual numbers of ranks fall between them.
 */
static int64_t round_tiles(int64_t ntiles, int64_t size)
{
    static const int64_t units[] = {48, 24, 12, 8, 4, 2};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (ntiles >= 4 * units[i]) {
            int64_t rounded = (ntiles + units[i] - 1) / units[i] * units[i];
            return rounded <= size ? rounded : ntiles;
        }
    return ntiles;
}

/* As pld_cuts_equal() cuts. */
static int64_t tile_first(int64_t size, int64_t ntiles, int64_t tile)
{
    return tile * (size / ntiles) + tile * (size % ntiles) / ntiles;
}

void pld_tiling_cut(int ndims, pld_box domain, pld_type type, int64_t width,
                    struct pld_tiling *out)
{
    int64_t tile[PLD_MAXDIM];
    shape_tile(ndims, domain, rows_of_tile(type, width), tile);
    out->ndims = ndims;
    out->domain = domain;
    out->most_rows = 1;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        int64_t size = domain.count[d];
        int64_t ntiles = round_tiles((size + tile[d] - 1) / tile[d], size);
        out->tree.ntiles[d] = ntiles;
        out->most_rows *= (size + ntiles - 1) / ntiles;
    }
}

pld_box pld_tiling_box(const struct pld_tiling *tiling, pld_box tiles)
{
    pld_box box;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        int64_t size = tiling->domain.count[d];
        int64_t ntiles = tiling->tree.ntiles[d];
        int64_t end = tiles.first[d] + tiles.count[d];
        box.first[d] = tile_first(size, ntiles, tiles.first[d]);
        box.count[d] = tile_first(size, ntiles, end) - box.first[d];
    }
    return box;
}

int64_t pld_tiling_find(const struct pld_tiling *tiling, int dim, int64_t index)
{
    int64_t size = tiling->domain.count[dim];
    int64_t low = 0;
    int64_t high = tiling->tree.ntiles[dim];
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (tile_first(size, tiling->tree.ntiles[dim], middle) <= index)
            low = middle;
        else
            high = middle;
    }
    return low;
}

int64_t pld_tiling_nearest(const struct pld_tiling *tiling, int dim,
                           int64_t index)
{
    int64_t size = tiling->domain.count[dim];
    int64_t ntiles = tiling->tree.ntiles[dim];
    if (index >= size)
        return ntiles;
    int64_t tile = pld_tiling_find(tiling, dim, index);
    int64_t below = index - tile_first(size, ntiles, tile);
    int64_t above = tile_first(size, ntiles, tile + 1) - index;
    return below <= above ? tile : tile + 1;
}
