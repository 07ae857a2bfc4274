#include "par/reduction.h"
#include "par/envelope.h"

#include <limits.h>
#include <string.h>

/* The message: 64-bit words, in full or with sums in windows.
 *
 *     nadd nplain | sums counts | plain | extremes
 *     MIXED only    integers      doubles 4 words each, KEYS: 1
 */
enum { HEADER = 2, EXTREME_WORDS = 1 + PLD_MAXDIM, MAX_PENALTY = 63 };

_Static_assert(sizeof(double) == sizeof(int64_t), "doubles go as words");
_Static_assert(sizeof(struct pld_extreme) == EXTREME_WORDS * sizeof(int64_t),
               "extremes go as words");

/* --- Combining mixed records ---------------------------------------------- */

static bool is_lower(const int64_t *a, const int64_t *b)
{
    for (int i = 0; i < EXTREME_WORDS; i++)
        if (a[i] != b[i])
            return a[i] < b[i];
    return false;
}

void pld_wire_combine_words(const int64_t *in, int64_t *inout, int64_t nwords)
{
    if (nwords == 0)
        return;
    int64_t plain = HEADER + in[0];
    int64_t extremes = plain + in[1];
    for (int64_t i = HEADER; i < plain; i++)
        inout[i] = (int64_t)((uint64_t)inout[i] + (uint64_t)in[i]);
    for (int64_t i = plain; i < extremes; i++) {
        double a;
        double b;
        memcpy(&a, &in[i], sizeof a);
        memcpy(&b, &inout[i], sizeof b);
        b += a;
        memcpy(&inout[i], &b, sizeof b);
    }
    for (int64_t i = extremes; i < nwords; i += EXTREME_WORDS)
        if (is_lower(in + i, inout + i))
            memcpy(inout + i, in + i, EXTREME_WORDS * sizeof *in);
}

void pld_wire_combine(void *in, void *inout, int *n, MPI_Datatype *type)
{
    int bytes = 0;
    MPI_Type_size(*type, &bytes);
    int64_t nwords = bytes / (int)sizeof(int64_t);
    for (int64_t i = 0; i < *n; i++)
        pld_wire_combine_words((const int64_t *)in + i * nwords,
                               (int64_t *)inout + i * nwords, nwords);
}

/* --- Words ---------------------------------------------------------------- */

static int64_t sum_words(const pld_reduction *reduction, int64_t i,
                         bool windows)
{
    return windows ? PLD_EXACT_WINDOW_WORDS
                   : pld_exact_words(reduction->forms[i]);
}

static int64_t add_words(const pld_reduction *reduction, bool windows)
{
    int64_t n = reduction->parts.ncounts;
    if (windows)
        return n + reduction->parts.nsums * PLD_EXACT_WINDOW_WORDS;
    for (int i = 0; i < reduction->nterms; i++) {
        const pld_term *term = &reduction->terms[i];
        int64_t nsums = pld_term_parts(term).nsums;
        for (int64_t s = 0; s < nsums; s++)
            n += pld_exact_words(pld_term_form(term, s));
    }
    return n;
}

static int64_t all_words(const pld_reduction *reduction, bool windows)
{
    const struct pld_parts *parts = &reduction->parts;
    if (reduction->wire == PLD_WIRE_KEYS)
        return parts->nextremes;
    int64_t header = reduction->wire == PLD_WIRE_MIXED ? HEADER : 0;
    return header + add_words(reduction, windows) + parts->nplain +
           parts->nextremes * EXTREME_WORDS;
}

static pld_status pack_sums(pld_reduction *reduction, int64_t *words)
{
    for (int64_t i = 0; i < reduction->parts.nsums; i++) {
        const pld_exact *sum = &reduction->sums[i];
        if (reduction->in_windows)
            pld_exact_pack_window(sum, reduction->windows[i], words);
        else
            PLD_TRY(pld_exact_pack(sum, reduction->forms[i], words));
        words += sum_words(reduction, i, reduction->in_windows);
    }
    return PLD_OK;
}

static void copy_words(void *to, const void *from, int64_t n)
{
    if (n > 0)
        memcpy(to, from, (size_t)n * sizeof(int64_t));
}

/* Of the message that is under way. */
static int64_t added_words(const pld_reduction *reduction)
{
    const struct pld_parts *parts = &reduction->parts;
    int64_t header = reduction->wire == PLD_WIRE_MIXED ? HEADER : 0;
    return reduction->nwords[reduction->in_windows] - header - parts->nplain -
           parts->nextremes * EXTREME_WORDS;
}

