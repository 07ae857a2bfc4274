#include "base/exact_cascade.h"

/* After two blocks in turn that needed more levels, so many are given as many
 * as the second one. After two that no levels were enough for, so many are
 * looked at before they are tried. */
enum { RAISED = 16, LOOK_FIRST = 7 };

/* Fewer elements than these are added one by one. */
enum { FEW_VALUES = 12, FEW_PRODUCTS = 6 };

/* Fewer elements than this do not need the slots. */
enum { WORTH_SLOTS = 256 };

/* Rows shorter than this are first put together. */
enum { SHORT_ROW = 32, START_BITS = 5 }; /* its logarithm */

/* A tile is small up to this many elements in one row. */
enum { SMALL_VALUES = 256, SMALL_PRODUCTS = 2048 };

/* As far as elements are fetched ahead: from a cache, from memory. */
enum { AHEAD_NEAR = 512, AHEAD_FAR = 1024 };

/* More elements than this are taken to lie in memory, and not in a cache. */
enum { FAR = 1 << 23 };

/* What it takes to add up a tile. */
struct run {
    pld_exact *sum;
    pld_exact_term term;
    const struct pld_exact_tier *tier;
    int nparts;
    int nlanes;
    int room;    /* binades from the highest term to the first anchor */
    int adds;    /* binades above one term that as many of one sign need */
    int choice;  /* of levels: that to try first */
    int nraised; /* blocks for which it is more than the least */
    int nlook;   /* blocks to look at first */
    bool failed; /* the last guess */
    bool is_open;
    struct pld_cascade cascade;
    struct pld_exact_slots slots;
};

static void empty(struct run *run)
{
    if (run->is_open)
        pld_cascade_empty(&run->cascade, run->nparts, run->tier, run->sum);
    run->is_open = false;
}

/* --- How many levels, and where ------------------------------------------- */

/* Where sums may leave their binades, small tiles use fewer lanes: what it
 * takes to start and empty them matters there. */
static int lanes_for(const struct pld_exact_tile *tile,
                     const struct pld_exact_tier *tier, int nparts)
{
    if (tier->strict)
        return tier->nlanes / nparts;
    int most = nparts == 2 ? SMALL_PRODUCTS : SMALL_VALUES;
    bool small = tile->nrows == 1 && tile->n <= most;
    return small ? tier->nlanes / 4 : tier->nlanes;
}

/* Elements until levels are emptied, at most. */
static int64_t elements_for(const struct pld_exact_tile *tile,
                            const struct pld_exact_tier *tier)
{
    const int64_t most = PLD_CASCADE_BLOCK * tier->nblocks;
    return tile->nrows < most && tile->nrows * tile->n < most
               ? tile->nrows * tile->n
               : most;
}

/* Binades that the sums of a lane need above its terms: if all have one sign.
 */
static int adds_for(const struct pld_exact_tile *tile,
                    const struct pld_exact_tier *tier, int nlanes)
{
    int64_t n = elements_for(tile, tier);
    int adds = tile->nrows > 1 ? 1 : 0; /* ends of rows are uneven */
    for (int64_t lane = nlanes; lane < n; lane *= 2)
        adds++;
    return adds;
}

/* What a block needs. */
struct need {
    int top;    /* exponent of the first anchor */
    int spread; /* binades from the highest term to the lowest */
    int xshift; /* binades to shift factors by */
    int yshift;
    bool possible;
};

/* The shift that brings the highest element near 1. */
static int centre(struct pld_exact_range range)
{
    int shift = 1023 - range.high;
    return shift > 1000 ? 1000 : shift < -1000 ? -1000 : shift;
}

static struct need need_of_values(struct pld_exact_range x, int room)
{
    struct need need = {.top = x.high - 1023 + room, .spread = x.high - x.low};
    need.possible = need.top <= 1022;
    return need;
}

/* Products far from 1 are shifted towards it: their errors must not underflow.
 */
