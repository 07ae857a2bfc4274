#include "base/sort.h"

#include <string.h>

#include "base/alloc.h"

enum { DIGITS = 256, FEW = 32 };

static void insert_each(int64_t n, struct pld_keyed *items)
{
    for (int64_t i = 1; i < n; i++) {
        struct pld_keyed item = items[i];
        int64_t j = i;
        for (; j > 0 && items[j - 1].key > item.key; j--)
            items[j] = items[j - 1];
        items[j] = item;
    }
}

/* The bits in which keys differ. */
static uint64_t differences(int64_t n, const struct pld_keyed *items)
{
    uint64_t different = 0;
    for (int64_t i = 1; i < n; i++)
        different |= items[i].key ^ items[0].key;
    return different;
}

static void sort_by_digit(int64_t n, const struct pld_keyed *from, int shift,
                          struct pld_keyed *to)
{
    int64_t next[DIGITS] = {0};
    int64_t sum = 0;
    for (int64_t i = 0; i < n; i++)
        next[from[i].key >> shift & (DIGITS - 1)]++;
    for (int d = 0; d < DIGITS; d++) {
        int64_t count = next[d];
        next[d] = sum;
        sum += count;
    }
    for (int64_t i = 0; i < n; i++)
        to[next[from[i].key >> shift & (DIGITS - 1)]++] = from[i];
}

pld_status pld_sort(int64_t n, struct pld_keyed *items)
{
    struct pld_keyed *room = NULL;
    struct pld_keyed *from = items;
    if (n <= FEW) {
        insert_each(n, items);
        return PLD_OK;
    }
    uint64_t different = differences(n, items);
    PLD_TRY(pld_alloc("room to sort", n, sizeof *room, &room));
    struct pld_keyed *to = room;
    for (int shift = 0; shift < 64; shift += 8) {
        if ((different >> shift & (DIGITS - 1)) == 0)
            continue;
        sort_by_digit(n, from, shift, to);
        struct pld_keyed *sorted = to;
        to = from;
        from = sorted;
    }
    if (from != items)
        memcpy(items, from, (size_t)n * sizeof *items);
    pld_free(room);
    return PLD_OK;
}
