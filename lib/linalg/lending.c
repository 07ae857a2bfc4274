#include "linalg/lending.h"

#include "base/alloc.h"
#include "move/plan_boxes.h"
#include "move/transport.h"
#include "par/shared.h"
#include "polder/agree.h"

enum { MOST_SHELLS = 6 };

/* Some borrowed rows. */
struct shell {
    pld_box rows;
    char *data;
    struct pld_block block; /* of rows, dense */
};

struct pld_lending {
    pld_ctx *ctx;
    int nshells;
    struct shell shells[MOST_SHELLS];
    int ntransports; /* one for each source */
    struct pld_transport **borrow;
    struct pld_transport **give_back;
};

static const int64_t unmoved[PLD_MAXDIM];

/* --- Who borrows what ----------------------------------------------------- */

static pld_box rows_owned_by(const struct pld_tiled *tiled, int rank)
{
    pld_box box = pld_field_owned_by(tiled->sources[0].field, rank);
    if (tiled->is_matrix) {
        box.first[1] = 0;
        box.count[1] = box.count[0] > 0 ? 1 : 0;
    }
    return box;
}

/* The rows that a rank borrows; returns the number of boxes. */
static int borrowed_by(const struct pld_tiled *tiled, int rank,
                       pld_box out[MOST_SHELLS])
{
    pld_box tiles = pld_tree_tiles(&tiled->tiling.tree, rank);
    if (pld_box_empty(tiles))
        return 0;
    pld_box want = pld_tiling_box(&tiled->tiling, tiles);
    if (!tiled->is_staged)
        return pld_box_subtract(want, rows_owned_by(tiled, rank), out);
    out[0] = want;
    return 1;
}

/* Rows as points of the field. */
static pld_box points_of(const struct pld_tiled *tiled, pld_box rows)
{
    if (tiled->is_matrix)
        rows.count[1] = tiled->ncolumns;
    return rows;
}

static bool borrows(const struct pld_tiled *tiled)
{
    int reads = PLD_TALL_READS | (tiled->is_staged ? PLD_TALL_READS_ROWS : 0);
    return (tiled->uses & reads) != 0;
}

static bool gives_back(const struct pld_tiled *tiled)
{
    int writes =
        PLD_TALL_WRITES_TILES | (tiled->is_staged ? PLD_TALL_WRITES_ROWS : 0);
    return (tiled->uses & writes) != 0;
}

static bool is_needed(const struct pld_tiled *tiled)
{
    if (!borrows(tiled) && !gives_back(tiled))
        return false;
    pld_box boxes[MOST_SHELLS];
    for (int rank = 0; rank < tiled->ctx->nranks; rank++)
        if (borrowed_by(tiled, rank, boxes) > 0)
            return true;
    return false;
}

/* --- Plans ---------------------------------------------------------------- */

struct asks {
    struct pld_ask *list;
    pld_box *boxes; /* MOST_SHELLS for each rank */
};

/* Those that concern this rank. */
static void find_asks(const struct pld_tiled *tiled, struct asks *asks,
                      struct pld_plan_boxes *what)
{
    const pld_field *field = tiled->sources[0].field;
    for (int rank = 0; rank < tiled->ctx->nranks; rank++) {
        pld_box *boxes = asks->boxes + (int64_t)rank * MOST_SHELLS;
        int n = borrowed_by(tiled, rank, boxes);
        bool concerns = rank == tiled->ctx->rank;
        for (int i = 0; i < n; i++) {
            boxes[i] = points_of(tiled, boxes[i]);
            concerns =
                concerns ||
                !pld_box_empty(pld_box_intersect(boxes[i], field->owned));
        }
        if (n > 0 && concerns)
            asks->list[what->nasks++] =
                (struct pld_ask){.rank = rank, .nboxes = n, .boxes = boxes};
    }
    what->asks = asks->list;
}

static pld_status make_plan(const struct pld_tiled *tiled,
                            const pld_field *field, struct pld_plan *out)
{
    pld_status status = PLD_OK;
    struct asks asks = {.list = NULL};
    int64_t nranks = tiled->ctx->nranks;
    struct pld_plan_boxes what = {
        .element = {.ncomps = field->ncomps,
                    .size = pld_type_size(field->type)}};
    for (int d = 0; d < PLD_MAXDIM; d++)
        what.holds[d] =
            (struct pld_parts){.nparts = field->grid->nprocs[d],
                               .cuts = field->grid->cuts[d],
                               .size = pld_field_domain(field).count[d]};
    PLD_TRY_TO(
        out, pld_alloc("asks for rows", nranks, sizeof *asks.list, &asks.list));
    PLD_TRY_TO(out, pld_alloc("boxes of rows", nranks * MOST_SHELLS,
                              sizeof *asks.boxes, &asks.boxes));
    find_asks(tiled, &asks, &what);
    PLD_TRY_TO(out, pld_plan_create_boxes(&what, tiled->ctx->rank, out));
out:
    pld_free(asks.boxes);
    pld_free(asks.list);
    return status;
}

/* What was received is sent back. */
static void reverse(struct pld_plan *plan)
{
    struct pld_transfers sends = plan->sends;
    plan->sends = plan->receives;
    plan->receives = sends;
}

/* --- Setting up ----------------------------------------------------------- */

static pld_status make_shells(const struct pld_tiled *tiled,
                              struct pld_lending *out)
{
    pld_box rows[MOST_SHELLS];
    size_t size = pld_type_size(tiled->type);
    int n = borrowed_by(tiled, tiled->ctx->rank, rows);
    for (int i = 0; i < n; i++) {
        struct shell *shell = &out->shells[out->nshells++];
        shell->rows = rows[i];
        PLD_TRY(pld_shared_alloc(out->ctx, "borrowed rows",
                                 pld_box_volume(rows[i]) * tiled->ncolumns,
                                 size, &shell->data));
        shell->block = pld_block_dense(shell->data, rows[i], PLD_INTERLEAVED,
                                       (int)tiled->ncolumns, size);
    }
    return PLD_OK;
}

