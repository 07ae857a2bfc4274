#include "linalg/tiles.h"

#include "base/alloc.h"
#include "base/overflow.h"
#include "par/peers.h"
#include "par/segment.h"
#include "par/shared.h"
#include "polder/agree.h"

/* --- Numbers -------------------------------------------------------------- */

int64_t pld_tiles_number(const struct pld_tiles *tiles, int64_t row,
                         int64_t column)
{
    if (!tiles->spec.lower)
        return column * tiles->count[0] + row;
    return column * tiles->count[0] - column * (column - 1) / 2 + row - column;
}

static int64_t first_of_column(const struct pld_tiles *tiles, int64_t column)
{
    return pld_tiles_number(tiles, tiles->spec.lower ? column : 0, column);
}

void pld_tiles_place(const struct pld_tiles *tiles, int64_t number,
                     int64_t place[2])
{
    int64_t low = 0;
    int64_t high = tiles->count[1];
    while (high - low > 1) {
        int64_t middle = (low + high) / 2;
        if (first_of_column(tiles, middle) <= number)
            low = middle;
        else
            high = middle;
    }
    place[1] = low;
    place[0] =
        number - first_of_column(tiles, low) + (tiles->spec.lower ? low : 0);
}

int64_t pld_tiles_extent(const struct pld_tiles *tiles, int d, int64_t at)
{
    int64_t rest = tiles->spec.size[d] - at * tiles->spec.edge[d];
    return rest < tiles->spec.edge[d] ? rest : tiles->spec.edge[d];
}

/* --- Owners --------------------------------------------------------------- */

enum { MOST_WEIGHED = 48 };

/* The work of the rank that has most of it, when tile (i, j) is that of rank
 * i + shift j, and the work on it grows with j; that on the diagonal is half.
 */
static int64_t most_work(int64_t ntiles, int nranks, int64_t shift,
                         int64_t *work)
{
    int64_t most = 0;
    for (int r = 0; r < nranks; r++)
        work[r] = 0;
    for (int64_t j = 0; j < ntiles; j++)
        for (int64_t i = j; i < ntiles; i++)
            work[(i + shift * j) % nranks] += (i == j ? 1 : 2) * (j + 1);
    for (int r = 0; r < nranks; r++)
        most = work[r] > most ? work[r] : most;
    return most;
}

static pld_status find_shift(const struct pld_tiles *tiles, int64_t *out)
{
    int64_t n = tiles->count[0] < MOST_WEIGHED ? tiles->count[0] : MOST_WEIGHED;
    int nranks = tiles->ctx->nranks;
    int64_t *work = NULL;
    *out = 1;
    if (nranks == 1 || !tiles->spec.lower)
        return PLD_OK;
    PLD_TRY(pld_alloc("work of ranks", nranks, sizeof *work, &work));
    int64_t least = INT64_MAX;
    for (int64_t shift = 1; shift <= nranks && shift <= MOST_WEIGHED; shift++) {
        int64_t most = most_work(n, nranks, shift, work);
        if (most < least)
            *out = shift;
        least = most < least ? most : least;
    }
    pld_free(work);
    return PLD_OK;
}

static int rows_of_ranks(int nranks)
{
    int rows = 1;
    for (int r = 1; r * r <= nranks; r++)
        if (nranks % r == 0)
            rows = r;
    return rows;
}

/* On one node, tiles of a column and of a row go round all ranks; between nodes
 * to few of them, so that a tile is wanted by few. */
static pld_status share_out(struct pld_tiles *tiles)
{
    int nranks = tiles->ctx->nranks;
    bool spread = tiles->ctx->nnodes == 1 || tiles->count[0] == 1;
    int64_t rows = rows_of_ranks(nranks);
    int64_t columns = nranks / rows;
    int64_t shift = 1;
    PLD_TRY(find_shift(tiles, &shift));
    for (int64_t j = 0; j < tiles->count[1]; j++)
        for (int64_t i = tiles->spec.lower ? j : 0; i < tiles->count[0]; i++)
            tiles->owner[pld_tiles_number(tiles, i, j)] =
                (int)(spread ? (i + shift * j) % nranks
                             : i % rows * columns + j % columns);
    return PLD_OK;
}

