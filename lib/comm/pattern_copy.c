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

static int chunk_at(const struct pld_pattern *list, int64_t first)
{
    int64_t rest = list->n - first;
    return rest < PLD_PATTERN_CHUNK ? (int)rest : PLD_PATTERN_CHUNK;
}

/* --- Contiguous pieces ---------------------------------------------------- */

static bool is_contiguous(const struct pld_pattern *list)
{
    return list->kind == PLD_PATTERN_BOX && list->loops[0].n == list->n &&
           (list->loops[0].step == 1 || list->n == 1);
}

/* The index and length of piece `piece`, which begins at entry `*first` of the
 * list. */
static int64_t piece_of(const struct pld_pattern *list, int64_t piece,
                        int64_t *first, int64_t *index)
{
    if (list->kind == PLD_PATTERN_RUNS) {
        *first = piece > 0 ? list->runs[piece - 1].end : 0;
        *index = list->runs[piece].first;
        return list->runs[piece].end - *first;
    }
    const struct pld_pattern_loop *loops = list->loops;
    *first = piece * loops[0].n;
    *index = list->base + piece % loops[1].n * loops[1].step +
             piece / loops[1].n * loops[2].step;
    return loops[0].n;
}

/* Pieces that are long enough to be copied one by one; 0: they are not. */
static int64_t count_pieces(const struct pld_pattern *list)
{
    if (list->kind == PLD_PATTERN_RUNS)
        return list->nruns;
    bool dense = list->kind == PLD_PATTERN_BOX && list->n > 0 &&
                 list->loops[0].step == 1 && list->loops[0].n >= 4;
    return dense ? list->loops[1].n * list->loops[2].n : 0;
}

static bool gather_pieces(const struct pld_pattern *list, size_t bytes,
                          const char *from, char *to)
{
    int64_t npieces = count_pieces(list);
    int64_t size = (int64_t)bytes;
    for (int64_t p = 0; p < npieces; p++) {
        int64_t first = 0;
        int64_t index = 0;
        int64_t n = piece_of(list, p, &first, &index);
        memcpy(to + first * size, from + index * size, (size_t)n * bytes);
    }
    return npieces > 0;
}

static bool scatter_pieces(const struct pld_pattern *list, size_t bytes,
                           const char *from, char *to)
{
    int64_t npieces = count_pieces(list);
    int64_t size = (int64_t)bytes;
    for (int64_t p = 0; p < npieces; p++) {
        int64_t first = 0;
        int64_t index = 0;
        int64_t n = piece_of(list, p, &first, &index);
        memcpy(to + index * size, from + first * size, (size_t)n * bytes);
    }
    return npieces > 0;
}

/* --- What others call ----------------------------------------------------- */

void pld_pattern_gather(const struct pld_pattern *list, size_t bytes,
                        const char *from, char *to)
{
    int64_t size = (int64_t)bytes;
    if (list->n == 0 || gather_pieces(list, bytes, from, to))
        return;
    if (list->kind == PLD_PATTERN_NARROW) {
        const char *base = from + list->base * size;
        FOR_SIZE(bytes, gather_narrow, list->narrow, list->n, base, to);
        return;
    }
    for (int64_t i = 0; i < list->n; i += PLD_PATTERN_CHUNK) {
        int64_t at[PLD_PATTERN_CHUNK];
        int n = chunk_at(list, i);
        pld_pattern_expand(list, i, n, at);
        FOR_SIZE(bytes, gather_wide, at, n, from, to + i * size);
    }
}

void pld_pattern_scatter(const struct pld_pattern *list, size_t bytes,
                         const char *from, char *to)
{
    int64_t size = (int64_t)bytes;
    if (list->n == 0 || scatter_pieces(list, bytes, from, to))
        return;
    if (list->kind == PLD_PATTERN_NARROW) {
        char *base = to + list->base * size;
        FOR_SIZE(bytes, scatter_narrow, list->narrow, list->n, from, base);
        return;
    }
    for (int64_t i = 0; i < list->n; i += PLD_PATTERN_CHUNK) {
        int64_t at[PLD_PATTERN_CHUNK];
        int n = chunk_at(list, i);
        pld_pattern_expand(list, i, n, at);
        FOR_SIZE(bytes, scatter_wide, at, n, from + i * size, to);
    }
}

void pld_pattern_copy(const struct pld_pattern *from_list,
                      const struct pld_pattern *to_list, size_t bytes,
                      const char *from, char *to)
{
    int64_t size = (int64_t)bytes;
    if (from_list->n == 0)
        return;
    if (is_contiguous(to_list)) {
        pld_pattern_gather(from_list, bytes, from, to + to_list->base * size);
        return;
    }
    if (is_contiguous(from_list)) {
        pld_pattern_scatter(to_list, bytes, from + from_list->base * size, to);
        return;
    }
    if (from_list->kind == PLD_PATTERN_NARROW &&
        to_list->kind == PLD_PATTERN_NARROW) {
        FOR_SIZE(bytes, copy_narrow, from_list->narrow, to_list->narrow,
                 from_list->n, from + from_list->base * size,
                 to + to_list->base * size);
        return;
    }
    for (int64_t i = 0; i < from_list->n; i += PLD_PATTERN_CHUNK) {
        int64_t from_at[PLD_PATTERN_CHUNK];
        int64_t to_at[PLD_PATTERN_CHUNK];
        int n = chunk_at(from_list, i);
        pld_pattern_expand(from_list, i, n, from_at);
        pld_pattern_expand(to_list, i, n, to_at);
        FOR_SIZE(bytes, copy_wide, from_at, to_at, n, from, to);
    }
}