/* Where a source's part of a shell is, as points of its field. */
static struct pld_block shell_points(const struct pld_tiled *tiled,
                                     const struct shell *shell,
                                     const struct pld_tall_source *source)
{
    if (tiled->is_matrix)
        return pld_block_dense(shell->data, points_of(tiled, shell->rows),
                               PLD_INTERLEAVED, 1, shell->block.size);
    return pld_block_components(shell->block, (int)source->first_column,
                                source->field->ncomps);
}

static pld_status make_transport(const struct pld_tiled *tiled,
                                 struct pld_lending *lending, int i, bool back)
{
    const struct pld_tall_source *source = &tiled->sources[i];
    struct pld_transport_item items[MOST_SHELLS];
    struct pld_block field = pld_field_block(source->field);
    struct pld_plan plan;
    for (int s = 0; s < MOST_SHELLS; s++) {
        struct pld_block shell =
            s < lending->nshells
                ? shell_points(tiled, &lending->shells[s], source)
                : field;
        items[s] = (struct pld_transport_item){.from = back ? shell : field,
                                               .to = back ? field : shell,
                                               .layout = source->field->layout};
    }
    PLD_TRY(make_plan(tiled, source->field, &plan));
    if (back)
        reverse(&plan);
    pld_status status = pld_transport_create(
        lending->ctx, pld_ctx_tag(lending->ctx), &plan, items,
        back ? &lending->give_back[i] : &lending->borrow[i]);
    pld_plan_destroy(&plan);
    return status;
}

static pld_status create_alone(const struct pld_tiled *tiled,
                               struct pld_lending *out)
{
    int n = tiled->nsources;
    out->ntransports = n;
    PLD_TRY(pld_alloc("borrowings", n, sizeof *out->borrow, &out->borrow));
    PLD_TRY(
        pld_alloc("givings back", n, sizeof *out->give_back, &out->give_back));
    PLD_TRY(make_shells(tiled, out));
    for (int i = 0; i < n; i++) {
        if (borrows(tiled))
            PLD_TRY(make_transport(tiled, out, i, false));
        if (gives_back(tiled))
            PLD_TRY(make_transport(tiled, out, i, true));
    }
    return PLD_OK;
}

static pld_status connect(const struct pld_lending *lending,
                          struct pld_transport **list)
{
    for (int i = 0; i < lending->ntransports; i++)
        if (list[i])
            PLD_TRY(pld_transport_connect(list[i]));
    return PLD_OK;
}

static pld_status move(const struct pld_lending *lending,
                       struct pld_transport **list)
{
    for (int i = 0; i < lending->ntransports; i++)
        if (list[i])
            PLD_TRY(pld_transport_begin(list[i]));
    for (int i = 0; i < lending->ntransports; i++)
        if (list[i])
            PLD_TRY(pld_transport_end(list[i]));
    return PLD_OK;
}

pld_status pld_lending_create(const struct pld_tiled *tiled,
                              struct pld_lending **out)
{
    pld_ctx *ctx = tiled->ctx;
    if (!is_needed(tiled))
        return PLD_OK;
    PLD_TRY(pld_agree(ctx, pld_alloc("lending", 1, sizeof **out, out)));
    (*out)->ctx = ctx;
    PLD_TRY(pld_agree(ctx, create_alone(tiled, *out)));
    PLD_TRY(connect(*out, (*out)->borrow));
    PLD_TRY(connect(*out, (*out)->give_back));
    return pld_agree(ctx, move(*out, (*out)->borrow));
}

pld_status pld_lending_return(struct pld_lending *lending)
{
    return move(lending, lending->give_back);
}

static pld_status destroy_all(struct pld_transport **list, int n)
{
    pld_status status = PLD_OK;
    for (int i = 0; list != NULL && i < n; i++) {
        pld_status one = pld_transport_destroy(&list[i]);
        status = status == PLD_OK ? one : status;
    }
    pld_free(list);
    return status;
}

pld_status pld_lending_destroy(struct pld_lending **lending)
{
    struct pld_lending *old = *lending;
    if (old == NULL)
        return PLD_OK;
    pld_status status = destroy_all(old->give_back, old->ntransports);
    pld_status second = destroy_all(old->borrow, old->ntransports);
    for (int i = 0; i < old->nshells; i++)
        pld_shared_free(old->ctx, old->shells[i].data);
    pld_free(old);
    *lending = NULL;
    return status == PLD_OK ? second : status;
}

/* --- Use ------------------------------------------------------------------ */

struct pld_block pld_lending_stage(const struct pld_lending *lending)
{
    return lending->shells[0].block;
}

void pld_lending_load(const struct pld_lending *lending,
                      const struct pld_block *to, pld_box box)
{
    for (int i = 0; i < lending->nshells; i++) {
        const struct shell *shell = &lending->shells[i];
        pld_box some = pld_box_intersect(shell->rows, box);
        if (!pld_box_empty(some))
            pld_block_copy(&shell->block, some, to, unmoved);
    }
}

void pld_lending_store(const struct pld_lending *lending,
                       const struct pld_block *from, pld_box box)
{
    for (int i = 0; i < lending->nshells; i++) {
        const struct shell *shell = &lending->shells[i];
        pld_box some = pld_box_intersect(shell->rows, box);
        if (!pld_box_empty(some))
            pld_block_copy(from, some, &shell->block, unmoved);
    }
}
