#include "par/reduction_board.h"
#include "par/elements.h"
#include "par/reduce.h"
#include "base/exact.h"
#include "base/exact_environment.h"

#include <string.h>

/* A record has, for each term, those of these that the term has:
 *
 *     counts | plain | extremes | bytes | sums
 *
 * Sums take as many words as they need (base/exact.h), so they come last. Every
 * rank reads the records of all, in their order, and combines them itself: so
 * all get the same results. Or records are merged on the way, into one of the
 * same form. What the caller's function combines cannot be: there, a record has
 * room for the bytes of all ranks, 0 but for its own, and merging adds. */

enum { EXTREME_WORDS = 1 + PLD_MAXDIM };

static int64_t words_of_bytes(int64_t bytes)
{
    return (bytes + 7) / 8;
}

int64_t pld_batch_words(const pld_ctx *ctx, int nterms, const pld_term *terms)
{
    int64_t n = 0;
    for (int i = 0; i < nterms; i++) {
        struct pld_parts parts = pld_term_parts(&terms[i]);
        n += parts.ncounts + parts.nplain + parts.nextremes * EXTREME_WORDS +
             words_of_bytes(parts.nbytes) * ctx->nranks +
             parts.nsums * PLD_EXACT_RECORD_WORDS;
    }
    return n;
}

int64_t pld_batch_sums(int nterms, const pld_term *terms)
{
    int64_t most = 0;
    for (int i = 0; i < nterms; i++) {
        int64_t n = pld_term_parts(&terms[i]).nsums;
        most = n > most ? n : most;
    }
    return most;
}

/* What terms are, as far as ranks must agree on it, in one number. */
static uint64_t digest(int nterms, const pld_term *terms)
{
    uint64_t all = (uint64_t)nterms;
    for (int i = 0; i < nterms; i++) {
        const pld_term *term = &terms[i];
        struct pld_parts parts = pld_term_parts(term);
        uint64_t kind = (uint64_t)term->what | (uint64_t)term->type << 8 |
                        (uint64_t)term->flags << 16 |
                        (uint64_t)(term->where != NULL) << 24;
        uint64_t size = (uint64_t)(parts.nsums + parts.ncounts + parts.nbytes)
                        << 32;
        all = (all ^ kind ^ size) * UINT64_C(0x9e3779b97f4a7c15);
        all ^= all >> 29;
    }
    return all;
}

/* --- Writing -------------------------------------------------------------- */

/* Scalars that are added up need no accumulator. */
static bool is_scalar(const pld_term *term)
{
    const int64_t *count = term->box.count;
    return term->what == PLD_MEASURE_SUM && term->type == PLD_F64 &&
           term->flags == 0 && count[0] == 1 && count[1] == 1 && count[2] == 1;
}

/* Places of the parts from `words` on; `*end` is where the sums go. */
static struct pld_cursor place(const struct pld_parts *parts, int64_t *words,
                               int64_t **end)
{
    struct pld_cursor at = {.counts = words};
    words += parts->ncounts;
    at.plain = (double *)(void *)words;
    words += parts->nplain;
    at.extremes = (struct pld_extreme *)(void *)words;
    *end = words + parts->nextremes * EXTREME_WORDS;
    return at;
}

/* Ranks whose bytes a record has, and which of them are this rank's. */
struct rows {
    int n;
    int own;
};

static struct rows rows_of(const pld_ctx *ctx, const struct pld_board *board)
{
    if (pld_board_merges(board))
        return (struct rows){ctx->nranks, ctx->rank};
    return (struct rows){1, 0};
}

static void write_bytes(const pld_term *term, struct rows rows, int64_t **words)
{
    int64_t each = words_of_bytes(term->bytes);
    memset(*words, 0, (size_t)(each * rows.n) * sizeof **words);
    memcpy(*words + each * rows.own, term->x.data, (size_t)term->bytes);
    *words += each * rows.n;
}

