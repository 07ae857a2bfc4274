#include "polder/reduction.h"
#include "par/reduction.h"
#include "base/alloc.h"
#include "par/envelope.h"
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

static void count_parts(pld_reduction *reduction)
{
    struct pld_parts *all = &reduction->parts;
    for (int i = 0; i < reduction->nterms; i++) {
        struct pld_parts parts = pld_term_parts(&reduction->terms[i]);
        all->nsums += parts.nsums;
        all->ncounts += parts.ncounts;
        all->nplain += parts.nplain;
        all->nextremes += parts.nextremes;
        all->nbytes += parts.nbytes;
    }
}

static void choose_forms(pld_reduction *reduction)
{
    pld_exact_form *form = reduction->forms;
    for (int i = 0; i < reduction->nterms; i++) {
        const pld_term *term = &reduction->terms[i];
        int64_t n = pld_term_parts(term).nsums;
        for (int64_t s = 0; s < n; s++)
            *form++ = pld_term_form(term, s);
    }
}

static void *take(char *room, size_t *used, int64_t count, size_t size)
{
    const size_t line = 64;
    size_t at = *used;
    *used += ((size_t)count * size + line - 1) / line * line;
    return room != NULL ? room + at : NULL;
}

/* Place all parts in `room`; returns how many bytes that takes. */
static size_t place_parts(pld_reduction *r, char *room)
{
    const struct pld_parts *parts = &r->parts;
    size_t used = 0;
    r->sums = take(room, &used, parts->nsums, sizeof *r->sums);
    r->totals = take(room, &used, parts->nsums, sizeof *r->totals);
    r->forms = take(room, &used, parts->nsums, sizeof *r->forms);
    r->windows = take(room, &used, parts->nsums, sizeof *r->windows);
    r->counts = take(room, &used, parts->ncounts, sizeof *r->counts);
    r->plain = take(room, &used, parts->nplain, sizeof *r->plain);
    r->extremes = take(room, &used, parts->nextremes, sizeof *r->extremes);
    r->record = take(room, &used, parts->nbytes, 1);
    r->gathered = take(room, &used, parts->nbytes, (size_t)r->ctx->nranks);
    r->words = take(room, &used, r->nwords[0], sizeof *r->words);
    return used;
}

static pld_status allocate_parts(pld_reduction *reduction)
{
    size_t bytes = place_parts(reduction, NULL);
    PLD_TRY(
        pld_alloc("parts of a reduction", (int64_t)bytes, 1, &reduction->room));
    place_parts(reduction, reduction->room);
    return PLD_OK;
}

static void release(pld_reduction *reduction)
{
    if (reduction == NULL)
        return;
    pld_wire_destroy(reduction);
    pld_free(reduction->room);
    pld_free(reduction->edges);
    pld_free(reduction->terms);
    reduction->alive = 0;
    pld_free(reduction);
}

/* Everything that one rank can do alone. */
static pld_status prepare(pld_ctx *ctx, int nterms, const pld_term *terms,
                          bool once, pld_reduction **out)
{
    PLD_TRY(pld_terms_check(nterms, terms));
    pld_reduction *reduction = NULL;
    pld_status status = PLD_OK;
    PLD_TRY(pld_alloc("reduction", 1, sizeof *reduction, &reduction));
    *reduction =
        (pld_reduction){.ctx = ctx,
                        .nterms = nterms,
                        .once = once,
                        .records = {MPI_DATATYPE_NULL, MPI_DATATYPE_NULL},
                        .requests = {MPI_REQUEST_NULL, MPI_REQUEST_NULL}};
    PLD_TRY_TO(out, copy_terms(reduction, terms));
    count_parts(reduction);
    PLD_TRY_TO(out, pld_wire_plan(reduction));
    PLD_TRY_TO(out, allocate_parts(reduction));
    choose_forms(reduction);
    for (int64_t i = 0; i < reduction->parts.nsums; i++)
        pld_exact_clear(&reduction->sums[i]);
    PLD_TRY_TO(out, pld_wire_create(reduction));
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
    return prepare(ctx, spec->nterms, spec->terms, false, draft);
}