pld_status pld_wire_pack(pld_reduction *reduction)
{
    const struct pld_parts *parts = &reduction->parts;
    int64_t *words = reduction->words;
    if (reduction->wire == PLD_WIRE_KEYS) {
        for (int64_t i = 0; i < parts->nextremes; i++)
            words[i] = reduction->extremes[i].key;
        return PLD_OK;
    }
    int64_t nadd = added_words(reduction);
    if (reduction->wire == PLD_WIRE_MIXED) {
        *words++ = nadd;
        *words++ = parts->nplain;
    }
    PLD_TRY(pack_sums(reduction, words));
    words += nadd;
    copy_words(words - parts->ncounts, reduction->counts, parts->ncounts);
    copy_words(words, reduction->plain, parts->nplain);
    copy_words(words + parts->nplain, reduction->extremes,
               parts->nextremes * EXTREME_WORDS);
    return PLD_OK;
}

/* Whether all sums came in their windows. */
static pld_status unpack_sums(pld_reduction *reduction, const int64_t *words,
                              bool *fitted)
{
    *fitted = true;
    for (int64_t i = 0; i < reduction->parts.nsums && *fitted; i++) {
        pld_exact *total = &reduction->totals[i];
        if (reduction->in_windows)
            *fitted =
                pld_exact_unpack_window(words, reduction->windows[i], total);
        else
            PLD_TRY(pld_exact_unpack(words, reduction->forms[i], total));
        words += sum_words(reduction, i, reduction->in_windows);
    }
    return PLD_OK;
}

static pld_status unpack(pld_reduction *reduction, bool *fitted)
{
    const struct pld_parts *parts = &reduction->parts;
    const int64_t *words = reduction->words;
    *fitted = true;
    if (reduction->wire == PLD_WIRE_KEYS) {
        for (int64_t i = 0; i < parts->nextremes; i++)
            reduction->extremes[i].key = words[i];
        return PLD_OK;
    }
    if (reduction->wire == PLD_WIRE_MIXED)
        words += HEADER;
    PLD_TRY(unpack_sums(reduction, words, fitted));
    if (!*fitted)
        return PLD_OK;
    words += added_words(reduction);
    copy_words(reduction->counts, words - parts->ncounts, parts->ncounts);
    copy_words(reduction->plain, words, parts->nplain);
    copy_words(reduction->extremes, words + parts->nplain,
               parts->nextremes * EXTREME_WORDS);
    return PLD_OK;
}

/* --- Messages ------------------------------------------------------------- */

static pld_status create_records(pld_reduction *reduction)
{
    for (int w = 0; w < 2; w++) {
        MPI_Datatype *record = &reduction->records[w];
        PLD_TRY_MPI(MPI_Type_contiguous((int)reduction->nwords[w], MPI_INT64_T,
                                        record));
        PLD_TRY_MPI(MPI_Type_commit(record));
    }
    return PLD_OK;
}

static enum pld_wire choose_wire(const pld_reduction *reduction)
{
    const struct pld_parts *parts = &reduction->parts;
    bool add = parts->nsums + parts->ncounts > 0;
    bool placed = false;
    for (int i = 0; i < reduction->nterms; i++)
        placed = placed || reduction->terms[i].where != NULL;
    if (parts->nextremes == 0 && parts->nplain == 0)
        return PLD_WIRE_ADD;
    if (parts->nextremes == 0 && !add)
        return PLD_WIRE_PLAIN;
    if (parts->nplain == 0 && !add && !placed)
        return PLD_WIRE_KEYS;
    return PLD_WIRE_MIXED;
}

/* Those that go but once try to be a record that fits into an envelope. */
static void choose_size(pld_reduction *reduction)
{
    reduction->wire = PLD_WIRE_MIXED;
    reduction->nwords[0] = all_words(reduction, false);
    reduction->enveloped = reduction->once && reduction->parts.nbytes == 0 &&
                           reduction->nwords[0] <= PLD_ENVELOPE_WORDS;
    if (reduction->enveloped)
        return;
    reduction->wire = choose_wire(reduction);
    for (int w = 0; w < 2; w++)
        reduction->nwords[w] = all_words(reduction, w == 1);
}

pld_status pld_wire_plan(pld_reduction *reduction)
{
    choose_size(reduction);
    PLD_CHECK(reduction->nwords[0] <= INT_MAX / (int)sizeof(int64_t),
              PLD_ERR_OVERFLOW,
              "a message of %lld words is too long: use fewer bins",
              (long long)reduction->nwords[0]);
    PLD_CHECK(reduction->parts.nbytes <= INT_MAX, PLD_ERR_OVERFLOW,
              "records of %lld bytes are too long",
              (long long)reduction->parts.nbytes);
    return PLD_OK;
}

