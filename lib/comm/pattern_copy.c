#include "comm/pattern.h"

#include <string.h>

/* Copies of entries by lists of indices. Entries of the usual sizes have loops
 * of their own, where a copy is a load and a store. */
#define FOR_SIZE(bytes, copy, ...)                                             \
    switch (bytes) {                                                           \
    case 4:                                                                    \
        copy(__VA_ARGS__, 4);                                                  \
        break;                                                                 \
    case 8:                                                                    \
        copy(__VA_ARGS__, 8);                                                  \
        break;                                                                 \
    case 16:                                                                   \
        copy(__VA_ARGS__, 16);                                                 \
        break;                                                                 \
    case 24:                                                                   \
        copy(__VA_ARGS__, 24);                                                 \
        break;                                                                 \
    case 32:                                                                   \
        copy(__VA_ARGS__, 32);                                                 \
        break;                                                                 \
    default:                                                                   \
        copy(__VA_ARGS__, (int64_t)(bytes));                                   \
    }

static inline void copy_entry(const char *from, char *to, int64_t bytes)
{
    memcpy(to, from, (size_t)bytes);
}

/* --- 32-bit indices ------------------------------------------------------- */

static inline void gather_narrow(const uint32_t *at, int64_t n,
                                 const char *from, char *to, int64_t bytes)
{
    for (int64_t i = 0; i < n; i++)
        copy_entry(from + at[i] * bytes, to + i * bytes, bytes);
}

static inline void scatter_narrow(const uint32_t *at, int64_t n,
                                  const char *from, char *to, int64_t bytes)
{
    for (int64_t i = 0; i < n; i++)
        copy_entry(from + i * bytes, to + at[i] * bytes, bytes);
}

/* Entries to fetch ahead: enough to keep all loads under way that a core can.
 */
enum { AHEAD = 48 };

/* With two lists to follow a core sees too few loads ahead by itself. */
static inline void copy_narrow(const uint32_t *from_at, const uint32_t *to_at,
                               int64_t n, const char *from, char *to,
                               int64_t bytes)
{
    int64_t i = 0;
    for (; i + AHEAD < n; i++) {
        __builtin_prefetch(from + (int64_t)from_at[i + AHEAD] * bytes);
        copy_entry(from + (int64_t)from_at[i] * bytes,
                   to + (int64_t)to_at[i] * bytes, bytes);
    }
    for (; i < n; i++)
        copy_entry(from + (int64_t)from_at[i] * bytes,
                   to + (int64_t)to_at[i] * bytes, bytes);
}

/* --- 64-bit indices, in pieces -------------------------------------------- */

static inline void gather_wide(const int64_t *at, int64_t n, const char *from,
                               char *to, int64_t bytes)
{
    for (int64_t i = 0; i < n; i++)
        copy_entry(from + at[i] * bytes, to + i * bytes, bytes);
}

static inline void scatter_wide(const int64_t *at, int64_t n, const char *from,
                                char *to, int64_t bytes)
{
    for (int64_t i = 0; i < n; i++)
        copy_entry(from + i * bytes, to + at[i] * bytes, bytes);
}

static inline void copy_wide(const int64_t *from_at, const int64_t *to_at,
                             int64_t n, const char *from, char *to,
                             int64_t bytes)
{
    for (int64_t i = 0; i < n; i++)
        copy_entry(from + from_at[i] * bytes, to + to_at[i] * bytes, bytes);
}

/* --- Contiguous pieces ---------------------------------------------------- */

/* Pieces that are long enough to be copied one by one; 0: they are not. */
static int64_t count_pieces(const struct pld_pattern *list)
{
    if (list->kind == PLD_PATTERN_RUNS)
        return list->nruns;
    bool dense =
        list->kind == PLD_PATTERN_BOX && list->n > 0 &&
        (list->loops[0].step == 1 || list->n == 1) &&
        (list->loops[0].n >= PLD_PATTERN_RUN || list->loops[0].n == list->n);
    return dense ? list->loops[1].n * list->loops[2].n : 0;
}

/* A piece: where it begins in the list and in the array, and its length. */
struct piece {
    int64_t first;
    int64_t index;
    int64_t n;
};

static struct piece piece_at(const struct pld_pattern *list, int64_t number)
{
    if (list->kind == PLD_PATTERN_RUNS) {
        int64_t first = number > 0 ? list->runs[number - 1].end : 0;
        return (struct piece){first, list->runs[number].first,
                              list->runs[number].end - first};
    }
    const struct pld_pattern_loop *loops = list->loops;
    return (struct piece){number * loops[0].n,
                          list->base + number % loops[1].n * loops[1].step +
                              number / loops[1].n * loops[2].step,
                          loops[0].n};
}

