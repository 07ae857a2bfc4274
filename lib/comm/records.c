#include "comm/records.h"

#include <string.h>

/* The number at byte `at`, of as many bytes as there are up to `end`. */
static uint64_t word_at(const char *record, size_t at, size_t end)
{
    uint64_t word = 0;
    memcpy(&word, record + at, end - at < sizeof word ? end - at : sizeof word);
    return word;
}

/* Of records that differ neither in the item's key nor in their own. */
static pld_status sort_by_bytes(int64_t n, struct pld_keyed *items,
                                size_t bytes)
{
    size_t nwords = (bytes + sizeof(uint64_t) - 1) / sizeof(uint64_t);
    for (size_t w = nwords; w-- > 0;) {
        for (int64_t i = 0; i < n; i++)
            items[i].key = word_at(pld_item_record(&items[i]),
                                   w * sizeof(uint64_t), bytes);
        PLD_TRY(pld_sort(n, items));
    }
    return PLD_OK;
}

static int64_t end_of_equals(int64_t first, int64_t n,
                             const struct pld_keyed *items)
{
    int64_t end = first + 1;
    while (end < n && items[end].key == items[first].key)
        end++;
    return end;
}

/* Of records of one cell. Their items get keys of their own. */
static pld_status sort_by_key(int64_t n, struct pld_keyed *items, size_t bytes,
                              size_t key)
{
    for (int64_t i = 0; i < n; i++)
        items[i].key = pld_sort_key(
            (int64_t)word_at(pld_item_record(&items[i]), key, bytes));
    PLD_TRY(pld_sort(n, items));
    int64_t end = 0;
    for (int64_t first = 0; first < n; first = end) {
        end = end_of_equals(first, n, items);
        if (end > first + 1)
            PLD_TRY(sort_by_bytes(end - first, items + first, bytes));
    }
    return PLD_OK;
}

pld_status pld_records_sort(int64_t n, struct pld_keyed *items, size_t bytes,
                            size_t key)
{
    PLD_TRY(pld_sort(n, items));
    int64_t end = 0;
    for (int64_t first = 0; first < n; first = end) {
        uint64_t cell = items[first].key;
        end = end_of_equals(first, n, items);
        if (end == first + 1)
            continue;
        PLD_TRY(sort_by_key(end - first, items + first, bytes, key));
        for (int64_t i = first; i < end; i++)
            items[i].key = cell;
    }
    return PLD_OK;
}