pld_status pld_wire_create(pld_reduction *reduction)
{
    return reduction->wire == PLD_WIRE_MIXED && !reduction->enveloped
               ? create_records(reduction)
               : PLD_OK;
}

void pld_wire_destroy(pld_reduction *reduction)
{
    for (int w = 0; w < 2; w++)
        if (reduction->records[w] != MPI_DATATYPE_NULL)
            MPI_Type_free(&reduction->records[w]);
}

static pld_status send_words(pld_reduction *reduction, bool wait)
{
    static const struct {
        MPI_Datatype type;
        MPI_Op op;
    } of[] = {
        {MPI_UINT64_T, MPI_SUM}, {MPI_DOUBLE, MPI_SUM}, {MPI_INT64_T, MPI_MIN}};
    int form = reduction->in_windows;
    bool mixed = reduction->wire == PLD_WIRE_MIXED;
    int n = mixed ? 1 : (int)reduction->nwords[form];
    MPI_Datatype type =
        mixed ? reduction->records[form] : of[reduction->wire].type;
    MPI_Op op = mixed ? reduction->ctx->record_op : of[reduction->wire].op;
    MPI_Comm comm = reduction->ctx->comm;
    if (reduction->nwords[form] == 0)
        return PLD_OK;
    if (wait)
        PLD_TRY_MPI(
            MPI_Allreduce(MPI_IN_PLACE, reduction->words, n, type, op, comm));
    else
        PLD_TRY_MPI(MPI_Iallreduce(MPI_IN_PLACE, reduction->words, n, type, op,
                                   comm, &reduction->requests[0]));
    return PLD_OK;
}

static pld_status send_record(pld_reduction *reduction)
{
    int bytes = (int)reduction->parts.nbytes;
    if (bytes == 0)
        return PLD_OK;
    PLD_TRY_MPI(MPI_Iallgather(reduction->record, bytes, MPI_BYTE,
                               reduction->gathered, bytes, MPI_BYTE,
                               reduction->ctx->comm, &reduction->requests[1]));
    return PLD_OK;
}

pld_status pld_wire_send(pld_reduction *reduction, bool wait)
{
    reduction->in_windows = reduction->has_windows && reduction->nfull == 0;
    if (reduction->nfull > 0)
        reduction->nfull--;
    PLD_TRY(pld_wire_pack(reduction));
    PLD_TRY(send_record(reduction));
    return send_words(reduction, wait);
}

/* All ranks see whether windows were missed, and turn to the full form
 * together. Values that move all the time would send two messages each time:
 * so the more misses in a row, the longer windows are left alone. */
static pld_status repeat_in_full(pld_reduction *reduction)
{
    reduction->nrepeated++;
    reduction->penalty = 2 * reduction->penalty + 1;
    if (reduction->penalty > MAX_PENALTY)
        reduction->penalty = MAX_PENALTY;
    reduction->nfull = reduction->penalty;
    reduction->in_windows = false;
    bool fitted = false;
    PLD_TRY(pld_wire_pack(reduction));
    PLD_TRY(send_words(reduction, true));
    return unpack(reduction, &fitted);
}

static void combine_records(pld_reduction *reduction)
{
    int64_t bytes = reduction->parts.nbytes;
    if (bytes == 0)
        return;
    memcpy(reduction->record, reduction->gathered, (size_t)bytes);
    int64_t at = 0;
    for (int i = 0; i < reduction->nterms; i++) {
        const pld_term *term = &reduction->terms[i];
        if (term->what != PLD_MEASURE_CUSTOM)
            continue;
        for (int r = 1; r < reduction->ctx->nranks; r++)
            term->combine(reduction->gathered + r * bytes + at,
                          reduction->record + at, term->data);
        at += term->bytes;
    }
}

static void choose_windows(pld_reduction *reduction)
{
    for (int64_t i = 0; i < reduction->parts.nsums; i++)
        reduction->windows[i] = pld_exact_window(&reduction->totals[i]);
    reduction->has_windows = reduction->parts.nsums > 0;
}

pld_status pld_wire_receive(pld_reduction *reduction)
{
    for (int i = 0; i < 2; i++)
        PLD_TRY_MPI(MPI_Wait(&reduction->requests[i], MPI_STATUS_IGNORE));
    bool fitted = true;
    PLD_TRY(unpack(reduction, &fitted));
    if (fitted && reduction->in_windows) {
        reduction->nshort++;
        reduction->penalty = 0;
    } else {
        if (!fitted)
            PLD_TRY(repeat_in_full(reduction));
        choose_windows(reduction);
    }
    combine_records(reduction);
    return PLD_OK;
}
