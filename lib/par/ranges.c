#include "par/ranges.h"

#include <string.h>

#include "base/alloc.h"

pld_status pld_ranges_prepare(struct pld_ranges *ranges)
{
    if (ranges->n < ranges->room)
        return PLD_OK;
    int64_t room = 2 * ranges->room + 16;
    struct pld_range *list = NULL;
    PLD_TRY(pld_alloc("mapped ranges", room, sizeof *list, &list));
    if (ranges->n > 0)
        memcpy(list, ranges->list, (size_t)ranges->n * sizeof *list);
    pld_free(ranges->list);
    ranges->list = list;
    ranges->room = room;
    return PLD_OK;
}

struct pld_range *pld_ranges_add(struct pld_ranges *ranges,
                                 struct pld_range range)
{
    int64_t i = ranges->n++;
    for (; i > 0 && ranges->list[i - 1].offset > range.offset; i--)
        ranges->list[i] = ranges->list[i - 1];
    ranges->list[i] = range;
    return &ranges->list[i];
}

void pld_ranges_remove(struct pld_ranges *ranges, struct pld_range *range)
{
    int64_t behind = ranges->n-- - (range - ranges->list) - 1;
    memmove(range, range + 1, (size_t)behind * sizeof *range);
    if (ranges->n == 0)
        pld_ranges_free(ranges);
}

void pld_ranges_free(struct pld_ranges *ranges)
{
    pld_free(ranges->list);
    *ranges = (struct pld_ranges){0};
}

struct pld_range *pld_ranges_holding(const struct pld_ranges *ranges,
                                     int64_t offset, int64_t bytes)
{
    for (int64_t i = 0; i < ranges->n; i++) {
        struct pld_range *range = &ranges->list[i];
        if (range->offset <= offset &&
            offset + bytes <= range->offset + range->bytes)
            return range;
    }
    return NULL;
}

struct pld_range *pld_ranges_at(const struct pld_ranges *ranges,
                                const void *address)
{
    for (int64_t i = 0; i < ranges->n; i++) {
        struct pld_range *range = &ranges->list[i];
        uintptr_t distance = (uintptr_t)address - (uintptr_t)range->address;
        if (distance < (uintptr_t)range->bytes)
            return range;
    }
    return NULL;
}

int64_t pld_ranges_gap(const struct pld_ranges *ranges, int64_t bytes,
                       int64_t align)
{
    int64_t start = 0;
    for (int64_t i = 0; i < ranges->n; i++) {
        const struct pld_range *range = &ranges->list[i];
        if (start + bytes <= range->offset)
            break;
        int64_t end = range->offset + range->bytes;
        if (end > start)
            start = (end + align - 1) / align * align;
    }
    return start;
}
