#include "comm/directory.h"

#include "base/alloc.h"
#include "base/sort.h"
#include "comm/directory_book.h"
#include "par/context.h"
#include "par/message.h"
#include "par/sparse.h"
#include "polder/agree.h"

/* Owners tell the meeting place of a name which root has it, seekers ask there.
 * A parcel holds the number of names told; these, as names and indices; and the
 * names asked for. Answers come back in the order of the questions. */

/* Names with the same meeting place: of the tellings and of the questions. */
struct meeting {
    int rank;
    int64_t told[2]; /* first and end among all told, sorted by place */
    int64_t asked[2];
};

struct errand {
    struct pld_keyed *told; /* place and index, by place */
    struct pld_keyed *asked;
    int nmeetings;
    struct meeting *meetings; /* by rank */
    struct pld_parcel *parcels;
    int64_t *words; /* of all parcels */
};

/* --- Asking --------------------------------------------------------------- */

static pld_status sort_by_place(int nranks, int64_t n, const int64_t *ids,
                                struct pld_keyed **out)
{
    PLD_TRY(pld_alloc("names to sort", n, sizeof **out, out));
    for (int64_t i = 0; i < n; i++)
        (*out)[i] = (struct pld_keyed){
            .key = (uint64_t)pld_book_home(ids[i], nranks), .value = i};
    return pld_sort(n, *out);
}

/* The end of those with place `rank`, from `first` on. */
static int64_t end_of(const struct pld_keyed *items, int64_t first, int64_t n,
                      int rank)
{
    while (first < n && items[first].key == (uint64_t)rank)
        first++;
    return first;
}

/* Go through both sorted lists at once; only counts when `out` is NULL. */
static int find_meetings(const pld_map_ids *ids, const struct errand *errand,
                         struct meeting *out)
{
    int64_t t = 0;
    int64_t a = 0;
    int n = 0;
    while (t < ids->nroots || a < ids->nleaves) {
        uint64_t x = t < ids->nroots ? errand->told[t].key : UINT64_MAX;
        uint64_t y = a < ids->nleaves ? errand->asked[a].key : UINT64_MAX;
        struct meeting meeting = {
            .rank = (int)(x < y ? x : y), .told = {t}, .asked = {a}};
        t = end_of(errand->told, t, ids->nroots, meeting.rank);
        a = end_of(errand->asked, a, ids->nleaves, meeting.rank);
        meeting.told[1] = t;
        meeting.asked[1] = a;
        if (out)
            out[n] = meeting;
        n++;
    }
    return n;
}

static int64_t *write_words(const pld_map_ids *ids, const struct errand *errand,
                            const struct meeting *meeting, int64_t *words)
{
    *words++ = meeting->told[1] - meeting->told[0];
    for (int64_t i = meeting->told[0]; i < meeting->told[1]; i++) {
        *words++ = ids->roots[errand->told[i].value];
        *words++ = errand->told[i].value;
    }
    for (int64_t i = meeting->asked[0]; i < meeting->asked[1]; i++)
        *words++ = ids->leaves[errand->asked[i].value];
    return words;
}

static pld_status set_out(int nranks, const pld_map_ids *ids,
                          struct errand *errand)
{
    PLD_TRY(sort_by_place(nranks, ids->nroots, ids->roots, &errand->told));
    PLD_TRY(sort_by_place(nranks, ids->nleaves, ids->leaves, &errand->asked));
    errand->nmeetings = find_meetings(ids, errand, NULL);
    PLD_TRY(pld_alloc("meetings", errand->nmeetings, sizeof *errand->meetings,
                      &errand->meetings));
    find_meetings(ids, errand, errand->meetings);
    PLD_TRY(pld_alloc("parcels", errand->nmeetings, sizeof *errand->parcels,
                      &errand->parcels));
    PLD_TRY(pld_alloc("names to send",
                      errand->nmeetings + 2 * ids->nroots + ids->nleaves,
                      sizeof *errand->words, &errand->words));
    int64_t *words = errand->words;
    for (int i = 0; i < errand->nmeetings; i++) {
        int64_t *end = write_words(ids, errand, &errand->meetings[i], words);
        errand->parcels[i] =
            (struct pld_parcel){.peer = errand->meetings[i].rank,
                                .bytes = (end - words) * (int64_t)sizeof *words,
                                .data = (char *)words};
        words = end;
    }
    return PLD_OK;
}

static void free_errand(struct errand *errand)
{
    pld_free(errand->words);
    pld_free(errand->parcels);
    pld_free(errand->meetings);
    pld_free(errand->asked);
    pld_free(errand->told);
}

/* --- Answering ------------------------------------------------------------ */

struct questions {
    int64_t ntold;
    const int64_t *told; /* pairs of name and index */
    int64_t nasked;
    const int64_t *asked;
};

static struct questions read_parcel(const struct pld_parcel *parcel)
{
    const int64_t *words = (const int64_t *)(const void *)parcel->data;
    int64_t nwords = parcel->bytes / (int64_t)sizeof *words;
    return (struct questions){.ntold = words[0],
                              .told = words + 1,
                              .nasked = nwords - 1 - 2 * words[0],
                              .asked = words + 1 + 2 * words[0]};
}

static pld_status enter_all(const struct pld_post *post, struct pld_book *book)
{
    int64_t n = 0;
    for (int i = 0; i < post->nparcels; i++)
        n += read_parcel(&post->parcels[i]).ntold;
    PLD_TRY(pld_book_create(n, book));
    for (int i = 0; i < post->nparcels; i++) {
        struct questions from = read_parcel(&post->parcels[i]);
        for (int64_t k = 0; k < from.ntold; k++)
            PLD_TRY(pld_book_enter(
                book, (struct pld_book_line){.id = from.told[2 * k],
                                             .rank = post->parcels[i].peer,
                                             .index = from.told[2 * k + 1]}));
    }
    return PLD_OK;
}