static pld_status find_slots(struct pld_tiles *tiles)
{
    int64_t *taken = NULL;
    PLD_TRY(
        pld_alloc("tiles of ranks", tiles->ctx->nranks, sizeof *taken, &taken));
    for (int64_t n = 0; n < tiles->ntiles; n++)
        tiles->slot[n] = taken[tiles->owner[n]]++;
    tiles->nown = taken[tiles->ctx->rank];
    pld_free(taken);
    PLD_TRY(
        pld_alloc("own tiles", tiles->nown, sizeof *tiles->own, &tiles->own));
    for (int64_t n = 0; n < tiles->ntiles; n++)
        if (tiles->owner[n] == tiles->ctx->rank)
            tiles->own[tiles->slot[n]] = n;
    return PLD_OK;
}

/* --- Memory --------------------------------------------------------------- */

/* Columns that lie a power of two apart would share their place in caches. */
static int64_t lead_of(const struct pld_tiles *tiles)
{
    int64_t rows = tiles->spec.edge[0];
    return rows > 512 ? (rows + 7) / 8 * 8 + 8 : rows;
}

static pld_status take_memory(struct pld_tiles *tiles)
{
    const struct pld_tiles_spec *spec = &tiles->spec;
    const int64_t factors[] = {tiles->ld, spec->edge[1],
                               (int64_t)pld_type_size(spec->type)};
    PLD_TRY(pld_size_product("a tile", 3, factors, &tiles->bytes));
    tiles->bytes = (tiles->bytes + spec->more + 63) / 64 * 64;
    PLD_TRY(pld_shared_alloc(tiles->ctx, "tiles of a matrix", tiles->nown,
                             (size_t)tiles->bytes, &tiles->memory));
    PLD_TRY(pld_shared_alloc(tiles->ctx, "flags of tiles", 2 * tiles->nown,
                             sizeof *tiles->flags, &tiles->flags));
    tiles->shared = tiles->nown == 0 ||
                    (pld_segment_offset(tiles->ctx, tiles->memory) >= 0 &&
                     pld_segment_offset(tiles->ctx, tiles->flags) >= 0);
    return PLD_OK;
}

static pld_status create_alone(struct pld_tiles *tiles)
{
    const struct pld_tiles_spec *spec = &tiles->spec;
    for (int d = 0; d < 2; d++)
        tiles->count[d] = (spec->size[d] + spec->edge[d] - 1) / spec->edge[d];
    tiles->ld = lead_of(tiles);
    tiles->ntiles = tiles->count[1] > 0 && tiles->count[0] > 0
                        ? first_of_column(tiles, tiles->count[1])
                        : 0;
    PLD_TRY(pld_alloc("owners of tiles", tiles->ntiles, sizeof *tiles->owner,
                      &tiles->owner));
    PLD_TRY(pld_alloc("places of tiles", tiles->ntiles, sizeof *tiles->slot,
                      &tiles->slot));
    PLD_TRY(share_out(tiles));
    PLD_TRY(find_slots(tiles));
    return take_memory(tiles);
}

/* --- The others of the node ----------------------------------------------- */

/* What a rank tells the others of its node: offsets in its segment. */
struct address {
    int64_t shared;
    int64_t nown;
    int64_t tiles;
    int64_t flags;
};

static pld_status attach(struct pld_tiles *tiles, int rank,
                         const struct address *address,
                         struct pld_tiles_home *home)
{
    if (rank == tiles->ctx->rank || address->nown == 0 || !address->shared ||
        !pld_segment_reaches(tiles->ctx, rank))
        return PLD_OK;
    PLD_TRY(pld_segment_map(tiles->ctx, rank, address->tiles,
                            address->nown * tiles->bytes, &home->tiles));
    return pld_segment_map(tiles->ctx, rank, address->flags,
                           2 * address->nown * (int64_t)sizeof *home->flags,
                           &home->flags);
}

