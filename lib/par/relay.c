#include "par/relay.h"
#include "par/agree.h"
#include "par/message.h"
#include "par/flag.h"
#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

/* --- Records -------------------------------------------------------------- */

/* The words of a failure: errors are told before mismatches, and of each the
 * lowest rank's. */
struct failure {
    int64_t order;
    struct pld_verdict verdict;
};

int64_t pld_record_verdict_words(void)
{
    return (int64_t)(sizeof(struct failure) + 7) / 8;
}

static void write_failure(struct pld_record *record,
                          const struct failure *failure)
{
    record->error = failure->verdict.status;
    record->nwords = (int32_t)pld_record_verdict_words();
    record->call = 0;
    memcpy(record->words, failure, sizeof *failure);
}

void pld_record_fail(struct pld_record *record, int rank, pld_status status)
{
    struct failure failure = {.order = rank,
                              .verdict = pld_verdict_of(rank, status)};
    write_failure(record, &failure);
}

pld_status pld_record_share(const struct pld_record *record, pld_status own)
{
    struct failure failure;
    memcpy(&failure, record->words, sizeof failure);
    return pld_verdict_share(&failure.verdict, own);
}

static void write_mismatch(struct pld_record *record, int rank, int other)
{
    struct failure failure = {.order = rank + (INT64_C(1) << 32),
                              .verdict = {.status = PLD_ERR_MISMATCH}};
    snprintf(failure.verdict.text, sizeof failure.verdict.text,
             "rank %d calls for another operation than rank %d, or for the "
             "same with other arguments",
             rank, other);
    write_failure(record, &failure);
}

/* Of those that failed, the one to be told; or NULL. */
static const struct pld_record *find_failure(int n,
                                             const struct pld_record_of *of)
{
    const struct pld_record *found = NULL;
    for (int i = 0; i < n; i++) {
        const struct pld_record *record = of[i].record;
        if (record->error != PLD_OK &&
            (found == NULL || record->words[0] < found->words[0]))
            found = record;
    }
    return found;
}

static void copy_record(struct pld_record *to, const struct pld_record *from)
{
    memcpy(to, from, sizeof *from + (size_t)from->nwords * sizeof(int64_t));
}

void pld_records_merge(pld_merge *merge, const void *how, int n,
                       const struct pld_record_of *of, struct pld_record *out)
{
    const int64_t *records[PLD_BOARD_MOST_RECORDS];
    const struct pld_record *failed = find_failure(n, of);
    if (failed != NULL) {
        copy_record(out, failed);
        return;
    }
    for (int i = 1; i < n; i++)
        if (of[i].record->call != of[0].record->call) {
            write_mismatch(out, of[i].rank, of[0].rank);
            return;
        }
    for (int i = 0; i < n; i++)
        records[i] = of[i].record->words;
    out->error = PLD_OK;
    out->call = of[0].record->call;
    out->nwords =
        merge != NULL ? (int32_t)merge(how, n, records, out->words) : 0;
}

/* --- The tree ------------------------------------------------------------- */

/* With a power of two of leaders, each swaps records with the one whose number
 * differs in the lowest bit, then the next bit, and so on: all merge the same
 * pairs, in the same order. Leaders beyond the last power of two give theirs
 * to one below before, and get the result after. */
enum { MOST_STEPS = 34, NROOMS = 3 };

struct step {
    int peer; /* rank */
    bool gives;
    bool takes;
    bool merges; /* what is taken, or it is the result */
};

struct pld_relay {
    pld_ctx *ctx;
    int tag;
    int64_t bytes; /* of a record at most */
    int nsteps;
    struct step steps[MOST_STEPS];
    const struct pld_record *mine;
    int next; /* step */
    MPI_Request requests[2];
    char *rooms; /* in turn received and merged */
    size_t stride;
};

static void add_step(struct pld_relay *relay, struct step step)
{
    relay->steps[relay->nsteps++] = step;
}

static int rank_of(const int *leaders, int index)
{
    return leaders != NULL ? leaders[index] : index;
}

static void plan_steps(struct pld_relay *relay, int n, int index,
                       const int *leaders)
{
    int64_t half = 1;
    while (2 * half <= n)
        half *= 2;
    if (index >= half) {
        int peer = rank_of(leaders, index - (int)half);
        add_step(relay, (struct step){.peer = peer, .gives = true});
        add_step(relay, (struct step){.peer = peer, .takes = true});
        return;
    }
    bool folds = index + half < n;
    int folded = folds ? rank_of(leaders, index + (int)half) : -1;
    if (folds)
        add_step(relay,
                 (struct step){.peer = folded, .takes = true, .merges = true});
    for (int64_t bit = 1; bit < half; bit *= 2)
        add_step(relay,
                 (struct step){.peer = rank_of(leaders, index ^ (int)bit),
                               .gives = true,
                               .takes = true,
                               .merges = true});
    if (folds)
        add_step(relay, (struct step){.peer = folded, .gives = true});
}

