#include "polder/reduction.h"
#include "par/reduction.h"
#include "base/alloc.h"
#include "par/reduction_board.h"
#include "polder/agree.h"

#include <string.h>

pld_term pld_term_of(pld_measure what, pld_type type, int64_t n, const void *x,
                     void *out)
{
    return (pld_term){.what = what,
                      .type = type,
                      .box = {.count = {1, 1, n}},
                      .x = {.data = x},
                      .out = out};
}

/* --- Creating ------------------------------------------------------------- */

static pld_status copy_edges(pld_reduction *reduction)
{
    int64_t n = 0;
    for (int i = 0; i < reduction->nterms; i++)
        if (reduction->terms[i].edges != NULL)
            n += reduction->terms[i].nbins + 1;
    PLD_TRY(pld_alloc("edges of bins", n, sizeof *reduction->edges,
                      &reduction->edges));
    double *next = reduction->edges;
    for (int i = 0; i < reduction->nterms; i++) {
        pld_term *term = &reduction->terms[i];
        if (term->edges == NULL)
            continue;
        size_t count = (size_t)term->nbins + 1;
        memcpy(next, term->edges, count * sizeof *next);
        term->edges = next;
        next += count;
    }
    return PLD_OK;
}

static pld_status copy_terms(pld_reduction *reduction, const pld_term *terms)
{
    PLD_TRY(pld_alloc("terms", reduction->nterms, sizeof *terms,
                      &reduction->terms));
    for (int i = 0; i < reduction->nterms; i++)
        reduction->terms[i] = pld_term_complete(&terms[i]);
    return copy_edges(reduction);
}

/* Of one term at a time, all 0 in between. */
static pld_status allocate_sums(pld_reduction *reduction)
{
    int64_t n = pld_batch_sums(reduction->nterms, reduction->terms);
    PLD_TRY(pld_alloc("sums of a reduction", n, sizeof *reduction->sums,
                      &reduction->sums));
    for (int64_t i = 0; i < n; i++)
        pld_exact_clear(&reduction->sums[i]);
    return PLD_OK;
}

static void release(pld_reduction *reduction)
{
    if (reduction == NULL)
        return;
    pld_free(reduction->sums);
    pld_free(reduction->edges);
    pld_free(reduction->terms);
    reduction->alive = 0;
    pld_free(reduction);
}

/* Everything that one rank can do alone. */
static pld_status prepare(pld_ctx *ctx, int nterms, const pld_term *terms,
                          pld_reduction **out)
{
    PLD_TRY(pld_terms_check(nterms, terms));
    pld_reduction *reduction = NULL;
    pld_status status = PLD_OK;
    PLD_TRY(pld_alloc("reduction", 1, sizeof *reduction, &reduction));
    *reduction = (pld_reduction){.ctx = ctx, .nterms = nterms};
    PLD_TRY_TO(out, copy_terms(reduction, terms));
    PLD_TRY_TO(out, allocate_sums(reduction));
    reduction->alive = PLD_REDUCTION_ALIVE;
    *out = reduction;
    return PLD_OK;
out:
    release(reduction);
    return status;
}

static pld_status prepare_spec(pld_ctx *ctx, const pld_reduction_spec *spec,
                               pld_reduction **out, pld_reduction **draft)
{
    PLD_CHECK(out != NULL, PLD_ERR_ARG, "out is NULL");
    PLD_CHECK(spec != NULL, PLD_ERR_ARG, "spec is NULL");
    return prepare(ctx, spec->nterms, spec->terms, draft);
}

/* Collective, agreed. */
static pld_status open_board(pld_reduction *r)
{
    PLD_TRY(pld_board_create(
        r->ctx, pld_batch_words(r->ctx, r->nterms, r->terms), &r->board));
    int scalars = !pld_board_merges(r->board) &&
                  pld_batch_is_scalars(r->nterms, r->terms);
    PLD_TRY_MPI(MPI_Allreduce(MPI_IN_PLACE, &scalars, 1, MPI_INT, MPI_MIN,
                              r->ctx->comm));
    r->scalars = scalars != 0;
    return PLD_OK;
}

pld_status pld_reduction_create(pld_ctx *ctx, const pld_reduction_spec *spec,
                                pld_reduction **out)
{
    PLD_CHECK(ctx != NULL, PLD_ERR_ARG, "ctx is NULL");
    pld_reduction *draft = NULL;
    pld_status status = prepare_spec(ctx, spec, out, &draft);
    PLD_TRY_TO(out, pld_agree(ctx, status));
    PLD_TRY_TO(out, pld_terms_agree(ctx, spec->nterms, spec->terms));
    PLD_TRY_TO(out, open_board(draft));
    pld_ctx_retain(ctx, PLD_KIND_REDUCTION);
    *out = draft;
    return PLD_OK;
out:
    release(draft);
    return status;
}

/* --- Running -------------------------------------------------------------- */

static pld_status check(const pld_reduction *reduction)
{
    PLD_CHECK(reduction != NULL, PLD_ERR_ARG, "reduction is NULL");
    PLD_CHECK(reduction->alive == PLD_REDUCTION_ALIVE, PLD_ERR_ARG,
              "reduction is not a live reduction");
    return PLD_OK;
}