/* Collective, agreed. */
static pld_status open_board(pld_reduction *r)
{
    int scalars = pld_batch_is_scalars(r->nterms, r->terms);
    PLD_TRY_MPI(MPI_Allreduce(MPI_IN_PLACE, &scalars, 1, MPI_INT, MPI_MIN,
                              r->ctx->comm));
    r->scalars = scalars != 0;
    return pld_board_create(r->ctx, pld_batch_words(r->nterms, r->terms),
                            &r->board);
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

static pld_status compute_terms(pld_reduction *reduction)
{
    struct pld_cursor at = pld_cursor_start(reduction, reduction->sums);
    for (int i = 0; i < reduction->nterms; i++) {
        PLD_TRY(pld_term_compute(&reduction->terms[i], at));
        pld_cursor_advance(&at, &reduction->terms[i]);
    }
    return PLD_OK;
}

static pld_status send_by_messages(pld_reduction *reduction, bool wait)
{
    PLD_TRY(compute_terms(reduction));
    return pld_wire_send(reduction, wait);
}

static pld_status send(pld_reduction *r, bool wait)
{
    if (r->board == NULL)
        return send_by_messages(r, wait);
    if (!r->scalars)
        return pld_batch_post(r->board, r->nterms, r->terms, r->sums);
    pld_scalars_post(r->board, r->nterms, r->terms);
    return PLD_OK;
}

static pld_status receive_messages(pld_reduction *reduction)
{
    PLD_TRY(pld_wire_receive(reduction));
    struct pld_cursor at = pld_cursor_start(reduction, reduction->totals);
    for (int i = 0; i < reduction->nterms; i++) {
        pld_term_conclude(&reduction->terms[i], at);
        pld_cursor_advance(&at, &reduction->terms[i]);
    }
    return PLD_OK;
}

static pld_status receive(pld_reduction *r)
{
    if (r->board == NULL)
        return receive_messages(r);
    if (r->scalars)
        return pld_scalars_conclude(r->board, r->nterms, r->terms);
    return pld_batch_conclude(r->board, r->nterms, r->terms, r->sums);
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
    pld_status status = send(reduction, false);
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
    pld_status status = send(reduction, true);
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

/* What must wait until all ranks are known to take part. */
static pld_status run_apart(pld_reduction *reduction)
{
    PLD_TRY(send_by_messages(reduction, true));
    return receive_messages(reduction);
}

/* Terms that fit go along with the question whether all ranks take part. */
static pld_status once_by_messages(pld_ctx *ctx, int nterms,
                                   const pld_term *terms)
{
    pld_reduction *reduction = NULL;
    uint64_t call = 0;
    int64_t nwords = 0;
    pld_status status = prepare(ctx, nterms, terms, true, &reduction);
    if (status == PLD_OK)
        call = pld_terms_digest(nterms, terms);
    if (status == PLD_OK && reduction->enveloped) {
        nwords = reduction->nwords[0];
        status = compute_terms(reduction);
    }
    if (status == PLD_OK && reduction->enveloped)
        status = pld_wire_pack(reduction);
    int64_t *words = reduction != NULL ? reduction->words : NULL;
    PLD_TRY_TO(out, pld_envelope_exchange(ctx, status, call, nwords, words));
    status = reduction->enveloped ? receive_messages(reduction)
                                  : run_apart(reduction);
out:
    release(reduction);
    return status;
}

static pld_status run_on_board(struct pld_board *board, int nterms,
                               const pld_term *terms, pld_exact *sums,
                               int64_t nsums)
{
    for (int64_t i = 0; i < nsums; i++)
        pld_exact_clear(&sums[i]);
    PLD_TRY(pld_batch_post(board, nterms, terms, sums));
    return pld_batch_conclude(board, nterms, terms, sums);
}

/* Sums of a term are on the stack, if it has no bins. */
static pld_status once_by_board(struct pld_board *board, int nterms,
                                const pld_term *terms)
{
    enum { FEW = 3 };
    pld_exact few[FEW];
    pld_exact *many = NULL;
    int64_t nsums = pld_batch_sums(nterms, terms);
    if (nsums <= FEW)
        return run_on_board(board, nterms, terms, few, nsums);
    pld_status status = pld_alloc("sums of bins", nsums, sizeof *many, &many);
    if (status == PLD_OK)
        status = run_on_board(board, nterms, terms, many, nsums);
    else
        status = pld_board_fail(board, status);
    pld_free(many);
    return status;
}

pld_status pld_reduction_once(pld_ctx *ctx, int nterms, const pld_term *terms)
{
    PLD_CHECK(ctx != NULL, PLD_ERR_ARG, "ctx is NULL");
    if (ctx->board == NULL) {
        pld_phase_begin(ctx, PLD_PHASE_REDUCE);
        pld_status outcome = once_by_messages(ctx, nterms, terms);
        pld_phase_end(ctx, PLD_PHASE_REDUCE);
        return outcome;
    }
    pld_status status = pld_terms_check(nterms, terms);
    if (status != PLD_OK)
        return pld_board_fail(ctx->board, status);
    if (pld_batch_words(nterms, terms) <= pld_board_nwords(ctx->board)) {
        pld_phase_begin(ctx, PLD_PHASE_REDUCE);
        status = once_by_board(ctx->board, nterms, terms);
        pld_phase_end(ctx, PLD_PHASE_REDUCE);
        return status;
    }
    PLD_TRY(pld_agree(ctx, status));
    return once_by_messages(ctx, nterms, terms);
}

int64_t pld_reduction_short(const pld_reduction *reduction)
{
    return reduction != NULL ? reduction->nshort : 0;
}

int64_t pld_reduction_repeated(const pld_reduction *reduction)
{
    return reduction != NULL ? reduction->nrepeated : 0;
}
