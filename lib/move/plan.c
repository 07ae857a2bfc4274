#include "move/plan.h"

#include "base/alloc.h"

enum direction { SEND, RECEIVE, COPY, WRAP };

/* One item as one rank sees it. */
struct side {
    const struct pld_plan_item *item;
    int index;
    int rank;
    enum direction direction;
    int wrap;               /* with WRAP: the dimension to fill */
    int npeers[PLD_MAXDIM]; /* process grid of the others */
    int64_t npieces[PLD_MAXDIM];
    struct pld_piece *pieces[PLD_MAXDIM];
};

/* Whether the ghosts along a dimension are filled by wraps. */
static bool is_wrapped(const struct pld_plan_item *item, int dim)
{
    return !item->direct && item->min_ghosts <= 1 &&
           item->max_ghosts == PLD_MAXDIM && item->holds[dim].periodic &&
           item->holds[dim].nparts == 1 && item->wants[dim].parts.nparts == 1;
}

/* What is in place along a dimension when a wrap along another one starts: the
 * points of this rank, and ghosts inside the domain unless a later wrap is to
 * bring them. One piece, none for a rank that owns nothing. */
static int64_t extent_along(const struct side *side, int dim, int part,
                            struct pld_piece *out)
{
    const struct pld_wants *wants = &side->item->wants[dim];
    bool later = is_wrapped(side->item, dim) && dim > side->wrap;
    int64_t own = pld_part_first(&wants->parts, part);
    int64_t own_end = pld_part_end(&wants->parts, part);
    int64_t first = own - (later ? 0 : wants->low);
    int64_t end = own_end + (later ? 0 : wants->high);
    if (own == own_end)
        return 0;
    if (!wants->parts.periodic) {
        first = first < 0 ? 0 : first;
        end = end > wants->parts.size ? wants->parts.size : end;
    }
    if (out)
        *out = (struct pld_piece){
            .part = part, .first = first, .count = end - first};
    return 1;
}

static int64_t pieces_along(const struct side *side, int dim, int part,
                            struct pld_piece *out)
{
    const struct pld_parts *holds = &side->item->holds[dim];
    struct pld_wants wants = side->item->wants[dim];
    bool wrapped = is_wrapped(side->item, dim);
    if (side->direction == WRAP && dim != side->wrap)
        return extent_along(side, dim, part, out);
    if (side->direction == WRAP)
        return wrapped ? pld_pieces_wanted(&wants, part, holds, out) : 0;
    if (wrapped)
        wants.low = wants.high = 0;
    if (side->direction == SEND)
        return pld_pieces_held(holds, part, &wants, out);
    return pld_pieces_wanted(&wants, part, holds, out);
}

static pld_status find_pieces(struct side *side)
{
    int rest = side->rank;
    for (int d = PLD_MAXDIM - 1; d >= 0; d--) {
        int nholds = side->item->holds[d].nparts;
        int nwants = side->item->wants[d].parts.nparts;
        int nparts = side->direction == SEND ? nholds : nwants;
        int part = rest % nparts;
        rest /= nparts;
        bool holder = side->direction == RECEIVE || side->direction == COPY;
        side->npeers[d] = holder ? nholds : nwants;
        side->npieces[d] = pieces_along(side, d, part, NULL);
        PLD_TRY(pld_alloc("pieces of a plan", side->npieces[d],
                          sizeof *side->pieces[d], &side->pieces[d]));
        pieces_along(side, d, part, side->pieces[d]);
    }
    return PLD_OK;
}

/* The `n`-th box that one piece of each dimension makes, the last dimension
 * fastest; false when the item or the direction does not ask for it. */