/* The part of the piece that holds entry `entry`, from there to `end`. */
static struct piece piece_from(const struct pld_pattern *list, int64_t entry,
                               int64_t end)
{
    int64_t number = list->kind == PLD_PATTERN_RUNS
                         ? pld_pattern_run_of(list, entry)
                         : entry / list->loops[0].n;
    struct piece piece = piece_at(list, number);
    int64_t skipped = entry - piece.first;
    piece.first += skipped;
    piece.index += skipped;
    piece.n -= skipped;
    piece.n = piece.n < end - entry ? piece.n : end - entry;
    return piece;
}

/* --- What others call ----------------------------------------------------- */

static int chunk_of(int64_t rest)
{
    return rest < PLD_PATTERN_CHUNK ? (int)rest : PLD_PATTERN_CHUNK;
}

void pld_pattern_gather(const struct pld_pattern *list, int64_t first,
                        int64_t n, size_t bytes, const char *from, char *to)
{
    int64_t size = (int64_t)bytes;
    int64_t end = first + n;
    bool dense = count_pieces(list) > 0;
    if (n == 0)
        return;
    if (list->kind == PLD_PATTERN_NARROW) {
        FOR_SIZE(size, gather_narrow, list->narrow + first, n,
                 from + list->base * size, to);
        return;
    }
    for (int64_t i = first; dense && i < end;) {
        struct piece piece = piece_from(list, i, end);
        memcpy(to + (i - first) * size, from + piece.index * size,
               (size_t)(piece.n * size));
        i += piece.n;
    }
    for (int64_t i = first; !dense && i < end; i += PLD_PATTERN_CHUNK) {
        int64_t at[PLD_PATTERN_CHUNK];
        int m = chunk_of(end - i);
        pld_pattern_expand(list, i, m, at);
        FOR_SIZE(size, gather_wide, at, m, from, to + (i - first) * size);
    }
}

void pld_pattern_scatter(const struct pld_pattern *list, int64_t first,
                         int64_t n, size_t bytes, const char *from, char *to)
{
    int64_t size = (int64_t)bytes;
    int64_t end = first + n;
    bool dense = count_pieces(list) > 0;
    if (n == 0)
        return;
    if (list->kind == PLD_PATTERN_NARROW) {
        FOR_SIZE(size, scatter_narrow, list->narrow + first, n, from,
                 to + list->base * size);
        return;
    }
    for (int64_t i = first; dense && i < end;) {
        struct piece piece = piece_from(list, i, end);
        memcpy(to + piece.index * size, from + (i - first) * size,
               (size_t)(piece.n * size));
        i += piece.n;
    }
    for (int64_t i = first; !dense && i < end; i += PLD_PATTERN_CHUNK) {
        int64_t at[PLD_PATTERN_CHUNK];
        int m = chunk_of(end - i);
        pld_pattern_expand(list, i, m, at);
        FOR_SIZE(size, scatter_wide, at, m, from + (i - first) * size, to);
    }
}

/* Neither list has pieces. */
static void copy_each(const struct pld_pattern *from_list,
                      const struct pld_pattern *to_list, int64_t size,
                      const char *from, char *to)
{
    if (from_list->kind == PLD_PATTERN_NARROW &&
        to_list->kind == PLD_PATTERN_NARROW) {
        FOR_SIZE(size, copy_narrow, from_list->narrow, to_list->narrow,
                 from_list->n, from + from_list->base * size,
                 to + to_list->base * size);
        return;
    }
    for (int64_t i = 0; i < from_list->n; i += PLD_PATTERN_CHUNK) {
        int64_t from_at[PLD_PATTERN_CHUNK];
        int64_t to_at[PLD_PATTERN_CHUNK];
        int n = chunk_of(from_list->n - i);
        pld_pattern_expand(from_list, i, n, from_at);
        pld_pattern_expand(to_list, i, n, to_at);
        FOR_SIZE(size, copy_wide, from_at, to_at, n, from, to);
    }
}

/* Piece by piece of the list that has the longer ones. */
void pld_pattern_copy(const struct pld_pattern *from_list,
                      const struct pld_pattern *to_list, size_t bytes,
                      const char *from, char *to)
{
    int64_t size = (int64_t)bytes;
    int64_t nfrom = count_pieces(from_list);
    int64_t nto = count_pieces(to_list);
    if (nfrom == 0 && nto == 0)
        copy_each(from_list, to_list, size, from, to);
    bool by_target = nto > 0 && (nfrom == 0 || nto <= nfrom);
    const struct pld_pattern *list = by_target ? to_list : from_list;
    for (int64_t p = 0; p < (by_target ? nto : nfrom); p++) {
        struct piece piece = piece_at(list, p);
        if (by_target)
            pld_pattern_gather(from_list, piece.first, piece.n, bytes, from,
                               to + piece.index * size);
        else
            pld_pattern_scatter(to_list, piece.first, piece.n, bytes,
                                from + piece.index * size, to);
    }
}
