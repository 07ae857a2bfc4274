#include "polder/matrix.h"

#include "linalg/fetch.h"
#include "linalg/operand.h"
#include "linalg/product.h"

#include "polder/agree.h"

/* Each rank takes what it owns of the result, row by column, from whoever holds
 * it: one pass over memory, on the node without messages. */

struct copying {
    pld_ctx *ctx;
    struct pld_operand_matrix in, out;
    struct pld_source source;
};

static pld_status check(const pld_matrix *in, const pld_matrix *out,
                        struct copying *all)
{
    PLD_TRY(pld_operand_create(in, "in", &all->in));
    PLD_TRY(pld_operand_create(out, "out", &all->out));
    PLD_TRY(pld_operand_check_pair(&all->out, "out", &all->in, "in"));
    PLD_CHECK(all->out.form == PLD_PLAIN, PLD_ERR_ARG,
              "out->form is %d: out is taken as it is", (int)all->out.form);
    PLD_CHECK(all->in.field != all->out.field ||
                  pld_box_empty(pld_box_intersect(all->in.box, all->out.box)),
              PLD_ERR_ARG,
              "in and out share elements of field \"%s\": give out a field of "
              "its own",
              all->in.field->name);
    const int64_t *from = all->in.size;
    const int64_t *to = all->out.size;
    PLD_CHECK(from[0] == to[0] && from[1] == to[1], PLD_ERR_SHAPE,
              "in is %lld x %lld after its form, but out is %lld x %lld",
              (long long)from[0], (long long)from[1], (long long)to[0],
              (long long)to[1]);
    return PLD_OK;
}

/* What must be the same on all ranks. */
struct terms {
    pld_box box[2];
    int64_t form;
};

static pld_status agree(const struct copying *all)
{
    const struct terms terms = {.box = {all->in.box, all->out.box},
                                .form = all->in.form};
    return pld_agree_same(all->ctx, "boxes or form of a copy of matrices",
                          &terms, sizeof terms);
}

static pld_box part_of(const void *data, int holder, int reader)
{
    const struct copying *all = data;
    int64_t first[2];
    int64_t count[2];
    pld_operand_owned(&all->out, reader, first, count);
    return pld_box_intersect(pld_operand_box(&all->in, first, count),
                             pld_source_held_by(&all->source, holder));
}

/* Elements of out by the indices that they have in the field of in. */
static struct pld_block landing(const struct copying *all)
{
    struct pld_block block = pld_field_block(all->out.field);
    bool turned = all->in.form != PLD_PLAIN;
    struct pld_block out = block;
    uintptr_t at = (uintptr_t)block.data;
    for (int d = 0; d < 2; d++) {
        int to = turned ? 1 - d : d;
        out.stride[d] = block.stride[to];
        at += (uintptr_t)((all->out.box.first[to] - all->in.box.first[d]) *
                          out.stride[d]);
    }
    out.data = (char *)at;
    return out;
}

static void conjugate(const struct copying *all)
{
    struct pld_block block = pld_field_block(all->out.field);
    pld_box own = pld_box_intersect(all->out.box, all->out.field->owned);
    if (pld_box_empty(own))
        return;
    for (int64_t i = 0; i < own.count[0]; i++)
        for (int64_t j = 0; j < own.count[1]; j++) {
            const int64_t at[] = {own.first[0] + i, own.first[1] + j, 0};
            pld_conjugate_row(1, pld_block_at(&block, at));
        }
}

static pld_status move(struct copying *all, int tag)
{
    struct pld_fetch fetch = {.source = NULL};
    const struct pld_demand demand = {.part = part_of,
                                      .data = all,
                                      .end_holder = all->ctx->nranks,
                                      .end_reader = all->ctx->nranks};
    const struct pld_block to = landing(all);
    pld_status status =
        pld_fetch_begin(&fetch, &all->source, &demand, &to, tag);
    if (status == PLD_OK)
        status = pld_fetch_end(&fetch);
    pld_fetch_destroy(&fetch);
    if (status == PLD_OK && all->in.form == PLD_CONJUGATED &&
        all->in.field->type == PLD_C128)
        conjugate(all);
    return status;
}

static pld_status run(struct copying *all)
{
    struct pld_source *source = &all->source;
    int tag = pld_ctx_tag(all->ctx);
    pld_source_of_field(all->in.field, source);
    PLD_TRY(pld_source_open(all->ctx, 1, &source));
    /* Nobody reads before all have come, nor goes before all have read. */
    PLD_TRY(pld_agree(all->ctx, PLD_OK));
    PLD_TRY(pld_agree(all->ctx, move(all, tag)));
    return pld_field_touch(all->out.field);
}

static pld_status find_ctx(const pld_matrix *in, const pld_matrix *out,
                           pld_ctx **found)
{
    const pld_product_spec spec = {.a = in ? *in : (pld_matrix){NULL},
                                   .c = out ? *out : (pld_matrix){NULL}};
    return pld_product_find_ctx(&spec, found);
}

pld_status pld_matrix_copy(const pld_matrix *in, const pld_matrix *out)
{
    struct copying all = {.ctx = NULL};
    PLD_TRY(find_ctx(in, out, &all.ctx));
    PLD_TRY(pld_agree(all.ctx, check(in, out, &all)));
    PLD_TRY(agree(&all));
    pld_status status = run(&all);
    pld_source_close(&all.source);
    PLD_TRY(status);
    return PLD_OK;
}