static bool join(const struct side *side, int64_t n, struct pld_transfer *out)
{
    int nghosts = 0;
    int stride = 1;
    *out = (struct pld_transfer){.item = side->index};
    for (int d = PLD_MAXDIM - 1; d >= 0; d--) {
        const struct pld_piece *piece = &side->pieces[d][n % side->npieces[d]];
        n /= side->npieces[d];
        nghosts += piece->is_ghost;
        out->peer += piece->part * stride;
        stride *= side->npeers[d];
        out->box.first[d] = piece->first;
        out->box.count[d] = piece->count;
        out->shift[d] = piece->shift;
    }
    if (side->direction == WRAP)
        return nghosts > 0;
    return nghosts >= side->item->min_ghosts &&
           nghosts <= side->item->max_ghosts &&
           (out->peer == side->rank) == (side->direction == COPY);
}

/* All boxes of an item; only counts them when `out` is NULL. */
static int64_t join_all(const struct side *side, struct pld_transfer *out)
{
    int64_t total = side->npieces[0] * side->npieces[1] * side->npieces[2];
    int64_t found = 0;
    for (int64_t n = 0; n < total; n++) {
        struct pld_transfer transfer;
        if (!join(side, n, &transfer))
            continue;
        if (out)
            out[found] = transfer;
        found++;
    }
    return found;
}

static pld_status find_transfers(int nsides, struct side *sides,
                                 struct pld_transfers *out)
{
    for (int i = 0; i < nsides; i++) {
        PLD_TRY(find_pieces(&sides[i]));
        out->ntransfers += join_all(&sides[i], NULL);
    }
    PLD_TRY(pld_alloc("transfers of a plan", out->ntransfers,
                      sizeof *out->transfers, &out->transfers));
    int64_t n = 0;
    for (int i = 0; i < nsides; i++)
        n += join_all(&sides[i], out->transfers + n);
    return PLD_OK;
}

static pld_status lay_out(int nitems, const struct pld_plan_item *items,
                          struct pld_transfers *list)
{
    struct pld_element *elements = NULL;
    PLD_TRY(
        pld_alloc("elements of a plan", nitems, sizeof *elements, &elements));
    for (int i = 0; i < nitems; i++)
        elements[i] = (struct pld_element){items[i].ncomps, items[i].size};
    pld_status status = pld_transfers_lay_out(elements, list);
    pld_free(elements);
    return status;
}

static pld_status build(int nitems, const struct pld_plan_item *items, int rank,
                        enum direction direction, struct pld_transfers *out)
{
    pld_status status = PLD_OK;
    struct side *sides = NULL;
    int nwraps = direction == WRAP ? PLD_MAXDIM : 1;
    int nsides = nitems * nwraps;
    PLD_TRY(pld_alloc("sides of a plan", nsides, sizeof *sides, &sides));
    for (int i = 0; i < nsides; i++)
        sides[i] = (struct side){.item = &items[i / nwraps],
                                 .index = i / nwraps,
                                 .rank = rank,
                                 .direction = direction,
                                 .wrap = i % nwraps};
    PLD_TRY_TO(out, find_transfers(nsides, sides, out));
    PLD_TRY_TO(out, lay_out(nitems, items, out));
out:
    for (int i = 0; i < nsides; i++)
        for (int d = 0; d < PLD_MAXDIM; d++)
            pld_free(sides[i].pieces[d]);
    pld_free(sides);
    return status;
}

pld_status pld_plan_create(int nitems, const struct pld_plan_item *items,
                           int rank, struct pld_plan *out)
{
    pld_status status = PLD_OK;
    *out = (struct pld_plan){0};
    PLD_TRY_TO(out, build(nitems, items, rank, SEND, &out->sends));
    PLD_TRY_TO(out, build(nitems, items, rank, RECEIVE, &out->receives));
    PLD_TRY_TO(out, build(nitems, items, rank, COPY, &out->copies));
    PLD_TRY_TO(out, build(nitems, items, rank, WRAP, &out->wraps));
    return PLD_OK;
out:
    pld_plan_destroy(out);
    return status;
}

void pld_plan_destroy(struct pld_plan *plan)
{
    pld_transfers_destroy(&plan->wraps);
    pld_transfers_destroy(&plan->copies);
    pld_transfers_destroy(&plan->receives);
    pld_transfers_destroy(&plan->sends);
}