static pld_status attach_all(struct pld_tiles *tiles,
                             const struct address *addresses)
{
    for (int place = 0; place < tiles->ctx->peers->n; place++)
        PLD_TRY(attach(tiles, tiles->ctx->peers->list[place].rank,
                       &addresses[place], &tiles->homes[place]));
    return PLD_OK;
}

/* A rank alone on its node has no node_comm. */
static pld_status find_others(struct pld_tiles *tiles)
{
    pld_status status = PLD_OK;
    pld_ctx *ctx = tiles->ctx;
    struct address *addresses = NULL;
    if (ctx->peers == NULL)
        return PLD_OK;
    const struct address own = {.shared = tiles->shared,
                                .nown = tiles->nown,
                                .tiles = pld_segment_offset(ctx, tiles->memory),
                                .flags = pld_segment_offset(ctx, tiles->flags)};
    PLD_TRY(pld_alloc("tiles of other ranks", ctx->peers->n,
                      sizeof *tiles->homes, &tiles->homes));
    PLD_TRY(pld_alloc("addresses of tiles", ctx->peers->n, sizeof *addresses,
                      &addresses));
    PLD_TRY_MPI_TO(out,
                   MPI_Allgather(&own, (int)sizeof own, MPI_BYTE, addresses,
                                 (int)sizeof own, MPI_BYTE, ctx->node_comm));
    PLD_TRY_TO(out, attach_all(tiles, addresses));
out:
    pld_free(addresses);
    return status;
}

/* --- All of it ------------------------------------------------------------ */

pld_status pld_tiles_create(pld_ctx *ctx, const struct pld_tiles_spec *spec,
                            struct pld_tiles *out)
{
    *out = (struct pld_tiles){.ctx = ctx, .spec = *spec};
    PLD_TRY(pld_agree(ctx, create_alone(out)));
    return pld_agree(ctx, find_others(out));
}

void pld_tiles_destroy(struct pld_tiles *tiles)
{
    for (int p = 0; tiles->homes && p < tiles->ctx->peers->n; p++) {
        int rank = tiles->ctx->peers->list[p].rank;
        pld_segment_unmap(tiles->ctx, rank, tiles->homes[p].flags);
        pld_segment_unmap(tiles->ctx, rank, tiles->homes[p].tiles);
    }
    pld_free(tiles->homes);
    if (tiles->ctx) {
        pld_shared_free(tiles->ctx, tiles->flags);
        pld_shared_free(tiles->ctx, tiles->memory);
    }
    pld_free(tiles->own);
    pld_free(tiles->slot);
    pld_free(tiles->owner);
    *tiles = (struct pld_tiles){.ctx = NULL};
}

static const struct pld_tiles_home *home_of(const struct pld_tiles *tiles,
                                            int rank)
{
    int place = tiles->homes ? pld_peers_find(tiles->ctx, rank) : -1;
    return place < 0 ? NULL : &tiles->homes[place];
}

char *pld_tiles_at(const struct pld_tiles *tiles, int64_t number)
{
    int owner = tiles->owner[number];
    char *memory = tiles->memory;
    if (owner != tiles->ctx->rank) {
        const struct pld_tiles_home *home = home_of(tiles, owner);
        memory = home ? home->tiles : NULL;
    }
    return memory ? memory + tiles->slot[number] * tiles->bytes : NULL;
}

pld_tile_flag *pld_tiles_flag(const struct pld_tiles *tiles, int64_t number)
{
    int owner = tiles->owner[number];
    pld_tile_flag *flags = tiles->flags;
    if (owner != tiles->ctx->rank) {
        const struct pld_tiles_home *home = home_of(tiles, owner);
        flags = home ? home->flags : NULL;
    }
    return flags ? flags + 2 * tiles->slot[number] : NULL;
}

pld_tile_flag *pld_tiles_state(const struct pld_tiles *tiles, int64_t number)
{
    pld_tile_flag *flag = pld_tiles_flag(tiles, number);
    return flag ? flag + 1 : NULL;
}

bool pld_tiles_read_by(const struct pld_tiles *tiles, int rank)
{
    return tiles->shared && pld_segment_reaches(tiles->ctx, rank);
}
