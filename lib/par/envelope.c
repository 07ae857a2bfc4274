#include "par/envelope.h"
#include "par/agree.h"
#include "par/reduction.h"

#include <string.h>

/* What travels: kilobytes take hardly longer than a word. `rank` is the lowest
 * of those whose words are in; after a failure that of the one that failed, and
 * words are its verdict. */
struct envelope {
    int64_t status;
    int64_t rank;
    uint64_t call;
    int64_t other; /* a rank that means something else; -1: none */
    int64_t nwords;
    int64_t words[PLD_ENVELOPE_WORDS];
};

enum { ALL_WORDS = (int)(sizeof(struct envelope) / sizeof(int64_t)) };

_Static_assert(sizeof(struct pld_verdict) <=
                   PLD_ENVELOPE_WORDS * sizeof(int64_t),
               "an error fits into an envelope");

static void combine_one(const struct envelope *in, struct envelope *inout)
{
    if (in->status != PLD_OK || inout->status != PLD_OK) {
        bool later = inout->status != PLD_OK &&
                     (in->status == PLD_OK || in->rank > inout->rank);
        if (!later)
            *inout = *in;
        return;
    }
    if (in->call == inout->call)
        pld_wire_combine_words(in->words, inout->words, inout->nwords);
    else if (inout->other < 0)
        inout->other = in->rank > inout->rank ? in->rank : inout->rank;
    if (inout->other < 0)
        inout->other = in->other;
    if (in->rank < inout->rank)
        inout->rank = in->rank;
}

static void combine(void *in, void *inout, int *n, MPI_Datatype *type)
{
    (void)type;
    for (int i = 0; i < *n; i++)
        combine_one((const struct envelope *)in + i,
                    (struct envelope *)inout + i);
}

pld_status pld_envelope_init(pld_ctx *ctx)
{
    PLD_TRY_MPI(
        MPI_Type_contiguous(ALL_WORDS, MPI_INT64_T, &ctx->envelope_type));
    PLD_TRY_MPI(MPI_Type_commit(&ctx->envelope_type));
    PLD_TRY_MPI(MPI_Op_create(combine, 1, &ctx->envelope_op));
    return PLD_OK;
}

void pld_envelope_free(pld_ctx *ctx)
{
    if (ctx->envelope_type != MPI_DATATYPE_NULL)
        MPI_Type_free(&ctx->envelope_type);
    if (ctx->envelope_op != MPI_OP_NULL)
        MPI_Op_free(&ctx->envelope_op);
}

static pld_status check_call(const struct envelope *all)
{
    PLD_CHECK(all->other < 0, PLD_ERR_MISMATCH,
              "rank %lld calls for another operation than rank %lld, or for "
              "the same with other arguments",
              (long long)all->other, (long long)all->rank);
    return PLD_OK;
}

/* Also of a failure on this rank alone, which does not know better. */
static pld_status share_error(const struct envelope *all, pld_status own)
{
    struct pld_verdict verdict;
    memcpy(&verdict, all->words, sizeof verdict);
    return pld_verdict_share(&verdict, own);
}

pld_status pld_envelope_exchange(pld_ctx *ctx, pld_status status, uint64_t call,
                                 int64_t nwords, int64_t *words)
{
    struct envelope all = {.status = status,
                           .rank = ctx->rank,
                           .call = call,
                           .other = -1,
                           .nwords = nwords};
    if (status != PLD_OK) {
        struct pld_verdict verdict = pld_verdict_of(ctx->rank, status);
        memcpy(all.words, &verdict, sizeof verdict);
    } else if (nwords > 0) {
        memcpy(all.words, words, (size_t)nwords * sizeof *words);
    }
    PLD_TRY_MPI(MPI_Allreduce(MPI_IN_PLACE, &all, 1, ctx->envelope_type,
                              ctx->envelope_op, ctx->comm));
    if (all.status != PLD_OK)
        return share_error(&all, status);
    PLD_TRY(check_call(&all));
    if (nwords > 0)
        memcpy(words, all.words, (size_t)nwords * sizeof *words);
    return PLD_OK;
}