static pld_status write_term(const pld_term *term, struct rows rows,
                             pld_exact *sums, int64_t **words)
{
    if (term->what == PLD_MEASURE_CUSTOM) {
        write_bytes(term, rows, words);
        return PLD_OK;
    }
    if (is_scalar(term)) {
        double x;
        memcpy(&x, term->x.data, sizeof x);
        *words += pld_exact_write_double(x, *words);
        return PLD_OK;
    }
    const pld_term full = pld_term_complete(term);
    struct pld_parts parts = pld_term_parts(term);
    struct pld_cursor at = place(&parts, *words, words);
    at.sums = sums;
    PLD_TRY(pld_term_compute(&full, at));
    for (int64_t i = 0; i < parts.nsums; i++) {
        *words += pld_exact_write(&sums[i], *words);
        pld_exact_wipe(&sums[i]);
    }
    return PLD_OK;
}

static pld_status write_terms(int64_t **words, struct rows rows, int nterms,
                              const pld_term *terms, pld_exact *sums)
{
    for (int i = 0; i < nterms; i++)
        PLD_TRY(write_term(&terms[i], rows, sums, words));
    return PLD_OK;
}

pld_status pld_batch_post(const pld_ctx *ctx, struct pld_board *board,
                          int nterms, const pld_term *terms, pld_exact *sums)
{
    int64_t *words = pld_board_room(board);
    int64_t *end = words;
    pld_status status =
        write_terms(&end, rows_of(ctx, board), nterms, terms, sums);
    if (status == PLD_OK)
        pld_board_post(board, digest(nterms, terms), end - words);
    else
        pld_board_post_error(board, status);
    return PLD_OK;
}

/* --- Scalars alone -------------------------------------------------------- */

bool pld_batch_is_scalars(int nterms, const pld_term *terms)
{
    for (int i = 0; i < nterms; i++)
        if (!is_scalar(&terms[i]))
            return false;
    return true;
}

void pld_scalars_post(struct pld_board *board, int nterms,
                      const pld_term *terms)
{
    double *room = (double *)(void *)pld_board_room(board);
    for (int i = 0; i < nterms; i++)
        room[i] = *(const double *)terms[i].x.data;
    pld_board_post(board, (uint64_t)nterms, nterms);
}

pld_status pld_scalars_conclude(struct pld_board *board, int nterms,
                                const pld_term *terms)
{
    enum { AT_ONCE = 128 };
    const char *rows[PLD_BOARD_MOST_RECORDS];
    double sums[AT_ONCE];
    PLD_TRY(pld_board_wait(board, NULL, NULL));
    struct pld_columns columns = {
        .type = PLD_F64, .nranks = pld_board_nrecords(board), .rows = rows};
    for (int done = 0; done < nterms; done += AT_ONCE) {
        columns.n = nterms - done < AT_ONCE ? nterms - done : AT_ONCE;
        for (int rank = 0; rank < columns.nranks; rank++)
            rows[rank] = (const char *)(pld_board_of(board, rank) + done);
        pld_sum_columns(&columns, sums);
        for (int i = 0; i < columns.n; i++)
            *(double *)terms[done + i].out = sums[i];
    }
    return PLD_OK;
}

/* --- Reading -------------------------------------------------------------- */

/* How far some records have been read, and room for the totals of a term,
 * which are 0 in between. */
struct reading {
    int n;
    const int64_t *at[PLD_BOARD_MOST_RECORDS];
    struct rows rows;
    pld_exact *sums;
};

static void add_counts(struct reading *r, int64_t n, int64_t *total)
{
    for (int64_t i = 0; i < n; i++)
        total[i] = r->at[0][i];
    for (int rank = 1; rank < r->n; rank++)
        for (int64_t i = 0; i < n; i++)
            total[i] = (int64_t)((uint64_t)total[i] + (uint64_t)r->at[rank][i]);
    for (int rank = 0; rank < r->n; rank++)
        r->at[rank] += n;
}

