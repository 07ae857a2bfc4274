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

static inline void copy_narrow(const uint32_t *from_at, const uint32_t *to_at,
                               int64_t n, const char *from, char *to,
                               int64_t bytes)
{
    for (int64_t i = 0; i < n; i++)
        copy_entry(from + from_at[i] * bytes, to + to_at[i] * bytes, bytes);
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

static void gather_pieces(const struct pld_pattern *list, int64_t npieces,
                          int64_t size, const char *from, char *to)
{
    for (int64_t p = 0; p < npieces; p++) {
        struct piece piece = piece_at(list, p);
        memcpy(to + piece.first * size, from + piece.index * size,
               (size_t)(piece.n * size));
    }
}

static void scatter_pieces(const struct pld_pattern *list, int64_t npieces,
                           int64_t size, const char *from, char *to)
{
    for (int64_t p = 0; p < npieces; p++) {
        struct piece piece = piece_at(list, p);
        memcpy(to + piece.index * size, from + piece.first * size,
               (size_t)(piece.n * size));
    }
}

/* --- Parts of lists: entries first ... first + n - 1 ---------------------- */

static int chunk_of(int64_t rest)
{
    return rest < PLD_PATTERN_CHUNK ? (int)rest : PLD_PATTERN_CHUNK;
}

static void gather_part(const struct pld_pattern *list, int64_t first,
                        int64_t n, int64_t size, const char *from, char *to)
{
    if (list->kind == PLD_PATTERN_NARROW) {
        FOR_SIZE(size, gather_narrow, list->narrow + first, n,
                 from + list->base * size, to);
        return;
    }
    for (int64_t i = 0; i < n; i += PLD_PATTERN_CHUNK) {
        int64_t at[PLD_PATTERN_CHUNK];
        int m = chunk_of(n - i);
        pld_pattern_expand(list, first + i, m, at);
        FOR_SIZE(size, gather_wide, at, m, from, to + i * size);
    }
}

static void scatter_part(const struct pld_pattern *list, int64_t first,
                         int64_t n, int64_t size, const char *from, char *to)
{
    if (list->kind == PLD_PATTERN_NARROW) {
        FOR_SIZE(size, scatter_narrow, list->narrow + first, n, from,
                 to + list->base * size);
        return;
    }
    for (int64_t i = 0; i < n; i += PLD_PATTERN_CHUNK) {
        int64_t at[PLD_PATTERN_CHUNK];
        int m = chunk_of(n - i);
        pld_pattern_expand(list, first + i, m, at);
        FOR_SIZE(size, scatter_wide, at, m, from + i * size, to);
    }
}

/* --- What others call ----------------------------------------------------- */

void pld_pattern_gather(const struct pld_pattern *list, size_t bytes,
                        const char *from, char *to)
{
    int64_t npieces = count_pieces(list);
    if (npieces > 0)
        gather_pieces(list, npieces, (int64_t)bytes, from, to);
    else if (list->n > 0)
        gather_part(list, 0, list->n, (int64_t)bytes, from, to);
}

void pld_pattern_scatter(const struct pld_pattern *list, size_t bytes,
                         const char *from, char *to)
{
    int64_t npieces = count_pieces(list);
    if (npieces > 0)
        scatter_pieces(list, npieces, (int64_t)bytes, from, to);
    else if (list->n > 0)
        scatter_part(list, 0, list->n, (int64_t)bytes, from, to);
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
    if (nto == 1) {
        pld_pattern_gather(from_list, bytes, from, to + to_list->base * size);
        return;
    }
    if (nfrom == 1) {
        pld_pattern_scatter(to_list, bytes, from + from_list->base * size, to);
        return;
    }
    if (nfrom == 0 && nto == 0)
        copy_each(from_list, to_list, size, from, to);
    bool by_target = nto > 0 && (nfrom == 0 || nto <= nfrom);
    const struct pld_pattern *list = by_target ? to_list : from_list;
    for (int64_t p = 0; p < (by_target ? nto : nfrom); p++) {
        struct piece piece = piece_at(list, p);
        if (by_target)
            gather_part(from_list, piece.first, piece.n, size, from,
                        to + piece.index * size);
        else
            scatter_part(to_list, piece.first, piece.n, size,
                         from + piece.index * size, to);
    }
}
