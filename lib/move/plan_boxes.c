#include "move/plan_boxes.h"

#include "base/alloc.h"

enum direction { SEND, RECEIVE, COPY };

/* What is found, in the order of the asks; only counted without `list`. */
struct search {
    const struct pld_plan_boxes *what;
    int rank;
    int part[PLD_MAXDIM]; /* of this rank */
    enum direction direction;
    int64_t found;
    struct pld_transfer *list;
};

/* A box, in pieces along each dimension. */
struct pieces {
    int64_t n[PLD_MAXDIM];
    struct pld_piece *of[PLD_MAXDIM];
};

static int64_t pieces_along(const struct search *search, pld_box box, int d,
                            struct pld_piece *out)
{
    const struct pld_parts *holds = &search->what->holds[d];
    if (search->direction == RECEIVE)
        return pld_pieces_of(holds, box.first[d], box.count[d], out);
    return pld_pieces_of_part(holds, search->part[d], box.first[d],
                              box.count[d], out);
}

static void drop_pieces(struct pieces *pieces)
{
    for (int d = 0; d < PLD_MAXDIM; d++)
        pld_free(pieces->of[d]);
}

static pld_status find_pieces(const struct search *search, pld_box box,
                              struct pieces *out)
{
    pld_status status = PLD_OK;
    *out = (struct pieces){.n = {0}};
    for (int d = 0; d < PLD_MAXDIM; d++) {
        out->n[d] = pieces_along(search, box, d, NULL);
        PLD_TRY_TO(out, pld_alloc("pieces of a box", out->n[d],
                                  sizeof *out->of[d], &out->of[d]));
        pieces_along(search, box, d, out->of[d]);
    }
    return PLD_OK;
out:
    drop_pieces(out);
    return status;
}

/* The `n`-th box that one piece of each dimension makes, the last dimension
 * fastest; `peer` becomes its holder. */
static struct pld_transfer join(const struct search *search,
                                const struct pieces *pieces, int64_t n)
{
    struct pld_transfer transfer = {.peer = 0};
    int stride = 1;
    for (int d = PLD_MAXDIM - 1; d >= 0; d--) {
        const struct pld_piece *piece = &pieces->of[d][n % pieces->n[d]];
        n /= pieces->n[d];
        transfer.peer += piece->part * stride;
        stride *= search->what->holds[d].nparts;
        transfer.box.first[d] = piece->first;
        transfer.box.count[d] = piece->count;
        transfer.shift[d] = piece->shift;
    }
    return transfer;
}

static void add(struct search *search, struct pld_transfer transfer)
{
    if (search->list)
        search->list[search->found] = transfer;
    search->found++;
}

static bool gives(const struct search *search, int giver, int asker)
{
    const struct pld_plan_boxes *what = search->what;
    return !what->gives || what->gives(giver, asker, what->data);
}

/* As it is wanted: copies are found from the holder's side. */
static void shift(struct pld_transfer *transfer)
{
    for (int d = 0; d < PLD_MAXDIM; d++)
        transfer->box.first[d] += transfer->shift[d];
}

static pld_status search_box(struct search *search, const struct pld_ask *ask,
                             int64_t item)
{
    struct pieces pieces;
    PLD_TRY(find_pieces(search, ask->boxes[item], &pieces));
    int64_t total = pieces.n[0] * pieces.n[1] * pieces.n[2];
    for (int64_t n = 0; n < total; n++) {
        struct pld_transfer transfer = join(search, &pieces, n);
        if (!gives(search, transfer.peer, ask->rank))
            continue;
        if (search->direction == RECEIVE && transfer.peer == search->rank)
            continue;
        if (search->direction == COPY)
            shift(&transfer);
        if (search->direction == SEND)
            transfer.peer = ask->rank;
        else
            transfer.item = (int)item;
        add(search, transfer);
    }
    drop_pieces(&pieces);
    return PLD_OK;
}

static pld_status search_all(struct search *search)
{
    const struct pld_plan_boxes *what = search->what;
    bool own = search->direction != SEND;
    search->found = 0;
    for (int64_t i = 0; i < what->nasks; i++) {
        const struct pld_ask *ask = &what->asks[i];
        if ((ask->rank == search->rank) != own)
            continue;
        for (int64_t n = 0; n < ask->nboxes; n++)
            if (!pld_box_empty(ask->boxes[n]))
                PLD_TRY(search_box(search, ask, n));
    }
    return PLD_OK;
}

static int64_t most_boxes(const struct pld_plan_boxes *what)
{
    int64_t most = 1;
    for (int64_t i = 0; i < what->nasks; i++)
        if (what->asks[i].nboxes > most)
            most = what->asks[i].nboxes;
    return most;
}

static pld_status lay_out(const struct pld_plan_boxes *what,
                          struct pld_transfers *list)
{
    struct pld_element *elements = NULL;
    int64_t n = most_boxes(what);
    PLD_TRY(pld_alloc("elements of a plan", n, sizeof *elements, &elements));
    for (int64_t i = 0; i < n; i++)
        elements[i] = what->element;
    pld_status status = pld_transfers_lay_out(elements, list);
    pld_free(elements);
    return status;
}

static pld_status build(const struct pld_plan_boxes *what, int rank,
                        enum direction direction, struct pld_transfers *out)
{
    struct search search = {.what = what, .rank = rank, .direction = direction};
    int rest = rank;
    for (int d = PLD_MAXDIM - 1; d >= 0; d--) {
        search.part[d] = rest % what->holds[d].nparts;
        rest /= what->holds[d].nparts;
    }
    PLD_TRY(search_all(&search));
    out->ntransfers = search.found;
    PLD_TRY(pld_alloc("transfers of a plan", out->ntransfers,
                      sizeof *out->transfers, &out->transfers));
    search.list = out->transfers;
    PLD_TRY(search_all(&search));
    return lay_out(what, out);
}

pld_status pld_plan_create_boxes(const struct pld_plan_boxes *what, int rank,
                                 struct pld_plan *out)
{
    pld_status status = PLD_OK;
    *out = (struct pld_plan){0};
    PLD_TRY_TO(out, build(what, rank, SEND, &out->sends));
    PLD_TRY_TO(out, build(what, rank, RECEIVE, &out->receives));
    PLD_TRY_TO(out, build(what, rank, COPY, &out->copies));
    return PLD_OK;
out:
    pld_plan_destroy(out);
    return status;
}