static void add_plain(struct reading *r, int64_t n, double *total)
{
    for (int64_t i = 0; i < n; i++)
        total[i] = 0;
    for (int rank = 0; rank < r->n; rank++)
        for (int64_t i = 0; i < n; i++) {
            double x;
            memcpy(&x, r->at[rank]++, sizeof x);
            total[i] = rank == 0 ? x : total[i] + x;
        }
}

static bool is_lower(const struct pld_extreme *a, const struct pld_extreme *b)
{
    if (a->key != b->key)
        return a->key < b->key;
    for (int d = 0; d < PLD_MAXDIM; d++)
        if (a->place[d] != b->place[d])
            return a->place[d] < b->place[d];
    return false;
}

static void find_extreme(struct reading *r, struct pld_extreme *best)
{
    for (int rank = 0; rank < r->n; rank++) {
        struct pld_extreme own;
        memcpy(&own, r->at[rank], sizeof own);
        r->at[rank] += EXTREME_WORDS;
        if (rank == 0 || is_lower(&own, best))
            *best = own;
    }
}

/* In the order of ranks: those of one record, or one of each. */
static void combine_records(struct reading *r, const pld_term *term)
{
    int64_t each = words_of_bytes(term->bytes);
    for (int i = 0; i < r->n; i++)
        for (int row = 0; row < r->rows.n; row++, r->at[i] += each)
            if (i + row == 0)
                memcpy(term->out, r->at[i], (size_t)term->bytes);
            else
                term->combine(r->at[i], term->out, term->data);
}

static void add_sums(struct reading *r, pld_exact *total)
{
    for (int rank = 0; rank < r->n; rank++)
        r->at[rank] += pld_exact_read(total, r->at[rank]);
}

/* The next sums, if each rank has but one double. */
static bool add_doubles(struct reading *r, double *out)
{
    double x[PLD_BOARD_MOST_RECORDS];
    for (int rank = 0; rank < r->n; rank++)
        if (!pld_exact_is_double(r->at[rank], &x[rank]))
            return false;
    if (!pld_sum_of_few(r->n, x, out))
        return false;
    for (int rank = 0; rank < r->n; rank++)
        r->at[rank] += 2;
    return true;
}

static void conclude_bins(struct reading *r, const pld_term *term)
{
    double *out = term->out;
    for (int64_t i = 0; i < term->nbins; i++) {
        add_sums(r, &r->sums[0]);
        out[i] = pld_exact_round(&r->sums[0]);
        pld_exact_wipe(&r->sums[0]);
    }
}

static void conclude_term(struct reading *r, const pld_term *term)
{
    if (term->what == PLD_MEASURE_HISTOGRAM) {
        add_counts(r, term->nbins, term->out);
        return;
    }
    if (term->what == PLD_MEASURE_CUSTOM) {
        combine_records(r, term);
        return;
    }
    if (term->what == PLD_MEASURE_WEIGHTED) {
        conclude_bins(r, term);
        return;
    }
    if (term->what == PLD_MEASURE_SUM && term->type == PLD_F64 &&
        term->flags == 0 && add_doubles(r, term->out))
        return;
    struct pld_parts parts = pld_term_parts(term);
    int64_t count = 0;
    double plain[2];
    struct pld_extreme extreme;
    add_counts(r, parts.ncounts, &count);
    add_plain(r, parts.nplain, plain);
    if (parts.nextremes > 0)
        find_extreme(r, &extreme);
    for (int64_t i = 0; i < parts.nsums; i++)
        add_sums(r, &r->sums[i]);
    pld_term_conclude(term, (struct pld_cursor){.sums = r->sums,
                                                .counts = &count,
                                                .plain = plain,
                                                .extremes = &extreme});
    for (int64_t i = 0; i < parts.nsums; i++)
        pld_exact_wipe(&r->sums[i]);
}