static struct need need_of_products(struct pld_exact_range x,
                                    struct pld_exact_range y, int room)
{
    struct need need = {.spread = x.high - x.low + y.high - y.low,
                        .possible = x.high < 2047 && y.high < 2047};
    int high = x.high + y.high - 2 * 1023 + 1;
    if (high < -500 || high > 950) {
        need.xshift = centre(x);
        need.yshift = centre(y);
        high += need.xshift + need.yshift;
    }
    need.top = high + room;
    return need;
}

static struct need look(const struct run *run,
                        const struct pld_exact_tile *block)
{
    struct pld_exact_range x = run->tier->scan(block);
    if (run->nparts == 1)
        return need_of_values(x, run->room);
    if (run->term == PLD_EXACT_SQUARE)
        return need_of_products(x, x, run->room);
    struct pld_exact_tile other = *block;
    other.x = block->y;
    other.xrow = block->yrow;
    return need_of_products(x, run->tier->scan(&other), run->room);
}

/* The least of all: products have errors, which only levels take. */
static int first_choice(const struct run *run)
{
    return run->nparts == 2 && run->tier->nlevels[0] == 0 ? 1 : 0;
}

/* The first choice of levels that may do; the number of choices if none. */
static int choice_for(const struct run *run, struct need need)
{
    const struct pld_exact_tier *tier = run->tier;
    int choice = first_choice(run);
    while (choice < tier->nchoices && need.spread > tier->windows[choice])
        choice++;
    return need.possible ? choice : tier->nchoices;
}

/* Only the least number of levels has loops for few lanes. */
static int lanes_of(const struct run *run, int nlevels)
{
    bool strict = run->tier->strict;
    return strict || nlevels == run->tier->nlevels[0] ? run->nlanes
                                                      : run->tier->nlanes;
}

static void open(struct run *run, int nlevels, struct need need)
{
    struct pld_cascade *cascade = &run->cascade;
    empty(run);
    cascade->xscale = pld_bits_double((uint64_t)(need.xshift + 1023) << 52);
    cascade->yscale = pld_bits_double((uint64_t)(need.yshift + 1023) << 52);
    cascade->exponent = -need.xshift - need.yshift;
    cascade->nlanes = lanes_of(run, nlevels);
    pld_cascade_open(cascade, nlevels, run->nparts, need.top, run->tier->step);
    run->is_open = true;
}

static bool is_open_for(const struct run *run, int nlevels, struct need need)
{
    const struct pld_cascade *cascade = &run->cascade;
    return run->is_open && cascade->nlevels == nlevels &&
           cascade->exponent == -need.xshift - need.yshift &&
           cascade->top >= need.top && cascade->top <= need.top + 6;
}

/* --- Blocks ----------------------------------------------------------------
 */

static bool feed(struct run *run, const struct pld_exact_tile *block)
{
    struct pld_cascade *cascade = &run->cascade;
    if (!run->tier->feed(cascade, run->term, block))
        return false;
    if (++cascade->nblocks == run->tier->nblocks) {
        pld_cascade_empty(cascade, run->nparts, run->tier, run->sum);
        pld_cascade_open(cascade, cascade->nlevels, run->nparts, cascade->top,
                         run->tier->step);
    }
    return true;
}

/* Anchors are positive: sums may well leave their binades upwards, but must not
 * come near 0. Where the first terms are mostly negative, anchors are higher.
 * In integers, as a flag would be taken for a failure. */
static int top_for(const struct run *run, struct pld_exact_start start)
{
    const uint64_t sign = UINT64_C(1) << 63;
    int top = start.high - 1023 + run->room;
    uint64_t bits = pld_double_bits(start.sum);
    int fall = (int)((bits & ~sign) >> 52) - 1023 + run->adds - START_BITS + 1;
    return (bits & sign) != 0 && fall > top ? fall : top;
}

/* What the first elements suggest. */
static struct need guess(const struct run *run,
                         const struct pld_exact_tile *block)
{
    struct pld_exact_tile first = *block;
    first.nrows = 1;
    first.n = block->n < SHORT_ROW ? block->n : SHORT_ROW;
    if (run->tier->start == NULL) {
        struct need need = look(run, &first);
        need.top += 2; /* others may be higher */
        return need;
    }
    struct pld_exact_start start = run->tier->start(run->term, &first);
    int high = start.high - 1023;
    struct need need = {.top = top_for(run, start)};
    need.possible = run->nparts == 1 || (high > -500 && high < 950);
    return need;
}

