#include "linalg/rowop.h"
#include "linalg/tall.h"

#include <inttypes.h>

#include "polder/agree.h"

struct update {
    struct pld_tiled a;
    struct pld_tiled to;
    struct pld_rowop op;
};

static void visit(const struct pld_tile *tile, void *data)
{
    struct update *update = data;
    struct pld_tile to = pld_tiled_place_box(&update->to, tile->box);
    pld_rowop_run(&update->op, tile, &to);
    pld_tiled_store(&update->to, &to);
}

static bool is_same(const pld_tall *a, const pld_tall *b)
{
    if (a->matrix != NULL || b->matrix != NULL)
        return a->matrix == b->matrix;
    if (a->nfields != b->nfields)
        return false;
    for (int i = 0; i < a->nfields; i++)
        if (a->fields[i] != b->fields[i])
            return false;
    return true;
}

static bool share_field(const struct pld_tiled *a, const struct pld_tiled *b)
{
    for (int i = 0; i < a->nsources; i++)
        for (int j = 0; j < b->nsources; j++)
            if (a->sources[i].field == b->sources[j].field)
                return true;
    return false;
}

static pld_status prepare(const pld_tall *a, const void *x, const pld_tall *to,
                          struct update *update)
{
    PLD_CHECK(x != NULL, PLD_ERR_ARG, "x is NULL");
    PLD_CHECK(is_same(a, to) || !share_field(&update->a, &update->to),
              PLD_ERR_ARG,
              "a and to share a field, but are not the same fields in the same "
              "order");
    return pld_rowop_multiply(update->a.type, update->a.ncolumns,
                              update->to.ncolumns, x, false, &update->op);
}

static pld_status open_both(const pld_tall *a, const pld_tall *to,
                            struct update *update)
{
    int64_t width = 0;
    int64_t more = 0;
    pld_ctx *ctx;
    PLD_TRY(pld_tall_ctx(a, "a", &ctx));
    pld_status status = pld_tall_shape(a, NULL, &width);
    if (status == PLD_OK)
        status = pld_tall_shape(to, NULL, &more);
    PLD_TRY(pld_agree(ctx, status));
    PLD_TRY(
        pld_tiled_open(a, "a", PLD_TALL_READS_ROWS, width + more, &update->a));
    return pld_tiled_open_like(to, "to", PLD_TALL_WRITES_ROWS, &update->a,
                               &update->to);
}

pld_status pld_tall_multiply(const pld_tall *a, const void *x,
                             const pld_tall *to)
{
    pld_status status = PLD_OK;
    struct update update = {.op = {.x = NULL}};
    PLD_TRY_TO(out, open_both(a, to, &update));
    PLD_TRY_TO(out, pld_agree(update.a.ctx, prepare(a, x, to, &update)));
    const struct pld_tiled_tour tour = {
        .reads = true, .visit = visit, .data = &update};
    pld_tiled_each(&update.a, &tour);
    PLD_TRY_TO(out, pld_tiled_written(&update.to));
out:
    pld_rowop_destroy(&update.op);
    pld_status second = pld_tiled_close(&update.to);
    pld_status third = pld_tiled_close(&update.a);
    return status != PLD_OK ? status : second != PLD_OK ? second : third;
}