static pld_status send(pld_reduction *r)
{
    if (!r->scalars)
        return pld_batch_post(r->ctx, r->board, r->nterms, r->terms, r->sums);
    pld_scalars_post(r->board, r->nterms, r->terms);
    return PLD_OK;
}

static pld_status receive(pld_reduction *r)
{
    if (r->scalars)
        return pld_scalars_conclude(r->board, r->nterms, r->terms);
    return pld_batch_conclude(r->ctx, r->board, r->nterms, r->terms, r->sums);
}

static pld_status check_idle(const pld_reduction *reduction)
{
    PLD_TRY(check(reduction));
    PLD_CHECK(!reduction->begun, PLD_ERR_STATE,
              "the reduction has begun already: end it first");
    return PLD_OK;
}

pld_status pld_reduction_begin(pld_reduction *reduction)
{
    PLD_TRY(check_idle(reduction));
    pld_phase_begin(reduction->ctx, PLD_PHASE_REDUCE);
    pld_status status = send(reduction);
    pld_phase_end(reduction->ctx, PLD_PHASE_REDUCE);
    PLD_TRY(status);
    reduction->begun = true;
    return PLD_OK;
}

pld_status pld_reduction_end(pld_reduction *reduction)
{
    PLD_TRY(check(reduction));
    PLD_CHECK(reduction->begun, PLD_ERR_STATE,
              "the reduction has not begun: begin it first");
    reduction->begun = false;
    pld_phase_begin(reduction->ctx, PLD_PHASE_REDUCE);
    pld_status status = receive(reduction);
    pld_phase_end(reduction->ctx, PLD_PHASE_REDUCE);
    PLD_TRY(status);
    return PLD_OK;
}

pld_status pld_reduction_run(pld_reduction *reduction)
{
    PLD_TRY(check_idle(reduction));
    pld_phase_begin(reduction->ctx, PLD_PHASE_REDUCE);
    pld_status status = send(reduction);
    if (status == PLD_OK)
        status = receive(reduction);
    pld_phase_end(reduction->ctx, PLD_PHASE_REDUCE);
    PLD_TRY(status);
    return PLD_OK;
}

pld_status pld_reduction_destroy(pld_reduction **reduction)
{
    PLD_CHECK(reduction != NULL, PLD_ERR_ARG, "reduction is NULL");
    if (*reduction == NULL)
        return PLD_OK;
    PLD_TRY(check(*reduction));
    PLD_CHECK(!(*reduction)->begun, PLD_ERR_STATE,
              "the reduction is under way: end it first");
    pld_ctx_release((*reduction)->ctx, PLD_KIND_REDUCTION);
    pld_board_destroy(&(*reduction)->board);
    release(*reduction);
    *reduction = NULL;
    return PLD_OK;
}

static pld_status run_on_board(pld_ctx *ctx, int nterms, const pld_term *terms,
                               pld_exact *sums, int64_t nsums)
{
    for (int64_t i = 0; i < nsums; i++)
        pld_exact_clear(&sums[i]);
    PLD_TRY(pld_batch_post(ctx, ctx->board, nterms, terms, sums));
    return pld_batch_conclude(ctx, ctx->board, nterms, terms, sums);
}

/* Sums of a term are on the stack, if it has no bins. */
static pld_status once_by_board(pld_ctx *ctx, int nterms, const pld_term *terms)
{
    enum { FEW = 3 };
    pld_exact few[FEW];
    pld_exact *many = NULL;
    int64_t nsums = pld_batch_sums(nterms, terms);
    if (nsums <= FEW)
        return run_on_board(ctx, nterms, terms, few, nsums);
    pld_status status = pld_alloc("sums of bins", nsums, sizeof *many, &many);
    if (status == PLD_OK)
        status = run_on_board(ctx, nterms, terms, many, nsums);
    else
        status = pld_board_fail(ctx->board, status);
    pld_free(many);
    return status;
}

/* Of more than the context's board has room for. */
static pld_status once_by_itself(pld_ctx *ctx, int nterms,
                                 const pld_term *terms)
{
    pld_reduction *reduction = NULL;
    pld_reduction_spec spec = {.nterms = nterms, .terms = terms};
    PLD_TRY(pld_reduction_create(ctx, &spec, &reduction));
    pld_status status = pld_reduction_run(reduction);
    pld_status destroyed = pld_reduction_destroy(&reduction);
    return status != PLD_OK ? status : destroyed;
}

pld_status pld_reduction_once(pld_ctx *ctx, int nterms, const pld_term *terms)
{
    PLD_CHECK(ctx != NULL, PLD_ERR_ARG, "ctx is NULL");
    pld_status status = pld_terms_check(nterms, terms);
    if (status != PLD_OK)
        return pld_board_fail(ctx->board, status);
    if (pld_batch_words(ctx, nterms, terms) > pld_board_nwords(ctx->board))
        return once_by_itself(ctx, nterms, terms);
    pld_phase_begin(ctx, PLD_PHASE_REDUCE);
    status = once_by_board(ctx, nterms, terms);
    pld_phase_end(ctx, PLD_PHASE_REDUCE);
    return status;
}