/* Of products, the first elements tell how far the others may spread, at least
 * where they have been looked at: twice as many, half as small. */
static int guess_choice(const struct run *run, struct need need,
                        const struct pld_exact_tile *block)
{
    if (run->nparts == 1 || run->tier->start != NULL)
        return run->choice;
    need.spread += run->term == PLD_EXACT_SQUARE ? 4 : 0; /* small twice */
    for (int64_t n = SHORT_ROW; n < block->nrows * block->n; n *= 2)
        need.spread += 2;
    int choice = choice_for(run, need);
    return choice < run->tier->nchoices && choice > run->choice ? choice
                                                                : run->choice;
}

/* As it went well so far; else as the first elements suggest. */
static bool add_guessing(struct run *run, const struct pld_exact_tile *block)
{
    if (!run->is_open) {
        struct need need = guess(run, block);
        if (!need.possible || need.top > 1022)
            return false;
        open(run, run->tier->nlevels[guess_choice(run, need, block)], need);
    }
    return feed(run, block);
}

/* As its range demands, and once more if it seems to need more. Returns the
 * choice of levels that was enough, or -1. */
static int add_looking(struct run *run, const struct pld_exact_tile *block)
{
    const struct pld_exact_tier *tier = run->tier;
    struct need need = look(run, block);
    int choice = choice_for(run, need);
    for (int last = choice + 1; choice <= last && choice < tier->nchoices;
         choice++) {
        if (!is_open_for(run, tier->nlevels[choice], need))
            open(run, tier->nlevels[choice], need);
        if (feed(run, block))
            return choice;
    }
    return -1;
}

/* Slots are many: opened only where they pay. */
static void add_anything(struct run *run, const struct pld_exact_tile *block)
{
    if (!run->slots.in_use && block->nrows * block->n < WORTH_SLOTS)
        pld_exact_scalar(run->sum, run->term, block);
    else
        pld_exact_slots_add(&run->slots, run->term, block, run->sum);
}

/* Back to where it is fast. */
static void lower(struct run *run)
{
    run->choice = first_choice(run);
    run->nraised = 0;
    empty(run);
}

static void add_hard_block(struct run *run, const struct pld_exact_tile *block)
{
    int choice = add_looking(run, block);
    if (choice < 0) {
        add_anything(run, block);
        run->nlook =
            run->failed && run->nlook == 0 ? 1 + LOOK_FIRST : run->nlook;
    } else if (run->failed && run->nlook == 0) {
        run->choice = choice;
        run->nraised = RAISED;
    }
    run->failed = true;
    if (run->nlook > 0)
        run->nlook--;
    /* With the usual levels and but a higher anchor it may go on. */
    if (run->nlook == 0 && run->nraised == 0 && choice != run->choice)
        empty(run);
}

static void add_block(struct run *run, const struct pld_exact_tile *block)
{
    if (run->nlook > 0 || !add_guessing(run, block)) {
        add_hard_block(run, block);
        return;
    }
    run->failed = run->nraised > 0;
    if (run->nraised > 0 && --run->nraised == 0)
        lower(run);
}

/* --- Tiles ------------------------------------------------------------------
 */

/* What follows a block in memory, as far as it is to be fetched. */
static int64_t ahead_of(const struct pld_exact_tile *tile,
                        const struct pld_exact_tile *block)
{
    const double *end = tile->x + (tile->nrows - 1) * tile->xrow + tile->n;
    const double *here = block->x + (block->nrows - 1) * block->xrow + block->n;
    const int64_t most = block->far ? AHEAD_FAR : AHEAD_NEAR;
    return end <= here ? 0 : end - here < most ? end - here : most;
}

