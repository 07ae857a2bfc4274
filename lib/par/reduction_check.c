#include "par/reduction.h"
#include "par/elements.h"
#include "polder/agree.h"
#include "polder/digest.h"

#include <limits.h>
#include <math.h>

static bool needs_y(pld_measure what)
{
    return what == PLD_MEASURE_DOT || what == PLD_MEASURE_COVARIANCE ||
           what == PLD_MEASURE_WEIGHTED;
}

static bool has_bins(pld_measure what)
{
    return what == PLD_MEASURE_HISTOGRAM || what == PLD_MEASURE_WEIGHTED;
}

/* What a complex number has: parts to add and to square, and being 0. */
static bool takes_complex(pld_measure what)
{
    switch (what) {
    case PLD_MEASURE_SUM:
    case PLD_MEASURE_DOT:
    case PLD_MEASURE_NORM2:
    case PLD_MEASURE_MEAN:
    case PLD_MEASURE_COUNT:
    case PLD_MEASURE_ANY:
    case PLD_MEASURE_ALL:
    case PLD_MEASURE_CUSTOM:
        return true;
    default:
        return false;
    }
}

static pld_status check_kind(int i, const pld_term *term)
{
    PLD_CHECK((int)term->what >= 0 && term->what < PLD_MEASURE_KINDS,
              PLD_ERR_ARG, "term %d: there is no measure %d", i,
              (int)term->what);
    PLD_CHECK(pld_type_size(term->type) > 0, PLD_ERR_TYPE,
              "term %d: type %d is not an element type", i, (int)term->type);
    PLD_CHECK(term->type != PLD_C128 || takes_complex(term->what), PLD_ERR_TYPE,
              "term %d: measure %d is not defined for c128: give its parts "
              "as f64",
              i, (int)term->what);
    PLD_CHECK((term->flags & ~PLD_FAST) == 0, PLD_ERR_ARG,
              "term %d: flags %d is neither 0 nor PLD_FAST", i, term->flags);
    PLD_CHECK(term->out != NULL, PLD_ERR_ARG, "term %d: out is NULL", i);
    return PLD_OK;
}

static pld_status check_operands(int i, const pld_term *term)
{
    if (term->what == PLD_MEASURE_CUSTOM || pld_box_empty(term->box))
        return PLD_OK;
    PLD_CHECK(term->x.data != NULL, PLD_ERR_ARG,
              "term %d: x is NULL, but its box is not empty", i);
    PLD_CHECK(!needs_y(term->what) || term->y.data != NULL, PLD_ERR_ARG,
              "term %d: y is NULL, but measure %d has two operands", i,
              (int)term->what);
    return PLD_OK;
}

static pld_status check_bins(int i, const pld_term *term)
{
    PLD_CHECK(term->nbins > 0, PLD_ERR_ARG,
              "term %d: nbins is %lld: give one or more", i,
              (long long)term->nbins);
    PLD_CHECK(term->edges != NULL, PLD_ERR_ARG,
              "term %d: edges is NULL: give %lld of them", i,
              (long long)term->nbins + 1);
    for (int64_t b = 0; b <= term->nbins; b++) {
        PLD_CHECK(isfinite(term->edges[b]), PLD_ERR_ARG,
                  "term %d: edges[%lld] is %g", i, (long long)b,
                  term->edges[b]);
        PLD_CHECK(b == 0 || term->edges[b - 1] < term->edges[b], PLD_ERR_ARG,
                  "term %d: edges[%lld] is %g, not above %g before it", i,
                  (long long)b, term->edges[b], term->edges[b - 1]);
    }
    return PLD_OK;
}

static pld_status check_record(int i, const pld_term *term)
{
    PLD_CHECK(term->bytes > 0, PLD_ERR_ARG,
              "term %d: bytes is %lld: a record has one or more", i,
              (long long)term->bytes);
    PLD_CHECK(term->bytes <= INT_MAX, PLD_ERR_OVERFLOW,
              "term %d: records of %lld bytes are too long", i,
              (long long)term->bytes);
    PLD_CHECK(term->combine != NULL, PLD_ERR_ARG, "term %d: combine is NULL",
              i);
    PLD_CHECK(term->x.data != NULL, PLD_ERR_ARG,
              "term %d: x is NULL: every rank gives a record", i);
    return PLD_OK;
}

pld_status pld_terms_check(int nterms, const pld_term *terms)
{
    PLD_CHECK(nterms > 0, PLD_ERR_ARG, "nterms is %d: give one or more",
              nterms);
    PLD_CHECK(terms != NULL, PLD_ERR_ARG, "terms is NULL");
    for (int i = 0; i < nterms; i++) {
        PLD_TRY(check_kind(i, &terms[i]));
        PLD_TRY(check_operands(i, &terms[i]));
        if (has_bins(terms[i].what))
            PLD_TRY(check_bins(i, &terms[i]));
        if (terms[i].what == PLD_MEASURE_CUSTOM)
            PLD_TRY(check_record(i, &terms[i]));
    }
    return PLD_OK;
}

/* What must be the same on all ranks, in one number. */
static uint64_t digest_term(uint64_t seed, const pld_term *term)
{
    bool bins = has_bins(term->what);
    int64_t plain[] = {term->what,
                       term->type,
                       term->flags,
                       bins ? term->nbins : 0,
                       term->what == PLD_MEASURE_CUSTOM ? term->bytes : 0,
                       term->where != NULL};
    uint64_t digest = pld_digest_bytes(plain, sizeof plain, seed);
    if (bins)
        digest = pld_digest_bytes(
            term->edges, (size_t)(term->nbins + 1) * sizeof *term->edges,
            digest);
    return digest;
}

static uint64_t digest_terms(int nterms, const pld_term *terms)
{
    uint64_t digest = (uint64_t)nterms;
    for (int i = 0; i < nterms; i++)
        digest = digest_term(digest, &terms[i]);
    return digest;
}

pld_status pld_terms_agree(pld_ctx *ctx, int nterms, const pld_term *terms)
{
    PLD_TRY(pld_agree_same(ctx, "nterms", &nterms, sizeof nterms));
    uint64_t digest = digest_terms(nterms, terms);
    return pld_agree_same(ctx, "what, type, flags, bins or where of a term",
                          &digest, sizeof digest);
}