pld_status pld_relay_create(pld_ctx *ctx, int nleaders, int index,
                            const int *leaders, int64_t nwords, int tag,
                            struct pld_relay **out)
{
    struct pld_relay *relay = NULL;
    PLD_TRY(pld_alloc("relay", 1, sizeof *relay, &relay));
    *relay =
        (struct pld_relay){.ctx = ctx,
                           .tag = tag,
                           .requests = {MPI_REQUEST_NULL, MPI_REQUEST_NULL}};
    relay->bytes = (int64_t)sizeof(struct pld_record) + 8 * nwords;
    relay->stride = (size_t)(relay->bytes + 63) / 64 * 64;
    plan_steps(relay, nleaders, index, leaders);
    pld_status status =
        pld_alloc("records of a relay", NROOMS, relay->stride, &relay->rooms);
    if (status != PLD_OK)
        pld_free(relay);
    else
        *out = relay;
    return status;
}

void pld_relay_destroy(struct pld_relay *relay)
{
    if (relay == NULL)
        return;
    pld_free(relay->rooms);
    pld_free(relay);
}

struct pld_record *pld_relay_room(struct pld_relay *relay, int which)
{
    return (struct pld_record *)(void *)(relay->rooms +
                                         (size_t)which * relay->stride);
}

/* --- Messages ------------------------------------------------------------- */

static pld_status start_step(struct pld_relay *relay)
{
    const struct step *step = &relay->steps[relay->next];
    if (step->takes)
        PLD_TRY(pld_ireceive(relay->ctx, pld_relay_room(relay, 0), relay->bytes,
                             step->peer, relay->tag, &relay->requests[0]));
    if (step->gives)
        PLD_TRY(pld_isend(relay->ctx, relay->mine,
                          (int64_t)sizeof *relay->mine +
                              8 * (int64_t)relay->mine->nwords,
                          step->peer, relay->tag, &relay->requests[1]));
    return PLD_OK;
}

/* Others may wait for what is under way here. */
static pld_status wait_for_step(struct pld_relay *relay)
{
    struct pld_wait wait = {.nsteps = 0};
    MPI_Status statuses[2];
    int done = 0;
    if (relay->ctx->activities == NULL) {
        PLD_TRY_MPI(MPI_Waitall(2, relay->requests, statuses));
        return PLD_OK;
    }
    PLD_TRY_MPI(MPI_Testall(2, relay->requests, &done, statuses));
    while (!done) {
        PLD_TRY(pld_wait_step(relay->ctx, &wait, relay->ctx->rank));
        PLD_TRY_MPI(MPI_Testall(2, relay->requests, &done, statuses));
    }
    return PLD_OK;
}

static struct pld_record *free_room(struct pld_relay *relay)
{
    struct pld_record *room = pld_relay_room(relay, 1);
    return relay->mine != room ? room : pld_relay_room(relay, 2);
}

static void take_record(struct pld_relay *relay, const struct step *step,
                        pld_merge *merge, const void *how)
{
    const struct pld_record *taken = pld_relay_room(relay, 0);
    struct pld_record *out = free_room(relay);
    if (!step->merges) {
        relay->mine = taken;
        return;
    }
    int own = relay->ctx->rank;
    struct pld_record_of of[2] = {{relay->mine, own}, {taken, step->peer}};
    if (step->peer < own) {
        of[0] = (struct pld_record_of){taken, step->peer};
        of[1] = (struct pld_record_of){relay->mine, own};
    }
    pld_records_merge(merge, how, 2, of, out);
    relay->mine = out;
}

pld_status pld_relay_begin(struct pld_relay *relay,
                           const struct pld_record *own)
{
    relay->mine = own;
    relay->next = 0;
    return relay->nsteps > 0 ? start_step(relay) : PLD_OK;
}

pld_status pld_relay_end(struct pld_relay *relay, pld_merge *merge,
                         const void *how, const struct pld_record **out)
{
    while (relay->next < relay->nsteps) {
        const struct step *step = &relay->steps[relay->next];
        PLD_TRY(wait_for_step(relay));
        if (step->takes)
            take_record(relay, step, merge, how);
        if (++relay->next < relay->nsteps)
            PLD_TRY(start_step(relay));
    }
    *out = relay->mine;
    return PLD_OK;
}