static struct pld_exact_tile part_of(const struct pld_exact_tile *tile,
                                     int64_t row, int64_t first, int64_t nrows,
                                     int64_t n)
{
    struct pld_exact_tile part = *tile;
    part.x = tile->x + row * tile->xrow + first;
    part.y = tile->y + row * tile->yrow + first;
    part.nrows = nrows;
    part.n = n;
    part.far = tile->nrows * tile->n > FAR;
    part.ahead = ahead_of(tile, &part);
    return part;
}

static void add_long_rows(struct run *run, const struct pld_exact_tile *tile)
{
    int64_t npieces = (tile->n + PLD_CASCADE_BLOCK - 1) / PLD_CASCADE_BLOCK;
    int64_t piece = (tile->n + npieces - 1) / npieces;
    piece = (piece + SHORT_ROW - 1) / SHORT_ROW * SHORT_ROW;
    for (int64_t row = 0; row < tile->nrows; row++)
        for (int64_t i = 0; i < tile->n; i += piece) {
            int64_t n = tile->n - i < piece ? tile->n - i : piece;
            struct pld_exact_tile block = part_of(tile, row, i, 1, n);
            add_block(run, &block);
        }
}

static void add_rows(struct run *run, const struct pld_exact_tile *tile)
{
    int64_t many = PLD_CASCADE_BLOCK / tile->n;
    for (int64_t row = 0; row < tile->nrows; row += many) {
        int64_t nrows = tile->nrows - row < many ? tile->nrows - row : many;
        struct pld_exact_tile block = part_of(tile, row, 0, nrows, tile->n);
        add_block(run, &block);
    }
}

static void copy_rows(const double *from, int64_t row, int64_t nrows, int64_t n,
                      double *to)
{
    for (int64_t j = 0; j < nrows; j++)
        for (int64_t i = 0; i < n; i++)
            to[j * n + i] = from[j * row + i];
}

static void add_short_rows(struct run *run, const struct pld_exact_tile *tile)
{
    enum { ROOM = 2048 };
    double x[ROOM];
    double y[ROOM];
    int64_t many = ROOM / tile->n;
    for (int64_t row = 0; row < tile->nrows; row += many) {
        int64_t nrows = tile->nrows - row < many ? tile->nrows - row : many;
        struct pld_exact_tile part = part_of(tile, row, 0, nrows, tile->n);
        copy_rows(part.x, tile->xrow, nrows, tile->n, x);
        if (run->term == PLD_EXACT_PRODUCT)
            copy_rows(part.y, tile->yrow, nrows, tile->n, y);
        add_block(run, &(struct pld_exact_tile){
                           .x = x,
                           .y = run->term == PLD_EXACT_PRODUCT ? y : x,
                           .nrows = 1,
                           .n = nrows * tile->n});
    }
}

void pld_exact_add_tile(pld_exact *sum, pld_exact_term term,
                        const struct pld_exact_tile *tile,
                        const struct pld_exact_tier *tier)
{
    bool product = pld_exact_is_product(term);
    if (tile->nrows < FEW_VALUES &&
        tile->nrows * tile->n < (product ? FEW_PRODUCTS : FEW_VALUES)) {
        pld_exact_scalar(sum, term, tile);
        return;
    }
    struct run run;
    run.sum = sum;
    run.term = term;
    run.tier = tier;
    run.nparts = product ? 2 : 1;
    run.nlanes = lanes_for(tile, tier, run.nparts);
    run.adds = adds_for(tile, tier, run.nlanes);
    /* Where sums may leave the binade of their anchor, if only they do not do
     * it often, signs are taken for random; else the worst is assumed. */
    run.room = 2 + (tier->strict ? run.adds : run.adds / 2);
    run.choice = first_choice(&run);
    run.nraised = 0;
    run.nlook = 0;
    run.failed = false;
    run.is_open = false;
    run.slots.in_use = false;
    if (tile->nrows == 1 && tile->n <= PLD_CASCADE_BLOCK)
        add_block(&run, tile);
    else if (tile->n < SHORT_ROW && tile->nrows > 1)
        add_short_rows(&run, tile);
    else if (tile->n > PLD_CASCADE_BLOCK)
        add_long_rows(&run, tile);
    else
        add_rows(&run, tile);
    empty(&run);
    pld_exact_slots_empty(&run.slots, product, sum);
}