/* An answer to a question: where the root is. */
struct answer {
    int64_t rank;
    int64_t index;
};

static pld_status answer_all(const struct pld_post *post,
                             const struct pld_book *book,
                             struct answer **answers)
{
    int64_t n = 0;
    for (int i = 0; i < post->nparcels; i++)
        n += read_parcel(&post->parcels[i]).nasked;
    PLD_TRY(pld_alloc("answers", n, sizeof **answers, answers));
    struct answer *to = *answers;
    for (int i = 0; i < post->nparcels; i++) {
        struct questions from = read_parcel(&post->parcels[i]);
        for (int64_t k = 0; k < from.nasked; k++) {
            const struct pld_book_line *line =
                pld_book_find(book, from.asked[k]);
            PLD_CHECK(line, PLD_ERR_NOENT,
                      "id %lld, which rank %d needs, is owned by no rank",
                      (long long)from.asked[k], post->parcels[i].peer);
            *to++ = (struct answer){.rank = line->rank, .index = line->index};
        }
    }
    return PLD_OK;
}

static pld_status answer(const struct pld_post *post, struct answer **answers)
{
    struct pld_book book = {0};
    pld_status status = enter_all(post, &book);
    if (status == PLD_OK)
        status = answer_all(post, &book, answers);
    pld_book_free(&book);
    return status;
}

/* --- The way back --------------------------------------------------------- */

struct replies {
    struct answer *given;
    struct answer *got; /* in the order of `asked` */
    MPI_Request *requests;
};

static pld_status exchange_answers(pld_ctx *ctx, int tag,
                                   const struct errand *errand,
                                   const struct pld_post *post,
                                   struct replies *replies)
{
    const int64_t size = (int64_t)sizeof(struct answer);
    const struct answer *given = replies->given;
    int n = 0;
    for (int i = 0; i < errand->nmeetings; i++) {
        const struct meeting *meeting = &errand->meetings[i];
        PLD_TRY(pld_ireceive(ctx, replies->got + meeting->asked[0],
                             (meeting->asked[1] - meeting->asked[0]) * size,
                             meeting->rank, tag, &replies->requests[n++]));
    }
    for (int i = 0; i < post->nparcels; i++) {
        int64_t nasked = read_parcel(&post->parcels[i]).nasked;
        PLD_TRY(pld_isend(ctx, given, nasked * size, post->parcels[i].peer, tag,
                          &replies->requests[n++]));
        given += nasked;
    }
    for (int i = 0; i < n; i++)
        PLD_TRY_MPI(MPI_Wait(&replies->requests[i], MPI_STATUS_IGNORE));
    return PLD_OK;
}

/* All that can go wrong on one rank alone before answers are exchanged. */
static pld_status prepare_answers(const struct errand *errand,
                                  const struct pld_post *post, int64_t nleaves,
                                  struct replies *replies)
{
    PLD_TRY(answer(post, &replies->given));
    PLD_TRY(pld_alloc("answers", nleaves, sizeof *replies->got, &replies->got));
    return pld_alloc("requests of answers",
                     (int64_t)errand->nmeetings + post->nparcels,
                     sizeof *replies->requests, &replies->requests);
}

static pld_status make_places(int64_t nleaves, int **ranks, int64_t **indices)
{
    PLD_TRY(pld_alloc("ranks of roots", nleaves, sizeof **ranks, ranks));
    return pld_alloc("indices of roots", nleaves, sizeof **indices, indices);
}

static pld_status ask(pld_ctx *ctx, const struct errand *errand,
                      int64_t nleaves, struct replies *replies)
{
    pld_status status = PLD_OK;
    struct pld_post post = {0};
    int tag = pld_ctx_tag(ctx);
    PLD_TRY_TO(out, pld_sparse_exchange(ctx, errand->nmeetings, errand->parcels,
                                        &post));
    status = prepare_answers(errand, &post, nleaves, replies);
    PLD_TRY_TO(out, pld_agree(ctx, status));
    PLD_TRY_TO(out, exchange_answers(ctx, tag, errand, &post, replies));
out:
    pld_post_free(&post);
    return status;
}

pld_status pld_directory_find(pld_ctx *ctx, const pld_map_ids *ids, int **ranks,
                              int64_t **indices)
{
    pld_status status = PLD_OK;
    struct errand errand = {0};
    struct replies replies = {0};
    *ranks = NULL;
    *indices = NULL;
    status = set_out(ctx->nranks, ids, &errand);
    if (status == PLD_OK)
        status = make_places(ids->nleaves, ranks, indices);
    PLD_TRY_TO(out, pld_agree(ctx, status));
    PLD_TRY_TO(out, ask(ctx, &errand, ids->nleaves, &replies));
    for (int64_t i = 0; i < ids->nleaves; i++) {
        (*ranks)[errand.asked[i].value] = (int)replies.got[i].rank;
        (*indices)[errand.asked[i].value] = replies.got[i].index;
    }
out:
    pld_free(replies.requests);
    pld_free(replies.got);
    pld_free(replies.given);
    free_errand(&errand);
    if (status != PLD_OK) {
        pld_free(*indices);
        pld_free(*ranks);
        *ranks = NULL;
        *indices = NULL;
    }
    return status;
}