/* A sum of two doubles and what it lost is exact (Knuth: "The Art of Computer
 * Programming", volume 2, 4.2.2), unless it overflows. */
bool pld_sum_of_few(int n, const double *x, double *out)
{
    double high = 0;
    double low = 0;
    double lost = 0;
    for (int i = 0; i < n; i++) {
        double sum = high + x[i];
        double part = sum - high;
        double rest = (high - (sum - part)) + (x[i] - part);
        double all = low + rest;
        part = all - low;
        double more = (low - (all - part)) + (rest - part);
        high = sum;
        low = all;
        lost += more < 0 ? -more : more;
    }
    *out = high + low;
    return *out - *out == 0 && lost == 0;
}

/* Not inlined: see exact_environment.h. */
static __attribute__((noinline)) void
conclude_terms(struct reading *r, int nterms, const pld_term *terms)
{
    for (int i = 0; i < nterms; i++)
        conclude_term(r, &terms[i]);
}

/* --- Merging -------------------------------------------------------------- */

struct batch {
    int nterms;
    const pld_term *terms;
    struct rows rows;
    pld_exact *sums;
};

static void merge_extremes(struct reading *r, int64_t n, int64_t *out)
{
    struct pld_extreme best;
    for (int64_t i = 0; i < n; i++) {
        find_extreme(r, &best);
        memcpy(out + i * EXTREME_WORDS, &best, sizeof best);
    }
}

static void merge_sums(struct reading *r, int64_t n, int64_t **words)
{
    for (int64_t i = 0; i < n; i++) {
        add_sums(r, &r->sums[0]);
        *words += pld_exact_write(&r->sums[0], *words);
        pld_exact_wipe(&r->sums[0]);
    }
}

static void merge_term(struct reading *r, const pld_term *term, int64_t **words)
{
    struct pld_parts parts = pld_term_parts(term);
    int64_t nbytes = words_of_bytes(parts.nbytes) * r->rows.n;
    add_counts(r, nbytes, *words);
    *words += nbytes;
    add_counts(r, parts.ncounts, *words);
    *words += parts.ncounts;
    add_plain(r, parts.nplain, (double *)(void *)*words);
    *words += parts.nplain;
    merge_extremes(r, parts.nextremes, *words);
    *words += parts.nextremes * EXTREME_WORDS;
    merge_sums(r, parts.nsums, words);
}

/* Not inlined: see exact_environment.h. */
static __attribute__((noinline)) void
merge_terms(struct reading *r, const struct batch *batch, int64_t **words)
{
    for (int i = 0; i < batch->nterms; i++)
        merge_term(r, &batch->terms[i], words);
}

static int64_t merge(const void *how, int n, const int64_t *const *records,
                     int64_t *out)
{
    const struct batch *batch = how;
    struct reading reading = {.n = n, .rows = batch->rows, .sums = batch->sums};
    for (int i = 0; i < n; i++)
        reading.at[i] = records[i];
    int64_t *words = out;
    pld_environment saved = pld_environment_enter();
    merge_terms(&reading, batch, &words);
    pld_environment_leave(saved);
    return words - out;
}

pld_status pld_batch_conclude(const pld_ctx *ctx, struct pld_board *board,
                              int nterms, const pld_term *terms,
                              pld_exact *sums)
{
    struct batch batch = {nterms, terms, rows_of(ctx, board), sums};
    PLD_TRY(pld_board_wait(board, merge, &batch));
    struct reading reading = {
        .n = pld_board_nrecords(board), .rows = batch.rows, .sums = sums};
    for (int i = 0; i < reading.n; i++)
        reading.at[i] = pld_board_of(board, i);
    pld_environment saved = pld_environment_enter();
    conclude_terms(&reading, nterms, terms);
    pld_environment_leave(saved);
    return PLD_OK;
}
